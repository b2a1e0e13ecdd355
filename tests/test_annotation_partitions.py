"""Partitions measured by this process, by several or by a Dask cluster, killed or refused: the same features."""

import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, repeat
from pathlib import Path

import pandas as pd
import psutil
import pytest
from compare_features import compare_features
from growing import sample_copy, varied, write_texts
from ministudy import mini_study

from analysis.annotation import partitions, run
from analysis.annotation.partitions import measuring
from analysis.annotation.run import annotate
from analysis.errors import AnalysisError
from analysis.study import load_study

pytestmark = pytest.mark.slow
KEPT = r"What was finished is kept: run the same command again"


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A file of 60 texts."""
    return write_texts(tmp_path_factory.mktemp("texts") / "texts.jsonl", varied(60))


@pytest.fixture(scope="module")
def whole(texts, tmp_path_factory):
    """Features of the 60 texts, measured without an interruption, in partitions of ten."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "ROWS", 10)
        return annotate(texts, load_study(sample_copy(tmp_path_factory.mktemp("whole") / "study"))).folder


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The sample without features, to be annotated in partitions of ten."""
    monkeypatch.setattr(run, "ROWS", 10)
    return load_study(sample_copy(tmp_path / "study"))


def killed(texts, study, jobs, finished):
    """Annotate in a process that is killed once so many partitions are finished; the processes that it had started."""
    process = multiprocessing.get_context("fork").Process(target=annotate, args=(texts, study), kwargs={"jobs": jobs})
    process.start()
    while process.is_alive() and len(list(study.folder.glob(".features-unfinished/*.arrows"))) < finished:
        time.sleep(0.001)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.join(timeout=60)
    assert -signal.SIGKILL == process.exitcode
    return children


@pytest.mark.parametrize(("jobs", "times"), [(1, (1, 3)), (2, (1,))])
def test_killed_and_started_again_no_article_is_lost_and_none_counted_twice(texts, study, whole, jobs, times):
    """To the byte: meta.json holds the digests of the tables."""
    children = list(chain.from_iterable(killed(texts, study, jobs, finished) for finished in times))
    result = annotate(texts, study, jobs=jobs)
    assert 60 == result.articles
    assert 10 * times[-1] <= result.kept < 60
    for path in whole.iterdir():
        assert path.read_bytes() == (result.folder / path.name).read_bytes(), path.name
    assert (whole.parent / "articles.csv").read_bytes() == (study.folder / "articles.csv").read_bytes()
    assert not list(study.folder.glob(".*"))
    # Processes of those that were killed end with them.
    assert [] == psutil.wait_procs(children, timeout=30)[1]


@pytest.fixture
def interrupted(texts, study, monkeypatch):
    """A study whose annotating was interrupted after 3 of 6 partitions; its file of texts."""
    measure, done = partitions.measure, []

    def stopped(*given, **more):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(1)
        return measure(*given, **more)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(partitions, "measure", stopped)
        annotate(texts, study)
    assert 3 == len(list(study.folder.glob(".features-unfinished/*.arrows")))
    assert not study.features_folder.exists()
    return study, texts


@pytest.mark.parametrize(("changed", "kept"), [("text", 20), ("actors", 0), ("library", 0), ("body_kind", 20)])
def test_what_its_features_are_made_of_has_changed_is_measured_again(interrupted, monkeypatch, tmp_path, changed, kept):
    study, texts = interrupted
    rows = texts.read_text(encoding="utf-8").splitlines(keepends=True)
    if changed == "text":
        rows[12] = rows[12].replace('"body": "', '"body": "Another beginning. ')
        texts = tmp_path / "changed.jsonl"
        texts.write_text("".join(rows), encoding="utf-8")
    elif changed == "actors":
        with (study.folder / "actors.csv").open("a", encoding="utf-8") as file:
            file.write("new-one,person,New One,en,New One,exact,,\n")
    elif changed == "library":
        monkeypatch.setattr(run, "measuring_code", lambda: "another")
    else:
        frame = pd.read_json(texts, lines=True)
        with (study.folder / "articles.csv").open("a", encoding="utf-8") as file:
            article = f"{frame['article'][15]},{frame['outlet'][15]},en,2022-12-07T15:00:00Z"
            file.write(f"{article},publisher,,text,news,,caption\n")
    assert kept == annotate(texts, load_study(study.folder)).kept


def test_a_partition_that_cannot_be_read_is_measured_again(interrupted, whole):
    study, texts = interrupted
    cut, empty, _ = sorted(study.folder.glob(".features-unfinished/*.arrows"))
    os.truncate(cut, 5000)
    os.truncate(empty, 0)
    result = annotate(texts, study)
    assert 10 == result.kept
    assert [] == compare_features(whole, result.folder)


def test_a_disk_that_is_full_is_told_and_what_was_finished_is_kept(texts, study, monkeypatch):
    """While the new tables are moved: without meta.json old and new ones together do not count."""
    replace, moved = Path.replace, []

    def full(path, target):
        if path.suffix == ".parquet":
            moved.append(path)
        if len(moved) == 3:
            raise OSError(28, "No space left on device")
        return replace(path, target)

    with monkeypatch.context() as patch, pytest.raises(AnalysisError) as raised:
        patch.setattr(Path, "replace", full)
        annotate(texts, study)
    assert not (study.features_folder / "meta.json").exists()
    told = f"{study.features_folder} cannot be written (No space left on device). Mend that, or name another folder."
    assert told == str(raised.value)
    assert 60 == annotate(texts, load_study(study.folder)).kept


def test_a_process_that_is_lost_is_told_with_what_to_do():
    message = f"ended from outside, perhaps for want of memory. {KEPT}, with fewer --jobs"
    with pytest.raises(AnalysisError, match=message), measuring(2, None, b"") as (_, pending):
        assert 4 == pending
        raise BrokenProcessPool


@pytest.fixture
def cluster():
    """cluster(workers): address of a Dask scheduler in this process."""
    distributed = pytest.importorskip("distributed")
    started = []

    def start(workers):
        options = {"n_workers": workers, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
        started.append(distributed.LocalCluster(**options, protocol="tcp://"))
        return started[-1].scheduler_address

    yield start
    for each in started:
        each.close(timeout=5)


def test_a_cluster_measures_the_same(cluster, texts, study, whole):
    assert [] == compare_features(whole, annotate(texts, study, scheduler=cluster(1)).folder)


def test_a_cluster_without_workers_is_told(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(partitions, "WORKER", 0.1)
    study, address = mini_study(tmp_path / "mini"), cluster(0)
    with pytest.raises(AnalysisError, match=rf"has no worker after 0\.1 s\. Start some: dask worker {address}"):
        annotate(study.folder / "texts.jsonl", study, scheduler=address)
    assert not list(study.folder.glob("*features*"))


@pytest.mark.parametrize(
    ("error", "reason"), [(None, "is not the one of this machine"), (ImportError("No module"), "No module")]
)
def test_a_worker_that_cannot_measure_is_told_with_what_it_needs(cluster, texts, study, monkeypatch, error, reason):
    """Another library's code would give other values without a word."""
    codes = chain(["here"], repeat("there"))

    def code():
        if error and (found := next(codes)) == "there":
            raise error
        return found if error else next(codes)

    monkeypatch.setattr(partitions, "measuring_code", code)
    told = rf"did not measure a partition \(.*{reason}.*\)\. Each worker needs memory for it, and this .*\. {KEPT}\."
    with pytest.raises(AnalysisError, match=told):
        annotate(texts, study, scheduler=cluster(1))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "tcp://x", ""])
def test_a_scheduler_that_does_not_answer_is_told(monkeypatch, address):
    pytest.importorskip("distributed")
    monkeypatch.setattr(partitions, "CONNECT", 0.2)
    told = rf"no Dask scheduler answers at '{address}' \(.+\)\. Start one with `dask scheduler`"
    with pytest.raises(AnalysisError, match=told), measuring(1, address, b""):
        pass


def test_without_dask_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    told = r"--scheduler needs Dask: pip install '\.\[cluster\]'\. Or use --jobs"
    with pytest.raises(AnalysisError, match=told), measuring(1, "tcp://127.0.0.1:8786", b""):
        pass
