"""Calls, each in a process of its own: one that dies, hangs or cannot be started is a failure of that call alone."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil

from analysis.publish.reports import Failure, Outcome

#: Number of a cell, and a line in it where that is known.
Place = tuple[int, int | None]
#: Work for a process, called with a function that takes each place it comes to; of a cell that begins without a line.
Call = Callable[[Callable[[Place], object]], Outcome]
#: Seconds between two looks at processes that say nothing.
_GLANCE = 0.2


@dataclass
class _Child:
    name: str
    process: BaseProcess
    begun: float
    place: Place | None = None
    since: float = 0.0  # when its cell began


def run_calls(
    calls: Mapping[str, Call],
    jobs: int,
    *,
    method: str = "fork",
    cell_seconds: float = 3600.0,
) -> Iterator[Outcome | None]:
    """The Outcome of each call, given by name, and None for each cell begun, as they come; `jobs` run at once."""
    context: Any = get_context(method)
    waiting, children = list(calls.items()), dict[Connection, _Child]()
    try:
        while waiting or children:
            while waiting and len(children) < jobs:
                name, call = waiting.pop(0)
                try:
                    children |= _start(context, name, call)
                except OSError as error:  # no memory, file or process is left
                    yield Outcome(name, _failure(f"no process can be started for it ({error.strerror})"), 0.0)
            ready = wait(list(children), timeout=_GLANCE)
            for pipe, child in list(children.items()):
                message = _next_message(pipe, child, ready, cell_seconds)
                if isinstance(message, tuple):
                    child.place = message
                    if message[1] is None:
                        child.since = time.monotonic()
                        yield None
                elif message is not None:
                    del children[pipe]
                    pipe.close()
                    _kill(child.process)
                    if isinstance(message, str):
                        seconds = round(time.monotonic() - child.begun, 3)
                        message = Outcome(child.name, _failure(message, child.place), seconds)
                    yield message
    finally:
        for child in children.values():
            _kill(child.process)


def _start(context: Any, name: str, call: Call) -> dict[Connection, _Child]:
    pipe, theirs = context.Pipe(duplex=False)
    with theirs:
        process = context.Process(target=_answer, args=(call, theirs))
        process.start()
    return {pipe: _Child(name, process, time.monotonic())}


def _next_message(
    pipe: Connection, child: _Child, ready: Sequence[Any], cell_seconds: float
) -> Place | Outcome | str | None:
    """Message that a child has sent, in words why it will send none, or None while it works."""
    try:
        if pipe in ready:
            message: Place | Outcome | str = pipe.recv()
            return message
        if not child.process.is_alive() and not pipe.poll():  # what it has started may hold the pipe open
            raise EOFError
    except (EOFError, OSError):
        child.process.join(1)
        return describe_ending(child.process.exitcode)
    if child.place and time.monotonic() - child.since > cell_seconds:
        return f"the cell took longer than {cell_seconds:g} s; allow more with --cell-seconds"
    return None


def _failure(reason: str, place: Place | None = None) -> Failure:
    cell, line = place or (None, None)
    return Failure(cell, line, reason, reason)


def _answer(call: Call, pipe: Connection) -> None:
    """Call, in a new process: it leads a session with all that it starts, ends with its parent, and has no input."""
    if hasattr(os, "setsid"):
        os.setsid()
    signal.signal(signal.SIGTERM, partial(_end, os.getpid()))
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what the build itself says stands alone
    answer: Outcome | str
    try:
        answer = call(pipe.send)
    except BaseException as error:
        answer = f"{type(error).__name__}: {error}"
    pipe.send(answer)
    os._exit(0)  # there is nothing to put in order


def _end(report: int, *_: Any) -> None:
    """Handle SIGTERM: of a report's process, which takes with it what it has started, or of a fork of one."""
    if os.getpid() == report:
        _kill_tree(report)
    os._exit(143)


def _kill_tree(pid: int) -> None:
    """Kill everything that a process and its own processes have started, and it itself where it leads a session."""
    with suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):
                child.kill()
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def _kill(process: BaseProcess) -> None:
    assert process.pid is not None
    _kill_tree(process.pid)
    process.kill()
    process.join()


def describe_ending(status: int | None) -> str:
    """An exit status in words."""
    if status == -9:
        return "its process was killed, for want of memory perhaps"
    if status is not None and status < 0:
        return f"its process crashed ({signal.Signals(-status).name})"
    return f"its process ended with status {status}"
