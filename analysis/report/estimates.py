"""Estimates with their intervals, as points, whose text alternative holds the numbers drawn, and as tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from analysis.report import style
from analysis.report.components import Shown, nothing, show_figure, show_table
from analysis.report.findings import MEASURES, Measure
from analysis.study import Study
from analysis.wording import interval, number, percent, small

_COUNT, _RATE, _SHARE = partial(number, digits=0), partial(number, digits=1), partial(percent, digits=1)
_PER_CENT = "Estimate and 95 % interval in per cent"

#: Columns of `views.actor_frequency` that a page shows, beside those that name a row.
FREQUENCY: Any = {
    **{"articles": "articles", "articles_with": "named in"},
    **{"share": ("share", _SHARE), "share_lower": ("from", _SHARE), "share_upper": ("to", _SHARE), "count": "mentions"},
    **{"rate": ("per 1,000 words", _RATE), "rate_lower": ("from", _RATE), "rate_upper": ("to", _RATE)},
    "dp": "dispersion over outlets",
}
#: Columns of `misclassification.corrected_tone` that a page shows.
CORRECTION: Any = {
    **{"label": "outlet (mentions)", "articles": "articles"},
    **{"negative": ("negative, measured", percent), "corrected_negative": ("negative, corrected", percent)},
    **{"measured": "mean, measured", "corrected": "mean, corrected", "lower": "from", "upper": "to"},
}


@style.styled
def figure_of_estimates(
    frame: pd.DataFrame, what: str, *, name: str, caption: str, why: str = "", panel: str = "", **drawn: Any
) -> Shown:
    """Points with intervals, told after `what`, or `why` there are none; a panel for each value of a column `panel`."""
    if frame.empty:
        return nothing(caption, why)
    frame = frame.assign(order=range(len(frame)))
    panels, labels = list(dict.fromkeys(frame[panel])) if panel else [""], list(dict.fromkeys(frame["label"]))
    columns = min(4, len(panels))
    rows = -(-len(panels) // columns)
    size = (9.2, rows * (0.235 * len(labels) + 0.62) + 0.2) if panel else (7.6, 0.27 * len(frame) + 0.75)
    grid = plt.subplots(rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False)[1].flat
    told = []
    for place, (title, ax) in enumerate(zip(panels, grid, strict=False)):
        part = frame[frame[panel] == title].set_index("label").reindex(labels).reset_index() if panel else frame
        told += [(order, f"{title}, {text}" if panel else text) for order, text in _draw(ax, part, **drawn)]
        ax.set_title(str(title))
        if place < len(panels) - columns:
            ax.set_xlabel("")
        else:  # the lowest of its column, though not always in the lowest row
            ax.tick_params(labelbottom=True)
    for ax in grid[len(panels) :]:
        ax.set_visible(False)
    return show_figure(
        grid[0], name=name, caption=caption, alt=f"{what}: {'; '.join(text for _, text in sorted(told))}."
    )


def _draw(
    ax: Axes, frame: pd.DataFrame, xlabel: str, scale: float = 1, digits: int = 2, zero: bool = False, mark: str = ""
) -> list[tuple[int, str]]:
    """Each row's label, estimate, lower and upper times `scale`, hollow where `mark` is false: its order and words."""
    told = []
    if zero:
        ax.axvline(0, color=style.MUTED, lw=0.8)
    for y, row in enumerate(frame.to_dict("records")):
        filled = not mark or bool(row[mark])
        colour = style.OUTLET_COLOURS.get(str(row["label"]), style.BLUE) if filled else style.MUTED
        x = [scale * row[column] for column in ("lower", "estimate", "upper")]
        value, ends = number(x[1], digits), interval(row["lower"], row["upper"], digits, scale=scale)
        line = {"lw": 1.6, "ms": 5.5, "solid_capstyle": "round"}
        style.draw_point(ax, y, x, f"{row['label']}: {value} ({ends})", colour, filled, **line)
        if not pd.isna(row["estimate"]):
            told.append((row["order"], f"{row['label']} {value} ({ends}{', filled' if mark and filled else ''})"))
    style.name_rows(ax, frame["label"])
    ax.set_xlabel(xlabel)
    ax.grid(axis="x", color=style.RULE, lw=0.5)
    ax.set_axisbelow(True)
    return told


