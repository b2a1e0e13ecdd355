"""Files of texts: what is read, what is set aside and why."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from ministudy import TEXTS as MINI
from ministudy import mini_study
from reading import read

from analysis.annotation.run import annotate
from analysis.errors import TextsError
from analysis.readers import read_texts
from analysis.readers.charset import MAX_LINE
from analysis.readers.row import read_date
from analysis.study import load_study

ROW = {
    "article": "herald-1",
    "outlet": "herald",
    "language": "en",
    "published": "2022-12-07T15:54:07Z",
    "url": "https://herald.example/1",
    "title": "A vote in Lima",
    "body": "<p>The chamber met.</p><p>It voted.</p>",
}
OTHER = {**ROW, "article": "herald-2"}


def _write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _line(article: str) -> bytes:
    return json.dumps({**ROW, "article": article}).encode() + b"\n"


def test_a_row_is_cleaned_and_digested_as_it_was_handed_over(tmp_path):
    table, rejected, _ = read(_write(tmp_path / "a.jsonl", ROW))
    expected = {
        **ROW,
        "published": pd.Timestamp("2022-12-07T15:54:07Z"),
        "timestamp": "publisher",
        "source": "feed",
        "body": "The chamber met.\nIt voted.",
        "source_sha256": hashlib.sha256(f"{ROW['title']}\n{ROW['body']}".encode()).hexdigest(),
    }
    assert ([expected], []) == (table.to_dict("records"), rejected)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        *((day, "2022-12-09") for day in ("2022-12-09", "20221209", "9 Dec 2022")),
        ("2022-12-09T10:00:00", "2022-12-09 10:00:00+00:00"),
        ("2022-12-09 9:05", "2022-12-09 09:05:00+00:00"),
        ("2022-12-09 10:00 UTC", "2022-12-09 10:00:00+00:00"),
        ("2022-12-09T10:00:00-05:00", "2022-12-09 15:00:00+00:00"),
        ("2022-12-09T10:00:00.123456Z", "2022-12-09 10:00:00.123456+00:00"),
        ("Fri, 09 Dec 2022 10:00:00 -0530", "2022-12-09 15:30:00+00:00"),
        ("09 Dec 2022 10:00:00 EST (EST)", "2022-12-09 15:00:00+00:00"),
        ("Fri, 09 Dec 2022 10:00:00 BST", None),  # of Britain, or of Bangladesh
        *((text, None) for text in ("2022-12", "2022-W49", "2022/12/9 10:00", "9/12/2022", "1670443661", "31 Feb 22")),
        ("0001-01-01T00:00:00+05:00", None),
    ],
)
def test_a_date_is_read_as_written_or_not_at_all(written, expected):
    found = read_date(written)
    assert expected == (found and str(found))


def test_what_is_dated_is_said_in_a_column(tmp_path):
    """Not in the digits of a time: milliseconds are no crawler's, and a day is not midnight."""
    times = ["2022-12-09T10:00:00.593Z", "2022-12-09", "2022-12-09T10:00:00Z"]
    rows = [{**ROW, "article": time, "published": time} for time in times]
    table, *_ = read(_write(tmp_path / "a.jsonl", *rows[:2], {**rows[2], "timestamp": "crawl"}))
    assert ["publisher", "day", "crawl"] == table["timestamp"].to_list()


@pytest.mark.slow
def test_a_day_without_a_time_is_that_day_where_the_event_was(tmp_path):
    study = mini_study(tmp_path)
    settings = study.folder / "study.toml"
    settings.write_text(re.sub('timezone = ".*"', 'timezone = "America/Lima"', settings.read_text()))
    rows = [{**MINI[0], "article": f"new-{time}", "published": time} for time in ("2022-12-08", "2022-12-08T00:00Z")]
    annotate(_write(tmp_path / "a.jsonl", *rows), load_study(study.folder))
    days = load_study(study.folder).articles.set_index("article")["day"]
    assert ["2022-12-08", "2022-12-07"] == days.dt.strftime("%Y-%m-%d").to_list()


