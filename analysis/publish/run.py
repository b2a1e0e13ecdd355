"""Making reports in several processes at once; each outcome is handed over as it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from analysis.dependencies import notebook_modules
from analysis.publish.page import Failure, Outcome, Task
from analysis.publish.parameters import read_code
from analysis.publish.plain import plain
from analysis.publish.template import Template, started
from analysis.publish.workers import Workers

Outcomes = Generator[Outcome, None, None]
Share = Callable[[Executor], Callable[[], object]]
#: Seconds between two looks at what the workers are doing.
_GLANCE = 0.1


def run_all(
    tasks: Sequence[Task],
    *,
    jobs: int,
    share: Share = lambda pool: lambda: None,
    echo: Callable[[str], None] = lambda line: None,
    cell: Callable[[], None] = lambda: None,
    study: Path | None = None,
    template: Template | None = None,
) -> Outcomes:
    """Make reports in `jobs` processes; each outcome is handed over as it comes.

    However the build ends, its processes end with it: workers and template wait on lines that only it holds open.

    Parameters
    ----------
    tasks : sequence of Task
    jobs : int, processes at once
    share : called once with the pool of processes, which it has begin with what the tasks that wait share; what it
        returns waits for that and does the rest, while other tasks run
    echo : told where that fails: the reports that need it will say why
    cell : called for each cell begun, now and then rather than at once
    study : folder of the study that the notebooks will load, so that it is loaded once
    template : Template started before; one is started here where None

    Yields
    ------
    Outcome
    """
    if not tasks:
        return
    begun: SimpleQueue[None] = SimpleQueue()
    with started() if template is None else nullcontext(template) as own:
        notebooks = {task.root / "notebooks" / f"{task.report.notebook}.ipynb" for task in tasks}
        own.prepare(notebook_modules(source for path in sorted(notebooks) for source in read_code(path)), study)
        with Workers(min(jobs, len(tasks)), own, lambda: begun.put(None)) as pool:
            try:
                yield from _outcomes(pool, tasks, share, echo, begun, cell)
            finally:
                pool.shutdown(cancel_futures=True)  # with or without outcomes, at once


def _outcomes(
    pool: Executor,
    tasks: Sequence[Task],
    share: Share,
    echo: Callable[[str], None],
    begun: SimpleQueue[None],
    cell: Callable[[], None],
) -> Outcomes:
    from analysis.publish.work import make

    later = [task for task in tasks if task.waits]
    aside, first = ThreadPoolExecutor(1), threading.Event()
    sharing = aside.submit(_shared, share, pool, first) if later else None
    aside.shutdown(wait=False)  # it ends by itself, with the pool at the latest
    if sharing is not None:
        first.wait()  # so that other tasks fill the time in which it waits for its last calls
    names = {pool.submit(make, task): task.report.name for task in tasks if not task.waits}
    waiting: set[Future[Any]] = {*names, *([sharing] if sharing else [])}
    while waiting:
        done, waiting = wait(waiting, timeout=_GLANCE, return_when=FIRST_COMPLETED)
        while not begun.empty():
            begun.get()
            cell()
        if sharing is not None and sharing in done:
            done.remove(sharing)
            if (error := sharing.exception()) is not None:
                echo(f"the results that reports share could not be computed: {type(error).__name__}: {error}")
            now = {pool.submit(make, task): task.report.name for task in later}
            names |= now
            waiting |= set(now)
        for future in sorted(done, key=list(names).index):
            error = future.exception()
            yield Outcome(names[future], _crash(error), 0.0) if error is not None else future.result()


def _shared(share: Share, pool: Executor, first: threading.Event) -> None:
    try:
        rest = share(pool)
    finally:
        first.set()
    rest()


def _crash(error: BaseException) -> Failure:
    return Failure(None, None, "the process that made the report ended", plain(f"{type(error).__name__}: {error}"))
