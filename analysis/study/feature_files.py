"""The files of a study's features: read only as they were written, and every failure said with the file's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from duckdb import Error as QueryError
from pyarrow import ArrowException

from analysis.dependencies import content_digest
from analysis.errors import FeaturesBroken, FeaturesMissing, TableError
from analysis.paths import inside, read_file
from analysis.study.verified import faults
from analysis.tables import Schema

if TYPE_CHECKING:
    from analysis.study.record import FeaturesRecord


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
        from analysis.study.record import FeaturesRecord

        path = self._path("meta.json")
        with self._as_broken(path):
            return FeaturesRecord.model_validate_json(read_file(path, root=self.study))

    @contextmanager
    def reading(self, schema: Schema) -> Iterator[Path]:
        """Path of a table that is there, as it was written; what fails in this context is said with it."""
        path = self.folder / f"{schema.name.lower()}.parquet"
        if wrong := self.faults(schema):
            raise self.broken(path, "; ".join(wrong))
        with self._as_broken(path):
            yield path

    def faults(self, schema: Schema, *, keys: bool | None = None) -> tuple[str, ...]:
        """Every fault of a table that is the file that was written, a sentence each; see `verified.faults`.

        `keys` says whether to look for keys that occur twice, which takes long; where None, only in a file whose digest
        meta.json does not hold.
        """
        path = self._path(f"{schema.name.lower()}.parquet")
        with self._as_broken(path):
            found = content_digest(path)
        written = self.record.digests if (self.folder / "meta.json").exists() else {}
        if written.get(path.name, found) != found:
            message = "is not the file that was written (its SHA-256 is not the one in meta.json): damaged or replaced"
            raise self.broken(path, message)
        with self._as_broken(path):
            return faults(path, schema, found, keys=path.name not in written if keys is None else keys)

    def broken(self, path: Path, message: str) -> FeaturesBroken:
        """Error on a file of the features."""
        return FeaturesBroken(path, message, self.argument)

    def _path(self, name: str) -> Path:
        path = self.folder / name
        if not inside(self.study, path):
            raise self.broken(path, "is not read, since a symlink leads out of the study's folder")
        if not path.exists():
            raise FeaturesMissing(path, self.argument)
        return path

    @contextmanager
    def _as_broken(self, path: Path) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, TableError, ArrowException, QueryError) as error:
            reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
            raise self.broken(path, f"cannot be read ({reason})") from error
