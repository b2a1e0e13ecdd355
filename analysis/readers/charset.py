"""The encoding of a file of text, found from its bytes, and its lines."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis.errors import TextsError
from analysis.readers.stream import MAX_LINE, Source

_MARKS = "‘’‚“”„–—…«»°€§·•\u00a0"
#: The encodings that Windows used for the languages that have rules → what is not ASCII in texts of them.
_LEGACY = {
    "cp1252": "áéíóúüñçàâãêôõäöèìòùîûëïß¿¡ºª£" + _MARKS,
    "cp1250": "ąćęłńóśźż" + _MARKS,
}
#: Least share of such characters; a file in yet another encoding has fewer.
_LEAST = 0.7
_RUN = re.compile(r"[^\W\d_\x00-\x7f]{3,}")
_BLOCK, _SAMPLE = 1 << 20, 100_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(path: Path) -> str:
    """Python's name of a file's encoding.

    A byte order mark tells it; else zeros in every other byte (UTF-16); else it is UTF-8 where more is valid UTF-8 than
    is not, since single damaged bytes do not make it another encoding; else one of the encodings that Windows used, by
    the letters it gives. The file is read through, not loaded.

    Raises
    ------
    TextsError
        Where it is in another encoding: a guess would put wrong letters into words, and nobody would see it.
    """
    with Source(path) as source:
        first = source.read(_BLOCK)
        for bom, name in _BOMS:
            if first.startswith(bom):
                return name
        if (wide := _utf16(first)) is not None:
            return wide
        sample, valid, invalid = b"", 0, 0
        decoder: Any = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        block = first
        while block:
            if not block.isascii():
                text = decoder.decode(block)
                escaped = sum(map(text.count, _ESCAPED)) if not _is_utf8(text) else 0
                invalid += escaped
                valid += sum(not character.isascii() for character in text) - escaped
                sample += _around(block)[: max(0, _SAMPLE - len(sample))]
            elif decoder.getstate()[0]:
                invalid += len(decoder.decode(block[:1]))
            block = source.read(_BLOCK)
    return "utf-8" if invalid <= valid else _legacy(path, sample)


_ESCAPED = [chr(0xDC80 + byte) for byte in range(128)]


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _utf16(first: bytes) -> str | None:
    """UTF-16 without a mark: Latin letters have a zero in every other byte."""
    even, odd = first[:4096:2].count(0), first[1:4096:2].count(0)
    half = len(first[:4096]) // 2
    if half and max(even, odd) > 0.4 * half and min(even, odd) < 0.05 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


def _around(block: bytes) -> bytes:
    """The lines of a block that hold more than ASCII: they tell encodings apart."""
    return b"".join(line for line in block.splitlines(keepends=True) if not line.isascii())


def _legacy(path: Path, sample: bytes) -> str:
    """The encoding under which most of what is not ASCII is what its languages write; ties go to cp1252.

    Own code: charset-normalizer 3.5 takes Spanish in cp1252 for cp1250 and reads “mańana”.
    """
    fits = {}
    for encoding, letters in _LEGACY.items():
        text = sample.decode(encoding, "replace")
        strange = [c for c in text if not c.isascii()]
        # Three such letters in a row are no word of these languages: so Cyrillic looks.
        fitting = sum(c.casefold() in letters for c in _RUN.sub("", text) if not c.isascii())
        fits[encoding] = fitting / max(1, len(strange))
    best = max(fits, key=lambda encoding: fits[encoding])
    if fits[best] < _LEAST:
        known = ", ".join(("UTF-8", "UTF-16", *_LEGACY))
        raise TextsError(path, f"its encoding is none of {known}. Save it as UTF-8")
    return best


class Lines:
    """Lines of a file of text: 1-based number and text, with its end; a context.

    Bytes that do not fit the encoding become half surrogate pairs, which `parse_row` refuses by column.
    None stands for a line that is too long.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self.source, self._cut = Source(path), False
        errors = "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
        errors = "replace" if encoding.startswith("utf-32") else errors
        self._text = io.TextIOWrapper(_Raw(self.source), encoding, errors, newline="")  # type: ignore[type-var]

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self.source.__exit__()

    def __iter__(self) -> Iterator[tuple[int, str | None]]:
        number = 0
        while line := self._line(MAX_LINE + 1):
            number += 1
            if len(line) <= MAX_LINE:
                yield number, line
                continue
            while line and not line.endswith(("\n", "\r")):
                line = self._line(_BLOCK)
            yield number, None

    def _line(self, most: int) -> str:
        try:
            return "" if self._cut else self._text.readline(most)
        except UnicodeDecodeError:  # UTF-16 that ends within a character
            self._cut = True
            return "\udc80"


class _Raw(io.BufferedIOBase):
    """What TextIOWrapper reads from."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        return self._source.read(size if size > 0 else _BLOCK)

    def read(self, size: int | None = -1, /) -> bytes:
        return self.read1(size or -1)
