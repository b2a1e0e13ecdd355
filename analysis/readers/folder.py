"""A folder of texts, a file each (.txt, .md, .html), and metadata.csv, which says of each file what it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from analysis.errors import TextsError
from analysis.readers import columns, delimited
from analysis.readers import html as pages
from analysis.readers.row import BadRow, Reading

METADATA = "metadata.csv"
#: Most bytes of a file.
MAX_SIZE = 8_000_000
_PLAIN, _MARKDOWN, _HTML = (".txt",), (".md",), (".html", ".htm")
_ENDINGS = (*_PLAIN, *_MARKDOWN, *_HTML)


def rows(path: Path, reading: Reading) -> Iterator[tuple[int, Mapping[str, object] | BadRow]]:
    """Yield each row of metadata.csv with its file's text, or what is wrong; then each file that has no row."""
    seen: set[str] = set()
    table = path / METADATA
    if not table.is_file():
        raise TextsError(path, f"holds no {METADATA}: a table with a row for each file (file, outlet, published, …)")
    for line, found in delimited.table(table, reading.columns, beside=True):
        yield line, found if isinstance(found, BadRow) else _row(path, found, seen)
    for name in _files(path):
        if name not in seen:
            yield 1, BadRow(f"has no row in {METADATA}", path / name)


def _row(folder: Path, cells: dict[str, object], seen: set[str]) -> Mapping[str, object] | BadRow:
    name = str(cells.pop("file")).strip()
    cells.pop("body", None)  # the text is the file's
    if not name:
        return BadRow("file is missing")
    name = os.path.normpath(name.replace("\\", "/"))
    if name.startswith(("/", "..")) or Path(name).is_absolute():
        return BadRow("file is not inside the folder")
    if not name.lower().endswith(_ENDINGS):
        return BadRow(f"file has none of the endings {', '.join(_ENDINGS)}")
    raw = _content(folder, name)
    if isinstance(raw, BadRow):
        return raw
    seen.add(name)
    known = {meaning: value for meaning, value in cells.items() if str(value or "").strip()}
    text = _text(raw, name, str(cells.get("url") or "") or None)
    if isinstance(text, BadRow):
        return text
    row = columns.record({**text, **known})
    return row if "article" in known else {**row, "article": columns.identify(row.get("outlet"), name)}


def _content(folder: Path, name: str) -> bytes | BadRow:
    place = folder / name
    try:
        if not place.resolve().is_relative_to(folder.resolve()):
            return BadRow("file is not inside the folder")
        found = place.stat()
        if not stat.S_ISREG(found.st_mode):
            return BadRow("file is not a file")
        if found.st_size > MAX_SIZE:
            return BadRow(f"file has more than {MAX_SIZE:,} bytes")
        return place.read_bytes()
    except FileNotFoundError:
        return BadRow("file does not exist")
    except (OSError, ValueError, RuntimeError):  # a name that is too long, holds NUL, or links to itself
        return BadRow("file cannot be read")


def _text(raw: bytes, name: str, url: str | None) -> dict[str, object] | BadRow:
    """What a file says: its text, and where it is HTML its title, date and language."""
    ending = name.lower()
    if not ending.endswith(_HTML):
        text = pages.decode(raw)
        if text.count("\0") > len(text) // 100:
            return BadRow("file holds no text")
        return {"body": text} if ending.endswith(_PLAIN) else _markdown(text)
    try:
        found = pages.main_text(raw, url=url)
    except pages.HtmlRefused as error:
        return BadRow(f"HTML {error.reason}")
    if not found.body:
        return BadRow("HTML without a main text")
    dated = {"published": found.published.isoformat()} if found.published else {}
    return {"title": found.title, "body": found.body, "language": found.language, **dated}


def _markdown(text: str) -> dict[str, object]:
    """Text without its marks; a heading that opens it is the title."""
    import mistune

    first, _, rest = text.lstrip("\ufeff \t\r\n").partition("\n")
    titled = first.startswith("# ")
    try:
        body = mistune.html(rest if titled else text)
    except RecursionError:  # quotations nested by the thousand: as they stand
        body = rest if titled else text
    return {"title": first[2:].strip() if titled else "", "body": str(body)}


def _files(folder: Path) -> Iterator[str]:
    for place in sorted(folder.rglob("*")):
        if place.is_file() and place.suffix.lower() in _ENDINGS:
            yield place.relative_to(folder).as_posix()
