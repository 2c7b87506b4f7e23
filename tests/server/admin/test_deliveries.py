"""A supervisor answers «did everything arrive?» from one page."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import Client

from server.application import application
from server.web.surface import Site
from server.worker import work_until_idle
from storage import unit_of_work
from storage.schema import app_user, contact, submission_version
from tests.server.admin.browsing import Browser
from tests.support.builders import Tablet, add_form, add_person, add_project, add_tablet, multipart, submission


@pytest.fixture
def tablet(site: Site) -> Tablet:
    project_id = add_project(site.database)
    add_form(site.database, project_id)
    return add_tablet(site.database, project_id, "Gao 01")


@pytest.fixture
def supervisor(site: Site, tablet: Tablet) -> Browser:
    """A programme manager, who reads no submission."""
    browser = Browser(site)
    browser.sign_in(add_person(site.database, "fatou", "programme-manager", project_id=tablet.project_id))
    return browser


def base(tablet: Tablet) -> str:
    return f"/v1/key/{tablet.token}/projects/{tablet.project_id}"


def send(site: Site, tablet: Tablet, xml: bytes, files: dict[str, bytes] | None = None) -> int:
    client = Client(application(site))
    headers = {"User-Agent": "org.odk.collect.android/v2024.3"}
    sent = client.post(f"{base(tablet)}/submission?deviceID=tab%3A01", headers=headers, **multipart(xml, files))
    work_until_idle(site.database)
    return sent.status_code


def long_ago(site: Site, days: int) -> None:
    with unit_of_work.writing(site.database) as unit:
        past = {"created_at": unit.now - timedelta(days=days)}
        unit.connection.execute(update(submission_version).values(**past))
        unit.connection.execute(update(contact).values(last_at=past["created_at"]))


def contacts(site: Site) -> int:
    with unit_of_work.reading(site.database) as unit:
        return unit.connection.execute(select(func.count()).select_from(contact)).scalar_one()


def test_all_is_well_when_everything_came(site: Site, tablet: Tablet, supervisor: Browser) -> None:
    assert send(site, tablet, submission("uuid:1", photo="p.jpg"), {"p.jpg": b"p"}) == 201

    page = supervisor.get(f"/projects/{tablet.project_id}/deliveries")

    assert "Yes: every file that was named is here" in page.text
    assert "Gao 01" in page.text
    assert "org.odk.collect.android/v2024.3" in page.text


def test_a_missing_photo_is_named_until_it_comes(site: Site, tablet: Tablet, supervisor: Browser) -> None:
    xml = submission("uuid:1", photo="1769850000000.jpg")
    send(site, tablet, xml)

    page = supervisor.get(f"/projects/{tablet.project_id}/deliveries")
    send(site, tablet, xml, {"1769850000000.jpg": b"p"})
    after = supervisor.get(f"/projects/{tablet.project_id}/deliveries")

    assert "1 submission still lacks files." in page.text
    assert "1769850000000.jpg" in page.text
    assert "uuid:1" in page.text
    assert 'href="/projects/1/forms' not in page.html  # who may not read submissions is led to none
    assert "1769850000000.jpg" not in after.text
    assert "Yes:" in after.text


def test_a_tablet_is_silent_after_as_many_days_as_asked_for(site: Site, tablet: Tablet, supervisor: Browser) -> None:
    send(site, tablet, submission("uuid:1"))
    add_tablet(site.database, tablet.project_id, "Kidal 02")
    long_ago(site, 4)

    three = supervisor.get(f"/projects/{tablet.project_id}/deliveries")
    seven = supervisor.get(f"/projects/{tablet.project_id}/deliveries?days=7")

    assert "2 tablets were not heard of for 3 d." in three.text
    assert "1 tablet was not heard of for 7 d." in seven.text
    assert three.text.index("Kidal 02") < three.text.index("Gao 01")
    assert "Never" in three.text


def test_a_revoked_tablet_is_not_awaited(site: Site, tablet: Tablet, supervisor: Browser) -> None:
    send(site, tablet, submission("uuid:1"))
    long_ago(site, 9)
    with unit_of_work.writing(site.database) as unit:
        unit.connection.execute(update(app_user).values(token=None))

    page = supervisor.get(f"/projects/{tablet.project_id}/deliveries")

    assert "Yes:" in page.text


def test_asking_for_forms_counts_as_contact_and_is_written_seldom(site: Site, tablet: Tablet, supervisor: Browser) -> None:
    client = Client(application(site))
    for _ in range(20):
        assert client.get(f"{base(tablet)}/formList").status_code == 200
    first = contacts(site)
    long_ago(site, 9)
    client.get(f"{base(tablet)}/formList")

    page = supervisor.get(f"/projects/{tablet.project_id}/deliveries")

    assert first == 1
    assert "1 tablet was not heard of" in page.text  # the process remembers that it wrote just now


def test_a_tablet_cannot_fill_the_database_with_names_of_devices(site: Site, tablet: Tablet) -> None:
    client = Client(application(site))
    for number in range(30):
        client.head(f"{base(tablet)}/submission?deviceID=d{number}")

    assert contacts(site) == 5


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0, None),
        (-3, "clock behind by 3 hours"),
        (2, "clock ahead by 2 hours"),
        (-12, None),
        (12, None),
        (-240, "behind by 10 days"),
    ],
)
def test_a_clock_that_is_wrong_shows(hours: int, said: str | None, site: Site, tablet: Tablet, supervisor: Browser) -> None:
    with unit_of_work.reading(site.database) as unit:
        date = format_datetime(unit.now + timedelta(hours=hours), usegmt=False)
    Client(application(site)).head(f"{base(tablet)}/submission?deviceID=d", headers={"Date": date})

    page = supervisor.get(f"/projects/{tablet.project_id}/deliveries")

    assert (said or "Gao 01") in page.text
    assert ("clock" in page.text) == (said is not None)


def test_a_form_that_was_finished_in_the_future_tells_of_a_fast_clock(site: Site, tablet: Tablet, supervisor: Browser) -> None:
    with unit_of_work.writing(site.database) as unit:
        now = unit.now
    send(site, tablet, submission("uuid:1"))
    with unit_of_work.writing(site.database) as unit:
        unit.connection.execute(update(submission_version).values(ended_at=now + timedelta(days=2)))

    page = supervisor.get(f"/projects/{tablet.project_id}/deliveries")

    assert "clock ahead by 2 days" in page.text


def test_what_was_refused_is_counted_by_sender_and_led_to_for_who_may(
    site: Site, tablet: Tablet, supervisor: Browser, admin: Browser
) -> None:
    assert send(site, tablet, submission("uuid:1", form_id="nothing")) == 404

    seen = supervisor.get(f"/projects/{tablet.project_id}/deliveries")
    led = admin.get(f"/projects/{tablet.project_id}/deliveries")

    assert "1 refused payload waits in quarantine." in seen.text
    assert "/quarantine" not in seen.html
    assert f"/projects/{tablet.project_id}/quarantine" in led.html


def test_the_page_speaks_french(site: Site, tablet: Tablet) -> None:
    browser = Browser(site, language="fr")
    browser.sign_in(add_person(site.database, "awa", "manager", project_id=tablet.project_id))

    page = browser.get(f"/projects/{tablet.project_id}/deliveries")

    assert "Tout est-il arrivé ?" in page.text
    assert "1 tablette n’a pas donné signe depuis 3 j." in page.text
