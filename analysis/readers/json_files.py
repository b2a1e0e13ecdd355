"""JSON Lines, and JSON with an article per file or a list of them, as news-please and Fundus write it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis.readers.charset import bounded_lines, open_bytes
from analysis.readers.row import BadRow, Cells, Reading, Rows, attempt, find_columns


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
