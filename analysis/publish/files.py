"""Files of a build: written whole or not at all, and a lock so that two builds in one folder wait for each other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.errors import BuildError
from analysis.paths import inside, replace_file


def write(path: Path, data: bytes, *, root: Path | None = None) -> None:
    """Write a file, and the folders around it, so that it is old or new at every moment.

    A symlink at `path` is replaced; one above it must not lead out of `root`.

    Raises
    ------
    BuildError
        Where the disk is full, or the folder cannot be written or lies outside `root`.
    """
    try:
        if root is None or inside(root, path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data, root=root)
    except OSError as error:
        raise BuildError(f"cannot write {path}: {error.strerror or error}. What was there is kept.") from error


def prepare(folder: Path, *, root: Path) -> None:
    """Make a folder, and refuse one outside `root` or that cannot be written before there is anything to write.

    Raises
    ------
    BuildError
    """
    if not inside(root, folder):
        raise BuildError(f"cannot write to {folder}: its symlink leads out of {root}. Nothing was built.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BuildError(f"cannot write to {folder}: {error.strerror or error}. Nothing was built.") from error


def sweep(folder: Path) -> None:
    """Delete the temporary neighbours that a killed build left."""
    for path in folder.glob(".castillo-*"):
        path.unlink(missing_ok=True)


@contextmanager
def lock(path: Path, *, echo: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock file; say so where another process has it, and wait.

    Raises
    ------
    BuildError
        Where the folder cannot be written.
    """
    from filelock import FileLock, Timeout  # not for a build with nothing to do

    held = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held.acquire(timeout=0)
    except Timeout:
        echo("another build is writing the same folder; waiting for it")
        held.acquire()
    except OSError as error:
        raise BuildError(f"cannot write {path}: {error.strerror or error}. Nothing was built.") from error
    try:
        yield
    finally:
        held.release()
