"""The files of a study's features: read only as they were written, and every failure said with the file's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import BaseModel

from analysis import tables
from analysis.dependencies import content_digest
from analysis.errors import FeaturesBroken, FeaturesMissing, TableError
from analysis.paths import inside, read_file
from analysis.tables import Schema

MEMORY = "512MB"
#: Rows that are fetched at once.
BATCH = 500_000


class FeaturesRecord(BaseModel):
    """Content of meta.json: how a study's features were made."""

    inputs: dict[str, str]
    digests: dict[str, str] = {}
    measured: dict[str, Any] = {}
    set_aside: dict[str, int] = {}
    skipped: dict[str, int] = {}

    def warning(self, changed: Sequence[str]) -> str:
        """A sentence on features that would be measured otherwise now, from what changed since."""
        by = "an older version"
        if "on" in self.measured:
            by = f"castillo-coverage {self.measured['version']} on {self.measured['on']}"
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        return f"The features were measured by {by}; changed since: {', '.join(changed[:3])}{more}."


@dataclass(frozen=True)
class FeatureFiles:
    """Files of the features of a study, given its folder and its name on a command line."""

    study: Path
    argument: str

    @property
    def folder(self) -> Path:
        return self.study / "features"

    @property
    def record(self) -> FeaturesRecord:
        """Content of meta.json."""
        with self._as_broken("meta.json") as path:
            return FeaturesRecord.model_validate_json(read_file(path, root=self.study))

    @contextmanager
    def reading(self, schema: Schema) -> Iterator[Path]:
        """Path of a table that is there, as it was written; what fails in this context is said with it."""
        if wrong := self.faults(schema):
            raise self.broken(self.path(schema), "; ".join(wrong))
        with self._as_broken(self.path(schema).name) as path:
            yield path

    def faults(self, schema: Schema, *, thorough: bool = False) -> list[str]:
        """Every fault of a table that is the file that was written, a sentence each.

        A file whose digest stands in meta.json is only looked into where that is `thorough`: it takes long.
        """
        with self._as_broken(self.path(schema).name) as path:
            digest = content_digest(path)
        written = self.record.digests if (self.folder / "meta.json").exists() else {}
        if written.get(path.name, digest) != digest:
            message = "is not the file that was written (its SHA-256 is not the one in meta.json): damaged or replaced"
            raise self.broken(path, message)
        with self._as_broken(path.name):
            return file_faults(path, schema) if thorough or path.name not in written else []

    def path(self, schema: Schema) -> Path:
        """Place of a table's file."""
        return self.folder / f"{schema.name.lower()}.parquet"

    def broken(self, path: Path, message: str) -> FeaturesBroken:
        """Error on a file of the features."""
        return FeaturesBroken(path, message, self.argument)

    @contextmanager
    def _as_broken(self, name: str) -> Iterator[Path]:
        """Path of a file that is there; whatever fails while it is read is an error on it."""
        path = self.folder / name
        if not inside(self.study, path):
            raise self.broken(path, "is not read, since a symlink leads out of the study's folder")
        if not path.exists():
            raise FeaturesMissing(path, self.argument)
        try:
            yield path
        except (OSError, ValueError, TableError, pa.ArrowException, duckdb.Error) as error:
            reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
            raise self.broken(path, f"cannot be read ({reason})") from error


@contextmanager
def connected(path: Path, articles: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with a view `source` of a Parquet file; closed at the end, since none may live across a fork.

    With the file of the articles' table there is also `ids`: each article's number `n`. One thread and little memory;
    what needs more is spilled to a folder that is removed.
    """
    with TemporaryDirectory(prefix="castillo-") as spill:
        limits: dict[str, Any] = {"threads": 1, "memory_limit": MEMORY, "temp_directory": spill}
        alone = dict.fromkeys(("autoinstall_known_extensions", "autoload_known_extensions"), False)
        with duckdb.connect(config={**limits, **alone, "preserve_insertion_order": False}) as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(f"create temp view source as from {_parquet(path)}")
            if articles is not None:
                numbered = "article, (row_number() over (order by article) - 1)::int as n"
                connection.execute(f"create temp table ids as select {numbered} from {_parquet(articles)}")
            yield connection


def _parquet(path: Path) -> str:
    """SQL for the rows of one file, whatever characters its name has."""
    file = escape(str(path)).replace("'", "''")
    return f"read_parquet('{file}', hive_partitioning = false)"


def file_faults(path: Path, schema: Schema) -> list[str]:
    """Faults of a file's columns and values, a sentence each; where it has none, also of keys that occur twice."""
    found: dict[str, str] = {}
    key = ", ".join(f'"{name}"' for name in schema.key)
    with connected(path) as connection:
        reader = connection.sql("from source").to_arrow_reader(BATCH)
        for batch in chain([[]], ([batch] for batch in reader)):  # a table without rows has columns, too
            table = pa.Table.from_batches(batch, reader.schema).to_pandas(use_threads=False)
            found = {str(fault.args[1]): str(fault) for fault in tables.faults(table, schema)} | found
        if not found:
            repeated = f"select {key}, count(*) - 1 as more from source group by {key} having count(*) > 1"
            query = f"select (sum(more) over ())::int, {key} from ({repeated}) order by {key} limit 1"
            for more, *first in connection.execute(query).fetchall():
                columns = ", ".join(schema.key)
                found[""] = str(TableError(schema.name, columns, f"{more} rows repeat their key, first {first}"))
    return list(found.values())
