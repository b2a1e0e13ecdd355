"""Building: what is run and why, what is kept, what is the same to the byte."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from multiprocessing import Process
from pathlib import Path
from types import SimpleNamespace

import pytest
from publishing import PARAMETERS, SHOW, make_project, write_features, write_notebook

from analysis import publish
from analysis.dependencies import Code
from analysis.errors import BuildError
from analysis.publish import builder, environment
from analysis.publish.files import lock, write
from analysis.publish.processes import Order
from analysis.publish.reports import Failure, Outcome, Rendered
from analysis.study import Study, load_study

TWO = '[[reports]]\nnotebook = "plain"\n[[reports]]\nnotebook = "outlet"\neach = "outlet"\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three reports; the working directory is in it."""
    made = make_project(tmp_path / "project", TWO)
    write_notebook(made, "outlet", ["# Outlet", SHOW], PARAMETERS + '\noutlet: str = "north"')
    monkeypatch.chdir(made / "notebooks")
    monkeypatch.setattr(builder.Build, "_share", lambda self: False)
    # Editing modules while the tests run makes nothing stale.
    code = Code({"analysis/errors.py": "1", "analysis/paths.py": "1"}, {"numpy": "1"})
    monkeypatch.setattr(sys.modules["analysis.publish.cache"], "code_behind", lambda *modules: code)
    monkeypatch.setattr(sys.modules["analysis.publish.cache"], "STARTED", time.time_ns())
    return made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> dict[str, Rendered | Failure]:
    """Nothing is run: a page says the report's name, or what the test puts here under that name."""
    results: dict[str, Rendered | Failure] = {}

    def run(order: Order) -> Iterator[Outcome]:
        for task in order.tasks:
            name = task.report.name
            page = Rendered({f"{name}.html": name.encode(), f"{name}.t.csv": b"a\n"}, name.title(), f"{name} says")
            yield Outcome(name, results.get(name, page), 1.5)

    monkeypatch.setattr(builder, "started", lambda: nullcontext(SimpleNamespace(run=run)))
    return results


FAILURE = Failure(3, 1, "ValueError: no", "Traceback")


def study() -> Study:
    """The tiny study, loaded anew."""
    return load_study("tiny")


def states() -> dict[str, str]:
    """Each report's state and reasons."""
    listed = publish.list_reports(study())
    return {i.report.name: " ".join([i.status.word, *i.status.reasons]) for i in listed}


def names(folder: Path) -> list[str]:
    """Files of a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_everything_is_built_then_nothing(root: Path, quick: object) -> None:
    """Files, index, manifest; the second build finds all fresh."""
    said: list[str] = []
    first = publish.build(study(), echo=said.append)
    expected = [f"{n}{s}" for n in ("outlet--north", "outlet--south", "plain") for s in (".html", ".t.csv")]
    assert sorted([*expected, "index.html", "manifest.json"]) == names(root / "reports" / "tiny")
    assert ["plain", "outlet--north", "outlet--south"] == first.built
    assert "plain: built in 1.5 s" in said
    second = publish.build(study())
    assert [] == second.built
    assert first.built == second.fresh
    assert ["plain"] == publish.build(study(), only=["pl*"], force=True).built


@pytest.mark.slow
def test_reasons(root: Path, quick: object) -> None:
    """castillo list names what changed, and only that."""
    folder, reports = root / "data" / "tiny", root / "reports" / "tiny"
    assert "new never built" == states()["plain"]
    publish.build(study())
    assert {"fresh"} == set(states().values())

    write_notebook(root, "plain", ["# Plain", "1"])
    assert {"plain": "stale notebook changed", "outlet--north": "fresh", "outlet--south": "fresh"} == states()
    publish.build(study())

    outlets = (folder / "outlets.csv").read_text()
    (folder / "outlets.csv").write_text(outlets.replace("The North", "Nord"))
    assert {"stale outlets.csv changed"} == set(states().values())
    (folder / "outlets.csv").write_text(outlets)

    (folder / "features" / "articles.parquet").touch()
    assert {"fresh"} == set(states().values())
    (folder / "features" / "extra.parquet").write_bytes(b"x")
    assert {"stale features changed"} == set(states().values())
    (folder / "features" / "extra.parquet").unlink()

    (reports / "plain.t.csv").unlink()
    (reports / "outlet--north.html").write_bytes(b"edited")
    expected = {"plain": "output missing", "outlet--north": "output changed"}
    assert expected == {n: s.removeprefix("stale ") for n, s in states().items() if s != "fresh"}


def test_library_and_packages_are_reasons(root: Path, quick: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by its name; also where it comes to be needed, or is needed no more."""
    publish.build(study())
    code = Code({"analysis/errors.py": "2", "analysis/wording.py": "1"}, {"numpy": "99"})
    monkeypatch.setattr(sys.modules["analysis.publish.cache"], "code_behind", lambda *modules: code)
    told = "stale analysis/errors.py changed analysis/wording.py is new numpy changed analysis/paths.py is used no more"
    assert {told} == set(states().values())


