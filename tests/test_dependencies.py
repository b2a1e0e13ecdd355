"""What results, reports, partitions and features depend on: found in imports, told by name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis import dependencies
from analysis.dependencies import changed_code, changed_since, code_behind, code_record, may_import, notebook_modules

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
    assert not {"analysis", "analysis.cli", "analysis.publish", "analysis.publish.cache"} & set(found)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("from analysis import load_study, study_results", True),
        ("if x:\n    from analysis.results import study_results as r", True),
        ("from analysis import pair_results  # not study_results", False),
        ("%matplotlib inline\nfrom analysis import load_study", False),
        ("from analysis import *", True),
        ("import analysis", True),
        ("x = (", True),
    ],
)
def test_a_name_that_cells_import_or_may_import(cell: str, expected: bool) -> None:
    assert expected == may_import(["1", cell], "study_results")


def test_code_holds_imports_of_imports_the_data_they_name_and_the_packages_they_import() -> None:
    code = code_behind("analysis.text.sentences")
    assert {"analysis/text/sentences.py", "analysis/instruments/abbreviations.toml"} <= set(code.files)
    assert "analysis/instruments/validity.csv" in code_behind("analysis.report.descriptions").files
    features = code_behind("analysis.annotation.features")
    assert {"numpy", "pandas", "pyarrow", "vaderSentiment"} <= set(features.packages)
    assert not {"scipy", "papermill", "click"} & set(features.packages)
    assert not [name for name in features.files if name.startswith(("analysis/study", "analysis/publish"))]
    with pytest.raises(KeyError):
        code_behind("analysis.nothing")


def test_every_list_of_instruments_is_named_by_a_module() -> None:
    """Else nothing would become stale with it."""
    unnamed = [path.name for path, namers in dependencies._data_files().items() if not namers]
    assert [] == [name for name in unnamed if (LIBRARY / "instruments" / name).exists()]


def test_code_that_is_not_as_recorded_is_named() -> None:
    record = code_record("analysis.text.sentences")
    assert [] == changed_code(json.loads(json.dumps(record)))
    record["files"]["analysis/text/sentences.py"] = "other"
    record["packages"] = {**record["packages"], "numpy": "0", "not-installed": "1"}
    assert ["analysis/text/sentences.py", *(["numpy"] if "numpy" in code_record("analysis.text.sentences")["packages"]
            else [])] == changed_code(record)  # fmt: skip
    for unknown in ({}, {"modules": ["analysis.nothing"]}, {"modules": 3}):
        assert ["the code that measures"] == changed_code(unknown)


def test_a_change_with_the_old_size_and_time_is_seen(tmp_path: Path) -> None:
    """The file system remembers when it was, whoever puts content or time back."""
    path = tmp_path / "a"
    path.write_text("ab")
    before, first = path.stat(), dependencies.content_digest(path)
    path.write_text("ba")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert first != dependencies.content_digest(path)
    assert not changed_since(path.stat().st_ctime_ns, [path])
    assert changed_since(path.stat().st_ctime_ns - 1, [path])
    assert changed_since(path.stat().st_ctime_ns, [path, tmp_path / "none"])


DIGESTS = """
import json
from analysis.dependencies import code_behind, notebook_modules
from analysis.publish.parameters import read_code
from pathlib import Path
roots = {"features": ["analysis.annotation.features", "analysis.readers"], "results": ["analysis.results"]}
for path in sorted(Path("notebooks").glob("*.ipynb")):
    roots[path.stem] = notebook_modules(read_code(path))
print(json.dumps({name: code_behind(*modules).digest for name, modules in roots.items()}))
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], set[str]]]:
    """copied(file): what becomes stale when one line is added to a file of analysis/, in a copy of the project."""
    root = tmp_path_factory.mktemp("copied")
    for name in ("analysis", "notebooks"):
        shutil.copytree(LIBRARY.parent / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "data").mkdir()
    (root / "pyproject.toml").write_text("")

    def digests() -> dict[str, str]:
        environment = {**os.environ, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", DIGESTS]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
        return dict(json.loads(done.stdout))

    before = digests()

    def stale(name: str) -> set[str]:
        path = root / "analysis" / name
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        now = digests()
        path.write_bytes(content)
        return {name for name, digest in now.items() if digest != before[name]}

    return stale


ALL = {"features", "results", "overview", "actors", "wording", "tone", "outlet", "pair"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("errors.py", ALL),
        ("tables/__init__.py", ALL),
        ("readers/clean.py", {"features", "wording"}),
        ("text/voice.py", ALL),  # the functions on plain strings, beside those on studies, use it
        ("scoring/vader.py", ALL - {"results"}),
        ("annotation/features.py", {"features"}),
        ("annotation/run.py", set()),
        ("study/study.py", ALL - {"features"}),
        ("stats/resampling.py", ALL - {"features"}),
        ("results/measures.py", ALL - {"features"}),
        ("report/findings.py", ALL - {"features", "results"}),
        ("publish/render.py", set()),
        ("collect/run.py", set()),
        ("cli.py", set()),
        ("instruments/abbreviations.toml", ALL),
        ("instruments/speech.toml", ALL),
        ("instruments/lexicon-en.toml", ALL - {"results"}),
        ("instruments/targeted-en.npz", ALL - {"results"}),
        ("instruments/spellings.toml", ALL - {"features"}),
        ("instruments/function_words.toml", ALL - {"results"}),
        ("instruments/validity.csv", ALL - {"features", "results"}),
        ("instruments/methods.bib", ALL - {"features", "results"}),
    ],
)
def test_one_line_makes_stale_exactly_what_it_can_change(copied, name: str, expected: set[str]) -> None:  # type: ignore[no-untyped-def]
    assert expected == copied(name)
