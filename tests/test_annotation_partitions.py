"""Partitions: named by all that they are made of, kept whole or not at all, given back as they were."""

import os
import pickle
import subprocess
import sys
import time
from contextlib import suppress

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ministudy import TEXTS, mini_study

from analysis import tables
from analysis.annotation.executors import SerialExecutor
from analysis.annotation.features import Facts, Recipe, chunk_features
from analysis.annotation.partitions import WorkFolder, measure, run_partitions, task, unpack
from analysis.errors import AnalysisError
from analysis.readers import read_texts
from analysis.text.gazetteer import Gazetteer

KNOWN = {"herald-1": Facts("feed", "caption")}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The study of three texts."""
    return mini_study(tmp_path_factory.mktemp("partitions") / "mini")


@pytest.fixture(scope="module")
def texts(study):
    """Its texts, in English and in Polish."""
    (chunk,) = read_texts(study.folder / "texts.jsonl")
    return chunk


@pytest.fixture(scope="module")
def recipe(study):
    """What they are measured with."""
    return Recipe(Gazetteer.from_tables(study.actors, study.labels), KNOWN)


def _name(texts, known=KNOWN, made_with="x"):
    return task(texts, known, made_with).name


@pytest.mark.parametrize("column", ["article", "outlet", "language", "published", "url", "source", "title", "body"])
def test_any_cell_of_the_texts_that_changes_gives_another_partition(texts, column):
    changed = texts.copy()
    value = changed.loc[1, column]
    changed.loc[1, column] = value + pd.Timedelta(seconds=1) if column == "published" else f"{value}!"
    assert _name(texts) == _name(texts.copy())
    assert _name(texts) != _name(changed)


def test_so_do_the_order_of_the_texts_the_facts_of_an_article_and_the_instruments(texts):
    others = {
        _name(texts),
        _name(texts[::-1].reset_index(drop=True)),
        _name(texts[:2]),
        _name(texts, {}),
        _name(texts, {"herald-1": Facts("feed", "summary")}),
        _name(texts, made_with="y"),
    }
    assert 6 == len(others)


def test_facts_of_articles_elsewhere_change_nothing(texts):
    """A row added to the manifest makes no partition of other articles new; nor does the index of the texts."""
    assert _name(texts) == _name(texts, {**KNOWN, "other-1": Facts("page", "full")})
    assert _name(texts) == _name(texts.set_axis(range(5, 5 + len(texts))))


def test_where_the_manifest_does_not_know_an_article_its_text_decides(texts):
    expected = {"herald-1": Facts("feed", "caption"), "herald-2": Facts("feed", ""), "kurier-1": Facts("text", "")}
    assert expected == task(texts, KNOWN, "x").facts


def test_what_is_measured_elsewhere_is_what_is_measured_here(texts, recipe):
    """Through pickles and packed tables, as between processes."""
    one = task(texts, KNOWN, "x")
    found = unpack(measure(pickle.dumps(one), pickle.dumps(recipe.gazetteer)))
    expected = chunk_features(texts, recipe)
    assert list(expected) == list(found)
    for name, table in expected.items():
        assert table.to_pylist() == found[name].to_pylist(), name
        assert table.schema.equals(found[name].schema), name
    assert len(TEXTS) == found[tables.ARTICLES.name].num_rows


def _names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_after_all_is_done_nothing_is_left(tmp_path):
    with WorkFolder(tmp_path / "features") as work:
        assert "one" not in work
        work.write("one", b"data")
        assert "one" in work
        assert ["lock", "one.arrows"] == _names(tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_after_an_interruption_what_was_finished_is_found_again(tmp_path, texts, recipe):
    data = measure(pickle.dumps(task(texts, KNOWN, "x")), pickle.dumps(recipe.gazetteer))
    with pytest.raises(KeyboardInterrupt), WorkFolder(tmp_path / "features") as work:
        work.write("one", data)
        raise KeyboardInterrupt
    with WorkFolder(tmp_path / "features") as work:
        assert "one" in work
        assert unpack(data) == work.read("one")


def test_after_an_interruption_before_anything_was_finished_nothing_is_left(tmp_path):
    with pytest.raises(KeyboardInterrupt), WorkFolder(tmp_path / "features"):
        raise KeyboardInterrupt
    assert [] == list(tmp_path.iterdir())


def test_a_partition_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    """Written under another name, flushed to the disk, then renamed; what a killed run left half is thrown away."""

    def full(descriptor):
        raise OSError(28, "No space left on device")

    message = r"features cannot be written \(No space left on device\)\. Mend that, or name another folder\."
    with pytest.raises(AnalysisError, match=message), WorkFolder(tmp_path / "features") as work:
        work.write("whole", b"whole")
        monkeypatch.setattr(os, "fsync", full)
        work.write("half", b"half")
    monkeypatch.undo()
    (work.folder / "partitions" / ".castillo-1").write_bytes(b"ha")
    with WorkFolder(tmp_path / "features") as work:
        assert ("whole" in work, "half" in work) == (True, False)
        assert ["lock", "whole.arrows"] == _names(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, texts, recipe):
    """A work folder in use with a finished partition: the folder, the partition's file and its bytes."""
    data = measure(pickle.dumps(task(texts, KNOWN, "x")), pickle.dumps(recipe.gazetteer))
    with WorkFolder(tmp_path_factory.mktemp("finished") / "features") as work:
        work.write("one", data)
        path = work.folder / "partitions" / "one.arrows"
        yield work, path, path.read_bytes()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_with_a_byte_that_is_not_as_it_was_written_is_no_partition(finished, data):
    """Cut anywhere, or with bytes flipped, taken out or put in anywhere: never tables, never an error of Arrow."""
    work, path, written = finished
    at = data.draw(st.integers(0, len(written) - 1))
    kind = data.draw(st.sampled_from(["cut", "flip", "out", "in"]))
    changed = bytes([written[at] ^ data.draw(st.integers(1, 255))])
    tails = {"cut": b"", "flip": changed + written[at + 1 :], "out": written[at + 1 :], "in": changed + written[at:]}
    before = work.damaged
    path.write_bytes(written[:at] + tails[kind])
    assert work.read("one") is None
    assert before + 1 == work.damaged
    path.write_bytes(written)
    assert work.read("one") is not None


