"""CSV and TSV: encodings, delimiters, columns by name, and rows that cannot be split."""

import csv
import gzip
import io
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import EN, ES, read

from analysis.errors import TextsError
from analysis.readers.charset import decode, encoding_of
from analysis.readers.row import NO_DATE
from analysis.readers.stream import MAX_LINE

HEAD = "article,outlet,language,published,url,title,body\n"
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def _row(number: int, body: str = EN) -> str:
    return f"a{number},herald,en,2022-12-07,,Title,{body}\n"


def test_a_row_is_an_article(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + 'a1,herald,en,2022-12-07T10:00-05:00,https://h.example,A vote,"One.\n\nTwo, ""three""."\n')
    table, rejected, _ = read(path)
    (row,) = table.drop(columns="source_sha256").astype(str).to_dict("records")
    expected = {
        "article": "a1",
        "outlet": "herald",
        "language": "en",
        "published": "2022-12-07 15:00:00+00:00",
        "timestamp": "publisher",
        "url": "https://h.example",
        "source": "text",
        "title": "A vote",
        "body": 'One.\nTwo, "three".',
    }
    assert (expected, []) == (row, rejected)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_delimiter_and_encoding_are_found(tmp_path, delimiter, encoding):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([["medio", "fecha", "titular", "texto"], ["herald", "2022-12-07", "Votación; hoy, aquí", ES]])
    path = tmp_path / "a.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    table, rejected, _ = read(path)
    assert ([["es", "Votación; hoy, aquí", ES]], []) == (table[["language", "title", "body"]].values.tolist(), rejected)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"plain", "utf-8"),
        ("ó".encode() * 5 + b"\xff", "utf-8"),  # a damaged byte does not make it another encoding
        (ES.encode("cp1252"), "cp1252"),
        ("El 8—dijo— «fue» así.".encode("cp1252"), "cp1252"),
        ("The vote—close, they said—was “over”.".encode("cp1252"), "cp1252"),
        ("Sędziowie zebrali się rano, a świadkowie już odjechali.".encode("iso8859-2"), "iso8859-2"),
        ("mañana".encode("cp1252"), "cp1252"),
        ("¿Qué pasó? “Nada”, não há informações.".encode("cp1252"), "cp1252"),
        ("Sędziowie zebrali się rano i głosowali, a świadkowie odjechali.".encode("cp1250"), "cp1250"),
    ],
)
def test_the_encoding_of_bytes(tmp_path, raw, expected):
    (tmp_path / "a").write_bytes(raw)
    assert expected == encoding_of(tmp_path / "a")


@pytest.mark.parametrize(
    ("encoding", "text", "perhaps"),
    [
        ("cp850", ES, " (perhaps cp850)"),
        ("mac-roman", "Así está el país.", " (perhaps mac-roman)"),
        ("mac-roman", "Ayer por la mañana cerró la sesión.", " (perhaps mac-roman)"),
        ("koi8-r", "Они не знают, что будет.", ""),
    ],
)
def test_an_encoding_that_is_not_known_is_refused_rather_than_guessed(tmp_path, encoding, text, perhaps):
    path = tmp_path / "a.csv"
    path.write_bytes((HEAD + _row(1, text)).encode(encoding))
    expected = f"its encoding is none of UTF-8, UTF-16, cp1252, cp1250, iso8859-2{perhaps}. Save it as UTF-8"
    with pytest.raises(TextsError, match=re.escape(expected)):
        read(path)


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        (ES, "utf-8", ["iso-8859-1"]),
        (ES, "cp1252", ["utf-8"]),
        (ES, "cp1252", ["no-such", "hex"]),
        ("Sędziowie zebrali się rano, a świadkowie już odjechali.", "cp1250", ["iso-8859-1"]),
        ("Sędziowie zebrali się rano, a świadkowie już odjechali.", "iso8859-2", ["iso-8859-1", "iso-8859-2"]),
        ("“Voto” – así", "cp1252", ["iso-8859-1"]),
        ("Они не знают, что будет.", "cp1251", ["windows-1251"]),
        ("Blåbærgrød", "cp1252", ["iso-8859-1"]),
        ("今日は晴れ", "shift_jis", ["shift_jis"]),
    ],
)
def test_an_encoding_declared_is_believed_unless_the_bytes_contradict_it(text, encoding, declared):
    assert text == decode(text.encode(encoding), *declared)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ("a,b\n", "has 2 fields where the first line has 7"),
        ('a9,herald,en,2022-12-07,,"never closed,x\n', "broken CSV (a quotation mark is never closed)"),
        ('a9,herald,en,2022-12-07,,"Ti"tle,x\n', "broken CSV (',' expected after '\"')"),
        ("a9,herald,en,2022-12-07,,T\0,x\n", "holds a NUL character"),
        (f"a9,herald,en,2022-12-07,,T,{'x' * 2_000_001}\n", "title and body have more than 2,000,000 characters"),
        (f"a9,herald,en,2022-12-07,,T,{'x' * MAX_LINE}\n", "line of more than 10,000,000 characters"),
        ("a9,herald,en,soon,,T,x\n", NO_DATE),
    ],
)
def test_a_row_that_cannot_be_read_costs_no_other(tmp_path, bad, expected):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + _row(1, '"two\nlines"') + bad + _row(2) + _row(3))
    table, rejected, _ = read(path)
    assert (["a1", "a2", "a3"], [("a.csv", 4, expected)]) == (table["article"].to_list(), rejected)


