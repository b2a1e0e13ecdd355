"""What a worker does: run a notebook by papermill, render it; a notebook that fails takes nothing else with it."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NoReturn

import psutil

from analysis.publish.environment import enter_environment
from analysis.publish.matrix import Report
from analysis.publish.page import Failure, Outcome, Rendered, Task
from analysis.publish.plain import plain
from analysis.publish.template_process import kill_group

#: Seconds in which what a cell showed must come once it is done. On a busy machine nbclient's own 4 are too few; a
#: kernel that has ended is found out otherwise.
_SAID = 600


def work_in_own_process(line: Connection, scratch: Path) -> None:
    """Work in a process that was started, not forked."""
    enter_environment(scratch)
    work(line, scratch)


def work(line: Connection, scratch: Path) -> NoReturn:
    """Do the calls that come on a line, until it ends: the build's end is this process's, Ctrl-C is the build's affair.

    Each call is answered (value, None) or (None, exception); None is said for every cell begun meanwhile.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _end(scratch))
    calls: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(line, calls, scratch), daemon=True).start()
    from analysis.publish.kernels import PromptClient

    PromptClient.begun = lambda: line.send(None)
    while True:
        line.send(_answer(calls.get()))


def _listen(line: Connection, calls: SimpleQueue[bytes], scratch: Path) -> None:
    try:
        while True:
            calls.put(line.recv_bytes())
    except (EOFError, OSError):
        _end(scratch)


def _end(scratch: Path) -> None:
    """End this worker, and first what it started: an ordinary kernel leads a group with all that it started itself."""
    for child in psutil.Process().children():
        kill_group(child.pid)
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(1)


def _answer(call: bytes) -> tuple[Any, Exception | None]:
    try:
        return pickle.loads(call)(), None
    except Exception as error:
        try:
            return None, pickle.loads(pickle.dumps(error))
        except Exception:  # it cannot be sent: what it says can
            return None, RuntimeError(f"{type(error).__name__}: {error}")


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Import without an optional module. jsonschema takes rfc3987_syntax where it is installed, which then reads a
    grammar for most of a second, to check addresses that a notebook's schema has none of."""
    missing = module not in sys.modules
    if missing:
        sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if missing:
            del sys.modules[module]


def make(task: Task) -> Outcome:
    """Run one notebook and render it; whatever goes wrong is an outcome, not an exception."""
    start = time.perf_counter()
    try:
        with _without("rfc3987_syntax"):
            from analysis.publish.render import render

        result: Rendered | Failure = execute(task.report, task.root)
        if not isinstance(result, Failure):
            result = render(result, task.page)
    except Exception as error:
        result = Failure(None, None, _one_line(error, task.root), plain(traceback.format_exc(), task.root))
    return Outcome(task.report.name, result, round(time.perf_counter() - start, 3))


def execute(report: Report, root: Path) -> Any:
    """Execute a report's notebook with its parameters, in the notebooks' folder.

    Returns
    -------
    NotebookNode, executed; or Failure where a cell raised
    """
    with _without("rfc3987_syntax"):
        import nbformat
        import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from analysis.publish.kernels import OwnKernelManager, PromptClient

    folder = root / "notebooks"
    PromptClient.cells = 0
    source = nbformat.read(folder / f"{report.notebook}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    try:
        return papermill.execute_notebook(
            source,
            None,
            dict(report.parameters),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            log_output=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            cwd=folder,
            kernel_manager_class=OwnKernelManager,
            shutdown_kernel="immediate",
            iopub_timeout=_SAID,
        )
    except PapermillExecutionError as error:
        return _cell_failure(error, source.cells, root)
    except DeadKernelError as error:
        return _kernel_ended(error, source.cells, PromptClient.cells, root)


def _one_line(error: BaseException, root: Path) -> str:
    return plain(f"{type(error).__name__}: {error}", root).strip().partition("\n")[0]


def _kernel_ended(error: BaseException, cells: Sequence[Any], asked: int, root: Path) -> Failure:
    """Failure where the kernel ended, killed for want of memory perhaps, in the cell it was last asked to run."""
    tagged = next(i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", ()))
    before = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells[: tagged + 1])
    number = asked - (asked > before)  # papermill's own cell comes after the tagged one
    told = "the kernel ended; it was killed, for want of memory perhaps, or crashed"
    return Failure(number or None, None, told, plain("".join(traceback.format_exception(error)), root))


def _cell_failure(error: Any, cells: Sequence[Any], root: Path) -> Failure:
    """Failure of a cell, told in the numbers of the notebook as its author sees it: papermill's own cell left out."""
    tagged = next(i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", ()))
    position = error.cell_index - (error.cell_index > tagged)

    def number(index: int) -> int:
        return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells[: index + 1])

    def renumber(found: re.Match[str]) -> str:
        count = int(found[1])
        return f"In[{count - (count > number(tagged))}]"

    text = re.sub(r"\bIn ?\[(\d+)\]", renumber, plain("\n".join(error.traceback), root))
    line = re.search(rf"In\[{number(position)}\], line (\d+)", text)
    told = plain(f"{error.ename}: {error.evalue}", root).strip().partition("\n")[0]
    return Failure(number(position), int(line[1]) if line else None, told, text)
