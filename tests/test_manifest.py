"""articles.csv: rows are appended in the file's own columns, what is there stays to the byte."""

import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import tables
from analysis.annotation.manifest import NewRows, manifest_rows
from analysis.errors import AnalysisError

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
    with NewRows(path) as new:
        for chunk in chunks:
            new.add(chunk)
        return new.finish()


def test_rows_hold_facts_and_leave_coding_empty():
    """A day without a time is written as the day it is."""
    rows = manifest_rows(_texts(("a", "2022-12-07T10:00:00-05:00"), ("b", "2022-12-07", "day")))
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


@given(st.lists(CELL, min_size=1, max_size=4))
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
    with pytest.raises(KeyboardInterrupt), NewRows(path) as new:
        new.add(_texts(("a", "2022-12-07")))
        assert 2 == len(list(tmp_path.iterdir()))
        raise KeyboardInterrupt
    assert [(path, HEAD + "\n")] == [(file, file.read_text(encoding="utf-8")) for file in tmp_path.iterdir()]


def test_a_manifest_that_cannot_be_written_is_told(tmp_path):
    path = _file(tmp_path, HEAD + "\n")
    (tmp_path / ".articles.csv.new").mkdir()
    with pytest.raises(AnalysisError, match=r"articles\.csv cannot be written \(.*\)\. Mend that"):
        NewRows(path).add(_texts(("a", "2022-12-07")))
