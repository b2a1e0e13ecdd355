"""Warm kernels: the same bytes as ordinary ones, nothing of a sibling, nothing left when a build is ended."""

from __future__ import annotations

import difflib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from publishing import SHOW, make_project, write_notebook

from analysis import publish
from analysis.publish import builder, run, template
from analysis.publish.template_process import threads
from analysis.study import load_study

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kernels are forked on Linux only"),
]
TWO = '[[reports]]\nnotebook = "plain"\n[[reports]]\nnotebook = "second"\n'
#: What tells a forked kernel from one of its own.
WARM = "'analysis.publish.template_process' in __import__('sys').modules"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the reports plain and second; the working directory is in it."""
    made = make_project(tmp_path / "project", TWO)
    monkeypatch.chdir(made)
    monkeypatch.setattr(builder, "_share_results", lambda study, echo, pool: None)
    return made


def build(root: Path, cells: list[str], second: str = "1") -> dict[str, str]:
    """Build both reports, one after the other; pages by name."""
    write_notebook(root, "plain", ["# Plain", *cells])
    write_notebook(root, "second", ["# Second", second])
    result = publish.build(load_study("tiny"), jobs=1, force=True)
    assert {} == result.failed
    return {name: (result.folder / f"{name}.html").read_text() for name in ("plain", "second")}


INTERPRETER = r"""
import os, random, signal, sys, threading, warnings
print(*sorted(os.environ), *sys.path, sys.argv[0], sys.argv[1::2], sys.flags, sep="\n")
print(__name__, hash("x"), {"alpha", "beta", "gamma"}, signal.getsignal(signal.SIGINT), sys.stdin.read())
print(threading.active_count(), os.getpid() == os.getsid(0), sorted(os.listdir()), sys.getrecursionlimit())
warnings.warn("careful")
"""
DRAWING = """
import matplotlib.pyplot as plt, pandas as pd
fig, ax = plt.subplots(); ax.plot([1, 2])
print(plt.get_backend(), plt.rcParams["figure.dpi"], pd.DataFrame({"a": [1.5]}))
"""


def test_warm_equals_cold(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the byte, also in what a notebook can ask of its interpreter."""
    cells = [INTERPRETER, DRAWING, SHOW + 'show("<p>x</p>", kind="finding", text="X.")', "get_ipython()", "input"]
    warm = build(root, cells, "import analysis.report.components")
    with monkeypatch.context() as patch:
        patch.setattr(template, "can_fork", lambda scratch: False)
        cold = build(root, cells, "import analysis.report.components")
    for name, page in cold.items():
        assert [] == list(difflib.unified_diff(page.splitlines(), warm[name].splitlines(), n=0))
    assert "matplotlib_inline" in warm["plain"]


def test_kernels_are_warm(root: Path) -> None:
    """They are forked, and what notebooks import is there before."""
    pages = build(
        root,
        [f"print({WARM})"],
        "from analysis import load_study\nprint('analysis.study' in __import__('sys').modules)",
    )
    assert "True" in pages["plain"]


LEFTOVER = """
import os, sys, builtins, random
import numpy as np, pandas as pd, matplotlib.pyplot as plt
print("state:", hasattr(builtins, "MARK"), os.environ.get("MARK"), hasattr(pd, "MARK"), plt.rcParams["font.size"] == 3)
print("here", os.path.basename(os.getcwd()), "sys" in dir(), plt.get_fignums(), pd.get_option("display.max_rows"))
print("random", np.random.random(), "and", random.random(), "end")
builtins.MARK = pd.MARK = 1
os.environ["MARK"] = "1"; os.chdir("/"); plt.rcParams["font.size"] = 3; pd.set_option("display.max_rows", 7)
plt.figure().number; plt.figure(); plt.close(); np.random.seed(0); random.seed(0); sys.path.insert(0, "/nowhere")
"""


def test_nothing_of_a_sibling(root: Path) -> None:
    """Two kernels one after the other: each starts as the first did, with random numbers of its own."""
    pages = build(root, [LEFTOVER], LEFTOVER)
    one, two = (page.partition("state: ")[2].partition("end")[0] for page in pages.values())
    assert one.startswith("False None False False")
    assert "here notebooks" in one
    first, second = (text.partition("random ")[::2] for text in (one, two))
    assert first[0] == second[0]
    assert not set(first[1].split(" and ")) & set(second[1].split(" and "))


BUSY = """
import time
kernel = get_ipython().kernel
tell = kernel._publish_status
def late(status, *rest, **more):
    if status == "idle":
        kernel._publish_status = tell
        time.sleep(5)
    return tell(status, *rest, **more)
kernel._publish_status = late
print("shown")
"""


@pytest.mark.slow
def test_what_a_cell_showed_is_waited_for_on_a_busy_machine(root: Path) -> None:
    """nbclient gives up after four seconds."""
    assert ">shown" in build(root, [BUSY])["plain"]


def test_a_deep_folder_for_temporary_files(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of sockets would be too long there: they go elsewhere, and kernels are warm still."""
    deep = tmp_path / ("d" * 80)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    assert "True" in build(root, [f"print({WARM})"])["plain"]


def test_where_the_template_cannot_fork_kernels_are_ordinary(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that starts a thread when imported; one that ends the process."""
    modules = root / "modules"
    modules.mkdir()
    (modules / "threading_at_import.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()"
    )
    (modules / "ending_at_import.py").write_text("import os\nos._exit(3)")
    monkeypatch.setenv("PYTHONPATH", str(modules), prepend=os.pathsep)
    for name in ("threading_at_import", "ending_at_import"):
        monkeypatch.setattr(run, "notebook_modules", lambda sources, name=name: [name])
        assert ">False" in build(root, [f"print({WARM})"])["plain"].replace("\n", "")


def test_threads_are_counted() -> None:
    """This process has at least its own."""
    assert 1 <= threads()


COLD = "from analysis.publish import template; template.can_fork = lambda scratch: False\n"
BUILD = "from analysis.cli import main; main(['build', 'tiny', '--jobs', '2'])"


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


MARK = f"CASTILLO_TEST_MARK={os.getpid()}"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files whose name is short enough for sockets in it."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("kernels", ["warm", "ordinary"])
def test_an_ended_build_leaves_no_process(
    root: Path, number: signal.Signals, kernels: str, tmp_path: Path, temporary: Path
) -> None:
    """Nor files in the folder for temporary ones, whether the build can still act or not."""
    flag = tmp_path / "flag"
    sleep = f"import subprocess, time; open({str(flag)!r}, 'a').write('x'); subprocess.run(['sleep', '600'])"
    write_notebook(root, "plain", ["# Plain", f"assert ({WARM}) is {kernels == 'warm'}", sleep])
    write_notebook(root, "second", ["# Second", sleep])
    name, _, value = MARK.partition("=")
    env = {**os.environ, name: value, "TMPDIR": str(temporary)}
    code = COLD + BUILD if kernels == "ordinary" else BUILD
    started = subprocess.Popen([sys.executable, "-c", code], cwd=root, env=env, start_new_session=True)
    deadline = time.monotonic() + 120
    while not (flag.exists() and flag.read_text() == "xx") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(marked()) >= 5 + (kernels == "warm")  # build, two workers, two kernels, a template
    (os.kill if number == signal.SIGKILL else os.killpg)(started.pid, number)
    assert 0 != started.wait(20)
    while (left := marked()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [] == left
    while list(temporary.glob("castillo-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [] == list(temporary.glob("castillo-*"))
    assert not (root / "reports" / "tiny" / "plain.html").exists()
