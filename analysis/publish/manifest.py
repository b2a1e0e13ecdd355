"""manifest.json: the digest of every file of a study's reports, and what they were made with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.errors import BuildError
from analysis.publish.cache import python_version
from analysis.publish.files import write
from analysis.study import digest

NAME = "manifest.json"


def make_manifest(folder: Path, study: str, root: Path, names: Iterable[str]) -> dict[str, Any]:
    """Digest of each of these files in a study's folder of reports, with Python's version and the lock's digest."""
    lock = root / "requirements.lock"
    files = [path for name in sorted(names) if (path := folder / name).is_file()]
    return {
        "study": study,
        "python": python_version(),
        "requirements.lock": digest(lock.read_bytes()) if lock.is_file() else None,
        "files": {path.name: digest(path.read_bytes()) for path in files},
    }


def write_manifest(folder: Path, study: str, root: Path, names: Iterable[str]) -> None:
    """Write manifest.json beside the reports."""
    write(folder / NAME, (json.dumps(make_manifest(folder, study, root, names), indent=2) + "\n").encode())


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read manifest.json.

    Raises
    ------
    BuildError
        Where there is none, or it is not one.
    """
    path = folder / NAME
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found["files"], dict):
            raise TypeError("files is not a mapping")
    except FileNotFoundError:
        raise BuildError(f"{path} does not exist. Run: castillo build") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(f"{path} is not a manifest ({error}). Run: castillo build") from error
    return found  # type: ignore[no-any-return]


def differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Files that differ, are missing or are new, one sentence each."""
    before, now = expected["files"], actual["files"]
    told = {
        **{name: f"{name} is missing" for name in before if name not in now},
        **{name: f"{name} is not in the manifest" for name in now if name not in before},
        **{name: f"{name} differs" for name in now if name in before and before[name] != now[name]},
    }
    return [told[name] for name in sorted(told)]


def remarks(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """Where the two were made with different Python or packages, which may explain a difference."""
    told = []
    if expected.get("python") != actual["python"]:
        told.append(f"made with Python {expected.get('python')}, this is {actual['python']}")
    if expected.get("requirements.lock") != actual["requirements.lock"]:
        told.append("requirements.lock is another than the one the manifest was made with")
    return told
