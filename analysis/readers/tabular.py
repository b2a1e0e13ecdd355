"""Tables of texts: CSV, TSV, Parquet, and folders of files with a metadata.csv, which says of each file what it is.

A row of CSV that cannot be split is set aside with the line it starts on and the reading goes on at the next line, so
that a quotation mark that is never closed costs one row and not the rest of the file.
"""

import csv
import json
import os
import re
import unicodedata
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.errors import TextsError
from analysis.readers.charset import MAX_LINE, bounded_lines, decode, open_bytes, text_lines
from analysis.readers.html import main_text
from analysis.readers.row import (
    COLUMN_NAMES,
    BadRow,
    Cells,
    Reading,
    Rows,
    attempt,
    find_columns,
    needed_columns,
    needed_for,
)

METADATA = "metadata.csv"
_ENDINGS = (".txt", ".md", ".html", ".htm")


def read_delimited(path: Path, reading: Reading, *, files: bool = False) -> Rows:
    """Each row of CSV or TSV: the 1-based line it starts on and its cells; `files` as in `needed_columns`."""
    # csv's limit for a field is the whole program's; the lines that are given to it are bounded.
    csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_LINE))
    lines = enumerate(text_lines(path), start=1)
    full = (line for _, line in lines if line.strip())
    header = next(full, "")
    declared = re.fullmatch(r"sep=(.)\s*", header, re.IGNORECASE)  # Excel's first line, at times
    header = next(full, "") if declared else header
    if not header:
        raise TextsError(path, "holds nothing")
    delimiter = declared[1] if declared else _delimiter(header, reading)
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    columns = needed_columns(path, names, reading, files=files)
    for number, cells in _records(lines, delimiter, len(names)):
        if isinstance(cells, BadRow):
            yield number, cells
        else:
            row = dict(zip(names, cells, strict=True))
            yield number, {meaning: row[name] for meaning, name in columns.items()}


def _delimiter(line: str, reading: Reading) -> str:
    """The delimiter that finds most names of columns in the first line, and most columns."""
    known = {*" ".join(COLUMN_NAMES.values()).split(), *(name.casefold() for name in reading.columns.values())}
    columns = {sign: [name.strip().strip('"').casefold() for name in line.split(sign)] for sign in ",;\t|"}
    return max(columns, key=lambda sign: (sum(name in known for name in columns[sign]), len(columns[sign])))


def _records(lines: Iterator[tuple[int, str]], delimiter: str, width: int) -> Iterator[tuple[int, list[str] | BadRow]]:
    """Each row that is not blank, with the line it starts on; after one that cannot be split, from its second line."""
    waiting, used = deque[tuple[int, str]](), list[tuple[int, str]]()

    def row_lines() -> Iterator[str]:
        size = 0  # csv.reader takes as many lines as a row needs; it gets no more than a row may have
        while size <= MAX_LINE and (line := waiting.popleft() if waiting else next(lines, None)):
            used.append(line)
            size += len(line[1])
            yield line[1]

    while True:
        used.clear()
        try:
            cells = next(csv.reader(row_lines(), delimiter=delimiter, strict=True), [])
            reason = f"has {len(cells)} fields where the first line has {width}"
        except csv.Error as error:
            never = "unexpected end" in str(error)
            cells, reason = [], f"broken CSV ({'a quotation mark is never closed' if never else error})"
        if not used:
            return
        number, first = used[0]
        if len(cells) != width and first.strip():
            waiting.extendleft(reversed(used[1:]))
            plain = first.rstrip("\r\n").split("\t")  # many programs write marks between tabs as they are
            yield number, plain if delimiter == "\t" and len(plain) == width else BadRow(reason)
        elif any(cell.strip() for cell in cells):
            yield number, cells


def read_parquet(path: Path, reading: Reading) -> Rows:
    """Each row of Parquet: its 1-based number and its cells."""
    number = 0
    try:
        # A small buffer in place of a whole group's bytes; this thread alone, as annotate starts processes.
        with pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            columns = needed_columns(path, file.schema_arrow.names, reading)
            wanted = list(dict.fromkeys(columns.values()))
            for batch in file.iter_batches(256, columns=wanted, use_threads=False):
                for row in batch.to_pylist():
                    number += 1
                    yield number, {meaning: row[name] for meaning, name in columns.items()}
    except (OSError, ValueError, pa.ArrowException) as error:  # ArrowInvalid is a ValueError
        reason = f"cannot be read as Parquet ({type(error).__name__})"
        if not number:
            raise TextsError(path, reason) from error
        raise BadRow(f"{reason}; no row was read from there on") from error


