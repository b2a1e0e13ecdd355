"""Files that are written whole or not at all, and a lock so that two builds in one folder wait for each other."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis.errors import BuildError

try:
    import fcntl
except ImportError:  # Windows: two builds at once are not kept apart there
    fcntl = None  # type: ignore[assignment]

_TEMPORARY = ".castillo-"


def write(path: Path, data: bytes) -> None:
    """Write a file through a temporary neighbour, so that it is old or new at every moment.

    Raises
    ------
    BuildError
        Where the disk is full or the folder cannot be written.
    """
    neighbour = path.with_name(f"{_TEMPORARY}{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with neighbour.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        neighbour.replace(path)
    except OSError as error:
        with suppress(OSError):  # the folder may be none
            neighbour.unlink()
        raise BuildError(f"cannot write {path}: {error.strerror or error}. What was there is kept.") from error


def prepare(folder: Path) -> None:
    """Make a folder, and refuse one that cannot be written before there is anything to write.

    Raises
    ------
    BuildError
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BuildError(f"cannot write to {folder}: {error.strerror or error}. Nothing was built.") from error


def sweep(folder: Path) -> None:
    """Delete the temporary neighbours that a killed build left."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        path.unlink(missing_ok=True)


@contextmanager
def lock(path: Path, *, echo: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock file; say so where another process has it, and wait.

    Raises
    ------
    BuildError
        Where the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise BuildError(f"cannot write {path}: {error.strerror or error}. Nothing was built.") from error
    with file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                echo("another build is writing the same folder; waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
