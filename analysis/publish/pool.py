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

#: Number of a cell and a line in it, where that is known.
Place = tuple[int, int | None]
#: Seconds between two looks at processes that say nothing.
_GLANCE = 0.2


@dataclass(frozen=True)
class Call:
    """Work for one process: it is called with a function that takes each place it comes to."""

    name: str
    work: Callable[[Callable[[Place], object]], Any]


@dataclass(frozen=True)
class Ended:
    """A call that has no answer: why, after which place, and the seconds until then."""

    reason: str
    place: Place | None
    seconds: float


@dataclass
class _Child:
    call: Call
    process: BaseProcess
    begun: float
    place: Place | None = None
    since: float = 0.0  # when its cell began


class Pool:
    """Runs calls, some at once; new ones may be added to `calls` meanwhile.

    Parameters
    ----------
    calls : deque of Call
    jobs : int, processes at once
    method : str, "fork" or "spawn"
    cell_seconds : float, time limit of a cell
    build : open file at whose end everything ends, or None
    private : open files that forked processes close
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

    def run(self) -> Iterator[tuple[Call, Any]]:
        """Each call with each place it comes to and, last, its answer or Ended, as they come."""
        try:
            while self.calls or self._children:
                while self.calls and len(self._children) < self.jobs:
                    yield from self._start(self.calls.popleft())
                ready: list[Any] = wait([*self._build, *self._children], timeout=_GLANCE)
                if self._build and self._build[0] in ready:
                    return
                for line in list(self._children):
                    yield from self._look(line, line in ready)
        finally:
            for child in self._children.values():
                _kill(child.process)

    def _start(self, call: Call) -> Iterator[tuple[Call, Any]]:
        theirs = None
        try:
            line, theirs = self._context.Pipe(duplex=False)
            private = (*self._private, line, *self._children) if self._private else ()
            process = self._context.Process(target=_answer, args=(call.work, theirs, private))
            process.start()
            self._children[line] = _Child(call, process, time.monotonic())
        except OSError as error:  # no memory, file or process is left
            yield call, Ended(f"no process can be started for it ({error.strerror})", None, 0.0)
        finally:
            if theirs is not None:
                theirs.close()

    def _look(self, line: Connection, ready: bool) -> Iterator[tuple[Call, Any]]:
        """The next message of a child, or the reason why there will be none."""
        child, now = self._children[line], time.monotonic()
        message: Any
        if ready:
            try:
                message = line.recv()
            except (EOFError, OSError):
                message = Ended(_ending(child.process), child.place, now - child.begun)
        elif not child.process.is_alive() and not line.poll():  # what it has started may hold the line open
            message = Ended(_ending(child.process), child.place, now - child.begun)
        elif child.place is not None and now - child.since > self.cell_seconds:
            reason = f"the cell took longer than {self.cell_seconds:g} s; allow more with --cell-seconds"
            message = Ended(reason, child.place, now - child.begun)
        else:
            return
        if isinstance(message, tuple):
            if child.place is None or message[0] != child.place[0]:
                child.since = now
            child.place = message
        else:
            del self._children[line]
            line.close()
            _kill(child.process)
        yield child.call, message


def _answer(work: Callable[[Callable[[Place], object]], Any], line: Connection, private: Sequence[Any]) -> None:
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
        answer = work(line.send)
    except BaseException as error:
        answer = Ended(f"{type(error).__name__}: {error}", None, 0.0)
    line.send(answer)
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


def _ending(process: BaseProcess) -> str:
    process.join(1)
    return describe_ending(process.exitcode)


def describe_ending(status: int | None) -> str:
    """An exit status in words."""
    if status == -9:
        return "its process was killed, for want of memory perhaps"
    if status is not None and status < 0:
        return f"its process crashed ({signal.Signals(-status).name})"
    return f"its process ended with status {status}"
