"""The first start, and every start after it."""

import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, select, true

from forms.problems import UnknownWorkbook
from forms.store import forms
from forms.store import media as media_store
from forms.store.projects import add_project, projects
from server import founding
from server.access import actors, app_users, policy
from server.access.policy import SITE
from server.access.verbs import Verb
from server.web.surface import Site
from storage import unit_of_work
from storage.schema import account, app_user, form

SHEETS = Path(__file__).parents[2] / "xlsforms"


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    """The programme's spreadsheets, to be spoilt."""
    return Path(shutil.copytree(SHEETS, tmp_path / "sheets"))


@pytest.mark.java
def test_the_programme_is_founded_once_even_when_the_first_try_breaks_off(site: Site, sheets: Path) -> None:
    last = sheets / "reintegration_followup.xlsx"
    good = last.read_bytes()
    last.write_bytes(b"no spreadsheet")
    with pytest.raises(UnknownWorkbook):
        founding.found(site, sheets, print)
    with unit_of_work.reading(site.database) as unit:
        assert unit.connection.execute(select(func.count()).select_from(account)).scalar_one() == 0

    last.write_bytes(good)
    said: list[str] = []
    first = founding.found(site, sheets, said.append)

    assert first is not None
    assert said[-1] == "  checked by ODK Validate."
    with unit_of_work.writing(site.database) as unit:
        [project] = projects(unit, true())
        published = forms.forms_in(unit, project.id, true())
        assert [(one.xml_form_id, one.validated) for one in published] == [
            ("health_assessment", True),
            ("intake", True),
            ("reintegration_followup", True),
        ]
        for one in published:
            assert one.version_id is not None
            assert all(file.blob_sha256 or file.entity_list for file in media_store.media_of(unit, one.version_id))
        administrator = actors.known(unit, first.email, first.password)
        assert policy.allows(unit, administrator, Verb.PROJECT_CREATE, SITE)
        tablet = founding.first_tablet(unit)
        assert tablet is not None
        collecting = actors.by_key(unit, tablet.token)
        assert policy.allows(unit, collecting, Verb.SUBMISSION_CREATE, policy.Place(tablet.project_id))

    assert founding.found(site, sheets, said.append) is None
    with unit_of_work.reading(site.database) as unit:
        assert founding.first_tablet(unit) == tablet
        for table in (account, app_user):
            assert unit.connection.execute(select(func.count()).select_from(table)).scalar_one() == 1
        assert unit.connection.execute(select(func.count()).select_from(form)).scalar_one() == 3


def test_a_tablet_that_was_revoked_is_not_shown_again(site: Site) -> None:
    with unit_of_work.writing(site.database) as unit:
        project_id = add_project(unit, "Mali")
        lost = app_users.add_app_user(unit, project_id, "lost")
        kept = app_users.add_app_user(unit, project_id, "kept")
        app_users.revoke(unit, lost.id)
        shown = founding.first_tablet(unit)

    assert shown is not None
    assert shown.token == kept.token
    assert re.fullmatch(r"[0-9a-f]{64}", shown.token)