def figure_of_differences(frame: pd.DataFrame, *, caption: str, **shown: Any) -> Shown:
    """Differences from `views.differences`, filled where significant; a panel per outlet where there are several."""
    measure = _measure_of(frame)
    shown |= {"scale": measure.scale, "digits": measure.digits, "xlabel": measure.axis, "mark": "found", "zero": True}
    what = "Differences as points with intervals"
    if frame["group_name"].nunique() > 1:
        shown["panel"], what = "group_name", f"{what}, one panel for each outlet"
    if len(frame):
        caption += " Filled points stand after correction for all comparisons of this kind, hollow ones do not."
    return figure_of_estimates(frame, f"{what}. Estimate and 95 % interval in {measure.axis}", caption=caption, **shown)


def figure_of_shares(frame: pd.DataFrame, **shown: Any) -> Shown:
    """Shares of articles with Wilson intervals from `views.actor_frequency`."""
    frame = frame.rename(columns={"share": "estimate", "share_lower": "lower", "share_upper": "upper"})
    shown |= {"scale": 100, "digits": 0, "xlabel": "% of articles"}
    return figure_of_estimates(frame, f"Shares of articles as points. {_PER_CENT}", **shown)


def figure_of_flow(coverage: pd.DataFrame, **shown: Any) -> Shown:
    """The event's share of what each outlet carried, filled where tested; frame from `corpus.coverage`."""
    flow = coverage[coverage["items"] > 0].sort_values(["share", "name"], ascending=[False, True])
    flow = flow.rename(columns={"name": "label", "share": "estimate"})
    shown |= {"scale": 100, "xlabel": "% of the outlet's observed items", "mark": "tested"}
    shown["why"] = "observed.csv counts no items of any outlet."
    return figure_of_estimates(flow, f"Shares of flow as points. {_PER_CENT}", **shown)


def figure_of_means(frame: pd.DataFrame, *, what: str, **shown: Any) -> Shown:
    """Mean sentiment with intervals; frame from `corpus.sentiment_by` or `views.sentiment_by_period`."""
    why = "No article has a tone: its language has no instrument, or it has no text to compare."
    if frame.empty:
        why = "No article is in such a group: none coded, or no outlet with enough articles."
    shown |= {"why": why, "xlabel": f"mean sentiment{'' if 'panel' in shown else ', −1 to 1'}", "zero": True}
    drawn = frame.dropna(subset=["mean"]).rename(columns={"mean": "estimate"})
    return figure_of_estimates(drawn, f"{what}. Estimate and 95 % interval", **shown)


def figure_of_correction(corrected: pd.DataFrame, **shown: Any) -> Shown:
    """Corrected mean polarity by outlet (`misclassification.corrected_tone`)."""
    shown["why"] = "Too few mentions of this study are coded by hand to correct by (polarity.csv)."
    shown |= {"xlabel": "mean polarity, −1 to 1, corrected", "zero": True}
    drawn = corrected.rename(columns={"corrected": "estimate"})
    return figure_of_estimates(drawn, "Corrected mean polarity by outlet. Estimate and 95 % interval", **shown)


def _measure_of(frame: pd.DataFrame) -> Measure:
    return MEASURES["actor-share" if frame.empty else frame["measure"].iloc[0]]


def table_of_differences(frame: pd.DataFrame, *, first: Mapping[str, str], fold: bool = True, **shown: Any) -> Shown:
    """Differences (`views.differences`, `views.variants`), q and both counts, after the columns that name a row."""
    measure = _measure_of(frame)
    signed = partial(measure.number, sign=True)
    columns: Any = {
        **first,
        **{"count": ("counted", _COUNT), "reference_count": ("other side: counted", _COUNT)},
        **{"articles": "articles", "reference_articles": "other side: articles"},
        **{"estimate": (f"difference, {measure.axis}", signed), "lower": ("from", signed), "upper": ("to", signed)},
        **{"q": ("q", small), "detectable": ("detectable", measure.number)},
    }
    return show_table(frame, columns=columns, fold=fold, **shown)


def table_of_groups(study: Study, *tables: pd.DataFrame) -> Shown | None:
    """Differences between groups of outlets (`groups.group_differences`), folded; None where there are none."""
    if not (some := [table for table in tables if len(table)]):
        return None
    every = pd.concat(some, ignore_index=True)
    every["label"] = every["feature"].map(study.actor_names)
    caption = (
        "Share of articles naming each main actor, periods taken off: mean over the outlets of a group minus mean over "
        "all others; counted are outlets. Intervals are Welch's over outlets."
    )
    first = {"group": "group", "label": "actor", "variant": "text"}
    return table_of_differences(every, name="groups", caption=caption, first=first)
