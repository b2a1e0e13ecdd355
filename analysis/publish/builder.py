"""Building a study's reports: check everything, render what is not fresh, write it whole, tell what happened."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from analysis.dependencies import keep_digests, may_import
from analysis.errors import BuildError
from analysis.publish.cache import Cache, State, Status, read_parts, report_parts, study_parts
from analysis.publish.describe import index_entry, page_of
from analysis.publish.files import lock, prepare, sweep, write
from analysis.publish.index import render_index
from analysis.publish.jobs import default_jobs
from analysis.publish.manifest import has_manifest, write_manifest
from analysis.publish.matrix import Report, select, study_reports
from analysis.publish.page import Failure, Outcome, Task
from analysis.publish.parameters import Parameter, read_code, read_parameters
from analysis.publish.progress import Progress
from analysis.publish.run import run_all
from analysis.publish.template import Template
from analysis.study import Study, digest, find_root
from analysis.study.settings import read_settings

Echo = Callable[[str], None]


@dataclass
class BuildResult:
    """What a build did: names of reports built and fresh, failures by name, files removed."""

    folder: Path
    built: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    failed: dict[str, Failure] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no report failed."""
        return not self.failed


@dataclass(frozen=True)
class Listed:
    """One report as `castillo list` shows it."""

    report: Report
    parameters: tuple[Parameter, ...]
    status: Status
    seconds: float | None


def build(
    study: Study,
    *,
    output: Path | None = None,
    only: Sequence[str] = (),
    jobs: int | None = None,
    force: bool = False,
    echo: Echo = lambda line: None,
    progress: Progress | None = None,
    template: Template | None = None,
) -> BuildResult:
    """Build the reports of a study.

    Parameters
    ----------
    study : Study
    output : Path, folder in which the study's folder of reports lies; reports/ of the project by default
    only : sequence of globs over report names; all reports where it is empty
    jobs : int, processes at once; by default as many as there are cores, and memory for
    force : bool, render also what is fresh
    echo : called with a line of text for each report as it is done
    progress : Progress, is told of cells; nothing is shown where it is not given
    template : Template started before, so that it was ready sooner; else the build starts its own

    Returns
    -------
    BuildResult

    Raises
    ------
    ParameterError, BuildError, FeaturesMissing, FeaturesBroken
        Before any kernel starts.
    """
    root = find_root()
    plan = Build(study, root, output or root / "reports", root, echo)
    return plan.run(only, jobs or default_jobs(len(study.manifest)), force, progress, template)


