"""Law: every route says what it needs, and answers nobody and each role exactly as it says.

Each route is asked for through the whole application, with a path made of things that exist. A new name in a path needs an
example in `World`; a route that is open to everybody must stand in `OPEN`, with the reason.
"""

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import insert
from werkzeug.test import Client, TestResponse

from forms.store import pulling
from server import removing
from server.access import password_links
from server.access.policy import Place
from server.access.roles import ROLES
from server.access.users import give_role
from server.access.verbs import Verb
from server.admin.style import FILES
from server.application import SURFACES, application
from server.web.bodies import form_fields, json_object, large_json_object
from server.web.surface import ANYONE, BY_CONTENT, EVEN_NOBODY, Open, Route, Site
from server.web.ways import SESSION_COOKIE
from server.worker import work_until_idle
from storage import unit_of_work
from storage.engine import Database
from storage.problems import NotAllowed
from storage.schema import session
from tests.support import builders

ROUTES = [route for surface in SURFACES for route in surface.routes]
TABLETS = "/v1/key/<key>"
LINKED = "/f/<key>"
INSTANCE = "uuid:6c1d3f6e-7c51-4f0a-9d0e-0f2b5a1c9e11"
DELETED = "uuid:7d2e4f7f-8d62-4a1b-8e1f-1a3c6b2d0f22"
ENTITY = "0d1f6c0a-52a1-4c37-9f37-0b5b8f9c2d11"
CSRF = "c" * 64

# Who is not signed in may do this, since:
OPEN = {
    "GET /sign-in": "that is how one signs in",
    "POST /sign-in": "that is how one signs in",
    "POST /language": "people choose a language before they sign in",
    "GET /static/<name>": "the sign-in page has a style",
    "GET /static/web-forms/<mark>/<script>": "a published program, the same for everybody",
    "POST /v1/sessions": "that is how a program signs in",
    "GET /password/<password_token>": "the token in the path vouches for whoever was handed it",
    "POST /password/<password_token>": "the token in the path vouches for whoever was handed it",
    **{
        f"{name.partition(' ')[0]} {prefix}{name.partition(' ')[2]}": why
        for prefix in ("/v1", "/v1/key/<key>")
        for name, why in {
            "GET /projects": "the list holds what one may see: for nobody nothing, as in Central",
            "GET /roles": "what roles permit is no secret, as in Central",
            "GET /roles/<role_id>": "what roles permit is no secret, as in Central",
            "GET /users/current": "nobody is told that they are nobody, as in Central",
            "GET /sessions/restore": "nobody is told that there is no session, as in Central",
            "DELETE /sessions/current": "nobody is told that there is no session, as in Central",
            "POST /users/reset/initiate": "whoever forgot a password is not signed in; they are told nothing",
            "POST /users/reset/verify": "the token of a link to a password stands where a session's would",
        }.items()
    },
    "GET /v1/form-links/<web_id>/form": "a draft has a secret name; a published form wants a right or a public link",
    **{
        route.name: "the draft's own token is in the path"
        for route in ROUTES
        if route.rule.startswith("/v1/test/<test_token>/projects/<int:project_id>/forms/<xml_form_id>/draft")
    },
}

# The example form came as XML, without media or draft; npm may not have brought Web Forms; nobody is registered as a case.
NOT_IN_WORLD = (
    ".xlsx",
    ".xls",
    "/spreadsheet",
    "/cases/<case_id>",
    "/draft/diff",
    "/forms/<xml_form_id>/attachments/<name>",
    "/versions/<version>/attachments/<name>",
    "/fill/media/<name>",
    "/edit/media/<name>",
    "/static/web-forms/<mark>/<script>",
    "/draft/attachments/<name>",
)


@dataclass(frozen=True)
class World:
    """Things that exist, to make paths of; and two others that routes may change or delete without harm to the asker."""

    database: Database
    project_id: int
    tablet: builders.Tablet
    link: str
    path: Mapping[str, object]

    def address(self, route: Route, key: str | None = None) -> str:
        """A path that *route* takes."""
        # A form's version is a name, a submission's an instance id.
        version = INSTANCE if "<instance_id>" in route.rule else "1"
        own = {**self.path, "name": _name_in(route.rule), "version": version}
        if route.rule.endswith("<instance_id>/restore"):
            own["instance_id"] = DELETED
        rule = route.rule.replace("<key>", key or "")
        missing = [name for name in re.findall(r"<(?:[^:>]+:)?(\w+)>", rule) if name not in own]
        assert not missing, f"{route.name}: give an example of {missing} in World"
        return re.sub(r"<(?:[^:>]+:)?(\w+)>", lambda found: str(own[found[1]]), rule)


