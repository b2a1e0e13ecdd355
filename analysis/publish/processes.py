"""Processes of a build: it imports and loads what reports need, and forks itself for each of them.

It has one thread and nothing open when it forks. Where a process cannot be forked safely each report has one started
anew. One that dies or hangs is a failure of its report alone.
"""

import ctypes
import gc
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import psutil

from analysis.paths import release_memory
from analysis.publish.environment import report_environment, shorten_imports
from analysis.publish.reports import Failure, Outcome
from analysis.study import Study, preload

#: Number of a cell, and a line in it, where they are known.
Place = tuple[int | None, int | None]
#: Work for a process, called with a function that takes each place it comes to; of a cell that begins without a line.
Call = Callable[[Callable[[Place], object]], Any]
#: Seconds between two looks at processes that say nothing.
_GLANCE = 0.2
#: Modules that every report needs sooner or later; they import the others.
_MODULES = ("analysis.publish.render", "analysis.results", "pyarrow.dataset", "IPython.core.completerlib")


def prepare(modules: Iterable[str]) -> None:
    """Import in this process what reports need, so that those forked from it have it.

    `modules` are what notebooks import of the library. Templates and lexers are compiled once, which takes a report
    half a second.
    """
    shorten_imports()
    steps: list[Callable[[], object]] = [partial(importlib.import_module, name) for name in (*_MODULES, *modules)]
    for step in (*steps, warm_up):
        with suppress(Exception):  # a report will meet it again, and say so
            step()
    _freeze()


def _freeze() -> None:
    """Give back what loading took and needs no more, and keep the rest where processes forked from here share it."""
    release_memory()
    gc.freeze()


def warm_up() -> None:
    """Make a shell and an example of a page."""
    import nbformat

    from analysis.publish.engine import shell
    from analysis.publish.render import PAYLOAD, render

    shell()
    new: Any = nbformat.v4
    data = {"text/html": "<p>a</p>", "text/plain": "a", PAYLOAD: {"kind": "table", "csv": "a"}}
    code = new.new_code_cell("import a  # b", outputs=[new.new_output("display_data", data)])
    names = "report study study_title subject banner parameters digest versions warnings"
    render(new.new_notebook(cells=[new.new_markdown_cell("# A"), code]), dict.fromkeys(names.split(), ""))


def load(study: Study, *, words: bool = False) -> None:
    """Have a study at hand for reports, with the text that most cells ask for; with `words` those of all comparisons.

    What cannot be read a report will meet again, and say so.
    """
    from analysis.results.measures import language_of
    from analysis.study import selection

    with suppress(Exception):
        if not (study := preload(study)).only_coded:
            for language in (None, *study.settings.languages):
                selection.select(study, language=language)
            for outlet in study.tested if words else ():
                language = language_of(study, outlet)
                for variant in selection.variants_of(study, outlet):
                    selection.words(selection.select(study, variant, language=language), language=language)
            vars(study.store).pop("terms", None)  # counted; nothing else asks for them
    _freeze()


def compute_shared(study: Path, jobs: int, at: Callable[[Place], object]) -> None:
    """Compute the results that reports share, in several processes; they are kept in the project's cache."""
    from concurrent.futures import ProcessPoolExecutor

    from analysis.results import study_results
    from analysis.study import load_study

    with ProcessPoolExecutor(jobs) as pool:
        study_results(load_study(study), pool=pool if jobs > 1 else None)


def configure_kernels(jupyter: Path) -> None:
    """Have ordinary kernels show figures and frames so as well, and not say that they listen on this machine."""
    (profile := jupyter / "ipython" / "profile_default").mkdir(parents=True, exist_ok=True)
    show = "__import__('analysis.publish.displays', fromlist=['x']).show_as_reports()"
    options = {"IPKernelApp": {"log_level": 40}, "InteractiveShellApp": {"exec_lines": [show]}}
    (profile / "ipython_kernel_config.json").write_text(json.dumps(options))


