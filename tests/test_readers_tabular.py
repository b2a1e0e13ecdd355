"""CSV and TSV: encodings, delimiters, columns by name, and rows that cannot be split."""

import csv
import io
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import EN, ES, POLISH, read

from analysis.errors import TextsError
from analysis.readers import read_texts
from analysis.readers.charset import decode
from analysis.readers.row import NO_DATE, Reading
from analysis.readers.tabular import read_delimited

HEAD = "article,outlet,language,published,url,title,body\n"
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def _row(number: int, body: str = EN) -> str:
    return f"a{number},herald,en,2022-12-07,,Title,{body}\n"


def test_a_row_is_an_article(tmp_path):
    text = 'a1,herald,en,2022-12-07T10:00-05:00,https://h.example,A vote,"One.\n\nTwo, ""three""."\n'
    table, rejected, _ = read(tmp_path / "a.csv", HEAD + text)
    (row,) = table.drop(columns="source_sha256").astype(str).values.tolist()
    expected = ["a1", "herald", "en", "2022-12-07 15:00:00+00:00", "publisher", "https://h.example", "text", "A vote"]
    assert ([*expected, 'One.\nTwo, "three".'], []) == (row, rejected)


@pytest.mark.parametrize(
    ("delimiter", "encoding"),
    [
        *((delimiter, "utf-8") for delimiter in ",;\t|"),
        *((";", encoding) for encoding in ("utf-8-sig", "utf-16", "cp1252")),
    ],
)
def test_delimiter_and_encoding_are_found(tmp_path, delimiter, encoding):
    out = io.StringIO()
    rows = [["medio", "fecha", "titular", "texto", "idioma"], ["h", "2022-12-07", "Votación; hoy, aquí", ES, "es"]]
    csv.writer(out, delimiter=delimiter).writerows(rows)
    table, rejected, _ = read(tmp_path / "a.csv", out.getvalue().encode(encoding))
    assert ([["Votación; hoy, aquí", ES]], []) == (table[["title", "body"]].values.tolist(), rejected)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        *((encoding, ES) for encoding in ("cp850", "mac-roman", "utf-16-le")),
        ("mac-roman", "Así está el país."),
        ("mac-roman", "Ayer por la mañana cerró la sesión."),
        ("mac-roman", "He said “nothing” again."),
        ("cp852", POLISH),
        ("koi8-r", "Они не знают, что будет."),
    ],
)
def test_an_encoding_that_is_not_known_is_refused_rather_than_guessed(tmp_path, encoding, text):
    expected = "the text's encoding is none of UTF-8, UTF-16, cp1252, cp1250, iso8859-2. Save it as UTF-8"
    table, rejected, _ = read(tmp_path / "a.csv", (HEAD + _row(1, text)).encode(encoding))
    assert (0, [("a.csv", 1, expected)]) == (len(table), rejected)


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        *((text, "cp1252", []) for text in (ES, "mañana", "¿Qué pasó? “Nada”, não há informações.")),
        *((text, "cp1252", []) for text in ("El 8—dijo— «fue» así.", "The vote—close, they said—was “over”.")),
        *((POLISH, name, []) for name in ("cp1250", "iso8859-2")),
        (ES, "utf-8", ["iso-8859-1"]),
        (ES, "cp1252", ["utf-8"]),
        (ES, "cp1252", ["no-such", "hex"]),
        (POLISH, "cp1250", ["iso-8859-1"]),
        (POLISH, "iso8859-2", ["iso-8859-1", "iso-8859-2"]),
        ("“Voto” – así", "cp1252", ["iso-8859-1"]),
        ("Они не знают, что будет.", "cp1251", ["windows-1251"]),
        ("Blåbærgrød", "cp1252", ["iso-8859-1"]),
        ("今日は晴れ", "shift_jis", ["shift_jis"]),
    ],
)
def test_the_encoding_is_found_in_the_bytes_and_one_declared_believed_where_they_fit(text, encoding, declared):
    assert text == decode(text.encode(encoding), *declared)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ("a,b\n", "has 2 fields where the first line has 7"),
        ('a9,herald,en,2022-12-07,,"never closed,x\n', "broken CSV (a quotation mark is never closed)"),
        ('a9,herald,en,2022-12-07,,"Ti"tle,x\n', "broken CSV (',' expected after '\"')"),
        ("a9,herald,en,2022-12-07,,T\0,x\n", "title holds damaged characters: no valid Unicode, or NUL"),
        ("a9,herald,en,soon,,T,x\n", NO_DATE),
    ],
)
def test_a_row_that_cannot_be_read_costs_no_other(tmp_path, bad, expected):
    table, rejected, _ = read(tmp_path / "a.csv", HEAD + _row(1, '"two\nlines"') + bad + _row(2) + _row(3))
    assert (["a1", "a2", "a3"], [("a.csv", 4, expected)]) == (table["article"].to_list(), rejected)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.csv", f"sep=;\r\nmedio;fecha;titular;texto\r\nherald;2022-12-07;Hoy, aquí;{ES}\r\n", "Hoy, aquí"),
        ("a.tsv", f'outlet\tdate\ttitle\ttext\nherald\t2022-12-07\t"Vote" today\t{EN}\n', '"Vote" today'),
    ],
)
def test_tables_are_read_as_programs_write_them(tmp_path, name, text, expected):
    """Excel names the delimiter in a first line at times; between tabs, quotation marks may be part of the text."""
    assert [expected] == read(tmp_path / name, text)[0]["title"].to_list()


