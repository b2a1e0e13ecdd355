"""Partitions of the texts, measured by this process, a pool of processes, or the workers of a Dask cluster.

What is finished lies in a folder, a file for each partition, so that a run which was killed goes on where it was.
"""

import gc
import multiprocessing
import os
import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.annotation.features import OF_ARTICLE, chunk_features
from analysis.dependencies import code_behind
from analysis.errors import AnalysisError, write_errors
from analysis.paths import digest, replace_file
from analysis.text.near_duplicates import Hashes, clusters
from analysis.text.tokens import Flags

#: Tables of features, by name.
Features = dict[str, pa.Table]
#: Function that submits texts to be measured and returns the function that waits for their packed features.
Submit = Callable[[pd.DataFrame], Callable[[], bytes]]
#: Seconds to wait for the scheduler of a cluster, for its first worker, and for any result.
CONNECT, WORKER, PATIENCE = 20, 60, 900
#: A phrase that fewer articles hold is not published: from rare ones a text could be put together again.
COMMON = 5
_KEPT = "What was finished is kept: run the same command again"
_unpickled = lru_cache(maxsize=1)(pickle.loads)


@cache
def measuring_code() -> str:
    """Digest of the code that measures a partition."""
    return code_behind("analysis.annotation.features").digest


def measure(texts: pd.DataFrame, measures: bytes, code: str) -> bytes:
    """Packed features of texts, by a pickled gazetteer and instruments, measured by code of that digest: another would
    give other values without a word."""
    if code != measuring_code():
        raise AnalysisError("its castillo-coverage, or a package that decides values, is not the one of this machine")
    return _pack(chunk_features(texts, *_unpickled(measures)).values())


def _pack(tables: Iterable[pa.Table]) -> bytes:
    """Tables as Arrow streams, one after the other."""
    out, options = BytesIO(), pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    for table in tables:
        with pa.ipc.new_stream(out, table.schema, options=options) as writer:
            writer.write_table(table)
    return out.getvalue()


def read_partition(path: Path) -> Features:
    """Features of a finished partition, by the name of their table."""
    stream = pa.BufferReader(path.read_bytes())
    return {name: pa.ipc.open_stream(stream).read_all() for name in OF_ARTICLE}


def run_partitions(
    partitions: Iterable[pd.DataFrame], made_with: str, submit: Submit, max_pending: int, folder: Path
) -> Iterator[tuple[Path, Features, bool]]:
    """File and features of each partition, in order, and whether an earlier run had measured it.

    A file is named by the digest of all that its features are made of. At most `max_pending` and the one that is asked
    for wait, so that memory does not grow with their number.
    """
    pending: deque[tuple[Path, Callable[[], bytes] | None]] = deque()

    def first() -> tuple[Path, Features, bool]:
        path, result = pending.popleft()
        if result is not None:
            features = result()
            with write_errors(path):
                replace_file(path, features)
        return path, read_partition(path), result is None

    for texts in partitions:
        made_of = made_with.encode() + _pack([pa.Table.from_pandas(texts, preserve_index=False)])
        path, finished = folder / f"{digest(made_of)}.arrows", False
        with suppress(OSError, pa.ArrowException):  # one that cannot be read is measured again
            finished = bool(read_partition(path))
        pending.append((path, None if finished else submit(texts)))
        if len(pending) > max_pending:
            yield first()
    while pending:
        yield first()


def phrases_of(terms: pa.Table) -> tuple[Flags, Hashes]:
    """Flags of the terms that are phrases, and a hash of 64 bits of each phrase."""
    is_phrase = pc.match_substring(terms["term"], " ")
    return is_phrase.to_numpy(), pd.util.hash_array(terms["term"].filter(is_phrase).to_numpy(), categorize=False)


def append_phrases(folder: Path, terms: pa.Table) -> None:
    """Append a hash of each phrase that each article holds to the files of a folder, by the hash's first digits.

    Each file alone is small enough to be counted in memory.
    """
    is_phrase, phrases = phrases_of(terms)
    articles = terms["article"].combine_chunks().dictionary_encode().indices.to_numpy()[is_phrase]
    once = pd.DataFrame({"article": articles, "phrase": phrases}).drop_duplicates()
    hashes = np.sort(once["phrase"].to_numpy(np.uint64))
    ends = np.searchsorted(hashes >> np.uint64(60), np.arange(1, 16))
    for number, some in enumerate(np.split(hashes, ends)):
        with (folder / f"phrases-{number}").open("ab") as file:
            file.write(some.tobytes())