def test_a_language_is_understood_as_people_write_it(tmp_path):
    written = {"EN": "en", "en-GB": "en", "en_US": "en", "es-419": "es", "spa": "es", " pt ": "pt", "Maya": "Maya"}
    table, *_ = read(_write(tmp_path / "a.jsonl", *({**ROW, "article": tag, "language": tag} for tag in written)))
    assert list(written.values()) == table["language"].to_list()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        *(({name: ...}, f"{name} is missing") for name in ("language", "published")),
        ({"outlet": "  "}, "outlet is missing"),
        ({"outlet": ..., "url": ...}, "outlet is missing"),
        ({"language": ["en"]}, "language is not a text"),
        ({"published": "last Tuesday"}, "published is not a date in ISO 8601 (2022-12-07"),
        ({"title": "", "body": "<p> <img src='x'/>&nbsp;</p>"}, "neither title nor body holds text"),
        ({"source": "fax"}, "source is none of feed, page, text"),
        ({"body": ["a"]}, "body is not a text"),
        *(({"title": f"a {damaged}"}, "title holds damaged characters") for damaged in ("\ud83d", "\0")),
        ({"url": "https://herald.example/1\rherald-2"}, "url holds a line break or another control character"),
        ({"outlet": "the\nherald"}, "outlet holds a line break or another control character"),
        ({"body": "x" * 2_000_000}, "title and body have more than 2,000,000 characters"),
    ],
)
def test_a_bad_row_is_set_aside_and_the_rest_goes_on(tmp_path, change, expected):
    row = {name: value for name, value in {**ROW, **change}.items() if value is not ...}
    table, rejected, _ = read(_write(tmp_path / "a.jsonl", row, OTHER), languages=None)
    assert ["herald-2"] == table["article"].to_list()
    assert [("a.jsonl", 1, expected)] == [(*place, reason[: len(expected)]) for *place, reason in rejected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"article": "caf\xe9"}', "not UTF-8 (byte 17 of the line)"),
        (b'{"article": "a"', "broken JSON (Expecting ',' delimiter, column 16)"),
        (b"[1, 2]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"[" * 100_000, "broken JSON"),
        (b"9" * 10_000, "broken JSON"),
    ],
)
def test_a_broken_line_is_set_aside(tmp_path, line, expected):
    lines = b"\xef\xbb\xbf" + json.dumps(ROW).encode() + b"\r\n\n" + line + b"\n"
    table, rejected, _ = read(tmp_path / "a.jsonl", lines)
    assert (["herald-1"], [("a.jsonl", 3, expected)]) == (table["article"].to_list(), rejected)


def test_an_id_that_was_read_before_or_an_unwanted_row_is_set_aside(tmp_path):
    paths = [_write(tmp_path / "a.jsonl", ROW), _write(tmp_path / "b.jsonl", ROW, {**OTHER, "outlet": "gazette"})]
    table, rejected, _ = read(paths, refuse=lambda row: "not ours" if row.outlet == "gazette" else None)
    expected = [("b.jsonl", 1, "article id was read before (a.jsonl, line 1)"), ("b.jsonl", 2, "not ours")]
    assert (["herald-1"], expected) == (table["article"].to_list(), rejected)


def test_chunks_hold_no_more_rows_than_asked_for(tmp_path):
    path = _write(tmp_path / "a.jsonl", *({**ROW, "article": f"a{i}"} for i in range(5)))
    assert [2, 2, 1] == [len(chunk) for chunk in read_texts(path, rows=2)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none.jsonl", "does not exist"),
        ("a.docx", "its ending is none of .jsonl, .ndjson"),
        ("a.parquet.gz", "its ending is none of .jsonl, .ndjson"),
        ("x.jsonl", "its content is gzip, not what its ending says. Rename or convert it"),
        ("x.csv", r"its content is a ZIP file \(a spreadsheet, perhaps\)"),
        ("x.xml", "its content is HTML"),
        ("x.txt", "its content is PDF"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_before_any_row(tmp_path, name, expected):
    (tmp_path / "a.docx").touch()
    (tmp_path / "a.parquet.gz").touch()
    others = {"jsonl": gzip.compress(b"{}"), "csv": b"PK\x03\x04", "xml": b" <!DOCTYPE html>", "txt": b"%PDF-1.7"}
    for ending, content in others.items():
        (tmp_path / f"x.{ending}").write_bytes(content)
    with pytest.raises(TextsError, match=expected):
        read_texts([_write(tmp_path / "a.jsonl", ROW), tmp_path / name])


def test_a_line_that_is_too_long_ends_a_file(tmp_path):
    table, rejected, _ = read(tmp_path / "a.jsonl", _line("a1") + b"x" * (MAX_LINE + 5) + b"\n" + _line("a2"))
    assert ["a1"] == table["article"].to_list()
    assert [("a.jsonl", 2, "line of more than 10,000,000 characters; nothing was read from there on")] == rejected


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.csv.gz"])
def test_what_lies_before_the_damage_of_a_packed_file_is_read(tmp_path, name):
    rows = pd.DataFrame([{**ROW, "article": f"a{number}"} for number in range(1500)])
    text = rows.to_csv(index=False) if "csv" in name else rows.to_json(orient="records", lines=True)
    whole = gzip.compress(text.encode(), mtime=0)
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 255
    for packed in (whole[: len(whole) // 2], bytes(damaged)):
        table, rejected, _ = read(tmp_path / name, packed)
        ids = table["article"].to_list()
        assert rows["article"].to_list()[: len(ids)] == ids and 100 < len(ids) < 1500
        assert "the compressed data are damaged or end too soon; nothing was read from there on" == rejected[-1][2]


def test_a_text_needs_no_id_and_no_address(tmp_path):
    row = {name: value for name, value in ROW.items() if name not in ("article", "url")}
    table, rejected, _ = read(_write(tmp_path / "a.jsonl", row))
    assert ([], [""]) == (rejected, table["url"].to_list())
    assert table["article"][0].startswith("herald-")
