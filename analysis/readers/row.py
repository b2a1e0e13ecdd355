"""One row of a file of texts: its columns found, its date read, its cells checked and cleaned."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import shorten
from typing import NamedTuple
from urllib.parse import urlsplit

from analysis.errors import AnalysisError, MissingLibrary, TextsError
from analysis.readers.clean import clean_body, clean_title
from analysis.tables import SOURCES, TIMESTAMPS, language_tag

#: What the manifest of a study holds of a row, a line each: no line may end in one of these.
_KEY = ("article", "outlet", "language", "url")
_BROKEN = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
#: Half a surrogate pair, which no UTF-8 file can hold: JSON can spell one, and damaged bytes are decoded as one.
HALF_PAIR = re.compile("[\ud800-\udfff]")
_DAMAGED = re.compile(f"\0|{HALF_PAIR.pattern}")
#: Most characters of a title with its body (the longest articles have a tenth), and of a column that is kept.
MAX_TEXT, MAX_KEPT = 2_000_000, 200

#: What a column may hold → the names it goes by, the likeliest first. Compared without case, spaces and hyphens.
COLUMN_NAMES = {
    "file": "file filename file_name path archivo",
    "article": "article article_id id guid uid doc_id document_id stories_id",
    "outlet": "outlet publication newspaper media_name media publisher source source_domain medio diario",
    "language": "language lang idioma",
    "published": "published published_at publish_date publication_date date_published pubdate pub_date date_publish"
    " publishing_date date datetime timestamp fecha data",
    "crawled": "indexed_date date_download crawl_date",
    "url": "url link web_url address enlace",
    "title": "title headline heading titular titulo título",
    "body": "body maintext plaintext text content full_text fulltext article_text body_text texto cuerpo",
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
    """Reason that a row is set aside, never its text. A reader that raises one reads no more of its file."""

    @property
    def reason(self) -> str:
        """The reason in words."""
        return str(self)


class Skipped(BadRow):
    """A record that a file holds beside articles, counted by its kind."""


Cells = Mapping[str, object]
#: The 1-based line, or number of row, item or record, and its cells by what they hold, or why there are none.
Rows = Iterator[tuple[int, Cells | BadRow]]
Detect = Callable[[str], str]
OutletOf = Callable[[str], str | None]


def attempt(read: Callable[..., Cells], *args: object) -> Cells | BadRow:
    """Cells that a function gives, or the BadRow that it raises."""
    try:
        return read(*args)
    except BadRow as bad:
        return bad


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


def parse_row(cells: Cells, detect: Detect | None = None, kept: Collection[str] = ()) -> Row:
    """Row of TEXTS of cells as handed over, and the columns `kept`; `detect` tells a language that is missing."""
    found = _complete(cells)
    needed = ("article", "outlet", "published", *(() if detect else ("language",)))
    texts = {name: _text(name, found.get(name)) for name in (*_KEY, "published", "source", "title", "body")}
    for name in needed:
        if not texts[name].strip():
            raise BadRow(f"{name} is missing")
    published = read_date(texts["published"])
    if published is None:
        raise BadRow(NO_DATE)
    if texts["source"] not in SOURCES:
        raise BadRow(f"source is none of {', '.join(SOURCES)}")
    if len(texts["title"]) + len(texts["body"]) > MAX_TEXT:
        raise BadRow(f"title and body have more than {MAX_TEXT:,} characters")
    title, body = clean_title(texts["title"]), clean_body(texts["body"])
    if not title and not body:
        raise BadRow("neither title nor body holds text")
    language = language_tag(texts["language"])
    if not language and detect:
        language = detect(f"{title}\n{body}")
    timestamp = str(found["timestamp"]) if found.get("timestamp") in TIMESTAMPS else published.timestamp
    digest = hashlib.sha256(f"{texts['title']}\n{texts['body']}".encode()).hexdigest()
    article, outlet, url = (texts[name].strip() for name in ("article", "outlet", "url"))
    facts = (article, outlet, language, published.moment, timestamp, url, texts["source"], title, body, digest)
    return Row(*facts, {name: _short(name, found.get(name)) for name in kept})


def _complete(cells: Cells) -> dict[str, object]:
    """The cells with what TEXTS needs beside them; an id of its own where there is none."""
    row = {"url": "", "title": "", "body": "", **{k: v for k, v in cells.items() if v is not None}}
    row["source"] = row.get("source") or ("page" if "crawled" in row else "text")
    if not row.get("published") and row.get("crawled"):
        row |= {"published": row["crawled"], "timestamp": "crawl"}
    row["outlet"] = row.get("outlet") or host_of(row["url"])
    if row.get("article") in (None, ""):
        row["article"] = identify(row["outlet"], row["url"] or f"{row['title']}\n{row['body']}")
    return row


def _text(name: str, value: object) -> str:
    """A cell as text: of ids, numbers and dates how they are written."""
    if isinstance(value, int | date) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str | None):
        raise BadRow(f"{name} is not a text")
    if _DAMAGED.search(value or ""):
        raise BadRow(f"{name} holds damaged characters: no valid Unicode, or NUL")
    if name in _KEY and _BROKEN.search((value or "").strip()):
        raise BadRow(f"{name} holds a line break or another control character")
    return value or ""


def _short(name: str, value: object) -> str:
    """A cell that articles.csv takes over, in which no text can be published by mistake."""
    listed = value if isinstance(value, list | tuple) else [] if value is None else [value]
    text = "; ".join(str(item).strip() for item in listed)
    if _BROKEN.search(text) or HALF_PAIR.search(text) or len(text) > MAX_KEPT:
        raise BadRow(f"{name}, a column of articles.csv, has a line break or more than {MAX_KEPT} characters")
    return text


def needed_columns(path: Path, names: Sequence[str], reading: Reading, *, files: bool = False) -> dict[str, str]:
    """Columns as `find_columns` finds them; TextsError where one is missing. `files` is for metadata.csv."""
    there = f"it has: {shorten(', '.join(names), 400, placeholder=' …')}"
    for meaning, name in reading.columns.items():
        if name not in names and (meaning != "file" or files):
            message = f"has no column {name!r}, which [columns] in study.toml names for {meaning}; {there}"
            raise TextsError(path, message)
    found = find_columns(names, reading)
    needed = {"outlet": {"outlet", "url"}, "published": {"published", "crawled"}}
    needed |= {"file": {"file"}} if files else {"title or body": {"title", "body"}}
    if missing := ", ".join(name for name, any_of in needed.items() if not found.keys() & any_of):
        raise TextsError(path, f"has no column for {missing}; {there}. Name it under [columns] in study.toml")
    plain = list(map(_plain, names))
    for name in found.values():
        if plain.count(_plain(name)) > 1:
            raise TextsError(path, f"has two columns {name[:40]!r}; {there}")
    return found


def find_columns(names: Sequence[str], reading: Reading) -> dict[str, str]:
    """Known columns by what they hold: as study.toml names them, else by one of `COLUMN_NAMES`."""
    plain = {_plain(name): name for name in reversed(names)}
    found = {meaning: name for meaning, name in reading.columns.items() if name in names}
    # "source" is the outlet unless another column is, "timestamp" the date; else they are what TEXTS calls so.
    for meaning, known in (COLUMN_NAMES | {"source": "source", "timestamp": "timestamp"}).items():
        name = next((plain[name] for name in known.split() if name in plain), None)
        if name is not None and (meaning in COLUMN_NAMES or name not in found.values()):
            found.setdefault(meaning, name)
    return {name: name for name in reading.kept if name in names} | found


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


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
