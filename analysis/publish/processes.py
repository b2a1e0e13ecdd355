"""Processes of a build: a warm one that has imported and loaded what reports need, and a child of it for each report.

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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from analysis.errors import BuildError
from analysis.publish.environment import quick_jsonschema, report_environment
from analysis.publish.pages import Task
from analysis.publish.pool import Call, Ended, Place, Pool, describe_ending
from analysis.publish.reports import Failure, Outcome

#: Modules that every report needs sooner or later.
MODULES = (
    *("analysis.publish.execution", "analysis.results", "numpy", "pandas", "scipy.stats", "pyarrow.parquet"),
    *("pyarrow.dataset", "pandas.io.parquet", "matplotlib.pyplot", "matplotlib.backends.backend_svg"),
    *("matplotlib.backends.backend_agg", "IPython.core.completerlib", "IPython.extensions.storemagic"),
)
#: Time limit of a cell: the longest of a study of a million articles takes minutes.
CELL_SECONDS = 3600.0
_START = "from analysis.publish.processes import main; main()"


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
        """An Outcome for each task of an order; None for each cell begun; a text where sharing failed.

        Raises
        ------
        BuildError
            Where the warm process ends before all is done.
        """
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
    """Context with a warm process, which ends with it: that process watches the build's end of its pipe.

    Raises
    ------
    BuildError
        Where no process can be started.
    """
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
    with suppress(EOFError, BrokenPipeError):  # the build has ended
        order: Order = pickle.load(sys.stdin.buffer)
        _import(order.modules)
        with suppress(Exception):  # a report that needs it will say why it fails
            _configure_kernels(scratch)
            _prepare(order)
        forking = sys.platform.startswith("linux") and count_threads() == 1
        gc.collect()
        gc.freeze()
        for message in carry_out(order, forking=forking, build=sys.stdin.buffer, private=(answers,)):
            pickle.dump(message, answers)
            answers.flush()
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)  # taking apart all that was imported would only cost time


def _import(modules: Iterable[str]) -> None:
    with quick_jsonschema():
        for name in modules:
            with suppress(Exception):  # a report will meet it again, and say so
                importlib.import_module(name)


def _prepare(order: Order) -> None:
    """Do once what each report would do first: load the study, find the fonts, read the templates."""
    import io

    from matplotlib.figure import Figure

    from analysis.publish.render import exporter
    from analysis.study import preload
    from analysis.study.selection import select

    exporter()
    figure = Figure()
    figure.subplots().set_title("a")
    figure.savefig(io.BytesIO(), format="svg")
    if study := preload(order.study):
        for language in (None, *study.settings.languages):  # the text most cells ask for
            select(study, language=language)


def _configure_kernels(scratch: Path) -> None:
    """Settings of ordinary kernels: plots are described, and no message says that they listen on this machine."""
    profile = scratch / "ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    describe = "__import__('analysis.publish.environment', fromlist=['x']).describe_plots()\n"
    (profile / "startup" / "describe_plots.py").write_text(describe)
    (profile / "ipython_kernel_config.json").write_text('{"IPKernelApp": {"log_level": 40}}')


def count_threads() -> int:
    """Threads of this process, those of native libraries included where the system tells."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()


def carry_out(
    order: Order, *, forking: bool, build: BinaryIO | None = None, private: tuple[BinaryIO, ...] = ()
) -> Iterator[Outcome | str | None]:
    """Make the reports of an order; those that wait come after the shared results, the others meanwhile.

    Yields
    ------
    Outcome of a task; None for a cell begun; str where the shared results could not be computed
    """
    from analysis.publish.execution import make

    work = partial(make, kernel=order.kernel or not forking)
    later = [Call(task.report.name, partial(work, task)) for task in order.tasks if order.share and task.waits]
    names = {call.name for call in later}
    calls = deque(Call(t.report.name, partial(work, t)) for t in order.tasks if t.report.name not in names)
    if later:
        calls.appendleft(Call("", partial(_share, order.study, order.jobs)))
    pool = Pool(calls, order.jobs, "fork" if forking else "spawn", order.cell_seconds, build, private)
    for call, message in pool.run():
        if isinstance(message, tuple):
            if message[1] is None:
                yield None
        elif call.name:
            yield _outcome(call.name, message)
        else:
            if isinstance(message, Ended):
                yield f"the results that reports share could not be computed: {message.reason}"
            calls += later


def _outcome(name: str, message: Outcome | Ended) -> Outcome:
    if isinstance(message, Outcome):
        return message
    cell, line = message.place or (None, None)
    return Outcome(name, Failure(cell, line, message.reason, message.reason), round(message.seconds, 3))


def _share(study: Path, jobs: int, at: Callable[[Place], object]) -> None:
    """Compute the results that reports share, in several processes; they are kept in the project's cache."""
    from concurrent.futures import ProcessPoolExecutor

    from analysis.results import study_results
    from analysis.study import load_study

    with ProcessPoolExecutor(jobs) as pool:
        study_results(load_study(study), pool=pool if jobs > 1 else None)