def test_a_damaged_byte_costs_its_row(tmp_path):
    rows = (HEAD + _row(1, ES) + _row(2) + _row(3, ES)).encode()
    table, rejected, _ = read(tmp_path / "a.csv", rows.replace(b"noon", b"no\xf3n"))
    assert (["a1", "a3"], [("a.csv", 3, "body holds damaged characters: no valid Unicode, or NUL")]) == (
        table["article"].to_list(),
        rejected,
    )


def test_columns_may_be_named_by_the_study(tmp_path):
    path, text = tmp_path / "a.csv", f"Blatt,Tag,Zeile,text\nherald,2022-12-07,A title,{EN}\n"
    given = {"outlet": "Blatt", "published": "Tag", "title": "Zeile"}
    table, *_ = read(path, text, columns=given)
    assert [["herald", "A title", EN]] == table[["outlet", "title", "body"]].values.tolist()
    there = "it has: Blatt, Tag, Zeile, text"
    message = f"has no column 'Datum', which [columns] in study.toml names for published; {there}"
    with pytest.raises(TextsError) as error:
        read(path, columns={**given, "published": "Datum"})
    assert f"{path}: {message}" == str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2\n3,4\n", "has no column for outlet, published, title or body; it has: 1, 2. Name it under [columns]"),
        ("date,outlet,title,title\n", "has two columns 'title'; it has: date, outlet, title, title"),
        ("\n \n", "holds nothing"),
    ],
)
def test_a_file_that_is_no_such_table_is_an_error(tmp_path, text, expected):
    with pytest.raises(TextsError, match=re.escape(expected)):
        read(tmp_path / "a.csv", text)


def test_a_row_without_an_id_gets_one_that_stays(tmp_path):
    text = f"outlet,date,title,text\nherald,2022-12-07,A,{EN}\nherald,2022-12-07,B,{EN}\n"
    first, second = (read(tmp_path / "a.csv", text)[0]["article"].to_list() for _ in range(2))
    assert (2, first) == (len(set(first)), second)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    peaks = []
    for count in (500, 2_500):
        path = tmp_path / f"{count}.csv"
        path.write_text(HEAD + "".join(_row(n, EN * 50) for n in range(count)))
        tracemalloc.start()
        assert count == sum(len(chunk) for chunk in read_texts(path, rows=100))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # An id and a number are kept of each article, its text is not.
    assert peaks[1] - peaks[0] < 2_000 * 250 < 2_000 * len(EN * 50)


@given(st.lists(st.lists(CELL, min_size=4, max_size=4), max_size=8))
def test_what_the_csv_module_writes_is_read_cell_by_cell(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["outlet", "date", "title", "body"], *rows])
    found = [list(cells.values()) for _, cells in read_delimited(path, Reading({}, None))]
    assert [row for row in rows if any(cell.strip() for cell in row)] == found
