"""Processes that make reports: forked from the template where there is one, each with a line to the build."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from analysis.publish.environment import one_thread
from analysis.publish.template import Template


class WorkerEnded(Exception):
    """The process that did a call ended before it had an answer."""


class Worker:
    """One process that does one call at a time."""

    def __init__(self, template: Template) -> None:
        self._process: BaseProcess | None = None
        line = template.worker()
        if line is None:
            from analysis.publish.work import work_in_own_process

            context = multiprocessing.get_context("spawn")
            line, theirs = context.Pipe()
            with theirs, one_thread():
                self._process = context.Process(target=work_in_own_process, args=(theirs, template.scratch))
                self._process.start()
        self._line: Connection = line

    def ask(self, call: Callable[[], Any], told: Callable[[], None]) -> Any:
        """What a call gives in that process; `told` is called for each cell it begins meanwhile.

        Raises
        ------
        WorkerEnded
            Where the process ends; whatever the call raises.
        """
        try:
            self._line.send(call)
            while (answer := self._line.recv()) is None:
                told()
        except (EOFError, OSError) as error:
            raise WorkerEnded("it was killed, for want of memory perhaps, or crashed") from error
        value, raised = answer
        if raised is not None:
            raise raised
        return value

    def end(self) -> None:
        """End it at once: it ends, and its kernel with it, when its line does."""
        with suppress(OSError):
            if self._process is not None and sys.platform == "win32":
                self._process.terminate()
                return
            with socket.socket(fileno=os.dup(self._line.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)  # wakes also who waits for an answer here

    def join(self) -> None:
        """Wait for the end of a process that was started; one that was forked is the template's to wait for."""
        if self._process is not None:
            self._process.join()


class Workers(Executor):
    """A pool of workers; one that ends takes only its own call with it, and another takes its place.

    Parameters
    ----------
    count : int
    template : Template
    told : called for each cell a worker begins, in a thread of the pool
    """

    def __init__(self, count: int, template: Template, told: Callable[[], None]) -> None:
        self._template, self._told = template, told
        self._threads = ThreadPoolExecutor(count)
        self._mine = threading.local()
        self._workers: list[Worker] = []
        self._over = False

    def submit(self, call: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        """Have a call done in one of the processes."""
        return self._threads.submit(self._ask, partial(call, *args, **options))

    def _ask(self, call: Callable[[], Any]) -> Any:
        if getattr(self._mine, "worker", None) is None:
            self._mine.worker = Worker(self._template)
            self._workers.append(self._mine.worker)
            if self._over:
                self._mine.worker.end()
        try:
            return self._mine.worker.ask(call, self._told)
        except WorkerEnded:
            self._mine.worker = None
            raise

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all workers at once: they have nothing to put in order."""
        self._over = True
        for worker in self._workers:
            worker.end()
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for worker in self._workers if wait else ():
            worker.join()
