"""Bytes of a file, unpacked where it is gzipped, and its lines: all bounded, so that no input can fill the memory.

A damaged gzip file is read on from its next whole member, as each record of a .warc.gz is one. What was lost is noted
in `damage`, for the reader to set aside.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from analysis.errors import TextsError

#: Most bytes of a line or record. The longest articles have a twentieth.
MAX_LINE = 10_000_000
#: A gzip file that unpacks to more than this many times its size, and to more than so many bytes, is no text.
MAX_RATIO, BEFORE_RATIO = 200, 20_000_000
_BLOCK = 65_536
#: Put where packed data break off: no row with a NUL is taken, so none whose end was lost passes for a whole one.
_CUT = b"\0\0\n"
_MAGIC = b"\x1f\x8b\x08"


class Source:
    """A file opened for reading bytes; a context.

    Attributes
    ----------
    damage : list of str, what was lost of a gzip file, taken away by who tells it
    """

    def __init__(self, path: Path) -> None:
        self.path, self.damage = path, list[str]()
        self._buffer, self._at, self._ended = b"", 0, False
        try:
            self._file = path.open("rb")
            self._gzip = path.suffix.lower() == ".gz" and self._file.read(3) == _MAGIC
            self._file.seek(0)
        except OSError as error:
            raise _unreadable(path, error) from error
        self._blocks = self._members() if self._gzip else iter(partial(self._raw, _BLOCK), b"")

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def lines(self, most: int = MAX_LINE) -> Iterator[bytes | None]:
        """Each line with its end; None in place of one of more than `most` bytes, which is passed over."""
        if not self._gzip:
            take: Any = self._file.readline
        else:
            take = self.readline
        try:
            while line := take(most + 1):
                if len(line) > most:
                    while line and not line.endswith(b"\n"):
                        line = take(_BLOCK)
                    yield None
                else:
                    yield line
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def readline(self, most: int) -> bytes:
        """The rest of the line, or its first `most` bytes."""
        pieces, size = [], 0
        while size < most and self._fill():
            end = self._buffer.find(b"\n", self._at, self._at + most - size) + 1
            piece = self._take(end - self._at if end else most - size)
            pieces.append(piece)
            size += len(piece)
            if end:
                break
        return b"".join(pieces)

    def read(self, size: int) -> bytes:
        """So many bytes, fewer at the end."""
        pieces = []
        while size and self._fill():
            piece = self._take(size)
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def skip(self, size: int) -> int:
        """Pass over so many bytes; returns how many there were."""
        passed = 0
        while passed < size and (piece := self.read(min(_BLOCK, size - passed))):
            passed += len(piece)
        return passed

    def back(self, data: bytes) -> None:
        """Put back what was read last."""
        if self._at >= len(data) and self._buffer[self._at - len(data) : self._at] == data:
            self._at -= len(data)  # no copy: the buffer may hold a whole record
            return
        self._buffer, self._at = data + self._buffer[self._at :], 0

    def _fill(self) -> bool:
        if self._at >= len(self._buffer) and not self._ended:
            self._buffer, self._at = next(self._blocks, b""), 0
            self._ended = not self._buffer
        return self._at < len(self._buffer)

    def _take(self, size: int) -> bytes:
        piece = self._buffer[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def _raw(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def _members(self) -> Iterator[bytes]:
        """Unpacked blocks of a gzip file, member by member."""
        packed, taken, given = self._raw(_BLOCK), 0, 0
        while packed:
            unpacker = zlib.decompressobj(31)
            try:
                while not unpacker.eof:
                    if not packed:
                        self.damage.append("the compressed data end too soon")
                        yield _CUT
                        return
                    block = unpacker.decompress(packed, _BLOCK)
                    taken, given = taken + len(packed) - len(unpacker.unconsumed_tail), given + len(block)
                    if given > BEFORE_RATIO and given > MAX_RATIO * taken:
                        self.damage.append(f"unpacks to more than {MAX_RATIO} times its size; not read further")
                        yield _CUT
                        return
                    if block:
                        yield block
                    packed = unpacker.unconsumed_tail or (b"" if unpacker.eof else self._raw(_BLOCK))
                packed = self._next_member(unpacker.unused_data)
            except zlib.error:
                self.damage.append("the compressed data are damaged")
                yield _CUT
                packed = self._after_damage(packed[1:])

    def _next_member(self, packed: bytes) -> bytes:
        """Bytes from the next member on; zeros and a little else may lie between."""
        packed = (packed or self._raw(_BLOCK)).lstrip(b"\0")
        while not packed and (block := self._raw(_BLOCK)):
            packed = block.lstrip(b"\0")
        while packed and len(packed) < 3 and (block := self._raw(_BLOCK)):
            packed += block
        if packed and not packed.startswith(_MAGIC):
            self.damage.append("the compressed data are damaged")
            return self._after_damage(packed)
        return packed

    def _after_damage(self, packed: bytes) -> bytes:
        while (at := packed.find(_MAGIC)) < 0:
            block = self._raw(_BLOCK)
            if not block:
                return b""
            packed = packed[-2:] + block
        return packed[at:]


def _unreadable(path: Path, error: OSError) -> TextsError:
    return TextsError(path, f"cannot be read ({error.strerror})")
