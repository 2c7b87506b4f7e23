"""A case record as a pure function of the facts that were sent.

Nobody edits a record. Whatever arrives, in whatever order and however often, the sheets in force are put in order of
precedence and the whole record is made from them; so a rebuild gives the same bytes as the days that led there.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid5

from cases import phases
from cases.fact import SUPERSEDED, FactSheet, in_force
from cases.projection import closing, followup, health, people, protection, referral, services, timeline
from cases.projection.drafting import Draft, said_issues
from cases.record import Record

HELD = UUID("1f0e2f0c-6d0b-5c4e-9c5c-5b6a0a1d7a11")
"""The namespace of the ids of records that no form named: visits in holding, help to people who stayed unregistered."""

PARTS = (
    people.person,
    people.identifiers,
    people.contact_points,
    people.household,
    people.journey,
    protection.consents,
    protection.vulnerabilities,
    protection.screens,
    protection.risks,
    protection.notes,
    protection.feedback,
    health.visits,
    health.observations,
    health.screens,
    health.lab_tests,
    health.fitness,
    followup.followups,
    said_issues,
)


def holding_id(project_id: int, form: str, submission: str) -> str:
    """The id of the record that a submission has of its own while it belongs to no case."""
    return str(uuid5(HELD, f"{project_id}\0{form}\0{submission}"))


def project(case_id: str, sheets: Iterable[FactSheet]) -> Record:
    """The record that *sheets* make: no rows at all when none of them is in force.

    *sheets*: every version of every submission that belongs to the case, and the superseded ones that once did; any order, any
    repetition.
    """
    told = list(sheets)
    counted = in_force(told)
    draft = Draft(case_id, counted)
    if not counted:
        return draft.record()
    here = {(sheet.form, sheet.submission) for sheet in counted}
    moved = {
        s.submission: s
        for s in sorted(told, key=lambda s: s.precedence)
        if s.standing == SUPERSEDED and (s.form, s.submission) not in here
    }
    if any(sheet.registered for sheet in counted):
        closed_on = _registered(draft)
        timeline.events(draft, moved.values(), closed_on=closed_on)
        _sources(draft, list(moved.values()))
    else:
        services.anonymous(draft)
        said_issues(draft)
        timeline.events(draft, (), closed_on=None)
        _sources(draft, [])
    return draft.record()


def _registered(draft: Draft) -> str | None:
    """Everything about a person; returns the day the case was closed, if it is."""
    for part in PARTS:
        part(draft)
    sent = referral.referrals(draft)
    given = services.services(draft, health.admissions(draft))
    found = phases.episodes(draft.sheets)
    phase = closing.episodes(draft, found, given, sent)
    closing.case(draft, found[-1], phase)
    closing.tasks(draft, sent, closed=found[-1].closed_on is not None)
    return found[-1].closed_on


def _sources(draft: Draft, moved: list[FactSheet]) -> None:
    """One row for each submission the record rests on, with the episode it falls into."""
    ordinal = {id(sheet): episode.ordinal for episode in phases.episodes(draft.sheets) for sheet in episode.sheets}
    rows: list[tuple[Any, ...]] = [
        (
            draft.case_id,
            sheet.tag,
            sheet.form,
            sheet.form_version,
            sheet.submission,
            sheet.instance_id,
            sheet.channel,
            sheet.event_at,
            sheet.device_time,
            sheet.received_at,
            sheet.device_id,
            sheet.staff_code,
            ordinal.get(id(sheet)),
        )
        for sheet in (*draft.sheets, *moved)
    ]
    draft.rows["record_source"] = rows
