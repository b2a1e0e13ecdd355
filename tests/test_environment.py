"""pyproject.toml, environment.yml and requirements.lock say the same; none names a package registry's host."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
ENVIRONMENT = (ROOT / "environment.yml").read_text(encoding="utf-8")
EXTRAS = tuple(PROJECT["optional-dependencies"])
#: Name on PyPI → name on conda-forge, where they differ.
CONDA = {"tzdata": "python-tzdata", "duckdb": "python-duckdb"}


def declared(extra=None):
    texts = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    return {requirement.name.lower(): requirement for requirement in map(Requirement, texts)}


def test_conda_has_the_same_packages_with_the_same_lower_bounds():
    listed = dict(re.findall(r"^  - ([a-z0-9_-]+)>=([\d.]+)$", ENVIRONMENT, re.MULTILINE))
    expected = {CONDA.get(n, n): str(r.specifier).removeprefix(">=") for n, r in declared().items()}
    assert expected == listed


def test_binder_is_told_one_version_of_python():
    """Which repo2docker reads only after an equals sign."""
    (version,) = re.findall(r"^  - python=([\d.]+)\b", ENVIRONMENT, re.MULTILINE)
    assert PROJECT["requires-python"].removeprefix(">=") == version


def test_every_requirement_has_a_lower_bound():
    for requirement in (*declared().values(), *(r for extra in EXTRAS for r in declared(extra).values())):
        assert str(requirement.specifier).startswith(">="), requirement


def test_the_lock_fulfils_every_requirement():
    locked = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^ \\;]+)", LOCK, re.MULTILINE):
        locked.setdefault(re.sub(r"[-_.]+", "-", name).lower(), []).append(Version(version))
    for extra in (None, *EXTRAS):
        for name, requirement in declared(extra).items():
            versions = locked.get(re.sub(r"[-_.]+", "-", name), [])
            assert versions, f"{name} is not in requirements.lock: make lock"
            assert all(version in requirement.specifier for version in versions), f"{name}: {versions}"


def test_every_line_of_the_lock_has_a_hash_and_no_address():
    packages = len(re.findall(r"^[A-Za-z0-9_.-]+==", LOCK, re.MULTILINE))
    assert packages == len(re.findall(r"^[A-Za-z0-9_.-]+==[^\n]*\\\n    --hash=sha256:", LOCK, re.MULTILINE))
    assert [] == re.findall(r"https?://|--index-url|file://", LOCK)


@pytest.mark.slow
def test_no_package_is_imported_that_is_not_declared():
    """What another package happens to bring may go with its next version; spaCy, a peer, comes with `make bench`."""
    names = {"spacy"} | {re.sub(r"[-_.]+", "-", name) for extra in (None, *EXTRAS) for name in declared(extra)}
    provided = packages_distributions()
    for path in (*ROOT.glob("analysis/**/*.py"), *ROOT.glob("tests/**/*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for module in {name.partition(".")[0] for name in modules}:
                homes = {re.sub(r"[-_.]+", "-", name).lower() for name in provided.get(module, ())}
                assert not homes or homes & (names | {"castillo-coverage"}), f"{path.name}: {module} of {homes}"
