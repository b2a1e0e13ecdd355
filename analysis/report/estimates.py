"""Estimates with their intervals, as points, whose text alternative holds the numbers drawn, and as tables."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from analysis.report import style
from analysis.report.components import Shown, nothing, show_figure, show_panels, show_table, with_interval
from analysis.report.findings import MEASURES, Measure
from analysis.results import is_significant
from analysis.results.measures import REST
from analysis.study import Study
from analysis.tables import VARIANTS
from analysis.wording import number, small


def _of(count: str, total: str) -> Any:
    """Format of a row: a count and what it is out of, 15 of 32."""
    return lambda row: f"{number(row[count], 0)} of {number(row[total], 0)}"


_PER_CENT = "Estimate and 95 % interval in per cent"

#: Columns of `views.actor_frequency` that a page shows, beside those that name a row.
FREQUENCY: Any = {
    "named in": ("articles naming it", _of("articles_with", "articles")),
    "per cent": ("% (95 % interval)", lambda row: with_interval(row, "share", 0, 100)),
    "per 1,000": ("mentions per 1,000 words", lambda row: with_interval(row, "rate", 1)),
}


@style.styled
def figure_of_estimates(
    frame: pd.DataFrame, what: str, *, name: str, caption: str, why: str = "", panel: str = "", **drawn: Any
) -> Shown:
    """Points with intervals, told after `what`, or `why` there are none; a panel for each value of a column `panel`."""
    if frame.empty:
        return nothing(caption, why)
    labels = list(dict.fromkeys(frame["label"]))
    panels = []
    for title in dict.fromkeys(frame[panel]) if panel else [""]:
        part = frame[frame[panel] == title].set_index("label").reindex(labels).reset_index() if panel else frame
        width = style.PANEL if panel else style.NARROW
        ax: Axes = plt.subplots(figsize=(width, 0.25 * len(part) + 0.75))[1]
        panels.append((ax, str(title), f"{what}: {'; '.join(_draw(ax, part, **drawn))}."))
    if not panel:
        return show_figure(panels[0][0], name=name, caption=caption, alt=panels[0][2])
    low, high = zip(*(ax.get_xlim() for ax, _, _ in panels), strict=True)
    for ax, _, _ in panels:
        ax.set_xlim(min(low), max(high))
    return show_panels(panels, name=name, caption=caption)


def _draw(
    ax: Axes, frame: pd.DataFrame, xlabel: str, scale: float = 1, digits: int = 2, zero: bool = False, mark: str = ""
) -> list[str]:
    """Draw each row's estimate, lower and upper times `scale`, hollow where `mark` is false; the same in words."""
    told = []
    if zero:
        ax.axvline(0, color=style.MUTED, lw=0.8)
    for y, row in enumerate(frame.to_dict("records")):
        filled, text = not mark or bool(row[mark]), with_interval(row, "estimate", digits, scale)
        x = [scale * row[column] for column in ("lower", "estimate", "upper")]
        line = {"lw": 1.6, "ms": 5.5, "solid_capstyle": "round"}
        colour = style.OUTLET_COLOURS.get(str(row["label"]), style.BLUE) if filled else style.MUTED
        style.draw_point(ax, y, x, f"{row['label']}: {text}", colour, filled, **line)
        if not pd.isna(row["estimate"]):
            told.append(f"{row['label']} {text[:-1]}, filled)" if mark and filled else f"{row['label']} {text}")
    style.name_rows(ax, frame["label"])
    style.scale_across(ax, xlabel)
    return told


def figure_of_differences(frame: pd.DataFrame, *, caption: str, **shown: Any) -> Shown:
    """Differences from `views.differences`, filled where significant; a panel per outlet where there are several."""
    measure = _measure_of(frame)
    shown |= {"scale": measure.scale, "digits": measure.digits, "xlabel": measure.axis, "mark": "found", "zero": True}
    what = "Differences as points with intervals"
    if frame["group_name"].nunique() > 1:
        shown["panel"] = "group_name"
    if len(frame):
        caption += " Filled points: sure after correction for all comparisons of this kind; hollow: may be chance."
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
    shown["why"] = "No article has a tone: its language has no instrument, or it has no text to compare."
    shown |= {"xlabel": f"mean sentiment{'' if 'panel' in shown else ', −1 to 1'}", "zero": True}
    drawn = frame.dropna(subset=["mean"]).rename(columns={"mean": "estimate"})
    return figure_of_estimates(drawn, f"{what}. Estimate and 95 % interval", **shown)


