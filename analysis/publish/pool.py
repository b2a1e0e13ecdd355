"""Calls, each in a process of its own: one that dies, hangs or cannot be started is a failure of that call alone."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, BinaryIO

import psutil

from analysis.publish.reports import Failure, Outcome

#: Number of a cell and a line in it, where that is known.
Place = tuple[int, int | None]
#: Work for a process, by the name of its report: it is called with a function that takes each place it comes to.
Call = tuple[str, Callable[[Callable[[Place], object]], Outcome]]
#: Seconds between two looks at processes that say nothing.
_GLANCE = 0.2


@dataclass
class _Child:
    name: str
    process: BaseProcess
    begun: float
    place: Place | None = None
    since: float = 0.0  # when its cell began


class Pool:
    """Runs calls, `jobs` at once; new ones may be added to `calls` meanwhile.

    All end where `build`, an open file, does. Processes that are forked close the files of `private`.
    """

    def __init__(
        self,
        calls: deque[Call],
        jobs: int,
        method: str = "fork",
        cell_seconds: float = 3600.0,
        build: BinaryIO | None = None,
        private: Sequence[BinaryIO] = (),
    ) -> None:
        self.calls, self.jobs, self.cell_seconds = calls, jobs, cell_seconds
        self._context: Any = get_context(method)
        self._build: list[Any] = [] if build is None or os.name == "nt" else [build]
        self._private = private if method == "fork" else ()
        self._children: dict[Connection, _Child] = {}

    def run(self) -> Iterator[Outcome | None]:
        """The Outcome of each call and None for each cell begun, as they come."""
        try:
            while self.calls or self._children:
                while self.calls and len(self._children) < self.jobs:
                    yield from self._start(*self.calls.popleft())
                ready: list[Any] = wait([*self._build, *self._children], timeout=_GLANCE)
                if self._build and self._build[0] in ready:
                    return
                for pipe in list(self._children):
                    yield from self._look(pipe, pipe in ready)
        finally:
            for child in self._children.values():
                _kill(child.process)

    def _start(self, name: str, work: Callable[..., Outcome]) -> Iterator[Outcome]:
        theirs = None
        try:
            pipe, theirs = self._context.Pipe(duplex=False)
            private = (*self._private, pipe, *self._children) if self._private else ()
            process = self._context.Process(target=_answer, args=(name, work, theirs, private))
            process.start()
            self._children[pipe] = _Child(name, process, time.monotonic())
        except OSError as error:  # no memory, file or process is left
            yield _failed(name, f"no process can be started for it ({error.strerror})")
        finally:
            if theirs is not None:
                theirs.close()

    def _look(self, pipe: Connection, ready: bool) -> Iterator[Outcome | None]:
        """The next message of a child, or the reason why there will be none."""
        child, now = self._children[pipe], time.monotonic()
        message: Place | Outcome | str
        try:
            if ready:
                message = pipe.recv()
            elif not child.process.is_alive() and not pipe.poll():  # what it has started may hold the pipe open
                raise EOFError
            elif child.place is not None and now - child.since > self.cell_seconds:
                message = f"the cell took longer than {self.cell_seconds:g} s; allow more with --cell-seconds"
            else:
                return
        except (EOFError, OSError):
            child.process.join(1)
            message = describe_ending(child.process.exitcode)
        if isinstance(message, tuple):
            if child.place is None or message[0] != child.place[0]:
                child.since = now
            child.place = message
            if message[1] is None:
                yield None
            return
        del self._children[pipe]
        pipe.close()
        _kill(child.process)
        yield message if isinstance(message, Outcome) else _failed(child.name, message, child.place, now - child.begun)


def _failed(name: str, reason: str, place: Place | None = None, seconds: float = 0.0) -> Outcome:
    cell, line = place or (None, None)
    return Outcome(name, Failure(cell, line, reason, reason), round(seconds, 3))


def _answer(name: str, work: Callable[..., Outcome], pipe: Connection, private: Sequence[Any]) -> None:
    """Work in a new process, which leads a session with all that it starts and ends with its parent."""
    if hasattr(os, "setsid"):
        os.setsid()
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    for file in private:
        file.close()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        outcome = work(pipe.send)
    except BaseException as error:
        outcome = _failed(name, f"{type(error).__name__}: {error}")
    pipe.send(outcome)
    os._exit(0)  # there is nothing to put in order


def _kill(process: BaseProcess) -> None:
    """Kill a process and everything that it and its own processes have started."""
    assert process.pid is not None
    with suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):
                child.kill()
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def describe_ending(status: int | None) -> str:
    """An exit status in words."""
    if status == -9:
        return "its process was killed, for want of memory perhaps"
    if status is not None and status < 0:
        return f"its process crashed ({signal.Signals(-status).name})"
    return f"its process ended with status {status}"
