"""Components of a report: HTML with everything foreign escaped, and a record (CSV, headline) for the publisher."""

import os
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape as escape_html
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import wording
from analysis.report.alternatives import describe, marks_of, take_title
from analysis.report.findings import SMALL_PRINT, Finding
from analysis.report.style import image_of, svg_of
from analysis.study import Study

#: Findings that a report opens with.
SHORT = 5
#: Articles listed under a count; of more, the first.
LISTED = 1000
#: Variable with the formats that figures are drawn in beside the page's.
IMAGES = "CASTILLO_FIGURES"
MIME = "application/vnd.castillo+json"

#: How many figures and tables without a name have been shown.
_UNNAMED: Counter[str] = Counter()

Format = Callable[[Any], str]
Columns = Mapping[str, str | tuple[str, Format]]


@dataclass(frozen=True)
class Shown:
    """HTML to show, and the record that goes with it."""

    html: str
    record: Mapping[str, Any]
    #: What a figure was drawn on: to change it, and show it again by `redrawn`.
    axes: Any = field(default=None, compare=False, repr=False)

    def redrawn(self) -> "Shown":
        """The same figure, drawn again after its axes were changed."""
        record = {name: self.record[name] for name in ("name", "caption")}
        return show_figure(self.axes, **record, alt=self.record["text"])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        text = str(self.record.get("text") or self.record.get("caption") or "")
        return {"text/html": self.html, "text/plain": text, MIME: dict(self.record)}


def escape(text: str) -> str:
    """The text as HTML, without control characters."""
    return escape_html(wording.printable(text))


def prose(text: str) -> str:
    """The text as HTML, each per cent sign kept beside its number."""
    return escape(wording.spaced(text))


def say(text: str) -> Shown:
    """A paragraph of plain text."""
    return Shown(f"<p>{prose(text)}</p>", {"kind": "text", "text": text})


def note(text: str) -> Shown:
    """A paragraph set apart: how to read something, what it cannot show."""
    return Shown(f'<p class="note">{prose(text)}</p>', {"kind": "text", "text": text})


def nothing(caption: str, why: str = "") -> Shown:
    """A note in the place of a figure or table that has nothing to show, and why."""
    return note(f"{_short(caption)}: nothing to show. {why}".rstrip())


def show_findings(*groups: Iterable[Finding], otherwise: str = "Nothing was tested.") -> Shown:
    """The first `SHORT` findings, in short, and the others folded; the first of all is the report's headline.

    What cannot be told is for `show_limits`; `otherwise` closes the list where none of the findings was tested.
    """
    every = [finding for group in groups for finding in group]
    items = [item for item in every if item.verdict != "cannot tell"]
    headline = items[0].text if items else ""
    if otherwise and not any(item.status for item in every):
        items.insert(SHORT - 1, Finding(otherwise, "not tested"))
    elif every and not items:
        items = [Finding("No difference here is large enough to be told from chance.")]
    html = f'<h2 class="short">In short</h2>{_findings_list(items[:SHORT])}'
    if len(items) > SHORT:
        html += f"<details><summary>{len(items) - SHORT} more</summary>{_findings_list(items[SHORT:])}</details>"
    if any(item.detail for item in items):
        html += (
            f'<details class="small-print"><summary>How to read the small print</summary><p>{SMALL_PRINT}</p></details>'
        )
    texts = [item.text for item in items]
    return Shown(html, {"kind": "finding", "text": headline or "".join(texts[:1]), "all": "\n".join(texts)})


def _findings_list(items: list[Finding]) -> str:
    lines = [
        prose(item.text) + (item.detail and f'<small class="detail">{prose(item.detail)}</small>') for item in items
    ]
    return '<ul class="findings">' + "".join(f'<li class="finding">{line}</li>' for line in lines) + "</ul>"


def show_limits(*groups: Iterable[Finding], also: str = "") -> Shown:
    """A paragraph on what cannot be told: the size of difference that would have shown, and other limits."""
    silent = [item for group in groups for item in group if item.verdict == "cannot tell"]
    limits = [item.limit for item in silent if item.limit]
    texts = [f"Only differences larger than about {wording.listing(limits)} would have shown."] if limits else []
    texts += [item.text for item in silent if not item.limit]
    return say(" ".join([*texts, also] if also else texts))


