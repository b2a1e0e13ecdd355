"""State of each report: what it depends on, by content, and what is remembered of its last run, outside reports/."""

from __future__ import annotations

import json
import platform
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import analysis
from analysis.dependencies import (
    STARTED,
    Code,
    changed_code,
    changed_since,
    code_behind,
    content_digest,
    keep_digests,
    notebook_modules,
)
from analysis.errors import AnalysisError
from analysis.paths import cache_folder, digest
from analysis.publish.files import write

if TYPE_CHECKING:  # a build with nothing to do imports nothing heavy
    from analysis.publish.reports import Failure
    from analysis.study import Study

#: Modules that make a page of a notebook: what it says beside it, and how it is run and rendered.
_PAGE_MAKERS = ("analysis.publish.pages", "analysis.publish.execution")
_PLAN = "plan"


def python_version() -> str:
    """Major and minor version of the running Python."""
    return ".".join(platform.python_version_tuple()[:2])


def report_code(notebook: Path) -> Code:
    """Code behind a report: what its notebook imports, and what makes a page of it."""
    from analysis.publish.parameters import read_code

    return code_behind(*notebook_modules(read_code(notebook)), *_PAGE_MAKERS)


def versions(notebook: Path) -> tuple[tuple[str, str], ...]:
    """Python (major.minor), this library and the packages behind a report, with their versions."""
    own = (("Python", python_version()), ("castillo-coverage", analysis.__version__))
    return (*own, *report_code(notebook).packages.items())


def _study_files(folder: Path) -> dict[str, list[Path]]:
    """Files that all reports of a study depend on, by the names that `castillo list` has for them."""
    names = ["study.toml", *sorted(path.name for path in folder.glob("*.csv"))]
    names += tomllib.loads((folder / "study.toml").read_text(encoding="utf-8-sig")).get("texts", ())
    features = sorted(path for path in folder.glob("features/*") if path.suffix in (".parquet", ".json"))
    return {**{name: [folder / name] for name in names if (folder / name).is_file()}, "features": features}


def study_parts(folder: Path) -> dict[str, str]:
    """Digest of each thing that all reports of a study depend on, by its name."""
    files = _study_files(folder).items()
    parts = {name: digest(json.dumps([[p.name, content_digest(p)] for p in paths]).encode()) for name, paths in files}
    meta = folder / "features" / "meta.json"
    measured = json.loads(meta.read_bytes()).get("measured", {}) if meta.is_file() else {}
    return {**parts, "code behind the features": digest(json.dumps(changed_code(measured)).encode())}


def report_parts(notebook: Path, parameters: Mapping[str, Any], shared: Mapping[str, str]) -> dict[str, str]:
    """Digest of each thing a report depends on; the same in whatever folder the project lies.

    Parameters
    ----------
    notebook : Path
    parameters : mapping, the study among them
    shared : mapping, see `study_parts`
    """
    from analysis.publish.parameters import read_cells

    code = report_code(notebook)
    return {
        "notebook": digest(json.dumps(read_cells(notebook)).encode()),
        "parameters": digest(json.dumps(dict(parameters), sort_keys=True).encode()),
        "castillo-coverage": analysis.__version__,
        **code.files,
        **code.packages,
        **shared,
    }


@dataclass(frozen=True)
class State:
    """Digests and files of a report's last good version, and its last failure if any."""

    parts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    headline: str = ""
    seconds: float | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Status:
    """fresh, stale, failed or new; and in words why it is not fresh."""

    word: str
    reasons: tuple[str, ...] = ()


