"""Workers: what a call gives or raises comes back, one that ends takes only its own call with it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.publish import template
from analysis.publish.workers import WorkerEnded, Workers

pytestmark = pytest.mark.slow
KINDS = ("forked", "started") if sys.platform.startswith("linux") else ("started",)


HERE = str(Path(__file__).parent)


class Unsendable(Exception):
    """Cannot be made again from its text alone."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def fail(kind: str) -> None:
    """Raise in a worker."""
    raise KeyError("north") if kind == "plain" else Unsendable("one", "two")


@pytest.fixture(params=KINDS)
def pool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    """One worker, forked from a template or started as a process of its own."""
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setenv("PYTHONPATH", HERE)
    if request.param == "started":
        monkeypatch.setattr(template, "can_fork", lambda scratch: False)
    with template.started() as own:
        own.prepare([], None)
        with Workers(1, own, lambda: None) as workers:
            yield workers
            workers.shutdown()


def test_calls_are_answered_in_the_environment_of_kernels(pool: Workers) -> None:
    """In another process, which stays; what they raise is raised here, or told where it cannot be sent."""
    here, there = os.getpid(), pool.submit(os.getpid).result(60)
    assert here != there
    assert [there, there] == [pool.submit(os.getpid).result(60) for _ in range(2)]
    assert ["0", "UTC", "1"] == list(pool.map(os.getenv, ["PYTHONHASHSEED", "TZ", "OMP_NUM_THREADS"]))
    with pytest.raises(KeyError, match="north"):
        pool.submit(fail, "plain").result(60)
    with pytest.raises(RuntimeError, match="Unsendable: one and two"):
        pool.submit(fail, "other").result(60)
    assert there == pool.submit(os.getpid).result(60)


def test_a_worker_that_ends_takes_only_its_own_call_with_it(pool: Workers) -> None:
    """Another takes its place for those that wait."""
    first = pool.submit(os.getpid)
    dead, after = pool.submit(os._exit, 1), pool.submit(os.getpid)
    with pytest.raises(WorkerEnded, match="killed, for want of memory perhaps"):
        dead.result(60)
    assert first.result(60) != after.result(60)


def test_shutdown_ends_workers_at_their_work(pool: Workers) -> None:
    """At once; the call is told that its worker ended."""
    pid = pool.submit(os.getpid).result(60)
    busy = pool.submit(time.sleep, 600)
    pool.shutdown()
    with pytest.raises(WorkerEnded):
        busy.result(60)
    with pytest.raises(ProcessLookupError):
        for _ in range(600):
            os.kill(pid, 0)
            time.sleep(0.1)