@dataclass
class _Child:
    """A process, the end of the pipe that it sends to, and how far it has come."""

    name: str
    process: Any
    pipe: Connection
    begun: float
    place: Place = (None, None)
    since: float = float("inf")  # when its cell began


def run_calls(
    calls: Mapping[str, Call],
    jobs: int,
    jupyter: Path,
    *,
    cell_seconds: float = 3600.0,  # the longest of a study of a million articles takes minutes
    on_cell: Callable[[], object] = lambda: None,
) -> Generator[Outcome | None]:
    """None once the first calls have begun, then the Outcome of each, given by name, as they come.

    Each runs in a process of its own, `jobs` at once; `on_cell` is called for each cell begun. Jupyter and IPython
    write into a folder, `jupyter`.
    """
    tasks = Path("/proc/self/task")  # threads, those of native libraries included
    context: Any = get_context("fork" if tasks.is_dir() and len(list(tasks.iterdir())) == 1 else "spawn")
    waiting, running, has_begun = list(calls.items()), list[_Child](), False
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                name, call = waiting.pop(0)
                pipe, theirs = context.Pipe(duplex=False)
                with theirs:
                    process = context.Process(target=_answer, args=(name, call, jupyter, theirs))
                    process.start()
                running.append(_Child(name, process, pipe, time.monotonic()))
            if not has_begun:
                has_begun = True
                yield None
            wait([child.pipe for child in running], timeout=_GLANCE)
            for child in list(running):
                if outcome := _listen(child, cell_seconds, on_cell):
                    running.remove(child)
                    _kill(child.process)
                    yield outcome
    finally:
        for child in running:
            _kill(child.process)


def _answer(name: str, call: Call, jupyter: Path, pipe: Any) -> None:
    """Call, in a new process: it leads a session with all that it starts, ends with its parent, and has no input."""
    begun = time.perf_counter()
    if hasattr(os, "setsid"):
        os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what the build itself says stands alone
    folders = dict.fromkeys(("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"), str(jupyter))
    os.environ |= {**report_environment(), **folders, "IPYTHONDIR": str(jupyter / "ipython")}
    try:
        pipe.send(Outcome(name, call(pipe.send), round(time.perf_counter() - begun, 3)))
    except BaseException as error:
        pipe.send(f"{type(error).__name__}: {error}")
    os._exit(0)  # there is nothing to put in order


def _listen(child: _Child, cell_seconds: float, on_cell: Callable[[], object]) -> Outcome | None:
    """Outcome of a child, a failure where it ended without one or takes too long; None while it works."""
    message: Any = None
    is_alive, now = child.process.is_alive(), time.monotonic()
    with suppress(EOFError, OSError):  # what a dead process has started may hold the pipe open, or not
        while child.pipe.poll() and not isinstance(message, Outcome | str):
            message = child.pipe.recv()
            if isinstance(message, tuple):
                child.place = message
                if message[1] is None:
                    child.since = now
                    on_cell()
    if isinstance(message, Outcome):
        return message
    if not (is_alive or isinstance(message, str)):
        message = _describe_ending(child.process.exitcode)
    elif now - child.since > cell_seconds:
        message = f"the cell took longer than {cell_seconds:g} s; allow more with --cell-seconds"
    if isinstance(message, str):
        return Outcome(child.name, Failure(*child.place, message, message), round(now - child.begun, 3))
    return None


def _kill(process: Any) -> None:
    """Kill a process and everything that it and its own processes have started."""
    with suppress(psutil.Error):
        for started in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):
                started.kill()
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _describe_ending(status: int | None) -> str:
    """An exit status in words."""
    if status == -signal.SIGKILL:
        return "its process was killed, for want of memory perhaps"
    if status is not None and status < 0:
        return f"its process crashed ({signal.Signals(-status).name})"
    return f"its process ended with status {status}"
