"""Which reports a study has: names, parameters, and what is refused before a kernel starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ministudy import PARAMETERS, make_project, write_notebook
from papermill.translators import PythonTranslator

from analysis import dependencies
from analysis.errors import AnalysisError, BuildError, ParameterError, format_error
from analysis.publish.reports import (
    Parameter,
    Report,
    plan_reports,
    read_parameters,
    report_name,
    select,
    slug,
    study_reports,
)
from analysis.study import load_study

pytestmark = pytest.mark.slow
PAIR = PARAMETERS + '\nleft: str = "north"\nright: str = "south"'
MANY = PARAMETERS + '\nyears: list[int] = [1]\ncount: int = 3\nlanguage: str = ""'
OUTLET = PARAMETERS + '\noutlet: str = "north"'


def project(tmp_path: Path, reports: str) -> Path:
    """A project with the notebooks outlet, pair and many."""
    root = make_project(tmp_path, reports)
    write_notebook(root, "outlet", ["# Outlet"], OUTLET)
    write_notebook(root, "pair", ["# Pair"], PAIR)
    write_notebook(root, "many", ["# Many"], MANY)
    return root


def refusal(tmp_path: Path, reports: str) -> str:
    """What is said of a matrix."""
    root = project(tmp_path, reports)
    with pytest.raises(AnalysisError) as caught:
        study_reports(load_study(root / "data" / "tiny"), root)
    return str(caught.value)


def reports_of(root: Path) -> list[Report]:
    """Reports of the tiny study."""
    return study_reports(load_study(root / "data" / "tiny"), root)


def test_each_makes_a_report_of_every_tested_outlet(tmp_path: Path) -> None:
    """Most articles first; the outlet with too few articles has none. Globs choose among names."""
    root = project(tmp_path, '[[reports]]\nnotebook = "outlet"\neach = "outlet"\n[[reports]]\nnotebook = "plain"')
    reports = reports_of(root)
    assert ["outlet--north", "outlet--south", "plain"] == [r.name for r in reports]
    assert {"study": "tiny", "outlet": "south"} == reports[1].parameters
    assert ["outlet--north", "outlet--south"] == [r.name for r in select(reports, ["outlet--*"])]
    assert reports == select(reports, [])
    with pytest.raises(BuildError, match=r"no report matches 'x\*'. Reports: outlet--north, outlet--south, plain"):
        select(reports, ["plain", "x*"])


def test_names_follow_the_parameters_cell_and_a_study_elsewhere_is_passed_as_a_path(tmp_path: Path) -> None:
    """right is written first in study.toml, left stands first in the notebook; a name would not find the study."""
    matrix = '[[reports]]\nnotebook = "pair"\nparameters = { right = "south", left = "thin" }'
    root = project(tmp_path / "project", matrix)
    (report,) = reports_of(root)
    assert ("pair--thin--south", ["study", "left", "right"]) == (report.name, list(report.parameters))
    elsewhere = (root / "data" / "tiny").rename(tmp_path / "mine")
    (report,) = study_reports(load_study(elsewhere), root)
    assert str(elsewhere) == report.parameters["study"]


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ('notebook = "pair"\nparameters = { up = "x" }', "parameter 'up' = 'x': the notebook has no such parameter"),
        ('notebook = "pair"\nparameters = { left = 3 }', "parameter 'left' = 3: is not str"),
        ('notebook = "many"\nparameters = { years = ["a"] }', "parameter 'years' = ['a']: is not list[int]"),
        ('notebook = "many"\nparameters = { count = true }', "parameter 'count' = True: is not int"),
        ('notebook = "pair"\nparameters = { left = "nort" }', "is no outlet of tiny (did you mean 'north'?). Kn"),
        ('notebook = "outlet"\nparameters = { outlet = "thin" }', "has fewer than 2 articles and is not tested"),
        ('notebook = "pair"\nparameters = { right = "north" }', "is the same outlet as left"),
        ('notebook = "many"\nparameters = { language = "xx" }', "'xx': is no language of tiny. Known: en"),
        ('notebook = "plain"\neach = "outlet"', "parameter 'outlet' = 'north': the notebook has no such parameter"),
        ('notebook = "plain"\nparameters = { study = "x" }', "is passed anyway; leave it out"),
        ('notebook = "nowhere"', "asks for the notebook 'nowhere'"),
        ('notebook = "plain"\n[[reports]]\nnotebook = "plain"', "the report 'plain' is asked for more than once"),
    ],
)
def test_a_wrong_matrix_is_refused(tmp_path: Path, reports: str, expected: str) -> None:
    """Names, types and values are held to the notebook and to the study."""
    assert expected in refusal(tmp_path, f"[[reports]]\n{reports}\n")


def test_what_is_wrong_is_told_with_its_line(tmp_path: Path) -> None:
    """Of the entry of [[reports]] that it stands in; everything at once, a line each."""
    told = refusal(tmp_path / "wrong", '[[reports]]\nnotebook = "pair"\nparameters = { left = 1, right = "x", up = 2 }')
    assert 3 == len(told.splitlines())
    root = project(tmp_path, '[[reports]]\nnotebook = "plain"\n\n[[reports]]\nnotebook = "nowhere"\n')
    study = load_study(root / "data" / "tiny")
    (found,) = plan_reports(study, root)[1]
    path, _, line = format_error(found).partition(": ")[0].rpartition(":")
    assert study.folder / "study.toml" == Path(path)
    assert ["[[reports]]", 'notebook = "nowhere"'] == Path(path).read_text().splitlines()[int(line) - 1 :]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("al-jazeera", "al-jazeera"), ("../../etc/passwd", "etc-passwd"), ("/a/../b\\c\0", "a-b-c"),
        ("Ñandú & Co.", "nandu-co"), ("<script>", "script"), (["a", 2], "a-2"), (0.5, "0-5"), ],
)
def test_slug(value: object, expected: str) -> None:
    """Small letters, digits and single hyphens: no value of a parameter leads out of the folder of reports."""
    assert expected == slug(value)
    assert f"outlet--{expected}" == report_name("outlet", ["outlet"], {"outlet": value})


def test_parameters_are_read_from_the_cell(tmp_path: Path) -> None:
    """Name, type, default and comment; the type of an unannotated one is its default's."""
    root = make_project(tmp_path)
    cell = 'study: str = "tiny"  # which study\nyears: list[int] = [1, 2]\nlow = -0.5  # lowest # share\n'
    path = write_notebook(root, "n", ["# N"], cell)
    expected = (
        Parameter("study", "str", "tiny", "which study"),
        Parameter("years", "list[int]", [1, 2], ""),
        Parameter("low", "float", -0.5, "lowest # share"),
    )
    assert expected == read_parameters(path)


