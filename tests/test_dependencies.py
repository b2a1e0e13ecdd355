"""What results, reports, partitions and features depend on: found in imports, told by name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis import dependencies
from analysis.dependencies import changed_code, code_behind, code_record, notebook_modules

LIBRARY = Path(dependencies.__file__).parent


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("import pandas as pd", []),
        ("from analysis import __version__", []),
        ("from analysis.wording import day", ["wording"]),
        ("from analysis import wording", ["wording"]),
        ("if x:\n    from analysis.report.figures import figure_of_words as f", ["report.figures"]),
        ("%matplotlib inline\n!ls\nfrom analysis.wording import day", ["wording"]),
        ("from analysis.publish import build", []),
    ],
)
def test_modules_behind_names(cell: str, expected: list[str]) -> None:
    """The lazy package is looked through."""
    assert [f"analysis.{name}" for name in expected] == notebook_modules(["1", cell])


@pytest.mark.parametrize("cell", ["import analysis", "import analysis as a", "from analysis import *", "x = ("])
def test_where_names_cannot_be_told_everything_is_depended_on(cell: str) -> None:
    """But neither publishing nor commands."""
    found = notebook_modules([cell])
    assert {"analysis.annotation", "analysis.report.views", "analysis.readers.tabular"} <= set(found)
    assert not {"analysis", "analysis.cli", "analysis.publish", "analysis.publish.state"} & set(found)


def test_code_holds_imports_of_imports_the_data_they_name_and_the_packages_they_import() -> None:
    code = code_behind("analysis.text.sentences")
    assert {"analysis/text/sentences.py", "analysis/instruments/abbreviations.toml"} <= set(code.files)
    assert "analysis/instruments/validity.csv" in code_behind("analysis.report.descriptions").files
    features = code_behind("analysis.annotation.features")
    assert {"numpy", "pandas", "pyarrow", "vaderSentiment"} <= set(features.packages)
    assert not {"statsmodels", "papermill", "click"} & set(features.packages)
    assert not [name for name in features.files if name.startswith(("analysis/study", "analysis/publish"))]
    with pytest.raises(KeyError):
        code_behind("analysis.nothing")


def test_every_list_of_instruments_is_named_by_a_module() -> None:
    """Else nothing would become stale with it."""
    named = code_behind(*notebook_modules(["import analysis"])).files
    lists = [p for p in (LIBRARY / "instruments").iterdir() if p.is_file() and p.suffix not in (".py", ".md")]
    assert [] == [path.name for path in lists if f"analysis/instruments/{path.name}" not in named]


def test_code_that_is_not_as_recorded_is_named() -> None:
    record = code_record("analysis.text.mentions")
    assert [] == changed_code(json.loads(json.dumps(record)))
    record["files"]["analysis/text/sentences.py"] = "other"
    record["packages"] = {**record["packages"], "numpy": "0", "not-installed": "1"}
    assert ["analysis/text/sentences.py", "numpy"] == changed_code(record)
    for unknown in ({}, {"modules": ["analysis.nothing"]}, {"modules": 3}):
        assert ["the code that measures"] == changed_code(unknown)


def test_a_change_with_the_old_size_and_time_is_seen(tmp_path: Path) -> None:
    """The file system remembers when it was, whoever puts content or time back."""
    path = tmp_path / "a"
    path.write_text("ab")
    before, first = path.stat(), dependencies.content_digest(path)
    time.sleep(0.02)
    path.write_text("ba")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert first != dependencies.content_digest(path)


STALE = """
import json, sys
from analysis import dependencies
from analysis.dependencies import code_behind, notebook_modules
from analysis.publish.reports import read_code
from pathlib import Path

def digests():
    for name, cached in vars(dependencies).items():
        if name != "_cache" and hasattr(cached, "cache_clear"):
            cached.cache_clear()
    roots = {"features": ["analysis.annotation.features", "analysis.readers"], "results": ["analysis.results"]}
    roots |= {path.stem: notebook_modules(read_code(path)) for path in Path("notebooks").glob("*.ipynb")}
    return {name: code_behind(*modules).digest for name, modules in roots.items()}

before, stale = digests(), {}
for name in sys.argv[1:]:
    path = Path("analysis") / name
    content = path.read_bytes()
    path.write_bytes(content + b"\\n")
    stale[name] = [key for key, digest in digests().items() if digest != before[key]]
    path.write_bytes(content)
print(json.dumps(stale))
"""


NOTEBOOKS = {path.stem for path in (LIBRARY.parent / "notebooks").glob("*.ipynb")}
ALL = {"features", "results", *NOTEBOOKS}
#: What a line more in a file of analysis/ makes stale.
CHANGES: dict[str, set[str]] = {
    "errors.py": ALL,
    "tables/__init__.py": ALL,
    "readers/clean.py": {"features", "wording"},
    "text/voice.py": ALL,  # the functions on plain strings, beside those on studies, use it
    "scoring/vader.py": ALL - {"results"},
    "annotation/features.py": {"features"},
    "annotation/run.py": set(),
    "study/study.py": ALL - {"features"},
    "stats/inference.py": ALL - {"features"},
    "results/measures.py": ALL - {"features"},
    "report/findings.py": ALL - {"features", "results"},
    "publish/render.py": set(),
    "collect/run.py": set(),
    "cli.py": set(),
    "instruments/abbreviations.toml": ALL,
    "instruments/speech.toml": ALL,
    "instruments/lexicon-en.toml": ALL - {"results"},
    "instruments/targeted-en.npz": ALL - {"results"},
    "instruments/spellings.toml": ALL - {"features"},
    "instruments/function_words.toml": ALL,
    "instruments/validity.csv": ALL - {"features", "results"},
    "instruments/methods.bib": ALL - {"features", "results"},
}


@pytest.mark.slow
def test_one_line_makes_stale_exactly_what_it_can_change(tmp_path: Path) -> None:
    """Of features, results and reports, in a copy of the project."""
    for name in ("analysis", "notebooks"):
        shutil.copytree(LIBRARY.parent / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "data").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    command, environment = [sys.executable, "-c", STALE, *CHANGES], {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert CHANGES == {name: set(stale) for name, stale in json.loads(done.stdout).items()}
