"""Running a study's notebooks in this process: quick, and where a cell fails one sees where."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from analysis.publish.reports import Report, read_cells, study_reports
from analysis.study import Study

ROOT = Path(__file__).resolve().parents[1]


def run_reports(study: Study, patch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Name of each report of a study, and what its cells show as HTML; any exception of a cell is the test's."""
    for report in study_reports(study, ROOT):
        yield report.name, run_report(report, patch)


def run_report(report: Report, patch: pytest.MonkeyPatch) -> str:
    """What a report's cells show, as HTML."""
    shown: list[str] = []

    def show(*values: Any) -> None:
        shown.extend(value._repr_mimebundle_()["text/html"] for value in values if value is not None)

    patch.setattr("IPython.display.display", show)
    names: dict[str, Any] = {}
    for cell in read_cells(ROOT / "notebooks" / f"{report.notebook}.ipynb"):
        if cell["cell_type"] == "code":
            body = ast.parse(cell["source"]).body
            last = body.pop() if isinstance(body[-1], ast.Expr) else None
            exec(compile(ast.Module(body, []), report.name, "exec"), names)
            show(eval(compile(ast.Expression(last.value), report.name, "eval"), names) if last else None)
            names |= report.parameters if "parameters" in cell["tags"] else {}
    return "\n".join(shown)


def text_of(page: str) -> str:
    """Text of HTML, that of drawings and of BibTeX left out."""
    document = html.document_fromstring(f"<div>{page}</div>")
    for drawn in document.xpath("//*[local-name()='svg' or @class='bibtex']"):
        drawn.drop_tree()
    return " ".join(document.text_content().split())
