"""State of each report: what it depends on, by content, and its last run; files written whole or not at all."""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import analysis
from analysis import dependencies
from analysis.dependencies import changed_since, content_digest
from analysis.errors import BuildError, write_errors
from analysis.paths import cache_folder, code_files, digest, inside, replace_file
from analysis.publish.reports import Failure, read_cells, read_code

if TYPE_CHECKING:  # a build with nothing to do imports nothing heavy
    from analysis.study import Study

#: Modules that make a page of a notebook: what it says beside it, and how it is run and rendered.
_PAGE_MAKERS = ("analysis.publish.pages", "analysis.publish.render")
#: What is kept of a build after which all is fresh; no report's name has a point.
_ALL_FRESH = "all.fresh"


def write(path: Path, data: bytes, *, root: Path | None = None) -> None:
    """Write a file, and the folders around it, so that it is old or new at every moment.

    A symlink at `path` is replaced; one above it must not lead out of `root`.
    """
    with write_errors(path):
        if root is None or inside(root, path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data, root=root)


def prepare(folder: Path, *, root: Path) -> None:
    """Make a folder before there is anything to write; an error where it lies outside `root` or cannot be written."""
    if not inside(root, folder):
        raise BuildError(f"cannot write to {folder}: its symlink leads out of {root}. Nothing was built.")
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextmanager
def lock(path: Path, *, echo: Callable[[str], object]) -> Iterator[None]:
    """Context that holds a lock file of a folder that exists; it waits, and says so, where another process has it."""
    from filelock import FileLock, Timeout  # not for a build with nothing to do

    waiting = FileLock(path)
    with write_errors(path):
        try:
            waiting.acquire(timeout=0)
        except Timeout:
            echo("another build is writing the same folder; waiting for it")
            waiting.acquire()
    try:
        yield
    finally:
        waiting.release()


def python_version() -> str:
    """Major and minor version of the running Python."""
    return ".".join(platform.python_version_tuple()[:2])


def report_code(notebook: Path) -> dependencies.Code:
    """Code behind a report: what its notebook imports, and what makes a page of it."""
    return dependencies.code_behind(*dependencies.notebook_modules(read_code(notebook)), *_PAGE_MAKERS)


def study_name(folder: Path) -> str | None:
    """Name of the study in a folder; None where there is none that can be read."""
    with suppress(OSError, ValueError):
        return tomllib.loads((folder / "study.toml").read_text(encoding="utf-8-sig")).get("name")
    return None


def _study_files(folder: Path) -> dict[str, list[Path]]:
    """Files that all reports of a study depend on, by the names that `castillo list` has for them."""
    names = ["study.toml", *sorted(path.name for path in folder.glob("*.csv"))]
    names += tomllib.loads((folder / "study.toml").read_text(encoding="utf-8-sig")).get("texts", ())
    features = sorted(path for path in folder.glob("features/*") if path.suffix in (".parquet", ".json"))
    files = {name: [folder / name] for name in names if (folder / name).is_file()}
    return {**files, "codings": code_files(folder), "features": features}


def _digest_files(paths: Iterable[Path]) -> str:
    return digest(json.dumps([[path.name, content_digest(path)] for path in paths]).encode())


def study_parts(folder: Path) -> dict[str, str]:
    """Digest of each thing that all reports of a study depend on, by its name."""
    meta = folder / "features" / "meta.json"
    measured = json.loads(meta.read_bytes()).get("measured", {}) if meta.is_file() else {}
    return {
        **{name: _digest_files(paths) for name, paths in _study_files(folder).items()},
        "code behind the features": digest(json.dumps(dependencies.changed_code(measured)).encode()),
    }


def report_parts(notebook: Path, parameters: Mapping[str, object], shared: Mapping[str, str]) -> dict[str, str]:
    """Digest of each thing a report depends on, `shared` with others; the same in whatever folder the project lies."""
    code = report_code(notebook)
    return {
        "notebook": digest(json.dumps(read_cells(notebook)).encode()),
        "parameters": digest(json.dumps(dict(parameters), sort_keys=True).encode()),
        "castillo-coverage": analysis.__version__,
        **code.files,
        **code.packages,
        **shared,
    }


