"""A project's entity lists: which there are, what they hold, and which forms feed and carry them.

A list that shows case records is looked at like any other by whoever may list entities, and each look is recorded. Forms alone
change it, so its pages offer nothing that would.
"""

from dataclasses import replace
from typing import Any

from forms import declaring_lists, editing_entities, exporting_entities
from forms.editing_entities import BadEntity, NoSuchProperty, Pending, UuidTaken
from forms.entity import searching
from forms.export.odata_filter import read_filter
from forms.problems import AlreadyExists
from forms.store import entity_lists as lists
from forms.store import entity_rows
from forms.store import projects as projects_store
from forms.store.entity_lists import OWNER_ONLY, Listed
from forms.store.entity_rows import Chosen
from forms.store.projects import Project
from server.access.verbs import Verb
from server.admin.pages import again_at, link, page, tabs
from server.admin.submissions import SANDBOX
from server.admin.surface import admin
from server.web.answers import Answer, attachment_header, redirect
from server.web.bodies import form_fields
from server.web.parameters import number
from server.web.surface import Ask
from storage.problems import Problem

LISTS = "/projects/<int:project_id>/entity-lists"
LIST = f"{LISTS}/<name>"
LINES_MOST = 50
COLUMNS_MOST = 5  # more would not be read on a page; the CSV has all
PROPERTY = "property:"  # before a property's name, among a form's fields
ONLY = {"conflict": "__system/conflict ne null", "deleted": "__system/deletedAt ne null"}


@admin.get(LISTS, needs=Verb.DATASET_LIST, finds=projects_store.project_of)
def lists_page(ask: Ask[Project]) -> Answer:
    """The project's entity lists, with their counts and the forms on both sides, and the form to make one."""
    return _lists(ask)


def _lists(ask: Ask[Project], **again: Any) -> Answer:
    found = lists.lists_in(ask.unit, ask.found.id)
    return page(
        ask,
        "entity_lists.html",
        lists=found,
        properties={each.id: len(lists.properties(ask.unit, each.id)) for each in found},
        sources=editing_entities.sources_in(ask.unit, ask.found.id),
        linked={each.id: lists.linked_forms(ask.unit, each.id) for each in found},
        **again,
        **tabs(ask, ask.found, "entity-lists"),
    )


def _lists_again(problem: Problem, ask: Ask[Project]) -> Answer | None:
    return _lists(ask, **again_at(problem, ask, "name")) if isinstance(problem, BadEntity | AlreadyExists) else None


@admin.post(LISTS, needs=Verb.DATASET_CREATE, finds=projects_store.project_of, reads=form_fields, refused=_lists_again)
def make_list(ask: Ask[Project]) -> Answer:
    """Make a list without properties.

    Raises: BadEntity, AlreadyExists.
    """
    name = ask.body.get("name", "").strip()
    made = declaring_lists.create(ask.unit, ask.found.id, name, approval_required=False, access_filter=None)
    return redirect(_at(made))


@admin.get(LIST, needs=Verb.ENTITY_LIST, finds=lists.list_of)
def list_page(ask: Ask[Listed]) -> Answer:
    """One list: its properties, and its entities by the page, the newest first; `?q=` searches, `?only=` and `?skip=` choose."""
    return _list(ask)


def _list(ask: Ask[Listed], **again: Any) -> Answer:
    ask.note_look("dataset.view", project_id=ask.found.project_id, subject=ask.found.name)
    skip, only, typed = number(ask.query, "skip") or 0, ask.query.get("only", ""), ask.query.get("q", "").strip()
    found = list(entity_rows.rows(ask.unit, replace(_chosen(ask), skip=skip, most=LINES_MOST + 1)))
    sources = editing_entities.source_forms(ask.unit, ask.found)
    names = exporting_entities.property_names(ask.unit, ask.found.id)
    return page(
        ask,
        "entity_list.html",
        listed=ask.found,
        lines=found[:LINES_MOST],
        columns=names[:COLUMNS_MOST],
        properties={name: [each for each, (_, fills) in sources.items() if name in fills] for name in names},
        sources=sources,
        linked=lists.linked_forms(ask.unit, ask.found.id),
        owner_only=ask.found.access_filter == OWNER_ONLY,
        told_apart=ask.found.access_filter not in (None, OWNER_ONLY),
        prefix=PROPERTY,
        searched=typed,
        only=only if only in ONLY else "",
        skip=skip,
        further=skip + LINES_MOST if len(found) > LINES_MOST else None,
        **again,
        **tabs(ask, projects_store.project_of(ask.unit, ask.found.project_id), "entity-lists"),
    )


