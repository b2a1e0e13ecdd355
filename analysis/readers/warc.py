"""WARC and WARC.gz as crawls such as Common Crawl News ship them: a page is an article, by trafilatura.

warcio takes single records apart; where they begin and end is found here, as it gives up at the first malformed one.
"""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from analysis.readers.feed import host_of
from analysis.readers.html import MAX_SIZE, main_text
from analysis.readers.row import BadRow, Reading, Rows, identify, needed_for, read_date, returns_bad_row
from analysis.readers.stream import MAX_LINE, Source

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_WORD, _KIND, _STATUS = re.compile("[a-z]{1,20}"), re.compile(r"[a-z]+/[a-z0-9.+-]{1,40}"), re.compile("[1-5][0-9]{2}")
#: Most kinds of skipped records that are told apart.
_KINDS = 40
#: Most bytes of a record's own headers, and bytes that may be read again after records whose length was wrong.
_HEADERS, _AGAIN = 65_536, 200_000_000
_VERSION, _NEXT, _BLANK = re.compile(rb"WARC/[01]\.\d"), re.compile(rb"\nWARC/[01]\.\d"), re.compile(rb"\s+")
_HEADERS_END = re.compile(rb"\n[ \t]*\r?\n|\nWARC/")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(rb"^warc-type:[ \t]*([a-z-]{1,30})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class _Skipped(Exception):
    """A record that is no article of an outlet; says of what kind it is."""


def read_warc(path: Path, reading: Reading) -> Rows:
    """Each page: its record's 1-based number and its text as `parse_row` wants it, or what is wrong."""
    with Source(path) as source:
        yield from source.with_damage(_pages(source, reading))


def _pages(source: Source, reading: Reading) -> Iterator[tuple[int, Mapping[str, object] | BadRow | None]]:
    """As `read_warc`; None for a record that is no page, which is counted."""
    with needed_for("reading WARC"):
        from warcio.archiveiterator import ArchiveIterator
    logging.getLogger("warcio").setLevel(logging.CRITICAL)  # it would print addresses that it does not like
    for number, record in enumerate(_records(source), start=1):
        try:
            yield number, record if isinstance(record, BadRow) else _article(ArchiveIterator, *record, reading)
        except _Skipped as skipped:
            kind = str(skipped)
            is_told = kind in reading.skipped or len(reading.skipped) < _KINDS
            reading.skipped[kind if is_told else "WARC records of other kinds"] += 1
            yield number, None


class _Window(bytearray):
    """The bytes of a file from a position on, as far as they were wanted; bytes passed over leave at no cost."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source, self.again = source, _AGAIN

    def fill(self, size: int) -> bool:
        """True where so many bytes lie ahead, which are then here."""
        if size > len(self):
            self += self._source.read(max(size - len(self), _HEADERS))
        return len(self) >= size

    def skip(self, size: int) -> bool:
        """Pass over so many bytes; whether there were as many."""
        while size > len(self):
            size -= len(self)
            self[:] = self._source.read(_HEADERS)
            if not self:
                return False
        del self[:size]
        return True

    def skip_to_record(self) -> None:
        """Pass over all that is no record."""
        while not (found := _NEXT.search(self)):
            del self[: -len(b"\nWARC/1.")]
            if not self.fill(len(self) + 1):
                self.clear()
                return
        del self[: found.start() + 1]


def _records(source: Source) -> Iterator[tuple[str, bytes] | BadRow]:
    """Each record, or what is wrong with it; what lies between records and belongs to none is one bad row."""
    window = _Window(source)
    while window.fill(1):
        if blank := _BLANK.match(window):
            del window[: blank.end()]
        else:
            yield _record(window)


@returns_bad_row
def _record(window: _Window) -> tuple[str, bytes]:
    """The record at a window's start, which is passed over: its type and, where that is "response", its bytes."""
    window.fill(_HEADERS)
    is_record, end = _VERSION.match(window), _HEADERS_END.search(window, 0, _HEADERS)
    if not is_record or not end or end[0].endswith(b"WARC/"):
        window.skip_to_record()
        raise BadRow("the record's headers do not end" if is_record else "no WARC record begins here")
    head = bytes(window[: end.end()])
    length, found = _LENGTH.search(head), _TYPE.search(head)
    if length is None or found is None:
        window.skip(len(head))
        raise BadRow("the record's headers lack Content-Length or WARC-Type")
    kind, size = found[1].decode("ascii").lower(), len(head) + int(length[1])
    if int(length[1]) > MAX_LINE:
        if not window.skip(size):
            raise BadRow("the record ends too soon")
        if kind == "response":
            raise BadRow(f"record of more than {MAX_LINE:,} bytes")
        return kind, b""
    is_whole = window.fill(size)
    window.fill(size + len(b"WARC/1.0"))
    if is_whole and (not window[size : size + 2].strip() or _VERSION.match(window, size)):
        raw = bytes(window[:size]) if kind == "response" else b""
        window.skip(size)
        return kind, raw
    # After a record whose length is wrong, the next one is looked for within it.
    inside = _NEXT.search(window, len(head) - 1, size) if window.again > 0 else None
    window.again -= size if inside else 0
    window.skip(inside.start() + 1 if inside else size)
    raise BadRow("the record's Content-Length is wrong" if is_whole else "the record ends too soon")


@returns_bad_row
def _article(loader: Any, record_type: str, raw: bytes, reading: Reading) -> Mapping[str, object]:
    """Row of a record's page."""
    if record_type != "response":
        raise _Skipped(f"WARC records of type {record_type}")
    try:
        record = next(iter(loader(BytesIO(raw))))
        http, headers = record.http_headers, record.rec_headers
        status, kind = (http.get_statuscode(), _header(http, "Content-Type")) if http else ("", "")
    except Exception as error:  # warcio meets what nobody wrote it for
        raise BadRow(f"the record cannot be taken apart ({type(error).__name__})") from error
    if http is None:
        raise _Skipped("WARC responses that are not HTTP")
    if status != "200":
        raise _Skipped(f"HTTP responses with status {status if _STATUS.fullmatch(status) else 'unknown'}")
    if not kind.startswith(("text/html", "application/xhtml")):
        named = _KIND.match(kind)
        raise _Skipped(f"HTTP responses of type {named[0] if named else 'unknown'}")
    url = (headers.get_header("WARC-Target-URI") or "").strip("<> ")
    outlet = reading.outlet_of(host_of(url)) if reading.outlet_of else host_of(url)
    if outlet is None:  # most of a crawl: seen before its page is taken apart
        raise _Skipped("pages of hosts that are no outlet's")
    if cut := headers.get_header("WARC-Truncated"):
        raise BadRow(f"the crawl cut the page off{f' ({cut})' if _WORD.fullmatch(cut) else ''}")
    crawled, charset = read_date(headers.get_header("WARC-Date") or ""), _CHARSET.search(kind)
    latest = crawled and crawled.moment.date()
    found = main_text(_content(record), url=url, charset=charset and charset[1], latest=latest)
    published = found.published or crawled
    if published is None:
        raise BadRow("published is missing, and so is WARC-Date")
    timestamp = published.timestamp if found.published else "crawl"
    row = {"article": identify(outlet, url), "outlet": outlet, "url": url, "source": "page", "timestamp": timestamp}
    return {**found._asdict(), **row, "published": str(published)}


def _header(http: Any, name: str) -> str:
    return (http.get_header(name) or "").strip().lower()


def _content(record: Any) -> bytes:
    """The page's bytes: out of chunks and unpacked, no more than are wanted."""
    from warcio.bufferedreaders import ChunkedDataReader

    http, stream = record.http_headers, record.raw_stream
    try:
        raw = (ChunkedDataReader(stream) if _header(http, "Transfer-Encoding") == "chunked" else stream).read()
    except Exception as error:  # as above
        raise BadRow(f"the page cannot be unpacked ({type(error).__name__})") from error
    packing = _header(http, "Content-Encoding")
    is_read = packing in ("gzip", "x-gzip", "deflate")
    for window in (47, -15) if is_read else ():  # gzip or zlib by their headers; deflate without one
        try:
            unpacker = zlib.decompressobj(window)
            page = unpacker.decompress(raw, MAX_SIZE + 1)
        except zlib.error:
            continue
        if not unpacker.eof and len(page) <= MAX_SIZE:
            raise BadRow("the packed page ends too soon")
        return page
    # Archives often keep the header of what they have unpacked.
    if packing not in ("", "identity") and raw.lstrip()[:1] != b"<":
        other = "the page is packed in a way that is not read (only gzip and deflate are)"
        raise BadRow("the packed page is damaged" if is_read else other)
    return bytes(raw)
