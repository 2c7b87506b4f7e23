"""Which submissions said something about an entity."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from storage.schema import entity_version, form, submission, submission_version
from storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Source:
    """The submission version that a version of an entity came from; *instance_id* is the submission's first one."""

    form_id: int
    xml_form_id: str
    form_deleted: bool
    instance_id: str
    version_instance_id: str
    instance_name: str | None
    submitter_id: int | None
    device_id: str | None
    user_agent: str | None
    review_state: str | None
    received_at: datetime
    current: bool
    deleted: bool

    @property
    def is_edit(self) -> bool:
        """Whether what was sent replaced something."""
        return self.version_instance_id != self.instance_id


def sources(unit: Unit, entity_row: int) -> Mapping[int, Source]:
    """By the number of the entity's version, where that came from a submission that was not purged."""
    sent = submission_version
    rows = unit.connection.execute(
        select(
            entity_version.c.version,
            form.c.id,
            form.c.xml_form_id,
            form.c.deleted_at.is_not(None),
            submission.c.instance_id,
            sent.c.instance_id,
            sent.c.instance_name,
            sent.c.submitter_id,
            sent.c.device_id,
            sent.c.user_agent,
            submission.c.review_state,
            sent.c.created_at,
            sent.c.current,
            submission.c.deleted_at.is_not(None),
        )
        .join(sent, sent.c.id == entity_version.c.submission_version_id)
        .join(submission, submission.c.id == sent.c.submission_id)
        .join(form, form.c.id == submission.c.form_id)
        .where(entity_version.c.entity_id == entity_row)
    )
    return {row[0]: Source(*row[1:]) for row in rows}
