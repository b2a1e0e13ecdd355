"""Running reports: each in a process of its own, which fails alone; kernels give the same bytes; nothing is left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ministudy import SHOW, make_project, write_notebook

from analysis.publish import render
from analysis.publish.state import States

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked on Linux only"),
]
#: True in a process that was forked from the build, false in one started anew and in an ordinary kernel.
FORKED = "'analysis.publish.build' in __import__('sys').modules"
BUILD = [sys.executable, "-m", "analysis", "build", "tiny", "--jobs", "2"]


def project(folder: Path, notebooks: dict[str, list[str]]) -> Path:
    """A project of notebooks, given by name, with these cells; no outlet has articles enough to be compared."""
    make_project(folder, "".join(f'[[reports]]\nnotebook = "{name}"\n' for name in notebooks))
    settings = folder / "data" / "tiny" / "study.toml"
    settings.write_text(settings.read_text().replace("min_articles = 2", "min_articles = 99"))
    for name, cells in notebooks.items():
        write_notebook(folder, name, ["# A title", *cells])
    return folder


@dataclass
class Built:
    """A project that was built, and why reports of it were not made."""

    root: Path
    failed: dict[str, dict[str, Any]]

    def shown(self, name: str) -> str:
        """Content of a page without the code of its cells."""
        page = (self.root / "reports" / "tiny" / f"{name}.html").read_text(encoding="utf-8")
        main = page.partition('<main id="main" tabindex="-1">')[2].partition("</main>")[0]
        return re.sub(r'<details class="code">.*?</details>', "", main, flags=re.DOTALL)


def build(folder: Path, notebooks: dict[str, list[str]], *options: str) -> Built:
    """Build a project of notebooks, given by name, with these cells."""
    root = project(folder, notebooks)
    subprocess.run([*BUILD, *options], cwd=root, check=False, timeout=600)
    states = States(root / "reports", "tiny").reports
    failed = {name: state["failure"] for name, state in states.items() if state["failure"]}
    assert {"index.html", *(f"{name}.html" for name in set(notebooks) - set(failed))} == {
        path.name for path in (root / "reports" / "tiny").glob("*.html")
    }
    return Built(root, failed)


FORK = "import os, time, subprocess\nsubprocess.Popen(['sleep', '99']); os.fork() or time.sleep(99); os._exit(4)"
DEATHS = {
    "raise": ("a = 1\nraise ValueError('<b>no</b>')", "ValueError: <b>no</b>"),
    "exit": ("import os\nos._exit(3)", "its process ended with status 3"),
    "kill": ("import os\nos.kill(os.getpid(), 9)", "its process was killed, for want of memory perhaps"),
    "crash": ("import ctypes\nctypes.string_at(0)", "its process crashed (SIGSEGV)"),
    "sys-exit": ("import sys\nsys.exit('no')", "SystemExit: no"),
    "endless": ("a = 1\nwhile a: pass", "the cell took longer than 3 s; allow more with --cell-seconds"),
    "fork": (FORK, "its process ended with status 4"),
}
KERNEL_DEATH = ["a = 1", "import os; os.kill(os.getpid(), 9)"]
TRACEBACK = ["a = 1", "", 'def f():\n    raise ValueError("</script>" + __import__("os").getcwd())', "b = 2\n\nf()"]
ORDER = """
import ctypes, os, subprocess, sys
print("one"); print("two", file=sys.stderr); display("three"); print("four", flush=True)
subprocess.run(["echo", "five"]); print("six"); os.write(2, b"seven"); print("eight")
ctypes.CDLL(None).puts(b"nine"); ctypes.CDLL(None).fflush(None)
if (child := os.fork()) == 0:
    print("ten"); os._exit(0)
