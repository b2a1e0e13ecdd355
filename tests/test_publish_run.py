"""The order in which reports are made: those that need no shared results while these are computed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from analysis.publish import run, work
from analysis.publish.matrix import Report
from analysis.publish.page import Outcome, Page, Rendered, Task


def task(name: str, *, waits: bool) -> Task:
    """A report of which nothing but its name counts."""
    page = Page.__new__(Page)
    return Task(Report(name, name, ()), page, Path(), waits)


TASKS = [task("first", waits=True), task("overview", waits=False), task("second", waits=True)]


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of reports in the order in which they are made."""
    names: list[str] = []

    def make(task: Task) -> Outcome:
        names.append(task.report.name)
        return Outcome(task.report.name, Rendered({}, "", ""), 0.0)

    monkeypatch.setattr(work, "make", make)
    return names


def test_what_waits_is_made_after_what_is_shared_and_the_rest_meanwhile(made: list[str]) -> None:
    """What is shared has the pool first; it is not ready before the report that does not wait is."""
    ready = threading.Event()

    def share(pool: Executor) -> Callable[[], None]:
        begun = pool.submit(made.append, "begun")

        def rest() -> None:
            begun.result()
            assert ready.wait(10)
            made.append("shared")

        return rest

    said: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        for outcome in run._outcomes(pool, TASKS, share, said.append, SimpleQueue(), lambda: None):
            if outcome.name == "overview":
                ready.set()
    assert ["begun", "overview", "shared"] == made[:3]
    assert ["first", "second"] == sorted(made[3:])
    assert [] == said


def test_nothing_is_shared_where_no_report_waits(made: list[str]) -> None:
    """As where the overview alone is asked for."""

    def share(pool: Executor) -> Callable[[], None]:
        made.append("shared")
        return lambda: None

    with ThreadPoolExecutor(1) as pool:
        list(run._outcomes(pool, TASKS[1:2], share, print, SimpleQueue(), lambda: None))
    assert ["overview"] == made


def _fails(*_: object) -> Callable[[], None]:
    raise ValueError("no table")


@pytest.mark.parametrize("share", [_fails, lambda pool: _fails])
def test_results_that_cannot_be_computed_are_told_and_every_report_is_tried(made: list[str], share: run.Share) -> None:
    """At the beginning or at the end; a report that needs them says in its own place why it fails."""

    said: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        outcomes = list(run._outcomes(pool, TASKS, share, said.append, SimpleQueue(), lambda: None))
    assert {"first", "overview", "second"} == {outcome.name for outcome in outcomes} == set(made)
    assert ["the results that reports share could not be computed: ValueError: no table"] == said
