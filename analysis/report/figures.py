"""Drawings: a table in, matplotlib Axes out, nothing computed. Colours, type and SVG are those of `style`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from analysis.report import style
from analysis.report.style import INSIDE, styled, tell
from analysis.wording import day, equals, interval, number, percent, plural

#: Points that a digit of the time line is wide, and that all its days are together.
_DIGIT, _ROOM = 4.5, 540


def _name_rows(ax: Axes, labels: pd.Index | pd.Series, top: float = -0.6) -> None:
    ax.set_yticks(range(len(labels)), list(map(str, labels)))
    ax.set_ylim(len(labels) - 0.4, top)


def _draw_point(ax: Axes, y: int, x: Sequence[float], text: str, colour: str, filled: bool, **line: Any) -> None:
    """A line with a mark at its second point, and a tooltip: one artist, since every artist costs time."""
    face = colour if filled else style.PAPER
    tell(text, *ax.plot(x, [y] * len(x), color=colour, marker="o", markevery=[1], markerfacecolor=face, **line))


@styled
def plot_timeline(daily: pd.DataFrame, *, happenings: Sequence[tuple[date, str]] = ()) -> Axes:
    """Items per outlet and day: a stronger blue is more, a dash (NaN) not observed, a numbered line a happening."""
    ax: Axes = plt.subplots(figsize=(9.2, 0.24 * len(daily) + 1.1))[1]
    days = list(daily.columns)
    _draw_days(ax, daily)
    position = {pd.Timestamp(d): x for x, d in enumerate(days)}
    inside = [position[pd.Timestamp(d)] for d, _ in happenings if pd.Timestamp(d) in position]
    for n, x in enumerate(inside, start=1):
        ax.axvline(x, color=style.ORANGE, lw=0.9, zorder=0)
        # Neighbouring days would print their numbers over one another: every second one a line higher.
        ax.text(x, -0.75 - 0.75 * (n % 2), str(n), ha="center", va="bottom", fontsize=8.5)
    ticks = [x for x, d in enumerate(days) if d.day in (1, 15)]
    if len(ticks) < 2:  # of a week that has neither day, no date would be told
        ticks = list(range(0, len(days), -(-len(days) // 6)))
    ax.set_xticks(ticks, [day(days[x], year=False) for x in ticks])
    ax.set_xlim(-1, len(days))
    _name_rows(ax, daily.index, top=-2.2)
    return ax


def _draw_days(ax: Axes, daily: pd.DataFrame) -> None:
    top = float(np.nan_to_num(daily.to_numpy(float)).max(initial=1.0))
    for y, (outlet, row) in enumerate(daily.iterrows()):
        for x, (when, items) in enumerate(row.items()):
            if not items > 0:
                continue
            shade = style.DEEPEST * (0.3 + 0.7 * items / top)
            square = Rectangle((x - 0.45, y - 0.4), 0.9, 0.8, color=style.BLUE, alpha=shade, lw=0)
            marks: list[Artist] = [ax.add_artist(square)]
            if items > 1:
                written = f"{items:.0f}"
                # Two digits are wider than a day of a long window, and would run into the next day's.
                turn = 90 if len(written) * _DIGIT > _ROOM / (len(row) + 1) else 0
                marks.append(ax.text(x, y, written, rotation=turn, fontsize=7, **INSIDE))
            tell(f"{outlet}, {day(when)}: {plural(int(items), 'item')}", *marks)
    rows, columns = np.nonzero(daily.isna().to_numpy())
    tell("not observed", ax.hlines(rows, columns - 0.3, columns + 0.3, color=style.RULE, lw=1.1))


@styled
def plot_estimates(frame: pd.DataFrame, *, panel: str | None = None, columns: int = 4, **options: Any) -> Axes:
    """Points with intervals from the top down; small multiples with the same labels where `panel` names a column."""
    if panel is None:
        axes: Axes = plt.subplots(figsize=(7.6, 0.27 * len(frame) + 0.75))[1]
        _draw_estimates(axes, frame, **options)
        return axes
    panels, labels = list(dict.fromkeys(frame[panel])), list(dict.fromkeys(frame["label"]))
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    size = (9.2, rows * (0.235 * len(labels) + 0.62) + 0.2)
    grid = plt.subplots(rows, columns, figsize=size, sharex=True, sharey=True, squeeze=False)[1].flat
    for place, (name, ax) in enumerate(zip(panels, grid, strict=False)):
        _draw_estimates(ax, frame[frame[panel] == name].set_index("label").reindex(labels).reset_index(), **options)
        ax.set_title(str(name))
        if place < len(panels) - columns:
            ax.set_xlabel("")
        else:  # the lowest of its column, though not always in the lowest row
            ax.tick_params(labelbottom=True)
    for ax in grid[len(panels) :]:
        ax.set_visible(False)
    return grid[0]  # type: ignore[no-any-return]


def _draw_estimates(
    ax: Axes,
    frame: pd.DataFrame,
    xlabel: str = "",
    scale: float = 1,
    digits: int = 2,
    zero: bool = False,
    mark: str = "",
) -> None:
    """Each row's label, estimate, lower and upper times `scale`; hollow where the column `mark` is false."""
    if zero:
        ax.axvline(0, color=style.MUTED, lw=0.8)
    for y, row in enumerate(frame.to_dict("records")):
        strong = not mark or bool(row[mark])
        colour = style.OUTLET_COLOURS.get(str(row["label"]), style.BLUE) if strong else style.MUTED
        x = [scale * row[column] for column in ("lower", "estimate", "upper")]
        text = f"{row['label']}: {number(x[1], digits)} ({interval(row['lower'], row['upper'], digits, scale=scale)})"
        _draw_point(ax, y, x, text, colour, strong, lw=1.6, ms=5.5, solid_capstyle="round")
    _name_rows(ax, frame["label"])
    ax.set_xlabel(xlabel)
    ax.grid(axis="x", color=style.RULE, lw=0.5)
    ax.set_axisbelow(True)


