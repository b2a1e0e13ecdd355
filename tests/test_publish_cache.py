"""The stamp: it says that nothing has changed only where nothing has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from publishing import make_project, write_notebook

from analysis.publish import stamp


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a stamp on it, as after a build that made two files."""
    made = make_project(tmp_path / "project")
    folder = made / "reports" / "tiny"
    folder.mkdir(parents=True)
    for name in ("index.html", "plain.html", "plain.t.csv"):
        (folder / name).write_text("x")
    leave(made)
    return made


def leave(root: Path, texts: tuple[Path, ...] = ()) -> None:
    """Leave the stamp."""
    study, output = root / "data" / "tiny", root / "reports"
    stamp.put(root, study, output, stamp.inputs(root, study, texts), texts, output / "tiny")


def fresh(root: Path) -> tuple[Path, int] | None:
    """What the stamp says."""
    return stamp.fresh(root, root / "data" / "tiny", root / "reports")


def test_fresh(root: Path) -> None:
    """Folder and number of reports, the index not counted; of this output folder only."""
    assert (root / "reports" / "tiny", 1) == fresh(root)
    assert stamp.fresh(root, root / "data" / "tiny", root / "elsewhere") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "data/tiny/outlets.csv").write_text("y"),
        lambda root: (root / "data/tiny/more.csv").write_text("y"),
        lambda root: (root / "data/tiny/features/meta.json").unlink(),
        lambda root: write_notebook(root, "plain", ["# Other"]),
        lambda root: write_notebook(root, "other", ["# Other"]),
        lambda root: (root / "requirements.lock").write_text("y"),
        lambda root: (root / "reports/tiny/plain.html").write_text("y"),
        lambda root: (root / "reports/tiny/plain.t.csv").unlink(),
        lambda root: (root / "reports/tiny/stray.html").write_text("y"),
        lambda root: next((root / ".cache").rglob("*.json")).write_text("{"),
        lambda root: next((root / ".cache").rglob("*.json")).write_text("[]"),
    ],
)
def test_any_change_is_seen(root: Path, change: Callable[[Path], object]) -> None:
    """Of what is read and of what was written; a broken stamp is none."""
    change(root)
    assert fresh(root) is None


def test_a_change_with_the_old_size_and_time_is_seen(root: Path) -> None:
    """The file system remembers when it was."""
    path = root / "data/tiny/outlets.csv"
    before = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert fresh(root) is None


def test_texts_elsewhere_count(root: Path, tmp_path: Path) -> None:
    """They are part of what is read."""
    texts = tmp_path / "texts.jsonl"
    texts.write_text("a")
    leave(root, (texts,))
    assert fresh(root)
    texts.write_text("b")
    assert fresh(root) is None


def test_no_stamp_where_something_changed_during_the_build(root: Path) -> None:
    """What it was built from is not what lies there."""
    study, output = root / "data" / "tiny", root / "reports"
    before = stamp.inputs(root, study)
    (study / "labels.csv").write_text("y")
    stamp.put(root, study, output, before, (), output / "tiny")
    assert fresh(root) is None


NOTHING = """
import sys
from analysis.cli import main
main(["build", "tiny"], standalone_mode=False)
print([name for name in ("pandas", "numpy", "matplotlib", "papermill", "jupyter_client") if name in sys.modules])
"""


def test_a_build_with_nothing_to_do_imports_nothing_heavy(root: Path) -> None:
    """And says what a build would say."""
    done = subprocess.run([sys.executable, "-c", NOTHING], cwd=root, capture_output=True, text=True, check=True)
    assert f"{root}/reports/tiny: 0 built, 1 fresh, 0 failed\n[]\n" == done.stdout
