"""Run partitions of the texts on an executor (this process, a pool of processes, a Dask cluster), and keep each result.

A partition is named by the digest of all that it is made of, so the next run finds again what an interrupted one has
finished, and nothing that has changed since. Its file begins with a digest of its name and of all that follows: Arrow
itself reads many a flipped byte as another value, and a file cut between two tables as whole.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
from filelock import FileLock, Timeout

from analysis.annotation.features import OF_ARTICLE, Facts, Recipe, chunk_features
from analysis.dependencies import code_behind
from analysis.errors import AnalysisError, write_errors
from analysis.paths import inside, replace_file
from analysis.text.gazetteer import Gazetteer

_DIGEST_SIZE = hashlib.sha256().digest_size
#: Submits the measuring of a packed partition.
Submit = Callable[[bytes], "Future[bytes]"]


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
    sha256 = hashlib.sha256(f"{made_with} {json.dumps(facts)}".encode())
    sha256.update(_streamed([pa.Table.from_pandas(texts, preserve_index=False)], None))
    return Task(texts, facts, sha256.hexdigest())


@cache
def measuring_code() -> str:
    """Digest of the code that measures a partition."""
    return code_behind("analysis.annotation.features").digest


def measure(packed_task: bytes, packed_gazetteer: bytes, code: str = "") -> bytes:
    """Measured partition, packed: a call that any process can do.

    Parameters
    ----------
    packed_task, packed_gazetteer : bytes, pickled
    code : str, digest that `measuring_code` must have where this runs; anything will do where it is empty

    Raises
    ------
    AnalysisError
        Where the code is another, which would give other values without a word.
    """
    if code and code != measuring_code():
        raise AnalysisError("its castillo-coverage, or a package that decides values, is not the one of this machine")
    one: Task = pickle.loads(packed_task)
    tables = chunk_features(one.texts, Recipe(_unpickled(packed_gazetteer), one.facts))
    return _streamed([tables[schema.name] for schema in OF_ARTICLE], pa.Codec("zstd", compression_level=1))


@lru_cache(maxsize=1)
def _unpickled(gazetteer: bytes) -> Gazetteer:
    unpickled: Gazetteer = pickle.loads(gazetteer)
    return unpickled


def _streamed(tables: list[pa.Table], codec: pa.Codec | None) -> bytes:
    """Tables as Arrow streams, one after the other."""
    out, options = BytesIO(), pa.ipc.IpcWriteOptions(compression=codec, use_threads=False)
    for table in tables:
        with pa.ipc.new_stream(out, table.schema, options=options) as writer:
            writer.write_table(table)
    return out.getvalue()


def unpack(data: bytes | memoryview) -> dict[str, pa.Table]:
    """Tables of a measured partition, by the name of their schema."""
    stream = pa.BufferReader(data)
    return {schema.name: pa.ipc.open_stream(stream).read_all() for schema in OF_ARTICLE}


def run_partitions(
    tasks: Iterable[Task], submit: Submit, max_pending: int, work: WorkFolder
) -> Iterator[tuple[dict[str, pa.Table], bool]]:
    """Tables of each partition, and whether an earlier run had measured it; in the order of the tasks.

    Each is measured once and kept as soon as it is there; what is there, undamaged, is not measured.

    Parameters
    ----------
    tasks : iterable of Task
    submit : function, begins to measure a packed task
    max_pending : int, partitions that wait at most, so that memory does not grow with their number
    work : WorkFolder, where finished partitions are kept
    """
    pending: deque[tuple[Task, Future[bytes] | None]] = deque()

    def first() -> tuple[dict[str, pa.Table], bool]:
        one, future = pending.popleft()
        if future is None and (kept := work.read(one.name)) is not None:
            return kept, True
        data = (future or submit(pickle.dumps(one))).result()
        work.write(one.name, data)
        return unpack(data), False

    for one in tasks:
        pending.append((one, None if one.name in work else submit(pickle.dumps(one))))
        while len(pending) > max_pending:
            yield first()
    while pending:
        yield first()


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
        Where another process has it, it cannot be written, or a symlink stands in its place.
    """

    def __init__(self, features: Path) -> None:
        self._features = features
        self.folder = features.parent / f".{features.name}-unfinished"
        self._parts, self._lock = self.folder / "partitions", FileLock(self.folder / "lock")
        self.damaged = 0

    def __enter__(self) -> WorkFolder:
        for path in (self.folder, self._parts, self.folder / "lock"):
            if path.is_symlink():  # what is written or deleted here would be written or deleted elsewhere
                raise AnalysisError(f"{path} is a symlink, and nothing of this program. Delete it.")
        with write_errors(self._features):
            self._parts.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(timeout=0)
            except Timeout as error:
                message = (
                    f"another castillo annotate is writing {self._features}. Wait for it, or name another --output."
                )
                raise AnalysisError(message) from error
            self._delete_leftovers()
        return self

    def _delete_leftovers(self) -> None:
        """Delete what a killed run left half written."""
        kept = {self._parts, self.folder / "lock"}
        for path in (*self._parts.iterdir(), *self.folder.iterdir()):
            if path.is_dir() and not path.is_symlink():
                if path not in kept:
                    shutil.rmtree(path)
            elif path not in kept and path.suffix != ".arrows":
                path.unlink()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with suppress(OSError):
            if kind is None or not any(self._parts.iterdir()):
                shutil.rmtree(self._parts)
                (self.folder / "lock").unlink(missing_ok=True)
                self.folder.rmdir()
        self._lock.release()

    def __contains__(self, name: str) -> bool:
        return self._path(name).exists()

    def _path(self, name: str) -> Path:
        return self._parts / f"{name}.arrows"

    def read(self, name: str) -> dict[str, pa.Table] | None:
        """A finished partition; None, and counted, where it is not to the byte what was written under this name."""
        content = memoryview(b"")
        with suppress(OSError):
            content = memoryview(self._path(name).read_bytes())
        data = content[_DIGEST_SIZE:]
        if inside(self.folder, self._path(name)) and content[:_DIGEST_SIZE] == _digest(name, data):
            return unpack(data)
        self.damaged += 1
        return None

    def write(self, name: str, data: bytes) -> None:
        """Keep a finished partition, whole or not at all."""
        with write_errors(self._features):
            replace_file(self._path(name), _digest(name, data) + data)


def _digest(name: str, data: bytes | memoryview) -> bytes:
    sha256 = hashlib.sha256(name.encode())
    sha256.update(data)
    return sha256.digest()
