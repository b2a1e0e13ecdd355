"""Figures of words, days and sub-events. Each text alternative holds the numbers drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from analysis.errors import ParameterError
from analysis.report import style
from analysis.report.components import Shown, note, nothing, show_figure, show_panels, show_table
from analysis.report.findings import label_sets
from analysis.report.style import INSIDE, NARROW, PANEL, styled, tell
from analysis.report.views import sides, stacked
from analysis.study import Study
from analysis.tables import VARIANTS
from analysis.wording import day, interval, listing, number, percent, plural

#: Column, row, shade from 0 to 1, text and tooltip.
Cell = tuple[int, int, float, str, str]
#: Shares of fewer articles are not drawn.
FEWEST = 5
#: Points that a digit of the time line is wide, that all its cells are together; cells that it has at most.
_DIGIT, _ROOM, MOST_CELLS = 4.5, 240, 40


@styled
def figure_of_labels(study: Study, shares: pd.DataFrame, label_set: str) -> Shown:
    """Shares of a set's words (`views.labels_by_outlet`) as one bar per outlet; parts are named where there is room."""
    referent, users = (
        label_sets(study)[label_set],
        shares.drop_duplicates("group_name").set_index("group_name")["articles"],
    )
    few = [f"{outlet} ({articles})" for outlet, articles in users.items() if 0 < articles < FEWEST]
    wide = stacked(shares)
    wide = wide[users.reindex(wide.index) >= FEWEST]
    if wide.empty:
        return nothing(f"Words for {referent}", f"Fewer than {FEWEST} articles of any outlet use one.")
    ax: Axes = plt.subplots(figsize=(NARROW, 0.34 * len(wide) + 0.9))[1]
    left = np.zeros(len(wide))
    for place, part in enumerate(wide.columns):
        width = wide[part].to_numpy(float)
        colour, ink = style.PARTS[place % len(style.PARTS)], style.ON_PARTS[place % len(style.PARTS)]
        if part == "all others":
            colour, ink = style.MUTED, style.PAPER
        bars = ax.barh(range(len(wide)), 100 * width, left=100 * left, height=0.72, color=colour, label=part, lw=0)
        for y, (x, w, bar) in enumerate(zip(left, width, bars, strict=True)):
            marks: list[Artist] = [bar]
            if w * 100 >= 1.9 * len(part) and w >= 0.1:
                marks.append(ax.text(100 * (x + w / 2), y, part, color=ink, fontsize=8, **INSIDE))
            tell(f"{wide.index[y]}: {part}, {percent(w)}", *marks)
        left = left + width
    for y, articles in enumerate(users.reindex(wide.index)):
        ax.text(101.5, y, f"{articles} art.", va="center", color=style.INK, fontsize=8.5)
    style.name_rows(ax, wide.index)
    ax.set_xlim(0, 100)
    ax.set_xlabel("% of the set's uses")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=8.5, handlelength=1)
    caption = f"Words for {referent}. At the end of each bar, the articles that use any of them."
    if few:
        caption += f" Too few to draw: {', '.join(few)}."
    alt = f"Stacked bars of the words for {referent}. {_told(wide.map(percent).where(wide > 0, ''))}."
    return show_figure(ax, name=f"set-{label_set}", caption=caption, alt=alt)


def _told(cells: pd.DataFrame) -> str:
    """Each row's name, then its columns' names with what is not empty of their cells."""
    rows = [(name, [f"{column} {cell}" for column, cell in row.items() if cell]) for name, row in cells.iterrows()]
    return "; ".join(f"{name}: {', '.join(texts)}" for name, texts in rows)


def table_of_labels(study: Study, shares: pd.DataFrame, label_set: str) -> Shown:
    """Uses and shares of a set's words with simultaneous intervals, folded; frame from `views.labels_by_outlet`."""
    columns: Any = {
        **{"group_name": "outlet", "label": "word", "articles": "in articles"},
        "of": ("uses", lambda row: f"{row['uses']} of {row['set_uses']}"),
        "ends": (
            "share (95 % interval)",
            lambda row: f"{percent(row['share'])} ({interval(row['lower'], row['upper'], 0, scale=100)})",
        ),
    }
    caption = f"Words for {label_sets(study)[label_set]}: uses and shares; the intervals of a set hold together."
    used = shares[shares["set_uses"] > 0]
    return show_table(used, name=f"set-{label_set}", caption=caption, columns=columns, fold=True)


def often_used(sets: Mapping[str, pd.DataFrame], least: int) -> list[str]:
    """Names of the sets of competing words, each with its `labels_by_outlet`, that are used so often."""
    if not isinstance(least, int):
        raise ParameterError("wording", "least_uses", least, "is not a whole number")
    uses = {name: shares.loc[shares["group"] == "all outlets", "uses"].sum() for name, shares in sets.items()}
    return [name for name in sets if uses[name] >= least]


