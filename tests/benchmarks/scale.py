"""What many articles cost: annotate with 1 and 2 jobs, bytes on disk, and three reports on the features.

Run: python tests/benchmarks/scale.py [--articles N] [--growth] [--repeat N] [--folder DIR] [--no-reports]

The articles are those of data/sample varied, in a study of the sample's outlets; genre and sub-event are those of the
article that was varied. Articles per second are of the clock, starting up included, the two numbers of jobs in turn,
so the ratio of a pair is as good as the machine was quiet. What each process computed is told beside it: the share of
the process that reads and writes is what more jobs do not make faster.

Memory is the most that a process held and, for reports, the most that all processes of a build held together, what they
share counted once. The three reports are built together, with the results that they share, which no earlier run has
left; then each alone, results at hand. With --growth all of it first on a tenth of the articles, and how much more the
whole took.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from growing import SAMPLE, sample_copy, varied, write_texts

REPORTS = ("overview", "actors", "wording")
ONCE = """
import resource, sys, time
from pathlib import Path

def main():
    from analysis.annotation.run import annotate
    from analysis.study import load_study
    study = load_study(sys.argv[2])
    begun = time.perf_counter()
    annotate(sys.argv[1], study, output=Path(sys.argv[3]), jobs=int(sys.argv[4]))
    spent = time.perf_counter() - begun
    figures = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(spent, *(one.ru_utime + one.ru_stime for one in figures), *(one.ru_maxrss / 1024 for one in figures))

if __name__ == "__main__":
    main()
"""


def bench_study(folder: Path) -> Path:
    """The sample under another name."""
    study = sample_copy(folder)
    text = (study / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(re.sub(r'(?m)^name = ".*"', f'name = "{folder.name}"', text, count=1))
    return study


def annotated(texts: Path, folder: Path, articles: int, repeat: int) -> tuple[Path, float, float]:
    """Annotate with 1 and 2 jobs in turn, print what that took; the study, articles/s and MB of one job."""
    script = folder / "once.py"
    script.write_text(ONCE)
    seen: dict[int, list[list[float]]] = {1: [], 2: []}
    for turn in range(repeat):
        for jobs in seen:
            study = bench_study(folder / f"scale-{jobs}-{turn}")
            command = [sys.executable, str(script), str(texts), str(study), str(study / "features"), str(jobs)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seen[jobs].append([float(word) for word in done.stdout.split()])
    for jobs, runs in seen.items():
        spent, own, theirs, memory, each = (median(figures) for figures in zip(*runs, strict=True))
        if jobs == 1:
            alone = (articles / spent, memory)
        print(
            f"{jobs} jobs: {articles / spent:6.0f} articles/s; processor {own:.1f} s in the process that writes, "
            f"{theirs:.1f} s in its workers; peak memory {memory:.0f} MB and {each:.0f} MB for a worker"
        )
    ratios = [one[0] / two[0] for one, two in zip(seen[1], seen[2], strict=True)]
    print(f"2 jobs / 1 job: {median(ratios):.2f} (median of {repeat} pairs)")
    for path in sorted((study / "features").glob("*.parquet")):
        print(f"{path.name:20} {path.stat().st_size / articles:7.0f} bytes/article")
    whole = sum(path.stat().st_size for path in (study / "features").iterdir())
    print(f"features {whole / articles:.0f} bytes/article, texts {texts.stat().st_size / articles:.0f}")
    return study, *alone


def code(study: Path) -> None:
    """Give each article genre and sub-event of the one it was varied from."""
    known = pd.read_csv(SAMPLE / "articles.csv", dtype=str, keep_default_na=False).set_index("article")
    rows = pd.read_csv(study / "articles.csv", dtype=str, keep_default_na=False)
    origin = rows["article"].str.replace(r"-\d+$", "", regex=True).where(~rows["article"].isin(known.index))
    for column in ("genre", "subevent"):
        rows[column] = origin.map(known[column]).fillna(rows[column])
    rows.to_csv(study / "articles.csv", index=False, lineterminator="\n")


def peak_of(process: psutil.Popen) -> tuple[float, float]:
    """The most MB that any process of a tree held until it ends, and the most that all held together."""
    largest, together, ended = 0.0, 0.0, threading.Event()

    def watch() -> None:
        nonlocal largest, together
        while not ended.wait(0.5):
            try:
                held = [one.memory_full_info() for one in (process, *process.children(recursive=True))]
            except psutil.Error:
                continue
            largest = max(largest, *(one.rss / 2**20 for one in held))
            together = max(together, sum(one.pss / 2**20 for one in held))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    process.communicate()
    ended.set()
    watcher.join()
    return largest, together


def built(study: Path, folder: Path, names: tuple[str, ...], jobs: int) -> tuple[float, float, float, float]:
    """Build some reports: seconds, seconds of processors, MB of the largest process and of all together; printed."""
    command = [sys.executable, "-m", "analysis", "build", str(study), "--output", str(folder / "reports"), "--force"]
    only = [word for name in names for word in ("--only", name)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    process = psutil.Popen([*command, *only, "--jobs", str(jobs)], stdout=subprocess.PIPE)
    largest, together = peak_of(process)
    spent = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    computed = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    status = "" if process.returncode == 0 else f", exit status {process.returncode}"
    print(
        f"{' + '.join(names):28} {spent:6.1f} s ({computed:.1f} s processor), largest process {largest:.0f} MB, "
        f"all processes {together:.0f} MB{status}",
        flush=True,
    )
    return spent, computed, largest, together


def reported(study: Path, folder: Path) -> list[tuple[float, float, float, float]]:
    """Build the three reports together, with what they share, then each alone with that at hand; what each took."""
    settings = study / "study.toml"
    text = settings.read_text(encoding="utf-8")
    # The results of another seed are kept under another name: none are at hand.
    settings.write_text(re.sub(r"(?m)^seed = .*", f"seed = {time.time_ns() % 2**31}", text, count=1), encoding="utf-8")
    return [built(study, folder, REPORTS, 2), *(built(study, folder, (name,), 1) for name in REPORTS)]


def main() -> None:
    """Generate, annotate, build, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep everything there")
    parser.add_argument("--no-reports", action="store_true")
    parser.add_argument("--growth", action="store_true")
    given = parser.parse_args()
    sizes = [given.articles // 10, given.articles] if given.growth else [given.articles]
    with tempfile.TemporaryDirectory() as name:
        taken, measured = [], []
        for articles in sizes:
            folder = (given.folder or Path(name)) / str(articles)
            folder.mkdir(parents=True, exist_ok=True)
            texts = write_texts(folder / "texts.jsonl", varied(articles))
            print(f"{articles} articles", flush=True)
            study, *alone = annotated(texts, folder, articles, given.repeat)
            measured.append(alone)
            code(study)
            if not given.no_reports:
                taken.append(reported(study, folder))
    if given.growth:
        (few, small), (many, large) = measured
        print(f"1 job, {sizes[1]} against {sizes[0]} articles: {many / few:.2f} of the articles/s, "
              f"{large / small:.2f} times the memory")  # fmt: skip
    if len(taken) == 2:
        for what, few, many in zip(("all three", *REPORTS), *taken, strict=True):
            spent, computed, largest, together = (more / less for less, more in zip(few, many, strict=True))
            print(
                f"{what}: {sizes[1]} against {sizes[0]} articles: {spent:.1f} times the seconds, {computed:.1f} times "
                f"those of processors, {largest:.1f} and {together:.1f} times the memory"
            )


if __name__ == "__main__":
    main()
