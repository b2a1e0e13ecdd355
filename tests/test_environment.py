"""pyproject.toml, environment.yml and requirements.lock say the same; none names a package registry's host."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENVIRONMENT = (ROOT / "environment.yml").read_text(encoding="utf-8")
#: Name on PyPI → name on conda-forge, where they differ.
CONDA = {"tzdata": "python-tzdata", "vadersentiment": "vadersentiment"}


def declared(extra=None):
    texts = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    return {requirement.name.lower(): requirement for requirement in map(Requirement, texts)}


def test_conda_has_the_same_packages_with_the_same_lower_bounds():
    listed = dict(re.findall(r"^  - ([a-z0-9-]+)>=([\d.]+)$", ENVIRONMENT, re.MULTILINE))
    assert PROJECT["requires-python"].removeprefix(">=") == listed.pop("python")
    expected = {CONDA.get(n, n): str(r.specifier).removeprefix(">=") for n, r in declared().items()}
    assert expected == listed


def test_every_requirement_has_a_lower_bound():
    for requirement in (*declared().values(), *declared("collect").values(), *declared("dev").values()):
        assert str(requirement.specifier).startswith(">="), requirement


def test_the_lock_fulfils_every_requirement():
    locked = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^ \\;]+)", LOCK, re.MULTILINE):
        locked.setdefault(re.sub(r"[-_.]+", "-", name).lower(), []).append(Version(version))
    for name, requirement in {**declared(), **declared("collect"), **declared("dev")}.items():
        versions = locked.get(re.sub(r"[-_.]+", "-", name), [])
        assert versions, f"{name} is not in requirements.lock: make lock"
        assert all(version in requirement.specifier for version in versions), f"{name}: {versions}"


def test_every_line_of_the_lock_has_a_hash_and_no_address():
    packages = len(re.findall(r"^[A-Za-z0-9_.-]+==", LOCK, re.MULTILINE))
    assert packages == len(re.findall(r"^[A-Za-z0-9_.-]+==[^\n]*\\\n    --hash=sha256:", LOCK, re.MULTILINE))
    assert [] == re.findall(r"https?://|--index-url|file://", LOCK)
