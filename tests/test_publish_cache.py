"""A build with nothing to do: seen without loading the study, and only where nothing has changed."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from publishing import make_project

from analysis import publish
from analysis.publish import builder
from analysis.publish.cache import nothing_to_do
from analysis.publish.reports import Outcome, Rendered
from analysis.study import load_study

NOTHING = """
import sys
from analysis.cli import main
main(["build", "tiny"], standalone_mode=False)
print([name for name in ("pandas", "numpy", "matplotlib", "papermill", "jupyter_client") if name in sys.modules])
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one report, built."""
    made = make_project(tmp_path / "project")
    monkeypatch.chdir(made)
    page = Rendered({"plain.html": b"page", "plain.t.csv": b"a\n"}, "Plain", "One is one.")
    process = SimpleNamespace(run=lambda order: (Outcome(task.report.name, page, 1.0) for task in order.tasks))
    monkeypatch.setattr(builder, "started", lambda: nullcontext(process))
    monkeypatch.setattr(builder.Build, "_share", lambda self: False)
    publish.build(load_study("tiny"))
    return made


def test_nothing_heavy_is_imported(root: Path) -> None:
    done = subprocess.run([sys.executable, "-c", NOTHING], cwd=root, capture_output=True, text=True, check=True)
    assert f"{root}/reports/tiny: 0 built, 1 fresh, 0 failed\n[]\n" == done.stdout


@pytest.mark.parametrize(
    "name",
    [
        *("data/tiny/outlets.csv", "data/tiny/more.csv", "data/tiny/features/meta.json", "reports/tiny/plain.html"),
        *("reports/tiny/plain.t.csv", "reports/tiny/index.html", "notebooks/plain.ipynb"),
    ],
)
def test_any_change_is_seen(root: Path, name: str) -> None:
    study = root / "data" / "tiny"
    assert (root / "reports" / "tiny", 1, "") == nothing_to_do(root, study, root / "reports")
    assert nothing_to_do(root, study, root / "elsewhere") is None
    (root / name).write_text("{}")
    assert nothing_to_do(root, study, root / "reports") is None
