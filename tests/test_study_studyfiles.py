"""A study's CSV files: every wrong cell gives its file, line, value and remedy; all problems come at once."""

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis import tables
from analysis.cli import main
from analysis.study import examine
from analysis.study.studyfiles import parse_cell, read_csv

pytestmark = pytest.mark.slow
OBSERVED = tables.OBSERVED_CSV


def _told(folder):
    """Problems of a study as printed, without the folder."""
    _, problems = examine(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in problems]


def _observed(tmp_path, text):
    path = tmp_path / "observed.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    frame, problems = read_csv(path, OBSERVED)
    return frame, [str(problem).removeprefix(f"{tmp_path}/") for problem in problems]


def test_a_valid_study_has_no_problem(study_folder):
    assert [] == _told(study_folder)


def test_all_problems_of_all_files_come_at_once(study_folder, edit):
    edit("study.toml", "seed = 7", "sed = 7")
    edit("articles.csv", "2022-12-07T15:00:00Z", "yesterday")
    edit("articles.csv", "news,protests", "nws,protests")
    edit("observed.csv", "north,2022-12-06,10", "north,2022-12-06,ten")
    edit("labels.csv", "set,", "sets,")
    (study_folder / "actors.csv").unlink()
    expected = ["study.toml:11", "articles.csv:2", "articles.csv:6", "observed.csv:2", "actors.csv", "labels.csv:1"]
    assert expected == list(dict.fromkeys(text.split(": ")[0] for text in _told(study_folder)))


def test_a_missing_file_says_which_columns_it_needs(tmp_path):
    frame, (problem,) = read_csv(tmp_path / "observed.csv", OBSERVED)
    assert "does not exist. Create it with the columns outlet,day,items" == f"{problem.message}. {problem.fix}"
    assert ["outlet", "day", "items", "line"] == list(frame)


HEAD = "outlet,day,items\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD.encode() + b"north,2022-12-06,1\nwsch\xf3d,\n", "3: byte 0xf3 is not UTF-8; nothing was read"),
        (b"\xef\xbb\xbf" + HEAD.encode() + b"wsch\xf3d,2022-12-06,1\n", "2: byte 0xf3 is not UTF-8; nothing was read"),
        (f'{HEAD}"nor\nth",2022-12-06,1\nsouth,2022-12-06,x\n', "4: items 'x' is not a whole number from 0 up"),
        (f"{HEAD}north,2022-12-06,1\nnorth,2022-12-06,2\n", "3: outlet + day 'north, 2022-12-06' occurs twice. "
         "Delete one of the two rows (the first is line 2)"),
        ("outlet,day,items,day\n", "1: column 'day' occurs twice. Keep one of them"),
        ("", "1: is empty. Create it with the columns outlet,day,items"),
        ("outlet;day;items\n", "1: its cells are not separated by commas. Save it as CSV with commas"),
        *((f"{HEAD}north,2022-12-06,{cell}\n", f"2: items {cell!r} is not a whole number from 0 up")
          for cell in ("-1", "1_0", "3.0", "9" * 30, "٣")),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_gives_its_line(tmp_path, text, expected):
    """Counted through line breaks in cells; the value as it is written; also after a byte order mark."""
    _, (problem,) = _observed(tmp_path, text)
    assert problem.startswith(f"observed.csv:{expected}")


def test_spreadsheet_habits_are_no_faults(tmp_path):
    """Byte order mark, CRLF, blank lines, spaces around cells, columns in another order."""
    text = "\ufeffday,items,outlet\r\n\r\n 2022-12-06 , 4 ,north\r\n"
    frame, problems = _observed(tmp_path, text)
    assert [] == problems
    assert [("north", pd.Timestamp("2022-12-06"), 4, 3)] == list(frame.itertuples(index=False, name=None))
    assert "datetime64[us]" == str(frame["day"].dtype)


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("2022-12-07T01:00:00+02:00", "published", pd.Timestamp("2022-12-06T23:00:00Z")),
        ("2022-12-07", "published", pd.Timestamp("2022-12-07T00:00:00Z")),
        ("2022-12-07", "article", "2022-12-07"),
    ],
)
def test_cells_become_values_in_utc(text, column, expected):
    found = next(c for c in tables.ARTICLES_CSV.columns if c.name == column)
    assert expected == parse_cell(text, found)


def test_a_wrong_cell_that_many_rows_have_is_told_once(tmp_path):
    text = HEAD + "".join(f"north,2022-12-0{day},few\n" for day in range(1, 6))
    told = "observed.csv:2: items 'few' is not a whole number from 0 up (and in 4 more rows). It holds: items on any"
    ((problem,)) = _observed(tmp_path, text)[1]
    assert told == problem[: len(told)]


@pytest.mark.parametrize("name", ["study.toml", "actors.csv", "codebook.csv"])
@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda path: path.mkdir(), "cannot be read (Is a directory)"),
        (lambda path: path.write_bytes("name = 'a'\n".encode("utf-16")), ":1: byte 0xff is not UTF-8"),
        (lambda path: path.write_bytes(b""), ""),
    ],
    ids=["folder", "UTF-16", "empty"],
)
def test_a_file_that_cannot_be_read_is_told_by_every_command(study_folder, name, spoil, expected):
    path = study_folder / name
    path.unlink(missing_ok=True)
    spoil(path)
    for command in (["check"], ["list"], ["annotate", str(path), "--study"]):
        done = CliRunner().invoke(main, [*command, str(study_folder)])
        assert 2 == done.exit_code, (command, done.exception, done.output)
        assert str(path) in done.output and expected in done.output, (command, done.output)