def read_parts(parts: Mapping[str, str], study: Study, notebook: Path) -> dict[str, str]:
    """The parts of a report that has been made, without the digest of those that were changed while it was.

    Such a report is stale, even where the old content was put back: nobody knows which of the two was read.
    """
    library = Path(analysis.__file__).parents[1]
    read = {part: (study.read_at, paths) for part, paths in _study_files(study.folder).items()}
    read["notebook"] = study.read_at, [notebook]
    read |= {part: (dependencies.STARTED, [library / part]) for part in parts if part.startswith("analysis/")}
    return {part: "" if part in read and changed_since(*read[part]) else value for part, value in parts.items()}


@dataclass(frozen=True)
class State:
    """Digests and files of a report's last good version, remarks on it, and its last failure if any."""

    parts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    headline: str = ""
    seconds: float | None = None
    failure: Failure | None = None
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class Status:
    """fresh, stale, failed or new; and in words why it is not fresh."""

    word: str
    reasons: tuple[str, ...] = ()


class Cache:
    """States of a study's reports in one output folder, kept in a folder of their own in the project's cache."""

    def __init__(self, root: Path, study: str, output: Path) -> None:
        key = digest(str(output.resolve()).encode("utf-8", "replace"))[:12]
        self.root = cache_folder(root)
        self.folder = self.root / study / key
        self.reports = output.resolve() / study

    def names(self) -> list[str]:
        """Reports that anything is remembered of."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def load(self, name: str) -> State:
        """The remembered state; an empty one where there is none or it cannot be read."""
        try:
            kept = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
            return State(**{**kept, "failure": kept["failure"] and Failure(**kept["failure"])})
        except (OSError, ValueError, TypeError, KeyError):
            return State()

    def save(self, name: str, state: State) -> None:
        """Remember a state."""
        write(self.folder / f"{name}.json", (json.dumps(asdict(state), indent=1) + "\n").encode(), root=self.root)

    def status(self, name: str, parts: Mapping[str, str]) -> Status:
        """Status of a report that depends on these parts now."""
        state = self.load(name)
        if state.failure:
            return Status("failed", (f"{state.failure.place}: {state.failure.error}",))
        if not state.parts:
            return Status("new", ("never built",))
        names = [*parts, *(part for part in state.parts if part not in parts)]
        changed = [_change(part, state.parts, parts) for part in names if parts.get(part) != state.parts.get(part)]
        reasons = changed or self._output_reasons(state)
        return Status("stale", tuple(reasons)) if reasons else Status("fresh")

    def _output_reasons(self, state: State) -> list[str]:
        for name, sha256 in state.files.items():
            path = self.reports / name
            if not path.is_file() or content_digest(path) != sha256:
                return ["output changed" if path.is_file() else "output missing"]
        return []

    def keep_all_fresh(self, inputs: str, count: int, warning: str) -> None:
        """Remember that all reports are fresh, so that the next build need not load the study to see it.

        `inputs` is `digest_inputs` from before the build, `warning` what must be said of the study's features.
        """
        kept = {"inputs": inputs, "outputs": _digest_outputs(self.reports), "count": count, "warning": warning}
        write(self.folder / _ALL_FRESH, json.dumps(kept).encode(), root=self.root)


def _change(part: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    if part in before and part in now:
        return f"{part} changed" if before[part] else f"{part} changed while the report was made"
    return f"{part} is new" if part in now else f"{part} is used no more"


def digest_inputs(root: Path, study: Path) -> str:
    """Digest of every file that a report of a study could depend on: study, notebooks, all of the library, packages."""
    paths = [path for files in _study_files(study).values() for path in files]
    paths += [*sorted((root / "notebooks").glob("*.ipynb")), *dependencies.library_files()]
    installed = [Path(folder).stat().st_mtime_ns for folder in sys.path if folder.endswith("-packages")]
    return digest(json.dumps([str(study), sys.version, installed, _digest_files(paths), *map(str, paths)]).encode())


def _digest_outputs(reports: Path) -> str:
    return _digest_files(path for path in sorted(reports.iterdir()) if path.is_file())


def nothing_to_do(root: Path, study: Path, output: Path) -> tuple[Path, int, str] | None:
    """Folder and number of reports, and the warning of their features, where all are fresh; None where unsure."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        cache = Cache(root, study_name(study) or "", output)
        kept = json.loads((cache.folder / _ALL_FRESH).read_bytes())
        if (kept["inputs"], kept["outputs"]) == (digest_inputs(root, study), _digest_outputs(cache.reports)):
            dependencies.keep_digests()
            return cache.reports, kept["count"], kept["warning"]
    return None
