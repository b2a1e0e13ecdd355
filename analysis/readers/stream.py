"""Bytes of a file, unpacked where it is gzipped, and its lines: all bounded, so that no input can fill the memory."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from analysis.errors import TextsError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Most bytes of a line or record. The longest articles have a twentieth.
MAX_LINE = 10_000_000
#: A gzip file that unpacks to more than this many times its size, and to more than so many bytes, is no text.
MAX_RATIO, BEFORE_RATIO = 200, 20_000_000
_BLOCK = 65_536
#: Put where packed data break off: no row with a NUL is taken, so none whose end was lost passes for a whole one.
_CUT = b"\0\0\n"
_MAGIC = b"\x1f\x8b\x08"
_Line = TypeVar("_Line", str, bytes)


class Source(io.BufferedReader):
    """A file opened for reading its bytes, unpacked.

    A damaged gzip file is read on from its next whole member, as each record of a .warc.gz is one.

    Attributes
    ----------
    damage : list of str, what was lost of a gzip file, taken away by who reports it
    """

    def __init__(self, path: Path) -> None:
        raw = _Unpacked(path)
        self.damage = raw.damage
        super().__init__(raw, _BLOCK)

    def lines(self) -> Iterator[bytes | None]:
        """Each line with its end; None in place of one of more than `MAX_LINE` bytes."""
        return _lines(self.readline, (b"\n",))

    def text_lines(self, encoding: str, errors: str) -> Iterator[str | None]:
        """Each line of a text with its end; None in place of one of more than `MAX_LINE` characters."""
        text = io.TextIOWrapper(self, encoding, errors, newline="")
        return _lines(text.readline, ("\n", "\r"))


def _lines(readline: Callable[[int], _Line], ends: tuple[_Line, ...]) -> Iterator[_Line | None]:
    while line := readline(MAX_LINE + 1):
        if len(line) <= MAX_LINE:
            yield line
            continue
        while line and not line.endswith(ends):
            line = readline(_BLOCK)
        yield None


class _Unpacked(io.RawIOBase):
    """Bytes of a file, block by block."""

    def __init__(self, path: Path) -> None:
        self.damage = list[str]()
        self._path, self._rest = path, b""
        try:
            self._file = path.open("rb")
            packed = path.suffix.lower() == ".gz" and self._file.read(3) == _MAGIC
            self._file.seek(0)
        except OSError as error:
            raise _unreadable(path, error) from error
        self._blocks = self._members() if packed else iter(self._read, b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        self._rest = self._rest or next(self._blocks, b"")
        size = min(len(view), len(self._rest))
        view[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _read(self) -> bytes:
        try:
            return self._file.read(_BLOCK)
        except OSError as error:
            raise _unreadable(self._path, error) from error

    def _members(self) -> Iterator[bytes]:
        """Unpacked blocks of a gzip file, member by member."""
        packed, taken, given = self._read(), 0, 0
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
                    packed = unpacker.unconsumed_tail or (b"" if unpacker.eof else self._read())
                packed = self._next_member(unpacker.unused_data)
            except zlib.error:
                self.damage.append("the compressed data are damaged")
                yield _CUT
                packed = self._after_damage(packed[1:])

    def _next_member(self, packed: bytes) -> bytes:
        """Bytes from the next member on; zeros may lie between, anything else is damage."""
        while len(packed := packed.lstrip(b"\0")) < len(_MAGIC) and (block := self._read()):
            packed += block
        if packed and not packed.startswith(_MAGIC):
            self.damage.append("the compressed data are damaged")
            return self._after_damage(packed)
        return packed

    def _after_damage(self, packed: bytes) -> bytes:
        while (at := packed.find(_MAGIC)) < 0 and (block := self._read()):
            packed = packed[-2:] + block
        return packed[at:] if at >= 0 else b""


def _unreadable(path: Path, error: OSError) -> TextsError:
    return TextsError(path, f"cannot be read ({error.strerror})")
