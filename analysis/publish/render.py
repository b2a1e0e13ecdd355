"""A report's notebook, run by papermill → one self-contained HTML file, and a CSV file for each of its tables."""

import html
import re
import traceback
from base64 import b64decode
from collections.abc import Callable, Collection, Mapping
from itertools import accumulate, chain, count
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import papermill
from markupsafe import Markup
from nbclient.exceptions import DeadKernelError
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from papermill.exceptions import PapermillExecutionError
from papermill.translators import PythonTranslator

from analysis.publish.displays import plain
from analysis.publish.engine import CastilloEngine
from analysis.publish.pages import fill_template, templates
from analysis.publish.processes import Place
from analysis.publish.reports import Failure, Rendered, slug

#: Seconds in which what a cell shows must come once it is done; nbclient's own 4 are too few on a busy machine.
IOPUB_TIMEOUT = 600
#: Error of a report whose kernel is gone.
ENDED = "the kernel ended; it was killed, for want of memory perhaps, or crashed"
#: Kind of the record that analysis.report.components adds to each of its outputs; only beside it is text/html trusted.
PAYLOAD = "application/vnd.castillo+json"
#: Text of what a statement that draws returns, beside the figure itself: marks, axes, and lists of them.
_DRAWN = re.compile(
    r"(?:array\(|[\[(])*(?:array\(\[.*)?<(?:Axes|BarContainer|\w+ object of|matplotlib\.|seaborn\.)", re.DOTALL
)


def make(
    path: Path, parameters: Mapping[str, Any], page: Mapping[str, Any], kernel: bool, at: Callable[[Place], object]
) -> Rendered | Failure:
    """Files of a report made of a notebook, or its failure; `at` is called before each statement.

    In an ordinary kernel, `kernel`, it is called before each cell only.
    """
    np.random.seed()  # as in a new process; the random module does this by itself
    root = path.parents[1]
    try:
        executed = _execute(path, parameters, at, kernel)
        return executed if isinstance(executed, Failure) else render(executed, page)
    except Exception as error:
        return Failure(None, None, _first_line(error, root), plain(traceback.format_exc(), root))


def _execute(path: Path, parameters: Mapping[str, Any], at: Callable[[Place], object], kernel: bool) -> Any:
    """A notebook, executed in its folder; Failure where a cell raised or the kernel ended."""
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    index = next(i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ()))
    source = notebook.cells[index].source
    # Not a cell of its own: cells are counted as its author counts them, who sees no such cell.
    notebook.cells[index].source = f"{source}\n{PythonTranslator.codify(parameters)}"
    counts = list(accumulate(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells))
    place: Place = (0, None)

    def begin(index: int, line: int | None = None) -> None:
        nonlocal place
        place = counts[index], line
        at(place)

    options: dict[str, Any] = {"engine_name": CastilloEngine.name, "at": begin}
    if kernel:
        options = {"on_cell_start": lambda cell, cell_index: begin(cell_index), "iopub_timeout": IOPUB_TIMEOUT}
    quiet = {"progress_bar": False, "request_save_on_cell_execute": False, "autosave_cell_every": 0}
    options |= {"kernel_name": "python3", "language": "python", "cwd": path.parent}
    try:
        executed = papermill.execute_notebook(notebook, None, **quiet, **options)
    except PapermillExecutionError as error:
        text = plain("\n".join(error.traceback), path.parents[1])
        line = re.search(rf"\bIn ?\[{place[0]}\], line (\d+)", text)  # the innermost known
        message = _first_line(f"{error.ename}: {error.evalue}", path.parents[1])
        return Failure(place[0], int(line[1]) if line else place[1], message, text)
    except DeadKernelError:
        return Failure(*place, ENDED, ENDED)
    executed.cells[index].source = source
    return executed


def _first_line(error: Exception | str, root: Path) -> str:
    text = f"{type(error).__name__}: {error}" if isinstance(error, Exception) else error
    return plain(text, root).strip().partition("\n")[0]


