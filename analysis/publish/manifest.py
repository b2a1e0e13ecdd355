"""manifest.json: digest of every file of a study's reports, what they were made with; and a new build held to it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.dependencies import content_digest
from analysis.errors import BuildError
from analysis.paths import find_root
from analysis.publish.cache import python_version
from analysis.publish.files import write

if TYPE_CHECKING:  # builder imports this module
    from analysis.publish.builder import Echo
    from analysis.publish.processes import WarmProcess
    from analysis.study import Study

NAME = "manifest.json"


@dataclass(frozen=True)
class Verification:
    """Differences from the committed manifest, remarks that may explain them, the manifest's path if it was renewed."""

    differences: tuple[str, ...]
    remarks: tuple[str, ...]
    renewed: Path | None = None


def verify(
    study: Study,
    *,
    jobs: int | None = None,
    renew: bool = False,
    echo: Echo = lambda line: None,
    warm: WarmProcess | None = None,
) -> Verification:
    """Differences between a new build of a study, made in a temporary folder, and its committed manifest.

    Parameters
    ----------
    study : Study
    jobs : int, processes at once
    renew : bool, write the manifest of the new build afterwards, if no report failed; there may be none before
    echo : called with a line of text for each report as it is done
    warm : WarmProcess started before

    Returns
    -------
    Verification, without differences where every file is the same to the byte

    Raises
    ------
    BuildError
        Where there is no manifest, or it cannot be written.
    """
    from analysis.publish.builder import Build

    root = find_root()
    folder = root / "reports" / study.name
    expected = None if renew and not has_manifest(folder) else read_manifest(folder)
    scratch = Path(tempfile.mkdtemp(prefix="castillo-verify-"))
    try:
        plan = Build(study, root, scratch / "reports", scratch, echo)
        result = plan.run(jobs=jobs, force=True, warm=warm)
        actual = make_manifest(result.folder, study.name, root, plan.files())
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    failed = [f"{name} failed {failure.place}: {failure.error}" for name, failure in sorted(result.failed.items())]
    renewed = folder / NAME if renew and not failed and actual != expected else None
    if renewed:
        _write(folder, actual)
    expected = expected or actual
    return Verification((*failed, *differences(expected, actual)), tuple(remarks(expected, actual)), renewed)


def make_manifest(folder: Path, study: str, root: Path, names: Iterable[str]) -> dict[str, Any]:
    """Digest of each of these files in a study's folder of reports, with Python's version and the lock's digest."""
    lock = root / "requirements.lock"
    files = [path for name in sorted(names) if (path := folder / name).is_file()]
    return {
        "study": study,
        "python": python_version(),
        "requirements.lock": content_digest(lock) if lock.is_file() else None,
        "files": {path.name: content_digest(path) for path in files},
    }


def write_manifest(folder: Path, study: str, root: Path, names: Iterable[str]) -> None:
    """Write manifest.json beside the reports."""
    _write(folder, make_manifest(folder, study, root, names))


def _write(folder: Path, manifest: Mapping[str, Any]) -> None:
    write(folder / NAME, (json.dumps(manifest, indent=2) + "\n").encode())


def has_manifest(folder: Path) -> bool:
    """Whether a folder of reports has a manifest.json, a broken one included."""
    return (folder / NAME).exists()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Content of manifest.json.

    Raises
    ------
    BuildError
        Where there is none, or it is not one.
    """
    path = folder / NAME
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(manifest["files"], dict):
            raise TypeError("files is not a mapping")
    except FileNotFoundError:
        raise BuildError(f"{path} does not exist. Run: castillo verify --write") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(f"{path} is not a manifest ({error}). Run: castillo verify --write") from error
    return manifest  # type: ignore[no-any-return]


def differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Sentences on the files that differ, are missing or are new, one each."""
    before, now = expected["files"], actual["files"]
    lines = {
        **{name: f"{name} is missing" for name in before if name not in now},
        **{name: f"{name} is not in the manifest" for name in now if name not in before},
        **{name: f"{name} differs" for name in now if name in before and before[name] != now[name]},
    }
    return [lines[name] for name in sorted(lines)]


def remarks(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Sentences on a different Python or other packages, which may explain a difference."""
    lines = []
    if expected.get("python") != actual["python"]:
        lines.append(f"made with Python {expected.get('python')}, this is {actual['python']}")
    if expected.get("requirements.lock") != actual["requirements.lock"]:
        lines.append("requirements.lock is another than the one the manifest was made with")
    return lines


def unlike_manifest(study: Study) -> list[str]:
    """Names of the files in reports/ that are not what the manifest there says; none where there is no manifest."""
    folder = find_root() / "reports" / study.name
    if not has_manifest(folder):
        return []
    there = {path.name: path for path in sorted(folder.iterdir()) if path.suffix in (".html", ".csv")}
    expected = read_manifest(folder)["files"]
    return [name for name, path in there.items() if expected.get(name) != content_digest(path)]
