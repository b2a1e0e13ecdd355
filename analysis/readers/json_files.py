"""JSON Lines, and JSON with an article per file or a list of them, as news-please and Fundus write it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from analysis.readers.row import BadRow, Reading, Rows, complete, find_columns
from analysis.readers.stream import MAX_LINE, Source

#: Most bytes of a file of JSON that is no JSON Lines: it is read as a whole.
MAX_FILE = 200_000_000


def read_jsonl(source: Source, reading: Reading) -> Rows:
    """Each line that is not blank: its 1-based number and its object."""
    for number, line in enumerate(source.lines(), start=1):
        if line is None:
            yield number, BadRow(f"line of more than {MAX_LINE:,} bytes")
        elif line.strip():
            yield number, partial(_line, line.rstrip(b"\r\n"), reading)


def read_json(source: Source, reading: Reading) -> Rows:
    """The article of a file, or each of its list; an id that is missing is the file's name, an outlet the folder's.

    A file that is not JSON as a whole is read as JSON Lines.
    """
    raw = source.read(MAX_FILE + 1)
    try:
        if len(raw) > MAX_FILE:
            raise BadRow("too large to be read as a whole")
        found = _parse(raw)
    except BadRow:
        yield from read_jsonl(Source(source.path), reading)
        return
    articles = found if isinstance(found, list) else [found]
    name = source.path.name.partition(".json")[0]
    for number, article in enumerate(articles, start=1):
        own = {"article": name if len(articles) == 1 else "", "outlet": source.path.absolute().parent.name}
        yield number, partial(_cells, article, reading, own)


def _line(line: bytes, reading: Reading) -> Mapping[str, object]:
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


def _cells(found: object, reading: Reading, default: Mapping[str, str]) -> Mapping[str, object]:
    """Cells of an object by what they hold: one with the names of TEXTS, which may lack none, or with common ones."""
    if not isinstance(found, dict):
        raise BadRow("not a JSON object")
    names = list(found)
    cells = {meaning: found[names[at]] for meaning, at in find_columns(names, reading).items()}
    if not default and all(found.get(meaning) is value for meaning, value in cells.items()):
        return found
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
    return complete({**cells, "article": cells.get("article") or default.get("article")})


def _paragraphs(body: Mapping[str, Any]) -> Iterator[str]:
    """Summary, headings and paragraphs of a text as Fundus nests them."""
    yield from map(str, body.get("summary") or ())
    for section in body.get("sections") or ():
        yield from map(str, (*(section.get("headline") or ()), *(section.get("paragraphs") or ())))
