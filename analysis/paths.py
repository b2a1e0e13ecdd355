"""Places of the project, of its studies and of its cache; digests; files written whole or not at all."""

import ctypes
import gc
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from analysis.errors import AnalysisError, StudyNotFound


def digest(data: bytes) -> str:
    """SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def text_digest(text: str) -> str:
    """SHA-256 of a cleaned text, in hex."""
    return digest(text.encode())


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex, read in small pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inside(root: Path, path: Path) -> bool:
    """True where a path, with every symlink followed, lies in `root` or is `root`; also of paths that do not exist."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a circle of symlinks
        return False


def replace_file(path: Path, content: bytes | Callable[[IO[bytes]], object]) -> None:
    """Write a file so that it is old or new at every moment; a link at `path` is replaced, not followed."""
    neighbour = path.with_name(f".castillo-{secrets.token_hex(8)}")
    try:
        with neighbour.open("xb") as file:
            if path.is_file():
                shutil.copymode(path, neighbour)
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        neighbour.replace(path)
    except BaseException:
        neighbour.unlink(missing_ok=True)
        raise


def release_memory() -> None:
    """Give back to the system what was allocated and is free again, where it is glibc that keeps it."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def cache_folder(root: Path) -> Path:
    """Folder for what can be computed again: the project's own, or one of the user's where that cannot be written."""
    own = root / ".cache" / "castillo"
    existing = next(folder for folder in (own, *own.parents) if folder.exists())
    if os.access(existing, os.W_OK):
        return own
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "castillo" / digest(str(root.resolve()).encode("utf-8", "replace"))[:16]


def reports_folder(root: Path, study: Path) -> Path:
    """Folder of all studies' reports: the project's, or one beside a study that lies outside the project."""
    return (root if inside(root, study) else study.parent) / "reports"


def check_trusted(root: Path) -> None:
    """Refuse a project other than the installed one: building runs its notebooks."""
    installed = Path(__file__).resolve().parent.parent
    if root.resolve() != installed:
        raise AnalysisError(
            f"{root} is a project of its own, and building would run its notebooks with your rights. If you trust "
            f"them, say --trust. To build one of its studies with the notebooks of {installed}, go there first."
        )


def find_root(start: Path | None = None) -> Path:
    """Folder of the project (the one with data/ and notebooks/): `start` or the nearest one above it.

    Falls back to the folder this package lies in, so that commands work from any working directory.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir() and (folder / "data").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    return Path(__file__).resolve().parent.parent


def find_study(study: str | Path) -> Path:
    """Folder of a study, given as a path or as the name of a folder under data/."""
    data = find_root() / "data"
    for folder in (Path(study), data / study):
        with suppress(OSError, ValueError):  # a name too long for a file, or with a zero byte
            if os.path.lexists(folder / "study.toml"):
                return folder.resolve()
    known = sorted(path.parent.name for path in data.glob("*/study.toml"))
    raise StudyNotFound(str(study), ", ".join(known) or "none")


def code_files(folder: Path) -> list[Path]:
    """Sheets of a study; none where nothing was coded by hand."""
    suffixes = (".csv", ".xlsx")
    single = [folder / f"codings{suffix}" for suffix in suffixes]
    by_coder = [path for path in sorted((folder / "codings").glob("[!.~]*")) if path.suffix.lower() in suffixes]
    return [*(path for path in single if path.exists()), *by_coder]
