"""The program `siraba` as it is started: everything is loaded only when an interruption can end it without a word.

Loading takes a second, and Python answers Ctrl-C in the middle of it with a traceback. Afterwards the command line says by itself
that it was interrupted.
"""

import importlib
import signal


def main() -> None:
    """Load the command line, and run it."""
    patient = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not in the background, where it is ignored
    if patient:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    cli = importlib.import_module("server.cli")
    if patient:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.main()
