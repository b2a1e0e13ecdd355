"""Heat maps, days, periods and portraits. Each text alternative holds the numbers drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from analysis.report import style
from analysis.report.components import Shown, csv_of, nothing, show_figure, show_panels
from analysis.report.findings import period_days, spread_sentence, topic_name
from analysis.report.style import INSIDE, NARROW, PANEL, styled, tell
from analysis.report.views import pooled_effects, sides
from analysis.stats.inference import ALPHA
from analysis.stats.pooling import MOST_OUTLETS, pooled_actors
from analysis.study import Study
from analysis.tables import VARIANTS
from analysis.wording import day, number, percent, plural, points

#: Shares of fewer articles are not drawn.
FEWEST = 5
#: Points that a digit of the time line is wide, that all its cells are together; cells that it has at most.
_DIGIT, _ROOM, MOST_CELLS = 4.5, 240, 40
#: Per cent that the names at the ends of two lines are apart.
_APART = 4.5


class Cell(NamedTuple):
    """A cell of a heat map: its column and row, shade from 0 to 1, text, and the same in words."""

    x: int
    y: int
    shade: float
    text: str
    told: str
    colour: str = style.BLUE


@styled
def figure_of_days(study: Study, days: pd.DataFrame) -> Shown:
    """Articles per outlet over time (`corpus.daily`): stronger blue is more, a dash not observed, a line a happening.

    A cell is a day, week, month, quarter or year: the shortest that leaves the figure readable.
    """
    unit, starts = _bins(days.columns)
    binned = days.rename(index=study.outlet_names).T.groupby(starts).sum(min_count=1).T
    ax: Axes = plt.subplots(figsize=(NARROW, 0.24 * len(binned) + 1.0))[1]
    draw_cells(ax, list(_cells_of_days(binned)), wide=0.9, high=0.8, fontsize=7)
    rows, columns = np.nonzero(binned.isna().to_numpy())
    tell("not observed", ax.hlines(rows, columns - 0.3, columns + 0.3, color=style.RULE, lw=1.1))
    happenings = list(enumerate(study.settings.happenings, start=1))
    position = {when: binned.columns.get_loc(start) for when, start in zip(days.columns, starts, strict=True)}
    inside = [(n, position[when]) for n, one in happenings if (when := pd.Timestamp(one.day)) in position]
    for x in sorted({x for _, x in inside}):
        ax.axvline(x, color=style.ORANGE, lw=0.9, alpha=0.35, zorder=0)
        # Numbers of neighbouring cells would run into one another: every second one a line higher.
        marks = ", ".join(str(n) for n, at in inside if at == x)
        ax.text(x, -0.75 - 0.75 * (x % 2), marks, ha="center", va="bottom", fontsize=8)
    ticks = range(0, len(binned.columns), -(-len(binned.columns) // 4))
    dated = [day(binned.columns[x]) for x in ticks]
    dated = [one.rpartition(" ")[0] if unit in ("day", "week") else one.partition(" ")[2] for one in dated]
    ax.set_xticks(ticks, dated)
    ax.set_xlim(-1, len(binned.columns))
    style.name_rows(ax, binned.index, top=-2.2)
    marks = "; ".join(f"{n} {one.name} ({day(one.day, year=False)})" for n, one in happenings)
    caption = f"Articles per {unit}. A grey dash: nothing of the outlet was collected."
    totals = [f"{name} {int(row.sum())}" for name, row in binned.iterrows()]
    return show_figure(
        ax,
        name="days",
        caption=f"{caption} Orange: {marks}." if marks else caption,
        alt=f"Articles per outlet and {unit}. {'; '.join(totals)}.",
    )


def _bins(days: pd.DatetimeIndex) -> tuple[str, pd.DatetimeIndex]:
    """Name of the cells that so many days are shown in, and the beginning of the cell of each day."""
    weeks = days[0] + pd.to_timedelta((days - days[0]).days // 7 * 7, "D")
    cells = {"day": days, "week": weeks}
    cells |= {name: days.to_period(code).start_time for name, code in (("month", "M"), ("quarter", "Q"), ("year", "Y"))}
    return next(((name, cell) for name, cell in cells.items() if cell.nunique() <= MOST_CELLS), ("year", cells["year"]))


def _cells_of_days(binned: pd.DataFrame) -> Iterator[Cell]:
    """A cell for each number of articles; without the number where it would run into the next cell's."""
    most = binned.max(axis=None)
    for y, (outlet, row) in enumerate(binned.iterrows()):
        for x, (when, items) in enumerate(row.items()):
            if items > 0:
                text = f"{items:.0f}" if len(f"{items:.0f}") * _DIGIT < _ROOM / (len(row) + 1) else ""
                told = f"{outlet}, from {day(when)}: {plural(int(items), 'article')}"
                yield Cell(x, y, 0.3 + 0.7 * items / most, text, told)


