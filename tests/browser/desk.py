"""A desk where forms are designed and filled in the browser, and what the server keeps of that."""

from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree
from sqlalchemy import select

from cases import targets
from forms import publishing, uploading
from server.web.surface import Site
from storage import unit_of_work
from storage.schema import actor, submission_attachment, submission_version
from tests.support.builders import Person


@dataclass
class Desk:
    """A programme on the web server, and somebody who enters forms at a desk there."""

    site: Site
    address: str
    person: Person
    project_id: int
    asked: list[str] = field(default_factory=list)

    def publish(self, spreadsheet: Path) -> None:
        """Compile and publish a form, as an upload does."""
        made = uploading.prepare(self.site.blobs, spreadsheet, targets)
        with unit_of_work.writing(self.site.database) as unit:
            publishing.publish(unit, self.project_id, made.compiled)

    def arrived(self) -> list[etree._Element]:
        """The XML of every submission, the oldest first."""
        with unit_of_work.reading(self.site.database) as unit:
            kept = unit.connection.execute(select(submission_version.c.xml).order_by(submission_version.c.id)).scalars().all()
        return [etree.fromstring(xml) for xml in kept]

    def only(self) -> etree._Element:
        """The one submission that arrived."""
        (one,) = self.arrived()
        return one

    def files(self) -> list[tuple[str, str]]:
        """The names of files that arrived, with their types."""
        with unit_of_work.reading(self.site.database) as unit:
            rows = unit.connection.execute(
                select(submission_attachment.c.name, submission_attachment.c.content_type).where(
                    submission_attachment.c.blob_sha256.is_not(None)
                )
            )
            return [(row.name, row.content_type) for row in rows]

    def sent_by(self) -> list[str]:
        """Who sent, by name."""
        with unit_of_work.reading(self.site.database) as unit:
            return list(
                unit.connection.execute(
                    select(actor.c.display_name).join(submission_version, submission_version.c.submitter_id == actor.c.id)
                ).scalars()
            )