def test_a_first_line_may_name_the_delimiter_as_excel_writes_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"sep=;\r\nmedio;fecha;titular;texto\r\nherald;2022-12-07;Hoy, aquí;{ES}\r\n")
    assert [["Hoy, aquí", ES]] == read(path)[0][["title", "body"]].values.tolist()


def test_a_damaged_byte_costs_its_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes((HEAD + _row(1, ES)).encode() + _row(2).encode().replace(b"noon", b"no\xf3n") + _row(3).encode())
    table, rejected, _ = read(path)
    assert (["a1", "a3"], [("a.csv", 3, "body is not valid Unicode")]) == (table["article"].to_list(), rejected)


def test_tabs_part_fields_that_hold_quotation_marks_as_they_are(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text('outlet\tdate\ttitle\ttext\nherald\t2022-12-07\t"Vote" today\t' + EN + "\n")
    assert ['"Vote" today'] == read(path)[0]["title"].to_list()


def test_columns_may_be_named_by_the_study(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"Blatt,Tag,Zeile,text\nherald,2022-12-07,A title,{EN}\n")
    given = {"outlet": "Blatt", "published": "Tag", "title": "Zeile"}
    assert [["herald", "A title", EN]] == read(path, columns=given)[0][["outlet", "title", "body"]].values.tolist()
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
        ('{"article": 1}\n', "its ending says CSV or TSV, its content JSON Lines. Rename or convert it"),
        ("PAR1", "its ending says CSV or TSV, its content Parquet"),
        ("PK\x03\x04", "its content a ZIP file (a spreadsheet, perhaps)"),
    ],
)
def test_a_file_that_is_no_such_table_is_an_error(tmp_path, text, expected):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(TextsError) as error:
        read(path)
    assert expected in str(error.value)


def test_a_row_without_an_id_gets_one_that_stays(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"outlet,date,title,text\nherald,2022-12-07,A,{EN}\nherald,2022-12-07,B,{EN}\n")
    first = read(path)[0]["article"].to_list()
    assert (2, first) == (len(set(first)), read(path)[0]["article"].to_list())


def test_packed_files_are_read_and_what_is_cut_off_is_set_aside(tmp_path):
    path = tmp_path / "a.csv.gz"
    whole = gzip.compress((HEAD + "".join(map(_row, range(3000)))).encode(), mtime=0)
    path.write_bytes(whole)
    assert 3000 == len(read(path)[0])
    path.write_bytes(whole[: len(whole) // 2])
    table, rejected, _ = read(path)
    ids = table["article"].to_list()
    assert [f"a{n}" for n in range(len(ids))] == ids and 500 < len(ids) < 3000
    assert "the compressed data end too soon" in [reason for *_, reason in rejected]
    assert (table["body"] == EN).all()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    peaks = []
    for count in (2_000, 20_000):
        path = tmp_path / f"{count}.csv"
        path.write_text(HEAD + "".join(_row(n, EN * 5) for n in range(count)))
        tracemalloc.start()
        assert count == sum(len(chunk) for chunk in _chunks(path))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # An id and a number are kept of each article, its text is not.
    assert peaks[1] - peaks[0] < 18_000 * 250 < 18_000 * len(EN * 5)


def _chunks(path):
    from analysis.readers import read_texts

    return read_texts(path, rows=100)


@given(st.lists(st.lists(CELL, min_size=4, max_size=4), max_size=8))
def test_what_the_csv_module_writes_is_read_cell_by_cell(tmp_path_factory, rows):
    from analysis.readers.tabular import read_cells

    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["outlet", "date", "title", "body"], *rows])
    found = [list(cells.values()) for _, cells in read_cells(path, {})]
    assert [row for row in rows if any(cell.strip() for cell in row)] == found
