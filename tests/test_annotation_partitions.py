"""Partitions: named by all that they are made of, measured by this process, processes or a Dask cluster, in order."""

import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest
from compare_features import compare_features
from growing import sample_copy, varied, write_texts
from ministudy import mini_study

from analysis.annotation import partitions
from analysis.annotation.partitions import measure, measuring, partition_name, run_partitions
from analysis.annotation.run import annotate
from analysis.annotation.workfolder import WorkFolder
from analysis.errors import AnalysisError
from analysis.readers import read_texts
from analysis.study import load_study
from analysis.text.gazetteer import Gazetteer


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The study of three texts."""
    return mini_study(tmp_path_factory.mktemp("partitions") / "mini")


@pytest.fixture(scope="module")
def texts(study):
    """Its texts, in English and in Polish."""
    (chunk,) = read_texts(study.folder / "texts.jsonl")
    return chunk.assign(body_kind=["caption", "", ""])


@pytest.fixture(scope="module")
def gazetteer(study):
    """Its actors and labels, pickled."""
    return pickle.dumps(Gazetteer.from_tables(study.actors, study.labels))


def test_whatever_a_partition_is_made_of_that_changes_gives_it_another_name(texts):
    """Any cell, the order of the texts, the instruments; the index of the texts is none of it."""
    names = [partition_name(texts, "x"), partition_name(texts, "y")]
    names += [partition_name(other, "x") for other in (texts[::-1], texts[:2])]
    for column in ("article", "outlet", "language", "published", "url", "source", "title", "body", "body_kind"):
        changed = texts.copy()
        value = changed.loc[1, column]
        changed.loc[1, column] = value + pd.Timedelta(seconds=1) if column == "published" else f"{value}!"
        names.append(partition_name(changed, "x"))
    assert 13 == len(set(names))
    assert names[0] == partition_name(texts.set_axis(range(5, 5 + len(texts))), "x")


class Recorded:
    """Measures once the result is asked for; records what was asked of it."""

    def __init__(self, gazetteer):
        self.gazetteer, self.submitted, self.waiting, self.most = gazetteer, [], 0, 0

    def __call__(self, texts):
        self.submitted.append(texts["article"][0])
        self.waiting += 1
        self.most = max(self.most, self.waiting)

        def result():
            self.waiting -= 1
            return measure(texts, self.gazetteer)

        return result


@pytest.fixture
def single(texts):
    """Six partitions of one article each, the three texts twice under other ids."""
    rows = [texts[at : at + 1].reset_index(drop=True) for at in range(len(texts))]
    return rows + [row.assign(article=row["article"] + "-again") for row in rows]


@pytest.mark.parametrize("pending", [0, 1, 99])
def test_partitions_come_in_order_and_no_more_wait_than_may(pending, single, gazetteer, tmp_path):
    """But for the one whose result is asked for next."""
    submit = Recorded(gazetteer)
    with WorkFolder(tmp_path / "features") as work:
        done = list(run_partitions(iter(single), "x", submit, pending, work))
    articles = [row["article"][0] for row in single]
    assert articles == [features["ARTICLES"]["article"].to_pylist()[0] for features, _ in done] == submit.submitted
    assert min(pending + 1, len(single)) == submit.most
    assert not any(is_kept for _, is_kept in done)


ENVIRONMENT = {**os.environ, "DASK_DISTRIBUTED__WORKER__DAEMON": "False", "DASK_DISTRIBUTED__DASHBOARD__LINK": ""}


@pytest.fixture
def started(tmp_path):
    """started(*arguments): the process of a dask command and the file of what it says; all are ended."""
    processes = []

    def start(*arguments):
        said = tmp_path / f"{len(processes)}.log"
        command = [sys.executable, "-m", "dask", *arguments]
        with said.open("w") as file:
            # The working directory is not the project's: a worker has the library installed, and no files of ours.
            processes.append(
                subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stdout=file, stderr=file, process_group=0)
            )
        return processes[-1], said

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


@pytest.fixture
def scheduler(started):
    """Address of a scheduler without workers."""
    pytest.importorskip("distributed")
    process, said = started("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    for _ in range(300):
        if found := re.search(r"Scheduler at:\s+(tcp://127\.0\.0\.1:\d+)", said.read_text()):
            return found[1]
        assert process.poll() is None, said.read_text()
        time.sleep(0.1)
    raise AssertionError(said.read_text())


def worker(started, address):
    """A worker of one thread, without a nanny who would start it again."""
    return started("worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard")[0]


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_changes_no_value(started, scheduler, tmp_path, monkeypatch):
    """Two workers, 40 partitions; one worker is killed once some partitions are finished."""
    monkeypatch.setattr("analysis.annotation.run.ROWS", 25)
    texts = write_texts(tmp_path / "texts.jsonl", varied(1000))
    local = annotate(texts, load_study(sample_copy(tmp_path / "local")))
    study = load_study(sample_copy(tmp_path / "remote"))
    victim, survivor = worker(started, scheduler), worker(started, scheduler)
    killed_at = []

    def kill():
        parts = study.folder / ".features-unfinished" / "partitions"
        while len(list(parts.glob("*.arrows"))) < 5:
            time.sleep(0.01)
        victim.send_signal(signal.SIGKILL)
        victim.wait(timeout=10)
        killed_at.append(len(list(parts.glob("*.arrows"))))

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    remote = annotate(texts, study, scheduler=scheduler)
    killer.join(timeout=10)
    assert 5 <= killed_at[0] < 40
    assert (-signal.SIGKILL, None) == (victim.returncode, survivor.poll())
    assert (1000, 0) == (remote.articles, remote.kept)
    assert [] == compare_features(local.folder, remote.folder)
    assert not (study.folder / ".features-unfinished").exists()
    manifests = [(one.folder.parent / "articles.csv").read_bytes() for one in (local, remote)]
    assert manifests[0] == manifests[1]


@pytest.mark.slow
def test_a_cluster_without_workers_is_told_and_bounded(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(partitions, "WORKER", 1)
    study = mini_study(tmp_path / "mini")
    with pytest.raises(AnalysisError, match=f"has no worker after 1 s. Start some: dask worker {scheduler}"):
        annotate(study.folder / "texts.jsonl", study, scheduler=scheduler)
    assert not study.features_folder.exists()


@pytest.mark.slow
def test_a_cluster_that_loses_its_scheduler_is_told(started, scheduler, tmp_path, monkeypatch):
    """The scheduler cannot be reached any more while partitions wait; what was finished is kept and used."""
    monkeypatch.setattr("analysis.annotation.run.ROWS", 25)
    monkeypatch.setattr(partitions, "PATIENCE", 30)
    pytest.importorskip("distributed")
    study = load_study(sample_copy(tmp_path / "sample"))
    texts = write_texts(tmp_path / "texts.jsonl", varied(1500))
    parts = study.folder / ".features-unfinished" / "partitions"
    worker(started, scheduler)
    listening = int(scheduler.rpartition(":")[2])

    def kill():
        import psutil

        while len(list(parts.glob("*.arrows"))) < 5:
            time.sleep(0.01)
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == listening:
                os.kill(connection.pid, signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    with pytest.raises(AnalysisError, match="What was finished is kept: run the same command again"):
        annotate(texts, study, scheduler=scheduler)
    again = annotate(texts, study)
    assert again.kept >= 125
    assert 1500 == again.articles


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "reason"), [("tcp://127.0.0.1:1", r"\("), ("tcp://x", "missing port number"), ("", "")]
)
def test_a_scheduler_that_does_not_answer_is_told(monkeypatch, address, reason):
    pytest.importorskip("distributed")
    monkeypatch.setattr(partitions, "CONNECT", 1)
    told = rf"no Dask scheduler answers at '{address}' .*{reason}.*dask scheduler"
    with pytest.raises(AnalysisError, match=told), measuring(1, address, b""):
        pass


def test_without_dask_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    told = r"--scheduler needs Dask: pip install '\.\[cluster\]'\. Or use --jobs"
    with pytest.raises(AnalysisError, match=told), measuring(1, "tcp://127.0.0.1:8786", b""):
        pass


def test_a_worker_with_another_library_is_refused():
    with pytest.raises(AnalysisError, match="is not the one of this machine"):
        measure(None, b"", "another digest")


def _end(_):
    os.kill(os.getpid(), signal.SIGKILL)


class Killer:
    """A partition whose reading ends the process, as for want of memory."""

    def __reduce__(self):
        return _end, (0,)


@pytest.mark.slow
def test_a_process_that_is_lost_is_told_with_what_to_do():
    message = "ended from outside, perhaps for want of memory. What was finished is kept: run the same command again"
    with pytest.raises(AnalysisError, match=message), measuring(2, None, b"") as (submit, pending):
        assert 4 == pending
        submit(Killer())()
