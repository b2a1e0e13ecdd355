"""The environment that reports are made in, the same for everyone, and how many reports this machine makes at once."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from analysis import THREADS

#: Bytes that the process of a report takes, measured on the Castillo study's reports, with a third to spare.
_JOB_MEMORY = 600e6
#: Bytes more for each article of a study: the processes of a million generated articles took 4.5 GB.
_ARTICLE_MEMORY = 4_000
#: Variables of the user's shell that would make a figure or a number depend on it.
_UNWANTED = (
    *("PYTHONSTARTUP", "PYTHONDONTWRITEBYTECODE", "PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONIOENCODING"),
    *("LANG", "LANGUAGE", "COLUMNS", "LINES", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH"),
)
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


def report_environment() -> dict[str, str]:
    """Environment of reports: that of this process without what would change them."""
    return {**{name: value for name, value in os.environ.items() if name not in _UNWANTED}, **_VARIABLES}


def start_again() -> None:
    """Replace this program by itself in the environment of reports, of which Python reads much only when it starts."""
    if os.name == "posix" and "CASTILLO_REPORTS" not in os.environ:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], report_environment())


def shorten_imports() -> None:
    """Have papermill imported some seconds sooner.

    jsonschema imports rfc3987_syntax where that is installed, which compiles a grammar to check addresses; the schema
    of notebooks has none.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_jobs(articles: int) -> int:
    """As many processes as there are cores, but no more than there is memory for with so many articles in a study."""
    import psutil  # not for a build with nothing to do

    free = psutil.virtual_memory().available
    with suppress(OSError, ValueError):  # a container's limit, where there is one ("max" is no number)
        free = min(free, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return max(1, min(cores(), int(free // (_JOB_MEMORY + articles * _ARTICLE_MEMORY))))
