"""How a submission came to be what it is: what each edit of it changed."""

from collections.abc import Iterator

from forms.definitions import definition_of
from forms.store import pulling
from forms.store import submissions as store
from forms.store.submissions import Version
from forms.submission import comparing
from forms.submission.comparing import Change
from storage.unit_of_work import Unit


def edits(unit: Unit, submission_id: int) -> Iterator[tuple[str, list[Change]]]:
    """The instance id of each edit with what it changed, the newest first.

    Each two are laid out by both of the form's versions that they answer, as far as those are known.

    Source: ODK Central, GET …/submissions/{instanceId}/diffs.
    """
    after: Version | None = None
    for each in pulling.versions(unit, submission_id):
        before = store.version(unit, each.id)
        if after is not None:
            yield after.instance_id, edit(unit, before, after)
        after = before


def edit(unit: Unit, before: Version, after: Version) -> list[Change]:
    """What the later of two versions of a submission changed."""
    known = {before.form_version_id, after.form_version_id} - {None}
    layout = comparing.layout_of(definition_of(unit, number) for number in known if number is not None)
    old, new = (comparing.tree(sent.xml, layout) for sent in (before, after))
    return list(comparing.changes(old, new))
