"""Which format a file of texts has: by its ending, and by a look at its first bytes, which must not contradict it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from analysis.errors import TextsError
from analysis.readers import delimited, feed, folder, jsonl, parquet, warc
from analysis.readers.row import BadRow, Reading

Rows = Iterator[tuple[int, Mapping[str, object] | BadRow]]
Reader = Callable[[Path, Reading], Rows]
#: Ending of a file → how its rows are read: (line, the row or what is wrong with it). `.gz` may follow some.
FORMATS: dict[str, Reader] = {
    ".jsonl": jsonl.rows,
    ".ndjson": jsonl.rows,
    ".csv": delimited.rows,
    ".tsv": delimited.rows,
    ".parquet": parquet.rows,
    ".rss": feed.rows,
    ".atom": feed.rows,
    ".xml": feed.rows,
    ".warc": warc.rows,
}
_GZIPPED = (".jsonl", ".ndjson", ".csv", ".tsv", ".rss", ".atom", ".xml", ".warc")
_NAMES: dict[Reader, str] = {
    jsonl.rows: "JSON Lines",
    delimited.rows: "CSV or TSV",
    parquet.rows: "Parquet",
    feed.rows: "RSS or Atom",
    warc.rows: "WARC",
}
#: What a file begins with → the format that is.
_BEGINNINGS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"PAR1"), "Parquet"),
    (re.compile(rb"WARC/[01]\."), "WARC"),
    (re.compile(rb"PK\x03\x04"), "a ZIP file (a spreadsheet, perhaps)"),
    (re.compile(rb"%PDF-"), "PDF"),
    (re.compile(rb"\xef?\xbb?\xbf?\s*\[?\s*\{\s*\"[^\"\n]{0,80}\"\s*:"), "JSON Lines"),
    (re.compile(rb"\xef?\xbb?\xbf?\s*(?:<\?xml|<rss[\s>]|<feed[\s>]|<rdf:RDF[\s>])"), "RSS or Atom"),
    (re.compile(rb"\xef?\xbb?\xbf?\s*(?:<!doctype html|<html[\s>])", re.IGNORECASE), "HTML"),
)


def reader_of(path: Path) -> Reader:
    """How a file, or a folder, is read.

    Raises
    ------
    TextsError
        Where it does not exist, is no file, has an ending that no format has, or begins as another format does.
    """
    if not path.exists():
        raise TextsError(path, "does not exist")
    if path.is_dir() and not _ending(path):
        return folder.rows
    if (ending := _ending(path)) not in FORMATS:
        raise TextsError(path, f"its ending is none of {', '.join(FORMATS)}; {', '.join(_GZIPPED)} may be gzipped")
    if not path.is_file():
        raise TextsError(path, "is not a file")
    reader = FORMATS[ending]
    if reader is jsonl.rows:  # line by line, whatever it is: each is read or set aside
        return reader
    found = _begins_as(path)
    if found and found != _NAMES[reader]:
        raise TextsError(path, f"its ending says {_NAMES[reader]}, its content {found}. Rename or convert it")
    return reader


def _ending(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    return suffix if not path.name.lower().endswith(".gz") or suffix in _GZIPPED else ".gz"


def _begins_as(path: Path) -> str:
    """The format that a file's first bytes show; empty where they do not."""
    try:
        with path.open("rb") as file:
            first = file.read(2048)
    except OSError as error:
        raise TextsError(path, f"cannot be read ({error.strerror})") from error
    if first.startswith(b"\x1f\x8b\x08"):
        if not path.name.lower().endswith(".gz"):
            return "gzip"
        try:
            first = zlib.decompressobj(31).decompress(first, 2048)
        except zlib.error:
            return ""
    return next((name for pattern, name in _BEGINNINGS if pattern.match(first)), "")
