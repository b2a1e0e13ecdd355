"""Making one report: its notebook run by papermill, then rendered; whatever goes wrong is its failure alone."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from analysis.publish.engine import ENGINE
from analysis.publish.pages import Task
from analysis.publish.pool import Place
from analysis.publish.render import plain, render
from analysis.publish.reports import Failure, Outcome, Rendered, Report

#: Seconds in which what a cell shows must come once it is done; nbclient's own 4 are too few on a busy machine.
IOPUB_TIMEOUT = 600
#: Error of a report whose kernel is gone.
ENDED = "the kernel ended; it was killed, for want of memory perhaps, or crashed"


def make(task: Task, at: Callable[[Place], object], *, kernel: bool = False) -> Outcome:
    """Files of a report, or its failure.

    Parameters
    ----------
    task : Task
    at : called with the place of each statement, or in a kernel of each cell, before it runs
    kernel : bool, run it in an ordinary kernel rather than in this process
    """
    start = time.perf_counter()
    np.random.seed()  # as in a new process; the random module does this by itself
    try:
        result: Rendered | Failure = _execute(task.report, task.root, at, kernel)
        if not isinstance(result, Failure):
            result = render(result, task.page)
    except Exception as error:
        result = Failure(None, None, _one_line(error, task.root), plain(traceback.format_exc(), task.root))
    return Outcome(task.report.name, result, round(time.perf_counter() - start, 3))


def _execute(report: Report, root: Path, at: Callable[[Place], object], kernel: bool) -> Any:
    """A report's notebook, executed in the notebooks' folder; Failure where a cell raised or the kernel ended."""
    folder = root / "notebooks"
    source = nbformat.read(folder / f"{report.notebook}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    place: Place = (0, None)

    def begun(index: int, line: int | None = None) -> None:
        nonlocal place
        place = _number(source.cells, index), line
        at(place)

    options: dict[str, Any] = {"engine_name": ENGINE, "at": begun}
    if kernel:
        options = {"on_cell_start": lambda cell, cell_index: begun(cell_index), "iopub_timeout": IOPUB_TIMEOUT}
    try:
        return papermill.execute_notebook(
            source,
            None,
            dict(report.parameters),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            cwd=folder,
            **options,
        )
    except PapermillExecutionError as error:
        return _failure(error, source.cells, root, place[1])
    except DeadKernelError:
        return Failure(*place, ENDED, ENDED)


def _number(cells: Sequence[Any], index: int) -> int:
    """Number that JupyterLab shows after Run All for a cell of the executed notebook; papermill's own has none."""
    before = cells[: index - (index > _tagged(cells)) + 1]
    return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in before)


def _tagged(cells: Sequence[Any]) -> int:
    return next(i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", ()))


def _failure(error: Any, cells: Sequence[Any], root: Path, statement: int | None) -> Failure:
    """Failure of a cell, in the numbers of the notebook as its author sees it; the line is the innermost known."""
    number, parameters = _number(cells, error.cell_index), _number(cells, _tagged(cells))

    def renumber(found: re.Match[str]) -> str:
        count = int(found[1])
        return f"In[{count - (count > parameters)}]"

    text = re.sub(r"\bIn ?\[(\d+)\]", renumber, plain("\n".join(error.traceback), root))
    line = re.search(rf"In\[{number}\], line (\d+)", text)
    message = plain(f"{error.ename}: {error.evalue}", root).strip().partition("\n")[0]
    return Failure(number, int(line[1]) if line else statement, message, text)


def _one_line(error: BaseException, root: Path) -> str:
    return plain(f"{type(error).__name__}: {error}", root).strip().partition("\n")[0]
