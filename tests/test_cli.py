"""castillo: exit statuses, messages, and that each command shows an example."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from publishing import PARAMETERS, make_project, write_notebook

from analysis import THREADS, publish
from analysis.cli import main
from analysis.publish.reports import Failure


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny project; the working directory is in it."""
    made = make_project(tmp_path)
    monkeypatch.chdir(made)
    return made


def castillo(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, list(arguments))


def result(**changed: object) -> publish.BuildResult:
    """What a build could have done."""
    return publish.BuildResult(Path("reports/tiny"), **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("command", sorted(main.commands))
def test_each_command_shows_an_example(command: str) -> None:
    """One that starts like the command itself."""
    assert f"Example: castillo {command}" in castillo(command, "--help").output


def test_commands() -> None:
    """Those of the design that exist."""
    assert {"build", "list", "check", "annotate", "verify", "collect"} <= set(main.commands)


def test_help_cuts_off_no_command_s_first_sentence() -> None:
    """A newcomer chooses by it."""
    shown = " ".join(castillo("--help").output.partition("Commands:")[2].split())
    for name, command in main.commands.items():
        assert f"{name} {' '.join((command.help or '').partition('.')[0].split())}" in shown


def test_help_imports_nothing_heavy() -> None:
    """Neither pandas nor jupyter."""
    heavy = ("pandas", "numpy", "nbconvert", "papermill", "httpx", "trafilatura")
    code = f"import sys, analysis.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()


@pytest.mark.parametrize(("given", "expected"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_importing_the_package_asks_for_one_thread_unless_told_otherwise(given: dict[str, str], expected: str) -> None:
    """A notebook in JupyterLab computes as a report does."""
    bare = {name: value for name, value in os.environ.items() if name not in THREADS}
    code = "import os, analysis; print(os.environ['OPENBLAS_NUM_THREADS'])"
    done = subprocess.run([sys.executable, "-c", code], env=bare | given, capture_output=True, text=True, check=True)
    assert expected == done.stdout.strip()


def test_the_module_is_the_same_program() -> None:
    """python -m analysis."""
    done = subprocess.run([sys.executable, "-m", "analysis", "--help"], capture_output=True, text=True, check=True)
    assert "Measure how outlets covered an event" in done.stdout


def test_build_passes_everything_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And prints what was done; status 0."""
    seen: dict[str, object] = {}

    def build(study: object, **options: object) -> publish.BuildResult:
        seen.update(options)
        return result(built=["a"], fresh=["b", "c"])

    monkeypatch.setattr(publish, "build", build)
    given = "--only a* --only b --jobs 3 --force --output out --kernel"
    done = castillo("build", "tiny", *given.split())
    assert "reports/tiny: 1 built, 2 fresh, 0 failed\n" == done.output
    assert 0 == done.exit_code
    assert (True, 3600.0) == (seen.pop("kernel"), seen.pop("cell_seconds"))
    del seen["echo"], seen["progress"], seen["warm"]
    assert {"output": Path("out"), "only": ("a*", "b"), "jobs": 3, "force": True} == seen


def test_a_failed_report_is_status_1(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All else is done."""
    failure = Failure(1, 1, "E", "T")
    monkeypatch.setattr(publish, "build", lambda study, **options: result(failed={"a": failure}))
    assert 1 == castillo("build", "tiny").exit_code


@pytest.mark.parametrize("command", ["build", "list", "check", "verify"])
def test_an_unknown_study_is_status_2(root: Path, command: str) -> None:
    """With the studies there are, and no traceback."""
    done = castillo(command, "nowhere")
    assert 2 == done.exit_code
    assert "no study 'nowhere'" in done.stderr
    assert "Known here: tiny" in done.stderr
    assert "Traceback" not in done.output


def test_a_wrong_parameter_is_status_2(root: Path) -> None:
    """Before any kernel starts."""
    toml = root / "data/tiny/study.toml"
    toml.write_text(toml.read_text() + "parameters = { outlet = 1 }\n")
    done = castillo("build", "tiny")
    assert 2 == done.exit_code
    assert "notebook 'plain', parameter 'outlet' = 1: the notebook has no such parameter. It has study" in done.stderr
    assert not (root / "reports").exists()


def test_a_broken_study_is_refused(root: Path) -> None:
    """With every problem."""
    outlets = root / "data/tiny/outlets.csv"
    outlets.write_text(outlets.read_text().replace("private", "privat").replace("public", "publik"))
    done = castillo("build", "tiny")
    assert 2 == done.exit_code
    assert "outlets.csv:2: ownership 'privat' is none of" in done.stderr
    assert "outlets.csv:3: ownership 'publik' is none of" in done.stderr


def test_list_shows_state_and_parameters(root: Path) -> None:
    """Types, values, defaults, help."""
    write_notebook(root, "plain", ["# P"], PARAMETERS + "\nyears: list[int] = [1]  # which years")
    done = castillo("list", "tiny")
    assert "plain  new: never built  (notebook plain)\n" in done.output
    assert "    study: str = 'tiny' (default 'tiny')  the study to report on\n" in done.output
    assert "    years: list[int] = [1]  which years\n" in done.output
    assert 0 == done.exit_code


def test_stale_features_are_told_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By list, and as a warning by build."""
    actors = root / "data/tiny/actors.csv"
    actors.write_text(actors.read_text().replace("Pedro Castillo,exact", "Castillo,exact"))
    expected = (
        "The features were measured by an older version; changed since: actors.csv. "
        "Run: castillo annotate TEXTS --study tiny"
    )
    assert expected == castillo("list", "tiny").output.splitlines()[0]
    monkeypatch.setattr(publish, "build", lambda study, **options: result())
    assert f"warning: {expected}\n" == castillo("build", "tiny").stderr


def test_check_finds_nothing(root: Path) -> None:
    """Status 0."""
    done = castillo("check", "tiny")
    assert f"{root / 'data/tiny'}: no problems\n" == done.output
    assert 0 == done.exit_code


def test_check_tells_every_problem_at_once(root: Path) -> None:
    """Of files, of aliases, of reports; status 2."""
    actors = root / "data/tiny/actors.csv"
    actors.write_text(actors.read_text() + "other,person,Other,*,Pedro Castillo,exact,,\n")
    articles = root / "data/tiny/articles.csv"
    articles.write_text(articles.read_text().replace("n1,north", "n1,nort"))
    toml = root / "data/tiny/study.toml"
    toml.write_text(toml.read_text() + '[[reports]]\nnotebook = "gone"\n')
    done = castillo("check", "tiny")
    assert 2 == done.exit_code
    assert "articles.csv:2: outlet 'nort' is unknown (did you mean 'north'?)" in done.output
    assert "actors.csv:3: alias 'Pedro Castillo' belongs to castillo and other. Keep one" in done.output
    assert re.search(r"study\.toml:14: study\.toml asks for the notebook 'gone'", done.output)
    assert ": 3 problems\n" in done.output


def test_check_leaves_out_what_only_follows(root: Path) -> None:
    """One wrong row of outlets.csv is one problem, whatever reports name that outlet."""
    outlets = root / "data/tiny/outlets.csv"
    outlets.write_text(outlets.read_text().replace("North,GB,en,private", "North,GB,en,privat"))
    toml = root / "data/tiny/study.toml"
    toml.write_text(toml.read_text() + '[[reports]]\nnotebook = "one"\nparameters = { outlet = "north" }\n')
    write_notebook(root, "one", ["# One"], PARAMETERS + '\noutlet: str = "north"')
    assert 2 == len(castillo("check", "tiny").output.splitlines())


@pytest.mark.parametrize(("name", "content"), [("meta.json", "{"), ("meta.json", None), ("terms.parquet", None)])
def test_check_looks_at_the_features(root: Path, name: str, content: str | None) -> None:
    """Where there are any: a study without features is only not annotated yet."""
    path = root / "data/tiny/features" / name
    path.unlink() if content is None else path.write_text(content)
    done = castillo("check", "tiny")
    assert 2 == done.exit_code
    assert done.output.startswith(f"{path}")
    shutil.rmtree(path.parent)
    assert 0 == castillo("check", "tiny").exit_code


@pytest.mark.parametrize("command", ["check", "list", "build", "verify"])
def test_damaged_features_are_status_2(root: Path, command: str) -> None:
    """One line with the file and what to do, before any kernel starts."""
    path = root / "data/tiny/features/terms.parquet"
    path.write_bytes(b"PAR1")
    (root / "reports/tiny").mkdir(parents=True)
    (root / "reports/tiny/manifest.json").write_text('{"files": {}}')
    done = castillo(command, "tiny")
    assert 2 == done.exit_code
    assert re.search(rf"{path}: cannot be read \(.*\)\. Run: castillo annotate TEXTS --study tiny\n", done.output)


def test_annotate_passes_everything_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set aside is told, with status 0."""
    seen: dict[str, object] = {}

    def annotate(paths: list[Path], study: object, **options: object) -> SimpleNamespace:
        seen.update(options, paths=paths)
        rejected = [SimpleNamespace(path=Path("a.jsonl"), line=3, reason="neither title nor body")]
        counts = {"set_aside": {"neither title nor body": 1}, "skipped": {"WARC records of type request": 4}}
        told = {"rejected": rejected, "added": ("x1", "x2"), "without_text": ("n1",)}
        counts |= {"kept": 3, "untitled": 5, "damaged": 1}
        return SimpleNamespace(articles=7, **told, **counts)

    module = ModuleType("analysis.annotation.run")
    module.annotate = annotate  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "analysis.annotation.run", module)
    done = castillo("annotate", "a.jsonl", "b.jsonl", "--study", "tiny", "--jobs", "2", "--scheduler", "tcp://x:1")
    folder = root / "data/tiny/features"
    assert "set aside: a.jsonl:3: neither title nor body" in done.output
    assert f"{folder}: 7 articles annotated, 1 set aside\n" in done.output
    assert "skipped, as no articles: 4 WARC records of type request\n" in done.output
    assert "3 of them had been measured before an interruption\n" in done.output
    assert "1 finished partitions of an interrupted run were damaged: measured again\n" in done.output
    assert "5 of them without a title: a column title gives it; nothing else is taken for one\n" in done.output
    assert "2 of them are new and were appended to articles.csv" in done.output
    assert "1 articles of articles.csv had no text, so have no features: n1\n" in done.output
    expected = {"paths": [Path("a.jsonl"), Path("b.jsonl")], "output": folder, "jobs": 2, "scheduler": "tcp://x:1"}
    assert expected == seen
    assert 0 == done.exit_code


@pytest.mark.parametrize(("differences", "status"), [((), 0), (("a.html differs",), 1)])
def test_verify(root: Path, monkeypatch: pytest.MonkeyPatch, differences: tuple[str, ...], status: int) -> None:
    """Remarks and differences, a line each."""
    found = publish.Verification(differences, ("made with Python 3.9, this is 3.11",))
    monkeypatch.setattr(publish, "verify", lambda study, **options: found)
    done = castillo("verify", "tiny")
    assert status == done.exit_code
    assert ["made with Python 3.9, this is 3.11", *differences] == done.output.splitlines()[:-1]


def test_verify_without_a_manifest(root: Path) -> None:
    """Status 2."""
    done = castillo("verify", "tiny")
    assert 2 == done.exit_code
    assert re.search(r"manifest.json does not exist. Run: castillo verify --write", done.stderr)


@pytest.mark.parametrize("command", ["build", "list", "verify", "archive"])
def test_a_found_project_is_refused_before_anything_of_it_runs(
    root: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone else's folder, one's working directory by chance."""
    monkeypatch.delenv("CASTILLO_TRUST")
    write_notebook(root, "plain", ["from pathlib import Path", "Path(study + '-ran').touch()"])
    before = sorted(root.rglob("*"))
    done = castillo(command, str(root / "data" / "tiny"))
    assert 2 == done.exit_code
    assert "is a project of its own, and building would run its notebooks" in done.output
    assert "--trust" in done.output
    assert before == sorted(root.rglob("*"))


def test_a_trusted_project_is_built(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One's own, with notebooks of one's own."""
    monkeypatch.delenv("CASTILLO_TRUST")
    planted = root / "ran"
    write_notebook(root, "plain", ["from pathlib import Path", f"Path({str(planted)!r}).touch()"])
    done = castillo("build", "tiny", "--trust")
    assert 0 == done.exit_code, done.output
    assert planted.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.parametrize(
    "arguments", [["annotate", "a.jsonl", "--study", "sample", "--jobs", "2"], ["build", "sample"]]
)
def test_too_little_memory_is_told_once_and_nothing_hangs(arguments):
    """OpenBLAS asks for ever for memory that it is not given."""
    limited = f"ulimit -v 400000; exec {shlex.quote(sys.executable)} -m analysis {shlex.join(arguments)}"
    done = subprocess.run(["sh", "-c", limited], capture_output=True, text=True, timeout=60, check=False)
    expected = (
        "castillo: memory is limited to 410 MB (ulimit -v), too little to start: 900 MB are needed. Raise the limit."
    )
    assert (2, expected) == (done.returncode, done.stderr.strip())
