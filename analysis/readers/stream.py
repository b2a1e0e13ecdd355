"""Bytes of a file, unpacked where it is gzipped, and its lines: all bounded, so that no input can fill the memory."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

from analysis.errors import TextsError
from analysis.readers.charset import errors_for, find_encoding
from analysis.readers.row import BadRow

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Most bytes of a line or record. The longest articles have a twentieth.
MAX_LINE = 10_000_000
#: A gzip file that unpacks to more than this many times its size, and to more than so many bytes, is no text.
MAX_RATIO, BEFORE_RATIO = 200, 20_000_000
BOMB = f"unpacks to more than {MAX_RATIO} times its size; not read further"
_BLOCK = 65_536
#: Put where packed data break off: no row with a NUL is taken, so none whose end was lost passes for a whole one.
_CUT = b"\0\0\n"
_MAGIC = b"\x1f\x8b\x08"
_Line = TypeVar("_Line", str, bytes)


class Source(io.BufferedReader):
    """A file, opened and unpacked once bytes are read; `damage` receives what of a gzip file was lost."""

    def __init__(self, path: Path) -> None:
        self.path, self.damage = path, list[str]()
        super().__init__(_Blocks(_read(path, self.damage)), _BLOCK)

    def lines(self) -> Iterator[bytes | None]:
        """Each line with its end; None in place of one of more than `MAX_LINE` bytes."""
        return _lines(self.readline, (b"\n",))

    def text_lines(self) -> Iterator[str | None]:
        """Each line of a text with its end; None in place of one of more than `MAX_LINE` characters.

        The file is read through for its encoding first; a TextsError where that cannot be told.
        """
        try:
            with Source(self.path) as first:
                encoding = find_encoding(iter(partial(first.read, 1 << 20), b""))
        except BadRow as bad:
            raise TextsError(self.path, bad.reason) from bad
        return _lines(io.TextIOWrapper(self, encoding, errors_for(encoding), newline="").readline, ("\n", "\r"))


class _Blocks(io.RawIOBase):
    """A stream of the bytes in blocks."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        self._rest = self._rest or next(self._blocks, b"")
        size = min(len(view), len(self._rest))
        view[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _lines(readline: Callable[[int], _Line], ends: tuple[_Line, ...]) -> Iterator[_Line | None]:
    while line := readline(MAX_LINE + 1):
        if len(line) <= MAX_LINE:
            yield line
            continue
        while line and not line.endswith(ends):
            line = readline(_BLOCK)
        yield None


def _read(path: Path, damage: list[str]) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            is_packed = path.suffix.lower() == ".gz" and file.read(3) == _MAGIC
            file.seek(0)
            yield from _unpack(file, damage) if is_packed else iter(partial(file.read, _BLOCK), b"")
    except OSError as error:
        raise TextsError(path, f"cannot be read ({error.strerror})") from error


def _unpack(file: IO[bytes], damage: list[str]) -> Iterator[bytes]:
    """Blocks of a gzip file, member by member; after damage it goes on at the next whole one, as a .warc.gz can."""
    packed, taken, given, unpacker = file.read(_BLOCK), 0, 0, zlib.decompressobj(31)
    while packed:
        try:
            block = unpacker.decompress(packed, _BLOCK)
        except zlib.error:
            damage.append("the compressed data are damaged")
            yield _CUT
            packed, unpacker = _skip_to_member(file, packed[1:]), zlib.decompressobj(31)
            continue
        taken, given = taken + len(packed) - len(unpacker.unconsumed_tail), given + len(block)
        if given > BEFORE_RATIO and given > MAX_RATIO * taken:
            damage.append(BOMB)
            yield _CUT
            return
        if block:
            yield block
        if unpacker.eof:
            packed = unpacker.unused_data.lstrip(b"\0")  # zeros may lie between members
            while len(packed) < len(_MAGIC) and (more := file.read(_BLOCK)):
                packed = (packed + more).lstrip(b"\0")
            unpacker = zlib.decompressobj(31)
        elif not (packed := unpacker.unconsumed_tail or file.read(_BLOCK)):
            damage.append("the compressed data end too soon")
            yield _CUT


def _skip_to_member(file: IO[bytes], packed: bytes) -> bytes:
    """Bytes from the next beginning of a member on."""
    while (at := packed.find(_MAGIC)) < 0 and (block := file.read(_BLOCK)):
        packed = packed[-2:] + block
    return packed[at:] if at >= 0 else b""
