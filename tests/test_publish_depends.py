"""What a notebook depends on: found in its imports."""

from __future__ import annotations

import pytest

from analysis.publish.depends import imports, library_files, notebook_modules


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("import pandas as pd", []),
        ("from analysis import __version__", []),
        ("from analysis.wording import day", ["wording"]),
        ("from analysis import wording", ["wording"]),
        ("from analysis.report.figures import plot_words", ["report", "report.figures", "report.style", "wording"]),
        (
            "if x:\n    from analysis.report.figures import plot_words as p",
            ["report", "report.figures", "report.style", "wording"],
        ),
        ("%matplotlib inline\n!ls\nfrom analysis.wording import day", ["wording"]),
        (
            "from analysis import polarity",
            [
                *("errors", "instruments", "instruments.function_words", "scoring", "scoring.lexicon"),
                *("scoring.targeted", "scoring.vader", "tables", "tables.schema"),
            ],
        ),
        ("from analysis.readers.row import parse_row", None),
        ("from analysis.publish import build", []),
    ],
)
def test_modules_behind_names(cell: str, expected: list[str] | None) -> None:
    """The lazy package is looked through; imports of imports are followed; a module's packages belong to it."""
    found = notebook_modules(["1", cell])
    if expected is None:
        assert {"analysis.readers", "analysis.readers.clean", "analysis.readers.row"} <= set(found)
    else:
        assert [f"analysis.{name}" for name in expected] == found


@pytest.mark.parametrize("cell", ["import analysis", "import analysis.wording", "from analysis import *", "x = ("])
def test_where_names_cannot_be_told_everything_is_depended_on(cell: str) -> None:
    """But neither publishing nor commands."""
    found = notebook_modules([cell])
    assert {"analysis.annotation", "analysis.report.views", "analysis.readers.jsonl"} <= set(found)
    assert not {"analysis", "analysis.cli", "analysis.publish", "analysis.publish.cache"} & set(found)


def test_data_files_go_with_the_modules_that_name_them() -> None:
    """validity.csv with method.py, abbreviations.toml with boundaries.py."""
    assert ["analysis/wording.py"] == list(library_files(["analysis.wording"]))
    found = library_files(["analysis.text.sentences"])
    assert ["analysis/instruments/abbreviations.toml", "analysis/text/sentences.py"] == sorted(found)
    assert "analysis/instruments/validity.csv" in library_files(["analysis.report.method"])
    assert {} == library_files([])


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
    assert expected == imports(["1", cell], "study_results")
