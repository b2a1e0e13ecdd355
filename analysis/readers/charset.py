"""Bytes of a file → its text: unpacked, in the encoding that one rule finds, in lines that fit into memory."""

import codecs
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from analysis.readers.row import HALF_PAIR, BadRow

#: Most bytes or characters of a line. The longest articles have a twentieth.
MAX_LINE = 10_000_000
#: What reading packed data raises where they are damaged or end too soon.
DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"}
_BOMS |= {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # the first of these begins one of UTF-32
_MARKS = "‘’‚“”„–—…«»°€§·•©®™\u00a0\u00ad"
_WESTERN = "áéíóúüñçàâãêôõäöèìòùîûëïß¿¡ºª£" + _MARKS
_POLISH = "ąćęłńóśźż" + _MARKS
#: Encodings used for the languages that have rules → what is not ASCII in texts of them; ties go to the first.
_LEGACY = {"cp1252": _WESTERN, "cp1250": _POLISH, "iso8859-2": _POLISH}
#: Least share of such characters; a file in yet another encoding has fewer. More contradict an encoding declared.
_LEAST, _SURE = 0.7, 0.95
_SAMPLE = 100_000
_UNKNOWN = f"the text's encoding is none of UTF-8, UTF-16, {', '.join(_LEGACY)}. Save it as UTF-8"
_BEYOND = re.compile(r"[^\x00-\x7f]")
_CAPITALS = "".join(c.upper() for c in _WESTERN + _POLISH if c.isalpha() and len(c.upper()) == 1)
#: How letters of other encodings look: three such letters in a row, a capital after a small letter, within a word a
#: mark that is no apostrophe or dash, or a dash before its last consonant.
_UNLIKELY = re.compile(
    rf"[^\W\d_\x00-\x7f]{{3,}}|(?<=[a-z])[{_CAPITALS}]|(?<=[A-Za-z])[^\w\s\x00-\x7f’—…·\xad](?=[a-z])"
    r"|(?<=[a-z])—(?=[b-df-hj-np-xz]\b)"
)
#: Names of encodings that browsers read as another one, which holds more.
_READ_AS = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030"}


def open_bytes(path: Path) -> Any:
    """A file, unpacked where it ends in .gz."""
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")


def bounded_lines(file: Any) -> Iterator[Any]:
    """Each line of a file with its end; a BadRow is raised at one that is too long."""
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise BadRow(f"line of more than {MAX_LINE:,} characters; nothing was read from there on")
        yield line


def text_lines(path: Path) -> Iterator[str]:
    """Each line of a text with its end; a BadRow is raised where its encoding cannot be told."""
    with open_bytes(path) as file:
        encoding = find_encoding(iter(partial(file.readline, 1 << 20), b""))
    with open_bytes(path) as file:
        yield from bounded_lines(TextIOWrapper(file, encoding, _errors_for(encoding), newline=""))


def decode(raw: bytes, *declared: str | None) -> str:
    """Text of bytes, in the encoding that `find_encoding` finds; damaged bytes become half surrogate pairs."""
    encoding = find_encoding(raw.splitlines(keepends=True), *declared)
    return raw.decode(encoding, _errors_for(encoding))


def _errors_for(encoding: str) -> str:
    return "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def find_encoding(lines: Iterable[bytes], *declared: str | None) -> str:
    """Python's name of the encoding of bytes; `declared` are those that a server or the text itself names.

    A byte order mark decides; else it is UTF-8 where more is valid UTF-8 than is not, since text in other encodings
    hardly ever happens to be; else what was declared, unless it gives letters that nobody writes; else, of those that
    were used for the languages that have rules, the one whose letters fit. A BadRow where none does: a guess would put
    wrong letters into words, and nobody would see it.
    """
    words = b""
    with suppress(*DAMAGE):  # met again, and said, when the lines are read
        for number, line in enumerate(lines):
            if number == 0 and (marked := [name for bom, name in _BOMS.items() if line.startswith(bom)]):
                return marked[0]
            if number == 0 and line.count(0) > len(line) / 10:
                raise BadRow(_UNKNOWN)  # perhaps UTF-16 without a mark, perhaps no text
            words += b"" if line.isascii() else b" ".join(word for word in line.split() if not word.isascii()) + b" "
            if len(words) > _SAMPLE:
                break
    named = [codec for codec in map(_codec, declared) if codec]
    if not words:
        return named[0] if named else "utf-8"
    text = words.decode("utf-8", "surrogateescape")
    if 2 * len(HALF_PAIR.findall(text)) <= len(_BEYOND.findall(text)):
        return "utf-8"
    fits = {name: _fit(words, name) for name in (*_LEGACY, *named)}
    best = max(_LEGACY, key=fits.__getitem__)
    if possible := [name for name in named if name != "utf-8" and fits[name] >= 0]:
        likely = max(possible, key=fits.__getitem__)
        return best if fits[likely] < _SURE <= fits[best] else likely
    if fits[best] < _LEAST:
        raise BadRow(_UNKNOWN)
    return best


def _codec(name: str | None) -> str:
    """Python's name of an encoding of text, as browsers read it; empty where there is none."""
    try:
        found = codecs.lookup((name or "").strip()).name
        "".encode(found)  # refuses rot13, hex and others that are no encodings of text
    except (LookupError, ValueError):
        return ""
    # What can name its encoding in ASCII is not in UTF-16.
    return "" if found.startswith(("utf-16", "utf-32", "utf-7")) else _READ_AS.get(found, found)


def _fit(words: bytes, encoding: str) -> float:
    """Share of what is not ASCII that texts in an encoding's languages hold; negative where much is no text at all.

    Own code: charset-normalizer 3.5 takes Spanish in cp1252 for cp1250 and reads “mańana”.
    """
    text = words.decode(encoding, "replace")
    beyond, letters = _BEYOND.findall(text), _LEGACY.get(encoding, _WESTERN + _POLISH)
    if text.count("\ufffd") > len(beyond) / 10:
        return -1
    return sum(c.casefold() in letters for c in _BEYOND.findall(_UNLIKELY.sub("", text))) / max(1, len(beyond))
