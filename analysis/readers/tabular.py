"""Tables of texts: CSV, TSV, Parquet.

A row that cannot be split is set aside with the line it starts on and the reading goes on at the next line, so that a
quotation mark that is never closed costs one row and not the rest of the file.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.errors import TextsError
from analysis.readers.row import COLUMN_NAMES, MAX_TEXT, BadRow, Reading, Rows, complete, match_columns
from analysis.readers.stream import BEFORE_RATIO, BOMB, MAX_LINE, MAX_RATIO, Source

_Line = tuple[int, str | None]
#: Characters that may be read again after rows that could not be split, so that no file takes for ever.
_AGAIN = 100_000_000
#: Rows of Parquet read at a time, and most bytes of one group of rows, unpacked, as the file declares it.
_BATCH, _MAX_GROUP = 256, 8_000_000_000
_UNREADABLE = (OSError, ValueError, KeyError, IndexError, TypeError, OverflowError, MemoryError, pa.ArrowException)


def read_delimited(source: Source, reading: Reading) -> Rows:
    """Each row of CSV or TSV: the 1-based line it starts on and its cells."""
    for line, cells in read_cells(source, reading):
        yield line, cells if isinstance(cells, BadRow) else complete(cells)


def read_cells(
    source: Source, reading: Reading, *, files: bool = False
) -> Iterator[tuple[int, dict[str, object] | BadRow]]:
    """Each row of a table: its line, and its cells by what they hold; `files` as in `match_columns`."""
    # csv's limit for a field is the whole program's; the lines that are given to it are bounded.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))
    lines = enumerate(source.text_lines(), start=1)
    full = (text for _, text in lines if text is None or text.strip())
    header = next(full, "")
    declared = re.fullmatch(r"sep=(.)\s*", header or "", re.IGNORECASE)  # Excel's first line, at times
    header = next(full, "") if declared else header
    if header is None:
        raise TextsError(source.path, f"its first line has more than {MAX_LINE:,} characters, so is no line of columns")
    if not header:
        raise TextsError(source.path, "holds nothing")
    delimiter = declared[1] if declared else _delimiter(header, reading.columns)
    names = next(csv.reader([header], delimiter=delimiter))
    positions = match_columns(source.path, [name.strip() for name in names], reading, files=files)
    sample = list(islice(lines, 200 if delimiter == "\t" else 0))
    quoted = _is_quoted([text for _, text in sample if text and '"' in text], len(names))
    for number, cells in _records(chain(sample, lines), delimiter, quoted):
        if isinstance(cells, BadRow):
            yield number, cells
        elif len(cells) != len(names):
            yield number, BadRow(f"has {len(cells)} fields where the first line has {len(names)}")
        elif any("\0" in cell for cell in cells):
            yield number, BadRow("holds a NUL character")
        else:
            yield number, {meaning: cells[position] for meaning, position in positions.items()}


def _delimiter(line: str, given: Mapping[str, str]) -> str:
    """The delimiter that finds most names of columns in the first line, and most columns."""
    known = {name.casefold() for names in (*COLUMN_NAMES.values(), given.values()) for name in names}
    columns = {sign: [name.strip().strip('"').casefold() for name in line.split(sign)] for sign in ",;\t|"}
    return max(columns, key=lambda sign: (sum(name in known for name in columns[sign]), len(columns[sign])))


def _reader(lines: Iterable[str], delimiter: str, quoted: bool) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)


def _is_quoted(lines: Sequence[str], width: int) -> bool:
    """True where fields are put in quotation marks: many programs write tab-separated ones as they are."""

    def fit(line: str, quoted: bool) -> bool:
        try:
            return [width] == [len(cells) for cells in _reader([line], "\t", quoted)]
        except csv.Error:
            return False

    return not all(fit(line, False) for line in lines) or all(fit(line, True) for line in lines)


def _records(lines: Iterator[_Line], delimiter: str, quoted: bool) -> Iterator[tuple[int, list[str] | BadRow]]:
    """Each row that is not blank, with the line it starts on; after one that cannot be split, from its second line."""
    waiting, again = deque[_Line](), _AGAIN
    used: list[_Line] = []

    def row_lines() -> Iterator[str]:
        size = 0  # csv.reader takes as many lines as a row needs; it gets no more than a row may have
        while size <= MAX_LINE and (line := waiting.popleft() if waiting else next(lines, None)):
            used.append(line)
            if line[1] is None:
                return
            size += len(line[1])
            yield line[1]

    while True:
        used.clear()
        cells, reason = list[str](), ""
        try:
            cells = next(_reader(row_lines(), delimiter, quoted), cells)
        except csv.Error as error:
            reason = str(error)
        if not used:
            return
        start, last = used[0], used[-1]
        if start[1] is None:
            yield start[0], BadRow(f"line of more than {MAX_LINE:,} characters")
        elif reason or last[1] is None:
            if not reason or "unexpected end" in reason:
                reason = "a quotation mark is never closed"
            again -= sum(len(text or "") for _, text in used[1:])
            if again > 0:
                waiting.extendleft(reversed(used[1:]))
            lost = "" if again > 0 else f"; nothing was read up to line {last[0]}"
            yield start[0], BadRow(f"broken CSV ({reason}){lost}")
        elif any(cell.strip() for cell in cells):
            yield start[0], cells


def read_parquet(source: Source, reading: Reading) -> Rows:
    """Each row of Parquet: its 1-based number and its cells.

    Texts stay encoded until each is looked at: a dictionary of a few long ones, repeated a million times, fits.
    """
    path = source.path
    try:
        metadata = pq.read_metadata(path)
        names = list(metadata.schema.to_arrow_schema().names)
        groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    except (OSError, ValueError, pa.ArrowException) as error:  # ArrowInvalid is a ValueError
        raise TextsError(path, f"cannot be read as Parquet ({type(error).__name__})") from error
    columns = {meaning: names[at] for meaning, at in match_columns(path, names, reading).items()}
    left = max(BEFORE_RATIO, MAX_RATIO * path.stat().st_size)
    last = 0
    for group, described in enumerate(groups):
        number, last = last, last + described.num_rows
        try:
            # Of the group and not of its columns: Arrow 26 ends the process where a column's statistics are damaged.
            if described.total_byte_size > _MAX_GROUP:
                raise ValueError("too many bytes in a group of rows")
            for cells in _cells(path, group, columns):
                number += 1
                left -= sum(map(_size, cells.values()))
                if left < 0:
                    yield number, BadRow(BOMB)
                    return
                yield number, partial(_decoded, cells)
        except _UNREADABLE as error:
            if number < last:
                yield number + 1, BadRow(f"rows {number + 1} to {last} cannot be read ({type(error).__name__})")


def _cells(path: Path, group: int, columns: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Cells of each row of one group as Arrow has them, by what they hold."""
    # A small buffer in place of a whole group's bytes; this thread alone, as annotate starts processes.
    wanted = list(dict.fromkeys(columns.values()))
    file = pq.ParquetFile(path, read_dictionary=wanted, buffer_size=1 << 20, pre_buffer=False)
    for batch in file.iter_batches(_BATCH, row_groups=[group], columns=wanted, use_threads=False):
        values = {meaning: batch.column(name) for meaning, name in columns.items()}
        for at in range(batch.num_rows):
            cells = {meaning: value[at] for meaning, value in values.items()}
            yield {k: v.value if isinstance(v, pa.DictionaryScalar) else v for k, v in cells.items()}


def _size(cell: Any) -> int:
    return cell.as_buffer().size if hasattr(cell, "as_buffer") and cell.is_valid else 0


def _decoded(cells: Mapping[str, Any]) -> Mapping[str, object]:
    if any(_size(cell) > 4 * MAX_TEXT for cell in cells.values()):
        raise BadRow(f"a cell of more than {MAX_TEXT:,} characters")
    try:
        return complete({meaning: _value(cell) for meaning, cell in cells.items()})
    except (ValueError, OverflowError, pa.ArrowException) as error:
        raise BadRow(f"a cell cannot be read ({type(error).__name__})") from error


def _value(cell: Any) -> object:
    if pa.types.is_binary(cell.type) or pa.types.is_large_binary(cell.type):
        raise ValueError("bytes, no text")
    value = cell.as_py()
    # A date may be a datetime, too; pandas has one of its own for nanoseconds.
    return str(value) if isinstance(value, int | date) and not isinstance(value, bool) else value