def render(notebook: Any, page: Mapping[str, Any]) -> Rendered:
    """Files of an executed notebook: the same bytes for the same outputs."""
    notebook, _ = CoalesceStreamsPreprocessor().preprocess(notebook, {})  # type: ignore[no-untyped-call]
    name, renderer = page["report"], SafeRenderer()
    markdown = MarkdownWithMath(renderer=renderer)
    files: dict[str, bytes] = {}
    images: dict[str, bytes] = {}
    remarks: list[str] = []
    headlines: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.metadata["html"] = markdown.render(cell.source)
        elif cell.cell_type == "code":
            cell.metadata["hidden"] = "parameters" in cell.metadata.get("tags", ())
            shown = [_shown(output, name, files, markdown) for output in cell.outputs]
            cell.metadata["shown"] = [one for one in shown if one]
            for payload in (output.get("data", {}).get(PAYLOAD, {}) for output in cell.outputs):
                if payload.get("kind") == "finding":
                    headlines.append(str(payload.get("all") or payload.get("text", "")))
                if "described" in payload:
                    remarks.append(f"{payload['caption']}: its text alternative is made of its marks")
                for file, image in payload.get("images", {}).items():
                    figure, _, kind = file.rpartition(".")
                    images[f"{name}.{slug(figure)}.{slug(kind)}"] = b64decode(image)
    filled = fill_template("report.html.j2", nb=notebook, page=page, title=renderer.title, headings=renderer.headings)
    title = _untagged(renderer.title) if renderer.title else name
    files[f"{name}.html"] = filled
    return Rendered(files, title, headlines[0] if headlines else "", tuple(remarks), images)


def _untagged(markup: str) -> str:
    """Text of a heading without its tags."""
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


templates().filters |= {
    "trusted": Markup,
    "untagged": _untagged,
    "highlight_code": Highlight2HTML(pygments_lexer="ipython3"),  # type: ignore[no-untyped-call]
}


def _shown(output: Any, report: str, files: dict[str, bytes], markdown: Any) -> dict[str, str]:
    """One output as the template needs it: kind, and either html that may be trusted or text that is escaped."""
    if output.output_type == "stream":
        return {"kind": output.name, "text": plain(output.text)}
    text = plain(output.data.get("text/plain", ""))
    payload = output.data.get(PAYLOAD)
    if payload is None or "text/html" not in output.data:
        if "text/markdown" in output.data:
            return {"kind": "text", "html": markdown.render(output.data["text/markdown"]), "file": ""}
        if "image/png" in output.data:
            alt = output.metadata.get("image/png", {}).get("alt") or text
            return {"kind": "plot", "text": alt, "png": "".join(output.data["image/png"].split())}
        drawn = output.output_type == "execute_result" and _DRAWN.match(text)
        return {} if drawn else {"kind": "plain", "text": text}
    shown = {"kind": slug(payload.get("kind", "text")), "html": output.data["text/html"], "file": ""}
    for kind, title in {"csv": "CSV", "bib": "BibTeX"}.items():
        if kind in payload:
            base = f"{report}.{slug(payload.get('name') or 'table')}"
            file = f"{_unique(base, [Path(name).stem for name in files])}.{kind}"
            shown |= {"file": file, "format": title, "caption": str(payload.get("caption", ""))}
            files[file] = str(payload[kind]).encode("utf-8", "replace")
    return shown


def _unique(base: str, taken: Collection[str]) -> str:
    """A name that is not taken yet: where `base` is, with -2, -3 and so on."""
    return next(name for name in chain([base], (f"{base}-{n}" for n in count(2))) if name not in taken)


class SafeRenderer(IPythonRenderer):
    """Renders the markdown of one report: raw HTML becomes text, headings get ids, the first h1 becomes the title."""

    def __init__(self) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
        self.headings: list[dict[str, Any]] = []
        self.title: str | None = None

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """A heading with an id; the first of level 1 becomes the page's title, others of level 1 sink to 2."""
        if level == 1 and self.title is None:
            self.title = text
            return ""
        name = _unique(f"s-{slug(html.unescape(text))}", [heading["id"] for heading in self.headings])
        level = max(level, 2)
        self.headings.append({"level": level, "id": name, "html": text})
        return f'<h{level} id="{name}">{text}</h{level}>\n'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """An embedded picture, or its text with a link: a report loads nothing."""
        if url.startswith("data:image/"):
            return str(super().image(text, url, title))
        return str(self.link(text or "picture", url, title))

    def block_mermaidjs(self, code: str) -> str:
        """A diagram's source as code: there is no script to draw it."""
        return f"<pre><code>{html.escape(code)}</code></pre>\n"
