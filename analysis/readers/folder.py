"""A folder of texts, a file each (.txt, .md, .html), and metadata.csv, which says of each file what it is."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from analysis.errors import TextsError
from analysis.readers.charset import decode
from analysis.readers.html import MAX_SIZE, main_text
from analysis.readers.row import BadRow, Reading, Rows, complete, needed_for
from analysis.readers.stream import Source
from analysis.readers.tabular import read_cells

METADATA = "metadata.csv"
_HTML = (".html", ".htm")
_ENDINGS = (".txt", ".md", *_HTML)


def read_folder(source: Source, reading: Reading) -> Rows:
    """Each row of metadata.csv with its file's text; then each file that has no row, which is set aside."""
    path = source.path
    if not (path / METADATA).is_file():
        raise TextsError(path, f"holds no {METADATA}: a table with a row for each file (file, outlet, published, …)")
    files = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in _ENDINGS and file.is_file()]
    names = dict.fromkeys(file.relative_to(path).as_posix() for file in files)
    # A Mac writes “ñ” in names as two characters, tables as one.
    composed = {unicodedata.normalize("NFC", name): name for name in names}
    listed: set[str] = set()
    for line, cells in read_cells(Source(path / METADATA), reading, files=True):
        if isinstance(cells, BadRow):
            yield line, cells
            continue
        name = os.path.normpath(str(cells.pop("file")).strip().replace("\\", "/"))
        name = name if name in names else composed.get(unicodedata.normalize("NFC", name), name)
        listed.add(name)
        yield line, partial(_row, path, name, names, cells)
    yield from ((1, BadRow(f"has no row in {METADATA}", path / name)) for name in names if name not in listed)


def _content(folder: Path, name: str, names: Collection[str]) -> bytes:
    path = folder / name
    if name == ".":
        raise BadRow("file is missing")
    is_inside = path.resolve().is_relative_to(folder.resolve()) if name in names else not name.startswith(("..", "/"))
    if not is_inside:
        raise BadRow("file is not inside the folder")
    if not name.lower().endswith(_ENDINGS):
        raise BadRow(f"file has none of the endings {', '.join(_ENDINGS)}")
    if name not in names:
        raise BadRow("file does not exist")
    try:
        if path.stat().st_size > MAX_SIZE:
            raise BadRow(f"file has more than {MAX_SIZE:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise BadRow("file cannot be read") from error


def _row(folder: Path, name: str, names: Collection[str], cells: Mapping[str, object]) -> Mapping[str, object]:
    """The file's text and, where it is HTML, its title, date and language; of these, the table's count before."""
    raw = _content(folder, name, names)
    known = {meaning: value for meaning, value in cells.items() if meaning != "body" and str(value or "").strip()}
    if name.lower().endswith(_HTML):
        page = main_text(raw, url=str(cells.get("url") or "") or None)
        text = {"title": page.title, "body": page.body, "language": page.language}
        text |= {"published": str(page.published)} if page.published else {}
    else:
        text = _plain(raw, name)
    return complete({"article": PurePosixPath(name).with_suffix("").as_posix(), **text, **known})


def _plain(raw: bytes, name: str) -> dict[str, str]:
    """Text of a file; of Markdown without its marks, and a heading that opens it is the title."""
    text = decode(raw)
    if text.count("\0") > len(text) // 100:
        raise BadRow("file holds no text")
    if not name.lower().endswith(".md"):
        return {"body": text}
    with needed_for("reading Markdown"):
        import mistune
    first, _, rest = text.lstrip("\ufeff \t\r\n").partition("\n")
    title, body = (first[2:].strip(), rest) if first.startswith("# ") else ("", text)
    try:
        return {"title": title, "body": str(mistune.html(body))}
    except RecursionError:  # quotations nested by the thousand: as they stand
        return {"title": title, "body": body}
