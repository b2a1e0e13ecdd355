"""CSV and TSV: a first line of column names, then a row per article. Encoding and delimiter are found.

A row that cannot be split is set aside with the line it starts on and the reading goes on at the next line, so that a
quotation mark that is never closed costs one row and not the rest of the file.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from analysis.errors import TextsError
from analysis.readers import columns
from analysis.readers.charset import Lines, encoding_of
from analysis.readers.row import BadRow, Reading
from analysis.readers.stream import MAX_LINE

_DELIMITERS = (",", ";", "\t", "|")
#: Characters that may be read again after rows that could not be split, so that no file takes for ever.
_AGAIN = 100_000_000

_Line = tuple[int, str | None]


def rows(path: Path, reading: Reading) -> Iterator[tuple[int, Mapping[str, object] | BadRow]]:
    """Yield each row: the 1-based line it starts on and its cells as `parse_row` wants them, or what is wrong."""
    for line, found in table(path, reading.columns):
        yield line, found if isinstance(found, BadRow) else columns.record(found)


def table(
    path: Path, given: Mapping[str, str], *, beside: bool = False
) -> Iterator[tuple[int, dict[str, object] | BadRow]]:
    """Yield each row of a table: its line, and its cells by what they hold; `beside` as in `columns.match`.

    Raises
    ------
    TextsError
        Where the first line does not hold the names of the columns that are needed.
    """
    # csv's limit for a field is the whole program's; the lines that are given to it are bounded.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
    with Lines(path, encoding_of(path)) as lines:
        every = iter(lines)
        first = next((line for line in every if line[1] is None or line[1].strip()), None)
        if first is None:
            raise TextsError(path, "holds nothing")
        if first[1] is None:
            raise TextsError(path, f"its first line has more than {MAX_LINE:,} characters, so is no line of columns")
        split = _Split(_delimiter(first[1], given))
        header = next((cells for _, cells in split.records(iter([first])) if isinstance(cells, list)), [])
        places = columns.match(path, [name.strip() for name in header], given, beside=beside)
        if split.delimiter == "\t":
            every = split.settle(every, len(header))
        number = first[0]
        for number, cells in split.records(every):
            if lines.source.damage:
                yield number, BadRow(lines.source.damage.pop())
            yield number, _row(cells, places, len(header))
        for reason in lines.source.damage:
            yield number + 1, BadRow(reason)


def _row(cells: list[str] | BadRow, places: Mapping[str, int], width: int) -> dict[str, object] | BadRow:
    if isinstance(cells, BadRow):
        return cells
    if len(cells) != width:
        return BadRow(f"has {len(cells)} fields where the first line has {width}")
    if any("\0" in cell for cell in cells):
        return BadRow("holds a NUL character")
    return {meaning: cells[position] for meaning, position in places.items()}


def _delimiter(line: str, given: Mapping[str, str]) -> str:
    """The delimiter that finds most names of columns in the first line, and most columns."""
    known = {name for names in columns.NAMES.values() for name in names} | {name.casefold() for name in given.values()}

    def found(delimiter: str) -> tuple[int, int]:
        names = [name.strip().strip('"').casefold() for name in line.split(delimiter)]
        return sum(name in known for name in names), len(names)

    return max(_DELIMITERS, key=found)


@dataclass
class _Split:
    """Lines → cells."""

    delimiter: str
    quoted: bool = True
    again: int = _AGAIN
    waiting: deque[_Line] = field(default_factory=deque)

    def settle(self, lines: Iterator[_Line], width: int) -> Iterator[_Line]:
        """Find out whether tab-separated fields are put in quotation marks: many programs write them as they are."""
        sample = [line for _, line in zip(range(200), lines, strict=False)]
        texts = [text for _, text in sample if text is not None and '"' in text]
        self.quoted = not texts or any(not _fits(text, width, quoted=False) for text in texts)
        if not self.quoted and all(_fits(text, width, quoted=True) for text in texts):
            self.quoted = True
        return chain(sample, lines)

    def records(self, lines: Iterator[_Line]) -> Iterator[tuple[int, list[str] | BadRow]]:
        """Yield each row that is not blank with the line it starts on."""
        while True:
            used: list[_Line] = []
            try:
                cells = next(self._cells(self._pull(lines, used)))
            except StopIteration:
                if not used:
                    return
                yield used[0][0], BadRow(f"line of more than {MAX_LINE:,} characters")
                continue
            except csv.Error as error:
                yield used[0][0], self._broken(used, error)
                continue
            if used[-1][1] is None:
                yield used[0][0], self._broken(used, None)
            elif any(cell.strip() for cell in cells):
                yield used[0][0], cells

    def _cells(self, texts: Iterator[str]) -> Iterator[list[str]]:
        return _reader(texts, self.delimiter, self.quoted)

    def _pull(self, lines: Iterator[_Line], used: list[_Line]) -> Iterator[str]:
        """Lines of one row for csv.reader, which takes as many as it needs; no more than a row may have."""
        size = 0
        while size <= MAX_LINE:
            line = self.waiting.popleft() if self.waiting else next(lines, None)
            if line is None:
                return
            used.append(line)
            if line[1] is None:
                return
            size += len(line[1])
            yield line[1]

    def _broken(self, used: list[_Line], error: csv.Error | None) -> BadRow:
        """What is wrong with a row; the lines after its first are read again."""
        open_end = error is None or "unexpected end" in str(error)
        reason = "a quotation mark is never closed" if open_end else str(error)
        rest = used[1:]
        self.again -= sum(len(text or "") for _, text in rest)
        if self.again < 0 and rest:
            return BadRow(f"broken CSV ({reason}); nothing was read up to line {rest[-1][0]}")
        self.waiting.extendleft(reversed(rest))
        return BadRow(f"broken CSV ({reason})")


def _reader(texts: Iterable[str], delimiter: str, quoted: bool) -> Iterator[list[str]]:
    if quoted:
        return csv.reader(texts, delimiter=delimiter, strict=True)
    return csv.reader(texts, delimiter=delimiter, strict=True, quoting=csv.QUOTE_NONE)


def _fits(text: str, width: int, *, quoted: bool) -> bool:
    try:
        return [width] == [len(cells) for cells in _reader([text], "\t", quoted)]
    except csv.Error:
        return False
