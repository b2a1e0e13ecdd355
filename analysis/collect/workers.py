"""Hosts in parallel, a host's articles one after the other; what they give is handed back in one place."""

from __future__ import annotations

import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from analysis.collect.polite import Stopped

T = TypeVar("T")
R = TypeVar("R")


class Workers(Generic[T, R]):
    """Threads that do jobs, those of one group in order by one thread.

    They are daemons: a program that ends does not wait for them. Nothing is lost by that, as only what was handed back
    is written.

    Parameters
    ----------
    work : function of a job
    group : function of a job, names its group
    threads : int, groups at once
    stop : Event, set when no more is wanted
    """

    def __init__(
        self, work: Callable[[T], R], group: Callable[[T], Hashable], *, threads: int, stop: threading.Event
    ) -> None:
        self._work, self._group, self._threads, self._stop = work, group, threads, stop
        self._groups: queue.SimpleQueue[list[T]] = queue.SimpleQueue()
        # Few results wait at once: pages are large.
        self._done: queue.Queue[R] = queue.Queue(2 * threads)

    def results(self, jobs: Iterable[T]) -> Iterator[R]:
        """Do all jobs; yield what they give, as it comes. Leaving the iterator stops the threads."""
        groups: defaultdict[Hashable, list[T]] = defaultdict(list)
        for job in jobs:
            groups[self._group(job)].append(job)
        for members in sorted(groups.values(), key=len, reverse=True):  # the longest first, to end together
            self._groups.put(members)
        threads = [threading.Thread(target=self._run, daemon=True) for _ in range(min(self._threads, len(groups)))]
        for thread in threads:
            thread.start()
        try:
            for _ in range(sum(map(len, groups.values()))):
                yield self._done.get()
        finally:
            self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                members = self._groups.get_nowait()
            except queue.Empty:
                return
            for job in members:
                try:
                    result = self._work(job)
                except Stopped:
                    return
                if not self._hand_over(result):
                    return

    def _hand_over(self, result: R) -> bool:
        while not self._stop.is_set():
            try:
                self._done.put(result, timeout=0.5)
            except queue.Full:
                continue
            return True
        return False