def _change(part: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    if part in before and part in now:
        return f"{part} changed" if before[part] else f"{part} changed while the report was made"
    return f"{part} is new" if part in now else f"{part} is used no more"


class Cache:
    """States of a study's reports in one output folder.

    Parameters
    ----------
    root : Path, the project's folder
    study : str
    output : Path, the folder that the reports' folder lies in; part of the key
    """

    def __init__(self, root: Path, study: str, output: Path) -> None:
        key = digest(str(output.resolve()).encode("utf-8", "replace"))[:12]
        self.root = cache_folder(root)
        self.folder = self.root / study / key
        self.reports = output.resolve() / study

    def names(self) -> list[str]:
        """Reports that anything is remembered of."""
        return sorted(path.stem for path in self.folder.glob("*.json") if path.stem != _PLAN)

    def load(self, name: str) -> State:
        """The remembered state; an empty one where there is none or it cannot be read."""
        try:
            kept: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
            if kept["failure"]:
                from analysis.publish.reports import Failure

                kept["failure"] = Failure(**kept["failure"])
            return State(**kept)
        except (OSError, ValueError, TypeError, KeyError):
            return State()

    def save(self, name: str, state: State) -> None:
        """Remember a state."""
        write(self.folder / f"{name}.json", (json.dumps(asdict(state), indent=1) + "\n").encode(), root=self.root)

    def status(self, name: str, parts: Mapping[str, str]) -> Status:
        """Whether a report is what its inputs would give now."""
        state = self.load(name)
        if state.failure:
            return Status("failed", (f"{state.failure.place}: {state.failure.error}",))
        if not state.parts:
            return Status("new", ("never built",))
        names = [*parts, *(part for part in state.parts if part not in parts)]
        changed = [_change(part, state.parts, parts) for part in names if parts.get(part) != state.parts.get(part)]
        reasons = tuple(changed or self._output_reasons(state))
        return Status("stale", reasons) if reasons else Status("fresh")

    def _output_reasons(self, state: State) -> Iterator[str]:
        for name, sha256 in state.files.items():
            path = self.reports / name
            if not path.is_file() or content_digest(path) != sha256:
                yield "output changed" if path.is_file() else "output missing"
                return

    def keep_plan(self, folder: Path, reports: Mapping[str, tuple[str, Mapping[str, Any]]], warning: str) -> None:
        """Remember which reports a study has, once all are made, so that the next build need not load the study.

        Parameters
        ----------
        folder : Path of the study
        reports : mapping, name → notebook and parameters
        warning : str, what must be said of the study's features
        """
        index = content_digest(self.reports / "index.html")
        plan = {"study": str(folder), "reports": reports, "warning": warning, "index": index}
        write(self.folder / f"{_PLAN}.json", json.dumps(plan).encode(), root=self.root)

    def drop_plan(self) -> None:
        """Forget which reports a study has: the next build asks the study."""
        (self.folder / f"{_PLAN}.json").unlink(missing_ok=True)


def read_parts(parts: Mapping[str, str], study: Study, notebook: Path) -> dict[str, str]:
    """The parts of a report that has been made, without the digest of those that were changed while it was.

    Such a report is stale, even where the old content was put back: nobody knows which of the two was read.
    """
    library = Path(analysis.__file__).parents[1]
    study_files, since = _study_files(study.folder), study.read_at

    def is_disturbed(part: str) -> bool:
        if part.startswith("analysis/"):
            return changed_since(STARTED, [library / part])
        return changed_since(since, [notebook] if part == "notebook" else study_files.get(part, []))

    return {part: "" if is_disturbed(part) else value for part, value in parts.items()}


def nothing_to_do(root: Path, study: Path, output: Path) -> tuple[Path, int, str] | None:
    """Folder and number of reports, and the warning of their features, where all are fresh; None where unsure.

    The study is not loaded: where all that its reports depend on is as it was, so is the list of them.
    """
    try:
        settings = tomllib.loads((study / "study.toml").read_text(encoding="utf-8-sig"))
        cache = Cache(root, settings["name"], output)
        plan = json.loads((cache.folder / f"{_PLAN}.json").read_bytes())
        if plan["study"] != str(study) or plan["index"] != content_digest(cache.reports / "index.html"):
            return None
        shared = study_parts(study)
        for name, (notebook, parameters) in plan["reports"].items():
            parts = report_parts(root / "notebooks" / f"{notebook}.ipynb", parameters, shared)
            if cache.status(name, parts).word != "fresh":
                return None
        return cache.reports, len(plan["reports"]), plan["warning"]
    except (OSError, ValueError, KeyError, TypeError, AnalysisError):
        return None
    finally:
        keep_digests()
