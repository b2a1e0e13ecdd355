"""The description of an archive: each file with licence and type, who made it, how reports come of the rest."""

import json
import sys

import pytest

from analysis import archive
from analysis.errors import ArchiveError

MIT, CC = "https://spdx.org/licenses/MIT", "https://creativecommons.org/licenses/by/4.0/"
FILES = (
    *("LICENSE", "Makefile", "README.md", "requirements.lock", "analysis/cli.py", "analysis/new_study/study.toml"),
    *("data/small/study.toml", "data/small/outlets.csv", "data/other/outlets.csv", "notebooks/overview.ipynb"),
    *("data/small/features/terms.parquet", "reports/small/overview.html", "reports/small/manifest.json"),
    *("reports/smaller/overview.html", ".ci/run", "analysis/publish/template/page.css"),
)
ONE = """
authors:
  - name: The contributors
    website: https://c.example
repository-code: https://code.example
date-released: 2026-11-23
keywords: [news, Peru]
"""
TWO = """
authors:
  - given-names: Ada
    family-names: Rivas Soto
  - name: A House
repository-code: https://code.example
"""


@pytest.fixture
def described(tmp_path, small_study):
    """described(citation): the description of files of which each holds its own name, and its entities by id."""

    def describe(citation=""):
        files = {}
        for name in FILES:
            files[name] = tmp_path / name
            files[name].parent.mkdir(parents=True, exist_ok=True)
            files[name].write_text(name, encoding="utf-8")
        if citation:
            (tmp_path / archive.CITATION).write_text(citation, encoding="utf-8")
        found = archive.describe(small_study, tmp_path, files)
        return found, {entity["@id"]: entity for entity in json.loads(found)["@graph"]}

    return describe


def test_files_have_licence_size_and_a_type_that_no_machine_decides(described):
    _, found = described(ONE)
    code = {
        *("Makefile", "requirements.lock", "analysis/cli.py", "analysis/new_study/study.toml", ".ci/run"),
        "analysis/publish/template/page.css",
    }
    assert {name: MIT if name in code else CC for name in FILES} == {n: found[n]["license"]["@id"] for n in FILES}
    assert {MIT, CC} == {licence["@id"] for licence in found["./"]["license"]} <= set(found)
    assert [str(len(name)) for name in FILES] == [found[name]["contentSize"] for name in FILES]
    assert {
        "analysis/cli.py": "text/x-python",
        "data/small/outlets.csv": "text/csv",
        "data/small/features/terms.parquet": "application/vnd.apache.parquet",
        "reports/small/overview.html": "text/html",
        "notebooks/overview.ipynb": "application/x-ipynb+json",
        "Makefile": "text/plain",
    }.items() <= {name: found[name]["encodingFormat"] for name in FILES}.items()


def test_several_authors_are_a_list_and_the_first_publishes(described):
    """A house without a site has the repository's address; without a release, the window's last day is the day."""
    first, found = described(TWO)
    root, ada = found["./"], {"@id": "#Ada-Rivas-Soto"}
    assert ([ada, {"@id": "#A-House"}], ada, "2022-12-20") == (root["author"], root["publisher"], root["datePublished"])
    assert ("Person", "Ada Rivas Soto") == (found["#Ada-Rivas-Soto"]["@type"], found["#Ada-Rivas-Soto"]["name"])
    assert "https://code.example" == found["#A-House"]["url"]
    assert first == described(TWO)[0]
    assert first.endswith(b"}\n")


def test_without_rocrate_it_says_what_to_install(described, monkeypatch):
    monkeypatch.setitem(sys.modules, "rocrate.rocrate", None)
    with pytest.raises(ArchiveError, match=r"pip install 'castillo-coverage\[archive\]'"):
        described(ONE)