def test_cell_outputs_and_metadata_are_no_change(root: Path, quick: object) -> None:
    """Running a notebook in JupyterLab makes nothing stale."""
    publish.build(study())
    path = root / "notebooks" / "plain.ipynb"
    notebook = json.loads(path.read_text())
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.99"}
    for cell in notebook["cells"]:
        cell["id"] = "other" + cell["id"]
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    path.write_text(json.dumps(notebook))
    assert {"fresh"} == set(states().values())


def test_another_output_folder_has_its_own_states(root: Path, quick: object, tmp_path: Path) -> None:
    """What is fresh in one is not in another."""
    publish.build(study())
    assert 3 == len(publish.build(study(), output=tmp_path / "other").built)
    assert names(root / "reports" / "tiny") == names(tmp_path / "other" / "tiny")


def test_a_failure_keeps_the_last_good_version(root: Path, quick: dict[str, object]) -> None:
    """The index tells it, the others are built, the next success clears it."""
    publish.build(study())
    before = (root / "reports/tiny/manifest.json").read_bytes()
    write_notebook(root, "plain", ["# Plain", "changed"])
    quick["plain"] = FAILURE
    said: list[str] = []
    result = publish.build(study(), echo=said.append)
    assert {"plain": FAILURE} == result.failed
    assert not result.ok
    assert ["plain: FAILED in cell 3, line 1: ValueError: no"] == said
    assert b"plain" == (root / "reports/tiny/plain.html").read_bytes()
    index = (root / "reports/tiny/index.html").read_text()
    assert "It failed in cell 3, line 1: ValueError: no The page linked here is the last good version." in index
    assert before == (root / "reports/tiny/manifest.json").read_bytes()
    assert "failed in cell 3, line 1: ValueError: no" == states()["plain"]
    del quick["plain"]
    assert ["plain"] == publish.build(study()).built
    assert "It failed" not in (root / "reports/tiny/index.html").read_text()


def test_a_report_that_never_succeeded(root: Path, quick: dict[str, object]) -> None:
    """No page, no link, no manifest."""
    quick["plain"] = FAILURE
    publish.build(study())
    found = names(root / "reports" / "tiny")
    assert "plain.html" not in found
    assert "manifest.json" not in found
    assert 'href="plain.html"' not in (root / "reports/tiny/index.html").read_text()


def test_what_no_report_has_any_more_is_removed(root: Path, quick: dict[str, object]) -> None:
    """Only by a whole build, and only what a build made; a table the notebook no longer makes goes at once."""
    publish.build(study())
    folder = root / "reports" / "tiny"
    foreign = ("mine.html", "mine.x.csv", "notes.txt")
    for name in foreign:
        (folder / name).write_text("x")
    settings = root / "data" / "tiny" / "study.toml"
    settings.write_text(settings.read_text().replace(TWO, '[[reports]]\nnotebook = "plain"\n'))
    quick["plain"] = Rendered({"plain.html": b"new"}, "", "")
    publish.build(study(), only=["plain"], force=True)
    assert (folder / "outlet--north.html").exists()
    assert not (folder / "plain.t.csv").exists()
    assert [f"outlet--{side}.{end}" for side in ("north", "south") for end in ("html", "t.csv")] == publish.build(
        study()
    ).removed
    assert all((folder / name).exists() for name in foreign)


def test_two_studies_of_one_name_do_not_share_a_folder(root: Path, quick: object) -> None:
    """The second is refused as long as the first is there."""
    publish.build(study())
    shutil.copytree(root / "data" / "tiny", root / "data" / "twin")
    with pytest.raises(BuildError, match=r"holds the reports of data/tiny, which is called 'tiny' too\. Give one of"):
        publish.build(load_study("twin"))
    shutil.rmtree(root / "data" / "tiny")
    assert publish.build(load_study("twin")).ok


@pytest.mark.parametrize(
    ("free", "cores", "articles", "expected"),
    [(10e9, 4, 0, 4), (1.3e9, 4, 0, 2), (1e8, 4, 0, 1), (10e9, 1, 0, 1), (10e9, 4, 1_000_000, 2)],
)
def test_jobs_are_as_many_as_memory_allows(
    monkeypatch: pytest.MonkeyPatch, free: float, cores: int, articles: int, expected: int
) -> None:
    """At least one, and no more than there are cores."""
    monkeypatch.setattr(environment, "free_memory", lambda: free)
    monkeypatch.setattr(environment, "cores", lambda: cores)
    assert expected == environment.default_jobs(articles)


