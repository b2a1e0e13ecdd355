"""The encoding of bytes, and their text: one rule for every format."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

from analysis.readers.row import BadRow

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"}
_BOMS |= {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # the first of these begins one of UTF-32
_MARKS = "‘’‚“”„–—…«»°€§·•©®™\u00a0\u00ad"
_WESTERN = "áéíóúüñçàâãêôõäöèìòùîûëïß¿¡ºª£" + _MARKS
_POLISH = "ąćęłńóśźż" + _MARKS
#: Encodings used for the languages that have rules → what is not ASCII in texts of them; ties go to the first.
_LEGACY = {"cp1252": _WESTERN, "cp1250": _POLISH, "iso8859-2": _POLISH}
#: Those that are recognized and not read: a short text in them looks like one in the former.
_REFUSED = {"mac-roman": _WESTERN, "cp850": _WESTERN, "cp852": _POLISH}
_LETTERS = _LEGACY | _REFUSED
#: Least share of such characters; a file in yet another encoding has fewer. More contradict an encoding declared.
_LEAST, _SURE = 0.7, 0.95
_SAMPLE = 100_000
_BEYOND = re.compile(r"[^\x00-\x7f]")
_HIGH = re.compile(rb"[\x00-\x7f]{0,16}[\x80-\xff]{1,100}[\x00-\x7f]{0,16}")
_CAPITALS = "".join(c.upper() for c in _WESTERN + _POLISH if c.isalpha() and len(c.upper()) == 1)
#: Three such letters in a row are no word of these languages (so Cyrillic looks), and within a word stand no capitals
#: and no marks but apostrophes and dashes (so letters of other encodings look).
_UNLIKELY = re.compile(
    rf"[^\W\d_\x00-\x7f]{{3,}}|(?<=[a-z])(?:[^\w\s\x00-\x7f’—…·\xad]|[{_CAPITALS}])(?=[a-z])"
    r"|(?<=[a-z])—(?=[b-df-hj-np-xz]\b)"
)
#: Names of encodings that browsers read as another one, which holds more.
_READ_AS = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030"}


def decode(raw: bytes, *declared: str | None) -> str:
    """Text of bytes, in the encoding that `find_encoding` finds; damaged bytes become half surrogate pairs."""
    encoding = find_encoding([raw], *declared)
    return raw.decode(encoding, errors_for(encoding))


def errors_for(encoding: str) -> str:
    """Half surrogate pairs for bytes that do not fit an encoding; no row may hold one."""
    return "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def find_encoding(blocks: Iterable[bytes], *declared: str | None) -> str:
    """Python's name of the encoding of bytes; `declared` are those that a server or the text itself names.

    A byte order mark decides; else zeros in every other byte (UTF-16); else it is UTF-8 where more is valid UTF-8 than
    is not, since text in other encodings hardly ever happens to be; else what was declared, unless it gives letters
    that nobody writes; else, of those that were used for the languages that have rules, the one whose letters fit.
    A BadRow where none does: a guess would put wrong letters into words, and nobody would see it.
    """
    blocks = iter(blocks)
    first = next(blocks, b"")
    marked = [name for bom, name in _BOMS.items() if first.startswith(bom)]
    if wide := marked[0] if marked else _utf16(first[:4096]):
        return wide
    valid, invalid, sample = _survey(chain([first], blocks))
    named = [codec for codec in map(_codec, declared) if codec]
    if not valid and not invalid:
        return named[0] if named else "utf-8"
    if invalid <= valid:
        return "utf-8"
    fits = {name: _fit(sample, name) for name in (*_LETTERS, *named)}
    best = max(_LEGACY, key=fits.__getitem__)
    if possible := [name for name in named if name != "utf-8" and fits[name] >= 0]:
        likely = max(possible, key=fits.__getitem__)
        return best if fits[likely] < _SURE <= fits[best] else likely
    likely = max(_LETTERS, key=fits.__getitem__)
    if fits[likely] < _LEAST or likely in _REFUSED:
        perhaps = f" (perhaps {likely})" if fits[likely] >= _LEAST else ""
        raise BadRow(f"the text's encoding is none of UTF-8, UTF-16, {', '.join(_LEGACY)}{perhaps}. Save it as UTF-8")
    return likely


def _codec(name: str | None) -> str:
    """Python's name of an encoding of text, as browsers read it; empty where there is none."""
    try:
        found = codecs.lookup((name or "").strip()).name
        b"".decode(found)  # refuses rot13, hex and others that are no encodings of text
        "".encode(found)
    except (LookupError, ValueError, TypeError):
        return ""
    # What can name its encoding in ASCII is not in UTF-16.
    return "" if found.startswith(("utf-16", "utf-32", "utf-7")) else _READ_AS.get(found, found)


def _utf16(first: bytes) -> str:
    """UTF-16 without a mark: Latin letters have a zero in every other byte."""
    even, odd, half = first[::2].count(0), first[1::2].count(0), len(first) // 2
    if max(even, odd) > 0.4 * half and min(even, odd) < 0.05 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    return ""


def _survey(blocks: Iterable[bytes]) -> tuple[int, int, bytes]:
    """Characters beyond ASCII that are valid UTF-8, bytes that are not, and a sample of what lies around them."""
    valid, invalid, sample = 0, 0, bytearray()
    decoder: Any = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for block in blocks:
        if block.isascii() and not decoder.getstate()[0]:
            continue
        text = decoder.decode(block)
        damaged = len(text) - len(text.encode("utf-32-le", "ignore")) // 4
        valid += len(text) - len(text.encode("ascii", "ignore")) - damaged
        invalid += damaged
        for high in _HIGH.finditer(block) if len(sample) < _SAMPLE else ():
            sample += high[0]
            if len(sample) > _SAMPLE:
                break
    return valid, invalid + len(decoder.decode(b"", final=True)), bytes(sample)


def _fit(sample: bytes, encoding: str) -> float:
    """Share of what is not ASCII that texts in an encoding's languages hold; negative where much is no text at all.

    Own code: charset-normalizer 3.5 takes Spanish in cp1252 for cp1250 and reads “mańana”.
    """
    letters = _LETTERS.get(encoding, _WESTERN + _POLISH)
    text = sample.decode(encoding, "replace")
    beyond = _BEYOND.findall(text)
    if text.count("\ufffd") > max(1, len(beyond)) / 10:
        return -1
    return sum(c.casefold() in letters for c in _BEYOND.findall(_UNLIKELY.sub("", text))) / max(1, len(beyond))
