"""The environment that reports are made in, the same for everyone, and how many reports this machine makes at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis import THREADS

#: Variables of the user's shell that would make a figure or a number depend on it.
_UNWANTED = (
    *("PYTHONSTARTUP", "PYTHONDONTWRITEBYTECODE", "PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONIOENCODING"),
    *("LANG", "LANGUAGE", "COLUMNS", "LINES", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH"),
)
#: Bytes that the process of a report takes, measured on the Castillo study's reports, with a third to spare.
JOB_MEMORY = 600e6
#: Bytes more for each article of a study: the processes of a million generated articles took 4.5 GB.
ARTICLE_MEMORY = 4_000


#: The environment of reports.
_VARIABLES = {
    **dict.fromkeys(THREADS, "1"),
    # Memory once had is kept: given back to the system and asked for again at each draw, it costs a fifth of the time
    # of a comparison. Systems without glibc do not read this.
    "GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=1000000000",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MATPLOTLIBRC": os.devnull,
    # The kernel `python3` is this interpreter's, whatever is installed elsewhere under that name.
    "JUPYTER_PREFER_ENV_PATH": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "CASTILLO_REPORTS": "1",
}


def start_again() -> None:
    """Replace this program by itself in the environment of reports, of which Python reads much only when it starts."""
    if os.name == "posix" and not is_entered():
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], _report_environment())


def is_entered() -> bool:
    """True where this process was started in the environment of reports."""
    return "CASTILLO_REPORTS" in os.environ


def _report_environment() -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if name not in _UNWANTED}, **_VARIABLES}


@contextmanager
def report_environment(jupyter: Path) -> Iterator[None]:
    """Context in which what is started is in the environment of reports; Jupyter and IPython write into a folder."""
    jupyter.mkdir(parents=True, exist_ok=True)
    before = dict(os.environ)
    os.environ |= dict.fromkeys(("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"), str(jupyter))
    os.environ |= {**_report_environment(), "IPYTHONDIR": str(jupyter / "ipython")}
    for name in _UNWANTED:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def shorten_imports() -> None:
    """Have papermill imported some seconds sooner.

    jsonschema imports rfc3987_syntax where that is installed, which compiles a grammar to check addresses; the schema
    of notebooks has none.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def default_jobs(articles: int) -> int:
    """As many processes as there are cores, but no more than there is memory for with so many articles in a study."""
    return max(1, min(cores(), int(free_memory() // (JOB_MEMORY + articles * ARTICLE_MEMORY))))


def free_memory() -> float:
    """Bytes that may still be taken, of the machine's memory and of what this process's group of processes may use."""
    import psutil  # not for a build with nothing to do

    free = float(psutil.virtual_memory().available)
    with suppress(OSError, ValueError):  # a container's limit, where there is one ("max" is no number)
        group = Path("/sys/fs/cgroup")
        limit, taken = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        free = min(free, limit - taken + int(stat.get("inactive_file", 0)))  # what files were read is given up first
    return free


def cores() -> int:
    """Cores this process may use."""
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
