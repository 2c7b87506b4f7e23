"""One shape, declared for the projection and for the database."""

from sqlalchemy import JSON, Boolean, Date, Double, Integer, Text

from cases.record import COMMON, KEPT, SOURCE, Kind
from cases.sensitivity import RANK
from cases.store.records import TABLES
from storage.schema.base import Moment

TYPES = {
    Kind.TEXT: Text,
    Kind.CODE: Text,
    Kind.MONTH: Text,
    Kind.POINT: Text,
    Kind.CODES: JSON,
    Kind.INTEGER: Integer,
    Kind.NUMBER: Double,
    Kind.BOOLEAN: Boolean,
    Kind.DATE: Date,
    Kind.MOMENT: Moment,
}


def test_the_tables_of_the_database_have_the_shape_of_the_record() -> None:
    for name, shape in KEPT.items():
        columns = TABLES[name].columns
        assert tuple(columns.keys()) == (*COMMON, *shape.kept)
        assert [type(columns[one].type) for one in shape.kept] == [TYPES[shape.columns[one].kind] for one in shape.kept], name
    assert tuple(TABLES["record_source"].columns.keys()) == SOURCE


def test_no_column_is_less_guarded_than_its_table() -> None:
    for shape in KEPT.values():
        assert all(RANK[column.class_] >= RANK[shape.class_] for column in shape.columns.values()), shape.name
