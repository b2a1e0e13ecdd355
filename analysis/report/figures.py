"""Drawings: a table in, matplotlib Axes out, nothing computed. Colours, type and SVG are those of `style`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from analysis.report.style import (
    BLUE,
    DEEPEST,
    INK,
    INSIDE,
    MUTED,
    ON_PARTS,
    ORANGE,
    OUTLET_COLOURS,
    PAPER,
    PARTS,
    RULE,
    canvas,
    styled,
    tell,
)
from analysis.wording import day, equals, interval, number, percent, plural

#: Points that a digit of the time line is wide, and that all its days are together.
_DIGIT, _ROOM = 4.5, 540


@styled
def plot_timeline(daily: pd.DataFrame, *, names: Mapping[str, str], happenings: Sequence[tuple[date, str]]) -> Axes:
    """Items per outlet (rows) and day (columns): a stronger blue is more, a dash is a day not observed.

    Parameters
    ----------
    daily : DataFrame (outlet × day), 0 for nothing, NaN for not observed
    names : outlet → name
    happenings : (day, name) drawn as numbered lines
    """
    ax: Axes = canvas(0.24 * len(daily) + 1.1, 9.2)[1]
    days = list(daily.columns)
    _draw_days(ax, daily, names)
    position = {pd.Timestamp(d): x for x, d in enumerate(days)}
    inside = [(position[pd.Timestamp(d)], name) for d, name in happenings if pd.Timestamp(d) in position]
    for n, (x, _) in enumerate(inside, start=1):
        ax.axvline(x, color=ORANGE, lw=0.9, zorder=0)
        # Neighbouring days would print their numbers over one another: every second one a line higher.
        ax.text(x, -0.75 - 0.75 * (n % 2), str(n), ha="center", va="bottom", fontsize=8.5)
    ticks = [x for x, d in enumerate(days) if d.day in (1, 15)]
    if len(ticks) < 2:  # of a week that has neither day, no date would be told
        ticks = list(range(0, len(days), -(-len(days) // 6)))
    ax.set_xticks(ticks, [day(days[x], year=False) for x in ticks])
    ax.set_yticks(range(len(daily)), [names.get(str(o), str(o)) for o in daily.index])
    ax.set_xlim(-1, len(days))
    ax.set_ylim(len(daily) - 0.4, -2.2)
    return ax


def _draw_days(ax: Axes, daily: pd.DataFrame, names: Mapping[str, str]) -> None:
    """A mark for each day of each outlet that has items, and a dash for each that was not observed."""
    top = float(np.nan_to_num(daily.to_numpy(float)).max(initial=1.0))
    for y, (outlet, row) in enumerate(daily.iterrows()):
        for x, (when, items) in enumerate(row.items()):
            if not items > 0:
                continue
            shade = DEEPEST * (0.3 + 0.7 * items / top)
            square = Rectangle((x - 0.45, y - 0.4), 0.9, 0.8, color=BLUE, alpha=shade, lw=0)
            marks: list[Artist] = [ax.add_artist(square)]
            if items > 1:
                written = f"{items:.0f}"
                # Two digits are wider than a day of a long window, and would run into the next day's.
                turn = 90 if len(written) * _DIGIT > _ROOM / (len(row) + 1) else 0
                marks.append(ax.text(x, y, written, rotation=turn, fontsize=7, **INSIDE))
            tell(f"{names.get(str(outlet), str(outlet))}, {day(when)}: {plural(int(items), 'item')}", *marks)
    rows, columns = np.nonzero(daily.isna().to_numpy())
    tell("not observed", ax.hlines(rows, columns - 0.3, columns + 0.3, color=RULE, lw=1.1))


@styled
def plot_estimates(
    frame: pd.DataFrame,
    *,
    label: str = "label",
    estimate: str = "estimate",
    lower: str = "lower",
    upper: str = "upper",
    xlabel: str = "",
    scale: float = 1,
    digits: int = 2,
    zero: bool = False,
    mark: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Points with intervals, one row each, in the frame's order from the top.

    Parameters
    ----------
    frame : DataFrame with the columns named by label, estimate, lower, upper
    scale : float, values are multiplied by it (100 for percentages)
    digits : int, decimals with which a point tells its values
    zero : draw a line at 0
    mark : column of booleans; rows where it is true are filled and coloured, others hollow
    """
    if ax is None:
        _, ax = canvas(0.27 * len(frame) + 0.75)
    if zero:
        ax.axvline(0, color=MUTED, lw=0.8)
    for y, row in enumerate(frame.to_dict("records")):
        strong = mark is None or bool(row[mark])
        colour = OUTLET_COLOURS.get(str(row[label]), BLUE) if strong else MUTED
        face = colour if strong else PAPER
        x = [scale * row[column] for column in (lower, estimate, upper)]
        # One line with a mark in its middle: every artist costs time.
        style: Any = {"marker": "o", "ms": 5.5, "markevery": [1], "markerfacecolor": face, "solid_capstyle": "round"}
        ends = interval(row[lower], row[upper], digits, scale=scale)
        tell(f"{row[label]}: {number(x[1], digits)} ({ends})", *ax.plot(x, [y] * 3, color=colour, lw=1.6, **style))
    ax.set_yticks(range(len(frame)), list(map(str, frame[label])))
    ax.set_ylim(len(frame) - 0.4, -0.6)
    ax.set_xlabel(xlabel)
    ax.grid(axis="x", color=RULE, lw=0.5)
    ax.set_axisbelow(True)
    return ax


