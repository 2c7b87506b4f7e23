"""What a form may name as the place of an answer."""

import pytest

from cases.targets import problem_of
from forms.definition.model import Definition


def test_the_programmes_forms_name_only_places_that_exist(programme: dict[str, Definition]) -> None:
    named = [(field, field.case_to) for one in programme.values() for field in one.fields if field.case_to]

    assert len(named) > 300
    assert [(field.path, why) for field, to in named if (why := problem_of(to, in_repeat=field.repeat is not None))] == []


@pytest.mark.parametrize(
    "target",
    [
        "person.shoe_size",
        "horse.name",
        "person[x].sex",
        "consent[everything].decision",
        "person",
        "service[1].type",
        "",
        "referral.state",
        "referral[]",
        "person.sex; drop",
        "event.kind",
        "case.status",
        "guarded_value.value",
    ],
)
def test_a_place_that_does_not_exist_is_refused(target: str) -> None:
    assert problem_of(target, in_repeat=False) is not None


def test_a_single_place_is_refused_in_a_repeat() -> None:
    assert problem_of("person.sex", in_repeat=True) is not None
    assert problem_of("service[].type", in_repeat=True) is None
    assert problem_of("attachment[lab_result]", in_repeat=True) is None
    assert problem_of("-", in_repeat=True) is None