def figure_of_subevents(study: Study, topics: pd.DataFrame) -> Shown:
    """Heat map of the shares of each outlet's articles (rows) by sub-event (`corpus.subevents`)."""
    if topics.empty or not topics.to_numpy().sum():
        return nothing("Subjects", "No sub-event of these articles is coded (articles.csv, subevent).")
    counts = topics.rename(index=study.outlet_names, columns=lambda topic: topic_name(study, topic))
    caption = "What each outlet reports on. Numbers are % of its articles (in brackets, how many)."
    return _map_of_shares(counts, counts.sum(axis=1), name="subevents", caption=caption)


def figure_of_actors(study: Study, by_outlet: pd.DataFrame) -> Shown:
    """Heat map of the shares of each outlet's articles that name each actor (`views.actor_frequency` by outlet)."""
    if by_outlet.empty:
        return nothing("Who names whom", "No main actor is named, or no article has the text to be compared.")
    counts = by_outlet.pivot_table(index="group_name", columns="label", values="articles_with", sort=False)
    sizes = by_outlet.drop_duplicates("group_name").set_index("group_name")["articles"]
    order = sizes.sort_values(ascending=False, kind="stable").index
    having = VARIANTS[study.settings.primary].articles
    caption = f"Who names whom. Numbers are % of each outlet's {having} (in brackets, how many) that name the actor."
    return _map_of_shares(counts.loc[order], sizes, name="actors", caption=caption)


def _map_of_shares(counts: pd.DataFrame, sizes: pd.Series, *, name: str, caption: str) -> Shown:
    """Counts as shares of their row's size, in % and shaded; rows of fewer than `FEWEST` articles are only listed."""
    few = [f"{row} ({sizes[row]:.0f})" for row in counts.index if sizes[row] < FEWEST]
    kept = counts.loc[[row for row in counts.index if sizes[row] >= FEWEST]]
    if few:
        caption += f" Too few to show: {', '.join(few)}."
    cells = []
    for (y, row), (x, column) in ((y, x) for y in enumerate(kept.index) for x in enumerate(kept.columns)):
        count, size = kept.loc[row, column], sizes[row]
        told = f"{row}, {column}: {count:.0f} of {size:.0f}"
        # Most shares are small, and must be told apart.
        cells.append(Cell(x, y, (count / size) ** 0.7, number(100 * count / size, 0) if count else "", told))
    rows = [f"{row} ({sizes[row]:.0f})" for row in kept.index]
    return heat_map(cells, rows, list(kept.columns), name=name, caption=caption)


def figure_of_pooled(study: Study) -> Shown:
    """Heat map of shrunken differences in points, outlets × actors, fainter the less sure; its CSV has all of them."""
    caption = "Who names whom more often, or less, than expected."
    if (pooled := pooled_actors(study)) is None:
        return nothing(caption, "Fewer than two outlets, or two main actors, can be compared.")
    if sentence := spread_sentence(pooled.sd):
        caption += f" {sentence}"
    caption += (
        " Numbers are points above (blue) or below (orange) what the periods of an "
        "outlet's articles would make likely. The fainter, the less sure; few articles draw a number towards 0."
    )
    if pooled.effects["outlet"].nunique() == MOST_OUTLETS:
        caption += f" Compared are the {MOST_OUTLETS} outlets with most articles."
    frame = pooled_effects(study, pooled.effects)
    drawn = frame[frame["articles"] >= FEWEST]
    outlets, actors = (list(dict.fromkeys(drawn[column])) for column in ("outlet_name", "actor_name"))
    cells, told = [], []
    for row in drawn.itertuples():
        text, words = (
            number(100 * row.points, 0, sign=True),
            f"{row.outlet_name}, {row.actor_name}: {points(row.points)}",
        )
        certain = f"{words} ({row.named} of {row.articles}); above 0 with {percent(row.chance_above)} certainty"
        colour = style.BLUE if row.chance_above >= 0.5 else style.ORANGE
        x, y, shade = actors.index(row.actor_name), outlets.index(row.outlet_name), abs(2 * row.chance_above - 1)
        cells.append(Cell(x, y, shade, "" if text == "0" else text, certain, colour))
        told.append(words)
    sizes = drawn.drop_duplicates("outlet")
    rows = list(sizes["outlet_name"] + " (" + sizes["articles"].astype(str) + ")")
    shown = heat_map(cells, rows, actors, name="pooled", caption=caption, told=told)
    return replace(shown, record={**shown.record, "csv": csv_of(frame)}) if cells else shown


