"""Files of texts → TEXTS, in chunks. A module per format; now JSON Lines.

A row that cannot be read is set aside with its place and the reason, never with its text; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import tables
from analysis.errors import TextsError
from analysis.readers import clean, jsonl
from analysis.readers.row import BadRow, Row, parse_row
from analysis.readers.seen import Seen

#: More lines than a file has.
_LINES = 10**12
#: Ending of a file → how its rows are read: (line, the row or what is wrong with it).
FORMATS: dict[str, Callable[[Path], Iterator[tuple[int, Mapping[str, object] | BadRow]]]] = {
    ".jsonl": jsonl.rows,
    ".ndjson": jsonl.rows,
}


@dataclass(frozen=True)
class Rejected:
    """A row set aside: the file, its 1-based line, and why."""

    path: Path
    line: int
    reason: str


def read_texts(
    paths: str | Path | Iterable[str | Path],
    *,
    rejected: list[Rejected] | None = None,
    refuse: Callable[[Row], str | None] | None = None,
    rows: int = 1000,
) -> Iterator[pd.DataFrame]:
    """Read files of texts, clean them, and hand them on in chunks.

    Parameters
    ----------
    paths : a path or several, JSON Lines (.jsonl), UTF-8, an object per line with article (a unique id), outlet,
        language, published (ISO 8601; a date alone is midnight UTC), url, title, body and, if it is not a feed
        item, source
    rejected : list, receives a Rejected for each row set aside
    refuse : function of a row, says why it is not wanted, or None where it is
    rows : int, at most so many rows in a chunk

    Yields
    ------
    DataFrame (TEXTS), in the order of the files; none where there is no readable row

    Raises
    ------
    TextsError
        Where a file does not exist, is no file, or has an ending that no format has. All are looked at first.
    """
    files = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    for path in files:
        _check_file(path)
    return _chunks(files, [] if rejected is None else rejected, refuse, rows)


def _check_file(path: Path) -> None:
    if not path.exists():
        raise TextsError(path, "does not exist")
    if path.suffix.lower() not in FORMATS:
        raise TextsError(path, f"its ending is none of {', '.join(FORMATS)}")
    if not path.is_file():
        raise TextsError(path, "is not a file")


def _chunks(
    files: list[Path], rejected: list[Rejected], refuse: Callable[[Row], str | None] | None, rows: int
) -> Iterator[pd.DataFrame]:
    chunk: list[Row] = []
    for row in _accepted(files, rejected, refuse):
        chunk.append(row)
        if len(chunk) == rows:
            yield _frame(chunk)
            chunk = []
    if chunk:
        yield _frame(chunk)


def _accepted(files: list[Path], rejected: list[Rejected], refuse: Callable[[Row], str | None] | None) -> Iterator[Row]:
    seen = Seen()  # the file and the line in one number
    for number, path in enumerate(files):
        for line, found in FORMATS[path.suffix.lower()](path):
            row = found if isinstance(found, BadRow) else parse_row(found)
            if isinstance(row, BadRow):
                rejected.append(Rejected(path, line, row.reason))
            elif (place := seen.get(row.article)) is not None:
                before, at = divmod(place, _LINES)
                told = f"article id was read before ({files[before].name}, line {at})"
                rejected.append(Rejected(path, line, told))
            elif refuse is not None and (reason := refuse(row)):
                rejected.append(Rejected(path, line, reason))
            else:
                seen.add(row.article, number * _LINES + line)
                yield row


def _frame(rows: list[Row]) -> pd.DataFrame:
    return tables.check(pd.DataFrame(rows), tables.TEXTS)


__all__ = ["FORMATS", "BadRow", "Rejected", "Row", "clean", "read_texts"]
