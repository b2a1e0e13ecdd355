"""How long a reader waits who changes the parameters cell in JupyterLab and runs all cells again.

Run: python tests/benchmarks/rerun.py

Each notebook is run in one kernel, as JupyterLab does: first with its defaults, then with another value of each
parameter that has one. Printed are seconds of wall time and of the kernel's processor time.
"""

from __future__ import annotations

import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
#: Notebook → a line of its parameters cell and what a reader might write instead.
CHANGES = {
    "overview": ('"castillo-2022"', '"sample"'),
    "actors": ('"castillo-2022"', '"sample"'),
    "wording": ("least_uses: int = 30", "least_uses: int = 20"),
    "tone": ('"castillo-2022"', '"sample"'),
    "outlet": ('"guardian"', '"cnn"'),
    "pair": ('"cnn"', '"al-jazeera"'),
}


def run(client: NotebookClient, cells: list[nbformat.NotebookNode]) -> tuple[float, float]:
    """Seconds of wall and of processor time for all code cells."""
    clock = nbformat.v4.new_code_cell("import time as _t; print(_t.process_time())")
    before = processor(client, clock)
    begun = time.perf_counter()
    for index, cell in enumerate(cells):
        if cell.cell_type == "code":
            client.execute_cell(cell, index)
    taken = time.perf_counter() - begun
    return taken, processor(client, clock) - before


def processor(client: NotebookClient, clock: nbformat.NotebookNode) -> float:
    """The kernel's processor time so far."""
    return float(client.execute_cell(clock, 0).outputs[0].text)


def main() -> None:
    """Print a line for each notebook."""
    print(f"{'notebook':10} {'first run':>16} {'changed, again':>16}   (seconds: wall, processor)")
    for name, (old, new) in CHANGES.items():
        notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        client = NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOKS)}})
        with client.setup_kernel():
            first = run(client, notebook.cells)
            tagged = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
            assert old in tagged.source, f"{name} has no {old}"
            tagged.source = tagged.source.replace(old, new)
            again = run(client, notebook.cells)
        print(f"{name:10} {first[0]:8.1f} {first[1]:7.1f} {again[0]:8.1f} {again[1]:7.1f}")


if __name__ == "__main__":
    main()
