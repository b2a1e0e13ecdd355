"""The workflow for the reports: valid, its actions pinned, and its Pythons and commands those of the project."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "reports.yml"
TEXT = WORKFLOW.read_text(encoding="utf-8")
JOBS = yaml.safe_load(TEXT)["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]


def complaints(path: Path) -> str:
    """What the schema of GitHub's workflows, as check-jsonschema ships it, says; empty where all is well."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout if done.returncode else ""


@pytest.mark.slow
def test_it_is_valid() -> None:
    assert "" == complaints(WORKFLOW)


def test_actions_are_pinned_to_a_commit_and_say_which_version() -> None:
    """A tag can be moved, a commit cannot."""
    used = re.findall(r"uses: (.*)", TEXT)
    assert len(used) == sum("uses" in step for step in STEPS) > 5
    for line in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_it_tests_every_declared_python() -> None:
    """Those of pyproject.toml's classifiers, the lowest of requires-python first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [c.split(" :: ")[-1] for c in project["classifiers"] if re.search(r":: 3\.\d+$", c)]
    assert ["3.11", "3.12", "3.13"] == declared == JOBS["tests"]["strategy"]["matrix"]["python"]
    assert f">={declared[0]}" == project["requires-python"]


def test_it_publishes_only_what_was_verified_and_tested() -> None:
    """And only from main; a pull request's reports are an artifact."""
    assert {"reports", "tests"} == set(JOBS["publish"]["needs"])
    runs = "\n".join(step.get("run", "") for step in JOBS["reports"]["steps"])
    for study in sorted(path.name for path in (ROOT / "reports").iterdir() if (path / "manifest.json").is_file()):
        assert f"castillo verify {study}" in runs
    assert "github.event_name != 'pull_request'" == JOBS["publish"]["if"]
    assert "${{ steps.deployment.outputs.page_url }}" == JOBS["publish"]["environment"]["url"]  # a fork's own address
    conditions = {step["uses"].split("@")[0]: step.get("if") for step in JOBS["reports"]["steps"] if "uses" in step}
    assert "github.event_name == 'pull_request'" == conditions["actions/upload-artifact"]
    assert "github.event_name != 'pull_request'" == conditions["actions/upload-pages-artifact"]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"run: make (\w+)", TEXT))))
def test_its_make_targets_exist(target: str) -> None:
    """Under the same names."""
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
