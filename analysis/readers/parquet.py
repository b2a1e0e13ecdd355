"""Parquet: a row per article, read in batches. Texts stay encoded until each is looked at, so that a dictionary of a
few long texts, repeated a million times, does not fill the memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.errors import TextsError
from analysis.readers import columns
from analysis.readers.row import MAX_TEXT, BadRow, Reading
from analysis.readers.stream import BEFORE_RATIO, MAX_RATIO

_BATCH = 256
#: Most bytes of one group of rows, unpacked, as the file declares it.
_MAX_GROUP = 8_000_000_000


def rows(path: Path, reading: Reading) -> Iterator[tuple[int, Mapping[str, object] | BadRow]]:
    """Yield each row: its 1-based number and its cells as `parse_row` wants them, or what is wrong with it."""
    try:
        metadata = pq.read_metadata(path)
        names = list(metadata.schema.to_arrow_schema().names)
        groups = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    except (OSError, ValueError, pa.ArrowException) as error:  # ArrowInvalid is a ValueError
        raise TextsError(path, f"cannot be read as Parquet ({type(error).__name__})") from error
    places = columns.match(path, names, reading.columns)
    left = max(BEFORE_RATIO, MAX_RATIO * path.stat().st_size)
    before = 0
    for group, size in enumerate(groups):
        for number, cells in _group(path, metadata, group, before, {k: names[at] for k, at in places.items()}):
            left -= 0 if isinstance(cells, BadRow) else sum(map(_bytes, cells.values()))
            if left < 0:
                yield number, BadRow(f"unpacks to more than {MAX_RATIO} times its size; not read further")
                return
            yield number, cells if isinstance(cells, BadRow) else _record(cells)
        before += size


def _group(
    path: Path, metadata: Any, group: int, before: int, names: Mapping[str, str]
) -> Iterator[tuple[int, dict[str, Any] | BadRow]]:
    """Rows of one group, their cells as Arrow has them."""
    number, last = before, before + metadata.row_group(group).num_rows
    try:
        # Of the group and not of its columns: Arrow 26 ends the process where a column's statistics are damaged.
        if metadata.row_group(group).total_byte_size > _MAX_GROUP:
            raise ValueError("too many bytes in a group of rows")
        # A small buffer in place of a whole group's bytes; this thread alone, as annotate starts processes.
        file = pq.ParquetFile(path, read_dictionary=list(names.values()), buffer_size=1 << 20, pre_buffer=False)
        chosen = list(dict.fromkeys(names.values()))
        for batch in file.iter_batches(_BATCH, row_groups=[group], columns=chosen, use_threads=False):
            values = {meaning: batch.column(batch.schema.get_field_index(name)) for meaning, name in names.items()}
            for at in range(batch.num_rows):
                number += 1
                yield number, {meaning: _plain(value[at]) for meaning, value in values.items()}
    except (OSError, ValueError, KeyError, IndexError, TypeError, MemoryError, pa.ArrowException) as error:
        if number < last:
            yield number + 1, BadRow(f"rows {number + 1} to {last} cannot be read ({type(error).__name__})")


def _plain(cell: Any) -> Any:
    return cell.value if isinstance(cell, pa.DictionaryScalar) else cell


def _bytes(cell: Any) -> int:
    return cell.as_buffer().size if hasattr(cell, "as_buffer") and cell.is_valid else 0


def _record(cells: Mapping[str, Any]) -> Mapping[str, object] | BadRow:
    try:
        found = {meaning: _value(cell) for meaning, cell in cells.items()}
    except _TooLong:
        return BadRow(f"a cell of more than {MAX_TEXT:,} characters")
    except (ValueError, OverflowError, pa.ArrowException) as error:
        return BadRow(f"a cell cannot be read ({type(error).__name__})")
    return columns.record(found)


class _TooLong(Exception):
    pass


def _value(cell: Any) -> object:
    if not cell.is_valid:
        return None
    if pa.types.is_binary(cell.type) or pa.types.is_large_binary(cell.type):
        raise ValueError("bytes, no text")
    if hasattr(cell, "as_buffer"):
        if _bytes(cell) > 4 * MAX_TEXT:
            raise _TooLong
        return cell.as_py()
    value = cell.as_py()
    if isinstance(value, date):  # a datetime, too; pandas has one of its own for nanoseconds
        return value.isoformat() if isinstance(value, datetime) else str(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
