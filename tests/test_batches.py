"""Tables of features read batch by batch: the values of the file, and every error that the whole table would have."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import tables
from analysis.errors import TableError
from analysis.study import batches
from analysis.study.batches import Source, rows_of

NUMBERED = {schema.name: schema for schema in (tables.TERMS, tables.SENTENCES, tables.MENTIONS)}


def source(folder, name, articles=None):
    path = folder / "features" / f"{name.lower()}.parquet"
    ids = sorted(pd.read_parquet(folder / "features" / "articles.parquet")["article"]) if articles is None else articles
    return Source(path, NUMBERED[name], ids)


def rewritten(given, change=lambda table: table, rows=1_000):
    table = change(pd.read_parquet(given.path))
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), given.path, row_group_size=rows)


@pytest.mark.parametrize("held", [4, 1_000])
@pytest.mark.parametrize("rows", [3, 1_000])
@pytest.mark.parametrize("name", NUMBERED)
def test_batches_hold_what_the_file_holds(study_folder, monkeypatch, name, rows, held):
    """In partitions of three rows or one, and of more rows than a batch may have."""
    given = source(study_folder, name)
    rewritten(given, rows=rows)
    monkeypatch.setattr(batches, "ROWS", held)
    expected = pd.read_parquet(given.path)
    parts = list(given.checked(*expected.columns))
    assert all(len(batch) <= held for _, batch in parts)
    assert (len(expected) == rows_of(given.path)) and (len(parts) > 1) == (min(rows, held) < len(expected))
    found = pd.concat([batch.astype(expected.dtypes.to_dict()) for _, batch in parts], ignore_index=True)
    pd.testing.assert_frame_equal(expected, found)
    numbers = np.concatenate([number for number, _ in parts])
    assert expected["article"].to_list() == [given.articles[number] for number in numbers]


def test_rows_of_articles_that_the_study_lacks_are_left_out(study_folder):
    given = source(study_folder, "TERMS", ["north-1", "south-2"])
    found = {article for _, batch in given.checked("count") for article in batch["article"]}
    assert {"north-1", "south-2"} == found


@pytest.mark.parametrize("rows", [3, 1_000])
@pytest.mark.parametrize("name", NUMBERED)
def test_a_key_that_occurs_twice_is_found_in_one_partition_or_in_two(study_folder, name, rows):
    given = source(study_folder, name)
    rewritten(given, lambda table: pd.concat([table, table.iloc[[5]]]), rows)
    with pytest.raises(TableError, match="1 rows repeat their key"):
        list(given.checked())


def test_an_article_may_lie_in_two_partitions(study_folder):
    given = source(study_folder, "TERMS")
    rewritten(given, lambda table: table.sort_values("term", kind="stable"), 7)
    assert sum(len(batch) for _, batch in given.checked()) == rows_of(given.path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda table: table.drop(columns="count"), "column 'count': missing"),
        (lambda table: table.assign(part="body"), "'body' is none of title, lede, rest"),
        (lambda table: table.assign(count=table["count"].where(table.index > 3)), "values are missing"),
        (lambda table: table.assign(term=table["term"].where(table.index > 3)), "values are missing"),
    ],
)
def test_a_table_that_breaks_its_schema_is_told(study_folder, change, told):
    given = source(study_folder, "TERMS")
    rewritten(given, change)
    with pytest.raises(TableError, match=told):
        list(given.checked("count"))


@pytest.mark.parametrize("name", NUMBERED)
def test_a_table_without_a_row_has_no_batch_with_one(study_folder, name):
    given = source(study_folder, name)
    for table in (tables.empty(given.schema), pd.read_parquet(given.path).iloc[:0]):
        table.to_parquet(given.path)
        assert 0 == sum(len(batch) for _, batch in given.checked(*given.schema.names))
