"""Running notebooks: papermill in worker processes; a notebook that fails takes nothing else with it."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from analysis.publish.depends import notebook_modules
from analysis.publish.kernels import OwnKernelManager, PromptClient, enter_environment, one_thread, outside_environment
from analysis.publish.matrix import Report
from analysis.publish.page import Page, Rendered
from analysis.publish.parameters import read_code
from analysis.publish.plain import plain
from analysis.publish.template_process import kill_group
from analysis.publish.warm import template


@dataclass(frozen=True)
class Failure:
    """Why a report could not be made.

    Attributes
    ----------
    cell : int or None, number of the cell as JupyterLab shows it after Run All
    line : int or None, line in that cell
    error : str, the exception in one line
    traceback : str, without colours and machine paths
    """

    cell: int | None
    line: int | None
    error: str
    traceback: str

    @property
    def place(self) -> str:
        """Where it failed, in words."""
        line = "" if self.line is None else f", line {self.line}"
        return "outside its cells" if self.cell is None else f"in cell {self.cell}{line}"


@dataclass(frozen=True)
class Task:
    """A report to make: what to run and what its page says beyond the notebook."""

    report: Report
    page: Page
    root: Path


@dataclass(frozen=True)
class Outcome:
    """What became of a task: its files, or why there are none; seconds it took."""

    name: str
    result: Rendered | Failure
    seconds: float


Outcomes = Generator[Outcome, None, None]
#: Seconds between two looks at what the workers are doing.
_GLANCE = 0.1


def run_all(
    tasks: Sequence[Task],
    *,
    jobs: int,
    first: Callable[[Executor], None] = lambda pool: None,
    cell: Callable[[], None] = lambda: None,
    study: Path | None = None,
) -> Outcomes:
    """Make reports in `jobs` processes; each outcome is handed over as it comes.

    However the build ends, its processes end with it: workers and template wait on pipes that only it holds open.

    Parameters
    ----------
    tasks : sequence of Task
    jobs : int, processes at once
    first : called once before the first notebook, with the pool of processes
    cell : called for each cell begun, now and then rather than at once
    study : folder of the study that the notebooks will load, so that it is loaded once

    Yields
    ------
    Outcome
    """
    if not tasks:
        return
    scratch = _private_folder()
    context = multiprocessing.get_context("spawn")
    lifeline, end = context.Pipe(duplex=False)
    begun = context.SimpleQueue()
    notebooks = {task.root / "notebooks" / f"{task.report.notebook}.ipynb" for task in tasks}
    modules = notebook_modules(source for path in sorted(notebooks) for source in read_code(path))
    try:
        with template(scratch, outside_environment(scratch), modules, study), one_thread():
            pool = ProcessPoolExecutor(min(jobs, len(tasks)), context, _start_worker, (scratch, lifeline, begun))
            try:
                first(pool)
                yield from _outcomes(pool, tasks, begun, cell)
            finally:
                end.close()  # with or without outcomes, at once: workers have nothing to put in order
                pool.shutdown(cancel_futures=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _private_folder() -> Path:
    """A new folder whose sockets have names that fit, 107 bytes: in /tmp where the usual one for such lies too deep."""
    deep = sys.platform.startswith("linux") and len(tempfile.gettempdir()) > 50
    return Path(tempfile.mkdtemp(prefix="castillo-", dir="/tmp" if deep else None))


def _outcomes(pool: Executor, tasks: Sequence[Task], begun: Any, cell: Callable[[], None]) -> Outcomes:
    names = {pool.submit(make, task): task.report.name for task in tasks}
    waiting: set[Future[Outcome]] = set(names)
    while waiting:
        done, waiting = wait(waiting, timeout=_GLANCE, return_when=FIRST_COMPLETED)
        while not begun.empty():
            begun.get()
            cell()
        for future in sorted(done, key=list(names).index):
            error = future.exception()
            yield Outcome(names[future], _crash(error), 0.0) if error is not None else future.result()


def _start_worker(scratch: Path, lifeline: Connection, begun: Any) -> None:
    """Prepare a worker: the build's end is its end, Ctrl-C is the build's affair; import what every task needs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _end(scratch))
    threading.Thread(target=_end_with, args=(lifeline, scratch), daemon=True).start()
    enter_environment(scratch)
    PromptClient.begun = begun
    import papermill

    import analysis.publish.render

    assert papermill and analysis.publish.render


def _end_with(lifeline: Connection, scratch: Path) -> None:
    with suppress(EOFError, OSError):
        lifeline.recv()
    _end(scratch)


def _end(scratch: Path) -> None:
    """End this worker, and first what it started: an ordinary kernel leads a group with all that it started itself."""
    for child in psutil.Process().children():
        kill_group(child.pid)
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(1)


def _crash(error: BaseException) -> Failure:
    return Failure(None, None, "the process that made the report ended", plain(f"{type(error).__name__}: {error}"))


def make(task: Task) -> Outcome:
    """Run one notebook and render it; whatever goes wrong is an outcome, not an exception."""
    from analysis.publish.render import render

    start = time.perf_counter()
    try:
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
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

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
        )
    except PapermillExecutionError as error:
        return _cell_failure(error, source.cells, root)
    except DeadKernelError as error:
        return _kernel_ended(error, source.cells, root)


def _one_line(error: BaseException, root: Path) -> str:
    return plain(f"{type(error).__name__}: {error}", root).strip().partition("\n")[0]


def _kernel_ended(error: BaseException, cells: Sequence[Any], root: Path) -> Failure:
    """Failure where the kernel ended, killed for want of memory perhaps, in the cell it was last asked to run."""
    tagged = next(i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", ()))
    before = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells[: tagged + 1])
    number = PromptClient.cells - (PromptClient.cells > before)  # papermill's own cell comes after the tagged one
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