def test_free_memory_is_some() -> None:
    """Of this machine, in bytes."""
    assert 1e6 < environment.free_memory() < 1e14


def test_only_leaves_the_manifest_alone(root: Path, quick: object) -> None:
    """A part of the reports is no manifest; the index shows what is not built."""
    publish.build(study(), only=["plain"])
    assert ["index.html", "plain.html", "plain.t.csv"] == names(root / "reports" / "tiny")
    assert 2 == (root / "reports/tiny/index.html").read_text().count("not built yet")
    with pytest.raises(BuildError, match="no report matches 'x'"):
        publish.build(study(), only=["x"])


@pytest.mark.slow
def test_manifest_and_verify(root: Path, quick: dict[str, object]) -> None:
    """Digest of each file; verify builds elsewhere and tells every difference."""
    with pytest.raises(BuildError, match=r"manifest.json does not exist. Run: castillo verify --write"):
        publish.verify(study())
    publish.build(study())
    manifest = json.loads((root / "reports/tiny/manifest.json").read_text())
    assert "tiny" == manifest["study"]
    assert sorted(manifest["files"]) == list(manifest["files"])
    assert {"index.html", "manifest.json"} ^ set(manifest["files"]) >= {"manifest.json"}
    assert ((), ()) == (publish.verify(study()).differences, publish.verify(study()).remarks)
    quick["plain"] = Rendered({"plain.html": b"other", "plain.new.csv": b""}, "", "")
    (root / "requirements.lock").write_text("other==2\n")
    found = publish.verify(study())
    expected = (
        "index.html differs",
        "plain.html differs",
        "plain.new.csv is not in the manifest",
        "plain.t.csv is missing",
    )
    assert expected == found.differences
    assert ("requirements.lock is another than the one the manifest was made with",) == found.remarks
    assert b"plain" == (root / "reports/tiny/plain.html").read_bytes()
    quick["plain"] = FAILURE
    assert "plain failed in cell 3, line 1: ValueError: no" in publish.verify(study()).differences
    assert {"fresh"} == set(states().values())


@pytest.mark.slow
def test_a_build_keeps_the_manifest_and_verify_sees_what_is_wrong_with_it(root: Path, quick: object) -> None:
    """A digest is falsified: it stays so through builds, list tells it, verify fails, verify --write renews it."""
    publish.build(study())
    path = root / "reports" / "tiny" / "manifest.json"
    good = path.read_bytes()
    manifest = json.loads(good)
    manifest["files"]["plain.html"] = "0" * 64
    path.write_text(json.dumps(manifest))
    publish.build(study(), force=True)
    assert ["plain.html"] == publish.unlike_manifest(study())
    assert ("plain.html differs",) == publish.verify(study()).differences
    assert path == publish.verify(study(), renew=True).renewed
    assert good == path.read_bytes()
    assert ([], ()) == (publish.unlike_manifest(study()), publish.verify(study()).differences)
    path.unlink()
    assert path == publish.verify(study(), renew=True).renewed
    assert good == path.read_bytes()


