"""A report in words: its subject, its parameters, what its page and its line in the index say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.publish.cache import State, Status, versions
from analysis.publish.index import Entry
from analysis.publish.matrix import Report
from analysis.publish.page import Page
from analysis.publish.parameters import OUTLETS, read_parameters
from analysis.study import Study, digest


def subject_of(report: Report, study: Study) -> str:
    """The outlets a report is about, by the names they are shown under; empty where it is about all."""
    given = [report.parameters[name] for name in OUTLETS if name in report.parameters]
    return " and ".join(study.outlet_names.get(outlet, str(outlet)) for outlet in given)


def shown_value(value: Any) -> str:
    """A parameter's value as the notebook would write it."""
    return json.dumps(value, ensure_ascii=False)


def page_of(report: Report, study: Study, root: Path, parts: Mapping[str, str], warning: str) -> Page:
    """What a report's page says beyond its notebook; nothing of it depends on the machine."""
    values = {**report.parameters, "study": study.name}
    notebook = root / "notebooks" / f"{report.notebook}.ipynb"
    parameters = read_parameters(notebook)
    return Page(
        report=report.name,
        study=study.name,
        study_title=study.settings.title,
        subject=subject_of(report, study),
        banner=study.settings.invented,
        parameters=tuple((p.name, p.type, shown_value(values.get(p.name, p.default)), p.help) for p in parameters),
        digest=digest(json.dumps(dict(parts), sort_keys=True).encode()),
        versions=versions(notebook),
        warnings=(warning,) if warning else (),
    )


def index_entry(report: Report, study: Study, status: Status, state: State) -> Entry:
    """A report's line in the index."""
    given = [(name, shown_value(value)) for name, value in report.parameters.items() if name != "study"]
    return Entry(
        name=report.name,
        title=state.title or report.notebook.replace("-", " ").capitalize(),
        subject=subject_of(report, study),
        parameters=tuple(given),
        word=status.word,
        reasons=status.reasons,
        headline=state.headline,
        href=f"{report.name}.html" if state.files else "",
        failure=state.failure,
    )
