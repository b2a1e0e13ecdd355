"""A folder of texts, a file each (.txt, .md, .html), and metadata.csv, which says of each file what it is."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from analysis.errors import TextsError
from analysis.readers.charset import UnknownEncoding, decode
from analysis.readers.html import HtmlRefused, main_text
from analysis.readers.row import BadRow, Reading, complete, identify
from analysis.readers.tabular import Rows, read_cells

METADATA = "metadata.csv"
#: Most bytes of a file.
MAX_SIZE = 8_000_000
_PLAIN, _MARKDOWN, _HTML = (".txt",), (".md",), (".html", ".htm")
_ENDINGS = (*_PLAIN, *_MARKDOWN, *_HTML)


def read_folder(path: Path, reading: Reading) -> Rows:
    """Each row of metadata.csv with its file's text, or what is wrong; then each file that has no row."""
    table = path / METADATA
    if not table.is_file():
        raise TextsError(path, f"holds no {METADATA}: a table with a row for each file (file, outlet, published, …)")
    files = [file.relative_to(path).as_posix() for file in sorted(path.rglob("*")) if _is_text(file)]
    # A Mac writes “ñ” in names as two characters, tables as one.
    composed = {unicodedata.normalize("NFC", name): name for name in files}
    read: set[str] = set()
    for line, cells in read_cells(table, reading.columns, files=True):
        if isinstance(cells, BadRow):
            yield line, cells
            continue
        name = os.path.normpath(str(cells.pop("file")).strip().replace("\\", "/"))
        name = name if name in files else composed.get(unicodedata.normalize("NFC", name), name)
        raw = _content(path, name)
        if not isinstance(raw, BadRow):
            read.add(name)
        yield line, raw if isinstance(raw, BadRow) else _row(raw, name, cells)
    for name in files:
        if name not in read:
            yield 1, BadRow(f"has no row in {METADATA}", path / name)


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in _ENDINGS and path.is_file()


def _row(raw: bytes, name: str, cells: dict[str, object]) -> Mapping[str, object] | BadRow:
    cells.pop("body", None)  # the text is the file's
    known = {meaning: value for meaning, value in cells.items() if str(value or "").strip()}
    text = _text(raw, name, str(cells.get("url") or "") or None)
    if isinstance(text, BadRow):
        return text
    row = complete({**text, **known})
    return row if "article" in known else {**row, "article": identify(row.get("outlet"), name)}


def _content(folder: Path, name: str) -> bytes | BadRow:
    if name == ".":
        return BadRow("file is missing")
    if name.startswith(("/", "..")) or Path(name).is_absolute():
        return BadRow("file is not inside the folder")
    if not name.lower().endswith(_ENDINGS):
        return BadRow(f"file has none of the endings {', '.join(_ENDINGS)}")
    path = folder / name
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return BadRow("file is not inside the folder")
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return BadRow("file is not a file")
        if found.st_size > MAX_SIZE:
            return BadRow(f"file has more than {MAX_SIZE:,} bytes")
        return path.read_bytes()
    except FileNotFoundError:
        return BadRow("file does not exist")
    except (OSError, ValueError, RuntimeError):  # a name that is too long, holds NUL, or links to itself
        return BadRow("file cannot be read")


def _text(raw: bytes, name: str, url: str | None) -> dict[str, object] | BadRow:
    """What a file says: its text, and where it is HTML its title, date and language."""
    if not name.lower().endswith(_HTML):
        try:
            text = decode(raw)
        except UnknownEncoding as error:
            return BadRow(f"file's {error.reason}")
        if text.count("\0") > len(text) // 100:
            return BadRow("file holds no text")
        return _markdown(text) if name.lower().endswith(_MARKDOWN) else {"body": text}
    try:
        page = main_text(raw, url=url)
    except HtmlRefused as error:
        return BadRow(f"HTML {error.reason}")
    if not page.body:
        return BadRow("HTML without a main text")
    dated = {"published": str(page.published)} if page.published else {}
    return {"title": page.title, "body": page.body, "language": page.language, **dated}


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
