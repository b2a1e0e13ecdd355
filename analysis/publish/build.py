"""Building a study's reports: everything is checked, stale reports are made anew and written, outcomes reported."""

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from analysis.dependencies import keep_digests, notebook_modules
from analysis.errors import BuildError, write_errors
from analysis.paths import cache_folder, digest, find_root, reports_folder
from analysis.publish import manifest, pages, processes, state
from analysis.publish.environment import default_jobs
from analysis.publish.reports import Failure, Outcome, Report, notebook_path, read_code, select, study_reports
from analysis.study import Study
from analysis.wording import progress_bar

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


class Build:
    """One build: what it needs to know, and its steps."""

    def __init__(self, study: Study, *, output: Path | None = None, echo: Echo = lambda line: None) -> None:
        self.study, self.root, self.echo = study, find_root(), echo
        study.check_features()
        self.reports = study_reports(study, self.root)
        self.notebooks = {report.name: notebook_path(self.root, report.notebook) for report in self.reports}
        self.warning = study.features_warning()
        self.output = (output or reports_folder(self.root, study.folder)).resolve()
        self.states = state.States(self.output, study.name)
        self.result = BuildResult(self.states.folder)
        self.inputs = state.digest_inputs(self.root, study.folder)
        shared = state.study_parts(study.folder)
        self.parts = {
            r.name: state.report_parts(self.notebooks[r.name], {**r.parameters, "study": study.name}, shared)
            for r in self.reports
        }

    def status(self, report: Report) -> state.Status:
        """Status of a report: fresh, or why it is not."""
        return self.states.status(report.name, self.parts[report.name])

    def files(self) -> set[str]:
        """Names of the files that the study's reports have, or had when they last succeeded."""
        return {"index.html", *(file for report in self.reports for file in self.states.of(report.name)["files"])}

    def run(self, only: Sequence[str] = (), force: bool = False, **options: Any) -> BuildResult:
        """Make the selected reports that are not fresh, write their files, and all that lists them.

        `options` are `jobs` (processes at once; by default as many as cores and memory allow), `kernel` (run notebooks
        in ordinary kernels) and, as in `run_calls`, `cell_seconds`.
        """
        selected, folder = select(self.reports, only), self.result.folder
        with write_errors(folder):  # before anything is run for it
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        with state.lock(self.states.path.with_suffix(".lock"), echo=self.echo):
            self.states = state.States(self.output, self.study.name)  # of the build that this one waited for
            self._check_name()
            for leftover in folder.glob(".castillo-*"):  # by a killed build
                leftover.unlink(missing_ok=True)
            todo = [report for report in selected if force or self.status(report).word != "fresh"]
            self.result.fresh = [report.name for report in selected if report not in todo]
            if todo:
                self._make(todo, **options)
            if not only:
                self._remove_strays()
            all_fresh = self._write_index()
            if not (only or self.result.failed):
                usual = reports_folder(self.root, self.study.folder).resolve()
                if self.output != usual or not manifest.has_manifest(folder):
                    current = manifest.make_manifest(folder, self.study.name, self.root, self.files())
                    manifest.write_manifest(folder, current)
                kept = {"inputs": self.inputs, "outputs": state.digest_outputs(folder), "warning": self.warning}
                self.states.fresh = kept if all_fresh else {}
            self.states.save()
        keep_digests()
        return self.result

    def _check_name(self) -> None:
        """Refuse a study with the name of another beside it, or built here: their reports would replace one another."""
        others = [path.parent for path in self.study.folder.parent.glob("*/study.toml")]
        for other in (*others, (self.output / self.states.owner).resolve()):
            if other != self.study.folder and state.read_settings(other).get("name") == self.study.name:
                raise BuildError(
                    f"{other / 'study.toml'} has the name {self.study.name!r} too, and their reports would lie in one "
                    "folder. Give one of the two another name."
                )
        self.states.owner = os.path.relpath(self.study.folder, self.output)

    def _make(self, todo: Sequence[Report], jobs: int | None = None, kernel: bool = False, **options: Any) -> None:
        sources = [source for report in todo for source in read_code(self.notebooks[report.name]) if source.strip()]
        jupyter, jobs = cache_folder(self.root) / "jupyter", jobs or default_jobs(len(self.study.manifest))
        lacking = self._lacks_results()
        processes.load(self.study, words=lacking)
        if lacking:
            self.echo("comparing each outlet with the others, for all reports at once: this takes longest")
        shared = {"results": partial(processes.compute_shared, self.study.folder, jobs)} if lacking else {}
        with closing(processes.run_calls(shared, jobs, jupyter)) as outcomes:
            next(outcomes, None)  # they are computed while the rest is imported here
            processes.prepare(notebook_modules(dict.fromkeys(sources)))
            for outcome in outcomes:
                if outcome and isinstance(outcome.result, Failure):
                    self.echo(f"the results that reports share could not be computed: {outcome.result.error}")
        from analysis.publish.render import make  # no sooner: a build with nothing to do renders nothing

        if kernel:
            processes.configure_kernels(jupyter)
        calls = {
            (name := report.name): partial(
                make,
                self.notebooks[name],
                report.parameters,
                pages.page_of(report, self.study, self.root, self.parts[name], self.warning),
                kernel,
            )
            for report in todo
        }
        bar = progress_bar(len(sources), "cells")
        with bar, closing(processes.run_calls(calls, jobs, jupyter, on_cell=bar.update, **options)) as outcomes:
            for outcome in filter(None, outcomes):
                self._keep(outcome)

    def _lacks_results(self) -> bool:
        """True where results that reports share are to be computed."""
        from analysis.results import kept_at

        return not (self.study.only_coded or not self.study.tested or kept_at(self.study).exists())

    def _keep(self, outcome: Outcome) -> None:
        """Write a report's files, CSV before HTML; a failure leaves those of its last good version."""
        name, result, before = outcome.name, outcome.result, self.states.of(outcome.name)
        if isinstance(result, Failure):
            failure = {**asdict(result), "place": result.place}
            self.states.reports[name] = {**before, "failure": failure, "seconds": outcome.seconds}
            self.result.failed[name] = result
            said = f"FAILED {result.place}: {result.error}"
        else:
            for file in sorted(result.files, key=lambda file: (file.endswith(".html"), file)):
                state.write(self.result.folder / file, result.files[file])
            for file, image in result.images.items():
                state.write(self.result.folder / "figures" / file, image)
            for file in set(before["files"]) - set(result.files):
                (self.result.folder / file).unlink(missing_ok=True)
            self.states.reports[name] = {
                **state.NEW,
                "parts": self.parts[name],
                "files": {file: digest(data) for file, data in sorted(result.files.items())},
                **{fact: getattr(result, fact) for fact in ("title", "headline", "remarks")},
                "seconds": outcome.seconds,
            }
            self.result.built.append(name)
            said = f"built in {outcome.seconds:.1f} s"
        self.states.save()
        self.echo(f"{name}: {said}")

    def _remove_strays(self) -> None:
        """Forget reports that the study has no more, and delete their files; files of others stay."""
        gone = [self.states.reports.pop(name) for name in set(self.states.reports) - set(self.parts)]
        for name in sorted({file for kept in gone for file in kept["files"]} - self.files()):
            if (path := self.result.folder / name).is_file():
                path.unlink()
                self.result.removed.append(name)
                self.echo(f"{name}: removed, no report of the study has it")

    def _write_index(self) -> bool:
        """Write the index where it is another; True where all reports are fresh."""
        entries = [(report, self.status(report), self.states.of(report.name)) for report in self.reports]
        page = pages.render_index(self.study, entries, self.result.folder)
        path = self.result.folder / "index.html"
        if not path.is_file() or path.read_bytes() != page:
            state.write(path, page)
        pages.write_studies(self.output)
        return all(status.word == "fresh" for _, status, _ in entries)
