"""What an entity's versions say of each other."""

from dataclasses import dataclass, field

from forms.entity.history import changes, told


@dataclass
class Version:
    """One version; what it received is what it changed."""

    version: int
    data: dict[str, str]
    data_received: dict[str, str]
    base_version: int | None = None
    trunk_version: int | None = None
    branch_id: str | None = None
    conflict: str | None = None
    submission_id: int | None = None
    label: str = "Awa"
    branch_base_version: int | None = field(default=None)


FIRST = Version(1, {"age": "30", "town": "Gao"}, {"age": "30", "town": "Gao"}, submission_id=1)
SECOND = Version(2, {"age": "31", "town": "Gao"}, {"age": "31"}, 1, submission_id=2)


def test_without_a_conflict_the_newest_is_the_good_one_and_nothing_is_relevant() -> None:
    found = told([FIRST, SECOND])

    assert [each.last_good for each in found] == [False, True]
    assert [each.relevant for each in found] == [False, False]
    assert (found[0].base_diff, found[0].server_diff) == ((), ())
    assert (found[1].base_diff, found[1].server_diff, found[1].conflicting) == (("age",), ("age",), None)


def test_a_version_that_contradicts_what_was_said_meanwhile_names_it() -> None:
    third = Version(3, {"age": "32", "town": "Gao"}, {"age": "32"}, 1, conflict="hard", submission_id=3)
    found = told([FIRST, SECOND, third])

    assert [each.conflict for each in found] == [None, None, "hard"]
    assert (found[2].conflicting, found[2].base_diff, found[2].server_diff) == (("age",), ("age",), ("age",))
    assert [each.last_good for each in found] == [False, True, False]
    assert [each.relevant for each in found] == [True, True, True]


def test_one_that_only_came_late_contradicts_nothing() -> None:
    third = Version(3, {"age": "31", "town": "Kayes"}, {"town": "Kayes"}, 1, conflict="soft", submission_id=3)
    found = told([FIRST, SECOND, third])

    assert (found[2].conflict, found[2].conflicting) == ("soft", ())
    assert (found[2].base_diff, found[2].server_diff) == (("age", "town"), ("town",))


def test_a_conflict_is_settled_by_a_later_version_without_one() -> None:
    third = Version(3, {"age": "32", "town": "Gao"}, {"age": "32"}, 1, conflict="hard", submission_id=3)
    fourth = Version(4, {"age": "33", "town": "Gao"}, {"age": "33"}, 3)
    found = told([FIRST, SECOND, third, fourth])

    assert (found[2].conflict, found[2].resolved) == ("hard", True)
    assert [each.last_good for each in found] == [False, False, False, True]
    assert not any(each.relevant for each in found)


def test_an_edited_submission_meets_no_conflict_with_itself() -> None:
    again = Version(3, {"age": "29", "town": "Gao"}, {"age": "29"}, 1, submission_id=1)

    assert told([FIRST, SECOND, again])[2].conflict is None


def test_changes_name_the_label_last_and_say_nothing_of_what_stayed() -> None:
    after = Version(2, {"age": "31", "phone": "1"}, {}, label="Awa B.")

    assert [(each.name, each.old, each.new) for each in changes(FIRST, after)] == [
        ("age", "30", "31"),
        ("phone", "", "1"),
        ("town", "Gao", ""),
        ("label", "Awa", "Awa B."),
    ]