os.waitpid(child, 0); "eleven"
"""
STARTS = {
    "threads": "import threading\nt = threading.Thread(target=print, args=('5',)); t.start(); t.join()",
    "DuckDB": "import duckdb\nprint(duckdb.connect().execute('select 2 + 3').fetchone()[0])",
    "a pool": "import multiprocessing as m\nwith m.get_context('fork').Pool(2) as p: print(*p.map(abs, [-5]))",
    "an event loop": "import asyncio\nawait asyncio.sleep(0); print(5)",
    "a display": "h = display('4', display_id='x'); h.update('5')",
    "cleared": "print(4); __import__('IPython').display.clear_output(); print(5)",
    "a magic": "%matplotlib inline\nprint(5)",
    "a hidden value": "print(5)\n4;",
    "what the warm process has imported": f"print(5 if {FORKED} else 'a kernel')",
}
SAME = [SHOW + 'show("<p>x</p>", kind="finding", text="X.")', "print(hash('x'), {'b', 'a', 'c'})"]
LEFTOVER = """
import os, sys, builtins, random
import numpy as np, pandas as pd, matplotlib.pyplot as plt
print("state:", hasattr(builtins, "MARK"), os.environ.get("MARK"), hasattr(pd, "MARK"), plt.rcParams["font.size"] == 3)
print("here", os.path.basename(os.getcwd()), "sys" in dir(), plt.get_fignums(), pd.get_option("display.max_rows"))
print("random", np.random.random(), "and", random.random(), "end")
builtins.MARK = pd.MARK = 1
os.environ["MARK"] = "1"; os.chdir("/"); plt.rcParams["font.size"] = 3; pd.set_option("display.max_rows", 7)
plt.figure().number; plt.figure(); plt.close("all"); np.random.seed(0); random.seed(0); sys.path.insert(0, "/nowhere")
"""
MACHINE = """
import os, sys, time
print(sorted({"b", "a"}), os.environ["TZ"], time.tzname, os.environ["LC_ALL"], list({"alpha", "beta", "gamma"}))
print(sys.executable, object(), os.getcwd(), __file__ if "__file__" in dir() else "")
import warnings; warnings.warn("careful")
"""
GOOD = {
    "machine": [MACHINE], "order": [ORDER], "starts": [*STARTS.values()], "same": SAME, "one": [LEFTOVER],
    "two": [LEFTOVER],
}


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Reports that die of all there is, and those that do not, made by one build."""
    deaths = {name: ["a = 1", "", cell] for name, (cell, _) in DEATHS.items()}
    folder = tmp_path_factory.mktemp("forked") / "project"
    return build(folder, {**deaths, "traceback": TRACEBACK, **GOOD}, "--cell-seconds", "3")


