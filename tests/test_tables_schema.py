"""`check` holds a table to its schema, and the schemas hold together."""

import pandas as pd
import pytest

from analysis import tables
from analysis.errors import TableError
from analysis.tables import Column, Schema, check

TERMS = {"article": ["a", "a"], "part": ["title", "lede"], "term": ["coup", "coup"], "count": [1, 2]}
ALL = [value for value in vars(tables).values() if isinstance(value, Schema)]


def _terms(**changed):
    return pd.DataFrame({**TERMS, **changed})


def test_check_orders_columns_casts_them_and_drops_others():
    shuffled = _terms(more=[0, 0], count=[1.0, 2.0])[["count", "more", "term", "part", "article"]]
    checked = check(shuffled.set_axis([7, 9]), tables.TERMS)
    assert ["article", "part", "term", "count"] == list(checked)
    assert ["str", "str", "str", "int64"] == [str(dtype) for dtype in checked.dtypes]
    assert [0, 1] == list(checked.index)
    assert [1, 2] == checked["count"].to_list()


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [
        (_terms().drop(columns="part"), "part", "missing; the table has article, term, count"),
        (_terms(part=["title", "footer"]), "part", "'footer' is none of title, lede, rest"),
        (_terms(term=["coup", None]), "term", "1 values are missing; it must be complete"),
        (_terms(count=[1, 1.5]), "count", "1 values cannot be, the least of them 1.5"),
        (_terms(part=["title"] * 2), "article, part, term", "1 rows repeat their key, first ['a', 'title', 'coup']"),
    ],
)
def test_check_names_table_column_and_fault(table, column, expected):
    with pytest.raises(TableError) as raised:
        check(table, tables.TERMS)
    assert f"table TERMS, column {column!r}: {expected}" == str(raised.value)


def test_a_text_that_is_no_number_is_refused():
    with pytest.raises(TableError, match="table TERMS, column 'count': is not integer: "):
        check(_terms(count=["one", "2"]), tables.TERMS)


def test_only_optional_columns_and_numbers_may_be_missing():
    schema = Schema("T", "row", (Column("a", "text", "", "", ("x",), optional=True), Column("n", "number", "", "")))
    checked = check(pd.DataFrame({"a": ["x", None], "n": [None, 1]}), schema)
    assert [False, True] == checked["a"].isna().to_list()
    assert [True, False] == checked["n"].isna().to_list()


@pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema.name)
def test_every_schema_can_be_empty_and_is_the_data_dictionary(schema):
    """Each column says what it means; keys are columns; an empty table passes its own check."""
    assert {column.kind for column in schema.columns} <= set(tables.DTYPES)
    assert all(column.meaning for column in schema.columns)
    assert len(set(schema.names)) == len(schema.names)
    assert set(schema.key) <= set(schema.names)
    empty = tables.empty(schema)
    pd.testing.assert_frame_equal(empty, check(empty, schema), check_index_type=False)
    assert schema.names == list(empty)
