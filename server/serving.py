"""Web server and worker: each as one process tree, and the two kept together for the one-machine case.

Gunicorn's own log lines quote request lines, and a request line may hold a tablet's key; `QuietLog` says the same without
the quotation. Whatever ends one of the two processes ends both, so that a supervisor (systemd, a container) sees a failure
and not half a server.
"""

import ctypes
import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http import message

from server import purging, sweeping, worker
from server.application import application
from server.lanes import LanedWorker
from server.web.surface import Site
from storage import blobs, migrating
from storage.engine import Database
from storage.partial import Partial
from storage.settings import Settings

# An integrity query names every entity that a tablet made offline, 39 bytes each (openrosa.md IN-02): room for 3,000.
REQUEST_LINE_BYTES = 131_072
GRACE_SECONDS = 30
STOPPING_SECONDS = GRACE_SECONDS + 5
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # heartbeats only: files without names
ASKED_TO_STOP = {signal.SIGTERM, signal.SIGINT}


class QuietLog(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn's log without anything that a client sent."""

    def warning(self, msg: str, *args: Any, **more: Any) -> None:
        """A refused request is quoted in the message itself: say only that there was one."""
        if msg.startswith("Invalid request"):
            msg, args = "A request that is not well-formed HTTP was refused.", ()
        super().warning(msg, *args, **more)

    def exception(self, msg: object, *args: Any, **more: Any) -> None:
        """Say what kind of failure it was and where, never its message or the address that was asked for."""
        error = sys.exc_info()[1]
        frames = traceback.extract_tb(error.__traceback__) if error else []
        where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
        self.error_log.error("Something failed: %s at %s", type(error).__name__, where)


class WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn, configured from our settings and from nothing else."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn, also on SIGHUP."""
        # Gunicorn caps its own setting at this number.
        message.MAX_REQUEST_LINE = REQUEST_LINE_BYTES
        for name, value in configuration(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application; called in each process after the fork, so that none shares a connection with another."""
        loaded = application(site_of(self._settings))
        # What is loaded stays: looking through it for cycles would hold up every answer, now and then for a tenth of a second.
        gc.collect()
        gc.freeze()
        return loaded


def configuration(settings: Settings) -> dict[str, Any]:
    """What gunicorn is told."""
    return {
        "bind": f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}",
        "worker_class": worker_class(settings),
        "workers": settings.web_processes,
        "threads": settings.web_threads,
        "keepalive": 30,
        "timeout": 60,
        "graceful_timeout": GRACE_SECONDS,
        "limit_request_line": REQUEST_LINE_BYTES,
        "accesslog": None,
        "errorlog": "-",
        "logger_class": QuietLog,
        "control_socket_disable": True,
        "proc_name": "siraba",
        "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
    }


def worker_class(settings: Settings) -> type[LanedWorker]:
    """The kind of web process; gunicorn has no settings for its lanes."""

    class Worker(LanedWorker):
        files_take_long = settings.blob_store == "s3"
        upload_threads = settings.web_upload_threads
        least_bytes_per_second = settings.least_bytes_per_second
        patience_seconds = settings.patience_seconds

    return Worker


def site_of(settings: Settings) -> Site:
    """What every request shares, opened from the settings."""
    return Site(settings, Database(settings.database), blobs.of(settings))


def serve_web(settings: Settings) -> None:
    """Answer requests until told to stop. Does not return.

    Raises: NotMigrated.
    """
    _check_schema(settings)
    _speak_up()
    WebServer(settings).run()


def serve_worker(settings: Settings) -> None:
    """Do jobs until told to stop.

    Raises: NotMigrated.
    """
    _check_schema(settings)
    _speak_up()
    stop = threading.Event()
    for number in ASKED_TO_STOP:
        signal.signal(number, lambda *_: stop.set())
    os.nice(10)  # whoever waits for an answer comes first
    database = Database(settings.database)
    sweeper = threading.Thread(
        target=sweeping.sweep_now_and_then,
        args=(database, blobs.of(settings), Partial(settings.uploads_dir), stop),
        kwargs={"hours": settings.sweep_after_hours, "data_dir": settings.data_dir},
        daemon=True,  # a stop need not wait for a long look at a bucket
    )
    sweeper.start()
    threading.Thread(target=purging.purge_daily, args=(database, stop), daemon=True).start()
    worker.work(database, stop, poll_seconds=settings.worker_poll_seconds)
    database.dispose()


def serve_together(environment: Mapping[str, str]) -> int:
    """Run web server and worker as children until told to stop or until one of them ends.

    Returns: the exit code: 0 when told to stop, 1 when one ended by itself; the other is stopped in both cases.
    """
    program = [sys.executable, "-m", "server.cli"]
    return keep_together({"web": [*program, "web"], "worker": [*program, "worker"]}, environment)


def keep_together(commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> int:
    """Run *commands* (name → argument list) until a signal asks to stop or until one of them ends; then end them all.

    Returns: 0 when asked to stop and all ended in time, else 1.
    """
    watched = ASKED_TO_STOP | {signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    children = {
        name: subprocess.Popen(command, env=dict(environment), process_group=0, preexec_fn=_begin_child)  # noqa: S603
        for name, command in commands.items()
    }
    asked = False
    while not asked and all(child.poll() is None for child in children.values()):
        asked = signal.sigwait(watched) in ASKED_TO_STOP
    for name, child in children.items():
        if child.poll() is not None:
            print(f"siraba: the {name} process ended with code {child.returncode}; stopping.", file=sys.stderr, flush=True)
    in_time = _end(children.values())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
    return 0 if asked and in_time else 1


def _end(children: Collection[subprocess.Popen[bytes]]) -> bool:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOPPING_SECONDS
    in_time = True
    for child in children:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            in_time = False
            child.kill()
            child.wait()
    return in_time


def _begin_child() -> None:
    """In the child: take signals again, and go when the parent goes, even if it was killed (Linux)."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if sys.platform == "linux":
        parent_death_signal = 1
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGTERM)


def _check_schema(settings: Settings) -> None:
    database = Database(settings.database)
    migrating.check(database)
    database.dispose()


def _speak_up() -> None:
    """Our own log lines go to stderr; libraries speak only of warnings."""
    logging.basicConfig(format="%(asctime)s [%(process)d] [%(levelname)s] %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("siraba").setLevel(logging.INFO)
