"""One row of a file of texts: columns found, date read, held to what every format promises, cleaned, digested."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from analysis.errors import TextsError
from analysis.readers.clean import clean_body, clean_title
from analysis.tables import SOURCES, TIMESTAMPS, language_tag

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_NEEDED = ("article", "outlet", "language", "published")
_MAYBE_EMPTY = ("url", "title", "body")
#: What the manifest of a study holds of a row, a line each: no line may end, or be endless, in one of these.
_KEY = ("article", "outlet", "language", "url")
_BROKEN = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
MAX_KEY = 10_000
#: Most characters of a title with its body. The longest articles have a tenth.
MAX_TEXT = 2_000_000

#: What a column may hold → the names it goes by, the likeliest first. Compared without case, spaces and hyphens.
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "file": ("file", "filename", "file_name", "path", "archivo"),
    "article": ("article", "article_id", "id", "guid", "uid", "doc_id", "document_id", "stories_id"),
    "outlet": ("outlet", "publication", "newspaper", "media_name", "media", "publisher", "source", "medio", "diario"),
    "language": ("language", "lang", "idioma"),
    "published": (
        *("published", "published_at", "publish_date", "publication_date", "date_published", "pubdate", "pub_date"),
        *("date", "datetime", "timestamp", "fecha", "data"),
    ),
    "url": ("url", "link", "web_url", "address", "enlace"),
    "title": ("title", "headline", "heading", "titular", "titulo", "título"),
    "body": ("body", "text", "content", "full_text", "fulltext", "article_text", "body_text", "texto", "cuerpo"),
}
_SHOWN, _WIDTH = 30, 40

_DAY = r"(?P<iso>\d{4}-\d\d-\d\d|\d{8})|(?:[^\W\d_]{2,9},?\s+)?(?P<day>\d\d?)\s+(?P<month>[A-Z]{3})\s+(?P<year>\d{4})"
_CLOCK = r"(?P<clock>\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?|\d\d(?:\d\d){0,2})\s*(?P<zone>[A-Z]{1,4}|[+-]\d\d(?::?\d\d)?)?"
_WRITTEN = re.compile(rf"\s*(?:{_DAY})(?:(?:T|\s+){_CLOCK})?\s*(?:\([A-Z]+\)\s*)?", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: Names of zones that mean one thing only (RFC 822, Central Europe) → hours from Greenwich.
_ZONES = {"": 0, "z": 0, "ut": 0, "utc": 0, "gmt": 0, "cet": 1, "cest": 2}
_ZONES |= {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}
NO_DATE = "published is not a date in ISO 8601 (2022-12-07 or 2022-12-07T15:54:07Z; in feeds RFC 822)"


class BadRow(NamedTuple):
    """Why a row is set aside, and in which file where it is not the one being read. Never holds a text."""

    reason: str
    path: Path | None = None


Detect = Callable[[str], str | BadRow]


@dataclass(frozen=True)
class Reading:
    """What the readers are given, and what they count besides rows.

    Attributes
    ----------
    columns : what a column of a table of texts holds → its name, where the study says
    outlet_of : function of a feed's name or a page's host → the id of its outlet, or None where it has none; None in
        place of it where every host is an outlet
    skipped : what a file holds besides articles → how often (records of a crawl that are no pages)
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    outlet_of: Callable[[str], str | None] | None = None
    skipped: Counter[str] = field(default_factory=Counter)

    def outlet(self, name: str) -> str | None:
        """The outlet of a feed's name or a host; None where there is none, or nobody said."""
        return self.outlet_of(name) if self.outlet_of is not None else None


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


class Published(NamedTuple):
    """When something was published.

    Attributes
    ----------
    moment : datetime in UTC; midnight of a day without a time
    timestamp : str, "day" where only a day is given, which is not to be shifted to another zone; else "publisher"
    """

    moment: datetime
    timestamp: str

    def __str__(self) -> str:
        """The day, or the moment, in ISO 8601."""
        return str(self.moment.date() if self.timestamp == "day" else self.moment)


def read_date(text: str) -> Published | None:
    """Date in ISO 8601 or as feeds write it (RFC 822); None where it is neither, or could mean several.

    A time without a zone is UTC. One in a zone that is only named is read where the name means one thing.
    """
    found = _WRITTEN.fullmatch(text) if len(text) < 100 else None
    if found is None:
        return None
    try:
        if found["iso"]:
            day = found["iso"]
        else:
            day = f"{found['year']}-{_MONTHS.index(found['month'].lower()) + 1:02d}-{int(found['day']):02d}"
        if found["clock"] is None:
            return Published(datetime.fromisoformat(day).replace(tzinfo=UTC), "day")
        clock = found["clock"] if found["clock"][1:2] != ":" else f"0{found['clock']}"
        moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=_zone(found["zone"] or ""))
        return Published(moment.astimezone(UTC), "publisher")
    except (ValueError, KeyError, OverflowError):
        return None


def _zone(name: str) -> timezone:
    if name[:1] not in ("+", "-"):
        return timezone(timedelta(hours=_ZONES[name.lower()]))
    minutes = 60 * int(name[1:3]) + int(name[3:].strip(":") or 0)
    return timezone(timedelta(minutes=minutes if name[0] == "+" else -minutes))


