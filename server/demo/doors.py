"""Two ways to the same front door: over the network to a server that runs, or straight into the application.

Either way every byte goes through what a tablet's request goes through: routing, permission, multipart, the unit of work.
"""

import http.client
import io
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol, Self
from urllib.parse import unquote_to_bytes, urlsplit

from storage.problems import Problem

WsgiApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Unreachable(Problem):
    """Nobody answers at the address."""

    code = "503.63"
    says = "The server cannot be reached. Is the address right, and is it running?"


class Door(Protocol):
    """Where requests are sent; may be used by several threads."""

    def ask(self, method: str, path: str, content_type: str = "", body: bytes = b"") -> tuple[int, bytes]:
        """Send a request; returns the status and the whole body of the answer."""


class Inside:
    """The application in this process, called as a web server calls it."""

    def __init__(self, application: WsgiApplication) -> None:
        self._application = application

    def ask(self, method: str, path: str, content_type: str = "", body: bytes = b"") -> tuple[int, bytes]:
        """Send a request; returns the status and the whole body of the answer."""
        plain, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "RAW_URI": path,
            "PATH_INFO": unquote_to_bytes(plain).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_OPENROSA_VERSION": "1.0",
            "HTTP_USER_AGENT": "Siraba demo",
            "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        told: list[str] = []
        result = self._application(environ, lambda status, headers, failure=None: told.append(status))
        try:
            answer = b"".join(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        return int(told[-1].partition(" ")[0]), answer


class Outside:
    """A server that runs; one connection for each thread, kept open until the end of the `with` block."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._secure = parts.scheme == "https"
        self._host, self._prefix = parts.netloc, parts.path.rstrip("/")
        self._local = threading.local()
        self._open: list[http.client.HTTPConnection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        for connection in self._open:
            connection.close()

    def ask(self, method: str, path: str, content_type: str = "", body: bytes = b"") -> tuple[int, bytes]:
        """Send a request; returns the status and the whole body of the answer.

        Raises: Unreachable.
        """
        headers = {"X-OpenRosa-Version": "1.0", "User-Agent": "Siraba demo"}
        if content_type:
            headers["Content-Type"] = content_type
        try:
            return self._exchanged(method, path, headers, body)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The server may close a connection that was idle; a submission may be sent twice without harm.
            self._local.connection = None
            return self._once_more(method, path, headers, body)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable from error

    def _once_more(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        try:
            return self._exchanged(method, path, headers, body)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable from error

    def _exchanged(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        connection = self._connected()
        connection.request(method, self._prefix + path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def _connected(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            if self._secure:
                context = ssl.create_default_context()
                connection = http.client.HTTPSConnection(self._host, timeout=120, context=context)
            else:
                connection = http.client.HTTPConnection(self._host, timeout=120)
            self._local.connection = connection
            self._open.append(connection)
        return connection