@pytest.mark.parametrize(
    "cell",
    [
        "x: bool = True",
        "x: int = 'a'",
        "x = open('y')",
        "x = (",
    ],
)
def test_a_bad_parameters_cell_is_refused(tmp_path: Path, cell: str) -> None:
    """Before anything runs."""
    path = write_notebook(make_project(tmp_path), "n", ["# N"], cell)
    with pytest.raises(ParameterError, match=r"parameter 'x' = .*: its default must be a literal of str, int, float, "):
        read_parameters(path)


def test_no_notebook_no_parameters_cell(tmp_path: Path) -> None:
    """Both are told with the file."""
    path = make_project(tmp_path) / "notebooks" / "plain.ipynb"
    path.write_text(path.read_text().replace('"parameters"', '"other"'))
    with pytest.raises(BuildError, match="has 0 cells tagged 'parameters'"):
        read_parameters(path)
    path.write_text("{}")
    with pytest.raises(BuildError, match="is not a notebook"):
        read_parameters(path)


def test_papermill_inspects_a_cell_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a second to import; another cell is inspected anew."""
    kept: dict[str, dict[str, object]] = {"files": {}, "sources": {}}
    monkeypatch.setattr(dependencies, "_cache", lambda: kept)
    path = write_notebook(make_project(tmp_path), "many", ["# Many"], MANY)
    first = read_parameters(path)
    kept["sources"] = json.loads(json.dumps(kept["sources"]))
    monkeypatch.setattr(PythonTranslator, "inspect", lambda cell: pytest.fail("inspected again"))
    assert first == read_parameters(path)
    with pytest.raises(pytest.fail.Exception, match="inspected again"):
        read_parameters(write_notebook(path.parents[1], "many", ["# Many"], OUTLET))
