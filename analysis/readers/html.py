"""Pages of HTML, by trafilatura (Barbaresi 2021, ACL Demo): title, main text, date and language; and crawls of pages.

Pages come from the web, so all is bounded. The same bytes give the same text, on whatever day they are read.
"""

import json
import logging
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from analysis.errors import AnalysisError
from analysis.readers.charset import decode
from analysis.readers.row import (
    HALF_PAIR,
    BadRow,
    Cells,
    Published,
    Reading,
    Rows,
    Skipped,
    attempt,
    host_of,
    needed_for,
    read_date,
)
from analysis.tables import language_tag

#: Most bytes (or characters) of a page; those of news have a few hundred thousand. Most elements of one: extracting
#: takes up to the square of their number.
MAX_SIZE, MAX_ELEMENTS = 8_000_000, 20_000

_CHARSET = r"charset\s*=\s*[\"']?\s*([\w.:-]{2,40})"
_META_CHARSET = re.compile(rb"<meta[^<>]{0,200}?" + _CHARSET.encode(), re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: What a page says of its article to machines.
_META = (
    "//meta[@property='article:published_time' or @name='article:published_time']/@content",
    "//head/meta[@itemprop='datePublished' or @property='og:published_time']/@content",
)
_LINKED_DATA = "//script[@type='application/ld+json']/text()"
_ARTICLE = re.compile(r"(?:Article|Posting|Report)\Z")
#: Dates in microdata; of these the article's: in its scope, or where there is none, in the one article and no comment.
_MICRODATA = "//body//*[@itemprop='datePublished']"
_OWN = (
    f"{_MICRODATA}[ancestor-or-self::*[@itemscope][1][contains(@itemtype, 'Article') or contains(@itemtype, 'Posting')]"
    " or not(ancestor-or-self::*[@itemscope]) and count(ancestor::article) = 1"
    " and not(ancestor::*[contains(@class, 'comment') or contains(@id, 'comment')])]"
)
#: What dates something else than the article, or its last change.
_OTHERS = (
    "//script | //nav | //footer | //aside | //meta[contains(@property, 'modified') or contains(@property, 'updated')]"
    " | //body//*[contains(@class, 'comment') or contains(@id, 'comment') or contains(@class, 'related')]"
)


class Extracted(NamedTuple):
    """Content of a page, empty or None where it lacks one; no date where it gives several that differ."""

    title: str
    body: str
    published: Published | None
    language: str


def main_text(
    html: bytes | str, *, url: str | None = None, charset: str | None = None, latest: date | None = None
) -> Extracted:
    """Title, main text, date and language of a page; a BadRow is raised where it has no text or cannot be taken apart.

    Its address (`url`) may hold its date. The server's `charset` counts before the page's own. No date after `latest`,
    such as the day of the crawl, is believed.
    """
    if len(html) > MAX_SIZE:
        raise BadRow(f"HTML of more than {MAX_SIZE:,} bytes")
    if isinstance(html, bytes):
        own = _META_CHARSET.search(html[:4096])
        html = decode(html, charset, own and own[1].decode("ascii"))
    text = _CONTROL.sub(" ", HALF_PAIR.sub("\ufffd", html))
    with needed_for("taking HTML apart"):
        import trafilatura
    # The date of its own is not used; its default latest day is today.
    dates = {"original_date": True, "extensive_search": False, "max_date": date.max.isoformat()}
    try:
        tree: Any = trafilatura.load_html(text)
        if tree is not None and sum(1 for _ in tree.iter()) > MAX_ELEMENTS:
            raise BadRow(f"HTML of more than {MAX_ELEMENTS:,} elements")
        published = None if tree is None else _published(tree, text, url, latest or date.max)
        found: Any = tree is not None and trafilatura.bare_extraction(
            tree, url=url, with_metadata=True, include_comments=False, date_extraction_params=dates
        )
    except BadRow:
        raise
    except Exception as error:  # the extraction meets what nobody wrote it for: any error is one of that page
        raise BadRow(f"HTML cannot be taken apart ({type(error).__name__})") from error
    if not (found and found.text):
        raise BadRow("HTML without a main text")
    title, body = " ".join((found.title or "").split()), found.text
    first, _, rest = body.lstrip().partition("\n")
    # A first line that repeats the title would pass for the first paragraph.
    is_repeated = title and " ".join(first.split()).casefold() == title.casefold()
    language = language_tag(tree.getroottree().getroot().get("lang") or "")
    language = language if re.fullmatch("[a-z]{2,3}", language) else ""
    return Extracted(title, rest.lstrip() if is_repeated else body, published, language)


def _published(tree: Any, text: str, url: str | None, latest: date) -> Published | None:
    """Date of an article: what its page says of it to machines, else what htmldate finds."""
    own = [element.get("datetime") or element.get("content") for element in tree.xpath(_OWN)]
    for written in (*map(tree.xpath, _META), _linked_dates(tree), own):
        dates = [when for value in written if (when := read_date(str(value))) and when.moment.date() <= latest]
        if dates:
            # Of a day and a time on it the time says more.
            earliest = min(dates, key=lambda when: (when.timestamp == "day", when.moment))
            return earliest if len({when.moment.date() for when in dates}) == 1 else None
    return _by_htmldate(tree, f"{url or ''} {text}", url, latest)


def _linked_dates(tree: Any) -> Iterator[object]:
    """Dates of the articles that the page is about (schema.org in JSON-LD), those of articles in lists left out."""
    for script in tree.xpath(_LINKED_DATA):
        try:
            found = json.loads(script, strict=False)
        except (ValueError, RecursionError):
            continue
        nodes = [node for node in _list(found) if isinstance(node, dict)]
        nodes += [node for outer in nodes for node in _list(outer.get("@graph")) if isinstance(node, dict)]
        for node in nodes:
            types = _list(node.get("@type", "Article"))
            if any(isinstance(name, str) and _ARTICLE.search(name) for name in types):
                yield node.get("datePublished")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _by_htmldate(tree: Any, page: str, url: str | None, latest: date) -> Published | None:
    """The one day that htmldate finds, whether it looks for the first or the last; not a first of a month made up."""
    import htmldate

    own = deepcopy(tree)
    kept = own.xpath(_OWN)
    for element in (*own.xpath(_OTHERS), *(item for item in own.xpath(_MICRODATA) if item not in kept)):
        element.drop_tree()
    options: Any = {"url": url, "extensive_search": False, "max_date": latest.isoformat()}
    day, last = (htmldate.find_date(own, original_date=first, **options) for first in (True, False))
    if day != last or day is None or (day.endswith("-01") and not re.search(day.replace("-", "[-/.]?0?"), page)):
        return None
    return read_date(day)


def read_warc(path: Path, reading: Reading) -> Rows:
    """Each page of a crawl as Common Crawl News ships them: its record's 1-based number and its text.

    A record that is broken ends the file.
    """
    with needed_for("reading WARC"):
        from warcio.archiveiterator import ArchiveIterator
    logging.getLogger("warcio").setLevel(logging.CRITICAL)  # it would print addresses that it does not like
    with path.open("rb") as file:
        archive = ArchiveIterator(file)
        archive.INC_RECORD = ""  # it would print lines of pages
        try:
            for number, record in enumerate(archive, start=1):
                yield number, attempt(_article, record, reading)
                archive.read_to_end()
                if archive.err_count or getattr(record.raw_stream, "limit", 1):
                    raise EOFError
        except AnalysisError:
            raise
        except Exception as error:  # warcio meets what nobody wrote it for
            message = "the record is broken or cut off; nothing was read from there on"
            raise BadRow(f"{message} ({type(error).__name__})") from error


def _article(record: Any, reading: Reading) -> Cells:
    """Cells of a record's page."""
    http, headers = record.http_headers, record.rec_headers
    if record.rec_type != "response":
        raise Skipped(f"WARC records of type {record.rec_type}")
    if http is None:
        raise Skipped("WARC responses that are not HTTP")
    if (status := http.get_statuscode()) != "200":
        raise Skipped(f"HTTP responses with status {status}")
    kind = (http.get_header("Content-Type") or "").strip().lower()
    if not kind.startswith(("text/html", "application/xhtml")):
        raise Skipped(f"HTTP responses of type {kind.partition(';')[0] or 'unknown'}")
    url = (headers.get_header("WARC-Target-URI") or "").strip("<> ")
    outlet = reading.outlet_of(host_of(url)) if reading.outlet_of else host_of(url)
    if outlet is None:  # most of a crawl: seen before its page is taken apart
        raise Skipped("pages of hosts that are no outlet's")
    if cut := headers.get_header("WARC-Truncated"):
        raise BadRow(f"the crawl cut the page off ({cut})")
    raw = record.content_stream().read(MAX_SIZE + 1)
    record.raw_stream.read()
    if getattr(record.raw_stream, "limit", 1):
        raise EOFError
    if http.get_header("Content-Encoding") and not raw[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise BadRow("the page is packed in a way that is not read, or damaged")
    crawled, charset = headers.get_header("WARC-Date") or "", re.search(_CHARSET, kind)
    day = read_date(crawled)
    page = main_text(raw, url=url, charset=charset and charset[1], latest=day and day.moment.date())
    row = {"outlet": outlet, "url": url, "published": str(page.published or ""), "crawled": crawled}
    return page._asdict() | row
