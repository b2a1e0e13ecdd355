"""State of each report: what it depends on, by content, and its last run; in one file per study and output folder."""

import json
import platform
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import analysis
from analysis import dependencies
from analysis.dependencies import content_digest
from analysis.errors import write_errors
from analysis.paths import code_files, digest, replace_file
from analysis.publish.reports import read_cells, read_code

#: Modules that make a page of a notebook: what it says beside it, and how it is run and rendered.
_PAGE_MAKERS = ("analysis.publish.pages", "analysis.publish.render")


def write(path: Path, data: bytes) -> None:
    """Write a file, and the folders around it, so that it is old or new at every moment."""
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data)


@contextmanager
def lock(path: Path, *, echo: Callable[[str], object]) -> Iterator[None]:
    """Context that holds a lock file; it waits, and says so, where another process has it."""
    from filelock import FileLock, Timeout  # not for a build with nothing to do

    waiting = FileLock(path)
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
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


def read_settings(folder: Path) -> dict[str, Any]:
    """Content of a study.toml, unchecked; empty where it cannot be read."""
    with suppress(OSError, ValueError):
        return tomllib.loads((folder / "study.toml").read_text(encoding="utf-8-sig"))
    return {}


def _study_files(folder: Path) -> dict[str, list[Path]]:
    """Files that all reports of a study depend on, by the names that `castillo list` has for them."""
    names = ["study.toml", *sorted(p.name for p in folder.glob("*.csv")), *read_settings(folder).get("texts", ())]
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


class Status(NamedTuple):
    """fresh, stale, failed or new; and in words why it is not fresh."""

    word: str
    reasons: tuple[str, ...] = ()


#: State of a report that was never built: digests of what its last good version depends on and of its files, its title
#: and headline, remarks on it, the seconds its last run took and the `Failure` of that, if it failed.
NEW: dict[str, Any] = {
    **{"parts": {}, "files": {}, "title": "", "headline": "", "remarks": ()},
    **{"seconds": None, "failure": None},
}


class States:
    """Memory of a study's reports in a folder of reports, kept in a file of that folder.

    `reports` are the states by name, of the form of `NEW`; `fresh` is what `nothing_to_do` compares; `owner` is the
    folder of the study that was built last, seen from the folder of reports.
    """

    def __init__(self, output: Path, study: str) -> None:
        output = output.resolve()
        self.path, self.folder = output / ".castillo" / f"{study}.json", output / study
        self.reports: dict[str, dict[str, Any]] = {}
        self.fresh: dict[str, Any] = {}
        self.owner = ""
        with suppress(OSError, ValueError, TypeError, KeyError):  # none yet, or that of another version
            kept = json.loads(self.path.read_bytes())
            self.reports, self.fresh = {name: NEW | state for name, state in kept["reports"].items()}, kept["fresh"]
            self.owner = kept["owner"]

    def save(self) -> None:
        """Write the file."""
        kept = {"fresh": self.fresh, "reports": self.reports, "owner": self.owner}
        write(self.path, json.dumps(kept).encode())

    def of(self, name: str) -> dict[str, Any]:
        """State of a report."""
        return self.reports.get(name, NEW)

    def status(self, name: str, parts: Mapping[str, str]) -> Status:
        """Status of a report that depends on these parts now."""
        state = self.of(name)
        before, failure = state["parts"], state["failure"]
        if failure:
            return Status("failed", (f"{failure['place']}: {failure['error']}",))
        if not before:
            return Status("new", ("never built",))
        reasons = [f"{part} changed" for part in parts if part in before and parts[part] != before[part]]
        reasons += [f"{part} is new" for part in parts if part not in before]
        reasons += [f"{part} is used no more" for part in before if part not in parts]
        for file, sha256 in () if reasons else state["files"].items():
            path = self.folder / file
            if not path.is_file() or content_digest(path) != sha256:
                reasons = ["output changed" if path.is_file() else "output missing"]
        return Status("stale", tuple(reasons)) if reasons else Status("fresh")


def digest_inputs(root: Path, study: Path) -> str:
    """Digest of every file that a report of a study could depend on: study, notebooks, all of the library, packages."""
    paths = [path for files in _study_files(study).values() for path in files]
    paths += [*sorted((root / "notebooks").glob("*.ipynb")), *dependencies.library_files()]
    installed = [Path(folder).stat().st_mtime_ns for folder in sys.path if folder.endswith("-packages")]
    return digest(json.dumps([str(study), sys.version, installed, _digest_files(paths), *map(str, paths)]).encode())


def digest_outputs(reports: Path) -> str:
    """Digest of all files of a folder of reports."""
    return _digest_files(path for path in sorted(reports.iterdir()) if path.is_file())


def nothing_to_do(root: Path, study: Path, output: Path) -> tuple[Path, int, str] | None:
    """Folder and number of reports, and the warning of their features, where all are fresh; None where unsure.

    It loads neither the study nor anything heavy.
    """
    states = States(output, str(read_settings(study).get("name")))
    with suppress(OSError, ValueError, KeyError, TypeError):  # none is remembered, or a file cannot be read
        before = states.fresh["inputs"], states.fresh["outputs"]
        if before == (digest_inputs(root, study), digest_outputs(states.folder)):
            dependencies.keep_digests()
            return states.folder, len(states.reports), states.fresh["warning"]
    return None
