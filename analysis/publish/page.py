"""A report in the making: what it says beyond its notebook, the files it became, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.publish.matrix import Report


@dataclass(frozen=True)
class Page:
    """What a page says beyond its notebook.

    Attributes
    ----------
    report, study, study_title : str
    subject : str, the outlets it is about, in words
    banner : str, shown on top where outlets are invented
    parameters : tuple of (name, type, value, help)
    digest : str, of everything the report depends on
    versions : tuple of (package, version)
    warnings : tuple of str, what a reader must know about its data
    """

    report: str
    study: str
    study_title: str
    subject: str
    banner: str
    parameters: tuple[tuple[str, str, str, str], ...]
    digest: str
    versions: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()


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
        """Where it failed, in words."""
        line = "" if self.line is None else f", line {self.line}"
        return "outside its cells" if self.cell is None else f"in cell {self.cell}{line}"


@dataclass(frozen=True)
class Task:
    """A report to make: what to run, what its page says beside it, whether it waits for what reports share."""

    report: Report
    page: Page
    root: Path
    waits: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a task: its files, or why there are none; seconds it took."""

    name: str
    result: Rendered | Failure
    seconds: float
