"""CITATION.cff: valid, and the same version, licence and address as everywhere else."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import analysis

ROOT = Path(__file__).resolve().parents[1]
CITATION = ROOT / "CITATION.cff"
CITED = yaml.safe_load(CITATION.read_bytes())


@pytest.mark.slow
def test_it_is_valid() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.citation-file-format"]
    done = subprocess.run([*command, str(CITATION)], capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout


def test_its_version_is_the_package_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "analysis/__init__.py" == project["tool"]["hatch"]["version"]["path"]
    assert ["version"] == project["project"]["dynamic"]
    assert analysis.__version__ == CITED["version"]


def test_the_readme_cites_it() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"version {CITED['version']}" in " ".join(readme.split())
    assert CITED["title"] in " ".join(readme.split())
