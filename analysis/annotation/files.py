"""Files that annotating writes: the tables of features and meta.json, rejected.jsonl, new rows of articles.csv.

meta.json holds the digest of each table: a flipped byte in a Parquet file is often another value and no error, and the
checksums that Parquet has for its pages leave what describes them unprotected.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import tables
from analysis.dependencies import content_digest
from analysis.errors import AnalysisError, FeaturesBroken, FeaturesMissing, write_errors
from analysis.paths import inside, replace_file
from analysis.readers import Rejected
from analysis.tables import ARTICLES_CSV, Schema
from analysis.wording import escape_formula, unescape_formula

#: So many rejected rows are kept to be shown, and so many reasons told apart; the file has all.
_SHOWN, _REASONS = 1000, 50
_DETAIL = re.compile(r"\s*\([^)]*\)|\s*'[^']*'")


def check_folder(folder: Path, study: Path) -> None:
    """Refuse a folder for features that cannot be written, or lies in the study and leads out of it, before the work.

    Raises
    ------
    AnalysisError
    """
    if folder.absolute().is_relative_to(study.absolute()) and not inside(study, folder):
        raise AnalysisError(f"{folder} is a symlink that leads out of the study. Delete it, or name another --output.")
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    with write_errors(folder), tempfile.TemporaryFile(dir=existing):
        pass


class FeatureWriter:
    """Writer of all features of a folder, partition by partition, so that memory does not grow with their number.

    They are written elsewhere first and then moved. meta.json goes first and comes last: without it they do not
    count, so an interruption cannot leave old and new tables together unseen. Used as a context: what is not finished
    is thrown away.

    Parameters
    ----------
    folder : Path, made where it does not exist
    work : Path, a folder on the same disk, in which the tables are made
    """

    def __init__(self, folder: Path, work: Path) -> None:
        self._folder = folder
        with write_errors(folder):
            work.mkdir(parents=True, exist_ok=True)
            #: The folder where the tables are until `finish`.
            self.neighbour = Path(tempfile.mkdtemp(prefix="tables-", dir=work))
        self._writers: dict[str, pq.ParquetWriter] = {}

    def __enter__(self) -> FeatureWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        shutil.rmtree(self.neighbour, ignore_errors=True)

    def path(self, schema: Schema) -> Path:
        """Where the table of a schema is written, until `finish`."""
        return self.neighbour / f"{schema.name.lower()}.parquet"

    @property
    def rejected(self) -> Path:
        """Where the rejected rows may be written, until `finish`."""
        return self.neighbour / "rejected.jsonl"

    def add(self, schema: Schema, partition: pa.Table) -> None:
        """Write a partition of a table: articles that no other partition holds."""
        with write_errors(self._folder):
            if (writer := self._writers.get(schema.name)) is None:
                # Statistics of each partition would stay in memory until the end.
                options: dict[str, Any] = {"compression": "zstd", "write_statistics": False}
                writer = pq.ParquetWriter(self.path(schema), partition.schema, **options)
                self._writers[schema.name] = writer
            writer.write_table(partition)

    def written(self, schema: Schema) -> pq.ParquetFile:
        """What has been written of a table, which then takes no more."""
        self._writers.pop(schema.name).close()
        return pq.ParquetFile(self.path(schema))

    def finish(self, meta: Mapping[str, Any]) -> None:
        """Put everything in its place; `meta` is what meta.json holds, besides the digests of the tables."""
        names = [self.path(schema).name for schema in tables.FEATURES]
        with write_errors(self._folder):
            self._close()
            digests = {name: content_digest(self.neighbour / name) for name in names}
            text = json.dumps({**meta, "digests": digests}, indent=1, sort_keys=True, ensure_ascii=False)
            (self.neighbour / "meta.json").write_text(text + "\n", encoding="utf-8", newline="\n")
            self._folder.mkdir(exist_ok=True)
            (self._folder / "meta.json").unlink(missing_ok=True)
            (self._folder / self.rejected.name).unlink(missing_ok=True)
            for name in [self.rejected.name] * self.rejected.exists() + [*names, "meta.json"]:
                (self.neighbour / name).replace(self._folder / name)

    def _close(self) -> None:
        while self._writers:
            self._writers.popitem()[1].close()


class RejectLog:
    """Log of the rows that `read_texts` rejects, a line each (place and reason, no text), counted by reason; a context.

    Memory does not grow with their number.

    Parameters
    ----------
    path : Path of the file that is written; none is where there is no such row

    Attributes
    ----------
    count : int, rows
    first : the first of them
    reasons : reason without its details (values, columns, files) → rows
    """

    def __init__(self, path: Path) -> None:
        self.count, self.first, self.reasons = 0, list[Rejected](), Counter[str]()
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> RejectLog:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, row: Rejected) -> None:
        """Take a row."""
        self.count += 1
        reason = _DETAIL.sub("", row.reason)
        self.reasons[reason if reason in self.reasons or len(self.reasons) < _REASONS else "other reasons"] += 1
        if len(self.first) < _SHOWN:
            self.first.append(row)
        with write_errors(self._path):
            if self._file is None:
                self._file = self._path.open("x", encoding="utf-8", newline="\n")
            self._file.write(json.dumps(published(row), ensure_ascii=False) + "\n")


def published(row: Rejected) -> dict[str, object]:
    """What is published of a rejected row: the file's name without its folders, the line, the reason."""
    return {"file": row.path.name, "line": row.line, "reason": row.reason}


