"""Partitions of the texts measured by this process, a pool of processes, or the workers of a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache, lru_cache, partial
from io import BytesIO
from typing import Any

import pandas as pd
import pyarrow as pa

from analysis.annotation.features import OF_ARTICLE, chunk_features
from analysis.annotation.workfolder import WorkFolder
from analysis.dependencies import code_behind
from analysis.errors import AnalysisError
from analysis.paths import digest

#: Function that submits texts to be measured and returns the function that waits for their packed features.
Submit = Callable[[pd.DataFrame], Callable[[], bytes]]
#: Seconds to wait for the scheduler of a cluster, for a worker while there is none, and for any result.
CONNECT, WORKER, PATIENCE = 20, 60, 900
_KEPT = "What was finished is kept: run the same command again"
_unpickled = lru_cache(maxsize=1)(pickle.loads)


@cache
def measuring_code() -> str:
    """Digest of the code that measures a partition."""
    return code_behind("analysis.annotation.features").digest


def measure(texts: pd.DataFrame, measures: bytes, code: str = "") -> bytes:
    """Packed features of texts, by a pickled gazetteer and instruments, measured by code of that digest: another would
    give other values without a word."""
    if code and code != measuring_code():
        raise AnalysisError("its castillo-coverage, or a package that decides values, is not the one of this machine")
    features = chunk_features(texts, *_unpickled(measures))
    return _pack(features.values(), pa.Codec("zstd", compression_level=1))


def _pack(tables: Iterable[pa.Table], codec: pa.Codec | None = None) -> bytes:
    """Tables as Arrow streams, one after the other."""
    out, options = BytesIO(), pa.ipc.IpcWriteOptions(compression=codec, use_threads=False)
    for table in tables:
        with pa.ipc.new_stream(out, table.schema, options=options) as writer:
            writer.write_table(table)
    return out.getvalue()


def unpack(data: bytes) -> dict[str, pa.Table]:
    """Features that were packed."""
    stream = pa.BufferReader(data)
    return {name: pa.ipc.open_stream(stream).read_all() for name in OF_ARTICLE}


def partition_name(texts: pd.DataFrame, made_with: str) -> str:
    """Digest of all that features are made of: an interrupted run finds again what it finished, unless that changed."""
    return digest(made_with.encode() + _pack([pa.Table.from_pandas(texts, preserve_index=False)]))


def run_partitions(
    partitions: Iterable[pd.DataFrame], made_with: str, submit: Submit, max_pending: int, work: WorkFolder
) -> Iterator[tuple[dict[str, pa.Table], bool]]:
    """Features of each partition, in order, and whether an earlier run had measured it; at most `max_pending` and the
    one that is asked for wait, so that memory does not grow with their number."""
    pending: deque[tuple[str, bool, Callable[[], bytes]]] = deque()

    def first() -> tuple[dict[str, pa.Table], bool]:
        name, is_kept, result = pending.popleft()
        data = result()
        if not is_kept:
            work.write(name, data)
        return unpack(data), is_kept

    for texts in partitions:
        name = partition_name(texts, made_with)
        kept = work.read(name)
        pending.append((name, kept is not None, submit(texts) if kept is None else partial(bytes, kept)))
        if len(pending) > max_pending:
            yield first()
    while pending:
        yield first()


@contextmanager
def measuring(jobs: int, scheduler: str | None, measures: bytes) -> Iterator[tuple[Submit, int]]:
    """Function that submits partitions to be measured, and how many of them may wait; with
    1 job this process measures. The workers of a cluster need this library, and no files of ours."""
    if scheduler is not None:
        client = _connect(scheduler)
        submit = partial(client.get_executor(pure=False).submit, measure, measures=measures, code=measuring_code())
        try:
            pending = max(4, 2 * sum(client.nthreads().values()))
            yield lambda texts: partial(_cluster_result, submit(texts), client, scheduler), pending
        finally:
            client.close(timeout=5)
    elif jobs == 1:
        yield lambda texts: partial(measure, texts, measures), 0
    else:
        with _pool(jobs) as pool:
            yield lambda texts: pool.submit(measure, texts, measures).result, 2 * jobs


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


def _cluster_result(future: Future[bytes], client: Any, address: str) -> bytes:
    """Packed features from the cluster; an error where all workers are gone, nothing comes, or they cannot be used."""
    from distributed import KilledWorker

    explanations: dict[Any, str] = {
        KilledWorker: "lost several workers over one partition, perhaps for want of memory",
        ImportError: "has a worker without castillo-coverage ({}): install it there",
        AnalysisError: "has a worker that cannot be used: {}. Install the same there",
        TimeoutError: "{}",
        (OSError, CancelledError): "was lost",
    }
    begun = last_worker = time.monotonic()
    try:
        while not wait([future], timeout=min(5, WORKER)).done:
            now = time.monotonic()
            last_worker = now if client.nthreads() else last_worker
            if now - last_worker > WORKER:
                raise TimeoutError(f"has had no worker for {WORKER} s")
            if now - begun > PATIENCE:
                raise TimeoutError(f"gave no result for {PATIENCE} s")
        return future.result()
    except (KilledWorker, ImportError, AnalysisError, OSError, CancelledError) as error:
        said = next(text for kind, text in explanations.items() if isinstance(error, kind))
        raise AnalysisError(f"the Dask cluster at {address} {said.format(error)}. {_KEPT}.") from error


def _connect(address: str) -> Any:
    """Client of a scheduler, once a worker with the same versions is there."""
    try:
        from distributed import Client
        from distributed.comm.addressing import parse_address, parse_host_port
    except ImportError as error:
        raise AnalysisError("--scheduler needs Dask: pip install '.[cluster]'. Or use --jobs.") from error
    try:
        # Asked by hand first: a client that was refused takes long to end.
        with socket.create_connection(parse_host_port(parse_address(address)[1]), CONNECT):
            client: Any = Client(address, timeout=CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise AnalysisError(
            f"no Dask scheduler answers at {address!r} ({reason}). Start one with `dask scheduler`, whose first lines "
            "tell its address (tcp://HOST:8786), or use --jobs."
        ) from error
    wrong = f"has no worker after {WORKER} s. Start some: dask worker {address}"
    try:
        client.wait_for_workers(1, timeout=WORKER)
        wrong = "has other versions than this machine; install requirements.lock there"
        client.get_versions(check=True)
    except (TimeoutError, ValueError) as error:
        client.close(timeout=5)
        raise AnalysisError(f"the Dask cluster at {address} {wrong} ({error}).") from error
    return client
