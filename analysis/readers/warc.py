"""WARC and WARC.gz as crawls such as Common Crawl News ship them: a page is an article, by trafilatura.

warcio takes single records apart; where they begin and end is found here, as it gives up at the first malformed one.
"""

from __future__ import annotations

import logging
import re
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import Any

from analysis.readers.feed import host_of
from analysis.readers.html import MAX_SIZE, main_text
from analysis.readers.row import BadRow, Reading, Rows, Skipped, complete, needed_for, read_date
from analysis.readers.stream import MAX_LINE, Source

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_WORD, _KIND, _STATUS = re.compile("[a-z]{1,20}"), re.compile(r"[a-z]+/[a-z0-9.+-]{1,40}"), re.compile("[1-5][0-9]{2}")
#: Most bytes of a record's own headers, and bytes that may be read again after records whose length was wrong.
_HEADERS, _AGAIN = 65_536, 200_000_000
_VERSION, _MAY_BEGIN = re.compile(rb"WARC/[01]\.\d"), re.compile(rb"(?<=\n)(?=WARC/[01]\.\d)")
_HEADERS_END = re.compile(rb"\n[ \t]*\r?\n")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(rb"^warc-type:[ \t]*([a-z-]{1,30})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def read_warc(source: Source, reading: Reading) -> Rows:
    """Each page: its record's 1-based number and its text as `parse_row` wants it."""
    with needed_for("reading WARC"):
        from warcio.archiveiterator import ArchiveIterator
    logging.getLogger("warcio").setLevel(logging.CRITICAL)  # it would print addresses that it does not like
    for number, record in enumerate(_records(source), start=1):
        yield number, record if isinstance(record, BadRow) else partial(_article, ArchiveIterator, *record, reading)


def _pieces(source: Source) -> Iterator[bytes]:
    """The bytes of a file, cut wherever a record may begin, and else where they are many."""
    rest, tail = b"", len(b"\nWARC/1.0")
    while block := source.read(_HEADERS):
        *pieces, rest = _MAY_BEGIN.split(rest + block)
        yield from pieces
        if len(rest) > _HEADERS + tail:
            yield rest[:-tail]
            rest = rest[-tail:]
    yield rest


def _records(source: Source) -> Iterator[tuple[str, bytes] | BadRow]:
    """Each record, its type and, where that is "response", its bytes, or what is wrong with it.

    What lies between records and belongs to none is one bad row. After a record whose length is wrong, the next one
    is looked for within it.
    """
    pieces, waiting, again, is_lost = _pieces(source), deque[bytes](), _AGAIN, False
    while piece := waiting.popleft() if waiting else next(pieces, b""):
        if not piece.strip() or (is_lost and not _VERSION.match(piece)):
            continue
        is_lost = True
        try:
            kind, size = _kind_and_size(piece)
        except BadRow as bad:
            yield bad
            continue
        is_held, used, there = size <= MAX_LINE + _HEADERS, [piece], len(piece)
        while there < size and (more := waiting.popleft() if waiting else next(pieces, b"")):
            used.append(more if is_held else b"")
            there += len(more)
        raw = b"".join(used) if is_held else b""
        after = raw[size:]
        if there >= size and (not after[:2].strip() or _VERSION.match(after)):
            is_large = kind == "response" and not is_held
            yield BadRow(f"record of more than {MAX_LINE:,} bytes") if is_large else (kind, raw[:size])
            if after:
                waiting.appendleft(after)
            is_lost = False
            continue
        if is_held and again > 0:
            waiting.extendleft(reversed(used[1:]))
            again -= there
        yield BadRow("the record's Content-Length is wrong" if there >= size else "the record ends too soon")


def _kind_and_size(piece: bytes) -> tuple[str, int]:
    """Type of the record that begins a piece, and its bytes with its headers."""
    end = _HEADERS_END.search(piece, 0, _HEADERS)
    if not _VERSION.match(piece) or not end:
        raise BadRow("the record's headers do not end" if _VERSION.match(piece) else "no WARC record begins here")
    length, kind = _LENGTH.search(piece, 0, end.end()), _TYPE.search(piece, 0, end.end())
    if length is None or kind is None:
        raise BadRow("the record's headers lack Content-Length or WARC-Type")
    return kind[1].decode("ascii").lower(), end.end() + int(length[1])


def _article(loader: Any, record_type: str, raw: bytes, reading: Reading) -> Mapping[str, object]:
    """Row of a record's page."""
    if record_type != "response":
        raise Skipped(f"WARC records of type {record_type}")
    try:
        record = next(iter(loader(BytesIO(raw))))
        http, headers = record.http_headers, record.rec_headers
        status, kind = (http.get_statuscode(), _header(http, "Content-Type")) if http else ("", "")
    except Exception as error:  # warcio meets what nobody wrote it for
        raise BadRow(f"the record cannot be taken apart ({type(error).__name__})") from error
    if http is None:
        raise Skipped("WARC responses that are not HTTP")
    if status != "200":
        raise Skipped(f"HTTP responses with status {status if _STATUS.fullmatch(status) else 'unknown'}")
    if not kind.startswith(("text/html", "application/xhtml")):
        named = _KIND.match(kind)
        raise Skipped(f"HTTP responses of type {named[0] if named else 'unknown'}")
    url = (headers.get_header("WARC-Target-URI") or "").strip("<> ")
    outlet = reading.outlet_of(host_of(url)) if reading.outlet_of else host_of(url)
    if outlet is None:  # most of a crawl: seen before its page is taken apart
        raise Skipped("pages of hosts that are no outlet's")
    if cut := headers.get_header("WARC-Truncated"):
        raise BadRow(f"the crawl cut the page off{f' ({cut})' if _WORD.fullmatch(cut) else ''}")
    crawled, charset = read_date(headers.get_header("WARC-Date") or ""), _CHARSET.search(kind)
    latest = crawled and crawled.moment.date()
    page = main_text(_content(record), url=url, charset=charset and charset[1], latest=latest)
    published = page.published or crawled
    if published is None:
        raise BadRow("published is missing, and so is WARC-Date")
    timestamp = published.timestamp if page.published else "crawl"
    row = {"outlet": outlet, "url": url, "source": "page", "published": str(published), "timestamp": timestamp}
    return complete(page._asdict() | row)


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
