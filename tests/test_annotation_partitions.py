"""Partitions measured by processes or a Dask cluster: the same values, and every loss is told with what to do."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from compare_features import compare_features
from growing import sample_copy, varied, write_texts
from ministudy import mini_study

from analysis.annotation import partitions
from analysis.annotation.partitions import measure, measuring
from analysis.annotation.run import annotate
from analysis.errors import AnalysisError
from analysis.study import load_study

KEPT = "What was finished is kept: run the same command again."
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


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ImportError("analysis"), "has a worker without castillo-coverage (analysis): install it there"),
        (AnalysisError("too old"), "has a worker that cannot be used: too old. Install the same there"),
        (OSError("closed"), "was lost"),
    ],
)
def test_what_goes_wrong_on_a_cluster_is_told_with_what_was_kept(error, expected):
    pytest.importorskip("distributed")
    (future := Future()).set_exception(error)
    with pytest.raises(AnalysisError) as raised:
        partitions._cluster_result(future, None, "tcp://x:1")
    assert f"the Dask cluster at tcp://x:1 {expected}. {KEPT}" == str(raised.value)


@pytest.mark.parametrize(
    ("workers", "expected"), [({}, "has had no worker for 0.05 s"), ({"tcp://y:1": 1}, "gave no result for 0.2 s")]
)
def test_a_cluster_that_loses_all_workers_is_told_sooner_than_one_that_is_slow(monkeypatch, workers, expected):
    pytest.importorskip("distributed")
    assert (60, 900) == (partitions.WORKER, partitions.PATIENCE)
    monkeypatch.setattr(partitions, "WORKER", 0.05)
    monkeypatch.setattr(partitions, "PATIENCE", 0.2)
    with pytest.raises(AnalysisError) as raised:
        partitions._cluster_result(Future(), SimpleNamespace(nthreads=lambda: workers), "tcp://x:1")
    assert f"the Dask cluster at tcp://x:1 {expected}. {KEPT}" == str(raised.value)


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
