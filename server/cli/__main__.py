"""`python -m server.cli` is `siraba`."""

from server.cli import main

main()
