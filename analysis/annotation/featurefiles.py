"""A folder of features: Parquet tables and meta.json, written as a whole, and compared with another by value.

meta.json holds the digest of each table: a flipped byte in a Parquet file is often another value and no error, and the
checksums that Parquet has for its pages leave what describes them unprotected.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import tables
from analysis.errors import FeaturesBroken, FeaturesMissing, told_if_not_written
from analysis.paths import file_digest
from analysis.tables import Schema


def check_folder(folder: Path) -> None:
    """Refuse a folder for features that cannot be written, before the work and not after it.

    Raises
    ------
    AnalysisError
    """
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    with told_if_not_written(folder), tempfile.TemporaryFile(dir=there):
        pass


class FeatureWriter:
    """Writes the features in a folder anew, partition by partition, so that memory does not grow with their number.

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
        #: The folder where the tables are until `finish`.
        self.neighbour = work / "tables"
        with told_if_not_written(folder):
            shutil.rmtree(self.neighbour, ignore_errors=True)  # of a run that was killed
            self.neighbour.mkdir(parents=True)
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
        """Where the rows set aside may be written, until `finish`."""
        return self.neighbour / "rejected.jsonl"

    def add(self, schema: Schema, partition: pa.Table) -> None:
        """Write a partition of a table: articles that no other partition holds."""
        writer = self._writers.get(schema.name)
        with told_if_not_written(self._folder):
            if writer is None:
                # Statistics of each partition would stay in memory until the end.
                writer = pq.ParquetWriter(
                    self.path(schema), partition.schema, compression="zstd", write_statistics=False
                )
                self._writers[schema.name] = writer
            writer.write_table(partition)

    def written(self, schema: Schema) -> pq.ParquetFile:
        """What has been written of a table, which then takes no more."""
        self._writers.pop(schema.name).close()
        return pq.ParquetFile(self.path(schema))

    def finish(self, meta: Mapping[str, Any]) -> None:
        """Put everything in its place; `meta` is what meta.json holds, besides the digests of the tables."""
        neighbour = self.neighbour
        with told_if_not_written(self._folder):
            self._close()
            digests = {self.path(schema).name: file_digest(self.path(schema)) for schema in tables.FEATURES}
            text = json.dumps({**meta, "digests": digests}, indent=1, sort_keys=True, ensure_ascii=False)
            (neighbour / "meta.json").write_text(text + "\n", encoding="utf-8", newline="\n")
            self._folder.mkdir(exist_ok=True)
            (self._folder / "meta.json").unlink(missing_ok=True)
            (self._folder / self.rejected.name).unlink(missing_ok=True)
            if self.rejected.exists():
                self.rejected.replace(self._folder / self.rejected.name)
            for schema in tables.FEATURES:
                file = self.path(schema).name
                (neighbour / file).replace(self._folder / file)
            (neighbour / "meta.json").replace(self._folder / "meta.json")

    def _close(self) -> None:
        while self._writers:
            self._writers.popitem()[1].close()


def compare_features(left: str | Path, right: str | Path) -> list[str]:
    """Differences between two folders of features, by value.

    Parameters
    ----------
    left, right : folders of features

    Returns
    -------
    list of str, a line per difference; empty where every value is the same, floats to the last bit

    Raises
    ------
    FeaturesMissing, FeaturesBroken, TableError
    """
    return [
        f"{schema.name}: {difference}"
        for schema in tables.FEATURES
        for difference in _differences(_read(Path(left), schema), _read(Path(right), schema), schema)
    ]


def _read(folder: Path, schema: Schema) -> pd.DataFrame:
    path = folder / f"{schema.name.lower()}.parquet"
    if not path.exists():
        raise FeaturesMissing(path, folder.parent.name)
    try:
        table = tables.check(pd.read_parquet(path), schema)
    except (OSError, ValueError, pa.ArrowException) as error:
        told = str(error).strip().partition("\n")[0].rstrip(".")
        raise FeaturesBroken(path, f"cannot be read ({told})", folder.parent.name) from error
    for column in schema.columns:
        if column.kind == "list":
            table[column.name] = [tuple(map(int, values)) for values in table[column.name]]
    return table.set_index(list(schema.key)).sort_index()


def _differences(left: pd.DataFrame, right: pd.DataFrame, schema: Schema) -> list[str]:
    found = []
    for side, only in (("left", left.index.difference(right.index)), ("right", right.index.difference(left.index))):
        if len(only):
            found.append(f"{len(only)} rows are only in the {side}, first {_key(only[0])}")
    both = left.index.intersection(right.index)
    for column in left.columns:
        one, other = left.loc[both, column], right.loc[both, column]
        differs = ~((one == other) | (one.isna() & other.isna())).to_numpy(dtype=bool)
        if differs.any():
            first = int(differs.argmax())
            values = " and ".join(shorten(str(side.iloc[first]), 60) for side in (one, other))
            found.append(f"{column} differs in {differs.sum()} rows, first {_key(both[first])}: {values}")
    return found


def _key(key: Any) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
