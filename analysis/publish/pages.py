"""A report in words, for its page and for the index; and the indexes themselves."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import analysis
from analysis.paths import digest, find_root
from analysis.publish.reports import OUTLETS, Report, notebook_path, read_parameters
from analysis.publish.state import Status, python_version, report_code, write
from analysis.study import Study
from analysis.wording import isolated, spaced

_CHART = re.compile(r'<figure class="chart".*?</figure>', re.DOTALL)
_HEAD = re.compile(r'<body class="index">.*?<h1>(.*?)</h1>\s*<p class="question">(.*?)</p>', re.DOTALL)
#: Parameter → heading of the index that a report with it stands under.
_HEADINGS = {"outlet": "Outlets", "left": "Pairs of outlets"}
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def page_of(report: Report, study: Study, root: Path, parts: Mapping[str, str], warning: str) -> dict[str, Any]:
    """Everything on a report's page that is not from its notebook; nothing of it depends on the machine."""
    values = {**report.parameters, "study": study.name}
    notebook = notebook_path(root, report.notebook)
    own = (("Python", python_version()), ("castillo-coverage", analysis.__version__))
    return {
        "report": report.name,
        "study": study.name,
        "study_title": study.settings.title,
        "subject": _subject(report, study),
        "banner": study.settings.invented,
        "parameters": [
            (p.name, p.type, _literal(values.get(p.name, p.default)), p.help) for p in read_parameters(notebook)
        ],
        "digest": digest(json.dumps(dict(parts), sort_keys=True).encode()),
        "versions": [*own, *report_code(notebook).packages.items()],
        "warnings": [warning] if warning else [],
    }


def _subject(report: Report, study: Study) -> str:
    """The outlets a report is about, by the names they are shown under; empty where it is about all."""
    given = [report.parameters[name] for name in OUTLETS if name in report.parameters]
    return " and ".join(isolated(study.outlet_names.get(outlet, str(outlet))) for outlet in given)


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def render_index(study: Study, entries: Sequence[tuple[Report, Status, dict[str, Any]]], folder: Path) -> bytes:
    """HTML of a study's index: its question, the first figure of its first page in `folder`, and reports in groups.

    Of its findings a report has the first that no report before it has.
    """
    lines: set[str] = set()
    groups: dict[str, list[dict[str, Any]]] = {}
    for report, status, state in entries:
        lines.add(line := next((one for one in state["headline"].split("\n") if one not in lines), ""))
        given = {parameter: _literal(value) for parameter, value in report.parameters.items() if parameter != "study"}
        title = _subject(report, study) or state["title"] or report.notebook.replace("-", " ").capitalize()
        facts = {"name": report.name, "title": title, "line": line, "parameters": given, "made": bool(state["files"])}
        topic = "The event" if report.notebook == "overview" else "Topics"
        heading = next((heading for name, heading in _HEADINGS.items() if name in report.parameters), topic)
        groups.setdefault(heading, []).append({**facts, "status": status, "failure": state["failure"]})
    failed = sum(status.word == "failed" for _, status, _ in entries)
    first = next((folder / f"{report.name}.html" for report, _, state in entries if state["files"]), folder)
    figure = _CHART.search(first.read_text(encoding="utf-8")) if first.is_file() else None
    values = {"settings": study.settings, "groups": groups, "figure": figure and Markup(figure[0])}
    return fill_template("index.html.j2", study=study, count=len(entries), failed=failed, **values)


def write_studies(reports: Path) -> None:
    """Write the index of all studies whose reports lie in a folder; an index.html of somebody else's is left alone."""
    path, studies = reports / "index.html", []
    for index in sorted(reports.glob("*/index.html")):
        if head := _HEAD.search(index.read_text(encoding="utf-8")):
            count = len(list(index.parent.glob("*.html"))) - 1
            studies.append((index.parent.name, Markup(head[1]), Markup(head[2]), count))
    citation = find_root() / "CITATION.cff"
    text = citation.read_text(encoding="utf-8") if citation.is_file() else ""
    address = re.search(r"^repository-code:\s*[\"']?(https://[^\s\"']+)", text, re.MULTILINE)
    page = fill_template("studies.html.j2", studies=studies, repository=address[1] if address else "")
    if not path.exists() or b'<body class="index studies">' in path.read_bytes():
        write(path, page)


@cache
def templates() -> jinja2.Environment:
    """Templates of pages, which escape what they are given."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "template"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"spaced": spaced, "isolated": isolated}
    return environment


def fill_template(name: str, **values: Any) -> bytes:
    """A page as a file: without control characters; a letter that cannot be UTF-8 is a question mark."""
    return _CONTROLS.sub("", templates().get_template(name).render(values)).encode("utf-8", "replace")
