"""Files of texts → TEXTS, in chunks; a row that cannot be read is set aside with its place and why, not its text.

`tabular`, `json_files`, `feed`, `warc`, `exports` and `folder` read the formats (`FORMATS`); `stream` opens a file,
`charset` decides its encoding, `html` takes pages apart, `row` and `clean` make a text of what a reader gives.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pandas as pd

from analysis import tables
from analysis.errors import TextsError
from analysis.readers import exports, feed, folder, json_files, tabular, warc
from analysis.readers.row import BadRow, Cells, Detect, OutletOf, Reading, Row, Rows, Skipped, needed_for, parse_row
from analysis.readers.stream import Source

Reader = Callable[[Source, Reading], Rows]
#: Ending of a file → the format's name, and how its rows are read. `.gz` may follow all but `.parquet`.
FORMATS: dict[str, tuple[str, Reader]] = {
    **dict.fromkeys((".jsonl", ".ndjson"), ("JSON Lines", json_files.read_jsonl)),
    ".json": ("JSON", json_files.read_json),
    **dict.fromkeys((".csv", ".tsv"), ("CSV or TSV", tabular.read_delimited)),
    ".parquet": ("Parquet", tabular.read_parquet),
    **dict.fromkeys((".rss", ".atom", ".xml"), ("RSS or Atom", feed.read_feed)),
    ".warc": ("WARC", warc.read_warc),
    ".txt": ("an export of Nexis or Factiva", exports.read_export),
}
_GZIPPED = tuple(ending for ending in FORMATS if ending != ".parquet")
#: What a file begins with → the format that is.
_BEGINNINGS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\x1f\x8b\x08"), "gzip"),
    (re.compile(rb"PAR1"), "Parquet"),
    (re.compile(rb"WARC/[01]\."), "WARC"),
    (re.compile(rb"PK\x03\x04"), "a ZIP file (a spreadsheet, perhaps)"),
    (re.compile(rb"%PDF-"), "PDF"),
    (re.compile(rb"\xef?\xbb?\xbf?\s*\[?\s*\{\s*\"[^\"\n]{0,80}\"\s*:"), "JSON Lines"),
    (re.compile(rb"\xef?\xbb?\xbf?\s*(?:<\?xml|<rss[\s>]|<feed[\s>]|<rdf:RDF[\s>])"), "RSS or Atom"),
    (re.compile(rb"\xef?\xbb?\xbf?\s*(?:<!doctype html|<html[\s>])", re.IGNORECASE), "HTML"),
)
#: A file that begins with so many rows that cannot be read is left there.
HOPELESS = 100_000
#: Most kinds of skipped records that are told apart.
_KINDS = 40
#: Fewer letters tell no language; more than so many characters tell no more. Least probability that is believed.
_LEAST, _MOST, _SURE = 20, 4000, 0.6


class Rejected(NamedTuple):
    """A row set aside: its file, 1-based line (in Parquet, feeds and WARC the number of row, item, record), and why."""

    path: Path
    line: int
    reason: str


class Collector(Protocol):
    """Takes the rows set aside: a list, or a log in a file."""

    def append(self, row: Rejected, /) -> None: ...


def read_texts(
    paths: str | Path | Iterable[str | Path],
    *,
    rejected: Collector | None = None,
    refuse: Callable[[Row], str | None] | None = None,
    rows: int = 1000,
    columns: Mapping[str, str] | None = None,
    outlet_of: OutletOf | None = None,
    languages: Collection[str] | None = None,
    skipped: Counter[str] | None = None,
    kept: Collection[str] = (),
) -> Iterator[pd.DataFrame]:
    """Read files of texts, clean them, and hand them on in chunks.

    Parameters
    ----------
    paths : a path or several, of files in the formats of `FORMATS`, of folders of such files, or of .txt, .md and
        .html with a metadata.csv. All but Parquet and folders may be gzipped. data/README.md says what each must hold
    rejected : list, or another collector, receives a Rejected for each row set aside
    refuse : function of a row, says why it is not wanted, or None where it is
    rows : int, at most so many rows in a chunk
    columns : what a column of a table holds → its name, where it goes by none of `row.COLUMN_NAMES`
    outlet_of : function of a feed's name or a page's host → id of its outlet, or None where it is of no interest,
        as `feed.outlet_finder` makes; where it is not given, the host is the outlet
    languages : those a text may be in whose row does not say its language, which is then detected; where None, such
        a row is set aside
    skipped : Counter, receives what the files hold besides articles (records of a crawl that are no pages)
    kept : names of further columns, which follow those of TEXTS; empty texts where a row lacks one

    Yields
    ------
    DataFrame (TEXTS), in the order of the files; none where there is no readable row

    Raises
    ------
    TextsError
        Where a file does not exist, is no file, has an ending that no format has, begins as another format does
        (which are looked for first), or lacks a column that is needed.
    MissingLibrary
        Where a format needs a library that is not installed.
    """
    given = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    readers = [(path, _reader_of(path)) for one in given for path in _files(one)]
    reading = Reading(columns or {}, outlet_of, kept)
    files = ((source := Source(path), read(source, reading)) for path, read in readers)
    detect = None if languages is None else partial(detect_language, languages=languages)
    rejected, skipped = [] if rejected is None else rejected, Counter() if skipped is None else skipped
    parse = partial(_parse, reading=reading, detect=detect)
    accepted = _rows(files, rejected, skipped, parse, refuse or (lambda row: None))
    chunks = iter(lambda: list(islice(accepted, rows)), [])
    return (_table(chunk, kept) for chunk in chunks)


def _table(rows: Sequence[Row], kept: Collection[str]) -> pd.DataFrame:
    texts = tables.check(pd.DataFrame(rows), tables.TEXTS)
    return texts.assign(**{name: [row.kept[name] for row in rows] for name in kept})


def _parse(cells: Cells, reading: Reading, detect: Detect | None) -> Row:
    """Row of TEXTS; its outlet by its id, where a study knows it by the name that the texts give it."""
    row = parse_row(cells, detect, reading.kept)
    known = reading.outlet_of(row.outlet) if reading.outlet_of else None
    return row._replace(outlet=known or row.outlet)


def _rows(
    files: Iterable[tuple[Source, Rows]],
    rejected: Collector,
    skipped: Counter[str],
    parse: Callable[[Cells], Row],
    refuse: Callable[[Row], str | None],
) -> Iterator[Row]:
    """Each row that can be read, is not refused, and whose id was not read before."""
    seen: dict[str, str] = {}  # an id → where it was read
    for source, rows in files:
        place = source.path / folder.METADATA if source.path.is_dir() else source.path
        line, is_hopeless = 0, True
        for count, (line, cells) in enumerate(rows, start=1):
            _reject_damage(source, line, rejected)
            try:
                row = parse(cells)
                is_hopeless = False
                if row.article in seen:
                    raise BadRow(f"article id was read before ({seen[row.article]})")
                if reason := refuse(row):
                    raise BadRow(reason)
            except Skipped as other:
                is_hopeless = False
                skipped[str(other) if str(other) in skipped or len(skipped) < _KINDS else "records of other kinds"] += 1
            except BadRow as bad:
                rejected.append(Rejected(bad.path or place, line, bad.reason))
                if is_hopeless and count == HOPELESS:
                    reason = f"none of the first {HOPELESS:,} rows could be read; the rest was not tried"
                    rejected.append(Rejected(place, line, reason))
                    break
            else:
                seen[row.article] = f"{place.name}, line {line}"
                yield row
        _reject_damage(source, line + 1, rejected)


def _reject_damage(source: Source, line: int, rejected: Collector) -> None:
    """Set aside what was lost of a gzip file, where it was noticed."""
    while source.damage:
        rejected.append(Rejected(source.path, line, source.damage.pop(0)))


def _files(path: Path) -> list[Path]:
    """The files of a folder that has no metadata.csv and says by endings what it holds; else the path itself."""
    if not path.is_dir() or (path / folder.METADATA).exists():
        return [path]
    files = [file for file in sorted(path.rglob("*")) if _ending(file) in FORMATS and file.is_file()]
    return [file for file in files if _ending(file) != ".txt" or exports.is_export(Source(file))] or [path]


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _reader_of(path: Path) -> Reader:
    """Reader of a file or folder, by its name; a TextsError where there is none."""
    if not path.exists():
        raise TextsError(path, "does not exist")
    ending = _ending(path)
    if path.is_dir() and not ending:
        return folder.read_folder
    if ending not in (_GZIPPED if path.name.lower().endswith(".gz") else FORMATS):
        raise TextsError(path, f"its ending is none of {', '.join(FORMATS)}; {', '.join(_GZIPPED)} may be gzipped")
    if not path.is_file():
        raise TextsError(path, "is not a file")
    name, reader = FORMATS[ending]
    with Source(path) as source:
        first = source.read(2048)
    content = next((content for pattern, content in _BEGINNINGS if pattern.match(first)), name)
    if content != name and not name.startswith("JSON"):  # each line of JSON is tried
        raise TextsError(path, f"its ending says {name}, its content {content}. Rename or convert it")
    return reader


def detect_language(text: str, languages: Collection[str]) -> str:
    """Language of a text, by py3langid (Lui & Baldwin 2012); a BadRow where that is none of `languages`, or is unclear.

    All 97 languages that the model knows are weighed: an article in none of the study's is to be noticed.
    """
    if sum(map(str.isalpha, text[:_MOST])) < _LEAST:
        raise BadRow("language is missing, and the text is too short to tell it")
    language, probability = language_model().classify(text[:_MOST])
    if probability < _SURE:
        raise BadRow("language is missing, and the text does not tell it")
    if language not in languages:
        raise BadRow(f"language is missing; detected {language}, none of the study's ({', '.join(languages)})")
    return str(language)


@lru_cache(maxsize=1)
def language_model() -> Any:
    """py3langid's model, read once."""
    with needed_for("telling the language of texts"):
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


__all__ = ["FORMATS", "BadRow", "Rejected", "Row", "read_texts"]
