"""One row of a file of texts: held to what every format promises, cleaned, digested."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from analysis.readers.clean import clean_body, clean_title
from analysis.tables import SOURCES

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_NEEDED = ("article", "outlet", "language", "published")
_NEEDED_OF_TEXT = ("article", "outlet", "published")
_MAYBE_EMPTY = ("url", "title", "body")
#: What the manifest of a study holds of a row, a line each: no line may end, or be endless, in one of these.
_KEY = ("article", "outlet", "language", "url")
_BROKEN = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
MAX_KEY = 10_000

#: Most characters of a title with its body. The longest articles have a tenth.
MAX_TEXT = 2_000_000


class BadRow(NamedTuple):
    """Why a row is set aside, and in which file where it is not the one being read. Never holds a text."""

    reason: str
    path: Path | None = None


@dataclass(frozen=True)
class Reading:
    """What the readers are told, and what they tell besides rows.

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
    url: str
    source: str
    title: str
    body: str
    source_sha256: str


def parse_row(found: Mapping[str, object], detect: Callable[[str], str | BadRow] | None = None) -> Row | BadRow:
    """Row of TEXTS for an object as handed over, or why there is none.

    `detect` tells the language of a text whose row does not.
    """
    cells = _cells(found, _NEEDED if detect is None else _NEEDED_OF_TEXT)
    if isinstance(cells, BadRow):
        return cells
    published = parse_time(cells["published"])
    if published is None:
        return BadRow("published is not a date in ISO 8601 (2022-12-07 or 2022-12-07T15:54:07Z)")
    source = cells.get("source") or "feed"
    if source not in SOURCES:
        return BadRow(f"source is none of {', '.join(SOURCES)}")
    if len(cells["title"]) + len(cells["body"]) > MAX_TEXT:
        return BadRow(f"title and body have more than {MAX_TEXT:,} characters")
    title, body = clean_title(cells["title"]), clean_body(cells["body"])
    if not title and not body:
        return BadRow("neither title nor body holds text")
    if not cells["language"].strip() and detect is not None:
        language = detect(f"{title}\n{body}")
        if isinstance(language, BadRow):
            return language
        cells["language"] = language
    digest = hashlib.sha256(f"{cells['title']}\n{cells['body']}".encode()).hexdigest()
    key = {name: cells[name].strip() for name in _KEY}
    return Row(**key, published=published, source=source, title=title, body=body, source_sha256=digest)


def _cells(found: Mapping[str, object], needed: tuple[str, ...]) -> dict[str, str] | BadRow:
    cells = {}
    for name in (*_NEEDED, *_MAYBE_EMPTY, "source"):
        value = found.get(name)
        if name in needed and (value is None or value == ""):
            return BadRow(f"{name} is missing")
        if name in _MAYBE_EMPTY and name not in found:
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


def parse_time(text: str) -> datetime | None:
    """Moment of an ISO 8601 text in UTC, or None. A date alone is midnight; a time without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
