"""Building a study's reports: everything is checked, stale reports are made anew and written, outcomes reported."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.dependencies import keep_digests, notebook_modules
from analysis.errors import BuildError
from analysis.paths import digest, find_root, reports_folder
from analysis.progress import Progress
from analysis.publish import manifest, pages, state
from analysis.publish.environment import default_jobs
from analysis.publish.processes import Task, make_reports
from analysis.publish.reports import Failure, Outcome, Report, notebook_path, read_code, select, study_reports
from analysis.study import Study

Echo = Callable[[str], object]


@dataclass
class BuildResult:
    """Result of a build: names of reports built and fresh, failures by name, files removed."""

    folder: Path
    built: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    failed: dict[str, Failure] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True where no report failed."""
        return not self.failed


def build(study: Study, *, output: Path | None = None, echo: Echo = lambda line: None, **options: Any) -> BuildResult:
    """Build the reports of a study into a folder of `output`, by default the one of `reports_folder`.

    `echo` is called with a line for each report as it is done; `options` are those of `Build.run`.
    """
    return Build(study, output=output, echo=echo).run(**options)


class Build:
    """One build: what it needs to know, and its steps. States are kept in the cache of the project, or of `memory`."""

    def __init__(
        self,
        study: Study,
        *,
        output: Path | None = None,
        memory: Path | None = None,
        echo: Echo = lambda line: None,
    ) -> None:
        self.study, self.root, self.echo = study, find_root(), echo
        study.check_features()
        self.reports = study_reports(study, self.root)
        self.warning = study.features_warning()
        self.usual = reports_folder(self.root, study.folder)
        self.cache = state.Cache(memory or self.root, study.name, output or self.usual)
        self.result = BuildResult(self.cache.reports)
        self.inputs = state.digest_inputs(self.root, study.folder)
        shared = state.study_parts(study.folder)
        self.parts = {
            r.name: state.report_parts(self._notebook(r), {**r.parameters, "study": study.name}, shared)
            for r in self.reports
        }

    def status(self, report: Report) -> state.Status:
        """Status of a report: fresh, or why it is not."""
        return self.cache.status(report.name, self.parts[report.name])

    def run(self, only: Sequence[str] = (), force: bool = False, **options: Any) -> BuildResult:
        """Make the selected reports that are not fresh, write their files, and all that lists them.

        `options` are `jobs` (processes at once; by default as many as cores and memory allow), `progress`, and, as in
        `make_reports`, `kernel` and `cell_seconds`.
        """
        selected, folder = select(self.reports, only), self.result.folder
        state.prepare(self.cache.folder, root=self.cache.root)
        state.prepare(folder, root=folder.parent)
        with state.lock(self.cache.folder / ".lock", echo=self.echo):
            self._claim()
            for leftover in folder.glob(".castillo-*"):  # by a killed build
                leftover.unlink(missing_ok=True)
            todo = [report for report in selected if force or self.status(report).word != "fresh"]
            self.result.fresh = [report.name for report in selected if report not in todo]
            if todo:
                self._make(todo, **options)
            if not only:
                self._remove_strays()
            words = self._write_index()
            if not (only or self.result.failed):
                if folder.parent != self.usual.resolve() or not manifest.has_manifest(folder):
                    current = manifest.make_manifest(folder, self.study.name, self.root, self.files())
                    manifest.write_manifest(folder, current)
                if words == {"fresh"}:
                    self.cache.keep_all_fresh(self.inputs, len(self.reports), self.warning)
        keep_digests()
        return self.result

    def _make(
        self, todo: Sequence[Report], jobs: int | None = None, progress: Progress | None = None, **options: Any
    ) -> None:
        sources = [source for report in todo for source in read_code(self._notebook(report)) if source.strip()]
        messages = make_reports(
            list(map(self._task, todo)),
            study=self.study.folder,
            scratch=self.cache.root / "jupyter",
            jobs=jobs or default_jobs(len(self.study.manifest)),
            modules=notebook_modules(dict.fromkeys(sources)),
            share=self._share(),
            **options,
        )
        progress = progress or Progress()
        progress.begin(len(sources) + len(todo))  # papermill adds a cell with the parameters
        with closing(messages), closing(progress):
            for message in messages:
                if message is None:
                    progress.cell()
                elif isinstance(message, str):
                    self.echo(message)
                else:
                    self._keep(message)

    def _share(self) -> bool:
        """True where results that reports share are to be computed; it is said, since it takes longest."""
        from analysis.results import kept_at

        if self.study.only_coded or not self.study.tested or kept_at(self.study).exists():
            return False
        self.echo("comparing each outlet with the others, for all reports at once: this takes longest")
        return True

    def _task(self, report: Report) -> Task:
        page = pages.page_of(report, self.study, self.root, self.parts[report.name], self.warning)
        return Task(report, page, self.root)

    def _keep(self, outcome: Outcome) -> None:
        """Write a report's files, CSV before HTML; a failure leaves those of its last good version."""
        name, result, before = outcome.name, outcome.result, self.cache.load(outcome.name)
        if isinstance(result, Failure):
            self.cache.save(name, replace(before, failure=result, seconds=outcome.seconds))
            self.result.failed[name] = result
            self.echo(f"{name}: FAILED {result.place}: {result.error}")
            return
        for file in sorted(result.files, key=lambda file: (file.endswith(".html"), file)):
            state.write(self.result.folder / file, result.files[file], root=self.result.folder)
        for file, image in result.images.items():
            state.write(self.result.folder / "figures" / file, image, root=self.result.folder)
        for file in set(before.files) - set(result.files):
            (self.result.folder / file).unlink(missing_ok=True)
        files = {file: digest(data) for file, data in sorted(result.files.items())}
        notebook = self._notebook(next(report for report in self.reports if report.name == name))
        parts = state.read_parts(self.parts[name], self.study, notebook)
        kept = state.State(parts, files, result.title, result.headline, outcome.seconds, remarks=result.remarks)
        self.cache.save(name, kept)
        self.result.built.append(name)
        self.echo(f"{name}: built in {outcome.seconds:.1f} s")

    def _claim(self) -> None:
        """Refuse a folder of reports that another study has under the same name."""
        mark, own = self.cache.folder / "owner", os.path.relpath(self.study.folder, self.root)
        other = mark.read_text(encoding="utf-8") if mark.is_file() else own
        if other != own and state.study_name(self.root / other) == self.study.name:
            raise BuildError(
                f"{self.result.folder} holds the reports of {other}, which is called {self.study.name!r} too. "
                "Give one of the two another name in its study.toml."
            )
        state.write(mark, own.encode(), root=self.cache.root)

    def files(self) -> set[str]:
        """Names of the files that the study's reports have, or had when they last succeeded."""
        return {"index.html", *(file for r in self.reports for file in self.cache.load(r.name).files)}

    def _notebook(self, report: Report) -> Path:
        return notebook_path(self.root, report.notebook)

    def _remove_strays(self) -> None:
        """Delete what earlier builds remembered of reports that the matrix has no more; files of others stay."""
        remembered = {file for name in self.cache.names() for file in self.cache.load(name).files}
        for name in sorted(remembered - self.files()):
            if (path := self.result.folder / name).is_file():
                path.unlink()
                self.result.removed.append(name)
                self.echo(f"{name}: removed, no report of the study has it")

    def _write_index(self) -> set[str]:
        """Write the index where it is another; the words for the states of the reports."""
        entries = [(report, self.status(report), self.cache.load(report.name)) for report in self.reports]
        page = pages.render_index(self.study, entries, self.result.folder)
        path = self.result.folder / "index.html"
        if not path.is_file() or path.read_bytes() != page:
            state.write(path, page, root=self.result.folder)
        pages.write_studies(self.result.folder.parent)
        return {status.word for _, status, _ in entries}
