"""An executed notebook → one self-contained HTML file and a CSV file for each of its tables."""

from __future__ import annotations

import html
import re
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor

from analysis.publish.pages import TEMPLATES, Page, html_bytes, isolated
from analysis.publish.reports import Rendered, slug

#: Kind of the record that analysis.report.components adds to each of its outputs; only beside it is text/html trusted.
PAYLOAD = "application/vnd.castillo+json"
_HIDDEN = {"parameters", "injected-parameters"}

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CELL_FILE = re.compile(r"\S*ipykernel_\d+[/\\]\d+\.py")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_PART = r"[^\s/\\:*?\"'<>|()\[\],;]+"
_POSIX = re.compile(rf"(?<![\w:/.~<-])(?:/{_PART})+/({_PART})")
_WINDOWS = re.compile(rf"\b[A-Za-z]:\\(?:{_PART}\\)*({_PART})")


def render(notebook: Any, page: Page) -> Rendered:
    """Files of an executed notebook: the same bytes for the same outputs.

    Parameters
    ----------
    notebook : NotebookNode, executed
    page : Page
    """
    text, resources = exporter().from_notebook_node(notebook, resources={"page": page})
    title = resources["outline"].title
    name = _untagged(title) if title else page.report
    files = {**resources["outputs"], f"{page.report}.html": html_bytes(text)}
    return Rendered(files, name, resources["finding"])


@cache
def exporter() -> ReportExporter:
    """The one exporter of this process."""
    return ReportExporter()


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
        environment.filters |= {"trusted": Markup, "untagged": _untagged, "isolated": isolated}
        environment.filters["highlight_code"] = Highlight2HTML(pygments_lexer="ipython3")  # type: ignore[no-untyped-call]
        return environment


def _untagged(markup: str) -> str:
    """Text of a heading without its tags."""
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


class Outline(Preprocessor):
    """Renders the markdown, finds title and contents, and sorts the outputs by their kind."""

    enabled = True

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Write `html` and `shown` into each cell, and `outline`, `finding` and `outputs` into the resources."""
        resources["outline"] = renderer = SafeRenderer()
        markdown = MarkdownWithMath(renderer=renderer)
        resources["outputs"], resources["finding"] = {}, ""
        for cell in nb.cells:
            if cell.cell_type == "markdown":
                cell.metadata["html"] = markdown.render(cell.source)
            if cell.cell_type == "code":
                cell.metadata["hidden"] = bool(_HIDDEN & set(cell.metadata.get("tags", ())))
                cell.metadata["shown"] = [_shown(output, resources) for output in cell.outputs]
        return nb, resources


def _shown(output: Any, resources: Any) -> dict[str, str]:
    """One output as the template needs it: kind, and either html that may be trusted or text that is escaped."""
    if output.output_type == "stream":
        return {"kind": output.name, "text": plain(output.text)}
    text = plain(output.data.get("text/plain", ""))
    if "image/png" in output.data and PAYLOAD not in output.data:
        return {"kind": "plot", "text": text, "png": "".join(output.data["image/png"].split())}
    payload = output.data.get(PAYLOAD)
    if payload is None or "text/html" not in output.data:
        return {"kind": "plain", "text": text}
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


@dataclass(frozen=True)
class Heading:
    """A heading of a report: its level, id, and content as HTML."""

    level: int
    id: str
    html: str


class SafeRenderer(IPythonRenderer):
    """Renders the markdown of one report: raw HTML becomes text, headings get ids, the first h1 becomes the title."""

    def __init__(self) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
        self.headings: list[Heading] = []
        self.title: str | None = None
        self._ids: dict[str, int] = {}

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """A heading with an id; the first of level 1 becomes the page's title, others of level 1 sink to 2."""
        if level == 1 and self.title is None:
            self.title = text
            return ""
        base = f"s-{slug(html.unescape(text))}"
        self._ids[base] = self._ids.get(base, 0) + 1
        name = base if self._ids[base] == 1 else f"{base}-{self._ids[base]}"
        heading = Heading(max(level, 2), name, text)
        self.headings.append(heading)
        return f'<h{heading.level} id="{heading.id}">{text}</h{heading.level}>\n'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """An embedded picture, or its text with a link: a report loads nothing."""
        if url.startswith("data:image/"):
            return str(super().image(text, url, title))
        return str(self.link(text or "picture", url, title))

    def block_mermaidjs(self, code: str) -> str:
        """A diagram's source as code: there is no script to draw it."""
        return f"<pre><code>{html.escape(code)}</code></pre>\n"


def plain(text: str, root: Path | None = None) -> str:
    """Text of a cell or a traceback as it is on every machine: no colours, controls, paths, addresses in memory.

    Parameters
    ----------
    text : str
    root : Path or None, the project's folder; paths of files in it are relative to it
    """
    text = _CONTROLS.sub("", _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))
    text = _CELL_FILE.sub("cell", text)
    paths = sysconfig.get_paths()
    folders = {paths["purelib"], paths["platlib"], paths["stdlib"], sys.prefix, *([str(root)] if root else [])}
    for folder in sorted(folders, key=lambda folder: (-len(folder), folder)):
        text = text.replace(f"{folder}/", "").replace(f"{folder}\\", "")
    text = _WINDOWS.sub(r"…\\\1", _POSIX.sub(r"…/\1", text))
    return _ADDRESS.sub("0x…", text)
