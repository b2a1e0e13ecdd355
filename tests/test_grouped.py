"""Rows by part and term, by gazetteer and entry: those of the file, however it is cut and however little memory."""

import io
import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import tables
from analysis.errors import AnalysisError, FeaturesBroken, TableError
from analysis.study import grouped, load_study
from analysis.study.batches import Source

ARTICLES = ["a", "b", "c", "d"]
KEY = st.tuples(
    st.sampled_from(ARTICLES), st.sampled_from(tables.PARTS), st.sampled_from(["peru", "Árbol", "x\n", "z"])
)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where rows are kept, of this test alone."""
    monkeypatch.setattr(grouped, "find_root", lambda: tmp_path)
    return tmp_path / ".cache" / "castillo" / "grouped"


def terms_of(counts):
    rows = [(*key, count) for key, count in counts.items()]
    return pd.DataFrame(rows, columns=tables.TERMS.names).astype(tables.empty(tables.TERMS).dtypes.to_dict())


def laid(table, folder, rows=1_000):
    path = folder / "terms.parquet"
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, row_group_size=rows)
    return grouped.grouped(Source(path, tables.TERMS, ARTICLES), "part", "term", ["count"], name="small.study-terms")


def assert_holds(found, table):
    """Every key's rows are those of the table, by article."""
    assert sorted({*table["term"], *found.texts} - {""}) == [text for text in found.texts if text]
    for part in tables.PARTS:
        for term in {*found.texts, "nowhere"}:
            mine = table[(table["part"] == part) & (table["term"] == term)].sort_values("article")
            rows = found.of(part, term)
            assert mine["article"].to_list() == [ARTICLES[number] for number in rows["article"]]
            assert mine["count"].to_list() == rows["count"].tolist()
    every = found.rows(np.arange(len(found.firsts) * len(found.texts)))
    assert (len(table), table["count"].sum()) == (len(every), every["count"].sum())


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(KEY, st.integers(1, 99)), st.integers(1, 9), st.integers(1, 30), st.randoms())
def test_rows_are_the_same_however_the_table_is_cut_and_ordered_and_however_much_is_held(
    tmp_path_factory, counts, rows, held, chance
):
    folder, table = tmp_path_factory.mktemp("laid"), terms_of(counts)
    order = list(range(len(table)))
    chance.shuffle(order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouped, "find_root", lambda: folder)
        patch.setattr(grouped, "ROWS", held)
        assert_holds(laid(table.iloc[order], folder, rows), table)
        assert (folder / ".cache").exists() == (len(table) > held)


TABLE = terms_of({(article, part, "peru"): n for n, article in enumerate(ARTICLES, 1) for part in tables.PARTS})


def test_what_was_laid_is_found_again_until_the_table_changes(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(grouped, "ROWS", 3)
    laid(TABLE, tmp_path)
    assert [".json", ".rows"] == sorted(path.suffix for path in cache.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(grouped, "_laid", lambda *_: pytest.fail("laid anew"))
        assert_holds(laid(TABLE, tmp_path), TABLE)
    before = set(cache.iterdir())
    first = laid(TABLE, tmp_path)
    changed = TABLE.assign(count=7)
    assert_holds(laid(changed, tmp_path), changed)
    assert 2 == len(set(cache.iterdir()) - before) == len(list(cache.iterdir()))
    assert_holds(first, TABLE)  # thrown away, and still read from


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: data + b"0"])
@pytest.mark.parametrize("suffix", [".rows", ".json"])
def test_what_is_damaged_in_the_cache_is_laid_anew(tmp_path, cache, monkeypatch, suffix, damage):
    monkeypatch.setattr(grouped, "ROWS", 3)
    laid(TABLE, tmp_path)
    [path] = cache.glob(f"*{suffix}")
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert_holds(laid(TABLE, tmp_path), TABLE)
    assert whole == path.read_bytes()


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="the system reads otherwise")
def test_rows_are_whole_however_little_a_call_reads_and_a_file_that_lost_some_is_told(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(grouped, "ROWS", 3)
    found = laid(TABLE, tmp_path)
    read = os.preadv
    monkeypatch.setattr(grouped.os, "preadv", lambda file, to, at: read(file, [to[0][:5]], at))
    assert_holds(found, TABLE)
    [path] = cache.glob("*.rows")
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(ValueError, match=r"has become shorter"):
        assert_holds(found, TABLE)


def test_a_cache_that_cannot_be_written_costs_no_rows(tmp_path, cache, monkeypatch):
    (tmp_path / ".cache").write_text("a file, no folder")
    monkeypatch.setattr(grouped, "ROWS", 3)
    assert_holds(laid(TABLE, tmp_path), TABLE)


def test_a_full_disk_is_told(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(grouped, "ROWS", 3)

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(grouped.tempfile, "TemporaryFile", lambda dir: Full())
    with pytest.raises(AnalysisError, match="cannot be written"):
        laid(TABLE, tmp_path)


@pytest.mark.parametrize("held", [3, 1_000])
def test_a_key_that_occurs_twice_is_an_error_and_leaves_nothing_behind(tmp_path, cache, monkeypatch, held):
    monkeypatch.setattr(grouped, "ROWS", held)
    with pytest.raises(TableError, match="1 rows repeat their key"):
        laid(pd.concat([TABLE, TABLE.iloc[[0]]]), tmp_path, 5)
    assert [] == list(cache.glob("*"))


def test_damaged_features_are_told_with_their_file(study_folder):
    path = study_folder / "features" / "terms.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FeaturesBroken, match=r"terms\.parquet: cannot be read"):
        assert load_study(study_folder).streamed.terms


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forked_processes_do_not_disturb_each_others_reading(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(grouped, "ROWS", 3)
    found = laid(TABLE, tmp_path)
    if (child := os.fork()) == 0:
        for _ in range(500):
            found.of("title", "peru")
        os._exit(0)
    for _ in range(500):
        assert [1, 2, 3, 4] == found.of("rest", "peru")["count"].tolist()
    assert 0 == os.waitpid(child, 0)[1]