def _name_in(rule: str) -> str:
    if rule.startswith("/static/"):
        return next(iter(FILES))
    return "people" if "/datasets/" in rule or "/entity-lists/" in rule else "photo.jpg"


@pytest.fixture
def client(site: Site) -> Client:
    """A client that keeps no cookies: each request says anew who asks."""
    return Client(application(site), use_cookies=False)


@pytest.fixture
def world(database: Database, client: Client) -> World:
    """A project with a form, a submission with a file, a refused one, an entity, a user and two tablets."""
    project_id = builders.add_project(database)
    published = builders.add_form(database, project_id)
    tablet = builders.add_tablet(database, project_id)
    other = builders.add_tablet(database, project_id, "other")
    somebody = builders.add_person(database, "somebody", "viewer", project_id=project_id)
    entity = f'<entity dataset="people" id="{ENTITY}" create="1"><label>A</label></entity>'
    sent = client.post(
        f"/v1/key/{tablet.token}/projects/{project_id}/submission",
        **builders.multipart(builders.submission(INSTANCE, photo="photo.jpg", entity=entity), {"photo.jpg": b"JPEG"}),
    )
    assert sent.status_code == 201
    refused = client.post(
        f"/v1/key/{tablet.token}/projects/{project_id}/submission",
        **builders.multipart(builders.submission("uuid:refused", form_id="nothing"), {"photo.jpg": b"JPEG"}),
    )
    assert refused.status_code == 404
    work_until_idle(database)
    doomed = client.post(
        f"/v1/key/{tablet.token}/projects/{project_id}/submission", **builders.multipart(builders.submission(DELETED))
    )
    assert doomed.status_code == 201
    with unit_of_work.writing(database) as unit:
        removing.delete(unit, pulling.submission_of(unit, project_id, "register", DELETED), "register")
    draft = builders.add_draft(database, project_id)
    deleted_form_id = builders.add_deleted_form(database, project_id)
    tried = client.post(
        f"/v1/test/{draft.draft_token}/projects/{project_id}/forms/register/draft/submission",
        **builders.multipart(builders.submission(INSTANCE, photo="photo.jpg"), {"photo.jpg": b"JPEG"}),
    )
    assert tried.status_code == 201
    link_id, link = builders.add_link(database, project_id, "register")
    begun = client.post(
        f"/v1/key/{tablet.token}/tus/projects/{project_id}/forms/register/uploads",
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "9",
            "Upload-Metadata": f"instanceID {b64encode(INSTANCE.encode()).decode()},filename {b64encode(b'f.mp4').decode()}",
        },
    )
    assert begun.status_code == 201
    with unit_of_work.writing(database) as unit:
        password_link = password_links.make(unit, somebody.actor_id)
    path = {
        "password_token": password_link.token,
        "link_id": link_id,
        "quarantine_id": 1,
        "upload_token": begun.headers["Location"].rpartition("/")[2],
        "project_id": project_id,
        "form_id": published.form_id,
        "user": somebody.email,
        "xml_form_id": "register",
        "instance_id": INSTANCE,
        "app_user_id": other.actor_id,
        "actor_id": somebody.actor_id,
        "role_id": "viewer",
        "uuid": ENTITY,
        "case_id": ENTITY,
        "version_id": INSTANCE,
        "table": "Submissions",
        "quoted": f"'{INSTANCE}'",
        "below": "member",
        "token": "f" * 64,
        "mark": "0.0.0",
        "script": "index.js",
        "test_token": draft.draft_token,
        "web_id": draft.web_draft_id,
        "deleted_form_id": deleted_form_id,
        "dataset_id": builders.add_deleted_list(database, project_id),
        "property_name": "age",
    }
    return World(database, project_id, tablet, link, path)


def signed_in(database: Database, actor_id: int, route: Route) -> dict[str, str]:
    """The headers of a fresh session, as the route's surface takes it."""
    token = secrets.token_hex(32)
    with unit_of_work.writing(database) as unit:
        unit.connection.execute(
            insert(session),
            {
                "token_sha256": hashlib.sha256(token.encode()).hexdigest(),
                "actor_id": actor_id,
                "csrf": CSRF,
                "created_at": unit.now,
                "expires_at": unit.now + timedelta(hours=1),
            },
        )
    if route.surface.cookies:
        return {"Cookie": f"{SESSION_COOKIE}={token}", "X-CSRF-Token": CSRF}
    return {"Authorization": f"Bearer {token}"}


