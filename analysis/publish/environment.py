"""The environment notebooks run in, the same for everyone: one BLAS thread, fixed hash seed, time zone, locale."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from analysis import THREADS

#: What would make a figure or a number depend on the user's shell.
_UNWANTED = (
    "PYTHONSTARTUP",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONWARNINGS",
    "PYTHONINSPECT",
    "LANG",
    "LANGUAGE",
    "MPLBACKEND",
    "COLUMNS",  # the terminal's size
    "LINES",
)
_ONE_THREAD = dict.fromkeys(THREADS, "1")
#: Memory once had is kept: given back to the system and asked for again at each draw, it costs a fifth of the time of
#: a comparison. Processes of a build do not live long. Other systems than those with glibc do not read this.
_KEEP_MEMORY = {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=1000000000"}


@contextmanager
def one_thread() -> Iterator[None]:
    """Let processes started here do linear algebra in one thread each: it is asked for when numpy is first imported."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def kernel_environment(scratch: Path) -> Mapping[str, str]:
    """Variables in which kernels run: one BLAS thread, fixed hash seed, time zone and locale, no user configuration.

    Parameters
    ----------
    scratch : Path, a private folder for connection files and IPython's own files

    Returns
    -------
    mapping name → value
    """
    return {
        **_ONE_THREAD,
        **_KEEP_MEMORY,
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "JUPYTER_RUNTIME_DIR": str(scratch),
        "IPYTHONDIR": str(scratch / "ipython"),
        "MATPLOTLIBRC": os.devnull,
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def enter_environment(scratch: Path) -> None:
    """Make this process's environment that of the kernels it will start."""
    for name in _UNWANTED:
        os.environ.pop(name, None)
    os.environ.update(kernel_environment(scratch))


def outside_environment(scratch: Path) -> dict[str, str]:
    """The environment of kernels for a process yet to be started."""
    kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    return {**kept, **kernel_environment(scratch)}


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder whose sockets have names that fit, 107 bytes: in /tmp where the usual one for such lies too deep."""
    deep = sys.platform.startswith("linux") and len(tempfile.gettempdir()) > 50
    scratch = Path(tempfile.mkdtemp(prefix="castillo-", dir="/tmp" if deep else None))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
