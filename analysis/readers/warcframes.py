"""A WARC file → its records, one at a time, each of bounded size, reading on at the next record after a damaged one.

warcio takes single records apart; where they begin and end is found here, because warcio gives up at the first record
that is malformed and reads a header line of any length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from analysis.readers.row import BadRow
from analysis.readers.stream import MAX_LINE, Source

#: Most bytes of a record's own headers.
_HEADERS = 65_536
#: Bytes that may be read again after records whose length was wrong, so that no file takes for ever.
_AGAIN = 200_000_000
_START = re.compile(rb"(?:\A|(?<=\n))WARC/[01]\.\d")
_NEXT = re.compile(rb"\nWARC/[01]\.\d")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(rb"^warc-type:[ \t]*([a-z-]{1,30})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)

#: A record's type, and its bytes where they were wanted.
Frame = tuple[str, bytes]


def frames(source: Source, wanted: Callable[[str], bool]) -> Iterator[tuple[int, Frame | BadRow]]:
    """Yield each record: its 1-based number, its type and bytes (none where its type is not wanted), or what is wrong.

    What lies between records and belongs to none is one bad row.
    """
    number, again = 0, _AGAIN
    while line := source.readline(_HEADERS):
        if not line.strip():
            continue
        if not _START.match(line):
            number += 1
            yield number, BadRow("no WARC record begins here")
            _to_next(source, line[-1:])
            continue
        number += 1
        head = _head(source, line)
        found = head if isinstance(head, BadRow) else _record(source, head, wanted, again > 0)
        if isinstance(found, tuple) and isinstance(found[0], int):
            again -= found[0]
            found = found[1]
        yield number, found


def _to_next(source: Source, before: bytes) -> None:
    """Pass over all that is no record."""
    while block := source.read(_HEADERS):
        both = before + block
        if found := _NEXT.search(both):
            source.back(both[found.start() + 1 :])
            return
        before = both[-len(b"\nWARC/1.") :]


def _head(source: Source, first: bytes) -> bytes | BadRow:
    """The record's own headers with the blank line that ends them."""
    lines, size = [first], len(first)
    while line := source.readline(_HEADERS):
        if _START.match(line):
            source.back(line)
            return BadRow("the record's headers do not end")
        lines.append(line)
        size += len(line)
        if not line.strip():
            return b"".join(lines)
        if size > _HEADERS:
            break
    return BadRow("the record's headers do not end")


def _record(
    source: Source, head: bytes, wanted: Callable[[str], bool], again: bool
) -> Frame | BadRow | tuple[int, BadRow]:
    length, kind = _LENGTH.search(head), _TYPE.search(head)
    if length is None or kind is None:
        return BadRow("the record's headers lack Content-Length or WARC-Type")
    size, name = int(length[1]), kind[1].decode("ascii").lower()
    if size > MAX_LINE:
        if source.skip(size) < size:
            return BadRow("the record ends too soon")
        return BadRow(f"record of more than {MAX_LINE:,} bytes") if wanted(name) else (name, b"")
    body = source.read(size)
    after = source.readline(_HEADERS)
    if len(body) == size and (not after.strip() or _START.match(after)):
        if _START.match(after):
            source.back(after)
        return (name, head + body) if wanted(name) else (name, b"")
    # Its length is wrong: it may have swallowed the records after it.
    told = BadRow("the record ends too soon" if len(body) < size else "the record's Content-Length is wrong")
    inside = _START.search(body)
    if inside is None or not again:
        source.back(after)
        return told
    source.back(body[inside.start() :] + after)
    return len(body), told