def asked(client: Client, route: Route, address: str, headers: Mapping[str, str] | None = None) -> TestResponse:
    """The answer, read to its end, to a request that is empty, save on pages: there a giver must hold what is given."""
    posted = {"role": "viewer"} if route.surface.cookies and route.method == "POST" else None
    answer = client.open(address, method=route.method, headers=dict(headers or {}), data=posted)
    answer.get_data()
    return answer


def _deletes(route: Route) -> bool:
    return route.method == "DELETE" or route.rule.endswith("/delete")


def turned_away(answer: TestResponse, route: Route) -> bool:
    """Whether somebody unknown was told to say who they are: 401, for a browser the sign-in page, over Central's API 403.1."""
    if route.surface.nobody is NotAllowed:
        return answer.status_code == 403
    if route.surface.sign_in and answer.status_code == 303:
        return answer.headers["Location"].startswith(route.surface.sign_in)
    return answer.status_code == 401


def passed(answer: TestResponse, route: Route) -> bool:
    """Whether the request came through to the work; what that makes of an empty body is another matter."""
    return not turned_away(answer, route) and answer.status_code != 403 and answer.status_code < 500


def test_every_route_is_declared_once() -> None:
    names = [route.name for route in ROUTES]

    assert len(names) == len(set(names))


def test_routes_open_to_everybody_are_few_and_known() -> None:
    assert {route.name for route in ROUTES if route.needs in (ANYONE, EVEN_NOBODY)} <= OPEN.keys()


def test_nobody_passes_where_a_permission_is_needed(world: World, client: Client) -> None:
    for route in ROUTES:
        if "<key>" in route.rule:
            continue
        answer = asked(client, route, world.address(route))

        assert turned_away(answer, route) == (route.needs not in (ANYONE, EVEN_NOBODY)), f"{route.name}: {answer.status}"


def test_a_wrong_key_is_refused_without_asking_for_a_password(world: World, client: Client) -> None:
    for route in ROUTES:
        if "<key>" not in route.rule:
            continue
        answer = asked(client, route, world.address(route, key="f" * 64))

        assert answer.status_code == 403, f"{route.name}: {answer.status}"
        assert "WWW-Authenticate" not in answer.headers


def test_the_examples_are_real(world: World, client: Client) -> None:
    person = builders.add_person(world.database, "asker", "admin")
    for route in ROUTES:
        if route.method != "GET" or "<key>" in route.rule:
            continue
        answer = asked(client, route, world.address(route), signed_in(world.database, person.actor_id, route))

        assert answer.status_code != 404 or route.rule.endswith(NOT_IN_WORLD), route.name


@pytest.mark.parametrize("role", ROLES)
def test_a_role_passes_exactly_where_it_holds_what_is_needed(role: str, world: World, client: Client) -> None:
    person = builders.add_person(world.database, "asker", role)
    plain = [route for route in ROUTES if isinstance(route.needs, Verb) and "<key>" not in route.rule]
    refused = [route for route in plain if route.needs not in ROLES[role]]
    # Deletions come last: what they delete, others ask for.
    passing = sorted((route for route in plain if route.needs in ROLES[role]), key=_deletes)

    for route in [*refused, *passing]:
        answer = asked(client, route, world.address(route), signed_in(world.database, person.actor_id, route))

        if route in refused:
            assert answer.status_code == 403, f"{route.name} for {role}: {answer.status}"
        else:
            assert passed(answer, route), f"{route.name} for {role}: {answer.status}"


def test_a_role_in_another_project_counts_for_nothing(world: World, client: Client) -> None:
    elsewhere = builders.add_project(world.database, "Elsewhere")
    person = builders.add_person(world.database, "asker")
    with unit_of_work.writing(world.database) as unit:
        for role in ROLES:
            give_role(unit, person.actor_id, role, Place(elsewhere))

    for route in ROUTES:
        if isinstance(route.needs, Verb) and "<key>" not in route.rule:
            answer = asked(client, route, world.address(route), signed_in(world.database, person.actor_id, route))

            assert answer.status_code == 403, f"{route.name}: {answer.status}"


def test_somebody_without_any_role_may_only_do_what_is_open(world: World, client: Client) -> None:
    person = builders.add_person(world.database, "asker")

    for route in ROUTES:
        if "<key>" in route.rule or route.needs in (ANYONE, EVEN_NOBODY):
            continue
        answer = asked(client, route, world.address(route), signed_in(world.database, person.actor_id, route))

        if isinstance(route.needs, Verb):
            assert answer.status_code == 403, f"{route.name}: {answer.status}"
        else:
            assert answer.status_code < 500, f"{route.name}: {answer.status}"


