"""`python -m tests.browser.picture`: take the picture of the case page that the README shows, `docs/case-page.png`.

The people are invented: two dozen stories of the demo, in a programme made for this and thrown away afterwards.
"""

import tempfile
from datetime import date
from pathlib import Path

from playwright.sync_api import Page

from server import founding
from server.demo import playing
from server.demo.playing import Play
from server.web.surface import Site
from storage import migrating
from storage.blobs import DiskBlobs
from storage.engine import Database
from storage.settings import Settings
from tests.browser import chromium
from tests.support.builders import PASSWORD, add_person
from tests.support.sockets import serving

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "case-page.png"
SIZE = {"width": 1100, "height": 800}


def take(folder: Path) -> None:
    """Make a programme in *folder*, let an officer open the fullest case, and keep what they see."""
    settings = Settings(data_dir=folder)
    database = Database(settings.database)
    migrating.upgrade(database)
    site = Site(settings, database, DiskBlobs(folder / "blobs"))
    founding.found(site, ROOT / "xlsforms", print)
    playing.play_inside(site, None, Play(25, "1", date(2025, 1, 6), date(2026, 10, 31)), lambda _sent: None)
    officer = add_person(database, "fanta.keita", "protection-officer", project_id=1)
    with serving(settings, folder / "log") as served, chromium.running() as browser:
        page = browser.new_page(locale="en", viewport={"width": SIZE["width"], "height": SIZE["height"]})
        page.goto(f"{served.address}/projects/1/cases")
        page.fill("input[name=email]", officer.email)
        page.fill("input[name=password]", PASSWORD)
        with page.expect_navigation():
            page.click("main button")
        page.goto(served.address + _fullest(page, served.address))
        PICTURE.parent.mkdir(exist_ok=True)
        page.screenshot(path=PICTURE)
    database.dispose()


def _fullest(page: Page, address: str) -> str:
    links = [link.get_attribute("href") or "" for link in page.locator("tbody a").all()]
    events = {}
    for link in links:
        page.goto(address + link)
        events[link] = page.locator(".events > li").count()
    return max(links, key=lambda link: events[link])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="siraba-picture-") as made:
        take(Path(made))
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes")
