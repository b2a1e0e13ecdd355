"""RSS and Atom, by feedparser: an item is an article, its summary or content the body; and whose a feed or page is."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.errors import TextsError
from analysis.readers.charset import decode, open_bytes
from analysis.readers.row import HALF_PAIR, BadRow, Cells, OutletOf, Reading, Rows, attempt, identify, needed_for
from analysis.readers.row import host_of as host_of

#: Most bytes of a feed, unpacked; those that publishers serve have a hundredth.
MAX_SIZE = 5_000_000
_DECLARATION = re.compile(r"""\A\s*<\?xml\b[^<>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{2,40})["'][^<>]{0,200}?\?>""")
_END = re.compile(r"</\s*(?:[a-z]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)


def read_feed(path: Path, reading: Reading) -> Rows:
    """Each item: its 1-based number and its cells."""
    with open_bytes(path) as file:
        raw = file.read(MAX_SIZE + 1)
    if len(raw) > MAX_SIZE:
        raise TextsError(path, f"a feed of more than {MAX_SIZE:,} bytes; divide it into several files")
    declared = _DECLARATION.match(raw[:500].decode("ascii", "replace"))
    text = decode(raw, declared and declared[1])
    # What stands for damaged bytes is known again in the items.
    found = _parse(path, _DECLARATION.sub("", HALF_PAIR.sub("\ufffd", text), count=1))
    outlet_of = reading.outlet_of or (lambda name: None)
    names = [str(found.feed.get("title") or ""), host_of(found.feed.get("link")), path.name.partition(".")[0]]
    outlet = next(filter(None, map(outlet_of, filter(None, names))), names[1])
    for number, entry in enumerate(found.entries, start=1):
        if number == len(found.entries) and not _END.search(text[-5000:]):
            raise BadRow("the feed ends too soon: this item may be cut off")
        yield number, attempt(_cells, entry, outlet, str(found.feed.get("language") or ""), outlet_of)
    line = getattr(found.get("bozo_exception"), "getLineNumber", None)
    if line is not None:
        raise BadRow(f"not well-formed XML (line {line()}): items from there on may be missing or cut off")


def _parse(path: Path, text: str) -> Any:
    with needed_for("reading feeds"):
        import feedparser
    options: dict[str, Any] = {"response_headers": {"content-type": "application/xml; charset=utf-8"}}
    options |= {"sanitize_html": False, "resolve_relative_uris": False}  # clean.py cleans the markup of every text
    try:
        found = feedparser.parse(text.encode(), **options)
    except Exception as error:  # feedparser meets what nobody wrote it for
        raise TextsError(path, f"cannot be read as a feed ({type(error).__name__})") from error
    if not found.get("version") and not found.entries:
        raise TextsError(path, "is neither RSS nor Atom")
    return found


def _cells(entry: Any, outlet: str, language: str, outlet_of: OutletOf) -> Cells:
    url, title = (str(entry.get(name) or "") for name in ("link", "title"))
    contents = [str(item.get("value") or "") for item in entry.get("content") or []]
    body = max([str(entry.get("summary") or ""), *contents], key=len)
    if "\ufffd" in f"{title}{body}":
        raise BadRow("title or body holds damaged characters")
    own = outlet_of(host_of(url)) or outlet or host_of(url)
    return {
        "article": identify(own, entry.get("id") or url or f"{title}\n{body}"),
        "outlet": own,
        "language": str((entry.get("title_detail") or {}).get("language") or "").strip() or language,
        "published": str(entry.get("published") or entry.get("updated") or ""),
        "url": url,
        "source": "feed",
        "title": title,
        "body": body,
    }


def outlet_finder(outlets: pd.DataFrame) -> OutletOf:
    """A function of an outlet's id or name, a feed's name or a host: the id of the outlet in outlets.csv, or None.

    A host is an outlet's where it is one of its `domain`s or lies below one (edition.news.example below news.example),
    or where it is the outlet's id. A feed's name counts where only one outlet has it.
    """
    outlets = outlets[["outlet", "name", "feed", "domain"]].astype("string")
    hosts = outlets.assign(domain=outlets["domain"].str.split()).explode("domain").dropna(subset=["domain"])
    by_host = dict(zip(hosts["domain"], hosts["outlet"], strict=True))
    feeds = outlets.dropna(subset=["feed"]).drop_duplicates("feed", keep=False)
    by_name: dict[str, str] = {}
    for named, column in ((outlets, "name"), (feeds, "feed"), (outlets, "outlet")):
        by_name |= dict(zip(named[column].str.casefold(), named["outlet"], strict=True))

    def find(name: str) -> str | None:
        name = name.strip().casefold()
        parts = name.split(".")
        above = (".".join(parts[at:]) for at in range(1, len(parts)))
        return by_host.get(name) or by_name.get(name) or next(filter(None, map(by_host.get, above)), None)

    return find
