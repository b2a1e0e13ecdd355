"""The files of a study's features: read only as they were written, and every failure said with the file's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from analysis.dependencies import content_digest
from analysis.errors import FeaturesBroken, FeaturesMissing, TableError
from analysis.tables import Schema


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
    """Files of the features of a study, given their folder and the study's name on a command line."""

    folder: Path
    argument: str

    @property
    def record(self) -> FeaturesRecord:
        """Content of meta.json."""
        with self._opened("meta.json") as path:
            return FeaturesRecord.model_validate_json(path.read_bytes())

    @contextmanager
    def reading(self, schema: Schema) -> Iterator[Path]:
        """Path of a table that is there, as it was written; what fails in this context is said with it.

        A file without a digest in meta.json is held to the columns of its table.
        """
        with self._opened(f"{schema.name.lower()}.parquet") as path:
            written = self.record.digests if (self.folder / "meta.json").exists() else {}
            if path.name not in written:
                if missing := [name for name in schema.names if name not in pq.read_schema(path).names]:
                    raise TableError(schema.name, missing[0], "missing")
            elif written[path.name] != content_digest(path):
                message = "is not the file that was written (its SHA-256 is not the one in meta.json)"
                raise self.broken(path, f"{message}: damaged or replaced")
            yield path

    def broken(self, path: Path, message: str) -> FeaturesBroken:
        """Error on a file of the features."""
        return FeaturesBroken(path, message, self.argument)

    @contextmanager
    def _opened(self, name: str) -> Iterator[Path]:
        """Path of a file that is there; whatever fails while it is read is an error on it."""
        path = self.folder / name
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
        config: dict[str, Any] = {"threads": 1, "memory_limit": "512MB", "temp_directory": spill}
        with duckdb.connect(config={**config, "preserve_insertion_order": False}) as connection:
            connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")  # a notebook would show it
            connection.execute(f"create temp view source as from {_parquet(path)}")
            if articles is not None:
                numbered = "article, (row_number() over (order by article) - 1)::int as n"
                connection.execute(f"create temp table ids as select {numbered} from {_parquet(articles)}")
            yield connection


def _parquet(path: Path) -> str:
    """SQL for the rows of one file, whatever characters its name has."""
    file = escape(str(path)).replace("'", "''")
    return f"read_parquet('{file}', hive_partitioning = false)"
