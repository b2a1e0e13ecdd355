"""Building a study's reports: check everything, render what is not fresh, write it whole, tell what happened."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.dependencies import keep_digests, may_import, notebook_modules
from analysis.errors import BuildError
from analysis.progress import Progress
from analysis.publish.cache import Cache, State, Status, read_parts, report_parts, study_parts
from analysis.publish.environment import default_jobs
from analysis.publish.files import lock, prepare, sweep, write
from analysis.publish.manifest import has_manifest, write_manifest
from analysis.publish.pages import Task, index_entry, page_of, render_index
from analysis.publish.parameters import Parameter, read_code, read_parameters
from analysis.publish.processes import CELL_SECONDS, Order, WarmProcess, started
from analysis.publish.reports import Failure, Outcome, Report, select, study_reports
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
    kernel: bool = False,
    cell_seconds: float = CELL_SECONDS,
    echo: Echo = lambda line: None,
    progress: Progress | None = None,
    warm: WarmProcess | None = None,
) -> BuildResult:
    """Build the reports of a study.

    Parameters
    ----------
    study : Study
    output : Path, folder in which the study's folder of reports lies; reports/ of the project by default
    only : sequence of globs over report names; all reports where it is empty
    jobs : int, processes at once; by default as many as there are cores, and memory for
    force : bool, render also what is fresh
    kernel : bool, run each notebook in an ordinary Jupyter kernel: slower, the same bytes
    cell_seconds : float, time limit of a cell
    echo : called with a line of text for each report as it is done
    progress : Progress, shows cells as they begin; nothing is shown where it is not given
    warm : WarmProcess started before, so that it is ready sooner; else the build starts its own

    Returns
    -------
    BuildResult

    Raises
    ------
    ParameterError, BuildError, FeaturesMissing, FeaturesBroken
        Before any report is run.
    """
    root = find_root()
    plan = Build(study, root, output or root / "reports", root, echo)
    return plan.run(only, jobs, force, progress, warm, kernel=kernel, cell_seconds=cell_seconds)


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
        only: Sequence[str] = (),
        jobs: int | None = None,
        force: bool = False,
        progress: Progress | None = None,
        warm: WarmProcess | None = None,
        **options: Any,
    ) -> BuildResult:
        """Make the chosen reports that are not fresh, write their files, and all that lists them."""
        chosen = select(self.reports, only)
        prepare(self.cache.folder, root=self.cache.root)
        prepare(self.result.folder, root=self.result.folder.parent)
        with lock(self.cache.folder / ".lock", echo=self.echo):
            self._claim()
            sweep(self.result.folder)
            self.cache.drop_plan()
            todo = [report for report in chosen if force or self.status(report).word != "fresh"]
            self.result.fresh = [report.name for report in chosen if report not in todo]
            if todo:
                self._make(todo, jobs or default_jobs(len(self.study.manifest)), progress or Progress(), warm, options)
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

    def _make(
        self,
        todo: Sequence[Report],
        jobs: int,
        progress: Progress,
        warm: WarmProcess | None,
        options: Mapping[str, Any],
    ) -> None:
        sources = {report.notebook: read_code(self._notebook(report)) for report in todo}
        order = Order(
            tasks=tuple(self._task(report, sources[report.notebook]) for report in todo),
            jobs=jobs,
            study=self.study.folder,
            modules=tuple(notebook_modules(source for cells in sources.values() for source in cells)),
            share=self._share(),
            **options,
        )
        # A notebook's cells, and papermill's with the parameters.
        progress.begin(sum(1 + sum(bool(source.strip()) for source in sources[report.notebook]) for report in todo))
        with nullcontext(warm) if warm else started() as process, closing(progress):
            for message in process.run(order):
                if message is None:
                    progress.cell()
                elif isinstance(message, str):
                    self.echo(message)
                else:
                    self._keep(message)

    def _share(self) -> bool:
        """Whether results that reports share are to be computed; it is said, since it takes longest."""
        from analysis.results import kept_at

        if not self.study.tested or kept_at(self.study).exists():
            return False
        self.echo("comparing each outlet with the others, for all reports at once: this takes longest")
        return True

    def _task(self, report: Report, sources: Sequence[str]) -> Task:
        page = page_of(report, self.study, self.root, self.parts[report.name], self.warning)
        return Task(report, page, self.root, may_import(sources, "study_results"))

    def _keep(self, outcome: Outcome) -> None:
        """Write a report's files, CSV before HTML; a failure leaves those of its last good version."""
        name, result, before = outcome.name, outcome.result, self.cache.load(outcome.name)
        if isinstance(result, Failure):
            self.cache.save(name, replace(before, failure=result, seconds=outcome.seconds))
            self.result.failed[name] = result
            self.echo(f"{name}: FAILED {result.place}: {result.error}")
            return
        for file in sorted(result.files, key=lambda file: (file.endswith(".html"), file)):
            write(self.result.folder / file, result.files[file], root=self.result.folder)
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
        write(mark, mine.encode(), root=self.cache.root)

    def files(self) -> set[str]:
        """Names of the files that the study's reports have, or had when they last succeeded."""
        return {"index.html", *(file for r in self.reports for file in self.cache.load(r.name).files)}

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
            write(path, page, root=self.result.folder)


def _name_of(folder: Path) -> str | None:
    """Name of the study in a folder; None where there is none that can be read."""
    settings, problems = read_settings(folder / "study.toml")
    return None if problems else settings.name


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
