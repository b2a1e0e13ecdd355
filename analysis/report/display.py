"""What a notebook shows: findings, paragraphs, tables with caption and CSV, figures with text alternatives, articles.

Each object is HTML made here, with everything foreign escaped, and beside it a small record that the publisher reads
(to write the CSV file and to find a report's headline). In JupyterLab the HTML alone is shown.

`views` makes frames ready to show, `exhibits` and `tone` figures and tables of them, `concordance` lines in context,
`method` the notes on instruments.
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
from analysis.report.svg import svg_of
from analysis.stats.inference import DIGITS
from analysis.study import Study
from analysis.wording import ABSENT, interval, isolated, language, number, plural, printable, spaced

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


def say(text: str) -> Shown:
    """A paragraph of plain text."""
    return Shown(f"<p>{escape(spaced(text))}</p>", {"kind": "text", "text": text})


def note(text: str) -> Shown:
    """A paragraph set apart: how to read something, what it cannot show."""
    return Shown(f'<p class="note">{escape(spaced(text))}</p>', {"kind": "text", "text": text})


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
    """A table with its caption; the CSV holds every column of the frame, unrounded by us.

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
    chosen = columns or {str(c): (str(c).replace("_", " "), None) for c in frame.columns}
    head = "".join(f'<th scope="col"{_numeric(frame[c])}>{escape(title)}</th>' for c, (title, _) in chosen.items())
    rows = []
    for record in frame.to_dict("records"):
        cells = [_cell(record[c], form, first=i == 0) for i, (c, (_, form)) in enumerate(chosen.items())]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    table = (
        f'<table class="data" id="table-{escape(name)}"><caption>{escape(spaced(caption))}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
    html = f'<div class="table-scroll" tabindex="0" role="region" aria-label="{escape(_short(caption))}">{table}</div>'
    if fold:
        html = f"<details><summary>Table: {escape(_short(caption))}</summary>{html}</details>"
    return Shown(html, {"kind": "table", "name": name, "caption": caption, "csv": csv_of(frame)})


def _numeric(values: pd.Series) -> str:
    return ' class="num"' if pd.api.types.is_numeric_dtype(values) and values.dtype != bool else ""


def _cell(value: Any, form: Format | None, *, first: bool) -> str:
    missing = value is None or (not isinstance(value, list | tuple) and pd.isna(value))
    if form is not None:
        text = ABSENT if missing else form(value)
    elif missing:
        text = ABSENT
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
    scroll = f'<div class="figure-scroll" tabindex="0" role="region" aria-label="{escape(_short(caption))}">{svg}</div>'
    below = f"<figcaption>{escape(spaced(caption))}</figcaption>"
    html = f'<figure class="chart" id="figure-{escape(name)}">{scroll}{below}</figure>'
    return Shown(html, {"kind": "figure", "name": name, "caption": caption, "text": alt})


def alt_estimates(
    frame: pd.DataFrame,
    *,
    what: str,
    label: str = "label",
    estimate: str = "estimate",
    lower: str = "lower",
    upper: str = "upper",
    scale: float = 1,
    digits: int = 0,
    unit: str = "",
    panel: str | None = None,
    mark: str | None = None,
) -> str:
    """Text alternative of points with intervals: what is drawn, then each row with its numbers, and whether filled."""
    parts = []
    for row in frame.to_dict("records"):
        if pd.isna(row[estimate]):
            continue
        where = f"{row[panel]}, " if panel else ""
        ends = interval(row[lower], row[upper], digits, scale=scale)
        filled = ", filled" if mark and row[mark] else ""
        parts.append(f"{where}{row[label]} {number(scale * row[estimate], digits)} ({ends}{filled})")
    suffix = f" {unit}" if unit else ""
    return f"{what}. Estimate and 95 % interval{suffix}: {'; '.join(parts)}."


def show_articles(study: Study, groups: Mapping[str, Sequence[str]], *, name: str, caption: str) -> Shown:
    """A folded list: under each count, the articles it counts, with their addresses.

    Of a count of more than `LISTED` articles the first are listed, and a CSV holds every article of every count.
    """
    facts = study.articles[["article", "outlet", "day", "url"]].set_index("article")
    blocks = []
    for label, ids in groups.items():
        shown = sorted(ids)[:LISTED]
        links = [_article_link(study, row) for row in facts.loc[shown].to_dict("records")]
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


def show_sample_size(study: Study) -> Shown:
    """One sentence: how many articles, outlets and languages the study holds."""
    articles = study.articles
    languages = articles["language"].value_counts()
    split = ", ".join(f"{count} in {language(str(code))}" for code, count in languages.items())
    text = (
        f"{plural(len(articles), 'article')} ({split}) from {plural(articles['outlet'].nunique(), 'outlet')}; "
        f"{plural(len(study.tested), 'outlet has', 'outlets have')} {study.settings.min_articles} articles or more and "
        f"can be tested."
    )
    return say(text)
