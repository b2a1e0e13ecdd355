"""What a report depends on, by content, and what is remembered of its last run; both outside reports/."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import analysis
from analysis.paths import digest, file_digest
from analysis.publish.depends import library_files, notebook_modules
from analysis.publish.files import write
from analysis.publish.matrix import Report
from analysis.publish.page import Failure
from analysis.publish.parameters import read_cells, read_code
from analysis.study import Study

#: Packages whose version can change a number, a figure or a page.
PACKAGES = (
    *("numpy", "pandas", "scipy", "matplotlib", "pyarrow", "nltk", "vaderSentiment", "ipykernel"),
    *("papermill", "nbclient", "nbconvert", "mistune", "Pygments", "Jinja2"),
)
_PUBLISH = Path(__file__).parent
#: Modules of publish/ that decide what is on a page; the others decide which pages are made, and when.
_SHAPING = (
    *("describe", "environment", "kernels", "markdown", "matrix", "page", "parameters", "plain", "render"),
    *("template_process", "work"),
)


def versions() -> tuple[tuple[str, str], ...]:
    """Python (major.minor), this library and the packages that matter, with their versions."""
    return (("Python", python_version()), ("castillo-coverage", analysis.__version__), *map(_version, PACKAGES))


@cache
def _version(package: str) -> tuple[str, str]:
    try:
        return package, version(package)
    except PackageNotFoundError:
        return package, "not installed"


def python_version() -> str:
    """Major and minor version of the running Python."""
    return ".".join(platform.python_version_tuple()[:2])


def shared_parts(study: Study) -> dict[str, str]:
    """Digest of each thing that all reports of a study depend on, by the name it has in `castillo list`."""
    parts = {"study.toml": file_digest(study.folder / "study.toml")}
    for path in sorted(study.folder.glob("*.csv")):
        parts[path.name] = file_digest(path)
    for name in study.settings.texts:
        if (path := study.folder / name).is_file():
            parts[name] = file_digest(path)
    features = (p for p in study.features_folder.glob("*") if p.suffix in (".parquet", ".json"))
    parts["features"] = _tree(study.features_folder, features)
    parts["template"] = _tree(_PUBLISH, page_files())
    parts["packages"] = digest(json.dumps(versions()).encode())
    return parts


def page_files() -> list[Path]:
    """Files that shape a page: templates, and the modules that run and render notebooks."""
    templates = [path for path in (_PUBLISH / "template").iterdir() if path.name != "index.html.j2"]
    return [*(_PUBLISH / f"{name}.py" for name in _SHAPING), *templates]


def _tree(folder: Path, files: Iterable[Path]) -> str:
    named = sorted((path.relative_to(folder).as_posix(), path) for path in files)
    return digest(json.dumps([[name, file_digest(path)] for name, path in named]).encode())


def report_parts(report: Report, study: Study, root: Path, shared: Mapping[str, str]) -> dict[str, str]:
    """Digest of each thing a report depends on; the same in whatever folder the project lies."""
    parameters = {**report.parameters, "study": study.name}
    path = root / "notebooks" / f"{report.notebook}.ipynb"
    library = library_files(notebook_modules(read_code(path)))
    return {
        "notebook": digest(json.dumps(read_cells(path)).encode()),
        "parameters": digest(json.dumps(parameters, sort_keys=True).encode()),
        **{name: file_digest(file) for name, file in library.items()},
        **shared,
    }


@dataclass(frozen=True)
class State:
    """What is remembered of a report: digests and files of its last good version, and its last failure if any."""

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
        return f"{part} changed"
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
        key = hashlib.sha256(str(output.resolve()).encode("utf-8", "replace")).hexdigest()[:12]
        self.folder = root / ".cache" / "castillo" / study / key
        self.reports = output.resolve() / study

    def names(self) -> list[str]:
        """Reports that anything is remembered of."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def load(self, name: str) -> State:
        """The remembered state; an empty one where there is none or it cannot be read."""
        try:
            found: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
            failure = Failure(**found["failure"]) if found["failure"] else None
            return State(**{**found, "failure": failure})
        except (OSError, ValueError, TypeError, KeyError):
            return State()

    def save(self, name: str, state: State) -> None:
        """Remember a state."""
        write(self.folder / f"{name}.json", (json.dumps(asdict(state), indent=1) + "\n").encode())

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

    def _output_reasons(self, state: State) -> list[str]:
        for name, sha256 in state.files.items():
            if not (path := self.reports / name).is_file():
                return ["output missing"]
            if digest(path.read_bytes()) != sha256:
                return ["output changed"]
        return []
