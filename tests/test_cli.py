"""castillo: exit statuses, messages, and that each command shows an example."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ministudy import PARAMETERS, make_project, write_notebook

from analysis import THREADS
from analysis.cli import main
from analysis.publish import build as publish
from analysis.publish import processes
from analysis.publish.reports import Failure


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny project, to be copied."""
    return make_project(tmp_path_factory.mktemp("template") / "project")


@pytest.fixture
def root(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny project; the working directory is in it."""
    made = shutil.copytree(template, tmp_path / "project")
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def replace(root: Path) -> Callable[..., None]:
    """replace(file, old, new, old, new …): change passages of a file of the study."""

    def change(name: str, *passages: str) -> None:
        path = root / "data" / "tiny" / name
        text = path.read_text()
        for old, new in zip(passages[::2], passages[1::2], strict=True):
            assert old in text
            text = text.replace(old, new)
        path.write_text(text)

    return change


def castillo(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, list(arguments))


def test_help_imports_nothing_heavy_and_the_module_is_the_same_program() -> None:
    """Neither pandas nor jupyter."""
    heavy = ("pandas", "numpy", "nbconvert", "papermill", "httpx", "trafilatura")
    code = (
        "import sys, runpy; sys.argv = ['castillo', '--help']\ntry: runpy.run_module('analysis', run_name='__main__')\n"
    )
    code += f"finally: print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Measure how outlets covered an event" in done.stdout
    assert "[]" == done.stdout.splitlines()[-1]


@pytest.mark.parametrize(("given", "expected"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_importing_the_package_asks_for_one_thread_unless_told_otherwise(given: dict[str, str], expected: str) -> None:
    """A notebook in JupyterLab computes as a report does."""
    bare = {name: value for name, value in os.environ.items() if name not in THREADS}
    code = "import os, analysis; print(os.environ['OPENBLAS_NUM_THREADS'])"
    done = subprocess.run([sys.executable, "-c", code], env=bare | given, capture_output=True, text=True, check=True)
    assert expected == done.stdout.strip()


@pytest.mark.slow
def test_a_failed_report_is_status_1(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are built, and counted."""
    result = publish.BuildResult(Path("reports/tiny"), built=["a"], failed={"b": Failure(1, 1, "E", "T")})
    monkeypatch.setattr(publish.Build, "run", lambda self, *given, **options: result)
    done = castillo("build", "tiny")
    assert ("reports/tiny: 1 built, 0 fresh, 1 failed\n", 1) == (done.stdout, done.exit_code)


@pytest.mark.parametrize("command", ["build", "list", "check", "verify"])
def test_an_unknown_study_is_status_2(root: Path, command: str) -> None:
    """With the studies there are, and no traceback."""
    done = castillo(command, "nowhere")
    assert 2 == done.exit_code
    assert "no study 'nowhere'" in done.stderr
    assert "Known here: tiny" in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.slow
def test_a_wrong_study_is_status_2(root: Path, replace: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """With every problem, before any kernel starts."""
    monkeypatch.setattr(processes, "run_calls", lambda *_, **__: pytest.fail("something was run"))
    replace("study.toml", 'notebook = "plain"\n', 'notebook = "plain"\nparameters = { outlet = 1 }\n')
    done = castillo("build", "tiny")
    assert 2 == done.exit_code
    assert "notebook 'plain', parameter 'outlet' = 1: the notebook has no such parameter. It has study" in done.stderr
    replace("outlets.csv", "RSS,no", "RSS,non")
    done = castillo("build", "tiny")
    assert 2 == done.exit_code
    message = "aggregator 'non' is none of yes, no (did you mean 'no'?) (and in 3 more rows)"
    assert f"outlets.csv:2: {message}" in done.stderr
    assert not (root / "reports").exists()


def test_list_shows_state_and_parameters(root: Path) -> None:
    """Types, values, defaults, help."""
    write_notebook(root, "plain", ["# P"], PARAMETERS + "\nyears: list[int] = [1]  # which years")
    done = castillo("list", "tiny")
    assert "plain  new: never built  (notebook plain)\n" in done.output
    assert "    study: str = 'tiny' (default 'tiny')  the study to report on\n" in done.output
    assert "    years: list[int] = [1]  which years\n" in done.output
    assert 0 == done.exit_code


@pytest.mark.slow
def test_a_trusted_study_elsewhere_keeps_its_reports_beside_it_and_every_command_finds_them(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With notebooks of one's own; what is no longer as the manifest says is told."""
    monkeypatch.delenv("CASTILLO_TRUST")
    study, folder = str(shutil.move(root / "data" / "tiny", tmp_path / "mine")), tmp_path / "reports"
    command = [sys.executable, "-m", "analysis", "build", study, "--trust", "--figures"]  # forks, which this cannot
    built = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert built.endswith(f"{folder / 'tiny'}: 1 built, 0 fresh, 0 failed\n{folder / 'tiny/figures'}: 0 figures\n")
    assert "plain  fresh" in castillo("list", study, "--trust").output
    with (folder / "tiny" / "plain.html").open("a") as page:
        page.write(" ")
    unlike = "1 file is not what manifest.json says (plain.html)"
    assert unlike in castillo("list", study, "--trust").output
    assert f"note: reports: {unlike}" in castillo("check", study).output
    assert not (root / "reports").exists()


@pytest.mark.slow
def test_stale_features_are_told_first(
    root: Path, replace: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By list, and as a warning by build."""
    replace("actors.csv", "Pedro Castillo,exact", "Castillo,exact")
    told = "The features were measured by an older version; changed since: actors.csv."
    told += " Run: castillo annotate TEXTS --study tiny\n"
    monkeypatch.setattr(publish.Build, "run", lambda self, *given, **options: self.result)
    assert f"warning: {told}" == castillo("build", "tiny").stderr
    assert told == castillo("list", "tiny").output.splitlines(keepends=True)[0]


@pytest.mark.parametrize("command", ["build", "list", "verify", "archive"])
def test_a_found_project_is_refused_before_anything_of_it_runs(
    root: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone else's folder, one's working directory by chance."""
    monkeypatch.delenv("CASTILLO_TRUST")
    before = sorted(root.rglob("*"))
    done = castillo(command, str(root / "data" / "tiny"))
    assert 2 == done.exit_code
    assert "is a project of its own, and building would run its notebooks" in done.output
    assert "--trust" in done.output
    assert before == sorted(root.rglob("*"))


def test_ctrl_c_says_that_what_is_finished_is_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("analysis.study.load_study", interrupted)
    done = castillo("build", "tiny", "--force")
    expected = "castillo: stopped. What was finished is kept: the same command goes on from there.\n"
    assert (1, expected) == (done.exit_code, done.stderr)
    assert "castillo: stopped.\n" == castillo("list", "tiny").stderr