def note_of_rare_sets(study: Study, drawn: Sequence[str], least: int) -> Shown:
    """The sets of competing words that are used too rarely to be drawn."""
    sets = label_sets(study)
    thin = [sets[name] for name in sorted(sets) if name not in drawn]
    if not sets:
        return note("The study has no set of competing words (labels.csv).")
    return note(f"Too rare to draw, fewer than {least} uses: {listing(thin)}." if thin else "Every set is drawn.")


@styled
def figure_of_days(study: Study, days: pd.DataFrame) -> Shown:
    """Articles per outlet over time (`corpus.daily`): stronger blue is more, a dash not observed, a line a happening.

    A cell is a day, week, month, quarter or year: the shortest that leaves the figure readable.
    """
    unit, starts = _bins(days.columns)
    binned = days.rename(index=study.outlet_names).T.groupby(starts).sum(min_count=1).T
    ax: Axes = plt.subplots(figsize=(NARROW, 0.24 * len(binned) + 1.0))[1]
    totals = [f"{name} {int(row.sum())}" for name, row in binned.iterrows()]
    draw_cells(ax, _cells_of_days(binned), wide=0.9, high=0.8, fontsize=7)
    rows, columns = np.nonzero(binned.isna().to_numpy())
    tell("not observed", ax.hlines(rows, columns - 0.3, columns + 0.3, color=style.RULE, lw=1.1))
    position = {when: binned.columns.get_loc(start) for when, start in zip(days.columns, starts, strict=True)}
    happenings = list(enumerate(study.settings.happenings, start=1))
    inside = [(n, position[when]) for n, one in happenings if (when := pd.Timestamp(one.day)) in position]
    for x in sorted({x for _, x in inside}):
        ax.axvline(x, color=style.ORANGE, lw=0.9, alpha=0.35, zorder=0)
        # Numbers of neighbouring cells would run into one another: every second one a line higher.
        marks = ", ".join(str(n) for n, at in inside if at == x)
        ax.text(x, -0.75 - 0.75 * (x % 2), marks, ha="center", va="bottom", fontsize=8)
    ticks = range(0, len(binned.columns), -(-len(binned.columns) // 4))
    ax.set_xticks(ticks, [_tick(binned.columns[x], unit) for x in ticks])
    ax.set_xlim(-1, len(binned.columns))
    style.name_rows(ax, binned.index, top=-2.2)
    marks = "; ".join(f"{n} {one.name} ({day(one.day, year=False)})" for n, one in happenings)
    caption = (
        f"Articles per {unit}. A grey dash: nothing of the outlet was collected.{f' Orange: {marks}.' if marks else ''}"
    )
    return show_figure(ax, name="days", caption=caption, alt=f"Articles per outlet and {unit}. {'; '.join(totals)}.")


def _bins(days: pd.DatetimeIndex) -> tuple[str, pd.DatetimeIndex]:
    """Name of the cells that so many days are shown in, and the beginning of the cell of each day."""
    weeks = days[0] + pd.to_timedelta((days - days[0]).days // 7 * 7, "D")
    cells = {"day": days, "week": weeks}
    cells |= {name: days.to_period(code).start_time for name, code in (("month", "M"), ("quarter", "Q"), ("year", "Y"))}
    return next(((name, cell) for name, cell in cells.items() if cell.nunique() <= MOST_CELLS), ("year", cells["year"]))


def _tick(start: pd.Timestamp, unit: str) -> str:
    return day(start, year=False) if unit in ("day", "week") else day(start).split(" ", 1)[1]


def _cells_of_days(binned: pd.DataFrame) -> Iterator[Cell]:
    """A cell for each number of articles; without the number where it would run into the next cell's."""
    most = binned.max(axis=None)
    for y, (outlet, row) in enumerate(binned.iterrows()):
        for x, (when, items) in enumerate(row.items()):
            if items > 0:
                text = f"{items:.0f}" if len(f"{items:.0f}") * _DIGIT < _ROOM / (len(row) + 1) else ""
                told = f"{outlet}, from {day(when)}: {plural(int(items), 'article')}"
                yield x, y, 0.3 + 0.7 * items / most, text, told


def figure_of_subevents(study: Study, topics: pd.DataFrame) -> Shown:
    """Heat map of the shares of each outlet's articles (rows) by sub-event (`corpus.subevents`)."""
    if topics.empty or not topics.to_numpy().sum():
        return nothing("Subjects", "No sub-event of these articles is coded (articles.csv, subevent).")
    counts = topics.rename(index=study.outlet_names, columns=lambda topic: topic.replace("-", " "))
    caption = "What each outlet reports on. Numbers are % of its articles (in brackets, how many)."
    return heat_map(counts, counts.sum(axis=1), name="subevents", caption=caption)


def figure_of_actors(study: Study, by_outlet: pd.DataFrame) -> Shown:
    """Heat map of the shares of each outlet's articles that name each actor (`views.actor_frequency` by outlet)."""
    if by_outlet.empty:
        return nothing("Who names whom", "No main actor is named, or no article has the text to be compared.")
    counts = by_outlet.pivot_table(index="group_name", columns="label", values="articles_with", sort=False)
    sizes = by_outlet.drop_duplicates("group_name").set_index("group_name")["articles"]
    order = sizes.sort_values(ascending=False, kind="stable").index
    having = VARIANTS[study.settings.primary].articles
    caption = f"Who names whom. Numbers are % of each outlet's {having} (in brackets, how many) that name the actor."
    return heat_map(counts.loc[order], sizes, name="actors", caption=caption)


@styled
def heat_map(counts: pd.DataFrame, sizes: pd.Series, *, name: str, caption: str) -> Shown:
    """Counts as shares of their row's size, in % and shaded; rows of fewer than `FEWEST` articles are only listed."""
    few = [f"{row} ({sizes[row]:.0f})" for row in counts.index if sizes[row] < FEWEST]
    kept = counts.loc[[row for row in counts.index if sizes[row] >= FEWEST]]
    if few:
        caption += f" Too few to show: {', '.join(few)}."
    if kept.empty:
        return nothing(caption)
    cells = []
    for y, (row, counted) in enumerate(kept.iterrows()):
        for x, (column, count) in enumerate(counted.items()):
            share, told = count / sizes[row], f"{row}, {column}: {count:.0f} of {sizes[row]:.0f}"
            # Most shares are small, and must be told apart.
            cells.append((x, y, share**0.7, number(100 * share, 0) if count else "", told))
    rows = [f"{row} ({sizes[row]:.0f})" for row in kept.index]
    ax: Axes = plt.subplots(figsize=(NARROW, 0.25 * len(kept) + 1.5))[1]
    draw_cells(ax, cells)
    name_both(ax, rows, list(kept.columns), rotation=60, rotation_mode="anchor")
    return show_figure(ax, name=name, caption=caption, alt=f"Heat map. {'; '.join(told for *_, told in cells)}.")


def draw_cells(
    ax: Axes, cells: Iterable[Cell], *, wide: float = 0.96, high: float = 0.9, fontsize: float = 8.5
) -> None:
    """Draw cells around their points, the bluer the larger their shade is."""
    for x, y, shade, text, told in cells:
        cell = Rectangle((x - wide / 2, y - high / 2), wide, high, color=style.BLUE, alpha=style.DEEPEST * shade, lw=0)
        tell(told, ax.add_artist(cell), ax.text(x, y, text, fontsize=fontsize, **INSIDE))


def name_both(ax: Axes, rows: Sequence[str], columns: Sequence[str], **ticks: Any) -> None:
    """Write a name beside each row of cells, and above each column."""
    ax.set_xticks(range(len(columns)), columns, ha="left", **ticks)
    ax.xaxis.set_ticks_position("top")
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.6, len(columns) - 0.4)
    style.name_rows(ax, pd.Index(rows))
    ax.spines["bottom"].set_visible(False)


def figure_of_portrait(study: Study, outlet: str, right: str | None = None) -> Shown:
    """An outlet beside another, or all others: what it reports on, whom it names, in which words."""
    name, other = study.outlet_names[outlet], study.outlet_names.get(right or "", "the other outlets")
    titles = ("What they report on", "Whom they name", "In which words")
    parts = zip(titles, sides(study, outlet, right), strict=True)
    panels = [(*beside(side, name, other), title) for title, side in parts if len(side)]
    caption = f"{name} (blue) and {other} (orange), in % of articles, or of the cases in which one of the words stands."
    caption += f" Of the articles compared with each other. Beside each row: {name}'s count."
    if not panels:
        return nothing(caption)
    return show_panels([(ax, title, alt) for ax, alt, title in panels], name="portrait", caption=caption)


@styled
def beside(side: pd.DataFrame, name: str, other: str) -> tuple[Axes, str]:
    """Two dots for each row of `views.sides`, joined by a line; the same in words."""
    ax: Axes = plt.subplots(figsize=(PANEL, 0.24 * len(side) + 0.6))[1]
    told = []
    for y, row in enumerate(side.itertuples()):
        here, there = 100 * row.count_here / row.here, 100 * row.count_there / row.there
        count = f"{row.count_here:.0f} of {row.here:.0f}"
        words = f"{row.label}: {name} {count}, {other} {row.count_there:.0f} of {row.there:.0f}"
        ax.plot([here, there], [y, y], color=style.RULE, lw=2, zorder=1)
        for x, colour in ((there, style.ORANGE), (here, style.BLUE)):
            tell(words, *ax.plot([x], [y], "o", color=colour, ms=6, zorder=2))
        ax.text(1.03, y, count, transform=ax.get_yaxis_transform(), va="center", fontsize=8)
        told.append(words)
    style.name_rows(ax, side["label"])
    ax.set_xlim(left=-3)
    ax.set_xlabel("%")
    ax.grid(axis="x", color=style.RULE, lw=0.5)
    ax.set_axisbelow(True)
    return ax, f"Two dots a row. {'; '.join(told)}."
