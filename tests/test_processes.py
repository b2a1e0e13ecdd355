"""Partitions in order, whoever measures them: each once, each kept, no more asked for at once than there is room."""

import os
import pickle
import signal

import pytest
from test_partitions import KNOWN, recipe, study, texts  # noqa: F401 (fixtures)

from analysis.annotation import processes
from analysis.annotation.cluster import Cluster
from analysis.annotation.partitions import WorkFolder, measured, task
from analysis.annotation.processes import Here, Processes, measured_in_order, workers_for
from analysis.errors import AnalysisError


class Recorded:
    """Measures when the result is asked for, as others would meanwhile; records what was asked of it."""

    def __init__(self, room, gazetteer):
        self.room, self.gazetteer, self.submitted, self.waiting, self.most = room, gazetteer, [], 0, 0

    def submit(self, name, packed):
        self.submitted.append(name)
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        return packed

    def result(self, packed):
        self.waiting -= 1
        return measured(packed, self.gazetteer)


@pytest.fixture
def gazetteer(recipe):  # noqa: F811
    """The actors and labels of the mini study, pickled."""
    return pickle.dumps(recipe.gazetteer)


@pytest.fixture
def tasks(texts):  # noqa: F811
    """Six partitions of one article each, the three texts twice under other ids."""
    rows = [texts[at : at + 1].reset_index(drop=True) for at in range(len(texts))]
    rows += [row.assign(article=row["article"] + "-again") for row in rows]
    return [task(row, KNOWN, "x") for row in rows]


def _articles(found):
    return [tables["ARTICLES"]["article"].to_pylist()[0] for tables, _ in found]


@pytest.mark.parametrize("room", [0, 1, 4, 99])
def test_partitions_come_in_the_order_of_the_tasks_and_no_more_wait_than_there_is_room(
    room, tasks, gazetteer, tmp_path
):
    """But for the one whose result is asked for next."""
    workers = Recorded(room, gazetteer)
    with WorkFolder(tmp_path / "features") as work:
        found = list(measured_in_order(iter(tasks), workers, work))
        assert all(one.name in work for one in tasks)
    assert [one.texts["article"][0] for one in tasks] == _articles(found)
    assert [one.name for one in tasks] == workers.submitted
    assert min(room + 1, len(tasks)) == workers.most
    assert [False] * 6 == [kept for _, kept in found]


def test_what_an_earlier_run_has_measured_is_not_asked_for_and_what_is_damaged_is(tasks, gazetteer, tmp_path):
    with WorkFolder(tmp_path / "features") as work:
        first = list(measured_in_order(tasks[:4], Here(gazetteer), work))
        path = work.folder / "partitions" / f"{tasks[2].name}.arrows"
        path.write_bytes(path.read_bytes()[:3000])
        workers = Recorded(2, gazetteer)
        found = list(measured_in_order(tasks, workers, work))
        assert [True, True, False, True, False, False] == [kept for _, kept in found]
        assert {tasks[number].name for number in (2, 4, 5)} == set(workers.submitted)
        assert 3 == len(workers.submitted)
        assert [tables for tables, _ in first] == [tables for tables, _ in found[:4]]
        assert [True] * 6 == [kept for _, kept in measured_in_order(tasks, Recorded(0, b""), work)]


def test_each_partition_is_kept_before_the_next_is_given(tasks, gazetteer, tmp_path):
    """So whoever stops in between loses none."""
    with WorkFolder(tmp_path / "features") as work:
        for done, _ in enumerate(measured_in_order(tasks, Here(gazetteer), work), start=1):
            assert [number < done for number in range(6)] == [one.name in work for one in tasks]


def test_who_measures_is_chosen_by_jobs_and_scheduler():
    assert [Here, Processes, Cluster, Cluster] == [
        type(workers_for(jobs, scheduler, b""))
        for jobs, scheduler in ((1, None), (2, None), (1, "tcp://192.0.2.1:1"), (2, "tcp://192.0.2.1:1"))
    ]
    assert (0, 6) == (Here(b"").room, Processes(3, b"").room)


def _killed(task, gazetteer):
    """In a process of the pool: ended as for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_processes_measure_what_this_one_does_and_one_lost_is_told_with_what_to_do(
    tasks, gazetteer, tmp_path, monkeypatch
):
    with WorkFolder(tmp_path / "here") as work:
        expected = list(measured_in_order(tasks, Here(gazetteer), work))
    with WorkFolder(tmp_path / "there") as work, Processes(2, gazetteer) as workers:
        assert expected == list(measured_in_order(tasks, workers, work))
    monkeypatch.setattr(processes, "measured", _killed)
    message = "ended from outside, perhaps for want of memory. What was finished is kept: run the same command again"
    with Processes(1, gazetteer) as workers:
        asked = workers.submit("x", b"")
        with pytest.raises(AnalysisError, match=message):
            workers.result(asked)
        with pytest.raises(AnalysisError, match=message):
            workers.submit("y", b"")
