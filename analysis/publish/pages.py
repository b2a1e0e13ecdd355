"""A report in words, for its page and for the index: subject, parameters, provenance; and the index itself."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.paths import digest
from analysis.publish.cache import State, Status, versions
from analysis.publish.parameters import OUTLETS, read_parameters
from analysis.publish.reports import Report
from analysis.study import Study
from analysis.wording import spaced

TEMPLATES = Path(__file__).parent / "template"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Page:
    """Everything on a page that is not from its notebook.

    Attributes
    ----------
    report, study, study_title : str
    subject : str, the outlets it is about, in words
    banner : str, shown on top where outlets are invented
    parameters : tuple of (name, type, value, help)
    digest : str, of everything the report depends on
    versions : tuple of (package, version)
    warnings : tuple of str, what a reader must know about its data
    """

    report: str
    study: str
    study_title: str
    subject: str
    banner: str
    parameters: tuple[tuple[str, str, str, str], ...]
    digest: str
    versions: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """A report to make: its page, the project, and whether it needs the results that reports share."""

    report: Report
    page: Page
    root: Path
    waits: bool = False


def page_of(report: Report, study: Study, root: Path, parts: Mapping[str, str], warning: str) -> Page:
    """The page of a report; nothing of it depends on the machine."""
    values = {**report.parameters, "study": study.name}
    notebook = root / "notebooks" / f"{report.notebook}.ipynb"
    return Page(
        report=report.name,
        study=study.name,
        study_title=study.settings.title,
        subject=_subject(report, study),
        banner=study.settings.invented,
        parameters=tuple(
            (p.name, p.type, _written(values.get(p.name, p.default)), p.help) for p in read_parameters(notebook)
        ),
        digest=digest(json.dumps(dict(parts), sort_keys=True).encode()),
        versions=versions(notebook),
        warnings=(warning,) if warning else (),
    )


def index_entry(report: Report, study: Study, status: Status, state: State) -> dict[str, Any]:
    """A report's entry in the index; `href` is empty where it has never been built."""
    return {
        "name": report.name,
        "title": state.title or report.notebook.replace("-", " ").capitalize(),
        "subject": _subject(report, study),
        "parameters": [(name, _written(value)) for name, value in report.parameters.items() if name != "study"],
        "word": status.word,
        "reasons": status.reasons,
        "headline": state.headline,
        "href": f"{report.name}.html" if state.files else "",
        "failure": state.failure,
    }


def _subject(report: Report, study: Study) -> str:
    """The outlets a report is about, by the names they are shown under; empty where it is about all."""
    given = [report.parameters[name] for name in OUTLETS if name in report.parameters]
    return " and ".join(isolated(study.outlet_names.get(outlet, str(outlet))) for outlet in given)


def _written(value: Any) -> str:
    """A parameter's value as the notebook would write it."""
    return json.dumps(value, ensure_ascii=False)


def render_index(study: Study, entries: Sequence[Mapping[str, Any]]) -> bytes:
    """HTML of a study's index: its question, and every report in the order of study.toml."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"spaced": spaced, "isolated": isolated}
    page = environment.get_template("index.html.j2")
    failed = sum(entry["word"] == "failed" for entry in entries)
    return html_bytes(page.render(study=study, settings=study.settings, entries=entries, failed=failed))


def isolated(text: str) -> str:
    """A name or title that cannot change the direction of the text around it.

    Unicode isolates enclose it where it is written from right to left or has marks that say so; others are as written.
    """
    marked = {unicodedata.bidirectional(letter) for letter in text} & {"R", "AL", "RLO", "LRO", "RLE", "LRE"}
    marked |= set(text) & set("\u2066\u2067\u2068\u2069")
    return f"\u2068{text.replace(chr(0x2069), '')}\u2069" if marked else text


def html_bytes(page: str) -> bytes:
    """A page as a file: without control characters; a letter that cannot be UTF-8 is a question mark."""
    return _CONTROLS.sub("", page).encode("utf-8", "replace")
