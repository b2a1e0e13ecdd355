"""Processes of a build: a warm one that has imported and loaded what reports need, and a fork of it for each report.

The build starts the warm process in the environment of reports, early, so that it imports while the build still reads
and checks. It gives it one order through a pipe and reads what becomes of each report from another. The warm process
has one thread and nothing open when it forks. Where a process cannot be forked safely, each report has a process
started anew and an ordinary kernel.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from analysis.errors import BuildError
from analysis.publish.environment import report_environment, shorten_imports
from analysis.publish.pool import Call, Place, Pool, describe_ending
from analysis.publish.reports import Failure, Outcome, Rendered, Report

#: Modules that every report needs sooner or later.
MODULES = (
    *("analysis.publish.render", "analysis.results", "numpy", "pandas", "scipy.stats", "pyarrow.parquet"),
    *("pyarrow.dataset", "pandas.io.parquet", "matplotlib.pyplot", "matplotlib.backends.backend_svg"),
    *("matplotlib.backends.backend_agg", "IPython.core.completerlib", "IPython.extensions.storemagic"),
)
#: Time limit of a cell: the longest of a study of a million articles takes minutes.
CELL_SECONDS = 3600.0
_START = "from analysis.publish.processes import main; main()"


@dataclass(frozen=True)
class Task:
    """A report to make: its page, the project, and whether it needs the results that reports share."""

    report: Report
    page: Mapping[str, Any]
    root: Path
    waits: bool = False


@dataclass(frozen=True)
class Order:
    """Everything a warm process is asked to do."""

    tasks: tuple[Task, ...]
    jobs: int
    study: Path  # that the notebooks load
    modules: tuple[str, ...] = ()  # that they import
    share: bool = False  # whether the results that tasks wait for are to be computed first
    kernel: bool = False  # whether notebooks run in ordinary kernels
    cell_seconds: float = CELL_SECONDS


class WarmProcess:
    """The build's side of the warm process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process, self.ordered = process, False

    def run(self, order: Order) -> Iterator[Outcome | str | None]:
        """An Outcome for each task; None for each cell begun; a text where shared results could not be computed."""
        assert self.process.stdin is not None and self.process.stdout is not None
        missing, self.ordered = len(order.tasks), True
        try:
            pickle.dump(order, self.process.stdin)
            self.process.stdin.flush()
            while missing:
                message = pickle.load(self.process.stdout)
                missing -= isinstance(message, Outcome)
                yield message
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise BuildError(
                f"reports could not be made: {describe_ending(self.process.wait())}. {missing} are still to do. "
                "It needs memory, files and processes: see ulimit -a, or build with --jobs 1."
            ) from error


@contextmanager
def started() -> Iterator[WarmProcess]:
    """Context with a warm process, which ends with it: that process watches the build's end of its pipe."""
    with tempfile.TemporaryDirectory(prefix="castillo-", ignore_cleanup_errors=True) as scratch:
        command = [sys.executable, "-c", _START, scratch]
        environment, pipe = report_environment(Path(scratch)), subprocess.PIPE
        try:  # in a session of its own: Ctrl-C is the build's affair
            process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, cwd=scratch, env=environment, start_new_session=True
            )
        except OSError as error:
            raise BuildError(f"no process can be started ({error.strerror}). Nothing was built.") from error
        warm = WarmProcess(process)
        try:
            yield warm
        finally:
            if not warm.ordered:  # still importing, with nothing to put in order
                process.kill()
            with suppress(OSError):
                process.communicate()


def main() -> None:
    """Import, read an order, import and load what it needs, carry it out; end with the build."""
    scratch, answers = Path(sys.argv.pop()), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with suppress(ValueError):
        sys.path.remove("")  # a notebook's path starts with its own folder
    _import(MODULES)
    with suppress(Exception):  # a report that needs it will say why it fails
        _warm_up(scratch)
    with suppress(EOFError, BrokenPipeError):  # the build has ended
        order: Order = pickle.load(sys.stdin.buffer)
        _import(order.modules)
        with suppress(Exception):
            _load(order.study)
        tasks = Path("/proc/self/task")  # threads, those of native libraries included
        threads = len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()
        gc.collect()
        gc.freeze()
        forking = sys.platform.startswith("linux") and threads == 1
        for message in carry_out(order, forking=forking, build=sys.stdin.buffer, private=(answers,)):
            pickle.dump(message, answers)
            answers.flush()
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)  # taking apart all that was imported would only cost time


