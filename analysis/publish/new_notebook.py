"""A notebook of one's own: an example with a finding, a figure and a table, which builds at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analysis.errors import BuildError
from analysis.paths import find_root
from analysis.publish.reports import notebook_path, slug
from analysis.publish.state import write

#: The example's cells; one that begins with # and a space is text.
_CELLS = (
    "# {title}\n\nSay in a sentence which question this report answers.",
    'study: str = "{study}"  # a study: the name of a folder under data/, or a path',
    """from analysis import load_study
from analysis.report.components import show_figure, show_findings
from analysis.report.findings import Finding

loaded = load_study(study)
counts = loaded.manifest["outlet"].map(loaded.outlet_names).value_counts()
show_findings([Finding(f"{{counts.index[0]}} has {{counts.iloc[0]}} of {{counts.sum()}} articles.")], otherwise="")""",
    "## How many articles has each outlet?",
    """# pandas, matplotlib and seaborn draw as anywhere. show_figure adds a caption, and in alt the figure in words.
ax = counts.sort_values().plot.barh()
ax.set_xlabel("articles")
ax.set_ylabel("")
shown = "; ".join(f"{{name}} {{count}}" for name, count in counts.items())
show_figure(ax, caption="Articles per outlet.", alt=f"Bars. {{shown}}.")""",
    "## On which days?",
    """# A frame at the end of a cell becomes a table with a CSV.
days = loaded.manifest["published"].dt.date.value_counts().sort_index().rename_axis("day").to_frame("articles")
days.attrs["caption"] = "Articles per day."
days""",
)


def new_notebook(name: str, study: str) -> Path:
    """Write notebooks/<name>.ipynb of the project; its cells are filled in for a study."""
    path = notebook_path(find_root(), slug(name))
    if path.exists():
        raise BuildError(f"{path} is there already. Give the new notebook another name.")
    cells: list[dict[str, Any]] = []
    for number, text in enumerate(_CELLS):
        source = text.format(title=name.replace("-", " ").capitalize(), study=study)
        facts: dict[str, Any] = {"cell_type": "markdown", "id": f"cell-{number:02}", "metadata": {}, "source": source}
        if not text.startswith(("# {", "## ")):
            facts |= {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append(facts)
    cells[1]["metadata"] = {"tags": ["parameters"]}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    write(path, (json.dumps(notebook, indent=1) + "\n").encode())
    return path