class Build:
    """One build: what it needs to know, and its steps."""

    def __init__(self, study: Study, root: Path, output: Path, memory: Path, echo: Echo) -> None:
        self.study, self.root, self.echo = study, root, echo
        study.check_features()
        self.reports = study_reports(study, root)
        self.warning = study.features_warning()
        self.cache = Cache(memory, study.name, output)
        self.result = BuildResult(self.cache.reports)
        shared = study_parts(study.folder)
        self.parts = {r.name: report_parts(self._notebook(r), self._parameters(r), shared) for r in self.reports}

    def status(self, report: Report) -> Status:
        """Whether a report is fresh, and why not."""
        return self.cache.status(report.name, self.parts[report.name])

    def run(
        self,
        only: Sequence[str],
        jobs: int,
        force: bool,
        progress: Progress | None = None,
        template: Template | None = None,
    ) -> BuildResult:
        """Make the chosen reports that are not fresh, write what came of them, and all that lists them."""
        chosen = select(self.reports, only)
        prepare(self.cache.folder)
        prepare(self.result.folder)
        with lock(self.cache.folder / ".lock", echo=self.echo):
            self._claim()
            sweep(self.result.folder)
            self.cache.drop_plan()
            todo = [report for report in chosen if force or self.status(report).word != "fresh"]
            self.result.fresh = [report.name for report in chosen if report not in todo]
            tasks = [self._task(report) for report in todo]
            progress = progress or Progress()
            progress.begin(sum(map(self._cells, tasks)))
            share = partial(_share_results, self.study, self.echo)
            folder = self.study.folder
            made = run_all(
                tasks, jobs=jobs, share=share, echo=self.echo, cell=progress.cell, study=folder, template=template
            )
            with closing(made) as outcomes, closing(progress):
                for outcome in outcomes:
                    self._keep(outcome)
            if not only:
                self._remove_strays()
            self._write_index()
            if not only and self.result.ok:
                if self.result.folder.parent != self.root / "reports" or not has_manifest(self.result.folder):
                    write_manifest(self.result.folder, self.study.name, self.root, self.files())
                reports = {r.name: (r.notebook, self._parameters(r)) for r in self.reports}
                self.cache.keep_plan(self.study.folder, reports, self.warning)
        keep_digests()
        return self.result

    def _task(self, report: Report) -> Task:
        page = page_of(report, self.study, self.root, self.parts[report.name], self.warning)
        return Task(report, page, self.root, may_import(read_code(self._notebook(report)), "study_results"))

    def _keep(self, outcome: Outcome) -> None:
        """Write a report's files, CSV before HTML; a failure leaves those of its last good version."""
        name, result, before = outcome.name, outcome.result, self.cache.load(outcome.name)
        if isinstance(result, Failure):
            self.cache.save(name, replace(before, failure=result, seconds=outcome.seconds))
            self.result.failed[name] = result
            self.echo(f"{name}: FAILED {result.place}: {result.error}")
            return
        for file in sorted(result.files, key=lambda file: (file.endswith(".html"), file)):
            write(self.result.folder / file, result.files[file])
        for file in set(before.files) - set(result.files):
            (self.result.folder / file).unlink(missing_ok=True)
        files = {file: digest(data) for file, data in sorted(result.files.items())}
        parts = read_parts(
            self.parts[name], self.study, self._notebook(next(r for r in self.reports if r.name == name))
        )
        state = State(parts, files, result.title, result.headline, outcome.seconds)
        self.cache.save(name, state)
        self.result.built.append(name)
        self.echo(f"{name}: built in {outcome.seconds:.1f} s")

    def _claim(self) -> None:
        """Refuse a folder of reports that another study has under the same name."""
        mark, mine = self.cache.folder / "owner", os.path.relpath(self.study.folder, self.root)
        other = mark.read_text(encoding="utf-8") if mark.is_file() else mine
        if other != mine and _name_of(self.root / other) == self.study.name:
            raise BuildError(
                f"{self.result.folder} holds the reports of {other}, which is called {self.study.name!r} too. "
                "Give one of the two another name in its study.toml."
            )
        write(mark, mine.encode())

    def files(self) -> set[str]:
        """Names of the files that the study's reports have, or had when they last succeeded."""
        return {"index.html", *(file for r in self.reports for file in self.cache.load(r.name).files)}

    def _cells(self, task: Task) -> int:
        """Cells to be run: the notebook's, and papermill's with the parameters."""
        return 1 + len([source for source in read_code(self._notebook(task.report)) if source.strip()])

    def _parameters(self, report: Report) -> dict[str, Any]:
        return {**report.parameters, "study": self.study.name}

    def _notebook(self, report: Report) -> Path:
        return self.root / "notebooks" / f"{report.notebook}.ipynb"

    def _remove_strays(self) -> None:
        """Delete what earlier builds made of reports that the matrix has no more; files of others stay."""
        made = {file for name in self.cache.names() for file in self.cache.load(name).files}
        for name in sorted(made - self.files()):
            if (path := self.result.folder / name).is_file():
                path.unlink()
                self.result.removed.append(name)
                self.echo(f"{name}: removed, no report of the study has it")

    def _write_index(self) -> None:
        entries = [index_entry(r, self.study, self.status(r), self.cache.load(r.name)) for r in self.reports]
        page = render_index(self.study, entries)
        path = self.result.folder / "index.html"
        if not path.is_file() or path.read_bytes() != page:
            write(path, page)


def _name_of(folder: Path) -> str | None:
    """Name of the study in a folder; None where there is none that can be read."""
    settings, _ = read_settings(folder / "study.toml") if (folder / "study.toml").is_file() else (None, [])
    return settings.name if settings else None


def _share_results(study: Study, echo: Echo, pool: Executor) -> Callable[[], object]:
    """Begin to compute what reports share once."""
    if find_spec("analysis.results") is None:
        return lambda: None
    from analysis.results import begin_results, kept_at

    if study.tested and not kept_at(study).exists():
        echo("comparing each outlet with the others, for all reports at once: this takes longest")
    return begin_results(study, pool)


def list_reports(study: Study, *, output: Path | None = None) -> list[Listed]:
    """Every report of a study with its parameters and state, in the order of study.toml.

    Raises
    ------
    ParameterError, BuildError, FeaturesMissing
    """
    root = find_root()
    plan = Build(study, root, output or root / "reports", root, lambda line: None)
    known: Mapping[str, tuple[Parameter, ...]] = {
        notebook: read_parameters(root / "notebooks" / f"{notebook}.ipynb")
        for notebook in {report.notebook for report in plan.reports}
    }
    return [
        Listed(report, known[report.notebook], plan.status(report), plan.cache.load(report.name).seconds)
        for report in plan.reports
    ]