def common_phrases(folder: Path) -> Hashes:
    """Hashes of the phrases that enough articles hold to be published."""
    common = [np.zeros(0, np.uint64)]
    for path in sorted(folder.glob("phrases-*")):
        phrases, articles = np.unique(np.fromfile(path, np.uint64), return_counts=True)
        common.append(phrases[articles >= COMMON])
        path.unlink()
    return np.sort(np.concatenate(common))


def write_tables(folder: Path, partitions: Iterable[Features]) -> pd.DataFrame:
    """Write the tables of features, partition by partition; returns ARTICLES' id, date and words of the title."""
    common = common_phrases(folder)
    with ExitStack() as stack:
        # Statistics of each partition would stay in memory until the end.
        options: dict[str, Any] = {"compression": "zstd", "write_statistics": False}
        writers = {
            name: stack.enter_context(pq.ParquetWriter(folder / f"{name.lower()}.parquet", schema, **options))
            for name, schema in OF_ARTICLE.items()
        }
        for features in partitions:
            is_phrase, own = phrases_of(features["TERMS"])
            is_published = ~is_phrase
            is_published[is_phrase] = np.append(common, np.uint64(0))[np.searchsorted(common, own)] == own
            features["TERMS"] = features["TERMS"].filter(pa.array(is_published))
            for name, table in features.items():
                writers[name].write_table(table)
    columns = ["article", "published", "title_tokens"]
    articles = pq.read_table(folder / "articles.parquet", columns=columns, use_threads=False).to_pandas()
    signatures = partial(_signatures, folder / "signatures.parquet")
    clusters(articles, signatures).to_parquet(folder / "reprints.parquet", compression="zstd", index=False)
    return articles


def _signatures(path: Path, scope: str) -> Iterator[pa.Table]:
    """Rows of SIGNATURES of a scope, a partition at a time."""
    file = pq.ParquetFile(path)
    for number in range(file.num_row_groups):
        group = file.read_row_group(number, use_threads=False)
        yield group.filter(pc.equal(group["scope"], scope))


@contextmanager
def measuring(jobs: int, scheduler: str | None, measures: bytes) -> Iterator[tuple[Submit, int]]:
    """Function that submits partitions to be measured, and how many of them may wait; with 1 job this process measures.

    The workers of a cluster need this library, and no files of ours.
    """
    task = partial(measure, measures=measures, code=measuring_code())
    if scheduler is not None:
        with _cluster(scheduler) as client:
            executor = client.get_executor(pure=False)
            pending = max(4, 2 * sum(client.nthreads().values()))
            yield lambda texts: partial(_cluster_result, executor.submit(task, texts), scheduler), pending
    elif jobs == 1:
        yield lambda texts: partial(task, texts), 0
    else:
        with _pool(jobs) as pool:
            yield lambda texts: pool.submit(task, texts).result, 2 * jobs


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    # Fresh processes: a fork of one that has threads (Arrow starts some) can hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_with_parent)
    try:
        yield pool
    except (BrokenProcessPool, MemoryError) as error:
        raise AnalysisError(
            "a process that measured texts could not start, or was ended from outside, perhaps for want of memory. "
            f"{_KEPT}, with fewer --jobs if memory is short."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Have this process end when the one that started it is gone, even where that was killed."""

    def watch() -> None:
        if parent := multiprocessing.parent_process():
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    """Client of a scheduler that has a worker."""
    try:
        from distributed import Client

        gc.collect()  # a client that failed before would be collected while this one holds a lock that it waits for
        client: Any = Client(address, timeout=CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]
    except ImportError as error:
        raise AnalysisError("--scheduler needs Dask: pip install '.[cluster]'. Or use --jobs.") from error
    except (OSError, ValueError, TypeError) as error:
        start = "Start one with `dask scheduler`, whose first lines tell its address (tcp://HOST:8786), or use --jobs."
        raise AnalysisError(f"no Dask scheduler answers at {address!r} ({_reason(error)}). {start}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKER)
        except TimeoutError as error:
            wait = f"the Dask cluster at {address} has no worker after {WORKER} s. Start some: dask worker {address}"
            raise AnalysisError(wait) from error
        yield client


def _cluster_result(future: Future[bytes], address: str) -> bytes:
    """Packed features from the cluster; an error where its workers are lost, silent, or cannot be used."""
    from distributed import KilledWorker

    try:
        return future.result(timeout=PATIENCE)
    except (KilledWorker, ImportError, AnalysisError, OSError, CancelledError) as error:
        raise AnalysisError(
            f"the Dask cluster at {address} did not measure a partition ({_reason(error)}). Each worker needs memory "
            f"for it, and this castillo-coverage with the packages of requirements.lock. {_KEPT}."
        ) from error


def _reason(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
