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

from analysis.readers.feed import host_of
from analysis.readers.html import MAX_SIZE, page_text
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
    """Each page: its record's 1-based number and its text as `parse_row` wants it, or what is wrong.

    Records that are no pages are counted in `reading.skipped`.
    """
    with Source(path) as source:
        yield from source.with_damage(_rows(source, reading))


def _rows(source: Source, reading: Reading) -> Iterator[tuple[int, Mapping[str, object] | BadRow | None]]:
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


class _Window:
    """The bytes of a file from a position on, as far as they were wanted; and how many may be read again."""

    def __init__(self, source: Source) -> None:
        self._source, self.data, self.at, self.again = source, b"", 0, _AGAIN

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
    """Each record, or what is wrong with it; what lies between records and belongs to none is one bad row."""
    window = _Window(source)
    while window.fill(1):
        if blank := _BLANK.match(window.data, window.at):
            window.at = blank.end()
        else:
            yield _record(window)


@returns_bad_row
def _record(window: _Window) -> tuple[str, bytes]:
    """The record at a window's position, which moves behind it: its type and, where that is "response", its bytes.

    After a record whose length is wrong, the next one is looked for within it.
    """
    window.fill(_HEADERS)
    start, is_record = window.at, _VERSION.match(window.data, window.at)
    end = _HEADERS_END.search(window.data, start, start + _HEADERS)
    if not is_record or not end or end[0].endswith(b"WARC/"):
        window.skip_to_record()
        raise BadRow("the record's headers do not end" if is_record else "no WARC record begins here")
    head = window.data[start : end.end()]
    length, found = _LENGTH.search(head), _TYPE.search(head)
    if length is None or found is None:
        window.at = end.end()
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
    start, after = window.at, window.at + size
    if is_whole and (not window.data[after : after + 2].strip() or _VERSION.match(window.data, after)):
        window.at = after
        return kind, window.data[start:after] if kind == "response" else b""
    inside = _NEXT.search(window.data, start + len(head) - 1, after) if window.again > 0 else None
    window.again -= size if inside else 0
    window.at = inside.start() + 1 if inside else min(after, len(window.data))
    raise BadRow("the record's Content-Length is wrong" if is_whole else "the record ends too soon")


@returns_bad_row
def _article(loader: Any, record_type: str, raw: bytes, reading: Reading) -> Mapping[str, object]:
    """What a record's page says."""
    if record_type != "response":
        raise _Skipped(f"WARC records of type {record_type}")
    try:
        record = next(iter(loader(BytesIO(raw))))
        http, headers = record.http_headers, record.rec_headers
        status = http.get_statuscode() if http else ""
        kind = _header(http, "Content-Type") if http else ""
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
    found = page_text(
        _content(record), url=url, charset=charset and charset[1], latest=crawled and crawled.moment.date()
    )
    published = found.published or crawled
    if published is None:
        raise BadRow("published is missing, and so is WARC-Date")
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


def _header(http: Any, name: str) -> str:
    return (http.get_header(name) or "").strip().lower()


def _content(record: Any) -> bytes:
    """The page's bytes: out of chunks and unpacked, no more than are wanted."""
    from warcio.bufferedreaders import ChunkedDataReader

    http = record.http_headers
    try:
        is_chunked = _header(http, "Transfer-Encoding") == "chunked"
        raw = bytes((ChunkedDataReader(record.raw_stream) if is_chunked else record.raw_stream).read())
    except Exception as error:  # as above
        raise BadRow(f"the page cannot be unpacked ({type(error).__name__})") from error
    packing = _header(http, "Content-Encoding")
    is_unpacked = raw.lstrip()[:1] == b"<"  # archives often keep the header of what they have unpacked
    for window in (47, -15) if packing in ("gzip", "x-gzip", "deflate") else ():
        # gzip or zlib by their headers; deflate without one
        try:
            unpacker = zlib.decompressobj(window)
            page = unpacker.decompress(raw, MAX_SIZE + 1)
        except zlib.error:
            continue
        if not unpacker.eof and len(page) <= MAX_SIZE:
            raise BadRow("the packed page ends too soon")
        return page
    if packing in ("gzip", "x-gzip", "deflate") and not is_unpacked:
        raise BadRow("the packed page is damaged")
    if packing not in ("", "identity") and not is_unpacked:
        raise BadRow("the page is packed in a way that is not read (only gzip and deflate are)")
    return raw
