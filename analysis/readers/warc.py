"""WARC and WARC.gz as crawls such as Common Crawl News ship them: a page is an article, by trafilatura.

warcio takes single records apart. Where they begin and end is found here, because warcio gives up at the first record
that is malformed and reads a header line of any length.
"""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from analysis.errors import MissingLibrary
from analysis.readers.feed import host_of
from analysis.readers.html import MAX_SIZE, HtmlRefused, main_text
from analysis.readers.row import BadRow, Reading, identify, read_date
from analysis.readers.stream import MAX_LINE, Source
from analysis.readers.tabular import Rows

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_WORD = re.compile("[a-z]{1,20}")
_KIND = re.compile(r"[a-z]+/[a-z0-9.+-]{1,40}")
#: Most kinds of skipped records that are told apart.
_KINDS = 40
#: Most bytes of a record's own headers, and bytes that may be read again after records whose length was wrong.
_HEADERS, _AGAIN = 65_536, 200_000_000
_VERSION, _NEXT = re.compile(rb"WARC/[01]\.\d"), re.compile(rb"\nWARC/[01]\.\d")
_BLANK = re.compile(rb"\s+")
_HEADERS_END = re.compile(rb"\n[ \t]*\r?\n|\nWARC/")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(rb"^warc-type:[ \t]*([a-z-]{1,30})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def read_warc(path: Path, reading: Reading) -> Rows:
    """Each page: its record's 1-based number and its text as `parse_row` wants it, or what is wrong.

    Records that are no pages are counted in `reading.skipped`.
    """
    loader = _loader()
    with Source(path) as source:
        number = 0
        for number, record in enumerate(_records(source), start=1):
            if source.damage:
                yield number, BadRow(source.damage.pop())
            if isinstance(record, BadRow):
                yield number, record
            elif record[0] != "response":
                _skip(reading, f"WARC records of type {record[0]}")
            elif (found := _page(loader, record[1], reading)) is not None:
                yield number, found
        for reason in source.damage:
            yield number + 1, BadRow(reason)


class _Window:
    """The bytes of a file from a position on, as far as they were wanted."""

    def __init__(self, source: Source) -> None:
        self._source, self.data, self.at = source, b"", 0

    def fill(self, size: int) -> bool:
        """Whether so many bytes lie ahead, which are then in `data`."""
        lacking = self.at + size - len(self.data)
        if lacking > 0:
            self.data, self.at = self.data[self.at :] + self._source.read(max(lacking, _HEADERS)), 0
        return len(self.data) - self.at >= size

    def skip(self, size: int) -> bool:
        """Pass over so many bytes; whether there were as many."""
        while size > len(self.data) - self.at:
            size -= len(self.data) - self.at
            self.data, self.at = self._source.read(_HEADERS), 0
            if not self.data:
                return False
        self.at += size
        return True

    def skip_to_record(self) -> None:
        """Pass over all that is no record."""
        while (found := _NEXT.search(self.data, self.at)) is None and self.fill(len(self.data) - self.at + 1):
            self.skip(max(1, len(self.data) - self.at - len(b"\nWARC/1.")))
        self.at = found.start() + 1 if found else len(self.data)


def _records(source: Source) -> Iterator[tuple[str, bytes] | BadRow]:
    """Each record: its type and, where that is "response", its bytes; or what is wrong with it.

    What lies between records and belongs to none is one bad row.
    """
    window, again = _Window(source), _AGAIN
    while window.fill(1):
        blank = _BLANK.match(window.data, window.at)
        if blank is not None:
            window.at = blank.end()
            continue
        window.fill(_HEADERS)
        if not _VERSION.match(window.data, window.at):
            yield BadRow("no WARC record begins here")
            window.skip_to_record()
            continue
        end = _HEADERS_END.search(window.data, window.at, window.at + _HEADERS)
        if end is None or end[0].endswith(b"WARC/"):
            yield BadRow("the record's headers do not end")
            window.skip_to_record()
            continue
        head = window.data[window.at : end.end()]
        length, kind = _LENGTH.search(head), _TYPE.search(head)
        if length is None or kind is None:
            yield BadRow("the record's headers lack Content-Length or WARC-Type")
            window.at = end.end()
            continue
        record, read_again = _record(window, len(head), int(length[1]), kind[1].decode("ascii").lower(), again > 0)
        again -= read_again
        yield record


def _record(window: _Window, head: int, length: int, kind: str, again: bool) -> tuple[tuple[str, bytes] | BadRow, int]:
    """The record at a window's position, which moves behind it; and how many bytes are to be read again.

    After a record whose length is wrong, the next one is looked for within it.
    """
    is_wanted, size = kind == "response", head + length
    if length > MAX_LINE:
        if not window.skip(size):
            return BadRow("the record ends too soon"), 0
        return (BadRow(f"record of more than {MAX_LINE:,} bytes") if is_wanted else (kind, b"")), 0
    is_whole = window.fill(size)
    window.fill(size + len(b"WARC/1.0"))
    start, end = window.at, window.at + size
    if is_whole and (not window.data[end : end + 2].strip() or _VERSION.match(window.data, end)):
        window.at = end
        return (kind, window.data[start:end] if is_wanted else b""), 0
    inside = _NEXT.search(window.data, start + head - 1, end) if again else None
    window.at = inside.start() + 1 if inside else min(end, len(window.data))
    reason = "the record's Content-Length is wrong" if is_whole else "the record ends too soon"
    return BadRow(reason), size if inside else 0


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
    crawled = read_date(headers.get_header("WARC-Date") or "")
    try:
        html = _content(record)
    except Exception as error:  # as above
        return BadRow(f"the page cannot be unpacked ({type(error).__name__})")
    if isinstance(html, BadRow):
        return html
    charset = _CHARSET.search(kind)
    try:
        found = main_text(html, url=url, charset=charset and charset[1], latest=crawled and crawled.moment.date())
    except HtmlRefused as error:
        return BadRow(f"HTML {error.reason}")
    if not found.body:
        return BadRow("HTML without a main text")
    published = found.published or crawled
    if published is None:
        return BadRow("published is missing, and so is WARC-Date")
    return {
        "article": identify(outlet, url),
        "outlet": outlet,
        "language": found.language,
        "published": str(published),
        "timestamp": published.timestamp if found.published else "crawl",
        "url": url,
        "source": "page",
        "title": found.title,
        "body": found.body,
    }


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
