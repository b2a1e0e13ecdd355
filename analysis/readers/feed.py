"""RSS and Atom, by feedparser: an item is an article, its summary or content the body.

A feed is read as a whole, so has a limit: what publishers serve is a hundred times smaller.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from analysis.errors import MissingLibrary, TextsError
from analysis.readers.columns import identify
from analysis.readers.row import BadRow, Reading
from analysis.readers.stream import Source

#: Most bytes of a feed, unpacked, and most items.
MAX_SIZE, MAX_ITEMS = 5_000_000, 10_000
_END = re.compile(rb"</\s*(?:[a-z]+:)?(?:rss|feed|rdf)\s*>(?:\s|<!--.{0,1000}?-->)*\Z", re.IGNORECASE | re.DOTALL)


def rows(path: Path, reading: Reading) -> Iterator[tuple[int, Mapping[str, object] | BadRow]]:
    """Yield each item: its 1-based number and what it holds as `parse_row` wants it, or what is wrong with it."""
    with Source(path) as source:
        raw, damage = source.read(MAX_SIZE + 1), source.damage
    if len(raw) > MAX_SIZE:
        raise TextsError(path, f"a feed of more than {MAX_SIZE:,} bytes; divide it into several files")
    if raw.count(b"<item") + raw.count(b"<entry") > MAX_ITEMS:
        raise TextsError(path, f"a feed of more than {MAX_ITEMS:,} items; divide it into several files")
    found = _parsed(path, raw)
    if not found.get("version") and not found.entries:
        raise TextsError(path, "is neither RSS nor Atom")
    outlet, language = _outlet(path, found.feed, reading), _primary(str(found.feed.get("language") or ""))
    whole = not damage and _END.search(raw[-5000:].replace(b"\0", b"")) is not None
    for number, entry in enumerate(found.entries, start=1):
        if not whole and number == len(found.entries):
            yield number, BadRow("the feed ends too soon: this item may be cut off")
        else:
            yield number, _row(entry, outlet, language, reading)
    after = len(found.entries) + 1
    line = getattr(found.get("bozo_exception"), "getLineNumber", None)
    if line is not None:
        yield after, BadRow(f"not well-formed XML (line {line()}): items from there on may be missing or cut off")
    for reason in damage:
        yield after, BadRow(reason)


def _parsed(path: Path, raw: bytes) -> Any:
    try:
        import feedparser
    except ImportError as error:
        raise MissingLibrary("feedparser", "readers", "reading feeds") from error
    try:
        # Markup is cleaned as in every other text, by clean.py.
        return feedparser.parse(raw, sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # feedparser meets what nobody wrote it for
        raise TextsError(path, f"cannot be read as a feed ({type(error).__name__})") from error


def _outlet(path: Path, feed: Any, reading: Reading) -> str:
    """The feed's outlet: by its name, its address, or the file's name."""
    title, host = str(feed.get("title") or ""), host_of(str(feed.get("link") or ""))
    for name in (title, host, path.name.partition(".")[0]):
        if name and (outlet := reading.outlet(name)):
            return outlet
    return host


def _row(entry: Any, outlet: str, language: str, reading: Reading) -> Mapping[str, object] | BadRow:
    url = str(entry.get("link") or "")
    contents = [str(item.get("value") or "") for item in entry.get("content") or []]
    body = max([str(entry.get("summary") or ""), *contents], key=len)
    own = reading.outlet(host_of(url)) or outlet or host_of(url)
    published = _moment(entry.get("published_parsed") or entry.get("updated_parsed"))
    if published is None:
        return BadRow("published is missing, or no date")
    own_language = _primary(str((entry.get("title_detail") or {}).get("language") or ""))
    return {
        "article": identify(own, entry.get("id") or url or f"{entry.get('title')}\n{body}"),
        "outlet": own,
        "language": own_language or language,
        "published": published,
        "url": url,
        "source": "feed",
        "title": str(entry.get("title") or ""),
        "body": body,
    }


def _moment(parsed: Any) -> str | None:
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _primary(language: str) -> str:
    """en of en-US: studies tell languages, not regions."""
    primary = language.strip().replace("_", "-").partition("-")[0].casefold()
    return primary if primary.isascii() and primary.isalpha() and len(primary) in (2, 3) else ""


def host_of(url: str) -> str:
    """Host of an address, without www."""
    try:
        return (urlsplit(url.strip()).hostname or "").removeprefix("www.").rstrip(".")
    except ValueError:
        return ""
