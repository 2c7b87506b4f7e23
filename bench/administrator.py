"""An administrator of the programme that is measured, and a connection of theirs."""

import http.client
from collections.abc import Mapping

from bench.ground import Ground
from server.access import passwords, users
from storage import unit_of_work

PASSWORD = "bench-bench-bench"
EMAIL = "bench@siraba.test"


def add(where: Ground) -> None:
    """Give the programme an administrator."""
    with unit_of_work.writing(where.site.database) as unit:
        users.give_role(unit, users.add_user(unit, EMAIL, "Bench", passwords.choose(PASSWORD)), "admin")


class Connection:
    """A signed-in connection to the server at *port* of loopback; one request after the other."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        body = f'{{"email": "{EMAIL}", "password": "{PASSWORD}"}}'
        self._connection.request("POST", "/v1/sessions", body, {"Content-Type": "application/json"})
        token = self._connection.getresponse().read().partition(b'"token":"')[2].partition(b'"')[0].decode()
        self._headers = {"Authorization": f"Bearer {token}"}

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def send(self, method: str, path: str, headers: Mapping[str, str], content: bytes | None = None) -> tuple[int, int, str]:
        """Status, bytes that came, and ETag."""
        self._connection.request(method, path, content, {**self._headers, **headers})
        answer = self._connection.getresponse()
        size = 0
        while block := answer.read(65_536):
            size += len(block)
        return answer.status, size, answer.headers.get("ETag") or ""
