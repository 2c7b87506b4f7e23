"""Which files a submission says it has, before any of them has arrived."""

from dataclasses import dataclass

from forms.definition.model import Definition
from forms.submission.answers import Node
from forms.submission.envelope import Envelope


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """A file that a submission names, and the field that names it ("" for the parts of an encrypted submission)."""

    name: str
    path: str


def expected(definition: Definition, answers: Node) -> list[ExpectedFile]:
    """The files named by *answers*, each name once, in the form's order; `meta/audit` is one of them.

    Source: SB-71, SB-72 and SB-74; ODK Central, submission attachments.
    """
    order = {path: definition.by_path[path].order for path in definition.binaries}
    named: dict[str, str] = {}
    for node in answers.walk():
        for path in order.keys() & node.values.keys():
            name = node.values[path].strip()
            if name and order[path] < order.get(named.get(name, ""), len(definition.fields)):
                named[name] = path
    return [ExpectedFile(name, path) for name, path in sorted(named.items(), key=lambda each: order[each[1]])]


def expected_encrypted(envelope: Envelope) -> list[ExpectedFile]:
    """The files that an encrypted submission is made of.

    Source: SB-81, SB-82.
    """
    return [ExpectedFile(name, "") for name in dict.fromkeys(envelope.files)]
