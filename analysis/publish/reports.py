"""Reports of a study by name and parameters, and the outcome of each: its files or its failure."""

from __future__ import annotations

import fnmatch
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import AnalysisError, BuildError, ParameterError, told
from analysis.publish.parameters import check_parameters, read_parameters
from analysis.study import Study
from analysis.study.settings import ReportRule
from analysis.study.studyfiles import line_of


@dataclass(frozen=True)
class Report:
    """One run of a notebook.

    Attributes
    ----------
    name : str, also the name of its files
    notebook : str, the notebook's name without suffix
    parameters : mapping name → value as passed to papermill, `study` first
    """

    name: str
    notebook: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Rendered:
    """A report's files by name, its title, and its first finding."""

    files: Mapping[str, bytes]
    title: str
    headline: str


@dataclass(frozen=True)
class Failure:
    """Why a report could not be made.

    Attributes
    ----------
    cell : int or None, number of the cell as JupyterLab shows it after Run All
    line : int or None, line in that cell
    error : str, the exception in one line
    traceback : str, without colours and machine paths
    """

    cell: int | None
    line: int | None
    error: str
    traceback: str

    @property
    def place(self) -> str:
        """Cell and line in words."""
        line = "" if self.line is None else f", line {self.line}"
        return "outside its cells" if self.cell is None else f"in cell {self.cell}{line}"


@dataclass(frozen=True)
class Outcome:
    """A report's files or its failure, and the seconds it took."""

    name: str
    result: Rendered | Failure
    seconds: float


def study_reports(study: Study, root: Path) -> list[Report]:
    """Every report of a study, all parameters checked.

    Raises
    ------
    ParameterError, BuildError
        Where something is wrong; where several things are, one BuildError with all of them.
    """
    reports, wrong = plan_reports(study, root)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise BuildError("\n".join(map(told, wrong)))
    return reports


def plan_reports(study: Study, root: Path) -> tuple[list[Report], list[AnalysisError]]:
    """Every report of a study in the order of study.toml, and everything that is wrong with them."""
    reports: list[Report] = []
    wrong: list[AnalysisError] = []
    for number, rule in enumerate(study.settings.reports):
        before = len(wrong)
        try:
            known = read_parameters(root / "notebooks" / f"{rule.notebook}.ipynb")
            order = [parameter.name for parameter in known]
            for given in _expand(rule, study):
                values = {**{name: given[name] for name in order if name in given}, **given}
                parameters = {"study": _study_argument(study, root), **values}
                wrong += check_parameters(rule.notebook, known, parameters, study)
                reports.append(Report(report_name(rule.notebook, order, given), rule.notebook, parameters))
        except (BuildError, ParameterError) as error:
            wrong.append(error)
        for found in wrong[before:]:
            found.add_note(_place(study, number))
    names = [report.name for report in reports]
    for name in sorted({name for name in names if names.count(name) > 1}):
        again = BuildError(f"study.toml asks for the report {name!r} more than once. Delete one of its [[reports]].")
        again.add_note(str(study.folder / "study.toml"))
        wrong.append(again)
    return reports, wrong


def _study_argument(study: Study, root: Path) -> str:
    """The study as notebooks are told to load it: a name where it lies in the project's data/, else its path."""
    return study.folder.name if study.folder.parent == (root / "data").resolve() else str(study.folder)


def _place(study: Study, number: int) -> str:
    """Path and line of the entry of that number, from 0, of [[reports]] in study.toml."""
    path = study.folder / "study.toml"
    line = line_of(path.read_text(encoding="utf-8-sig"), "reports", number)
    return str(path) if line is None else f"{path}:{line}"


def _expand(rule: ReportRule, study: Study) -> Iterator[Mapping[str, Any]]:
    if "study" in rule.parameters:
        raise ParameterError(rule.notebook, "study", rule.parameters["study"], "is passed anyway; leave it out")
    if not rule.each:
        yield rule.parameters
        return
    for outlet in study.tested if study.annotated else ():
        yield {**rule.parameters, rule.each: outlet}


def report_name(notebook: str, order: Sequence[str], given: Mapping[str, Any]) -> str:
    """Name of a report: its notebook, then each value given, in the order of the parameters cell.

    Examples
    --------
    >>> report_name("pair", ["study", "left", "right"], {"right": "cnn", "left": "guardian"})
    'pair--guardian--cnn'
    >>> report_name("outlet", ["study", "outlet"], {"outlet": "../../etc"})
    'outlet--etc'
    """
    return "--".join([slug(notebook), *(slug(given[name]) for name in order if name in given)])


def slug(value: object, limit: int = 60) -> str:
    """A value as part of a file name: small letters, digits and single hyphens; a digest where nothing is left."""
    text = "-".join(map(str, value)) if isinstance(value, list) else str(value)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if 0 < len(name) <= limit:
        return name
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{name[: limit - 9].strip('-')}-{digest}".strip("-")


def select(reports: Sequence[Report], globs: Sequence[str]) -> list[Report]:
    """Reports whose names match one of the globs; all of them where there is none.

    Raises
    ------
    BuildError
        Where a glob matches no report.
    """
    for glob in globs:
        if not fnmatch.filter([report.name for report in reports], glob):
            known = ", ".join(report.name for report in reports)
            raise BuildError(f"no report matches {glob!r}. Reports: {known}.")
    return [r for r in reports if not globs or any(fnmatch.fnmatchcase(r.name, glob) for glob in globs)]