def show_table(
    frame: pd.DataFrame, *, name: str = "", caption: str, columns: Columns | None = None, fold: bool = False
) -> Shown:
    """A table of some columns, each with its heading and perhaps a format, or of all; its CSV holds the whole frame.

    The format of a key that is no column of the frame is given the whole row.
    """
    if frame.empty:
        return note(f"{_short(caption)}: none.")
    name = name or own_name("table")
    shown = columns or {str(column): str(column).replace("_", " ") for column in frame.columns}
    forms = {column: (title, None) if isinstance(title, str) else title for column, title in shown.items()}
    numeric = dict.fromkeys(frame.select_dtypes("number"), ' class="num"')
    head = [f'<th scope="col"{numeric.get(column, "")}>{escape(title)}</th>' for column, (title, _) in forms.items()]
    rows = []
    for record in frame.to_dict("records"):
        first, *others = ((record.get(column, record), form) for column, (_, form) in forms.items())
        rows.append([f'<th scope="row">{escape(_text_of(*first))}</th>', *(_cell(*other) for other in others)])
    html = data_table(head, rows, caption, f' id="table-{escape(name)}"')
    if fold:
        html = f"<details><summary>Table: {escape(_short(caption))}</summary>{html}</details>"
    return Shown(html, {"kind": "table", "name": name, "caption": caption, "csv": csv_of(frame)})


def with_interval(row: Mapping[str, Any], value: str, digits: int, scale: float = 1, sign: bool = False) -> str:
    """An estimate and its interval in one cell: 47 (31 to 64)."""
    lower, upper = (f"{value}_{end}" if f"{value}_{end}" in row else end for end in ("lower", "upper"))
    ends = wording.interval(row[lower], row[upper], digits, scale=scale, sign=sign)
    return f"{wording.number(scale * row[value], digits, sign=sign)} ({ends})"


def share_with_interval(share: float, lower: float, upper: float) -> str:
    """A share and its interval in a sentence: 47 % (31 to 64 %)."""
    return f"{wording.percent(share)} ({wording.interval(lower, upper, 0, scale=100)} %)"


def data_table(head: list[str], rows: list[list[str]], caption: str, attributes: str = "", kind: str = "data") -> str:
    """Cells as a table in a region that scrolls where it is wider than the page."""
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    table = f'<table class="{kind}"{attributes}><caption>{prose(caption)}</caption>'
    return _scrolled(f"{table}<thead><tr>{''.join(head)}</tr></thead><tbody>{body}</tbody></table>", "table", caption)


def _scrolled(html: str, kind: str, caption: str) -> str:
    label = escape(_short(caption))
    return f'<div class="{kind}-scroll" tabindex="0" role="region" aria-label="{label}">{html}</div>'


def _cell(value: Any, form: Format | None) -> str:
    text = escape(_text_of(value, form))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f'<td class="num">{text}</td>' if is_number else f"<td>{text}</td>"