def parse_row(found: Mapping[str, object], detect: Detect | None = None) -> Row | BadRow:
    """Row of TEXTS for an object as handed over, or why there is none.

    `detect` tells the language of a text whose row does not.
    """
    cells = _cells(found, [name for name in _NEEDED if name != "language" or detect is None])
    if isinstance(cells, BadRow):
        return cells
    published = read_date(cells["published"])
    if published is None:
        return BadRow(NO_DATE)
    source = cells.get("source") or "feed"
    if source not in SOURCES:
        return BadRow(f"source is none of {', '.join(SOURCES)}")
    if len(cells["title"]) + len(cells["body"]) > MAX_TEXT:
        return BadRow(f"title and body have more than {MAX_TEXT:,} characters")
    title, body = clean_title(cells["title"]), clean_body(cells["body"])
    if not title and not body:
        return BadRow("neither title nor body holds text")
    language: str | BadRow = language_tag(cells["language"])
    if not language and detect is not None:
        language = detect(f"{title}\n{body}")
    if isinstance(language, BadRow):
        return language
    key = {name: cells[name].strip() for name in _KEY} | {"language": language}
    given = found.get("timestamp")
    when = {"published": published.moment, "timestamp": given if given in TIMESTAMPS else published.timestamp}
    digest = hashlib.sha256(f"{cells['title']}\n{cells['body']}".encode()).hexdigest()
    return Row(**key, **when, source=source, title=title, body=body, source_sha256=digest)  # type: ignore[arg-type]


def _cells(found: Mapping[str, object], needed: Collection[str]) -> dict[str, str] | BadRow:
    cells = {}
    for name in (*_NEEDED, *_MAYBE_EMPTY, "source"):
        value = found.get(name)
        if (name in needed and (value is None or value == "")) or (name in _MAYBE_EMPTY and name not in found):
            return BadRow(f"{name} is missing")
        if value is not None and not isinstance(value, str):
            return BadRow(f"{name} is not a text")
        cells[name] = value or ""
        # JSON can spell half a surrogate pair, which no UTF-8 file can hold.
        if _HALF_PAIR.search(cells[name]):
            return BadRow(f"{name} is not valid Unicode")
        if name in needed and not cells[name].strip():
            return BadRow(f"{name} is missing")
    for name in _KEY:
        if _BROKEN.search(cells[name].strip()):
            return BadRow(f"{name} holds a line break or another control character")
        if len(cells[name]) > MAX_KEY:
            return BadRow(f"{name} has more than {MAX_KEY:,} characters")
    return cells


def match_columns(path: Path, names: Sequence[str], given: Mapping[str, str], *, files: bool = False) -> dict[str, int]:
    """Position of each column that is known, by what it holds.

    Parameters
    ----------
    path : the file, for messages
    names : of its columns
    given : what a column holds → its name, as the study says
    files : whether the texts lie in files of their own that a column names

    Raises
    ------
    TextsError
        Where a column that the study names is not there, one that is needed is not found, or a name occurs twice.
    """
    plain = [re.sub(r"[\s_-]+", "_", name.strip().casefold()) for name in names]
    shown = [name if len(name) <= _WIDTH else f"{name[: _WIDTH - 1]}…" for name in names[:_SHOWN]]
    there = f"it has: {', '.join(shown)}{', …' if len(names) > _SHOWN else ''}"
    positions: dict[str, int] = {}
    for meaning, name in given.items():
        if name in names:
            positions[meaning] = names.index(name)
        elif meaning != "file" or files:
            wrong = f"has no column {name!r}, which [columns] in study.toml names for {meaning}; {there}"
            raise TextsError(path, wrong)
    for meaning, known in COLUMN_NAMES.items():
        if meaning not in positions and (found := [name for name in known if name in plain]):
            positions[meaning] = plain.index(found[0])
    # "source" is the outlet unless another column is, "timestamp" the date; else they are what TEXTS calls so.
    for meaning in ("source", "timestamp"):
        if meaning in plain and (position := plain.index(meaning)) not in positions.values():
            positions.setdefault(meaning, position)
    needed = [["outlet"], ["published"], ["file"] if files else ["title", "body"]]
    missing = [" or ".join(any_of) for any_of in needed if not any(name in positions for name in any_of)]
    if missing:
        told = f"has no column for {', '.join(missing)}; {there}. Name it under [columns] in study.toml"
        raise TextsError(path, told)
    for position in positions.values():
        if plain.count(plain[position]) > 1:
            raise TextsError(path, f"has two columns {names[position][:_WIDTH]!r}; {there}")
    return positions


def complete(cells: Mapping[str, object]) -> dict[str, object]:
    """What `parse_row` asks for, out of the cells that are there; an id of its own where there is none."""
    row = {"url": "", "title": "", "body": "", "source": "text", **{k: v for k, v in cells.items() if v is not None}}
    row["source"] = row["source"] or "text"
    if not row.get("article"):
        row["article"] = identify(row.get("outlet"), row["url"] or f"{row['title']}\n{row['body']}")
    return row


def identify(outlet: object, text: object) -> str:
    """An id for an article that has none: its outlet and a digest of its address or text."""
    digest = hashlib.sha256(str(text).encode("utf-8", "replace")).hexdigest()
    return f"{re.sub('[^a-z0-9.]+', '-', str(outlet).casefold())[:60].strip('-')}-{digest[:16]}"
