"""annotate killed with SIGKILL at random moments and started again: no article lost, none counted twice."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pandas as pd
import psutil
import pytest
from click.testing import CliRunner
from compare_features import compare_features
from growing import sample_copy, varied, write_texts

from analysis import tables
from analysis.annotation import partitions
from analysis.annotation.run import annotate
from analysis.cli import main
from analysis.study import load_study

ARTICLES, ROWS = 400, 10
CODE = """
import sys
import analysis.annotation.run
from analysis.study import load_study
analysis.annotation.run.ROWS = int(sys.argv[3])
if __name__ == "__main__":
    done = analysis.annotation.run.annotate(sys.argv[1], load_study(sys.argv[2]), jobs=int(sys.argv[4]))
    print(done.articles, done.kept)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("jobs", "times"), [(1, 9), (2, 4)])
def test_killed_at_random_moments_and_started_again(tmp_path, jobs, times, monkeypatch):
    """meta.json holds the digests of the tables: they are the same to the byte, in partitions of one size."""
    monkeypatch.setattr("analysis.annotation.run.ROWS", ROWS)
    texts = write_texts(tmp_path / "texts.jsonl", varied(ARTICLES))
    whole = annotate(texts, load_study(sample_copy(tmp_path / "whole")))
    study = sample_copy(tmp_path / "study")
    script = tmp_path / "killed.py"
    script.write_text(CODE)
    parts = study / ".features-unfinished" / "partitions"
    chance, kills, finished, children = random.Random(jobs), 0, [0], []
    for _ in range(60):
        command = [sys.executable, str(script), str(texts), str(study), str(ROWS), str(jobs)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        # Killed at a random moment after it has finished something, or, one time in four, before.
        more = 0 if chance.random() < 0.25 else chance.randint(1, 4)
        wanted, pause = finished[-1] + more, chance.uniform(0, 0.02)
        while process.poll() is None and kills < times:
            if len(list(parts.glob("*.arrows"))) >= wanted:
                time.sleep(pause if more else chance.uniform(0, 0.8))
                with suppress(psutil.NoSuchProcess):
                    children += psutil.Process(process.pid).children(recursive=True)
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.005)
        said, _ = process.communicate(timeout=120)
        if process.returncode == 0:
            break
        assert -signal.SIGKILL == process.returncode
        kills += 1
        finished.append(len(list(parts.glob("*.arrows"))))
    assert times - 1 <= kills
    assert f"{ARTICLES} {ROWS * finished[-1]}\n" == said
    features = load_study(study).features(tables.ARTICLES)
    assert ARTICLES == len(features) == features["article"].nunique()
    assert [] == compare_features(whole.folder, study / "features")
    assert (whole.folder.parent / "articles.csv").read_bytes() == (study / "articles.csv").read_bytes()
    assert (whole.folder / "meta.json").read_bytes() == (study / "features" / "meta.json").read_bytes()
    assert not list(study.glob(".*"))
    assert bool(children) == (jobs > 1)
    assert [] == psutil.wait_procs(children, timeout=30)[1]  # processes of those that were killed end with them


def stopped(monkeypatch, after):
    """Have measuring fail after so many partitions; the list of those that were measured."""
    measure, done = partitions.measure, []

    def measured(*given):
        if len(done) == after:
            raise KeyboardInterrupt
        done.append(1)
        return measure(*given)

    monkeypatch.setattr(partitions, "measure", measured)
    return done


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """A study of 40 texts whose annotating was interrupted after 3 of 4 partitions; its file of texts."""
    monkeypatch.setattr("analysis.annotation.run.ROWS", 10)
    texts = write_texts(tmp_path / "texts.jsonl", varied(40))
    study = load_study(sample_copy(tmp_path / "study"))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stopped(patch, 3)
        annotate(texts, study)
    return study, texts


def test_what_was_finished_is_not_measured_again(interrupted, monkeypatch, tmp_path):
    study, texts = interrupted
    assert ["lock", "partitions"] == sorted(path.name for path in (study.folder / ".features-unfinished").iterdir())
    measured = stopped(monkeypatch, 10)
    result = annotate(texts, study)
    assert (40, 30, 1) == (result.articles, result.kept, len(measured))
    assert [] == compare_features(annotate(texts, study, output=tmp_path / "whole").folder, result.folder)
    assert not (study.folder / ".features-unfinished").exists()


def test_a_changed_text_is_measured_again(interrupted):
    study, texts = interrupted
    rows = texts.read_text(encoding="utf-8").splitlines(keepends=True)
    rows[12] = rows[12].replace('"body": "', '"body": "Another beginning. ')
    texts.write_text("".join(rows), encoding="utf-8")
    assert 20 == annotate(texts, study).kept


@pytest.mark.parametrize("changed", ["actors", "library", "body_kind"])
def test_what_changed_beside_the_texts_is_measured_again(interrupted, monkeypatch, changed):
    study, texts = interrupted
    expected = 0
    if changed == "actors":
        with (study.folder / "actors.csv").open("a", encoding="utf-8") as file:
            file.write("new-one,person,New One,en,New One,exact,,\n")
    elif changed == "library":
        monkeypatch.setattr("analysis.annotation.run.measuring_code", lambda: "another")
    else:
        frame = pd.read_json(texts, lines=True)
        first = frame["article"].iloc[15]
        row = f"{first},{frame['outlet'].iloc[15]},en,2022-12-07T15:00:00Z,publisher,,text,news,,caption\n"
        with (study.folder / "articles.csv").open("a", encoding="utf-8") as file:
            file.write(row)
        expected = 20
    assert expected == annotate(texts, load_study(study.folder)).kept


def test_damaged_partitions_are_measured_again_that_is_said_and_the_features_are_the_same(interrupted, tmp_path):
    """To the byte. One was cut, one has a flipped byte."""
    study, texts = interrupted
    cut, flipped, _ = sorted((study.folder / ".features-unfinished" / "partitions").iterdir())
    os.truncate(cut, 5000)
    written = bytearray(flipped.read_bytes())
    written[3000] ^= 1
    flipped.write_bytes(written)
    done = CliRunner().invoke(main, ["annotate", str(texts), "--study", str(study.folder), "--jobs", "1"])
    assert 0 == done.exit_code
    told = ("10 of them had been measured before", "2 finished partitions of an interrupted run were damaged: measured")
    assert all(line in done.output for line in told)
    whole = annotate(texts, load_study(sample_copy(tmp_path / "undamaged"))).folder
    assert {path.name: path.read_bytes() for path in whole.iterdir()} == {
        path.name: path.read_bytes() for path in study.features_folder.iterdir()
    }