def read_folder(path: Path, reading: Reading) -> Rows:
    """Each row of metadata.csv with its file's text; then each file that has no row, which is set aside."""
    if not (path / METADATA).is_file():
        raise TextsError(path, f"holds no {METADATA}: a table with a row for each file (file, outlet, published, …)")
    files = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in _ENDINGS and file.is_file()]
    # A Mac writes “ñ” in names as two characters, tables as one.
    names = {unicodedata.normalize("NFC", file.relative_to(path).as_posix()): file for file in files}
    listed: set[str] = set()
    for line, cells in read_delimited(path / METADATA, reading, files=True):
        if isinstance(cells, BadRow):
            yield line, cells
            continue
        name = unicodedata.normalize("NFC", os.path.normpath(str(cells["file"]).strip().replace("\\", "/")))
        listed.add(name)
        yield line, attempt(_with_text, name, names.get(name), cells)
    yield from ((1, BadRow(f"file {name!r} has no row in {METADATA}")) for name in names if name not in listed)


def _with_text(name: str, file: Path | None, cells: Cells) -> Cells:
    """The file's text and, where it is HTML, its title, date and language; of these, the table's count before."""
    if file is None:
        raise BadRow(f"no such file in the folder, or none that ends in {', '.join(_ENDINGS)}")
    raw, ending = file.read_bytes(), file.suffix.lower()
    if ending in (".html", ".htm"):
        page = main_text(raw, url=str(cells.get("url") or "") or None)
        text = page._asdict() | {"published": page.published and str(page.published)}
    else:
        text = _markdown(decode(raw)) if ending == ".md" else {"body": decode(raw)}
    known = {meaning: value for meaning, value in cells.items() if meaning != "body" and str(value or "").strip()}
    return {"article": PurePosixPath(name).with_suffix("").as_posix(), **text, **known}


def _markdown(text: str) -> dict[str, str]:
    """Text without the marks of Markdown; a heading that opens it is the title."""
    with needed_for("reading Markdown"):
        import mistune
    first, _, rest = text.lstrip("\ufeff \t\r\n").partition("\n")
    is_title = first.startswith("# ")
    return {"title": first[2:].strip() if is_title else "", "body": str(mistune.html(rest if is_title else text))}


def read_jsonl(path: Path, reading: Reading) -> Rows:
    """Each line that is not blank: its 1-based number and its object."""
    with open_bytes(path) as file:
        for number, line in enumerate(bounded_lines(file), start=1):
            if line.strip():
                yield number, attempt(_line, line.rstrip(b"\r\n"), reading)


def read_json(path: Path, reading: Reading) -> Rows:
    """The article of a file, or each of its list; an id that is missing is the file's name, an outlet the folder's.

    A file that is not JSON as a whole is read as JSON Lines.
    """
    with open_bytes(path) as file:
        raw = file.read()
    if not raw.strip():
        yield 1, BadRow("the file is empty")
        return
    try:
        found = _parse(raw)
    except BadRow:
        yield from read_jsonl(path, reading)
        return
    articles = found if isinstance(found, list) else [found]
    if not articles:
        yield 1, BadRow("the list is empty: no article")
    name = path.name.partition(".json")[0] if len(articles) == 1 else ""
    for number, article in enumerate(articles, start=1):
        yield number, attempt(_cells, article, reading, {"article": name, "outlet": path.absolute().parent.name})


def _line(line: bytes, reading: Reading) -> Cells:
    return _cells(_parse(line), reading, {})


def _parse(raw: bytes) -> object:
    try:
        return json.loads(raw.decode("utf-8-sig"))  # some programs begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise BadRow(f"not UTF-8 (byte {error.start + 1} of the line)") from error
    except json.JSONDecodeError as error:
        raise BadRow(f"broken JSON ({error.msg}, column {error.colno})") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or brackets nested by the thousand
        raise BadRow("broken JSON") from error


def _cells(found: object, reading: Reading, default: Mapping[str, str]) -> Cells:
    """Cells of an object by what they hold; a line that has no names but those of TEXTS is an item of a feed."""
    if not isinstance(found, dict):
        raise BadRow("not a JSON object")
    columns = find_columns(list(found), reading)
    cells = {meaning: found[name] for meaning, name in columns.items()}
    if not default and all(meaning == name for meaning, name in columns.items()):
        return {**cells, "source": cells.get("source") or "feed"}
    if isinstance(cells.get("body"), dict):
        cells["body"] = "\n\n".join(_paragraphs(cells["body"]))
    if isinstance(page := found.get("html"), dict):  # as Fundus downloaded it
        about = page.get("source_info")
        publisher = about.get("publisher") if isinstance(about, dict) else ""
        cells = {"url": page.get("requested_url"), "outlet": publisher, "crawled": page.get("crawl_date"), **cells}
    if {"maintext", "publishing_date"} & found.keys():
        cells["source"] = "page"
    if isinstance(outlet := cells.get("outlet"), str):
        cells["outlet"] = outlet.removeprefix("www.")
    if not (cells.get("outlet") or cells.get("url")):
        cells["outlet"] = default.get("outlet")
    return {**cells, "article": cells.get("article") or default.get("article")}


def _paragraphs(body: Mapping[str, Any]) -> Iterator[str]:
    """Summary, headings and paragraphs of a text as Fundus nests them."""
    yield from map(str, body.get("summary") or ())
    for section in body.get("sections") or ():
        yield from map(str, (*(section.get("headline") or ()), *(section.get("paragraphs") or ())))
