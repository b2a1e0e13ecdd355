"""How many processes at once: by cores and free memory."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil

#: Bytes that a worker and its kernel take, measured on the Castillo study's reports, with a third to spare.
JOB_MEMORY = 600e6
#: Bytes more for each article of a study: the workers of a million generated articles took 4.5 GB.
ARTICLE_MEMORY = 4_000


def default_jobs(articles: int) -> int:
    """As many processes as there are cores, but no more than there is memory for with so many articles in a study."""
    return max(1, min(cores(), int(free_memory() // (JOB_MEMORY + articles * ARTICLE_MEMORY))))


def free_memory() -> float:
    """Bytes that may still be taken, of the machine's memory and of what this process's group of processes may use."""
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