def _import(modules: Iterable[str]) -> None:
    shorten_imports()
    for name in modules:
        with suppress(Exception):  # a report will meet it again, and say so
            importlib.import_module(name)


def _warm_up(scratch: Path) -> None:
    """Do once what each report would do first: make a shell, compile schemas, templates and lexers, find the fonts."""
    import io

    import nbformat
    from matplotlib.figure import Figure

    from analysis.publish.engine import shell
    from analysis.publish.render import PAYLOAD, render

    profile = scratch / "ipython" / "profile_default"  # of ordinary kernels
    (profile / "startup").mkdir(parents=True)
    describe = "__import__('analysis.publish.environment', fromlist=['x']).describe_plots()\n"
    (profile / "startup" / "describe_plots.py").write_text(describe)
    # No message says that they listen on this machine.
    (profile / "ipython_kernel_config.json").write_text('{"IPKernelApp": {"log_level": 40}}')
    shell()
    new: Any = nbformat.v4
    data = {"text/html": "<p>a</p>", "text/plain": "a", PAYLOAD: {"kind": "table", "csv": "a"}}
    code = new.new_code_cell("import a  # b\n'c' + f'{1}'", outputs=[new.new_output("display_data", data)])
    notebook = new.new_notebook(cells=[new.new_markdown_cell("# A\n\n## B\n\n- *c* `d` [e](f)"), code])
    nbformat.validate(notebook)
    names = "report study study_title subject banner parameters digest versions warnings"
    render(notebook, dict.fromkeys(names.split(), ""))
    figure = Figure()
    figure.subplots().set_title("a")
    figure.savefig(io.BytesIO(), format="svg")


def _load(folder: Path) -> None:
    """Load a study so that reports have it at hand, with the text that most cells ask for."""
    from analysis.study import preload
    from analysis.study.selection import select

    if (study := preload(folder)) and not study.only_coded:
        for language in (None, *study.settings.languages):
            select(study, language=language)


def carry_out(
    order: Order, *, forking: bool, build: BinaryIO | None = None, private: tuple[BinaryIO, ...] = ()
) -> Iterator[Outcome | str | None]:
    """Messages of `WarmProcess.run`; reports that wait come after the shared results, the others meanwhile."""
    from analysis.publish.render import make

    work = partial(make, kernel=order.kernel or not forking)
    tasks: list[Call] = [(task.report.name, partial(work, task)) for task in order.tasks]
    waiting = {task.report.name for task in order.tasks if order.share and task.waits}
    later = [call for call in tasks if call[0] in waiting]
    calls = deque(call for call in tasks if call[0] not in waiting)
    if later:
        calls.appendleft(("", partial(_share, order.study, order.jobs)))
    pool = Pool(calls, order.jobs, "fork" if forking else "spawn", order.cell_seconds, build, private)
    for outcome in pool.run():
        if outcome is None or outcome.name:
            yield outcome
        else:
            if isinstance(outcome.result, Failure):
                yield f"the results that reports share could not be computed: {outcome.result.error}"
            calls += later


def _share(study: Path, jobs: int, at: Callable[[Place], object]) -> Outcome:
    """Compute the results that reports share, in several processes; they are kept in the project's cache."""
    from concurrent.futures import ProcessPoolExecutor

    from analysis.results import study_results
    from analysis.study import load_study

    with ProcessPoolExecutor(jobs) as pool:
        study_results(load_study(study), pool=pool if jobs > 1 else None)
    return Outcome("", Rendered({}, "", ""), 0.0)