@styled
def plot_stacked(shares: pd.DataFrame, *, notes: Sequence[str] = ()) -> Axes:
    """Shares of a whole as one bar per row with a note at its end; parts named inside where there is room."""
    ax: Axes = plt.subplots(figsize=(7.6, 0.34 * len(shares) + 0.9))[1]
    left = np.zeros(len(shares))
    for place, part in enumerate(shares.columns):
        width = shares[part].to_numpy(float)
        others = part == "all others"
        colour = style.MUTED if others else style.PARTS[place % len(style.PARTS)]
        ink = style.PAPER if others else style.ON_PARTS[place % len(style.PARTS)]
        bars = ax.barh(range(len(shares)), 100 * width, left=100 * left, height=0.72, color=colour, label=part, lw=0)
        for y, (x, w, bar) in enumerate(zip(left, width, bars, strict=True)):
            marks: list[Artist] = [bar]
            if w * 100 >= 1.9 * len(f"{part}") and w >= 0.1:
                marks.append(ax.text(100 * (x + w / 2), y, part, color=ink, fontsize=8, **INSIDE))
            tell(f"{shares.index[y]}: {part}, {percent(w)}", *marks)
        left = left + width
    for y, note in enumerate(notes):
        ax.text(101.5, y, note, va="center", color=style.INK, fontsize=8.5)
    _name_rows(ax, shares.index)
    ax.set_xlim(0, 100)
    ax.set_xlabel("% of the set's uses")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, fontsize=8.5, handlelength=1)
    return ax


@styled
def plot_words(words: pd.DataFrame, *, left: str, right: str) -> Axes:
    """Words (feature, z, q) by z of their log-odds, filled where significant; `left` and `right` are who uses them."""
    ax: Axes = plt.subplots(figsize=(7.6, 0.23 * len(words) + 0.8))[1]
    for y, row in enumerate(words.to_dict("records")):
        z, side = row["z"], 1 if row["z"] > 0 else -1
        text = f"{row['feature']}: z {number(z, 1, sign=True)}, {equals('q', row['q'])}"
        _draw_point(ax, y, [0, z], text, style.BLUE if z > 0 else style.ORANGE, row["q"] <= 0.05, lw=1.2, ms=5)
        beside: Any = {"xytext": (6 * side, 0), "textcoords": "offset points", "ha": "left" if z > 0 else "right"}
        ax.annotate(row["feature"], (z, y), va="center", **beside)
    ax.axvline(0, color=style.MUTED, lw=0.8)
    _name_rows(ax, words["feature"])
    ax.set_yticks([])
    reach = 1.45 * float(words["z"].abs().max())
    ax.set_xlim(-reach, reach)
    ax.set_xlabel(f"z of the log-odds ratio:  ← {left}   |   {right} →")
    return ax


@styled
def plot_matrix(counts: pd.DataFrame) -> Axes:
    """Counts in rows and columns, shaded by the share of their row."""
    ax: Axes = plt.subplots(figsize=(9.2, 0.27 * len(counts) + 1.5))[1]
    for y, (name, row) in enumerate(counts.iterrows()):
        for x, (column, count) in enumerate(row.items()):
            if count:
                shade = style.DEEPEST * (0.14 + 0.86 * count / row.sum())
                cell = ax.add_artist(Rectangle((x - 0.48, y - 0.45), 0.96, 0.9, color=style.BLUE, alpha=shade, lw=0))
                tell(f"{name}, {column}: {count}", cell, ax.text(x, y, str(count), fontsize=8.5, **INSIDE))
    columns = [str(column).replace(" and ", "\nand ") for column in counts.columns]
    ax.set_xticks(range(len(columns)), columns, rotation=40, ha="left", rotation_mode="anchor")
    ax.xaxis.set_ticks_position("top")
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.6, len(columns) - 0.4)
    _name_rows(ax, counts.index)
    ax.spines["bottom"].set_visible(False)
    return ax
