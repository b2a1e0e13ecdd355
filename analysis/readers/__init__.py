"""Files of texts → TEXTS, in chunks; a row that cannot be read is set aside with its place and why, not its text.

`tabular` (tables, JSON and folders), `feed`, `html` (pages and crawls) and `exports` read the formats
(`FORMATS`); `charset` opens files and finds their encoding, `row` and `clean` make a text of what a reader gives.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pandas as pd

from analysis import tables
from analysis.errors import TextsError
from analysis.readers import exports, feed, html, tabular
from analysis.readers.charset import DAMAGE
from analysis.readers.row import BadRow, OutletOf, Reading, Row, Rows, Skipped, needed_for, parse_row

Reader = Callable[[Path, Reading], Rows]
#: Ending of a file → how its rows are read. `.gz` may follow all but `.parquet`.
FORMATS: dict[str, Reader] = {
    **dict.fromkeys((".jsonl", ".ndjson"), tabular.read_jsonl),
    ".json": tabular.read_json,
    **dict.fromkeys((".csv", ".tsv"), tabular.read_delimited),
    ".parquet": tabular.read_parquet,
    **dict.fromkeys((".rss", ".atom", ".xml"), feed.read_feed),
    ".warc": html.read_warc,
    ".txt": exports.read_export,
}
_GZIPPED = tuple(ending for ending in FORMATS if ending != ".parquet")
#: What files that are often taken for texts begin with.
_OTHERS = {b"\x1f\x8b": "gzip", b"pk\x03\x04": "a ZIP file (a spreadsheet, perhaps)", b"%pdf-": "PDF"}
_OTHERS |= dict.fromkeys((b"<!doctype html", b"<html"), "HTML")
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
    """Texts of files, cleaned, in chunks (TEXTS) of at most `rows` rows, in the order of the files.

    `paths` are files in the formats of `FORMATS`, folders of such files, or folders of .txt, .md and .html with a
    metadata.csv (data/README.md says what each must hold). A TextsError is raised where one does not exist, is in none
    of them or lacks a column that is needed; MissingLibrary where a format needs a library that is not installed.

    `rejected` receives a Rejected for each row set aside; `refuse` says of a row why it is not wanted, or None.
    `skipped` receives what the files hold besides articles (records of a crawl that are no pages). `columns`: what a
    column of a table holds → its name, where it goes by none of `row.COLUMN_NAMES`. `outlet_of`: a feed's name or a
    page's host → the id of its outlet, or None where it is of no interest, as `feed.outlet_finder` makes it; without
    it the host is the outlet. `languages` are those a text may be in whose row does not say its language, which is
    then detected; where None, such a row is set aside. Columns named in `kept` follow those of TEXTS.
    """
    given = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    files = [(path, _reader_of(path)) for one in given for path in _files(one)]
    reading = Reading(columns or {}, outlet_of, kept)
    detect = None if languages is None else partial(detect_language, languages=languages)
    rejected, skipped = [] if rejected is None else rejected, Counter() if skipped is None else skipped
    accepted = _rows(files, reading, detect, refuse, rejected, skipped)
    chunks = iter(lambda: list(islice(accepted, rows)), [])
    return (
        tables.check(pd.DataFrame(chunk), tables.TEXTS).assign(**{n: [row.kept[n] for row in chunk] for n in kept})
        for chunk in chunks
    )


def _rows(
    files: Iterable[tuple[Path, Reader]],
    reading: Reading,
    detect: Callable[[str], str] | None,
    refuse: Callable[[Row], str | None] | None,
    rejected: Collector,
    skipped: Counter[str],
) -> Iterator[Row]:
    """Each row that can be read, is not refused, and whose id was not read before."""
    seen: dict[str, str] = {}  # an id → where it was read
    for path, read in files:
        place = path / tabular.METADATA if path.is_dir() else path
        for line, cells in _until_damage(path, read(path, reading)):
            try:
                if isinstance(cells, BadRow):
                    raise cells
                row = parse_row(cells, detect, reading.kept)
                # A study knows an outlet by its id, perhaps not by the name that the texts give it.
                row = row._replace(outlet=(reading.outlet_of and reading.outlet_of(row.outlet)) or row.outlet)
                if row.article in seen:
                    raise BadRow(f"article id was read before ({seen[row.article]})")
                if refuse and (reason := refuse(row)):
                    raise BadRow(reason)
            except Skipped as other:
                skipped[other.reason] += 1
            except BadRow as bad:
                rejected.append(Rejected(place, line, bad.reason))
            else:
                seen[row.article] = f"{place.name}, line {line}"
                yield row


def _until_damage(path: Path, rows: Rows) -> Rows:
    """The rows of a file; where it cannot be read further, a last one that says so."""
    line = 0
    try:
        for line, cells in rows:
            yield line, cells
    except BadRow as bad:
        yield line + 1, bad
    except DAMAGE:
        yield line + 1, BadRow("the compressed data are damaged or end too soon; nothing was read from there on")
    except OSError as error:
        raise TextsError(path, f"cannot be read ({error.strerror})") from error


def _files(path: Path) -> list[Path]:
    """The files of a folder that has no metadata.csv and says by endings what it holds; else the path itself."""
    if not path.is_dir() or (path / tabular.METADATA).exists():
        return [path]
    return [file for file in sorted(path.rglob("*")) if _ending(file) in FORMATS and file.is_file()] or [path]


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _reader_of(path: Path) -> Reader:
    """Reader of a file or folder, by its name; a TextsError where there is none."""
    if not path.exists():
        raise TextsError(path, "does not exist")
    ending, is_packed = _ending(path), path.name.lower().endswith(".gz")
    if path.is_dir():
        return tabular.read_folder
    if ending not in (_GZIPPED if is_packed else FORMATS):
        raise TextsError(path, f"its ending is none of {', '.join(FORMATS)}; {', '.join(_GZIPPED)} may be gzipped")
    try:
        with path.open("rb") as file:
            first = file.read(500).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    except OSError as error:
        raise TextsError(path, f"cannot be read ({error.strerror})") from error
    other = next((name for mark, name in _OTHERS.items() if first.startswith(mark)), "")
    if other and not (other == "gzip" and is_packed):
        raise TextsError(path, f"its content is {other}, not what its ending says. Rename or convert it")
    return FORMATS[ending]


def detect_language(text: str, languages: Collection[str]) -> str:
    """Language of a text, by py3langid (Lui & Baldwin 2012); a BadRow where that is none of `languages`, or is unclear.

    All 97 languages that the model knows are weighed: an article in none of the study's is to be noticed.
    """
    language, probability = language_model().classify(text[:_MOST])
    if probability < _SURE or sum(map(str.isalpha, text[:_MOST])) < _LEAST:
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
