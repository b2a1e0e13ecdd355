"""RSS and Atom, by feedparser: an item is an article, its summary or content the body; and whose a feed or page is.

A feed is read as a whole, so has a limit: what publishers serve is a hundred times smaller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from analysis.errors import MissingLibrary, TextsError
from analysis.readers.charset import UnknownEncoding, decode
from analysis.readers.row import NO_DATE, BadRow, Reading, identify, read_date
from analysis.readers.stream import Source
from analysis.readers.tabular import Rows

#: Most bytes of a feed, unpacked, and most items.
MAX_SIZE, MAX_ITEMS = 5_000_000, 10_000
_DECLARATION = re.compile(r"""\s*<\?xml\b[^<>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{2,40})["'][^<>]{0,200}?\?>""")
_END = re.compile(r"</\s*(?:[a-z]+:)?(?:rss|feed|rdf)\s*>(?:\s|<!--.{0,1000}?-->)*\Z", re.IGNORECASE | re.DOTALL)
_DAMAGED = re.compile("[\ud800-\udfff]")


def read_feed(path: Path, reading: Reading) -> Rows:
    """Each item: its 1-based number and what it holds as `parse_row` wants it, or what is wrong with it."""
    with Source(path) as source:
        raw, damage = source.read(MAX_SIZE + 1), source.damage
    if len(raw) > MAX_SIZE:
        raise TextsError(path, f"a feed of more than {MAX_SIZE:,} bytes; divide it into several files")
    if raw.count(b"<item") + raw.count(b"<entry") > MAX_ITEMS:
        raise TextsError(path, f"a feed of more than {MAX_ITEMS:,} items; divide it into several files")
    declared = _DECLARATION.match(raw[:500].decode("ascii", "replace"))
    try:
        text = decode(raw, declared and declared[1])
    except UnknownEncoding as error:
        raise TextsError(path, f"its {error.reason}") from error
    # What stands for damaged bytes is known again in the items.
    readable = _DAMAGED.sub("\ufffd", text)
    if beginning := _DECLARATION.match(readable):
        readable = readable[beginning.end() :]
    found = _parsed(path, readable)
    if not found.get("version") and not found.entries:
        raise TextsError(path, "is neither RSS nor Atom")
    outlet, language = _outlet(path, found.feed, reading), str(found.feed.get("language") or "")
    whole = not damage and _END.search(text[-5000:].replace("\0", "")) is not None
    damaged = _DAMAGED.search(text) is not None
    for number, entry in enumerate(found.entries, start=1):
        row = _row(entry, outlet, language, reading)
        if not whole and number == len(found.entries):
            row = BadRow("the feed ends too soon: this item may be cut off")
        elif damaged and not isinstance(row, BadRow) and "\ufffd" in f"{row['title']}{row['body']}":
            row = BadRow("title or body is not valid Unicode")
        yield number, row
    after = len(found.entries) + 1
    line = getattr(found.get("bozo_exception"), "getLineNumber", None)
    if line is not None:
        yield after, BadRow(f"not well-formed XML (line {line()}): items from there on may be missing or cut off")
    for reason in damage:
        yield after, BadRow(reason)


def _parsed(path: Path, text: str) -> Any:
    try:
        import feedparser
    except ImportError as error:
        raise MissingLibrary("feedparser", "readers", "reading feeds") from error
    try:
        # Markup is cleaned as in every other text, by clean.py.
        headers = {"content-type": "application/xml; charset=utf-8"}
        return feedparser.parse(
            text.encode(), sanitize_html=False, resolve_relative_uris=False, response_headers=headers
        )
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
    written = str(entry.get("published") or entry.get("updated") or "")
    published = read_date(written)
    if published is None:
        return BadRow(NO_DATE if written.strip() else "published is missing")
    own_language = str((entry.get("title_detail") or {}).get("language") or "")
    return {
        "article": identify(own, entry.get("id") or url or f"{entry.get('title')}\n{body}"),
        "outlet": own,
        "language": own_language.strip() or language,
        "published": str(published),
        "url": url,
        "source": "feed",
        "title": str(entry.get("title") or ""),
        "body": body,
    }


def host_of(url: str) -> str:
    """Host of an address, without www."""
    try:
        return (urlsplit(url.strip()).hostname or "").removeprefix("www.").rstrip(".")
    except ValueError:
        return ""


def outlet_finder(outlets: pd.DataFrame) -> Callable[[str], str | None]:
    """A function of a feed's name, a host or an outlet's id: the id of the outlet, or None.

    A host is an outlet's where it is one of its `domain`s or lies below one (edition.news.example below news.example),
    or where it is the outlet's id. A feed's name counts where only one outlet has it.

    Parameters
    ----------
    outlets : DataFrame (outlets.csv)
    """
    feeds = outlets[outlets["feed"].notna()].drop_duplicates("feed", keep=False)
    domains = outlets.dropna(subset=["domain"])
    known = {str(feed).casefold(): outlet for feed, outlet in zip(feeds["feed"], feeds["outlet"], strict=True)}
    known |= {str(outlet).casefold(): outlet for outlet in outlets["outlet"]}
    hosts = {
        host: outlet
        for outlet, domain in zip(domains["outlet"], domains["domain"], strict=True)
        for host in str(domain).split()
    }

    def find(name: str) -> str | None:
        name = name.strip().casefold()
        if found := hosts.get(name) or known.get(name):
            return str(found)
        above = name.partition(".")[2]
        while "." in above and above not in hosts:
            above = above.partition(".")[2]
        return hosts.get(above)

    return find
