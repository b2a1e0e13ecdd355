"""Executors that measure partitions: this process, a pool of processes, the workers of a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError
from typing import Any

from analysis.annotation.partitions import Submit, measure, measuring_code
from analysis.errors import AnalysisError

#: Seconds to wait for the scheduler, for a first worker, for a process to start, and for any result of the cluster.
CONNECT, WORKER, START, PATIENCE = 20, 60, 60, 900
_KEPT = "What was finished is kept: run the same command again"


class SerialExecutor(Executor):
    """An executor that does each call at once, in this process."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Result of the call; what it raises is raised here."""
        future: Future[Any] = Future()
        future.set_result(function(*args, **kwargs))
        return future


@contextmanager
def measuring(jobs: int, scheduler: str | None, gazetteer: bytes) -> Iterator[tuple[Submit, int]]:
    """A function that submits packed partitions, and how many may be pending; ends what it has started.

    Parameters
    ----------
    jobs : int, processes of this machine; with 1, this one measures
    scheduler : address of a Dask scheduler, whose workers measure instead; they need this library, and no files of ours
    gazetteer : bytes, pickled

    Raises
    ------
    AnalysisError
        Where processes or workers cannot be started, found or used, or were lost.
    """
    if scheduler is not None:
        with _client(scheduler) as client:
            call = partial(measure, packed_gazetteer=gazetteer, code=measuring_code())
            executor = client.get_executor(pure=False)
            yield lambda task: _Waiting(executor.submit(call, task), client, scheduler), max(4, 2 * _threads(client))
        return
    call = partial(measure, packed_gazetteer=gazetteer)
    if jobs == 1:
        yield lambda task: SerialExecutor().submit(call, task), 0
        return
    # Fresh processes: a fork of one that has threads (Arrow starts some) can hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(context.Barrier(jobs),))
    try:
        _start(pool, jobs)
        yield lambda task: pool.submit(call, task), 2 * jobs
    except (BrokenProcessPool, BrokenBarrierError, MemoryError, TimeoutError) as error:
        raise AnalysisError(
            "a process that measured texts could not start, or was ended from outside, perhaps for want of memory. "
            f"{_KEPT}, with fewer --jobs if memory is short."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start(pool: Executor, jobs: int) -> None:
    """Start every process and have it load what measures.

    OpenBLAS tries for ever to get memory that it is not given: a process can hang while it loads, not later.

    Raises
    ------
    TimeoutError
        Where one has not done it in time; all are ended.
    """
    starts = [pool.submit(_load) for _ in range(jobs)]
    try:
        for start in starts:
            start.result(timeout=START)
    except BaseException:  # one that hangs would be waited for
        for process in multiprocessing.active_children():
            process.kill()
        raise


#: In a process of the pool: where it waits until all have loaded, so that none takes another's turn.
_all_loaded: list[Barrier] = []


def _load() -> None:
    import_module("nltk.tokenize")  # imported late elsewhere; all else came with this module
    _all_loaded[0].wait(START)


def _begin(barrier: Barrier) -> None:
    """Have this process end when the one that started it is gone, even where that was killed."""
    _all_loaded.append(barrier)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Waiting(Future[bytes]):
    """Result of a task on the cluster: waiting for it notices when all workers are gone or nothing comes."""

    def __init__(self, future: Future[bytes], client: Any, address: str) -> None:
        super().__init__()
        self._future, self._client, self._address = future, client, address

    def result(self, timeout: float | None = None) -> bytes:
        """What was measured; see `measuring` for what is raised."""
        begun = time.monotonic()
        while True:
            try:
                return self._future.result(timeout=5)
            except TimeoutError:
                waited = time.monotonic() - begun
                if waited > WORKER and not _threads(self._client):
                    raise AnalysisError(
                        f"the Dask cluster at {self._address} has had no worker for {WORKER} s. {_KEPT}."
                    ) from None
                if waited > PATIENCE:
                    raise AnalysisError(
                        f"the Dask cluster at {self._address} gave no result for {PATIENCE} s. {_KEPT}."
                    ) from None
            except BaseException as error:
                raise _explained(error, self._address) from error


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A client of the scheduler, once a worker with the same versions is there."""
    try:
        from distributed import Client
        from distributed.comm.addressing import parse_address, parse_host_port
    except ImportError as error:
        raise AnalysisError("--scheduler needs Dask: pip install '.[cluster]'. Or use --jobs.") from error
    make: Any = Client
    try:
        # Asked by hand first: a client that was refused takes long to end.
        with socket.create_connection(parse_host_port(parse_address(address)[1]), CONNECT):
            pass
        client = make(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise AnalysisError(
            f"no Dask scheduler answers at {address!r} ({reason}). Start one with `dask scheduler`, whose first lines "
            "tell its address (tcp://HOST:8786), or use --jobs."
        ) from error
    try:
        client.wait_for_workers(1, timeout=WORKER)
        client.get_versions(check=True)
        yield client
    except TimeoutError as error:
        message = f"the Dask cluster at {address} has no worker after {WORKER} s. Start some: dask worker {address}"
        raise AnalysisError(message) from error
    except ValueError as error:
        message = (
            f"the Dask cluster at {address} has other versions than this machine; install requirements.lock there."
        )
        raise AnalysisError(f"{message}\n{error}") from error
    finally:
        client.close(timeout=5)


def _threads(client: Any) -> int:
    """Number of threads that the cluster has now."""
    try:
        return sum(client.nthreads().values())
    except (OSError, TimeoutError, ValueError):
        return 0


def _explained(error: BaseException, address: str) -> BaseException:
    """An error of the cluster as one that says what to do; any other as it is."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return AnalysisError(
            f"several workers of {address} were lost over one partition, perhaps for want of memory. {_KEPT}."
        )
    if isinstance(error, ImportError):
        return AnalysisError(f"a worker of {address} lacks castillo-coverage ({error}). Install it there. {_KEPT}.")
    if isinstance(error, AnalysisError):
        return AnalysisError(f"a worker of {address} cannot be used: {error}. Install the same there. {_KEPT}.")
    if isinstance(error, OSError) or "Cancelled" in type(error).__name__:
        return AnalysisError(f"the Dask scheduler at {address} was lost. {_KEPT}.")
    return error
