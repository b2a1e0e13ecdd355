"""Where the project and its studies lie, and digests: what is needed before anything heavy is imported."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from analysis.errors import StudyNotFound


def digest(data: bytes) -> str:
    """SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def text_digest(text: str) -> str:
    """SHA-256 of a cleaned text, in hex."""
    return digest(text.encode())


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex, of which little is in memory at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_root(start: Path | None = None) -> Path:
    """The project's folder (the one with data/ and notebooks/), from `start` or any folder above it.

    Falls back to the folder this package lies in, so that commands work from any working directory.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir() and (folder / "data").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    return Path(__file__).resolve().parent.parent


def find_study(study: str | Path) -> Path:
    """Folder of a study, given as a path or as the name of a folder under data/.

    Raises
    ------
    StudyNotFound
    """
    by_name = find_root() / "data" / study
    for folder in (Path(study), by_name):
        with suppress(OSError):  # a name too long for a file, a folder that may not be entered
            if (folder / "study.toml").is_file():
                return folder.resolve()
    known = sorted(path.parent.name for path in (find_root() / "data").glob("*/study.toml"))
    raise StudyNotFound(str(study), known)
