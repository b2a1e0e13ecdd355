"""Partitions of the features: texts measured together, kept one by one beside the features until all are there.

A partition is named by the digest of all that it is made of, so what an interrupted run has finished is found again by
the next one, and nothing that has changed meanwhile is. Its file begins with the digest of its name and of all that
follows: Arrow itself reads many a flipped byte as another value, and a file cut between two tables as whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
from contextlib import suppress
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import IO, NamedTuple

import pandas as pd
import pyarrow as pa

import analysis
from analysis.annotation.features import OF_ARTICLE, Facts, Recipe, chunk_features
from analysis.errors import AnalysisError, told_if_not_written
from analysis.text.gazetteer import Gazetteer

try:
    import fcntl
except ImportError:  # Windows: two runs at once are not kept apart there
    fcntl = None  # type: ignore[assignment]

#: Bytes of a seal.
_SEAL = hashlib.sha256().digest_size
#: Packages whose version may change a value.
_PACKAGES = ("nltk", "numpy", "pandas", "pyarrow", "vaderSentiment")


class Task(NamedTuple):
    """A partition to be measured: TEXTS, what the manifest says of each, and the digest of both and of the rest."""

    texts: pd.DataFrame
    facts: dict[str, Facts]
    name: str


def task(texts: pd.DataFrame, known: dict[str, Facts], made_with: str) -> Task:
    """The task of measuring texts.

    Parameters
    ----------
    texts : DataFrame (TEXTS)
    known : dict, article → Facts; where it does not hold an article, its text decides
    made_with : str, digest of everything else that decides the values
    """
    pairs = zip(texts["article"], texts["source"], strict=True)
    facts = {article: known.get(article, Facts(source, "")) for article, source in pairs}
    found = hashlib.sha256(made_with.encode())
    found.update(json.dumps(facts).encode())
    found.update(_streamed([pa.Table.from_pandas(texts, preserve_index=False)], None))
    return Task(texts, facts, found.hexdigest())


def measured(packed_task: bytes, packed_gazetteer: bytes) -> bytes:
    """Measure a partition; everything goes in and out pickled or packed, so it can be done by any process."""
    one: Task = pickle.loads(packed_task)
    found = chunk_features(one.texts, Recipe(_unpacked(packed_gazetteer), one.facts))
    return _streamed([found[schema.name] for schema in OF_ARTICLE], pa.Codec("zstd", compression_level=1))


@lru_cache(maxsize=1)
def _unpacked(gazetteer: bytes) -> Gazetteer:
    found: Gazetteer = pickle.loads(gazetteer)
    return found


def _streamed(found: list[pa.Table], codec: pa.Codec | None) -> bytes:
    """Tables as Arrow streams, one after the other."""
    out, options = BytesIO(), pa.ipc.IpcWriteOptions(compression=codec, use_threads=False)
    for table in found:
        with pa.ipc.new_stream(out, table.schema, options=options) as writer:
            writer.write_table(table)
    return out.getvalue()


def unpack(data: bytes | memoryview) -> dict[str, pa.Table]:
    """What `measured` gave: name of the schema → table."""
    stream = pa.BufferReader(data)
    return {schema.name: pa.ipc.open_stream(stream).read_all() for schema in OF_ARTICLE}


def _seal(name: str, data: bytes | memoryview) -> bytes:
    """What a partition's file begins with."""
    found = hashlib.sha256(name.encode())
    found.update(data)
    return found.digest()


@cache
def library_digest() -> str:
    """Digest of this library's files and of the versions of the packages that decide the values."""
    folder = Path(analysis.__file__).parent
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(f"\0{path.relative_to(folder).as_posix()}\0".encode())
            found.update(path.read_bytes())
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            found.update(f"\0{name} {version(name)}".encode())
    return found.hexdigest()


class WorkFolder:
    """The folder beside the features in which they are made: finished partitions, and the tables until they are whole.

    Used as a context, by one process at a time. It is gone where everything was done or nothing was; else finished
    partitions stay for the next run.

    Parameters
    ----------
    features : Path, the folder the features will be in

    Attributes
    ----------
    damaged : int, how many finished partitions were found to be otherwise than they were written

    Raises
    ------
    AnalysisError
        Where another process has it, or it cannot be written.
    """

    def __init__(self, features: Path) -> None:
        self._features = features
        self.folder = features.parent / f".{features.name}-unfinished"
        self._parts = self.folder / "partitions"
        self.damaged = 0

    def __enter__(self) -> WorkFolder:
        with told_if_not_written(self._features):
            self._parts.mkdir(parents=True, exist_ok=True)
            self._lock: IO[str] = (self.folder / "lock").open("a")
        if fcntl is not None:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self._lock.close()
                told = f"another castillo annotate is writing {self._features}. Wait for it, or name another --output."
                raise AnalysisError(told) from error
        for leftover in self._parts.glob("*.new"):
            leftover.unlink()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with suppress(OSError):
            if kind is None or not any(self._parts.iterdir()):
                shutil.rmtree(self._parts)
                (self.folder / "lock").unlink()
                self.folder.rmdir()
        self._lock.close()

    def __contains__(self, name: str) -> bool:
        return self._path(name).exists()

    def _path(self, name: str) -> Path:
        return self._parts / f"{name}.arrows"

    def read(self, name: str) -> dict[str, pa.Table] | None:
        """A finished partition; None, and counted, where it is not to the byte what was written under this name."""
        found = memoryview(b"")
        with suppress(OSError):
            found = memoryview(self._path(name).read_bytes())
        if found[:_SEAL] == _seal(name, found[_SEAL:]):
            return unpack(found[_SEAL:])
        self.damaged += 1
        return None

    def write(self, name: str, data: bytes) -> None:
        """Keep a finished partition, whole or not at all."""
        path = self._path(name)
        new = path.with_suffix(".new")
        with told_if_not_written(self._features):
            with new.open("wb") as file:
                file.write(_seal(name, data))
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