def test_a_file_under_another_name_or_no_file_is_no_partition(finished):
    work, path, written = finished
    path.with_stem("two").write_bytes(written)
    path.with_stem("three").mkdir()
    assert [None] * 3 == [work.read(name) for name in ("two", "three", "four")]


def test_a_folder_is_one_process_s_at_a_time_and_free_again_when_that_is_killed(tmp_path):
    program = (
        "import pathlib, sys, time; from analysis.annotation.partitions import WorkFolder\n"
        "with WorkFolder(pathlib.Path(sys.argv[1])) as work: work.write('one', b'x'); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "features")])
    for _ in range(300):
        if (tmp_path / ".features-unfinished" / "partitions" / "one.arrows").exists():
            break
        time.sleep(0.05)
    with (
        pytest.raises(AnalysisError, match=r"another castillo annotate is writing .*features\. Wait for it, or name"),
        WorkFolder(tmp_path / "features"),
    ):
        pass
    process.kill()
    process.wait()
    with WorkFolder(tmp_path / "features") as work:
        assert "one" in work


@pytest.mark.parametrize("place", ["", "partitions", "lock", "tables", "partitions/one.arrows"])
def test_a_symlink_planted_where_the_work_is_done_leads_nowhere(tmp_path, place):
    """It is refused, or it alone is deleted; what it leads to stays."""
    secret = tmp_path / "elsewhere"
    (secret / "tables").mkdir(parents=True)
    (secret / "kept").write_text("kept")
    path = tmp_path / "study" / ".features-unfinished" / place
    path.parent.mkdir(parents=True)
    path.symlink_to(secret / "kept" if place.endswith(("lock", ".arrows")) else secret)
    with suppress(AnalysisError), WorkFolder(tmp_path / "study" / "features") as work:
        work.write("one", b"data")
        assert work.read("two") is None
    assert ["kept", "tables"] == sorted(path.name for path in secret.iterdir())
    assert "kept" == (secret / "kept").read_text()


class Recorded:
    """Submits in this process once the result is asked for; records what was asked of it."""

    def __init__(self, gazetteer):
        self.gazetteer, self.submitted, self.waiting, self.most = gazetteer, [], 0, 0

    def __call__(self, packed):
        self.submitted.append(pickle.loads(packed).name)
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        self.packed = packed
        return _Later(self, packed)


class _Later:
    def __init__(self, recorded, packed):
        self.recorded, self.packed = recorded, packed

    def result(self):
        self.recorded.waiting -= 1
        return measure(self.packed, self.recorded.gazetteer)


@pytest.fixture
def gazetteer(recipe):
    """The actors and labels of the mini study, pickled."""
    return pickle.dumps(recipe.gazetteer)


@pytest.fixture
def tasks(texts):
    """Six partitions of one article each, the three texts twice under other ids."""
    rows = [texts[at : at + 1].reset_index(drop=True) for at in range(len(texts))]
    rows += [row.assign(article=row["article"] + "-again") for row in rows]
    return [task(row, KNOWN, "x") for row in rows]


@pytest.mark.parametrize("pending", [0, 1, 4, 99])
def test_partitions_come_in_the_order_of_the_tasks_and_no_more_wait_than_may(pending, tasks, gazetteer, tmp_path):
    """But for the one whose result is asked for next."""
    submit = Recorded(gazetteer)
    with WorkFolder(tmp_path / "features") as work:
        done = list(run_partitions(iter(tasks), submit, pending, work))
        assert all(one.name in work for one in tasks)
    articles = [tables["ARTICLES"]["article"].to_pylist()[0] for tables, _ in done]
    assert [one.texts["article"][0] for one in tasks] == articles
    assert [one.name for one in tasks] == submit.submitted
    assert min(pending + 1, len(tasks)) == submit.most
    assert [False] * 6 == [kept for _, kept in done]


def test_what_an_earlier_run_has_measured_is_not_asked_for_and_what_is_damaged_is(tasks, gazetteer, tmp_path):
    """Each is kept before the next is given, so whoever stops in between loses none."""

    def submit(packed):
        return SerialExecutor().submit(measure, packed, gazetteer)

    with WorkFolder(tmp_path / "features") as work:
        first = []
        for done in run_partitions(tasks[:4], submit, 0, work):
            first.append(done)
            assert [number < len(first) for number in range(6)] == [one.name in work for one in tasks]
        path = work.folder / "partitions" / f"{tasks[2].name}.arrows"
        path.write_bytes(path.read_bytes()[:3000])
        recorded = Recorded(gazetteer)
        found = list(run_partitions(tasks, recorded, 2, work))
        assert [True, True, False, True, False, False] == [kept for _, kept in found]
        assert {tasks[number].name for number in (2, 4, 5)} == set(recorded.submitted)
        assert [tables for tables, _ in first] == [tables for tables, _ in found[:4]]
