"""CSV tables have Central's columns, in Central's order, and give back exactly what was sent."""

import csv
import io
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from forms.definition.model import Field
from forms.export import csv_tables
from forms.export.csv_tables import Column, Layout, Writing
from forms.export.submission_row import Status, SubmissionRow
from forms.submission.answers import Node
from tests.forms.export.rows import BLANK, DEFINITION, row


def _tables(layout: Layout, *rows: SubmissionRow) -> dict[str, list[dict[str, str]]]:
    made: dict[str, list[dict[str, str]]] = {}
    for each in rows:
        for table, cells in layout.rows(each):
            assert len(cells) == len(table.header)
            made.setdefault(table.name, []).append(dict(zip(table.header, cells, strict=True)))
    return made


def test_the_root_has_centrals_columns_in_centrals_order() -> None:
    assert csv_tables.layout(DEFINITION.fields).root.header == (
        "SubmissionDate", "start", "age", "weight", "born", "agreed", "home-Latitude", "home-Longitude", "home-Altitude",
        "home-Accuracy", "path", "field", "langs", "photo", "contact-phone", "contact-e-mail", "meta-instanceID",
        "meta-instanceName", "KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status",
        "ReviewState", "DeviceID", "Edits", "FormVersion",
    )  # fmt: skip


def test_each_repeat_has_a_table_that_points_to_its_parent() -> None:
    made = _tables(csv_tables.layout(DEFINITION.fields), row())

    assert made["-child"] == [
        {"nick": "Awa", "size-height": "90", "PARENT_KEY": "uuid:1", "KEY": "uuid:1/family/child[1]"},
        {"nick": "Bah", "size-height": "", "PARENT_KEY": "uuid:1", "KEY": "uuid:1/family/child[2]"},
    ]
    assert made["-toy"] == [
        {"label": "ball", "PARENT_KEY": "uuid:1/family/child[1]", "KEY": "uuid:1/family/child[1]/toy[1]"},
        {"label": "car, red", "PARENT_KEY": "uuid:1/family/child[1]", "KEY": "uuid:1/family/child[1]/toy[2]"},
    ]
    assert made["-visit"] == [{"day": "2026-02-01", "PARENT_KEY": "uuid:1", "KEY": "uuid:1/visit[1]"}]


def test_the_root_row_holds_answers_and_what_the_server_knows() -> None:
    [made] = _tables(csv_tables.layout(DEFINITION.fields), row())[""]

    assert made["SubmissionDate"] == "2026-01-31T09:00:00.123Z"
    assert (made["age"], made["langs"], made["contact-phone"]) == ("30", "fr bm", "+22370000000")
    assert [made[f"home-{part}"] for part in csv_tables.GEOPOINT_PARTS] == ["12.6", "-8.0", "350.5", "4.2"]
    assert (made["KEY"], made["SubmitterID"], made["SubmitterName"]) == ("uuid:1", "7", "tablet 1")
    assert (made["AttachmentsPresent"], made["AttachmentsExpected"], made["Edits"], made["FormVersion"]) == ("0", "1", "0", "1")


def test_a_submission_without_readable_answers_still_has_its_row() -> None:
    layout = csv_tables.layout(DEFINITION.fields)
    [made] = _tables(layout, replace(BLANK, status=Status.UNREADABLE))[""]

    assert made["KEY"] == "uuid:1"
    assert made["Status"] == "unreadable"
    assert made["age"] == ""


def test_group_paths_can_be_left_out_of_the_header() -> None:
    layout = csv_tables.layout(DEFINITION.fields, group_paths=False)

    assert "phone" in layout.root.header
    assert layout.repeats["/family/child"].header[:2] == ("nick", "height")


def test_a_split_select_gets_a_column_for_each_choice_and_keeps_its_own() -> None:
    layout = csv_tables.layout(DEFINITION.fields, split={"/langs": ("fr", "bm", "other")})
    made = _tables(layout, row(), row("<langs/>", "uuid:2"))[""]

    titles = ["langs", "langs/fr", "langs/bm", "langs/other"]
    assert [made[0][title] for title in titles] == ["fr bm", "1", "1", "0"]
    # Nobody answered: that is not "none of them".
    assert [made[1][title] for title in titles] == ["", "", "", ""]


def test_repeats_of_one_name_are_numbered() -> None:
    fields = [
        Field("/a", "a", "structure", 0),
        Field("/a/child", "child", "repeat", 1),
        Field("/b", "b", "structure", 2),
        Field("/b/child", "child", "repeat", 3),
    ]

    assert [table.name for table in csv_tables.layout(fields).repeats.values()] == ["-child~1", "-child~2"]


def test_answers_of_another_version_are_left_out() -> None:
    made = _tables(
        csv_tables.layout([Field("/age", "age", "int", 0)]),
        replace(BLANK, answers=Node({"/age": "3", "/gone": "x"}, {"/gone_repeat": [Node({"/gone_repeat/x": "y"})]})),
    )

    assert list(made) == [""]
    assert made[""][0]["age"] == "3"


def test_a_geopoint_with_fewer_or_more_parts_keeps_its_columns() -> None:
    point = Column("/p", geopoint=True)

    assert point.cells("1 2") == ["1", "2", "", ""]
    assert point.cells("1 2 3 4 5") == ["1", "2", "3", "4"]
    assert point.cells(None) == ["", "", "", ""]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(st.lists(texts, min_size=3, max_size=3), max_size=20))
def test_what_was_written_is_what_is_read(rows: list[list[str]]) -> None:
    writing = Writing(["a", "b", "c"])
    for cells in rows:
        writing.add(cells)

    read = list(csv.reader(io.StringIO(writing.taken().decode(), newline="")))

    assert read == [["a", "b", "c"], *rows]
    assert writing.taken() == b""


@given(st.dictionaries(st.sampled_from(["/age", "/contact/phone", "/langs", "/start"]), texts))
def test_answers_survive_the_way_through_csv(values: dict[str, str]) -> None:
    layout = csv_tables.layout(DEFINITION.fields)
    writing = Writing(layout.root.header)
    writing.add(next(layout.rows(replace(BLANK, answers=Node(values))))[1])

    [read] = csv.DictReader(io.StringIO(writing.taken().decode(), newline=""))

    assert {f"/{name.replace('-', '/')}": read[name] for name in ("age", "contact-phone", "langs", "start") if read[name]} == {
        path: text for path, text in values.items() if text
    }
