"""A folder of features: replaced as a whole or left as it was, and compared by value."""

import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import tables
from analysis.annotation.files import (
    FeatureWriter,
    NewArticles,
    article_rows,
    check_folder,
    compare_features,
)
from analysis.errors import AnalysisError, FeaturesBroken, FeaturesMissing, TableError
from analysis.study.studyfiles import read_csv
from analysis.wording import escape_formula

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


def test_a_folder_that_cannot_be_written_is_told_and_none_is_made(tmp_path):
    (tmp_path / "file").write_text("")
    for place in ("file", "file/deeper"):
        with pytest.raises(AnalysisError, match=r"cannot be written \(.*\)\. Mend that, or name another folder\."):
            check_folder(tmp_path / place, tmp_path)
    check_folder(tmp_path / "new" / "deeper", tmp_path)
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
    changed(tables.SENTENCES, lambda t: t.assign(sentiment=np.where(t.index == 0, np.nan, t["sentiment"])))
    assert [
        "ARTICLES: 1 rows are only in the left, first east-1",
        "ARTICLES: tokens differs in 8 rows, first north-0: 60 and 61",
        "SENTENCES: sentiment differs in 1 rows, first north-0 0: -0.5 and nan",
    ] == compare_features(shared_folder / "features", folder)
    turned = compare_features(folder, shared_folder / "features")
    assert "ARTICLES: 1 rows are only in the right, first east-1" == turned[0]


def test_a_number_that_differs_in_its_last_bit_differs(shared_folder, copied):
    folder, changed = copied
    changed(tables.SENTENCES, lambda t: t.assign(sentiment=t["sentiment"].where(t.index != 0, np.nextafter(-0.5, 0))))
    (found,) = compare_features(shared_folder / "features", folder)
    assert found.startswith("SENTENCES: sentiment differs in 1 rows, first north-0 0: -0.5 and -0.49999999999999994")


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


HEAD = ",".join(tables.ARTICLES_CSV.names)
#: Any text but line ends and nothing at all, as ids and addresses are.
CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(lambda t: t == t.strip())


def _texts(*rows):
    """TEXTS from (article, published, timestamp or none); more of it is always the same."""
    rows = [(*row, "publisher")[:3] for row in rows]
    frame = pd.DataFrame(rows, columns=["article", "published", "timestamp"])
    frame["published"] = pd.to_datetime(frame["published"], utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    facts = {"outlet": "herald", "language": "en", "url": "https://h.example/?a=1,2", "source": "feed"}
    return frame.assign(**facts, title="", body="")


def _file(tmp_path, text):
    path = tmp_path / "articles.csv"
    path.write_bytes(text.encode())
    return path


def _append(path, *chunks):
    with NewArticles(path) as new:
        for chunk in chunks:
            new.add(chunk)
        return new.finish()


def test_rows_hold_facts_and_leave_coding_empty():
    """A day without a time is written as the day it is."""
    rows = article_rows(_texts(("a", "2022-12-07T10:00:00-05:00"), ("b", "2022-12-07", "day")))
    assert {
        "article": "a", "outlet": "herald", "language": "en", "published": "2022-12-07T15:00:00Z",
        "timestamp": "publisher", "url": "https://h.example/?a=1,2", "source": "feed",
    } == {name: cell for name, cell in rows[0].items() if cell}  # fmt: skip
    assert tables.ARTICLES_CSV.names == list(rows[0])
    assert ("2022-12-07", "day") == (rows[1]["published"], rows[1]["timestamp"])


@pytest.mark.parametrize("before", ["old,herald,en,,,,,,,", 'old,"her\nald",en,,,,,,,'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_rows_are_appended_with_the_files_own_line_ends_and_nothing_before_them_changes(
    before, end, last, mark, tmp_path
):
    """Also where the last line has no end, and behind the byte order mark of a spreadsheet."""
    text = f"{mark}{HEAD}{end}{before}{end if last else ''}"
    path = _file(tmp_path, text)
    added = _append(path, _texts(("a", "2022-12-07")), _texts(("b", "2022-12-08")))
    rest = f'T00:00:00Z,publisher,"https://h.example/?a=1,2",feed,,,{end}'
    expected = f"{text}{'' if last else end}a,herald,en,2022-12-07{rest}b,herald,en,2022-12-08{rest}"
    assert expected == path.read_bytes().decode()
    assert [("a", "en"), ("b", "en")] == list(added.itertuples(index=False, name=None))
    assert [path] == list(tmp_path.iterdir())


def test_cells_stand_under_the_files_own_headings_in_whatever_order(tmp_path):
    path = _file(tmp_path, "source,language,article,outlet,url,published,timestamp\n")
    added = _append(path, _texts(("a", "2022-12-07")))
    expected = 'feed,en,a,herald,"https://h.example/?a=1,2",2022-12-07T00:00:00Z,publisher'
    assert expected == path.read_text(encoding="utf-8").splitlines()[1]
    assert [("a", "en")] == list(added[["article", "language"]].itertuples(index=False, name=None))


@given(st.lists(CELL.filter(lambda t: escape_formula(t) == t), min_size=1, max_size=4))
def test_any_id_is_read_back_as_it_was_given(tmp_path_factory, articles):
    """Commas, quotation marks, `NA` and what looks like a number too."""
    path = _file(tmp_path_factory.mktemp("ids"), HEAD + "\n")
    added = _append(path, _texts(*((article, "2022-12-07") for article in articles)))
    assert articles == added["article"].tolist()
    with path.open(encoding="utf-8", newline="") as file:
        assert articles == [row["article"] for row in csv.DictReader(file)]


def test_without_new_rows_the_file_is_not_touched(tmp_path):
    path = _file(tmp_path, HEAD)
    before = path.stat()
    added = _append(path, _texts())
    assert (0, ["article", "language"]) == (len(added), list(added))
    assert before == path.stat()


def test_what_is_not_finished_is_thrown_away(tmp_path):
    path = _file(tmp_path, HEAD + "\n")
    with pytest.raises(KeyboardInterrupt), NewArticles(path) as new:
        new.add(_texts(("a", "2022-12-07")))
        raise KeyboardInterrupt
    assert [(path, HEAD + "\n")] == [(file, file.read_text(encoding="utf-8")) for file in tmp_path.iterdir()]


def test_symlinks_planted_beside_or_in_place_of_articles_csv_lead_nowhere(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(HEAD + "\n")
    (tmp_path / "study").mkdir()
    path = _file(tmp_path / "study", HEAD + "\n")
    (tmp_path / "study" / ".articles.csv.new").symlink_to(secret)
    _append(path, _texts(("a", "2022-12-07")))
    assert path.read_text(encoding="utf-8").count("\n") == 2
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(AnalysisError, match="is a symlink that leads out of the study"):
        NewArticles(path)
    assert HEAD + "\n" == secret.read_text(encoding="utf-8")


@pytest.mark.parametrize("article", ["=1+1", "+a", "-a", "@a", "'=a", "'a", "a=1"])
def test_no_id_is_a_formula_to_a_spreadsheet_and_each_is_read_back(article, tmp_path):
    path = _file(tmp_path, HEAD + "\n")
    assert [article] == _append(path, _texts((article, "2022-12-07")))["article"].tolist()
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["article"][0] not in "=+-@"
    frame, problems = read_csv(path, tables.ARTICLES_CSV)
    assert ([article], []) == (frame["article"].tolist(), problems)
