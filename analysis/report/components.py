"""Components of a report: findings, paragraphs, tables with a CSV, figures with text alternatives, lists of articles.

Each is HTML, with everything foreign escaped, and a small record for the publisher, who writes the CSV file and finds
the report's headline. In JupyterLab the HTML alone is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape as _escape
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from matplotlib.axes import Axes

from analysis.report.findings import Finding
from analysis.report.style import svg_of
from analysis.stats.inference import DIGITS
from analysis.study import Study
from analysis.wording import ABSENT, isolated, number, printable, spaced

#: Articles listed under a count; of more, the first.
LISTED = 1000

#: What makes a spreadsheet compute a cell of text, at its beginning.
_FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")

MIME = "application/vnd.castillo+json"
Format = Callable[[Any], str]


@dataclass(frozen=True)
class Shown:
    """HTML to show, and the record that goes with it."""

    html: str
    record: Mapping[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        text = str(self.record.get("text") or self.record.get("caption") or "")
        return {"text/html": self.html, "text/plain": text, MIME: dict(self.record)}


def escape(text: str) -> str:
    """The text as HTML, without control characters."""
    return _escape(printable(text))


def csv_of(frame: pd.DataFrame) -> str:
    """A frame as CSV: numbers rounded; an apostrophe before text that a spreadsheet would take for a formula."""
    written = pd.concat([column.map(_csv_value) for _, column in frame.items()], axis=1)
    return str(written.rename(columns=_csv_value).to_csv(index=False))


def _csv_value(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, str):
        text = printable(value).replace("\r\n", "\n").replace("\r", "\n")
        return f"'{text}" if text.startswith(_FORMULA) else text
    return value


@dataclass(frozen=True)
class Unit:
    """How values of a measure are shown: factor, decimals, and what they are called on an axis."""

    scale: float
    digits: int
    name: str

    def form(self, *, sign: bool = False) -> Format:
        """Formatter of a value in this unit."""
        return lambda value: number(self.scale * value, self.digits, sign=sign)


POINTS = Unit(100, 0, "percentage points")
RATE = Unit(1, 1, "mentions per 1,000 words")
SENTIMENT = Unit(1, 2, "sentiment, −1 to 1")


def say(text: str) -> Shown:
    """A paragraph of plain text."""
    return Shown(f"<p>{escape(spaced(text))}</p>", {"kind": "text", "text": text})


def note(text: str) -> Shown:
    """A paragraph set apart: how to read something, what it cannot show."""
    return Shown(f'<p class="note">{escape(spaced(text))}</p>', {"kind": "text", "text": text})


def nothing(caption: str, why: str = "") -> Shown:
    """A note in the place of a figure or table that has nothing to show, and why."""
    return note(f"{_short(caption)}: nothing to show. {why}".rstrip())


def show_findings(*groups: Iterable[Finding], otherwise: str = "Nothing was tested.") -> Shown:
    """Findings as a list, in order; the first is the report's headline where the report opens with it.

    `otherwise` says why nothing was tested, and is added where that is so.
    """
    items = [finding for group in groups for finding in group]
    if otherwise and not any(item.status for item in items):
        items.append(Finding(otherwise, "not tested"))
    lines = []
    for item in items:
        chip = escape(item.verdict) + (f" · {item.status}" if item.status else "")
        lines.append(f'<li class="finding"><span class="verdict">{chip}</span> {escape(spaced(item.text))}</li>')
    text = "\n".join(item.text for item in items)
    html = f'<ul class="findings">{"".join(lines)}</ul>'
    return Shown(html, {"kind": "finding", "text": items[0].text if items else "", "all": text})


def show_table(
    frame: pd.DataFrame,
    *,
    name: str,
    caption: str,
    columns: Mapping[str, tuple[str, Format | None]] | None = None,
    fold: bool = False,
) -> Shown:
    """A table with its caption; the CSV holds every column of the frame.

    Parameters
    ----------
    frame : DataFrame; the first column shown heads its row
    name : str, slug: part of the CSV's file name
    caption : str
    columns : column → (heading, format); all columns as they are where None
    fold : show it closed, for long tables
    """
    if frame.empty:
        return note(f"{_short(caption)}: none.")
    shown = columns or {str(c): (str(c).replace("_", " "), None) for c in frame.columns}
    head = "".join(f'<th scope="col"{_numeric(frame[c])}>{escape(title)}</th>' for c, (title, _) in shown.items())
    rows = []
    for record in frame.to_dict("records"):
        cells = [_cell(record[c], form, first=i == 0) for i, (c, (_, form)) in enumerate(shown.items())]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    html = scrolled(
        f'<table class="data" id="table-{escape(name)}"><caption>{escape(spaced(caption))}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>",
        kind="table",
        caption=caption,
    )
    if fold:
        html = f"<details><summary>Table: {escape(_short(caption))}</summary>{html}</details>"
    return Shown(html, {"kind": "table", "name": name, "caption": caption, "csv": csv_of(frame)})


def scrolled(html: str, *, kind: str, caption: str) -> str:
    """A table or figure in a region of its own, which scrolls where it is wider than the page."""
    label = escape(_short(caption))
    return f'<div class="{kind}-scroll" tabindex="0" role="region" aria-label="{label}">{html}</div>'


def _numeric(values: pd.Series) -> str:
    return ' class="num"' if pd.api.types.is_numeric_dtype(values) and values.dtype != bool else ""


def _cell(value: Any, form: Format | None, *, first: bool) -> str:
    if value is None or (not isinstance(value, list | tuple) and pd.isna(value)):
        text = ABSENT
    elif form is not None:
        text = form(value)
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, float):
        text = number(value, 2)
    elif isinstance(value, pd.Timestamp):
        text = f"{value:%Y-%m-%d}"
    else:
        text = f"{value:,}" if isinstance(value, int) else isolated(str(value))
    if first:
        return f'<th scope="row">{escape(text)}</th>'
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return f'<td class="num">{escape(text)}</td>' if numeric else f"<td>{escape(text)}</td>"


def _short(caption: str) -> str:
    return caption.split(". ")[0].rstrip(".")


def show_figure(axes: Axes, *, name: str, caption: str, alt: str) -> Shown:
    """A figure as inline SVG with caption and text alternative; closes it."""
    svg = svg_of(axes, name=name, title=_short(caption), alt=alt)
    scroll = scrolled(svg, kind="figure", caption=caption)
    below = f"<figcaption>{escape(spaced(caption))}</figcaption>"
    html = f'<figure class="chart" id="figure-{escape(name)}">{scroll}{below}</figure>'
    return Shown(html, {"kind": "figure", "name": name, "caption": caption, "text": alt})


def show_articles(study: Study, groups: Mapping[str, Sequence[str]], *, name: str, caption: str) -> Shown:
    """A folded list: under each count, the articles it counts, with their addresses.

    Of a count of more than `LISTED` articles the first are listed, and a CSV holds every article of every count.
    """
    facts = study.articles[["article", "outlet", "day", "url"]].set_index("article")
    blocks = []
    for label, ids in groups.items():
        listed = facts.loc[sorted(ids)[:LISTED]]
        links = [_article_link(study, row) for row in listed.to_dict("records")]
        rest = f" and {len(ids) - LISTED:,} more, in the CSV" if len(ids) > LISTED else ""
        blocks.append(f"<dt>{escape(label)} ({len(ids)})</dt><dd>{', '.join(links) or ABSENT}{rest}</dd>")
    html = (
        f'<details class="articles" id="articles-{escape(name)}"><summary>{escape(caption)}</summary>'
        f"<dl>{''.join(blocks)}</dl></details>"
    )
    record = {"kind": "articles", "name": name, "caption": caption}
    if any(len(ids) > LISTED for ids in groups.values()):
        every = [
            facts.loc[sorted(ids)].reset_index().assign(counted=label) for label, ids in groups.items() if len(ids)
        ]
        record["csv"] = csv_of(pd.concat(every)[["counted", "article", "outlet", "day", "url"]])
    return Shown(html, record)


def _article_link(study: Study, row: Mapping[str, Any]) -> str:
    text = escape(f"{study.outlet_names.get(row['outlet'], row['outlet'])}, {row['day']:%Y-%m-%d}")
    url = "" if pd.isna(row["url"]) else str(row["url"])
    # Only web addresses become links: a manifest may come from anywhere, and javascript: is an address too.
    try:
        web = urlsplit(url).scheme in ("http", "https")
    except ValueError:  # no address at all, as http://[
        web = False
    if not web:
        return text
    return f'<a href="{escape(url)}" rel="noreferrer">{text}</a>'
