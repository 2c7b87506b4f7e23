"""Did everything arrive? One page for a supervisor: silent tablets, what lacks files or encryption, what was refused."""

from datetime import timedelta

from forms.store import deliveries as store
from forms.store import projects as projects_store
from forms.store import uploads
from forms.store.projects import Project
from server.access.verbs import Verb
from server.admin.pages import page, tabs
from server.admin.surface import admin
from server.web.answers import Answer
from server.web.surface import Ask

DAYS = (1, 3, 7, 30)
DAYS_UNLESS_ASKED = 3
LINES_MOST = 100


@admin.get("/projects/<int:project_id>/deliveries", needs=Verb.DELIVERY_READ, finds=projects_store.project_of)
def deliveries_page(ask: Ask[Project]) -> Answer:
    """The project's deliveries; `?days=` says after how long a tablet counts as silent. No answer stands here, nor any name of a
    submission, since forms put people's names there."""
    asked = ask.query.get("days", "")
    days = int(asked) if asked in map(str, DAYS) else DAYS_UNLESS_ASKED
    senders = store.senders(ask.unit, ask.found.id)
    silent = store.silent(senders, ask.unit.now - timedelta(days=days))
    return page(
        ask,
        "deliveries.html",
        days=days,
        choices=DAYS,
        standing=store.standing(ask.unit, ask.found.id),
        lacking=store.lacking(ask.unit, ask.found.id, most=LINES_MOST),
        in_clear=store.in_clear(ask.unit, ask.found.id, most=LINES_MOST),
        waiting=uploads.waiting(ask.unit, ask.found.id),
        senders=[*silent, *(each for each in senders if each not in silent)],
        silent={each.actor_id for each in silent},
        **tabs(ask, ask.found, "deliveries"),
    )
