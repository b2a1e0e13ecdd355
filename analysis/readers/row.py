"""One row of a file of texts: its columns found, its date read, its cells checked and cleaned."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from textwrap import shorten
from typing import NamedTuple
from urllib.parse import urlsplit

from analysis.errors import AnalysisError, MissingLibrary, TextsError
from analysis.readers.clean import clean_body, clean_title
from analysis.tables import SOURCES, TIMESTAMPS, language_tag

_NEEDED, _MAYBE_EMPTY = ("article", "outlet", "language", "published"), ("title", "body")
#: What the manifest of a study holds of a row, a line each: no line may end, or be endless, in one of these.
_KEY = ("article", "outlet", "language", "url")
_BROKEN = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
#: Half a surrogate pair, which no UTF-8 file can hold: JSON can spell one, and damaged bytes are decoded as one.
HALF_PAIR = re.compile("[\ud800-\udfff]")
#: Most characters of a key, and of a title with its body. The longest articles have a tenth.
MAX_KEY, MAX_TEXT, MAX_KEPT = 10_000, 2_000_000, 200

#: What a column may hold → the names it goes by, the likeliest first. Compared without case, spaces and hyphens.
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "file": ("file", "filename", "file_name", "path", "archivo"),
    "article": ("article", "article_id", "id", "guid", "uid", "doc_id", "document_id", "stories_id"),
    "outlet": (
        *("outlet", "publication", "newspaper", "media_name", "media", "publisher", "source", "source_domain"),
        *("medio", "diario"),
    ),
    "language": ("language", "lang", "idioma"),
    "published": (
        *("published", "published_at", "publish_date", "publication_date", "date_published", "pubdate", "pub_date"),
        *("date_publish", "publishing_date", "date", "datetime", "timestamp", "fecha", "data"),
    ),
    "crawled": ("indexed_date", "date_download", "crawl_date"),
    "url": ("url", "link", "web_url", "address", "enlace"),
    "title": ("title", "headline", "heading", "titular", "titulo", "título"),
    "body": (
        *("body", "maintext", "plaintext", "text", "content", "full_text", "fulltext", "article_text", "body_text"),
        *("texto", "cuerpo"),
    ),
}

_DAY = r"(?P<iso>\d{4}-\d\d-\d\d|\d{8})|(?:[^\W\d_]{2,9},?\s+)?(?P<day>\d\d?)\s+(?P<month>[A-Z]{3})\s+(?P<year>\d{4})"
_CLOCK = r"(?P<clock>\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?|\d\d(?:\d\d){0,2})\s*(?P<zone>[A-Z]{1,4}|[+-]\d\d(?::?\d\d)?)?"
_WRITTEN = re.compile(rf"\s*(?:{_DAY})(?:(?:T|\s+){_CLOCK})?\s*(?:\([A-Z]+\)\s*)?", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: Names of zones that mean one thing only (RFC 822, Central Europe) → hours from Greenwich.
_ZONES = {"z": 0, "ut": 0, "utc": 0, "gmt": 0, "cet": 1, "cest": 2}
_ZONES |= {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}
NO_DATE = "published is not a date in ISO 8601 (2022-12-07 or 2022-12-07T15:54:07Z; in feeds RFC 822)"


class BadRow(AnalysisError):
    """Reason that a row is set aside, never its text; and its file, where that is not the one being read."""

    def __init__(self, reason: str, path: Path | None = None) -> None:
        self.reason, self.path = reason, path
        super().__init__(reason)


class Skipped(Exception):
    """A record that a file holds beside articles, counted by its kind."""


#: Cells of a row by what they hold, a function that reads them, or why they cannot be read.
Cells = Mapping[str, object] | Callable[[], Mapping[str, object]] | BadRow
#: The rows of a file: the 1-based line, or number of row, item or record, of each, and its cells.
Rows = Iterator[tuple[int, Cells]]
Detect = Callable[[str], str]
OutletOf = Callable[[str], str | None]


@contextmanager
def needed_for(purpose: str) -> Iterator[None]:
    """A context in which a library is imported that only some formats need."""
    try:
        yield
    except ImportError as error:
        raise MissingLibrary((error.name or "").partition(".")[0], "readers", purpose) from error


class Reading(NamedTuple):
    """Options of `read_texts` that the readers of formats need; `kept` are further columns to keep."""

    columns: Mapping[str, str]
    outlet_of: OutletOf | None
    kept: Collection[str] = ()


class Row(NamedTuple):
    """A row of TEXTS."""

    article: str
    outlet: str
    language: str
    published: datetime
    timestamp: str
    url: str
    source: str
    title: str
    body: str
    source_sha256: str
    kept: Mapping[str, str]


class Published(NamedTuple):
    """A moment in UTC; where `timestamp` is "day", midnight of a day that is not to be shifted to another zone."""

    moment: datetime
    timestamp: str

    def __str__(self) -> str:
        return str(self.moment.date() if self.timestamp == "day" else self.moment)


def read_date(text: str) -> Published | None:
    """Date in ISO 8601 or as feeds write it (RFC 822), without a zone UTC; None where it could mean several."""
    found = _WRITTEN.fullmatch(text) if len(text) < 100 else None
    if found is None:
        return None
    day, clock, zone = found["iso"], found["clock"], found["zone"] or "Z"
    try:
        if not day:
            day = f"{found['year']}-{_MONTHS.index(found['month'].lower()) + 1:02d}-{int(found['day']):02d}"
        if not clock:
            return Published(datetime.fromisoformat(day).replace(tzinfo=UTC), "day")
        clock = f"0{clock}" if clock[1] == ":" else clock
        zone = zone if zone[0] in "+-" else f"{_ZONES[zone.lower()]:+03d}:00"
        return Published(datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC), "publisher")
    except (ValueError, KeyError, OverflowError):
        return None


def parse_row(row: Cells, detect: Detect | None = None, kept: Collection[str] = ()) -> Row:
    """Row of TEXTS of cells as handed over, and the columns `kept`; `detect` tells a language that is missing."""
    if isinstance(row, BadRow):
        raise row
    found = row() if callable(row) else row
    cells = _cells(found, _NEEDED if detect is None else tuple(name for name in _NEEDED if name != "language"))
    published = read_date(cells["published"])
    if published is None:
        raise BadRow(NO_DATE)
    if cells["source"] not in SOURCES:
        raise BadRow(f"source is none of {', '.join(SOURCES)}")
    if len(cells["title"]) + len(cells["body"]) > MAX_TEXT:
        raise BadRow(f"title and body have more than {MAX_TEXT:,} characters")
    title, body = clean_title(cells["title"]), clean_body(cells["body"])
    if not title and not body:
        raise BadRow("neither title nor body holds text")
    language = language_tag(cells["language"])
    if not language and detect is not None:
        language = detect(f"{title}\n{body}")
    timestamp = next((name for name in TIMESTAMPS if name == found.get("timestamp")), published.timestamp)
    digest = hashlib.sha256(f"{cells['title']}\n{cells['body']}".encode()).hexdigest()
    article, outlet, url = (cells[name].strip() for name in ("article", "outlet", "url"))
    facts = (article, outlet, language, published.moment, timestamp, url, cells["source"], title, body, digest)
    return Row(*facts, {name: _short(name, found.get(name)) for name in kept})


def _short(name: str, value: object) -> str:
    """A cell that articles.csv takes over, in which no text can be published by mistake."""
    listed = value if isinstance(value, list | tuple) else [] if value is None else [value]
    text = "; ".join(str(item).strip() for item in listed)
    if _BROKEN.search(text) or HALF_PAIR.search(text) or len(text) > MAX_KEPT:
        raise BadRow(f"{name}, a column of articles.csv, has a line break or more than {MAX_KEPT} characters")
    return text


def _cells(found: Mapping[str, object], needed: Collection[str]) -> dict[str, str]:
    """The cells that TEXTS needs, all of them texts."""
    cells = {}
    for name in (*_NEEDED, *_MAYBE_EMPTY, "url", "source"):
        value = "" if found.get(name) is None else found[name]
        if not isinstance(value, str):
            raise BadRow(f"{name} is not a text")
        if HALF_PAIR.search(value):
            raise BadRow(f"{name} is not valid Unicode")
        if (name in needed and not value.strip()) or (name in _MAYBE_EMPTY and name not in found):
            raise BadRow(f"{name} is missing")
        if name in _KEY and _BROKEN.search(value.strip()):
            raise BadRow(f"{name} holds a line break or another control character")
        if name in _KEY and len(value) > MAX_KEY:
            raise BadRow(f"{name} has more than {MAX_KEY:,} characters")
        cells[name] = value
    return cells | {"source": cells["source"] or "feed"}


def match_columns(path: Path, names: Sequence[str], reading: Reading, *, files: bool = False) -> dict[str, int]:
    """Position of each known column by what it holds; TextsError where one is missing. `files` is for metadata.csv."""
    there = f"it has: {shorten(', '.join(names), 400, placeholder=' …')}"
    for meaning, name in reading.columns.items():
        if name not in names and (meaning != "file" or files):
            message = f"has no column {name!r}, which [columns] in study.toml names for {meaning}; {there}"
            raise TextsError(path, message)
    positions = find_columns(names, reading)
    needed = {"outlet": {"outlet", "url"}, "published": {"published", "crawled"}}
    needed |= {"file": {"file"}} if files else {"title or body": {"title", "body"}}
    if missing := ", ".join(name for name, any_of in needed.items() if not positions.keys() & any_of):
        raise TextsError(path, f"has no column for {missing}; {there}. Name it under [columns] in study.toml")
    plain = list(map(_plain, names))
    for position in positions.values():
        if plain.count(plain[position]) > 1:
            raise TextsError(path, f"has two columns {names[position][:40]!r}; {there}")
    return positions


def find_columns(names: Sequence[str], reading: Reading) -> dict[str, int]:
    """Position of each known column by what it holds: as study.toml names it, else by one of `COLUMN_NAMES`."""
    plain = list(map(_plain, names))
    positions = {meaning: names.index(name) for meaning, name in reading.columns.items() if name in names}
    # "source" is the outlet unless another column is, "timestamp" the date; else they are what TEXTS calls so.
    for meaning, known in (COLUMN_NAMES | {"source": ("source",), "timestamp": ("timestamp",)}).items():
        position = next((plain.index(name) for name in known if name in plain), None)
        if position is not None and (meaning in COLUMN_NAMES or position not in positions.values()):
            positions.setdefault(meaning, position)
    return {name: names.index(name) for name in reading.kept if name in names} | positions


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def complete(cells: Mapping[str, object]) -> dict[str, object]:
    """The cells with what `parse_row` needs beside them; an id of its own where there is none."""
    row = {"url": "", "title": "", "body": "", **{k: v for k, v in cells.items() if v is not None}}
    row["source"] = row.get("source") or ("page" if "crawled" in row else "text")
    if not row.get("published") and row.get("crawled"):
        row |= {"published": row["crawled"], "timestamp": "crawl"}
    row["outlet"] = row.get("outlet") or host_of(row["url"])
    if not row.get("article"):
        row["article"] = identify(row.get("outlet"), row["url"] or f"{row['title']}\n{row['body']}")
    return row


def host_of(url: object) -> str:
    """Host of an address, without www; empty where it has none."""
    try:
        return (urlsplit(str(url or "").strip()).hostname or "").removeprefix("www.").rstrip(".")
    except ValueError:
        return ""


def identify(outlet: object, text: object) -> str:
    """An id for an article that has none: its outlet and a digest of its address or text."""
    digest = hashlib.sha256(str(text).encode("utf-8", "replace")).hexdigest()
    return f"{re.sub('[^a-z0-9.]+', '-', str(outlet).casefold())[:60].strip('-')}-{digest[:16]}"
