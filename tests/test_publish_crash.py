"""A build that is killed, or that cannot write: what is there is old or new, and the next build completes it."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from publishing import PARAMETERS, SHOW, make_project, write_notebook

from analysis import publish
from analysis.errors import BuildError
from analysis.study import load_study

REPORTS = '[[reports]]\nnotebook = "plain"\n[[reports]]\nnotebook = "outlet"\neach = "outlet"\n'
#: A build that runs nothing: its pages hold the version given, so many times that writing them takes a while.
BUILD = """
import sys
from analysis import study
from analysis.publish import builder
from analysis.publish.reports import Outcome, Rendered
from contextlib import nullcontext

class Quick:
  def run(self, order):
    for task in order.tasks:
        name = task.report.name
        files = {f"{name}{end}": f"{name}{end} {sys.argv[1]} ".encode() * 9000 for end in (".html", ".a.csv", ".b.csv")}
        yield Outcome(name, Rendered(files, name, f"{name} says {sys.argv[1]}"), 1.0)

builder.started = lambda: nullcontext(Quick())
loaded = study.load_study("tiny")
print("ready", flush=True)
builder.build(loaded, force=True)
"""
KILLS = 12


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with three reports."""
    made = make_project(tmp_path / "project", REPORTS)
    write_notebook(made, "outlet", ["# Outlet", SHOW], PARAMETERS + '\noutlet: str = "north"')
    return made


def start(root: Path, version: str) -> subprocess.Popen[str]:
    """A build, at the moment when it begins to write."""
    command = [sys.executable, "-c", BUILD, version]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "ready" == process.stdout.readline().strip()
    return process


def tree(root: Path) -> dict[str, bytes]:
    """Files of the reports by name."""
    return {path.name: path.read_bytes() for path in (root / "reports" / "tiny").iterdir()}


@pytest.mark.slow
def test_a_killed_build_leaves_old_or_new(root: Path, tmp_path: Path) -> None:
    """At random moments, each file is whole and of one of the two versions; the next build ends as if never killed."""
    whole = {}
    for version in ("old", "new"):
        made = tmp_path / version
        shutil.copytree(root, made)
        begun = time.monotonic()
        assert 0 == start(made, version).wait(60)
        took, whole[version] = time.monotonic() - begun, tree(made)
    assert 0 == start(root, "old").wait(60)
    moments, unfinished = random.Random(7), 0
    for kill in range(KILLS):
        process = start(root, "new" if kill % 2 == 0 else "old")
        time.sleep(moments.uniform(0, took / 2))
        process.kill()
        unfinished += process.wait(60) != 0
        for name, data in tree(root).items():
            if name not in ("index.html", "manifest.json") and not name.startswith("."):
                assert data in (whole["old"][name], whole["new"][name]), name
    assert unfinished
    assert 0 == start(root, "new").wait(60)
    # A manifest is renewed by castillo verify --write alone.
    assert {**whole["new"], "manifest.json": whole["old"]["manifest.json"]} == tree(root)


def test_a_folder_that_cannot_be_written_is_one_clear_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the reports, or of the cache; nothing is begun."""
    monkeypatch.chdir(root)
    (root / "file").write_text("")
    with pytest.raises(BuildError, match=r"cannot write to .*file/tiny: .*Nothing was built"):
        publish.build(load_study("tiny"), output=root / "file")
    (root / ".cache").rename(root / "aside")
    (root / ".cache").write_text("")
    with pytest.raises(BuildError, match=r"cannot write .*\.cache.*\. Nothing was built\."):
        publish.build(load_study("tiny"))


def test_symlinks_planted_in_the_output_or_the_cache_are_not_followed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file's is replaced by the report; a folder's stops the build before anything is written."""
    monkeypatch.chdir(root)
    precious, away = root.parent / "precious", root.parent / "away"
    precious.write_text("mine")
    away.mkdir()
    output = root.parent / "planted"
    (output / "tiny").mkdir(parents=True)
    (output / "tiny" / "index.html").symlink_to(precious)
    publish.build(load_study("tiny"), output=output)
    assert "mine" == precious.read_text()
    assert not (output / "tiny" / "index.html").is_symlink()
    (root.parent / "other").mkdir()
    (root.parent / "other" / "tiny").symlink_to(away)
    with pytest.raises(BuildError, match="its symlink leads out of"):
        publish.build(load_study("tiny"), output=root.parent / "other")
    shutil.rmtree(root / ".cache/castillo/tiny")
    (root / ".cache/castillo/tiny").symlink_to(away)
    with pytest.raises(BuildError, match="its symlink leads out of"):
        publish.build(load_study("tiny"))
    assert [] == list(away.iterdir())
