"""index.html of a study: the question, and every report with its parameters, state and headline finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.publish.page import Failure
from analysis.study import Study
from analysis.wording import spaced

_TEMPLATES = Path(__file__).parent / "template"


@dataclass(frozen=True)
class Entry:
    """One report in the index; `href` is empty where it has never been built."""

    name: str
    title: str
    subject: str
    parameters: tuple[tuple[str, str], ...]
    word: str
    reasons: tuple[str, ...]
    headline: str
    href: str
    failure: Failure | None


def render_index(study: Study, entries: Sequence[Entry]) -> bytes:
    """The index page.

    Parameters
    ----------
    study : Study
    entries : sequence of Entry, in the order of study.toml

    Returns
    -------
    bytes of an HTML file
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["spaced"] = spaced
    page = environment.get_template("index.html.j2")
    failed = sum(entry.word == "failed" for entry in entries)
    return page.render(study=study, settings=study.settings, entries=entries, failed=failed).encode("utf-8", "replace")
