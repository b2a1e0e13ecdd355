"""Processes of a build: it imports and loads what reports need, and forks itself for each of them.

It has one thread and nothing open when it forks. Where a process cannot be forked safely, or was not started in the
environment of reports, each report has a process started anew.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from analysis.publish.environment import is_entered, report_environment, shorten_imports
from analysis.publish.pool import Place, run_calls
from analysis.publish.reports import Failure, Outcome, Rendered, Report

#: Modules that every report needs sooner or later.
MODULES = (
    *("analysis.publish.render", "analysis.results", "numpy", "pandas", "scipy.stats", "pyarrow.parquet"),
    *("pyarrow.dataset", "pandas.io.parquet", "matplotlib.pyplot", "matplotlib.backends.backend_svg"),
    *("matplotlib.backends.backend_agg", "IPython.core.completerlib", "IPython.extensions.storemagic"),
)


@dataclass(frozen=True)
class Task:
    """A report to make, its page, and the project."""

    report: Report
    page: Mapping[str, Any]
    root: Path


def make_reports(
    tasks: Sequence[Task],
    *,
    study: Path,
    scratch: Path,
    jobs: int,
    modules: Iterable[str] = (),
    share: bool = False,
    kernel: bool = False,
    cell_seconds: float = 3600.0,  # the longest of a study of a million articles takes minutes
) -> Generator[Outcome | str | None]:
    """An Outcome for each task; None for each cell begun; a text where shared results could not be computed.

    The notebooks load `study`, a folder, and import `modules`; Jupyter and IPython write into `scratch`. `share` has
    the results that reports share computed before them; `kernel` runs notebooks in ordinary kernels.
    """
    with report_environment(scratch):
        if kernel:
            _configure_kernels(scratch)
        method = "fork" if _can_fork(study, modules) else "spawn"
        run = partial(run_calls, jobs=jobs, method=method, cell_seconds=cell_seconds)
        from analysis.publish.render import make

        if share:
            for outcome in run({"results": partial(_share, study, jobs)}):
                if outcome and isinstance(outcome.result, Failure):
                    yield f"the results that reports share could not be computed: {outcome.result.error}"
        yield from run({task.report.name: partial(make, task, kernel=kernel) for task in tasks})


def _configure_kernels(scratch: Path) -> None:
    """Have ordinary kernels show figures and frames so as well, and not say that they listen on this machine."""
    (profile := scratch / "ipython" / "profile_default").mkdir(parents=True, exist_ok=True)
    show = "__import__('analysis.publish.displays', fromlist=['x']).show_as_reports()"
    options = {"IPKernelApp": {"log_level": 40}, "InteractiveShellApp": {"exec_lines": [show]}}
    (profile / "ipython_kernel_config.json").write_text(json.dumps(options))


def _can_fork(study: Path, modules: Iterable[str]) -> bool:
    """True where this process may be forked, and has been made ready for it."""
    shorten_imports()
    if not (sys.platform.startswith("linux") and is_entered()):
        return False
    steps: list[Callable[[], object]] = [partial(importlib.import_module, name) for name in (*MODULES, *modules)]
    steps += [warm_up, partial(_load, study)]
    for step in steps:
        with suppress(Exception):  # a report will meet it again, and say so
            step()
    gc.collect()
    gc.freeze()
    return len(list(Path("/proc/self/task").iterdir())) == 1  # threads, those of native libraries included


def warm_up() -> None:
    """Do once what each report would do first: make a shell, compile schemas, templates and lexers, find the fonts."""
    import io

    import nbformat
    from matplotlib.figure import Figure

    from analysis.publish.engine import shell
    from analysis.publish.render import PAYLOAD, render

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


def _share(study: Path, jobs: int, at: Callable[[Place], object]) -> Outcome:
    """Compute the results that reports share, in several processes; they are kept in the project's cache."""
    from concurrent.futures import ProcessPoolExecutor

    from analysis.results import study_results
    from analysis.study import load_study

    with ProcessPoolExecutor(jobs) as pool:
        study_results(load_study(study), pool=pool if jobs > 1 else None)
    return Outcome("", Rendered({}, "", ""), 0.0)
