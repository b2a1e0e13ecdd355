"""Files of texts → TEXTS, in chunks. A module per format; see `formats.FORMATS`.

A row that cannot be read is set aside with its place and the reason, never with its text; the rest goes on.

`stream` and `charset` open a file, `row` and `clean` make a text of what the format's module finds in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd

from analysis import tables
from analysis.readers import clean, folder
from analysis.readers.formats import FORMATS, Reader, reader_of
from analysis.readers.language import detector
from analysis.readers.row import BadRow, Reading, Row, parse_row
from analysis.readers.seen import Seen

#: More lines than a file has.
_LINES = 10**12
#: A file that begins with so many rows that cannot be read is left there.
_HOPELESS = 100_000
_Detect = Callable[[str], str | BadRow]


@dataclass(frozen=True)
class Rejected:
    """A row set aside: the file, its 1-based line (in Parquet, feeds and WARC the number of the row, item, record), and
    why."""

    path: Path
    line: int
    reason: str


class Collector(Protocol):
    """What takes the rows set aside: a list, or what writes them to a file."""

    def append(self, row: Rejected, /) -> None:
        """Take a row."""


def read_texts(
    paths: str | Path | Iterable[str | Path],
    *,
    rejected: Collector | None = None,
    refuse: Callable[[Row], str | None] | None = None,
    rows: int = 1000,
    columns: Mapping[str, str] | None = None,
    outlet_of: Callable[[str], str | None] | None = None,
    languages: Collection[str] | None = None,
    skipped: Counter[str] | None = None,
) -> Iterator[pd.DataFrame]:
    """Read files of texts, clean them, and hand them on in chunks.

    Parameters
    ----------
    paths : a path or several: JSON Lines (.jsonl), UTF-8, an object per line with article (a unique id), outlet,
        language, published (ISO 8601; a date alone is midnight UTC), url, title, body and, if it is not a feed
        item, source; CSV, TSV and Parquet with such columns; RSS and Atom; WARC; a folder of .txt, .md and .html
        with a metadata.csv. All but Parquet and folders may be gzipped.
    rejected : list, or another collector, receives a Rejected for each row set aside
    refuse : function of a row, says why it is not wanted, or None where it is
    rows : int, at most so many rows in a chunk
    columns : what a column of a table holds → its name, where it goes by none of `columns.NAMES`
    outlet_of : function of a feed's name or a page's host → id of its outlet, or None where it is of no interest,
        as `outlets.outlet_finder` makes; where it is not given, the host is the outlet
    languages : those a text may be in whose row does not say its language, which is then detected; where None, such
        a row is set aside
    skipped : Counter, receives what the files hold besides articles (records of a crawl that are no pages)

    Yields
    ------
    DataFrame (TEXTS), in the order of the files; none where there is no readable row

    Raises
    ------
    TextsError
        Where a file does not exist, is no file, has an ending that no format has, begins as another format does, or
        lacks a column that is needed. All but the last are looked for first.
    MissingLibrary
        Where a format needs a library that is not installed.
    """
    places = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    files = [(path, reader_of(path)) for path in places]
    reading = Reading(columns or {}, outlet_of, Counter() if skipped is None else skipped)
    detect = None if languages is None else detector(languages)
    return _chunks(_accepted(files, reading, [] if rejected is None else rejected, refuse, detect), rows)


def _chunks(accepted: Iterator[Row], rows: int) -> Iterator[pd.DataFrame]:
    chunk: list[Row] = []
    for row in accepted:
        chunk.append(row)
        if len(chunk) == rows:
            yield _frame(chunk)
            chunk = []
    if chunk:
        yield _frame(chunk)


def _accepted(
    files: list[tuple[Path, Reader]],
    reading: Reading,
    rejected: Collector,
    refuse: Callable[[Row], str | None] | None,
    detect: _Detect | None,
) -> Iterator[Row]:
    seen = Seen()  # the file and the line in one number
    places = [path / folder.METADATA if read is folder.rows else path for path, read in files]
    for number, (path, read) in enumerate(files):
        unread: int | None = 0  # until the first row that can be read
        for line, found in read(path, reading):
            if isinstance(found, BadRow) and unread is not None:
                unread += 1
            elif not isinstance(found, BadRow):
                unread = None
            if unread == _HOPELESS:
                told = f"none of the first {_HOPELESS:,} rows could be read; the rest was not tried"
                rejected.append(Rejected(places[number], line, told))
                break
            row = found if isinstance(found, BadRow) else parse_row(found, detect)
            if isinstance(row, BadRow):
                rejected.append(Rejected(row.path or places[number], line, row.reason))
            elif (place := seen.get(row.article)) is not None:
                before, at = divmod(place, _LINES)
                told = f"article id was read before ({places[before].name}, line {at})"
                rejected.append(Rejected(places[number], line, told))
            elif refuse is not None and (reason := refuse(row)):
                rejected.append(Rejected(places[number], line, reason))
            else:
                seen.add(row.article, number * _LINES + line)
                yield row


def _frame(rows: list[Row]) -> pd.DataFrame:
    return tables.check(pd.DataFrame(rows), tables.TEXTS)


__all__ = ["FORMATS", "BadRow", "Rejected", "Row", "clean", "read_texts"]