@style.styled
def figure_of_tone(by_event: pd.DataFrame, by_outlet: pd.DataFrame) -> Shown:
    """Mean sentiment by what is reported beside that by who reports (`corpus.sentiment_by`), on one scale."""
    caption = (
        "Tone by what is reported, and by who reports it: mean sentiment of articles (in brackets), 95 % intervals."
    )
    sides = {"What is reported": by_event, "Who reports it": by_outlet}
    sides = {title: known for title, frame in sides.items() if len(known := frame.dropna(subset=["mean"]))}
    if not sides:
        return nothing(caption, "No article has a tone and a group.")
    size = (9.2, 0.27 * max(map(len, sides.values())) + 0.9)
    grid = plt.subplots(1, len(sides), figsize=size, sharex=True, squeeze=False)[1].flat
    told = []
    for ax, (title, frame) in zip(grid, sides.items(), strict=True):
        ax.axvline(0, color=style.MUTED, lw=0.8)
        for y, row in enumerate(frame.to_dict("records")):
            text = f"{row['label']} {with_interval(row, 'mean', 2)}"
            style.draw_point(ax, y, [row["lower"], row["mean"], row["upper"]], text, style.BLUE, True, lw=1.6, ms=5)
            told.append(f"{title}, {text}")
        style.name_rows(ax, frame["label"])
        ax.set_title(title)
        ax.set_xlabel("mean sentiment")
    return show_figure(grid[0], name="glance", caption=caption, alt=f"Points in two panels: {'; '.join(told)}.")


def figure_of_correction(corrected: pd.DataFrame, **shown: Any) -> Shown:
    """Corrected mean polarity by outlet (`misclassification.corrected_tone`)."""
    shown["why"] = "Too few mentions of this study are coded to correct by."
    shown |= {"xlabel": "mean polarity, −1 to 1, corrected", "zero": True}
    drawn = corrected.rename(columns={"corrected": "estimate"})
    drawn = drawn.dropna(subset=["estimate"]) if len(drawn) else drawn
    return figure_of_estimates(drawn, "Corrected mean polarity by outlet. Estimate and 95 % interval", **shown)


def table_of_correction(corrected: pd.DataFrame, **shown: Any) -> Shown:
    """Measured and corrected mean polarity (`misclassification.corrected_tone`), the latter with its interval."""
    columns: Any = {
        **{"label": "outlet (mentions)", "articles": "articles", "coded": "of them coded"},
        **{"measured": "mean, measured", "shown": "mean, corrected (95 % interval)"},
    }
    texts = [
        "unknown: too few coded" if pd.isna(row["corrected"]) else with_interval(row, "corrected", 2)
        for row in corrected.to_dict("records")
    ]
    return show_table(corrected.assign(shown=texts), columns=columns, **shown)


def _measure_of(frame: pd.DataFrame) -> Measure:
    return MEASURES["actor-share" if frame.empty else frame["measure"].iloc[0]]


def table_of_differences(frame: pd.DataFrame, *, first: Mapping[str, str], fold: bool = True, **shown: Any) -> Shown:
    """Differences (`views.differences`, `views.variants`) after the columns that name a row; the CSV holds q and more.

    Where `first` has "adjustment", text, reference and adjustment share a column; a competing word has its set beside.
    """
    measure = _measure_of(frame)
    columns: Any = {key: title for key, title in first.items() if key not in ("set", "variant", "adjustment")}
    if "set" in first and len(frame):
        columns["label"] = (first["label"], str)
        frame = frame.assign(label=frame["label"] + " (" + frame["set"].astype(str) + ")")
    if "adjustment" in first:
        columns["how"] = ("how compared", _how)
    totals = ("of", "reference_of") if "of" in frame else ("articles", "reference_articles")
    columns |= {
        "here": ("here", _of("count", totals[0])),
        "there": ("others", _of("reference_count", totals[1])),
        "difference": (f"difference, {measure.axis} (95 %)", lambda row: _difference(row, measure)),
    }
    if "adjustment" not in first:
        columns["detectable"] = ("smallest that would show", measure.number)
    if len(frame):
        shown["caption"] += " * sure after correction for all comparisons of this kind."
    return show_table(frame, columns=columns, fold=fold, **shown)


def _how(row: Mapping[str, Any]) -> str:
    periods = {"standardized": "periods matched", "raw": "periods not matched"}
    against = "" if row["reference"] == REST else f", {row['against']}"
    how = f"{VARIANTS[row['variant']].label}, {periods.get(row['adjustment'], row['adjustment'])}{against}"
    return f"{how} (primary)" if row["primary"] else how


def _difference(row: Mapping[str, Any], measure: Measure) -> str:
    difference = with_interval(row, "estimate", measure.digits, measure.scale, sign=True)
    return f"{difference} *" if is_significant(row) else difference


def table_of_groups(study: Study, *tables: pd.DataFrame) -> Shown | None:
    """Differences between groups of outlets (`groups.group_differences`), folded; None where there are none."""
    if not (some := [table for table in tables if len(table)]):
        return None
    every = pd.concat(some, ignore_index=True)
    every["label"] = every["value"].map(study.actor_names)
    caption = "Share of articles naming each actor: each group of outlets minus all other outlets, periods matched."
    columns: Any = {
        **{"group": "group", "label": "actor"},
        "here": ("here", _of("count", "articles")),
        "there": ("others", _of("other_count", "other_articles")),
        "points": ("difference, points (95 %)", lambda row: with_interval(row, "difference", 0, 100, sign=True)),
        "adjusted_p": ("p, adjusted for all", small),
    }
    return show_table(every, name="groups", caption=caption, columns=columns, fold=True)
