"""Building: what is run and why, what is kept, what is the same to the byte."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from multiprocessing import Event, Process
from pathlib import Path

import pytest
from ministudy import PARAMETERS, SHOW, make_project, write_notebook

from analysis.dependencies import Code
from analysis.errors import AnalysisError, BuildError
from analysis.publish import build as builder
from analysis.publish import pages, processes, state
from analysis.publish.build import Build
from analysis.publish.manifest import unlike_manifest, verify
from analysis.publish.reports import Failure, Outcome, Rendered
from analysis.publish.state import lock, nothing_to_do
from analysis.study import Study, load_study

pytestmark = pytest.mark.slow
TWO = '[[reports]]\nnotebook = "plain"\n[[reports]]\nnotebook = "outlet"\neach = "outlet"\n'
NAMES = ("plain", "outlet--north", "outlet--south")
FAILURE = Failure(3, 1, "ValueError: no", "Traceback")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with three reports, to be copied."""
    made = make_project(tmp_path_factory.mktemp("template") / "project", TWO)
    write_notebook(made, "outlet", ["# Outlet", SHOW], PARAMETERS + '\noutlet: str = "north"')
    return made


@pytest.fixture
def root(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three reports; the working directory is in it."""
    made = shutil.copytree(template, tmp_path / "project")
    monkeypatch.chdir(made / "notebooks")
    # Editing modules while the tests run makes nothing stale.
    code = Code({"analysis/errors.py": "1", "analysis/paths.py": "1"}, {"numpy": "1"})
    for module in (pages, state):
        monkeypatch.setattr(module, "report_code", lambda notebook: code)
    return made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> dict[str, Rendered | Failure]:
    """Nothing is run: a page says the report's name, or what the test puts here under that name."""
    results: dict[str, Rendered | Failure] = {}

    def run(calls: Mapping[str, object], *given: object, **options: object) -> Iterator[Outcome | None]:
        yield None
        for name in calls:
            page = Rendered({f"{name}.html": name.encode(), f"{name}.t.csv": b"a\n"}, name.title(), f"{name} says")
            yield Outcome(name, results.get(name, page), 1.5)

    monkeypatch.setattr(Build, "_lacks_results", lambda self: False)
    monkeypatch.setattr(processes, "load", lambda *given, **options: None)
    monkeypatch.setattr(processes, "prepare", lambda *given: None)
    monkeypatch.setattr(processes, "run_calls", run)
    monkeypatch.setattr(Study, "check_features", lambda self: None)  # tested elsewhere, and slow
    return results


def study() -> Study:
    """The tiny study, loaded anew."""
    return load_study("tiny")


def build(**options: object) -> builder.BuildResult:
    """A build of the tiny study."""
    made = {name: options.pop(name) for name in ("output", "echo") if name in options}
    return Build(study(), **made).run(**options)  # type: ignore[arg-type]


def states() -> dict[str, str]:
    """Each report's state and reasons."""
    plan = Build(study())
    return {r.name: " ".join([plan.status(r).word, *plan.status(r).reasons]) for r in plan.reports}


def names(folder: Path) -> list[str]:
    """Files of a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_everything_is_built_then_nothing(root: Path, quick: object, tmp_path: Path) -> None:
    """Files, index, manifest; the second build finds all fresh, and in another folder nothing."""
    said: list[str] = []
    assert list(NAMES) == build(echo=said.append).built
    expected = sorted([*(f"{n}{s}" for n in NAMES for s in (".html", ".t.csv")), "index.html", "manifest.json"])
    assert expected == names(root / "reports" / "tiny")
    assert "plain: built in 1.5 s" in said
    second = build()
    assert ([], list(NAMES)) == (second.built, second.fresh)
    assert ["plain"] == build(only=["pl*"], force=True).built
    assert list(NAMES) == build(output=tmp_path / "other").built
    assert expected == names(tmp_path / "other" / "tiny")


def test_reasons(root: Path, quick: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changed is named, and only that: of notebook, study, library, packages and output."""
    folder, reports = root / "data" / "tiny", root / "reports" / "tiny"
    assert {"new never built"} == set(states().values())
    build()
    assert {"fresh"} == set(states().values())
    write_notebook(root, "plain", ["# Plain", "1"])
    assert ["stale notebook changed", "fresh", "fresh"] == list(states().values())
    build()

    (folder / "features" / "articles.parquet").touch()
    assert {"fresh"} == set(states().values())
    for name, content, reason in (("outlets.csv", None, "outlets.csv"), ("features/x.parquet", b"x", "features")):
        path = folder / name
        before = path.read_bytes() if path.exists() else b""
        path.write_bytes(content or before.replace(b"The North", b"Nord"))
        assert {f"stale {reason} changed"} == set(states().values())
        path.write_bytes(before) if before else path.unlink()

    (reports / "plain.t.csv").unlink()
    (reports / "outlet--north.html").write_bytes(b"edited")
    assert ["stale output missing", "stale output changed", "fresh"] == list(states().values())

    code = Code({"analysis/errors.py": "2", "analysis/wording.py": "1"}, {"numpy": "99"})
    monkeypatch.setattr(state, "report_code", lambda notebook: code)
    told = "stale analysis/errors.py changed numpy changed analysis/wording.py is new analysis/paths.py is used no more"
    assert {told} == set(states().values())


def test_cell_outputs_and_metadata_are_no_change(root: Path, quick: object) -> None:
    """Running a notebook in JupyterLab makes nothing stale."""
    build()
    path = root / "notebooks" / "plain.ipynb"
    notebook = json.loads(path.read_text())
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.99"}
    shown = {"execution_count": 7, "outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}]}
    notebook["cells"] = [cell | {"id": "other"} | shown for cell in notebook["cells"]]
    path.write_text(json.dumps(notebook))
    assert {"fresh"} == set(states().values())


def test_a_failure_keeps_the_last_good_version(root: Path, quick: dict[str, object]) -> None:
    """The index tells it, the others are built, the next success clears it; what never succeeded has no page."""
    folder = root / "reports" / "tiny"
    quick["plain"] = FAILURE
    build()
    assert not {"plain.html", "manifest.json"} & set(names(folder))
    assert 'href="plain.html"' not in (folder / "index.html").read_text()
    del quick["plain"]
    build()
    before = (folder / "manifest.json").read_bytes()
    write_notebook(root, "plain", ["# Plain", "changed"])
    quick["plain"] = FAILURE
    said: list[str] = []
    result = build(echo=said.append)
    assert ({"plain": FAILURE}, False) == (result.failed, result.ok)
    assert ["plain: FAILED in cell 3, line 1: ValueError: no"] == said
    told = "It failed in cell 3, line 1: ValueError: no The page linked here is the last good version."
    assert told in (folder / "index.html").read_text()
    assert (b"plain", before) == ((folder / "plain.html").read_bytes(), (folder / "manifest.json").read_bytes())
    assert "failed in cell 3, line 1: ValueError: no" == states()["plain"]
    del quick["plain"]
    assert ["plain"] == build().built
    assert "It failed" not in (folder / "index.html").read_text()


def test_what_no_report_has_any_more_is_removed(root: Path, quick: dict[str, object]) -> None:
    """Only by a whole build, and only what a build made; a table the notebook no longer makes goes at once."""
    build()
    folder = root / "reports" / "tiny"
    foreign = ("mine.html", "mine.x.csv", "notes.txt")
    for name in foreign:
        (folder / name).write_text("x")
    settings = root / "data" / "tiny" / "study.toml"
    settings.write_text(settings.read_text().replace(TWO, '[[reports]]\nnotebook = "plain"\n'))
    quick["plain"] = Rendered({"plain.html": b"new"}, "", "")
    build(only=["plain"], force=True)
    assert (folder / "outlet--north.html").exists()
    assert not (folder / "plain.t.csv").exists()
    expected = [f"outlet--{side}.{end}" for side in ("north", "south") for end in ("html", "t.csv")]
    assert expected == build().removed
    assert all((folder / name).exists() for name in foreign)


def test_two_studies_of_one_name_are_refused(root: Path, quick: object) -> None:
    """A copy whose name was not changed would replace the reports of the first."""
    shutil.copytree(root / "data" / "tiny", root / "data" / "twin")
    with pytest.raises(BuildError, match=r"tiny/study.toml has the name 'tiny' too.* Give one of the two another name"):
        Build(load_study("twin")).run()
    shutil.rmtree(root / "data" / "tiny")
    assert Build(load_study("twin")).run().ok


def test_a_study_elsewhere_of_the_name_of_one_built_here_is_refused(root: Path, quick: object, tmp_path: Path) -> None:
    build()
    away = load_study(shutil.copytree(root / "data" / "tiny", tmp_path / "away" / "tiny"))
    with pytest.raises(BuildError, match=r"data/tiny/study.toml has the name 'tiny' too"):
        Build(away, output=root / "reports").run()
    assert build().ok
    assert Build(away).run().ok


def test_only_leaves_the_manifest_alone(root: Path, quick: object) -> None:
    """A part of the reports is no manifest; the index shows what is not built."""
    build(only=["plain"])
    assert ["index.html", "plain.html", "plain.t.csv"] == names(root / "reports" / "tiny")
    assert 2 == (root / "reports/tiny/index.html").read_text().count("not built yet")
    with pytest.raises(BuildError, match="no report matches 'x'"):
        build(only=["x"])


def test_manifest_and_verify(root: Path, quick: dict[str, object]) -> None:
    """Digest of each file; verify builds elsewhere and tells every difference, and leaves the reports as they are."""
    with pytest.raises(BuildError, match=r"manifest.json does not exist. Run: castillo verify --write"):
        verify(study())
    build()
    folder = root / "reports" / "tiny"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert ("tiny", names(folder)) == (manifest["study"], sorted([*manifest["files"], "manifest.json"]))
    assert ((), ()) == (verify(study()).differences, verify(study()).remarks)
    quick["plain"] = Rendered({"plain.html": b"other", "plain.new.csv": b""}, "", "")
    (root / "requirements.lock").write_text("other==2\n")
    found = verify(study())
    differing = ("index.html differs", "plain.html differs", "plain.new.csv is not in the manifest")
    assert (*differing, "plain.t.csv is missing") == found.differences
    assert ("requirements.lock is another than the one the manifest was made with",) == found.remarks
    assert b"plain" == (folder / "plain.html").read_bytes()
    quick["plain"] = FAILURE
    assert "plain failed in cell 3, line 1: ValueError: no" in verify(study()).differences
    assert {"fresh"} == set(states().values())


def test_a_build_keeps_the_manifest_and_verify_renews_it(root: Path, quick: object) -> None:
    """A digest is falsified: it stays so through builds, list tells it, verify fails, verify --write renews it."""
    build()
    path = root / "reports" / "tiny" / "manifest.json"
    good = path.read_bytes()
    manifest = json.loads(good)
    manifest["files"]["plain.html"] = "0" * 64
    path.write_text(json.dumps(manifest))
    build(force=True)
    assert unlike_manifest(study()).startswith("1 file is not what manifest.json says (plain.html). castillo verify")
    assert ("plain.html differs",) == verify(study()).differences
    assert path == verify(study(), renew=True).renewed
    assert good == path.read_bytes()
    assert "" == unlike_manifest(study())
    path.write_text("mine")
    with pytest.raises(BuildError, match="is not a manifest"):
        verify(study(), renew=True)


def test_stale_features_are_told_on_the_page_and_where_nothing_is_to_do(root: Path, quick: object) -> None:
    """The warning names the file."""
    actors = root / "data" / "tiny" / "actors.csv"
    actors.write_text(actors.read_text().replace("Pedro Castillo,exact", "Castillo,exact"))
    warning = "The features were measured by an older version; changed since: actors.csv."
    plan = Build(study())
    assert [warning] == pages.page_of(plan.reports[0], plan.study, root, {}, plan.warning)["warnings"]
    plan.run()
    assert (root / "reports" / "tiny", 3, warning) == nothing_to_do(root, root / "data" / "tiny", root / "reports")


@pytest.mark.parametrize("content", ["{", '{"reports": {"plain": null}, "other": 1}', "[]", "3"])
def test_a_broken_state_is_as_good_as_none(root: Path, quick: object, content: str) -> None:
    """Half a file, another version's fields."""
    build()
    (root / "reports/.castillo/tiny.json").write_text(content)
    assert {"new never built"} == set(states().values())
    assert 3 == len(build().built)


NOTHING = """
import sys
from analysis.cli import main
main(["build", "tiny"], standalone_mode=False)
print([name for name in ("pandas", "numpy", "matplotlib", "papermill", "jupyter_client") if name in sys.modules])
"""


def test_where_nothing_is_to_do_nothing_heavy_is_imported(root: Path, quick: object) -> None:
    build()
    done = subprocess.run([sys.executable, "-c", NOTHING], cwd=root, capture_output=True, text=True, check=True)
    assert f"{root}/reports/tiny: 0 built, 3 fresh, 0 failed\n[]\n" == done.stdout


def test_where_anything_has_changed_something_may_be_to_do(root: Path, quick: object) -> None:
    """Of the study, its features, notebooks, and what was built."""
    folder, changed = root / "data" / "tiny", ["data/tiny/more.csv"]
    build()
    assert nothing_to_do(root, folder, root / "elsewhere") is None
    assert nothing_to_do(root, folder, root / "reports")
    changed += ["data/tiny/outlets.csv", "data/tiny/features/meta.json", "notebooks/plain.ipynb"]
    for name in (*changed, "reports/tiny/plain.html", "reports/tiny/plain.t.csv", "reports/tiny/index.html"):
        path = root / name
        before = path.read_bytes() if path.exists() else None
        path.write_text("{}")
        assert nothing_to_do(root, folder, root / "reports") is None, name
        path.unlink() if before is None else path.write_bytes(before)
    assert nothing_to_do(root, folder, root / "reports")
    (folder / "study.toml").write_text("name = 5")
    assert nothing_to_do(root, folder, root / "reports") is None


def test_a_second_build_waits(tmp_path: Path) -> None:
    """And says so."""
    path, held, free = tmp_path / "lock", Event(), Event()

    def hold() -> None:
        with lock(path, echo=print):
            held.set()
            free.wait(60)

    Process(target=hold).start()
    assert held.wait(60)
    said: list[str] = []
    with lock(path, echo=lambda line: (said.append(line), free.set())):
        pass
    assert ["another build is writing the same folder; waiting for it"] == said


def test_a_folder_that_cannot_be_written_is_one_clear_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, a folder in a file; nothing is begun."""
    monkeypatch.setattr(processes, "run_calls", lambda *_, **__: pytest.fail("a process was started"))
    (root / "file").write_text("")
    for place in (".", "deeper"):
        with pytest.raises(AnalysisError, match=r"tiny cannot be written \(.*\)\. Mend that, or name"):
            build(output=root / "file" / place)


@pytest.mark.parametrize("broken", [False, True])
def test_reports_come_after_the_results_that_they_share(
    root: Path, quick: object, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    """Where those cannot be computed it is said, and every report is tried."""
    said: list[str] = []
    reports, failure = processes.run_calls, Failure(None, None, "ValueError: no table", "")

    def run(calls: Mapping[str, object], *given: object, **options: object) -> Iterator[Outcome | None]:
        shared = [None, Outcome("results", failure if broken else None, 0.0)]
        yield from shared if "results" in calls else reports(calls)

    monkeypatch.setattr(processes, "run_calls", run)
    monkeypatch.setattr(Build, "_lacks_results", lambda self: True)
    assert list(NAMES) == build(echo=said.append).built
    first, *others = said
    assert "comparing each outlet with the others, for all reports at once: this takes longest" == first
    told = ["the results that reports share could not be computed: ValueError: no table"] if broken else []
    assert [*told, *(f"{name}: built in 1.5 s" for name in NAMES)] == others


def tree(folder: Path) -> dict[str, bytes]:
    """Files of a folder by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_interrupted_build_goes_on_with_the_same_result(
    root: Path, quick: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was made is kept, and not made again."""
    build(output=tmp_path)
    reports = processes.run_calls

    def interrupted(calls: Mapping[str, object], *given: object, **options: object) -> Iterator[Outcome | None]:
        yield from islice(reports(calls), 2)
        if calls:
            raise KeyboardInterrupt

    monkeypatch.setattr(processes, "run_calls", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build()
    monkeypatch.setattr(processes, "run_calls", reports)
    assert list(NAMES[1:]) == build().built
    assert tree(tmp_path / "tiny") == tree(root / "reports" / "tiny")