@pytest.mark.parametrize("token", [None, "", "f" * 64])
def test_no_page_takes_from_a_browser_what_another_site_may_have_made_it_send(
    token: str | None, world: World, client: Client
) -> None:
    person = builders.add_person(world.database, "asker", "admin")
    pages = [route for route in ROUTES if route.surface.cookies and route.method == "POST" and "<key>" not in route.rule]
    assert len(pages) > 25
    for route in pages:
        cookie = {"Cookie": signed_in(world.database, person.actor_id, route)["Cookie"]}
        forged = cookie | ({} if token is None else {"X-CSRF-Token": token})
        fields = client.open(world.address(route), method="POST", headers=forged, data={"csrf": token or "", "role": "viewer"})
        chosen = {"form": b"a workbook", "file": b"media"}
        files = builders.multipart(builders.submission("uuid:forged"), chosen, {"csrf": token or ""})
        with_files = client.open(world.address(route), method="POST", headers=forged, **files)

        forbidden = 401 if route.surface.forged else 403
        statuses = (
            (400, forbidden) if route.reads in (json_object, large_json_object) else (forbidden,)
        )  # where only JSON is read
        assert with_files.status_code in statuses, f"{route.name}: {with_files.status}"
        assert fields.status_code in (400, forbidden), f"{route.name}: {fields.status}"  # 400 where only files are read


def test_a_tablet_passes_exactly_where_collecting_needs_it(world: World, client: Client) -> None:
    for route in ROUTES:
        if not route.rule.startswith(TABLETS) or not isinstance(route.needs, Verb):
            continue
        answer = asked(client, route, world.address(route, key=world.tablet.token))

        if route.needs in ROLES["app-user"]:
            assert passed(answer, route), f"{route.name}: {answer.status}"
        else:
            assert answer.status_code == 403, f"{route.name}: {answer.status}"


def test_a_link_passes_where_its_form_is_filled(world: World, client: Client) -> None:
    for route in ROUTES:
        if route.rule.startswith(LINKED) or ("<key>" in route.rule and route.links is not None):
            answer = asked(client, route, world.address(route, key=world.link))

            assert passed(answer, route), f"{route.name}: {answer.status}"


def test_a_link_is_no_key_of_a_tablet_nor_a_tablets_key_a_link(world: World, client: Client) -> None:
    for route in ROUTES:
        if "<key>" in route.rule and route.links is None:
            wrong = world.tablet.token if route.rule.startswith(LINKED) else world.link

            assert asked(client, route, world.address(route, key=wrong)).status_code == 403, route.name


@pytest.mark.parametrize("role", ROLES)
def test_only_who_may_send_submissions_sends_them(role: str, world: World, client: Client) -> None:
    person = builders.add_person(world.database, "asker", role)
    by_content = [route for route in ROUTES if route.needs is BY_CONTENT and "<key>" not in route.rule]
    assert {route.rule for route in by_content} == {
        "/v1/projects/<int:project_id>/submission",
        "/submission",
        "/<user>/submission",
        "/api/v1/submissions",
        "/<user>/api/v1/submissions",
        "/projects/<int:project_id>/submission",
        "/<user>/projects/<int:project_id>/submission",
    }

    for route in by_content:
        answer = client.post(
            world.address(route),
            headers=signed_in(world.database, person.actor_id, route),
            **builders.multipart(builders.submission("uuid:another")),
        )

        assert answer.status_code == (201 if Verb.SUBMISSION_CREATE in ROLES[role] else 403), f"{role}: {answer.status}"


def test_what_is_needed_is_a_verb_or_said_in_words() -> None:
    for route in ROUTES:
        assert isinstance(route.needs, Verb | Open), route.name


@pytest.mark.parametrize("mark", ["\\u0000", "\\ud800", "%00"])
def test_what_is_no_text_is_refused_wherever_it_is_sent(mark: str, world: World, client: Client) -> None:
    person = builders.add_person(world.database, "asker", "admin")
    reader, body = (form_fields, f"a=b&name={mark}") if "%" in mark else (json_object, f'{{"a": ["b", {{"c{mark}": 1}}]}}')
    routes = [route for route in ROUTES if route.reads is reader and "<key>" not in route.rule]
    assert routes
    for route in routes:
        headers = signed_in(world.database, person.actor_id, route)
        kind = "application/x-www-form-urlencoded" if reader is form_fields else "application/json"

        answer = client.open(world.address(route), method=route.method, headers=headers, data=body, content_type=kind)

        assert answer.status_code == 400, f"{route.name}: {answer.status}"
