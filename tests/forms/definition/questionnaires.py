"""Small questionnaires as data, written out as XForms: what a law about versions of a form needs to vary."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

from forms.definition.model import Definition
from forms.definition.reading import read

NAMESPACES = (
    'xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" '
    'xmlns:case="urn:siraba:case:1" xmlns:entities="http://www.opendatakit.org/xforms/entities"'
)


@dataclass(frozen=True)
class Question:
    """A question; `relevant` may name another one as `${name}`; a group when `inside` is not None."""

    name: str
    label: str
    type: str = "string"
    choices: tuple[str, ...] = ()
    relevant: str = ""
    attributes: str = ""
    inside: tuple["Question", ...] | None = None


@dataclass(frozen=True)
class Questionnaire:
    questions: tuple[Question, ...]
    version: str = "1"
    entity: str = ""
    more: str = field(default="")

    @property
    def definition(self) -> Definition:
        return read(self.xform)

    @property
    def xform(self) -> bytes:
        places = dict(_places(self.questions, "/data"))
        listed = [(question, path) for question, path in _walk(self.questions, "/data")]
        return (
            f"<h:html {NAMESPACES}><h:head><h:title>Q</h:title><model><instance>"
            f'<data id="q" version="{self.version}">{"".join(map(_node, self.questions))}'
            f"<meta><instanceID/>{self.entity}</meta></data></instance>"
            f"{''.join(_bind(question, path, places) for question, path in listed)}{self.more}"
            f"</model></h:head><h:body>{''.join(_control(question, '/data') for question in self.questions)}</h:body></h:html>"
        ).encode()

    def renamed(self, old: str, new: str) -> "Questionnaire":
        return replace(self, questions=tuple(_renamed(each, old, new) for each in self.questions))


def _renamed(question: Question, old: str, new: str) -> Question:
    inside = None if question.inside is None else tuple(_renamed(each, old, new) for each in question.inside)
    name = new if question.name == old else question.name
    relevant = question.relevant.replace("${" + old + "}", "${" + new + "}")
    return replace(question, name=name, relevant=relevant, inside=inside)


def _walk(questions: Iterable[Question], path: str) -> Iterable[tuple[Question, str]]:
    for each in questions:
        yield each, f"{path}/{each.name}"
        yield from _walk(each.inside or (), f"{path}/{each.name}")


def _places(questions: Iterable[Question], path: str) -> Iterable[tuple[str, str]]:
    return (("${" + question.name + "}", f" {at} ") for question, at in _walk(questions, path))


def _node(question: Question) -> str:
    return f"<{question.name}>{''.join(map(_node, question.inside or ()))}</{question.name}>"


def _bind(question: Question, path: str, places: dict[str, str]) -> str:
    relevant = question.relevant
    for name, place in places.items():
        relevant = relevant.replace(name, place)
    condition = f" relevant={quoteattr(relevant)}" if relevant else ""
    kind = "" if question.inside is not None else f' type="{question.type}"'
    return f'<bind nodeset="{path}"{kind}{condition} {question.attributes}/>'


def _control(question: Question, above: str) -> str:
    path = f"{above}/{question.name}"
    label = f"<label>{escape(question.label)}</label>" if question.label else ""
    if question.inside is not None:
        return f'<group ref="{path}">{label}{"".join(_control(each, path) for each in question.inside)}</group>'
    if question.choices:
        items = "".join(f"<item><label>{each}</label><value>{each}</value></item>" for each in question.choices)
        return f'<select1 ref="{path}">{label}{items}</select1>'
    return f'<input ref="{path}">{label}</input>'


_NAMES = [f"q_{letter}{number}" for letter in "abcd" for number in range(4)]
# Labels that no two questions share, and that are not alike.
_LABELS = [
    "Quel âge avez-vous ?", "Région de départ", "Who travelled with the child", "Do you take any medicine?", "Numéro de dossier",
    "Signature", "Where will you sleep tonight", "Fièvre depuis", "Langue parlée", "Debt in francs", "Passport seen by", "Weight",
    "Has the person eaten", "Nom du village", "Photograph", "Next visit",
]  # fmt: skip


@st.composite
def questionnaires(draw: st.DrawFn) -> Questionnaire:
    """Up to a dozen questions of several types, some in a group, some with a condition on an earlier one."""
    count = draw(st.integers(1, 12))
    names, labels = draw(st.permutations(_NAMES)), draw(st.permutations(_LABELS))
    questions: list[Question] = []
    for at in range(count):
        kind = draw(st.sampled_from(["string", "int", "date", "choices"]))
        earlier = draw(st.sampled_from(["", *(each.name for each in questions)]))
        questions.append(
            Question(
                names[at],
                labels[at],
                "string" if kind == "choices" else kind,
                ("yes", "no", "unknown") if kind == "choices" else (),
                f"${{{earlier}}} != ''" if earlier else "",
            )
        )
    split = draw(st.integers(0, count))
    if split == count:
        return Questionnaire(tuple(questions))
    return Questionnaire((*questions[:split], Question("g", "More about it", inside=tuple(questions[split:]))))
