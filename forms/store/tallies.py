"""Counts that lists show beside projects, forms and app users."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, literal_column, select

from storage.schema import (
    actor,
    app_user,
    audit,
    entity,
    entity_list,
    form,
    form_version,
    public_link,
    submission,
    submission_version,
)
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class ProjectTally:
    """What lies in a project: app users, revoked or not, forms, published or not, entity lists, and what came last."""

    app_users: int = 0
    forms: int = 0
    last_submission_at: datetime | None = None
    entity_lists: int = 0
    last_entity_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FormTally:
    """What came for a form (submissions that were not deleted, by review state), and who made it."""

    submissions: int = 0
    received: int = 0
    has_issues: int = 0
    edited: int = 0
    last_submission_at: datetime | None = None
    created_by: int | None = None
    public_links: int = 0


def project_tallies(unit: Unit) -> Mapping[int, ProjectTally]:
    """The tally of each project that has anything.

    Source: ODK Central, GET /projects, which counts revoked app users and drafts too.
    """
    of_form = submission.c.form_id == form.c.id
    live = form.c.deleted_at.is_(None)
    app_users = _by_project(
        unit,
        select(app_user.c.project_id, func.count())
        .join(actor, actor.c.id == app_user.c.actor_id)
        .where(actor.c.deleted_at.is_(None))
        .group_by(app_user.c.project_id),
    )
    forms = _by_project(unit, select(form.c.project_id, func.count()).where(live).group_by(form.c.project_id))
    last = _by_project(
        unit,
        select(form.c.project_id, func.max(submission.c.created_at))
        .join(submission, of_form)
        .where(live, submission.c.draft.is_(False), submission.c.deleted_at.is_(None))
        .group_by(form.c.project_id),
    )
    in_use = entity_list.c.deleted_at.is_(None)
    lists = _by_project(unit, select(entity_list.c.project_id, func.count()).where(in_use).group_by(entity_list.c.project_id))
    entities = _by_project(
        unit,
        select(entity_list.c.project_id, func.max(entity.c.created_at))
        .join(entity, entity.c.entity_list_id == entity_list.c.id)
        .where(entity.c.deleted_at.is_(None), in_use)
        .group_by(entity_list.c.project_id),
    )
    found = app_users.keys() | forms.keys() | last.keys() | lists.keys() | entities.keys()
    return {
        each: ProjectTally(app_users.get(each, 0), forms.get(each, 0), last.get(each), lists.get(each, 0), entities.get(each))
        for each in found
    }


def form_tallies(
    unit: Unit, project_id: int, form_id: int | None = None, *, draft: bool = False, deleted: bool = False
) -> Mapping[int, FormTally]:
    """The tally of each form of a project, or of the one with *form_id*.

    *draft*: of what was sent to try its draft instead; *deleted*: of the forms in the trash instead.
    """
    where = [form.c.project_id == project_id, form.c.deleted_at.is_not(None) if deleted else form.c.deleted_at.is_(None)]
    if form_id is not None:
        where.append(form.c.id == form_id)
    state = submission.c.review_state

    def counted(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    # A literal, so that SQLite sees that the index on just these rows will do.
    made = (audit.c.form_id == form.c.id, audit.c.action == literal_column("'form.create'"))
    created = select(audit.c.actor_id).where(*made).order_by(audit.c.id).limit(1).correlate(form).scalar_subquery()
    uploaded = (
        select(form_version.c.created_by)
        .where(form_version.c.form_id == form.c.id)
        .order_by(form_version.c.id)
        .limit(1)
        .correlate(form)
        .scalar_subquery()
    )
    links = (
        select(func.count())
        .where(public_link.c.form_id == form.c.id, public_link.c.token.is_not(None))
        .correlate(form)
        .scalar_subquery()
    )
    rows = unit.connection.execute(
        select(
            form.c.id,
            func.count(submission.c.id),
            counted(submission.c.id.is_not(None) & state.is_(None)),
            counted(state == "hasIssues"),
            counted(state == "edited"),
            func.max(submission.c.created_at),
            func.coalesce(created, uploaded),
            links,
        )
        .outerjoin(
            submission,
            (submission.c.form_id == form.c.id) & submission.c.draft.is_(draft) & submission.c.deleted_at.is_(None),
        )
        .where(*where)
        .group_by(form.c.id)
    )
    return {row[0]: FormTally(row[1], int(row[2]), int(row[3]), int(row[4]), row[5], row[6], row[7]) for row in rows}


def last_used(unit: Unit, project_id: int) -> Mapping[int, datetime]:
    """When each app user of a project last sent something, by actor."""
    return _by_project(
        unit,
        select(app_user.c.actor_id, func.max(submission_version.c.created_at))
        .join(submission_version, submission_version.c.submitter_id == app_user.c.actor_id)
        .where(app_user.c.project_id == project_id)
        .group_by(app_user.c.actor_id),
    )


def _by_project(unit: Unit, query: Any) -> dict[int, Any]:
    return {row[0]: row[1] for row in unit.connection.execute(query)}
