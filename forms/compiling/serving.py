"""The far end of a helper process: orders come in on a socket, each with a file and a pipe for its answer.

The socket is the process's standard input. When whoever started it ends, the socket ends, and so does the process; when
nothing is asked of it for a while it ends by itself.
"""

import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

STARTED: Final = b"."
LARGEST_ORDER: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked, about which open file, and where the answer goes."""

    said: dict[str, Any]
    file: int
    pipe: int

    def answer(self, content: bytes) -> None:
        """Write the answer; whoever asked reads it to its end."""
        with os.fdopen(os.dup(self.pipe), "wb") as out:
            out.write(content)


def serve(carry_out: Callable[[Order], None]) -> None:
    """Carry out orders until nobody is left who could send one."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints goes nowhere
    with socket.socket(fileno=os.dup(0)) as orders:
        while True:
            orders.settimeout(float(os.environ.get("IDLE_SECONDS", "600")))
            try:
                message, files, _, _ = socket.recv_fds(orders, LARGEST_ORDER, 2)
            except TimeoutError:
                return
            if not message or len(files) != 2:
                return
            try:
                os.write(files[1], STARTED)
                carry_out(Order(json.loads(message), files[0], files[1]))
            except BrokenPipeError:
                pass  # whoever asked has stopped waiting
            finally:
                for each in files:
                    os.close(each)
