"""WARC and WARC.gz as crawls such as Common Crawl News ship them: a page is an article, by trafilatura.

warcio (pure Python) and not FastWARC: taking a page apart takes a hundred times as long as taking a record apart, so
nothing is gained by C++, and a malformed record is an exception there and not a crash.
"""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from analysis.errors import MissingLibrary
from analysis.readers.columns import identify
from analysis.readers.feed import host_of
from analysis.readers.html import MAX_SIZE, HtmlRefused, main_text
from analysis.readers.row import BadRow, Reading, parse_time
from analysis.readers.stream import Source
from analysis.readers.warcframes import frames

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_WORD = re.compile("[a-z]{1,20}")
_KIND = re.compile(r"[a-z]+/[a-z0-9.+-]{1,40}")
#: Most kinds of skipped records that are told apart.
_KINDS = 40


def rows(path: Path, reading: Reading) -> Iterator[tuple[int, Mapping[str, object] | BadRow]]:
    """Yield each page: its record's 1-based number and its text as `parse_row` wants it, or what is wrong.

    Records that are no pages are counted in `reading.skipped`.
    """
    loader = _loader()
    with Source(path) as source:
        number = 0
        for number, frame in frames(source, lambda kind: kind == "response"):
            if source.damage:
                yield number, BadRow(source.damage.pop())
            if isinstance(frame, BadRow):
                yield number, frame
            elif frame[0] != "response":
                _skip(reading, f"WARC records of type {frame[0]}")
            elif (found := _page(loader, frame[1], reading)) is not None:
                yield number, found
        for reason in source.damage:
            yield number + 1, BadRow(reason)


def _loader() -> Any:
    try:
        from warcio.archiveiterator import ArchiveIterator
    except ImportError as error:
        raise MissingLibrary("warcio", "readers", "reading WARC") from error
    logging.getLogger("warcio").setLevel(logging.CRITICAL)  # it would print addresses that it does not like
    return ArchiveIterator


def _skip(reading: Reading, kind: str) -> None:
    known = kind in reading.skipped or len(reading.skipped) < _KINDS
    reading.skipped[kind if known else "WARC records of other kinds"] += 1


def _page(loader: Any, raw: bytes, reading: Reading) -> Mapping[str, object] | BadRow | None:
    """What a record's page says; None where it is none and was counted."""
    try:
        record = next(iter(loader(BytesIO(raw))))
        http, headers = record.http_headers, record.rec_headers
        status = http.get_statuscode() if http else ""
        kind = (http.get_header("Content-Type") or "" if http else "").strip().lower()
    except Exception as error:  # warcio meets what nobody wrote it for
        return BadRow(f"the record cannot be taken apart ({type(error).__name__})")
    if http is None:
        _skip(reading, "WARC responses that are not HTTP")
    elif status != "200":
        _skip(reading, f"HTTP responses with status {status if re.fullmatch('[1-5][0-9]{2}', status) else 'unknown'}")
    elif not kind.startswith(("text/html", "application/xhtml")):
        named = _KIND.match(kind)
        _skip(reading, f"HTTP responses of type {named[0] if named else 'unknown'}")
    else:
        return _article(record, headers, kind, reading)
    return None


def _article(record: Any, headers: Any, kind: str, reading: Reading) -> Mapping[str, object] | BadRow | None:
    url = (headers.get_header("WARC-Target-URI") or "").strip("<> ")
    host = host_of(url)
    outlet = host if reading.outlet_of is None else reading.outlet(host)
    if outlet is None:  # most of a crawl: seen before its page is taken apart
        _skip(reading, "pages of hosts that are no outlet's")
        return None
    if cut := headers.get_header("WARC-Truncated"):
        return BadRow(f"the crawl cut the page off{f' ({cut})' if _WORD.fullmatch(cut) else ''}")
    crawled = parse_time(headers.get_header("WARC-Date") or "")
    try:
        html = _content(record)
    except Exception as error:  # as above
        return BadRow(f"the page cannot be unpacked ({type(error).__name__})")
    if isinstance(html, BadRow):
        return html
    charset = _CHARSET.search(kind)
    try:
        found = main_text(html, url=url, charset=charset and charset[1], latest=crawled and crawled.date())
    except HtmlRefused as error:
        return BadRow(f"HTML {error.reason}")
    if not found.body:
        return BadRow("HTML without a main text")
    published = found.published or _by_crawler(crawled)
    if published is None:
        return BadRow("published is missing, and so is WARC-Date")
    return {
        "article": identify(outlet, url),
        "outlet": outlet,
        "language": found.language,
        "published": published.isoformat(),
        "url": url,
        "source": "page",
        "title": found.title,
        "body": found.body,
    }


def _by_crawler(crawled: datetime | None) -> datetime | None:
    """The crawl's time, marked as such: a time with microseconds is the crawler's (manifest.py)."""
    return crawled and crawled.replace(microsecond=crawled.microsecond or 1)


def _content(record: Any) -> bytes | BadRow:
    """The page's bytes: out of chunks and unpacked, no more than are wanted."""
    from warcio.bufferedreaders import ChunkedDataReader

    http = record.http_headers
    chunked = (http.get_header("Transfer-Encoding") or "").strip().lower() == "chunked"
    raw = (ChunkedDataReader(record.raw_stream) if chunked else record.raw_stream).read()
    packing = (http.get_header("Content-Encoding") or "").strip().lower()
    if packing in ("gzip", "x-gzip", "deflate"):
        return _unpacked(raw)
    # Archives often keep the header of what they have unpacked.
    if packing not in ("", "identity") and raw.lstrip()[:1] != b"<":
        return BadRow("the page is packed in a way that is not read (only gzip and deflate are)")
    return bytes(raw)


def _unpacked(raw: bytes) -> bytes | BadRow:
    for window in (47, -15):  # gzip or zlib by their headers; deflate without one
        try:
            unpacker = zlib.decompressobj(window)
            page = unpacker.decompress(raw, MAX_SIZE + 1)
        except zlib.error:
            continue
        if not unpacker.eof and len(page) <= MAX_SIZE:
            return BadRow("the packed page ends too soon")
        return page
    return raw if raw.lstrip()[:1] == b"<" else BadRow("the packed page is damaged")