class NewArticles:
    """Rows to append to articles.csv, in the file's own columns: all or, where that fails, none; what is there stays.

    Used as a context: what is not finished is thrown away.

    Parameters
    ----------
    path : Path of articles.csv, in the study's folder

    Raises
    ------
    AnalysisError
        Where it is a symlink that leads out of the study.
    """

    def __init__(self, path: Path) -> None:
        if not inside(path.parent, path):
            raise AnalysisError(f"{path} is a symlink that leads out of the study. Put the file itself there.")
        self._path = path
        with path.open(encoding="utf-8-sig", newline="") as file:
            self._header = next(csv.reader(file))
        with path.open("rb") as first:
            self._line_end = "\r\n" if first.readline().endswith(b"\r\n") else "\n"
        self._rows = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 (closed on leaving)

    def __enter__(self) -> NewArticles:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()

    def add(self, texts: pd.DataFrame) -> None:
        """Collect the rows of texts (TEXTS)."""
        with write_errors(self._path):
            writer = csv.writer(self._rows, lineterminator=self._line_end)
            writer.writerows([escape_formula(row[name]) for name in self._header] for row in article_rows(texts))

    def finish(self) -> pd.DataFrame:
        """Put them in their place; article and language of each."""
        self._rows.flush()
        self._rows.seek(0)
        # Read again, not kept: memory is not to grow with the articles.
        options: dict[str, Any] = {"usecols": ["article", "language"], "dtype": str, "keep_default_na": False}
        if not self._rows.read(1):
            return pd.DataFrame({"article": [], "language": []})
        with write_errors(self._path):
            replace_file(self._path, self._append, root=self._path.parent)
        self._rows.seek(0)
        added = pd.read_csv(self._rows, names=self._header, **options)[["article", "language"]]
        return added.assign(article=added["article"].map(unescape_formula))

    def _append(self, out: IO[bytes]) -> None:
        content = self._path.read_bytes()
        out.write(content)
        if not content.endswith(b"\n"):
            out.write(self._line_end.encode())
        self._rows.seek(0)
        shutil.copyfileobj(self._rows, codecs.getwriter("utf-8")(out))


def article_rows(texts: pd.DataFrame) -> list[dict[str, str]]:
    """Rows of articles.csv for texts (TEXTS), by column: facts only, nothing coded; a day without a time is a day."""
    rows = []
    for text in texts.itertuples(index=False):
        published_at = text.published.tz_localize(None)
        row = dict.fromkeys(ARTICLES_CSV.names, "")
        row |= {name: str(getattr(text, name)) for name in ("article", "outlet", "language", "url", "source")}
        row["published"] = str(published_at.date()) if text.timestamp == "day" else f"{published_at.isoformat()}Z"
        row["timestamp"] = text.timestamp
        rows.append(row)
    return rows


def compare_features(left: str | Path, right: str | Path) -> list[str]:
    """Differences between two folders of features, by value, a line each; floats are compared to the last bit.

    Raises
    ------
    FeaturesMissing, FeaturesBroken, TableError
    """
    return [
        f"{schema.name}: {difference}"
        for schema in tables.FEATURES
        for difference in _differences(_read(Path(left), schema), _read(Path(right), schema))
    ]


def _read(folder: Path, schema: Schema) -> pd.DataFrame:
    path = folder / f"{schema.name.lower()}.parquet"
    if not path.exists():
        raise FeaturesMissing(path, folder.parent.name)
    try:
        table = tables.check(pd.read_parquet(path), schema)
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise FeaturesBroken(path, f"cannot be read ({reason})", folder.parent.name) from error
    for column in schema.columns:
        if column.kind == "list":
            table[column.name] = [tuple(map(int, values)) for values in table[column.name]]
    return table.set_index(list(schema.key)).sort_index()


def _differences(left: pd.DataFrame, right: pd.DataFrame) -> list[str]:
    lines = []
    for side, only in (("left", left.index.difference(right.index)), ("right", right.index.difference(left.index))):
        if len(only):
            lines.append(f"{len(only)} rows are only in the {side}, first {_key(only[0])}")
    both = left.index.intersection(right.index)
    for column in left.columns:
        one, other = left.loc[both, column], right.loc[both, column]
        differs = ~((one == other) | (one.isna() & other.isna())).to_numpy(dtype=bool)
        if differs.any():
            first = int(differs.argmax())
            values = " and ".join(shorten(str(side.iloc[first]), 60) for side in (one, other))
            lines.append(f"{column} differs in {differs.sum()} rows, first {_key(both[first])}: {values}")
    return lines


def _key(key: Any) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
