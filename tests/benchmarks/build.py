"""How long a build takes, against the loop `papermill … && jupyter nbconvert --to html …` over the same reports.

Run: python tests/benchmarks/build.py [STUDY] [--repeat N]

Both sides are timed in turn, in one run, on the same notebooks with the same parameters, from starting the program to
its end; the results that reports share are computed anew by each side. Reports go to a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from analysis.paths import find_root
from analysis.publish.reports import Report, study_reports
from analysis.study import load_study

BIN = Path(sys.executable).parent


def timed(*command: str | Path) -> float:
    """Seconds of wall time a program takes; it must succeed."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    begun = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def forget_results() -> None:
    """Delete the shared results, so that each side computes them."""
    shutil.rmtree(find_root() / ".cache" / "castillo" / "results", ignore_errors=True)


def loop(reports: list[Report], folder: Path) -> float:
    """Seconds the loop takes."""
    forget_results()
    seconds = 0.0
    for report in reports:
        source = find_root() / "notebooks" / f"{report.notebook}.ipynb"
        made = folder / f"{report.name}.ipynb"
        seconds += timed(BIN / "papermill", source, made, "-y", json.dumps(dict(report.parameters)))
        seconds += timed(BIN / "jupyter", "nbconvert", "--to", "html", made)
    return seconds


def main() -> None:
    """Time both sides, and a build with nothing to do; print seconds and ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("study", nargs="?", default="sample")
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    reports = study_reports(load_study(given.study), find_root())
    ours, theirs, nothing = [], [], []
    with tempfile.TemporaryDirectory() as temporary:
        build = (BIN / "castillo", "build", given.study, "--output", temporary)
        for _ in range(given.repeat):
            forget_results()
            ours.append(timed(*build, "--force"))
            theirs.append(loop(reports, Path(temporary)))
            nothing += [timed(*build) for _ in range(3)]
    count, ratio = len(reports), median(t / o for t, o in zip(theirs, ours, strict=True))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"study {given.study}, {count} reports, medians of {given.repeat}, {os.cpu_count()} cores, load {load}")
    print("start-up and the results that reports share are included on both sides")
    for name, seconds in (("castillo build --force", ours), ("papermill and nbconvert", theirs)):
        print(f"{name:24} {median(seconds):7.2f} s  {median(seconds) / count:6.2f} s a report")
    print(f"ratio {ratio:.1f}")
    print(f"a build with nothing to do {median(nothing):.2f} s")


if __name__ == "__main__":
    main()