@pytest.fixture(scope="module")
def in_kernels(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Some of them in ordinary kernels."""
    folder = tmp_path_factory.mktemp("kernels") / "project"
    return build(folder, {"kill": KERNEL_DEATH, "traceback": TRACEBACK, "same": SAME}, "--kernel")


def places(built: Built) -> dict[str, tuple[int | None, int | None, str]]:
    """Cell, line and error of each report that was not made, but for that of which more is asked."""
    return {n: (f["cell"], f["line"], f["error"].strip()) for n, f in built.failed.items() if n != "traceback"}


def test_a_report_that_dies_fails_alone_and_is_told_by_cell_and_line(forked: Built, in_kernels: Built) -> None:
    """Whatever it dies of; `build` has seen that the others are built. Of a kernel only an exception has a line."""
    assert {name: (3, 2, error) for name, (_, error) in DEATHS.items()} == places(forked)
    assert {"kill": (3, None, render.ENDED)} == places(in_kernels)


@pytest.mark.parametrize("kind", ["forked", "in_kernels"])
def test_a_failing_cell_s_traceback_is_that_of_its_author_s_notebook(kind: str, request: Any) -> None:
    """Numbers as JupyterLab counts after Run All: the parameters have no cell, empty cells no number; no paths."""
    built = request.getfixturevalue(kind)
    failure = built.failed["traceback"]
    assert (4, 3) == (failure["cell"], failure["line"])
    assert failure["error"].startswith("ValueError: </script>")
    assert "Cell In[4], line 3" in failure["traceback"] and "Cell In[3], line 2" in failure["traceback"]
    assert str(built.root) not in failure["traceback"] + failure["error"]
    assert "\x1b" not in failure["traceback"]


def words(built: Built, name: str) -> list[str]:
    """Words that the cells of a report print."""
    return re.sub(r"<[^>]+>|The code printed a message:|&#39;|'", " ", built.shown(name)).split()


def test_outputs_appear_in_the_order_in_which_they_were_written(forked: Built) -> None:
    """Of Python, of other programs, of C code, of a forked process; standard output, errors and displays."""
    expected = "one two three four five six seven eight nine ten eleven"
    assert expected.split() == words(forked, "order")


def test_what_a_cell_may_use(forked: Built) -> None:
    """Threads, databases, processes and IPython's own means work."""
    assert ["5"] * len(STARTS) == words(forked, "starts")


def test_kernels_give_the_same_bytes(forked: Built, in_kernels: Built) -> None:
    """Also of what depends on the order of a set."""
    assert in_kernels.shown("same") == forked.shown("same")


def test_nothing_of_a_sibling(forked: Built) -> None:
    """Each report starts as any other did, with random numbers of its own."""
    one, two = (forked.shown(name).partition("state: ")[2].partition("end")[0] for name in ("one", "two"))
    assert one.startswith("False None False False")
    assert "here notebooks" in one
    first, second = (text.partition("random ")[::2] for text in (one, two))
    assert first[0] == second[0]
    assert not set(first[1].split(" and ")) & set(second[1].split(" and "))


def test_nothing_of_the_machine(forked: Built) -> None:
    """Neither its time zone and locale nor its paths."""
    page = forked.shown("machine")
    for part in ("UTC (&#39;UTC&#39;, &#39;UTC&#39;) C.UTF-8", "UserWarning: careful", "object at 0x…"):
        assert part in page
    assert [] == [part for part in (str(forked.root), "/tmp/", sys.prefix, str(os.getpid())) if part in page]


def test_where_the_build_cannot_fork_reports_have_processes_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here since every Python starts a thread."""
    code = "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()"
    (tmp_path / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    assert ["False", "5"] == words(build(tmp_path / "project", {"plain": [f"print({FORKED})", "print(5)"]}), "plain")


MARK = f"CASTILLO_TEST_MARK={os.getpid()}"


def marked() -> list[str]:
    """Command lines of living processes that carry this test's mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if MARK.encode() in (folder / "environ").read_bytes() and int(folder.name) != os.getpid():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def _wait(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "kernel"), [(signal.SIGINT, False), (signal.SIGTERM, True)])
def test_an_ended_build_leaves_no_process(tmp_path: Path, number: signal.Signals, kernel: bool) -> None:
    """Nor files in the folder for temporary ones."""
    flag, temporary = tmp_path / "flag", tmp_path / "temporary"
    temporary.mkdir()
    sleep = f"import subprocess, time; open({str(flag)!r}, 'a').write('x'); subprocess.run(['sleep', '600'])"
    root = project(tmp_path / "project", {"plain": [f"assert ({FORKED}) is {not kernel}", sleep], "second": [sleep]})
    name, _, value = MARK.partition("=")
    env = {**os.environ, name: value, "TMPDIR": str(temporary)}
    started = subprocess.Popen([*BUILD, *["--kernel"] * kernel], cwd=root, env=env, start_new_session=True)
    _wait(lambda: flag.exists() and flag.read_text() == "xx", 120)
    _wait(lambda: len(marked()) >= 5 + 2 * kernel)  # build, two reports with their sleeps, kernels
    assert len(marked()) >= 5 + 2 * kernel
    os.killpg(started.pid, number)
    assert 0 != started.wait(20)
    _wait(lambda: not marked())
    assert [] == marked()
    assert kernel or [] == list(temporary.iterdir())
    assert not (root / "reports" / "tiny" / "plain.html").exists()