def _text_of(value: Any, form: Format | None) -> str:
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return wording.ABSENT
    if form is not None:
        return form(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return wording.number(value, 2) if isinstance(value, float) else f"{value:,}"
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else wording.isolated(str(value))


def csv_of(frame: pd.DataFrame) -> str:
    """A frame as CSV: numbers rounded; an apostrophe before text that a spreadsheet would take for a formula."""
    written = pd.concat([_csv_column(column) for _, column in frame.items()], axis=1)
    return str(written.rename(columns=_csv_value).to_csv(index=False))


def _csv_column(column: pd.Series) -> pd.Series:
    if column.dtype == "str":  # each text once: an article's outlet stands in many rows
        return column.map({text: _csv_value(text) for text in column.unique()})
    return column.map(_csv_value) if column.dtype.kind in "Of" else column


def _csv_value(value: Any) -> Any:
    if isinstance(value, float):
        return wording.rounded(value)
    if isinstance(value, str):
        return wording.escape_formula(wording.printable(value).replace("\r\n", "\n").replace("\r", "\n"))
    return value


def own_name(kind: str) -> str:
    """A name for a figure or table that has none: its number in the notebook."""
    _UNNAMED[kind] += 1
    return f"{kind}-{_UNNAMED[kind]}"


def _short(caption: str) -> str:
    return caption.split(". ")[0].rstrip(".")


def show_figure(axes: Axes | Figure, *, name: str = "", caption: str = "", alt: str = "") -> Shown:
    """A figure as inline SVG with text alternative; closes it. The caption's first sentence stands above as title.

    What is not given is made: the caption of the figure's title, the text alternative of its marks, whose numbers are a
    CSV beside a figure without a name.
    """
    figure: Any = axes.get_figure(root=True)
    record: dict[str, Any] = {"kind": "figure", "name": name or own_name("figure"), "text": alt or describe(figure)}
    if not name and len(marks := marks_of(figure)):
        record["csv"] = csv_of(marks)
    if not alt:
        record["described"] = "by its marks"
    name, alt = record["name"], record["text"]
    title = _short(caption) or " ".join(take_title(figure).split()) or name.replace("-", " ").capitalize()
    record["caption"] = caption or title
    svg = _scrolled(svg_of(axes, name=name, title=title, alt=alt), "figure", record["caption"])
    rest = caption[len(title) :].lstrip(". ")
    below = f"<figcaption>{prose(rest)}</figcaption>" if rest else ""
    html = f'<figure class="chart" id="figure-{escape(name)}"><p class="title">{prose(title)}</p>{svg}{below}</figure>'
    if kinds := os.environ.get(IMAGES):
        record["images"] = {f"{name}.{kind}": b64encode(image_of(figure, kind)).decode() for kind in kinds.split(",")}
    return Shown(html, record, axes)


def show_panels(panels: Sequence[tuple[Axes, str, str]], *, name: str, caption: str) -> Shown:
    """Figures side by side, below each other where the page is narrow: axes, title and text alternative of each."""
    shown = [
        show_figure(axes, name=f"{name}-{place}", caption=title, alt=alt)
        for place, (axes, title, alt) in enumerate(panels, start=1)
    ]
    html = f'<div class="panels">{"".join(one.html for one in shown)}</div><p class="caption">{prose(caption)}</p>'
    text = " ".join(f"{title}: {alt}" for _, title, alt in panels)
    images = {file: image for one in shown for file, image in one.record.get("images", {}).items()}
    return Shown(html, {"kind": "figure", "name": name, "caption": caption, "text": text, "images": images})


def show_articles(study: Study, groups: Mapping[str, Sequence[str]], *, name: str, caption: str) -> Shown:
    """A folded list: under each count the articles it counts, the first `LISTED` of them; a CSV holds more."""
    facts = study.articles.set_index("article")[["outlet", "day", "url"]]
    blocks = []
    for label, ids in groups.items():
        links = [_article_link(study, row) for row in facts.loc[sorted(ids)[:LISTED]].to_dict("records")]
        rest = f" and {len(ids) - LISTED:,} more, in the CSV" if len(ids) > LISTED else ""
        blocks.append(f"<dt>{escape(label)} ({len(ids)})</dt><dd>{', '.join(links) or wording.ABSENT}{rest}</dd>")
    summary = f'<details class="articles" id="articles-{escape(name)}"><summary>{escape(caption)}</summary>'
    record = {"kind": "articles", "name": name, "caption": caption}
    if any(len(ids) > LISTED for ids in groups.values()):
        every = pd.concat([facts.loc[sorted(ids)].assign(counted=label) for label, ids in groups.items()])
        record["csv"] = csv_of(every.reset_index()[["counted", "article", "outlet", "day", "url"]])
    return Shown(f"{summary}<dl>{''.join(blocks)}</dl></details>", record)


def _article_link(study: Study, row: Mapping[str, Any]) -> str:
    text = escape(f"{study.outlet_names.get(row['outlet'], row['outlet'])}, {row['day']:%Y-%m-%d}")
    # Only web addresses become links: a manifest may come from anywhere, and javascript: is an address too.
    web = re.match(r"https?://[^\s/\[]|https?://\[[\da-f:]+\]", str(row["url"]), re.IGNORECASE)
    return f'<a href="{escape(row["url"])}" rel="noreferrer">{text}</a>' if web else text
