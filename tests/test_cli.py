"""castillo: exit statuses, messages, and that each command shows an example."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ministudy import PARAMETERS, make_project, write_notebook

from analysis import THREADS
from analysis.cli import main
from analysis.publish import build as publish
from analysis.publish import manifest, processes
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


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A build that does nothing but note what it was asked for; `result` is what it says it did."""
    made = SimpleNamespace(result={}, asked={})

    class Build:
        def __init__(self, study: object, **options: object) -> None:
            made.asked |= options

        def run(self, only: object, force: bool, warm: object, **options: object) -> publish.BuildResult:
            made.asked |= {"only": only, "force": force, **options}
            return publish.BuildResult(Path("reports/tiny"), **made.result)

    monkeypatch.setattr(publish, "Build", Build)
    return made


def castillo(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("command", sorted(main.commands))
def test_each_command_shows_an_example_and_is_listed_with_its_first_sentence(command: str) -> None:
    """A newcomer chooses by it."""
    assert f"Example: castillo {command}" in castillo(command, "--help").output
    listed = " ".join(castillo("--help").output.partition("Commands:")[2].split())
    sentence = " ".join((main.commands[command].help or "").partition(".")[0].split())
    assert f"{command} {sentence}" in listed


def test_commands() -> None:
    """Those of the design that exist."""
    assert {"build", "list", "check", "annotate", "verify", "collect"} <= set(main.commands)


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


def test_build_passes_everything_on(root: Path, build: SimpleNamespace) -> None:
    """And prints what was done; status 0; where a report failed, 1."""
    build.result = {"built": ["a"], "fresh": ["b", "c"]}
    done = castillo("build", "tiny", *shlex.split("--only a* --only b --jobs 3 --force --output out --kernel"))
    assert ("reports/tiny: 1 built, 2 fresh, 0 failed\n", 0) == (done.output, done.exit_code)
    del build.asked["echo"], build.asked["progress"]
    expected = {"output": Path("out"), "only": ("a*", "b"), "jobs": 3, "force": True}
    assert {**expected, "kernel": True, "cell_seconds": 3600.0} == build.asked
    build.result = {"failed": {"a": Failure(1, 1, "E", "T")}}
    assert 1 == castillo("build", "tiny").exit_code


@pytest.mark.parametrize("command", ["build", "list", "check", "verify"])
def test_an_unknown_study_is_status_2(root: Path, command: str) -> None:
    """With the studies there are, and no traceback."""
    done = castillo(command, "nowhere")
    assert 2 == done.exit_code
    assert "no study 'nowhere'" in done.stderr
    assert "Known here: tiny" in done.stderr
    assert "Traceback" not in done.output


def test_a_wrong_study_is_status_2(root: Path, replace: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """With every problem, before any kernel starts."""
    monkeypatch.setattr(processes.WarmProcess, "run", lambda *_: pytest.fail("something was run"))
    replace("study.toml", 'notebook = "plain"\n', 'notebook = "plain"\nparameters = { outlet = 1 }\n')
    done = castillo("build", "tiny")
    assert 2 == done.exit_code
    assert "notebook 'plain', parameter 'outlet' = 1: the notebook has no such parameter. It has study" in done.stderr
    replace("outlets.csv", "RSS,no", "RSS,non")
    done = castillo("build", "tiny")
    assert 2 == done.exit_code
    assert "outlets.csv:2: aggregator 'non' is none of yes, no" in done.stderr
    assert "outlets.csv:3: aggregator 'non' is none of yes, no" in done.stderr
    assert not (root / "reports").exists()


def test_list_shows_state_and_parameters(root: Path) -> None:
    """Types, values, defaults, help."""
    write_notebook(root, "plain", ["# P"], PARAMETERS + "\nyears: list[int] = [1]  # which years")
    done = castillo("list", "tiny")
    assert "plain  new: never built  (notebook plain)\n" in done.output
    assert "    study: str = 'tiny' (default 'tiny')  the study to report on\n" in done.output
    assert "    years: list[int] = [1]  which years\n" in done.output
    assert 0 == done.exit_code


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


def test_check_tells_every_problem_at_once(root: Path, replace: Callable[..., None]) -> None:
    """Of files, of aliases, of reports; status 2; nothing, and status 0, where there is none."""
    done = castillo("check", "tiny")
    assert (f"{root / 'data/tiny'}: no problems\n", 0) == (done.output, done.exit_code)
    row = "pedro-castillo,person,Pedro Castillo,*,Pedro Castillo,exact,,\n"
    replace("actors.csv", row, f"{row}other,person,Other,*,Pedro Castillo,exact,,\n")
    replace("articles.csv", "north-0,north", "north-0,nort")
    replace("study.toml", 'notebook = "plain"\n', 'notebook = "plain"\n[[reports]]\nnotebook = "gone"\n')
    done = castillo("check", "tiny")
    assert 2 == done.exit_code
    assert "articles.csv:2: outlet 'nort' is unknown (did you mean 'north'?)" in done.output
    assert "actors.csv:3: alias 'Pedro Castillo' belongs to other and pedro-castillo. Keep one" in done.output
    assert re.search(r"study\.toml:\d+: study\.toml asks for the notebook 'gone'", done.output)
    assert ": 3 problems\n" in done.output


def test_check_leaves_out_what_only_follows(root: Path, replace: Callable[..., None]) -> None:
    """One wrong row of outlets.csv is one problem, whatever reports name that outlet."""
    replace("outlets.csv", "North,GB,en,private,newspaper,RSS,no", "North,GB,en,private,newspaper,RSS,non")
    report = '[[reports]]\nnotebook = "one"\nparameters = { outlet = "north" }\n'
    replace("study.toml", 'notebook = "plain"\n', f'notebook = "plain"\n{report}')
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
        counts: dict[str, Any] = {"articles": 7, "kept": 3, "untitled": 5, "damaged": 1}
        counts |= {"set_aside": {"neither title nor body": 1}, "skipped": {"WARC records of type request": 4}}
        return SimpleNamespace(rejected=rejected, added=("x1", "x2"), without_text=("n1",), **counts)

    module = ModuleType("analysis.annotation.run")
    module.annotate = annotate  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "analysis.annotation.run", module)
    done = castillo("annotate", "a.jsonl", "b.jsonl", "--study", "tiny", "--jobs", "2", "--scheduler", "tcp://x:1")
    folder = root / "data/tiny/features"
    for line in (
        "set aside: a.jsonl:3: neither title nor body",
        f"{folder}: 7 articles annotated, 1 set aside",
        "skipped, as no articles: 4 WARC records of type request",
        "3 of them had been measured before an interruption",
        "1 finished partitions of an interrupted run were damaged: measured again",
        "5 of them without a title: a column title gives it; nothing else is taken for one",
        "2 of them are new and were appended to articles.csv: code genre and subevent",
        "1 articles of articles.csv had no text, so have no features: n1",
    ):
        assert f"{line}\n" in done.output
    expected = {"paths": [Path("a.jsonl"), Path("b.jsonl")], "output": folder, "jobs": 2, "scheduler": "tcp://x:1"}
    assert (expected, 0) == (seen, done.exit_code)


@pytest.mark.parametrize(("differences", "status"), [((), 0), (("a.html differs",), 1)])
def test_verify(root: Path, monkeypatch: pytest.MonkeyPatch, differences: tuple[str, ...], status: int) -> None:
    """Remarks and differences, a line each."""
    found = manifest.Verification(differences, ("made with Python 3.9, this is 3.11",))
    monkeypatch.setattr(manifest, "verify", lambda study, **options: found)
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
    before = sorted(root.rglob("*"))
    done = castillo(command, str(root / "data" / "tiny"))
    assert 2 == done.exit_code
    assert "is a project of its own, and building would run its notebooks" in done.output
    assert "--trust" in done.output
    assert before == sorted(root.rglob("*"))


@pytest.mark.slow
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
def test_too_little_memory_is_told_once_and_nothing_hangs(arguments: list[str]) -> None:
    """OpenBLAS asks for ever for memory that it is not given."""
    limited = f"ulimit -v 400000; exec {shlex.quote(sys.executable)} -m analysis {shlex.join(arguments)}"
    done = subprocess.run(["sh", "-c", limited], capture_output=True, text=True, timeout=60, check=False)
    told = "castillo: memory is limited to 410 MB (ulimit -v), too little to start: 900 MB are needed. Raise the limit."
    assert (2, told) == (done.returncode, done.stderr.strip())


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_memory_that_runs_out_while_libraries_load_is_told_in_a_line(tmp_path: Path) -> None:
    """A library of compiled code that finds no room is an ImportError, which nobody would understand."""
    command = f"{shlex.quote(sys.executable)} -m analysis build sample --output {shlex.quote(str(tmp_path))}"
    limited = f"ulimit -v 1200000; exec {command}"
    done = subprocess.run(["sh", "-c", limited], capture_output=True, text=True, timeout=60, check=False)
    assert 2 == done.returncode
    told = r"castillo: memory is limited to 1229 MB \(ulimit -v\), too little for this \(.*\)\. Raise the limit\.\n"
    assert re.fullmatch(told, done.stderr)
