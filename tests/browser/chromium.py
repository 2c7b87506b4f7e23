"""A real Chromium, the system's own, without a window."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# A sandbox needs rights that containers lack; the rest keeps the browser from talking to its maker.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


class ChromiumMissing(Exception):
    """No Chromium is installed."""


def program() -> str:
    """Where Chromium is.

    Raises: ChromiumMissing.
    """
    for name in NAMES:
        if found := shutil.which(name):
            return found
    raise ChromiumMissing("Chromium is not installed: apt-get install chromium fonts-dejavu-core")


@contextmanager
def running() -> Iterator[Browser]:
    """A browser for the length of the block.

    Raises: ChromiumMissing.
    """
    path = program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
