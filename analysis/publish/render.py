"""An executed notebook → one self-contained HTML file and a CSV file for each of its tables."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.preprocessors import Preprocessor

from analysis.publish.markdown import render_markdown
from analysis.publish.matrix import slug
from analysis.publish.page import Page, Rendered
from analysis.publish.plain import plain

#: What analysis.report.components adds to each of its outputs; only beside it is text/html trusted.
PAYLOAD = "application/vnd.castillo+json"
TEMPLATES = Path(__file__).parent / "template"
_HIDDEN = {"parameters", "injected-parameters"}


class Outline(Preprocessor):
    """Renders the markdown, finds title and contents, and sorts the outputs by what they are."""

    enabled = True

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Write `html` and `shown` into each cell, and `outline`, `finding` and `outputs` into the resources."""
        written = [cell for cell in nb.cells if cell.cell_type == "markdown"]
        texts, renderer = render_markdown([cell.source for cell in written])
        for cell, text in zip(written, texts, strict=True):
            cell.metadata["html"] = text
        resources["outline"] = renderer
        resources["outputs"], resources["finding"] = {}, ""
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.metadata["hidden"] = bool(_HIDDEN & set(cell.metadata.get("tags", ())))
                cell.metadata["shown"] = [_shown(output, resources) for output in cell.outputs]
        return nb, resources


def _shown(output: Any, resources: Any) -> dict[str, str]:
    """One output as the template needs it: kind, and either html that may be trusted or text that is escaped."""
    if output.output_type == "stream":
        return {"kind": output.name, "text": plain(output.text)}
    payload = output.data.get(PAYLOAD)
    if payload is None or "text/html" not in output.data:
        return {"kind": "plain", "text": plain(output.data.get("text/plain", ""))}
    kind = slug(payload.get("kind", "text"))
    if kind == "finding" and not resources["finding"]:
        resources["finding"] = str(payload.get("text", ""))
    shown = {"kind": kind, "html": output.data["text/html"], "caption": str(payload.get("caption", ""))}
    if "csv" in payload:
        shown["csv"] = _keep_csv(payload, resources)
    return shown


def _keep_csv(payload: Mapping[str, Any], resources: Any) -> str:
    files = resources["outputs"]
    base = f"{resources['page'].report}.{slug(payload.get('name') or 'table')}"
    name, copy = f"{base}.csv", 1
    while name in files:
        copy += 1
        name = f"{base}-{copy}.csv"
    files[name] = str(payload["csv"]).encode("utf-8", "replace")
    return name


class ReportExporter(TemplateExporter):
    """nbconvert's template exporter with this project's template, escaping by default."""

    def __init__(self) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            template_paths=[str(TEMPLATES)],
            template_file="report.html.j2",
            file_extension=".html",
            default_preprocessors=["nbconvert.preprocessors.CoalesceStreamsPreprocessor"],
            preprocessors=[Outline],
        )

    def _create_environment(self) -> Environment:
        environment: Environment = super()._create_environment()  # type: ignore[no-untyped-call]
        environment.autoescape = True
        environment.trim_blocks = environment.lstrip_blocks = True
        environment.filters["trusted"] = Markup
        # Reports of one notebook have the same code.
        environment.filters["highlight_code"] = cache(Highlight2HTML(pygments_lexer="ipython3"))  # type: ignore[no-untyped-call]
        environment.filters["untagged"] = untagged
        return environment


@cache
def exporter() -> ReportExporter:
    """The one exporter of this process."""
    return ReportExporter()


def untagged(markup: str) -> str:
    """Text of a heading without its tags."""
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def render(notebook: Any, page: Page) -> Rendered:
    """Render an executed notebook.

    Parameters
    ----------
    notebook : NotebookNode, executed
    page : Page

    Returns
    -------
    Rendered, the same bytes for the same outputs
    """
    text, resources = exporter().from_notebook_node(notebook, resources={"page": page})
    title = resources["outline"].title
    name = untagged(title) if title else page.report
    files = {**resources["outputs"], f"{page.report}.html": text.encode("utf-8", "replace")}
    return Rendered(files, name, resources["finding"])
