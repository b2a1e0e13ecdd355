"""Tables of features by number hold what the files hold, however these are cut into partitions."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import tables
from analysis.errors import FeaturesBroken, TableError
from analysis.study import featuretable, load_study
from analysis.study.featuretable import read_articles, read_table

NUMBERED = [schema for schema in tables.FEATURES if schema.numbered and schema is not tables.SIGNATURES]


@pytest.mark.parametrize("rows", [3, 1_000])
@pytest.mark.parametrize("schema", NUMBERED, ids=lambda schema: schema.name)
def test_text_by_number_is_the_text_of_the_file_sorted_by_article(study_folder, monkeypatch, schema, rows):
    """In several partitions whose articles are out of order, and with keys looked for a few rows at a time."""
    path = study_folder / "features" / f"{schema.name.lower()}.parquet"
    plain = pd.read_parquet(path)
    shuffled = plain.sort_values("article", kind="stable", ascending=False)
    pq.write_table(pa.Table.from_pandas(shuffled, preserve_index=False), path, row_group_size=rows)
    monkeypatch.setattr(featuretable, "_ROWS", 4)
    found = read_table(path, schema, articles=["zzz"])
    expected = plain.sort_values("article", kind="stable", ignore_index=True)
    assert {"category"} == {str(found[column.name].dtype) for column in schema.columns if column.kind == "text"}
    pd.testing.assert_frame_equal(expected, found.astype(expected.dtypes.to_dict()))
    assert sorted({*plain["article"], "zzz"}) == list(found["article"].cat.categories)
    assert set(plain["article"]) == read_articles(path, schema)


def test_a_key_that_occurs_twice_is_found_in_whichever_partition(study_folder, monkeypatch):
    path = study_folder / "features" / "terms.parquet"
    plain = pd.read_parquet(path)
    table = pd.concat([plain, plain.iloc[[5]]])
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, row_group_size=3)
    monkeypatch.setattr(featuretable, "_ROWS", 4)
    with pytest.raises(TableError, match="1 rows repeat their key"):
        read_table(path, tables.TERMS)


def test_an_article_has_the_same_number_in_every_table(small_study):
    first, *others = (small_study.features(schema)["article"].cat.categories for schema in NUMBERED)
    assert list(small_study.articles["article"]) == list(first)
    assert all(first.equals(other) for other in others)


def test_a_column_that_is_not_there_is_told_before_any_value_is_read(study_folder):
    path = study_folder / "features" / "terms.parquet"
    pd.read_parquet(path).drop(columns="count").to_parquet(path)
    with pytest.raises(FeaturesBroken, match=r"column 'count': missing"):
        load_study(study_folder).check_features()


@pytest.mark.parametrize("schema", NUMBERED, ids=lambda schema: schema.name)
def test_a_table_without_a_row_is_one(study_folder, schema):
    """With a partition that is empty, or with none."""
    path = study_folder / "features" / f"{schema.name.lower()}.parquet"
    for table in (tables.empty(schema), pd.read_parquet(path).iloc[:0]):
        table.to_parquet(path)
        assert (0, schema.names) == (len(found := read_table(path, schema)), list(found.columns))
        assert set() == read_articles(path, schema)