@styled
def plot_panels(frame: pd.DataFrame, *, panel: str, label: str = "label", columns: int = 4, **options: Any) -> Axes:
    """`plot_estimates` in small multiples with shared axes: a panel for each value of a column.

    Every panel shows the same labels in the same order (that of their first appearance).
    """
    panels = list(dict.fromkeys(frame[panel]))
    labels = list(dict.fromkeys(frame[label]))
    columns = max(1, min(columns, len(panels)))
    rows = -(-len(panels) // columns)
    height = rows * (0.235 * len(labels) + 0.62) + 0.2
    _, grid = canvas(height, 9.2, nrows=rows, ncols=columns, sharex=True, sharey=True, squeeze=False)
    for place, ax in enumerate(grid.flat):
        if place >= len(panels):
            ax.set_visible(False)
            continue
        part = frame[frame[panel] == panels[place]].set_index(label).reindex(labels).rename_axis(label).reset_index()
        plot_estimates(part, label=label, ax=ax, **options)
        ax.set_title(str(panels[place]))
        if place < len(panels) - columns:
            ax.set_xlabel("")
        else:  # the lowest of its column, though not always in the lowest row
            ax.tick_params(labelbottom=True)
    return grid.flat[0]  # type: ignore[no-any-return]


@styled
def plot_stacked(shares: pd.DataFrame, *, notes: Sequence[str] = ()) -> Axes:
    """Shares of a whole as one bar per row; parts named inside where there is room, and in the legend.

    Parameters
    ----------
    shares : DataFrame (row × part), each row sums to 1; columns are the labels shown
    notes : what to write at the end of each bar (its n)
    """
    ax: Axes = canvas(0.34 * len(shares) + 0.9)[1]
    left = np.zeros(len(shares))
    for place, part in enumerate(shares.columns):
        width = shares[part].to_numpy(float)
        others = part == "all others"
        colour = MUTED if others else PARTS[place % len(PARTS)]
        ink = PAPER if others else ON_PARTS[place % len(PARTS)]
        bars = ax.barh(range(len(shares)), 100 * width, left=100 * left, height=0.72, color=colour, label=part, lw=0)
        for y, (x, w, bar) in enumerate(zip(left, width, bars, strict=True)):
            marks: list[Artist] = [bar]
            if w * 100 >= 1.9 * len(f"{part}") and w >= 0.1:
                marks.append(ax.text(100 * (x + w / 2), y, part, color=ink, fontsize=8, **INSIDE))
            tell(f"{shares.index[y]}: {part}, {percent(w)}", *marks)
        left = left + width
    for y, note in enumerate(notes):
        ax.text(101.5, y, note, va="center", color=INK, fontsize=8.5)
    ax.set_yticks(range(len(shares)), list(map(str, shares.index)))
    ax.set_ylim(len(shares) - 0.4, -0.6)
    ax.set_xlim(0, 100)
    ax.set_xlabel("% of the set's uses")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, fontsize=8.5, handlelength=1)
    return ax


@styled
def plot_words(words: pd.DataFrame, *, left: str, right: str) -> Axes:
    """Words by z of their log-odds, from the group's side (top) to its reference's (bottom).

    Parameters
    ----------
    words : DataFrame with feature, z, q; in the order to draw
    left, right : whose words stand at negative and at positive z
    """
    ax: Axes = canvas(0.23 * len(words) + 0.8)[1]
    for y, row in enumerate(words.to_dict("records")):
        colour = BLUE if row["z"] > 0 else ORANGE
        face = colour if row["q"] <= 0.05 else PAPER
        style: Any = {"marker": "o", "ms": 5, "markevery": [1], "markerfacecolor": face}
        tooltip = f"{row['feature']}: z {number(row['z'], 1, sign=True)}, {equals('q', row['q'])}"
        tell(tooltip, *ax.plot([0, row["z"]], [y, y], color=colour, lw=1.2, **style))
        ax.annotate(
            row["feature"],
            (row["z"], y),
            xytext=(6 if row["z"] > 0 else -6, 0),
            textcoords="offset points",
            ha="left" if row["z"] > 0 else "right",
            va="center",
        )
    ax.axvline(0, color=MUTED, lw=0.8)
    ax.set_yticks([])
    reach = 1.45 * float(words["z"].abs().max()) if len(words) else 1
    ax.set_xlim(-reach, reach)
    ax.set_ylim(len(words) - 0.4, -0.6)
    ax.set_xlabel(f"z of the log-odds ratio:  ← {left}   |   {right} →")
    return ax


@styled
def plot_matrix(table: pd.DataFrame, *, names: Mapping[str, str]) -> Axes:
    """Counts in rows and columns, shaded by the share of their row.

    Parameters
    ----------
    table : DataFrame of counts (row × column)
    names : row and column ids → names shown
    """
    ax: Axes = canvas(0.27 * len(table) + 1.5, 9.2)[1]
    totals = table.sum(axis=1).replace(0, 1)
    for y, (key, row) in enumerate(table.iterrows()):
        for x, count in enumerate(row):
            if count:
                shade = DEEPEST * (0.14 + 0.86 * count / totals[key])
                cell = ax.add_artist(Rectangle((x - 0.48, y - 0.45), 0.96, 0.9, color=BLUE, alpha=shade, lw=0))
                written = ax.text(x, y, str(count), fontsize=8.5, **INSIDE)
                row_name, column = (names.get(str(name), str(name)) for name in (key, table.columns[x]))
                tell(f"{row_name}, {column}: {count}", cell, written)
    columns = [names.get(str(c), str(c)).replace(" and ", "\nand ") for c in table.columns]
    ax.set_xticks(range(len(columns)), columns, rotation=40, ha="left", rotation_mode="anchor")
    ax.xaxis.set_ticks_position("top")
    ax.tick_params(axis="x", length=0)
    ax.set_yticks(range(len(table)), [names.get(str(r), str(r)) for r in table.index])
    ax.set_xlim(-0.6, len(columns) - 0.4)
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.spines["bottom"].set_visible(False)
    return ax