@admin.get(f"{LIST}/entities.csv", needs=Verb.ENTITY_LIST, finds=lists.list_of, exports=True)
def list_csv(ask: Ask[Listed]) -> Answer:
    """The list as CSV, as `?q=` and `?only=` choose; streamed."""
    ask.note("dataset.export", project_id=ask.found.project_id, subject=ask.found.name)
    headers = {**SANDBOX, "Content-Disposition": attachment_header(f"{ask.found.name}.csv")}
    return Answer(exporting_entities.csv(ask.unit, _chosen(ask)), 200, "text/csv; charset=utf-8", headers)


def _chosen(ask: Ask[Listed]) -> Chosen:
    only = ask.query.get("only", "")
    filter = read_filter(ONLY[only]) if only in ONLY else None
    return Chosen(ask.found.id, filter, search=searching.read(ask.query.get("q", "").strip()))


def _list_again(problem: Problem, ask: Ask[Listed]) -> Answer | None:
    """The page with what was typed into the form that was refused; which one that was is in its address."""
    if not isinstance(problem, BadEntity | AlreadyExists | NoSuchProperty | UuidTaken | Pending):
        return None
    field = {"properties": "property", "settings": "approval"}.get(ask.target.partition("?")[0].rpartition("/")[2], "label")
    return _list(ask, target=_at(ask.found), **again_at(problem, ask, field))


@admin.post(f"{LIST}/entities", needs=Verb.ENTITY_CREATE, finds=lists.list_of, reads=form_fields, refused=_list_again)
def make_entity(ask: Ask[Listed]) -> Answer:
    """Make an entity by hand.

    Raises: ShowsCases, BadEntity, NoSuchProperty.
    """
    wanted = editing_entities.wanted({"label": ask.body.get("label", ""), "data": typed_properties(ask.body)})
    uuid = editing_entities.create(ask.unit, ask.found, wanted, user_agent=agent_of(ask))
    return redirect(f"{_at(ask.found)}/entities/{uuid}")


@admin.post(f"{LIST}/properties", needs=Verb.DATASET_UPDATE, finds=lists.list_of, reads=form_fields, refused=_list_again)
def add_property(ask: Ask[Listed]) -> Answer:
    """Add a property.

    Raises: ListShowsCases, BadEntity, AlreadyExists.
    """
    declaring_lists.add_property(ask.unit, ask.found, ask.body.get("property", "").strip())
    return redirect(_at(ask.found))


@admin.post(f"{LIST}/properties/<property_name>/delete", needs=Verb.DATASET_UPDATE, finds=lists.list_of, reads=form_fields)
def delete_property(ask: Ask[Listed]) -> Answer:
    """Take away a property that nothing stands on.

    Raises: ListShowsCases, NotFound, StillNeeded.
    """
    declaring_lists.delete_property(ask.unit, ask.found, ask.path["property_name"])
    return redirect(_at(ask.found))


@admin.post(f"{LIST}/settings", needs=Verb.DATASET_UPDATE, finds=lists.list_of, reads=form_fields, refused=_list_again)
def set_list(ask: Ask[Listed]) -> Answer:
    """Whether new entities wait for approval, and whether tablets see only their own.

    Raises: Pending.
    """
    access_filter = ask.found.access_filter
    if access_filter is None or access_filter == OWNER_ONLY:  # what was told apart by properties is not widened from here
        access_filter = OWNER_ONLY if "owner_only" in ask.body else None
    if access_filter != ask.found.access_filter:
        declaring_lists.set_access_filter(ask.unit, ask.found, access_filter)
    required, convert = "approval" in ask.body, ask.body.get("convert")
    if required != ask.found.approval_required:
        chosen = None if convert not in ("make", "drop") else convert == "make"
        editing_entities.set_approval(ask.unit, ask.found, required=required, convert=chosen)
    return redirect(_at(ask.found))


@admin.post(f"{LIST}/delete", needs=Verb.DATASET_DELETE, finds=lists.list_of, reads=form_fields)
def delete_list(ask: Ask[Listed]) -> Answer:
    """Put the list into the trash.

    Raises: ListShowsCases, FormsDepend.
    """
    declaring_lists.delete(ask.unit, ask.found)
    return redirect(link("projects", ask.found.project_id, "entity-lists"))


def typed_properties(body: dict[str, str]) -> dict[str, str]:
    """What was typed for each property."""
    return {name.removeprefix(PROPERTY): value for name, value in body.items() if name.startswith(PROPERTY) and value}


def agent_of(ask: Ask[Any]) -> str | None:
    """The browser, as it calls itself."""
    return (ask.headers.get("User-Agent") or "")[:255] or None


def _at(found: Listed) -> str:
    return link("projects", found.project_id, "entity-lists", found.name)