def test_a_file_changed_and_put_back_while_reports_are_made_leaves_them_stale(
    root: Path, quick: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows which of the two was read."""
    actors, real = root / "data" / "tiny" / "actors.csv", builder.Build._make
    content = actors.read_bytes()

    def meanwhile(self: builder.Build, *given: object) -> None:
        actors.write_bytes(content.replace(b"Pedro", b"Petro"))
        time.sleep(0.02)
        actors.write_bytes(content)
        real(self, *given)

    monkeypatch.setattr(builder.Build, "_make", meanwhile)
    publish.build(study())
    assert {"stale actors.csv changed while the report was made"} == set(states().values())
    monkeypatch.setattr(builder.Build, "_make", real)
    assert 3 == len(publish.build(study()).built)
    assert {"fresh"} == set(states().values())


def test_stale_features_are_told_on_the_page(root: Path, quick: object) -> None:
    """The page's warning names the file."""
    actors = root / "data" / "tiny" / "actors.csv"
    actors.write_text(actors.read_text().replace("Pedro Castillo,exact", "Castillo,exact"))
    plan = builder.Build(study(), root, root / "reports", root, print)
    expected = ("The features were measured by an older version; changed since: actors.csv.",)
    assert expected == plan._task(plan.reports[0], []).page.warnings


def test_a_broken_state_is_as_good_as_none(root: Path, quick: object) -> None:
    """Half a file, another version's fields."""
    publish.build(study())
    for number, path in enumerate(sorted((root / ".cache/castillo/tiny").rglob("*.json"))):
        path.write_text(["{", '{"failure": null, "other": 1}', "[]", "3"][number])
    assert {"new never built"} == set(states().values())
    assert 3 == len(publish.build(study()).built)


def test_write_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is one clear error, and leaves what was there."""
    path = tmp_path / "a" / "x.html"
    write(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BuildError, match=r"cannot write .*x.html: No space left on device. What was there is kept."):
        write(path, b"new")
    assert b"old" == path.read_bytes()
    assert ["x.html"] == names(path.parent)


def _hold(path: Path, flag: Path, release: Path) -> None:
    with lock(path, echo=lambda line: None):
        flag.touch()
        while not release.exists():
            pass


def test_a_second_build_waits(tmp_path: Path) -> None:
    """And says so."""
    path, flag, release = tmp_path / "lock", tmp_path / "flag", tmp_path / "release"
    other = Process(target=_hold, args=(path, flag, release))
    other.start()
    while not flag.exists():
        assert other.is_alive()
    said: list[str] = []

    def told(line: str) -> None:
        said.append(line)
        release.touch()

    with lock(path, echo=told):
        other.join(10)
    assert ["another build is writing the same folder; waiting for it"] == said


VARIABLES = """
import os, sys, time, random
print(sorted({"b", "a"}), hash("x") == hash("x"), os.environ["TZ"], time.tzname, os.getcwd().rsplit("/", 1)[-1])
print(list({"alpha", "beta", "gamma", "delta"}), sys.executable, object(), __file__ if "__file__" in dir() else "")
import warnings; warnings.warn("careful")
"""
BUILD = "from analysis import publish, study; r = publish.build(study.load_study('tiny')); print(r.failed); assert r.ok"


@pytest.mark.slow
def test_two_builds_elsewhere_give_the_same_bytes(root: Path, tmp_path: Path) -> None:
    """Another folder, time zone, locale, hash seed, working directory and number of jobs."""
    table = 'show("<table></table>", kind="table", name="t", caption="T", csv="a\\n1\\n")'
    write_notebook(root, "plain", ["# Plain", VARIABLES, SHOW + table])
    second = tmp_path / "a folder, elsewhere"
    shutil.copytree(root, second)
    runs = [
        (root, {"TZ": "America/Lima", "LC_ALL": "C", "PYTHONHASHSEED": "1"}, root),
        (second, {"TZ": "Asia/Tokyo", "LC_ALL": "pl_PL.UTF-8", "PYTHONHASHSEED": "2"}, second / "data"),
    ]
    for _, changed, folder in runs:
        command = [sys.executable, "-c", BUILD]
        done = subprocess.run(command, cwd=folder, env={**os.environ, **changed}, capture_output=True, text=True)
        assert 0 == done.returncode, done.stdout + done.stderr
    one, two = root / "reports" / "tiny", second / "reports" / "tiny"
    assert names(one) == names(two)
    for name in names(one):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    page = (one / "plain.html").read_text()
    assert "careful" in page
    for private in (str(tmp_path), "America/Lima", "/tmp/", str(os.getpid())):
        assert private not in page
    assert (one / "plain.t.csv").read_text() == "a\n1\n"
    assert names(second / "notebooks") == ["outlet.ipynb", "plain.ipynb"]


def test_missing_features_are_refused_before_anything_runs(root: Path, quick: object) -> None:
    """The error says what to run."""
    shutil.rmtree(root / "data/tiny/features")
    with pytest.raises(Exception, match="castillo annotate TEXTS --study tiny"):
        publish.build(study())
    (root / "data/tiny/features").mkdir()
    write_features(root / "data/tiny")
    assert publish.build(study()).ok


@pytest.mark.parametrize("place", [".", "deeper"])
def test_an_output_that_is_no_folder_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A file, or a folder in a file."""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(builder, "started", lambda: pytest.fail("a process was started"))
    root = make_project(tmp_path / "project")
    monkeypatch.chdir(root)
    with pytest.raises(BuildError, match=r"cannot write to .*tiny: .*\. Nothing was built\."):
        publish.build(load_study(root / "data" / "tiny"), output=tmp_path / "file" / place)


def test_what_cannot_be_written_is_told_where_the_folder_is_a_file(tmp_path: Path) -> None:
    """Nothing is left to clean up there."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BuildError, match=r"cannot write .*x.html"):
        write(tmp_path / "file" / "x.html", b"")
