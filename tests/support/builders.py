"""Makers of what tests need to be there: people, projects, app users."""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from forms import declaring_lists, drafting, linking, publishing
from forms.store import forms, projects, public_links, trash, versions
from server.access import passwords
from storage import unit_of_work
from storage.engine import Database
from storage.schema import account, actor, app_user, assignment
from storage.unit_of_work import Unit

PASSWORD = "correct horse battery staple"
# Hashing is slow on purpose; every test user has the same password.
_HASH = passwords.choose(PASSWORD).hashed


@dataclass(frozen=True)
class Person:
    """A user who can sign in with `PASSWORD`."""

    actor_id: int
    email: str


@dataclass(frozen=True)
class Tablet:
    """An app user and its key."""

    actor_id: int
    project_id: int
    token: str


def _actor(unit: Unit, kind: str, name: str) -> int:
    added: int = unit.connection.execute(
        insert(actor).returning(actor.c.id), {"kind": kind, "display_name": name, "created_at": unit.now}
    ).scalar_one()
    return added


def add_person(
    database: Database, name: str, role: str | None = None, *, project_id: int | None = None, form_id: int | None = None
) -> Person:
    """A user, holding *role* on the site, in a project or in a form."""
    email = f"{name}@siraba.test"
    with unit_of_work.writing(database) as unit:
        actor_id = _actor(unit, "user", name)
        unit.connection.execute(insert(account), {"actor_id": actor_id, "email": email, "password_hash": _HASH})
        if role is not None:
            unit.connection.execute(
                insert(assignment), {"actor_id": actor_id, "role": role, "project_id": project_id, "form_id": form_id}
            )
    return Person(actor_id, email)


def add_project(database: Database, name: str = "Mali") -> int:
    """A project; returns its id."""
    with unit_of_work.writing(database) as unit:
        return projects.add_project(unit, name)


def add_tablet(database: Database, project_id: int, name: str = "tablet") -> Tablet:
    """An app user that may collect in every form of the project."""
    token = secrets.token_hex(32)
    with unit_of_work.writing(database) as unit:
        actor_id = _actor(unit, "app_user", name)
        unit.connection.execute(insert(app_user), {"actor_id": actor_id, "project_id": project_id, "token": token})
        unit.connection.execute(
            insert(assignment), {"actor_id": actor_id, "role": "app-user", "project_id": project_id, "form_id": None}
        )
    return Tablet(actor_id, project_id, token)


REGISTER = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"
  xmlns:orx="http://openrosa.org/xforms" xmlns:entities="http://www.opendatakit.org/xforms/entities">
  <h:head>
    <h:title>Register</h:title>
    <model entities:entities-version="2024.1.0">
      <instance>
        <data id="{form_id}" version="{version}">
          <age/><photo/>
          <member jr:template=""><nick/></member>
          <meta>
            <instanceID/>
            <entity dataset="people" id="" create="" update="" baseVersion="" trunkVersion="" branchId=""><label/></entity>
          </meta>
        </data>
      </instance>
      <bind nodeset="/data/age" type="int" entities:saveto="age"/>
      <bind nodeset="/data/photo" type="binary"/>
      <bind nodeset="/data/member/nick" type="string"/>
      <bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/>
      <bind nodeset="/data/meta/entity/@create" calculate="{create}"/>
      <bind nodeset="/data/meta/entity/@update" calculate="{update}"/>
    </model>
  </h:head>
  <h:body>
    <input ref="/data/age"><label>Age</label></input>
    <upload ref="/data/photo" mediatype="image/*"><label>Photo</label></upload>
    <group ref="/data/member">
      <repeat nodeset="/data/member"><input ref="/data/member/nick"><label>Nick</label></input></repeat>
    </group>
  </h:body>
</h:html>
"""


def register(form_id: str = "register", version: str = "1", actions: tuple[str, str] = ("true()", "false()")) -> bytes:
    """The XForm of a small form with an image, a repeat, and an entity list `people` (*actions*: create, update)."""
    create, update = actions
    return REGISTER.format(form_id=form_id, version=version, create=create, update=update).encode()


def add_form(
    database: Database,
    project_id: int,
    form_id: str = "register",
    version: str = "1",
    actions: tuple[str, str] = ("true()", "false()"),
) -> publishing.Published:
    """That form, published."""
    xform = register(form_id, version, actions)
    with unit_of_work.writing(database) as unit:
        return publishing.publish(unit, project_id, publishing.Compiled(xform))


def add_draft(database: Database, project_id: int, form_id: str = "register", version: str = "2") -> versions.FormVersion:
    """A draft of that form."""
    with unit_of_work.writing(database) as unit:
        found = forms.form_of(unit, project_id, form_id)
        drafting.replace(unit, found.id, publishing.Compiled(register(form_id, version)))
        return versions.draft_of(unit, project_id, form_id)


def add_deleted_form(database: Database, project_id: int, form_id: str = "deleted") -> int:
    """A form in the trash; returns its number."""
    published = add_form(database, project_id, form_id)
    with unit_of_work.writing(database) as unit:
        trash.delete_form(unit, published.form_id)
    return published.form_id


def add_deleted_list(database: Database, project_id: int, name: str = "gone") -> int:
    """An entity list in the trash; returns its number."""
    with unit_of_work.writing(database) as unit:
        made = declaring_lists.create(unit, project_id, name, approval_required=False, access_filter=None)
        declaring_lists.delete(unit, made)
    return made.id


def add_link(
    database: Database, project_id: int, form_id: str, *, once: bool = False, shares_lists: bool = False
) -> tuple[int, str]:
    """A public link to a published form: its id, and its token."""
    with unit_of_work.writing(database) as unit:
        found = forms.form_of(unit, project_id, form_id)
        made = linking.make(unit, found, "a link", once=once, shares_lists=shares_lists)
        return made, public_links.link_by_id(unit, made).token or ""


def submission(
    instance_id: str,
    *,
    form_id: str = "register",
    version: str = "1",
    age: str = "30",
    photo: str = "",
    deprecated_id: str | None = None,
    entity: str = "",
) -> bytes:
    """A submission of that form, as Collect writes it."""
    deprecated = f"<deprecatedID>{deprecated_id}</deprecatedID>" if deprecated_id else ""
    return (
        f"<?xml version='1.0' encoding='UTF-8' ?><data id=\"{form_id}\" version=\"{version}\" "
        'xmlns:orx="http://openrosa.org/xforms">'
        f"<age>{age}</age><photo>{photo}</photo><member><nick>Ba</nick></member><member><nick>Fa</nick></member>"
        f"<orx:meta><orx:instanceID>{instance_id}</orx:instanceID>{deprecated}{entity}</orx:meta></data>"
    ).encode()


def multipart(xml: bytes | None, files: dict[str, bytes] | None = None, fields: dict[str, str] | None = None) -> dict[str, Any]:
    """A request body as Collect writes it, as arguments for a test client's `post`."""
    boundary = "b0undary"
    parts = [] if xml is None else [_part("xml_submission_file", "text/xml", xml, "instance.xml")]
    parts += [_part(name, "image/jpeg", content, name) for name, content in (files or {}).items()]
    parts += [_part(name, None, value.encode(), None) for name, value in (fields or {}).items()]
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part for part in parts) + f"--{boundary}--\r\n".encode()
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def _part(name: str, content_type: str | None, content: bytes, file_name: str | None) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{file_name}"' if file_name else "")
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    return f"{disposition}\r\n{kind}\r\n".encode() + content + b"\r\n"
