"""A folder of features: replaced as a whole or left as it was, and compared by value."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analysis import tables
from analysis.annotation.featurefiles import FeatureWriter, check_folder, compare_features
from analysis.errors import AnalysisError, FeaturesBroken, FeaturesMissing, TableError

META = {"b": 1, "a": "ą"}


@pytest.fixture
def partition(shared_folder):
    """partition(schema): the table of the small study's features."""
    folder = shared_folder / "features"
    return lambda schema: pa.Table.from_pandas(
        pd.read_parquet(folder / f"{schema.name.lower()}.parquet"), preserve_index=False
    )


def _write(writer, partition):
    for schema in tables.FEATURES:
        table = partition(schema)
        writer.add(schema, table[:5])
        writer.add(schema, table[5:])


def _bytes(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_what_is_added_in_partitions_is_one_table_and_nothing_else_is_left(tmp_path, partition, shared_folder):
    with FeatureWriter(tmp_path / "features", tmp_path / "work") as writer:
        _write(writer, partition)
        assert not (tmp_path / "features").exists()
        writer.finish(META)
    assert [] == compare_features(shared_folder / "features", tmp_path / "features")
    names = {f"{schema.name.lower()}.parquet" for schema in tables.FEATURES}
    assert {*names, "meta.json"} == set(_bytes(tmp_path / "features"))
    assert {"features", "work"} == {path.name for path in tmp_path.iterdir()}
    assert [] == list((tmp_path / "work").iterdir())
    raw = (tmp_path / "features" / "meta.json").read_text(encoding="utf-8")
    assert raw.startswith('{\n "a": "ą",\n "b": 1,\n "digests": {\n  "articles.parquet": "')
    digests = {name: hashlib.sha256((tmp_path / "features" / name).read_bytes()).hexdigest() for name in names}
    assert digests == json.loads(raw)["digests"]


def test_what_has_been_written_of_a_table_can_be_read_before_the_end(tmp_path, partition):
    with FeatureWriter(tmp_path / "features", tmp_path / "work") as writer:
        _write(writer, partition)
        assert partition(tables.TERMS).to_pylist() == writer.written(tables.TERMS).read().to_pylist()
        writer.finish(META)
    assert (tmp_path / "features" / "terms.parquet").exists()


def test_features_that_were_there_stay_where_the_work_is_broken_off(tmp_path, partition, study_folder):
    before = _bytes(study_folder / "features")
    with pytest.raises(KeyboardInterrupt), FeatureWriter(study_folder / "features", tmp_path / "work") as writer:
        _write(writer, partition)
        raise KeyboardInterrupt
    assert before == _bytes(study_folder / "features")
    assert {} == _bytes(tmp_path / "work")


@pytest.mark.parametrize("fails", range(1, 7))
def test_without_meta_old_and_new_tables_together_do_not_count(fails, tmp_path, partition, study_folder, monkeypatch):
    """Moving breaks off at any table: meta.json is gone first and would have come last."""
    replace, moved = Path.replace, []

    def broken(path, target):
        moved.append(path)
        if len(moved) == fails:
            raise OSError(28, "No space left on device")
        return replace(path, target)

    with FeatureWriter(study_folder / "features", tmp_path / "work") as writer:
        _write(writer, partition)
        monkeypatch.setattr(Path, "replace", broken)
        with pytest.raises(AnalysisError, match=r"features cannot be written \(No space left on device\)\. Mend that"):
            writer.finish(META)
    assert not (study_folder / "features" / "meta.json").exists()


def test_rows_set_aside_are_those_of_this_run(tmp_path, partition):
    """A file of an earlier run goes where there are none."""
    for rejected in (b"{}\n", b""):
        with FeatureWriter(tmp_path / "features", tmp_path / "work") as writer:
            _write(writer, partition)
            if rejected:
                writer.rejected.write_bytes(rejected)
            writer.finish(META)
        assert bool(rejected) == (tmp_path / "features" / "rejected.jsonl").exists()


def test_what_a_killed_run_left_is_no_part_of_the_next(tmp_path, partition):
    (tmp_path / "work" / "tables").mkdir(parents=True)
    (tmp_path / "work" / "tables" / "rejected.jsonl").write_text("{}\n")
    with FeatureWriter(tmp_path / "features", tmp_path / "work") as writer:
        _write(writer, partition)
        writer.finish(META)
    assert not (tmp_path / "features" / "rejected.jsonl").exists()
    found = json.loads((tmp_path / "features" / "meta.json").read_text(encoding="utf-8"))
    assert {*META, "digests"} == set(found)


def test_a_folder_that_cannot_be_written_is_told_and_none_is_made(tmp_path):
    (tmp_path / "file").write_text("")
    for place in ("file", "file/deeper"):
        with pytest.raises(AnalysisError, match=r"cannot be written \(.*\)\. Mend that, or name another folder\."):
            check_folder(tmp_path / place)
    check_folder(tmp_path / "new" / "deeper")
    assert ["file"] == [path.name for path in tmp_path.iterdir()]


@pytest.fixture
def copied(study_folder):
    """A copy of the small study's features, and changed(schema, change): write a table anew."""

    def changed(schema, change):
        path = study_folder / "features" / f"{schema.name.lower()}.parquet"
        change(pd.read_parquet(path)).to_parquet(path)

    return study_folder / "features", changed


def test_features_in_another_order_or_file_are_the_same(shared_folder, copied):
    folder, changed = copied
    for schema in tables.FEATURES:
        changed(schema, lambda table: table[::-1].reset_index(drop=True))
    assert [] == compare_features(shared_folder / "features", folder)


def test_differences_are_named_with_how_many_and_the_first(shared_folder, copied):
    folder, changed = copied
    changed(tables.ARTICLES, lambda t: t.assign(tokens=t["tokens"] + (t["outlet"] == "north")))
    changed(tables.ARTICLES, lambda t: t[t["article"] != "east-1"])
    changed(tables.SENTENCES, lambda t: t.assign(valence=np.where(t.index == 0, np.nan, t["valence"])))
    assert [
        "ARTICLES: 1 rows are only in the left, first east-1",
        "ARTICLES: tokens differs in 8 rows, first north-0: 60 and 61",
        "SENTENCES: valence differs in 1 rows, first north-0 0: -0.5 and nan",
    ] == compare_features(shared_folder / "features", folder)
    turned = compare_features(folder, shared_folder / "features")
    assert "ARTICLES: 1 rows are only in the right, first east-1" == turned[0]


def test_a_number_that_differs_in_its_last_bit_differs(shared_folder, copied):
    folder, changed = copied
    changed(tables.SENTENCES, lambda t: t.assign(valence=t["valence"].where(t.index != 0, np.nextafter(-0.5, 0))))
    (found,) = compare_features(shared_folder / "features", folder)
    assert found.startswith("SENTENCES: valence differs in 1 rows, first north-0 0: -0.5 and -0.49999999999999994")


def test_signatures_are_compared_number_by_number(shared_folder, copied, tmp_path):
    folder, changed = copied
    rows = pd.DataFrame({"article": ["north-0"] * 2, "scope": ["text", "title"], "minhash": [[1, 2], []]})
    changed(tables.SIGNATURES, lambda _: rows)
    other = shutil.copytree(folder, tmp_path / "other")
    assert [] == compare_features(other, folder)
    changed(tables.SIGNATURES, lambda _: rows.assign(minhash=[[1, 3], []]))
    assert ["SIGNATURES: minhash differs in 1 rows, first north-0 text: (1, 2) and (1, 3)"] == (
        compare_features(other, folder)
    )


def test_features_that_are_not_there_or_not_in_shape_are_told(shared_folder, copied):
    folder, changed = copied
    changed(tables.TERMS, lambda table: table.drop(columns="count"))
    with pytest.raises(TableError, match="table TERMS, column 'count': missing"):
        compare_features(shared_folder / "features", folder)
    (folder / "terms.parquet").unlink()
    with pytest.raises(FeaturesMissing, match=r"terms\.parquet does not exist\. Run: castillo annotate TEXTS --study"):
        compare_features(shared_folder / "features", folder)


def test_a_damaged_table_is_told_with_its_path(shared_folder, copied):
    folder, _ = copied
    (folder / "terms.parquet").write_bytes(b"PAR1")
    with pytest.raises(FeaturesBroken, match=r"terms\.parquet: cannot be read \(.*\)\. Run: castillo annotate"):
        compare_features(shared_folder / "features", folder)
