"""Public links: made only where a browser can fill the form and nothing is given away unasked, and good for that alone.

Whoever holds a link holds everything that its page fetches. A form that looks people up carries the list of them, so such a link
is made only when somebody says so, is refused as soon as a new version begins to carry a list, and shows of each row no more than
the form's own expressions name. A link adds submissions and never changes one. A link for one submission ends with the first
that was kept; the same one sent again is still answered, since its sender may not have seen the answer.
"""

import re
from dataclasses import dataclass
from typing import Final

from forms import receiving
from forms.definition.browser_gaps import Lacking, lacking
from forms.definitions import definition_of
from forms.problems import MissingField
from forms.receiving import FormTakesNothing, Received, Sent, UnknownForm
from forms.store import forms as forms_store
from forms.store import media as media_store
from forms.store import public_links as store
from forms.store import versions
from forms.store.forms import Form
from forms.store.public_links import PublicLink
from forms.store.submissions import Target
from forms.xml import parse
from storage import audit
from storage.problems import NotFound, Problem
from storage.unit_of_work import Unit

_WORD: Final = re.compile(r"[^\W\d][\w.-]*")


class CannotBeFilled(Problem):
    """A question could not be answered in a browser, or not safely."""

    code = "409.84"
    says = "This form cannot be filled through a link, since the browser can neither record nor encrypt: {questions}."


class GivesListsAway(Problem):
    """Everybody who holds the link could read who is on the list."""

    code = "409.85"
    says = "Whoever holds a link to this form can read the list that it looks people up in: {lists}. Say that you mean that."


class LinkUsed(Problem):
    """The link was for one submission, which was kept."""

    code = "403.82"
    says = "This link was for one submission, which the server has received. Ask for another link to send more."


class LinkOnlyAdds(Problem):
    """Who edits must be known."""

    code = "403.83"
    says = "A link takes new submissions only; it cannot change one that was sent."


@dataclass(frozen=True, slots=True)
class Linked:
    """A link with the form that it leads to."""

    link: PublicLink
    form: Form

    @property
    def project_id(self) -> int:
        """The project of the form."""
        return self.form.project_id

    @property
    def form_id(self) -> int:
        """The form, where the link's permission is held."""
        return self.form.id


def make(unit: Unit, form: Form, display_name: str, *, once: bool, shares_lists: bool) -> int:
    """A new link to the form; returns its id. While nothing is published it leads nowhere, and the draft is what is looked at.

    Raises: CannotBeFilled; GivesListsAway, unless it is meant. Source: ODK Central, POST …/public-links.
    """
    check(unit, form.version_id or form.draft_version_id or 0, shares_lists=shares_lists)
    made = store.add_link(unit, form.project_id, form.id, display_name, once=once, shares_lists=shares_lists)
    audit.record(unit, "public_link.create", project_id=form.project_id, form_id=form.id, subject=str(made))
    return made


def check(unit: Unit, version_id: int, *, shares_lists: bool) -> None:
    """Refuse a version that no link may lead to.

    Raises: CannotBeFilled, GivesListsAway.
    """
    if fatal := unanswerable(unit, version_id):
        raise CannotBeFilled(questions=", ".join(_called(each) for each in fatal))
    lists = lists_of(unit, version_id)
    if lists and not shares_lists:
        raise GivesListsAway(lists=", ".join(lists))


def unanswerable(unit: Unit, version_id: int) -> list[Lacking]:
    """What no link can be made for: the version's questions that a browser cannot answer, or that it asks for encryption."""
    gaps = lacking(forms_store.xform_of(unit, version_id), definition_of(unit, version_id))
    return [each for each in gaps if each.fatal]


def _called(lack: Lacking) -> str:
    """A question by its label, in the form's first language, and its name; what is no question by its own word."""
    label = next((each for each in lack.labels.values() if each), "")
    name = lack.path.strip("/") or lack.gap.value
    return f"{label} ({name})" if label else name


def lists_of(unit: Unit, version_id: int) -> list[str]:
    """The entity lists that a version carries, by name."""
    return [file.entity_list for file in media_store.media_of(unit, version_id) if file.entity_list is not None]


def linked(unit: Unit, **_path: object) -> Linked:
    """The link that asks, with its form.

    Raises: NotFound, when somebody else asks.
    """
    link = store.link_by_id(unit, unit.actor_id or 0)
    return Linked(link, forms_store.form_by_id(unit, link.form_id))


def open_version(unit: Unit, found: Linked, version: str | None = None) -> int:
    """The version that the link may show now; of this *version*, for a page that was opened while it was the newest.

    Raises: FormTakesNothing, LinkUsed, CannotBeFilled, GivesListsAway; NotFound, for a version older than the link.
    """
    if found.form.state != "open" or found.form.version_id is None:
        raise FormTakesNothing
    if found.link.used_for is not None:
        raise LinkUsed
    shown = found.form.version_id if version is None else _once_open(unit, found, version)
    check(unit, shown, shares_lists=found.link.shares_lists)
    return shown


def _once_open(unit: Unit, found: Linked, version: str) -> int:
    for each in versions.versions_of(unit, found.form.id):
        if each.version == version:
            return each.id
        if each.published_at is not None and each.published_at <= found.link.created_at:
            break  # what came before was never shown through this link
    raise NotFound


def named_in(xform: bytes) -> frozenset[str]:
    """Every word of the form's expressions: a column that none of them names is never looked at."""
    return frozenset(
        word for element in parse(xform).iter("*") for value in element.attrib.values() for word in _WORD.findall(str(value))
    )


def receive(unit: Unit, found: Linked, sent: Sent) -> Received:
    """Keep *sent* in the link's form; durable once the unit has ended.

    Raises: UnknownForm, for another form; LinkUsed, LinkOnlyAdds, MissingField, and what `receiving.receive` raises.
    """
    if sent.envelope.deprecated_id is not None:
        raise LinkOnlyAdds
    if sent.envelope.instance_id is None:
        raise MissingField(field="instanceID")
    if found.link.once and not store.use(unit, found.link.id, sent.envelope.instance_id):
        raise LinkUsed

    def may_submit(target: Target) -> None:
        if target.form_id != found.form.id:
            raise UnknownForm

    return receiving.receive(unit, found.project_id, sent, may_submit=may_submit)
