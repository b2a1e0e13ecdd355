"""The notebooks as files: without outputs, bound to no machine's kernel, and made of short cells."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bare_notebooks import bare, is_bare

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: Lines of a cell beside its imports; more do not fit beside the figure on a laptop's screen.
LONGEST = 25


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_holds_no_outputs(path: Path) -> None:
    """Neither counts nor a kernel of its author's."""
    nbformat.validate(nbformat.read(path, as_version=4))
    assert is_bare(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_cells_are_short_and_define_nothing(path: Path) -> None:
    """A notebook calls the library, one idea a cell."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= LONGEST, cell.source
            tree = ast.parse(cell.source)
            assert [] == [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def test_the_check_finds_and_strips_outputs(tmp_path: Path) -> None:
    """What the pre-commit hook runs."""
    notebook = json.loads(NOTEBOOKS[0].read_text(encoding="utf-8"))
    first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    first["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "secret"}]
    first["execution_count"] = 3
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    command = [sys.executable, str(ROOT / "tests" / "bare_notebooks.py")]
    found = subprocess.run([*command, str(path)], capture_output=True, text=True)
    assert (1, f"{path} holds outputs. Run: python tests/bare_notebooks.py --write {path}") == (
        found.returncode,
        found.stdout.strip(),
    )
    assert 1 == subprocess.run([*command, "--write", str(path)], capture_output=True).returncode
    assert 0 == subprocess.run([*command, str(path)], capture_output=True).returncode
    assert json.loads(NOTEBOOKS[0].read_text(encoding="utf-8")) == json.loads(path.read_text(encoding="utf-8"))
    assert bare(path.read_text(encoding="utf-8")) == path.read_text(encoding="utf-8")