@styled
def heat_map(
    cells: Sequence[Cell],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    name: str,
    caption: str,
    size: tuple[float, float] | None = None,
    told: Sequence[str] = (),
    rotation: Any = (60, "anchor"),
    **drawn: float,
) -> Shown:
    """Cells with a name beside each row and above each column; in words what the cells, or `told`, say."""
    if not cells:
        return nothing(caption)
    ax: Axes = plt.subplots(figsize=size or (NARROW, 0.25 * len(rows) + 1.5))[1]
    draw_cells(ax, cells, **drawn)
    ax.set_xticks(range(len(columns)), columns, ha="left", rotation=rotation[0], rotation_mode=rotation[1])
    ax.xaxis.set_ticks_position("top")
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.6, len(columns) - 0.4)
    style.name_rows(ax, pd.Index(rows))
    ax.spines["bottom"].set_visible(False)
    words = "; ".join(told or [cell.told for cell in cells])
    return show_figure(ax, name=name, caption=caption, alt=f"Heat map. {words}.")


def draw_cells(
    ax: Axes, cells: Sequence[Cell], *, wide: float = 0.96, high: float = 0.9, fontsize: float = 8.5
) -> None:
    """Draw cells around their points, the stronger the larger their shade is."""
    for x, y, shade, text, told, colour in cells:
        cell = Rectangle((x - wide / 2, y - high / 2), wide, high, color=colour, alpha=style.DEEPEST * shade, lw=0)
        tell(told, ax.add_artist(cell), ax.text(x, y, text, fontsize=fontsize, **INSIDE))


@styled
def figure_of_periods(study: Study, table: pd.DataFrame) -> Shown:
    """Share of articles naming each main actor over the periods: coloured where it changes, grey where it may not."""
    caption = (
        "Whom articles name, period by period: share of each period's articles. Coloured: a sure change (q ≤ 0.05). "
        "Grey: may be chance."
    )
    if table.empty:
        return nothing(caption, "Fewer than two periods have five articles, or no main actors are chosen.")
    ax: Axes = plt.subplots(figsize=(7.6, 4.6))[1]
    told: list[str] = []
    ends: list[tuple[float, str]] = []
    for label, rows in table.groupby("label", sort=False):
        values, found = 100 * rows["share"].to_numpy(), rows["q"].iloc[0] <= ALPHA
        colour = style.PARTS[len(ends) % len(style.PARTS)] if found else style.RULE
        shares = ", ".join(f"{row.named} of {row.articles} ({percent(row.share)})" for row in rows.itertuples())
        line = ax.plot(range(len(values)), values, color=colour, marker="o", ms=4, lw=1.8 if found else 1)
        tell(f"{label}: {shares}", *line)
        told.append(f"{label} {shares}")
        if found:
            ends.append((values[-1], str(label)))
    low = -_APART
    for value, label in sorted(ends):
        low, last = max(low + _APART, value), table["period"].nunique() - 1
        offset: Any = {"xytext": (8, 0), "textcoords": "offset points"}
        ax.annotate(label, (last, low), va="center", annotation_clip=False, **offset)
    sizes = table.drop_duplicates("period")
    days = period_days(study)
    ax.set_xticks(range(len(sizes)), [f"{days[row.period]}\n{row.articles} articles" for row in sizes.itertuples()])
    ax.set_ylabel("% of articles")
    ax.grid(axis="y", color=style.RULE, lw=0.5)
    return show_figure(ax, name="periods-actors", caption=caption, alt=f"Lines over the periods: {'; '.join(told)}.")


def figure_of_portrait(study: Study, outlet: str, right: str | None = None) -> Shown:
    """An outlet beside another, or all others: what it reports on, whom it names, in which words."""
    name, other = study.outlet_names[outlet], study.outlet_names.get(right or "", "the other outlets")
    titles = ("What they report on", "Whom they name", "In which words")
    parts = zip(titles, sides(study, outlet, right), strict=True)
    panels = [beside(side, title, name, other) for title, side in parts if len(side)]
    caption = f"{name} (blue) and {other} (orange), in % of articles, or of the cases in which one of the words stands."
    caption += f" Of the articles compared with each other. Beside each row: {name}'s count."
    return show_panels(panels, name="portrait", caption=caption) if panels else nothing(caption)


@styled
def beside(side: pd.DataFrame, title: str, name: str, other: str) -> tuple[Axes, str, str]:
    """Panel with two dots for each row of `views.sides`, joined by a line: axes, title, the same in words."""
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
    style.scale_across(ax, "%")
    return ax, title, f"Two dots a row. {'; '.join(told)}."
