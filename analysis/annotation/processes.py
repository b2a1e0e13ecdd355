"""Partitions measured one after the other, by this process, by several of its own, or by a cluster."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

import pyarrow as pa

from analysis.annotation.partitions import Task, WorkFolder, measured, unpack
from analysis.errors import AnalysisError


class Workers(Protocol):
    """Those who measure partitions; a context that ends what it has started."""

    def __enter__(self) -> Workers: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def room(self) -> int:
        """How many partitions may wait or be measured at once, so that memory does not grow with their number."""

    def submit(self, name: str, task: bytes) -> Any:
        """Have a partition measured; what is returned is for `result`."""

    def result(self, asked: Any) -> bytes:
        """What was measured, as soon as it is there."""


class Here:
    """This process, one partition after the other.

    Parameters
    ----------
    gazetteer : bytes, pickled
    """

    room = 0

    def __init__(self, gazetteer: bytes) -> None:
        self._gazetteer = gazetteer

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, name: str, task: bytes) -> bytes:
        """Measure it."""
        return measured(task, self._gazetteer)

    def result(self, asked: bytes) -> bytes:
        """What was measured."""
        return asked


class Processes:
    """Processes of this machine.

    Parameters
    ----------
    jobs : int, how many
    gazetteer : bytes, pickled
    """

    def __init__(self, jobs: int, gazetteer: bytes) -> None:
        self._jobs, self._gazetteer = jobs, gazetteer

    def __enter__(self) -> Processes:
        # Fresh processes: a fork of one that has threads (Arrow starts some) can hang.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(self._jobs, mp_context=context, initializer=end_with_parent)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    @property
    def room(self) -> int:
        """Two for each process: one that it measures, one that waits for it."""
        return 2 * self._jobs

    def submit(self, name: str, task: bytes) -> Future[bytes]:
        """Have it measured by whichever process is free."""
        try:
            return self._pool.submit(measured, task, self._gazetteer)
        except BrokenProcessPool as error:
            raise _lost() from error

    def result(self, asked: Future[bytes]) -> bytes:
        """What was measured."""
        try:
            return asked.result()
        except BrokenProcessPool as error:
            raise _lost() from error


def _lost() -> AnalysisError:
    return AnalysisError(
        "a process that measured texts was ended from outside, perhaps for want of memory. What was finished is kept: "
        "run the same command again, with fewer --jobs if memory is short."
    )


def end_with_parent() -> None:
    """Have this process end when the one that started it is gone, even where that was killed."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def workers_for(jobs: int, scheduler: str | None, gazetteer: bytes) -> Workers:
    """Those who are to measure: a cluster's workers where there is a scheduler, else `jobs` processes."""
    if scheduler is None:
        return Here(gazetteer) if jobs == 1 else Processes(jobs, gazetteer)
    from analysis.annotation.cluster import Cluster

    return Cluster(scheduler, gazetteer)


def measured_in_order(
    tasks: Iterable[Task], workers: Workers, work: WorkFolder
) -> Iterator[tuple[dict[str, pa.Table], bool]]:
    """Measure partitions, each once, and keep each as soon as it is there; skip those that are there, undamaged.

    Parameters
    ----------
    tasks : iterable of Task
    workers : Workers
    work : WorkFolder, where finished partitions are kept

    Yields
    ------
    dict, name of the schema → table, and whether an earlier run had measured it; in the order of the tasks
    """
    waiting: deque[tuple[Task, Any]] = deque()

    def first() -> tuple[dict[str, pa.Table], bool]:
        one, asked = waiting.popleft()
        if asked is None:
            if (kept := work.read(one.name)) is not None:
                return kept, True
            asked = workers.submit(one.name, pickle.dumps(one))
        data = workers.result(asked)
        work.write(one.name, data)
        return unpack(data), False

    for one in tasks:
        waiting.append((one, None if one.name in work else workers.submit(one.name, pickle.dumps(one))))
        while len(waiting) > workers.room:
            yield first()
    while waiting:
        yield first()
