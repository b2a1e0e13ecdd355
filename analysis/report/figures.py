"""Figures of words, days and sub-events. Each text alternative holds the numbers drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from analysis.errors import ParameterError
from analysis.report import style
from analysis.report.components import Shown, note, nothing, show_figure, show_table
from analysis.report.findings import label_sets, reference_name
from analysis.report.style import INSIDE, styled, tell
from analysis.report.views import stacked, words_of
from analysis.study import Study
from analysis.wording import day, equals, listing, number, percent, plural, small

#: Points that a digit of the time line is wide, and that all its days are together.
_DIGIT, _ROOM = 4.5, 540


@styled
def figure_of_words(study: Study, results: pd.DataFrame, group: str, *, each: int = 10) -> Shown | None:
    """Words that set an outlet apart from its reference by z; None where none in its language can be compared."""
    words = words_of(study, results, group, each=each)
    if words.empty:
        return None
    name, other = study.outlet_names[group], reference_name(study, words.iloc[0])
    ax: Axes = plt.subplots(figsize=(7.6, 0.23 * len(words) + 0.8))[1]
    told = []
    for y, row in enumerate(words.to_dict("records")):
        z, word, shown = row["z"], row["feature"], number(row["z"], 1, sign=True)
        told.append(f"{word} {shown} (q {small(row['q'])})")
        tip, colour = f"{word}: z {shown}, {equals('q', row['q'])}", style.BLUE if z > 0 else style.ORANGE
        style.draw_point(ax, y, [0, z], tip, colour, row["q"] <= 0.05, lw=1.2, ms=5)
        side: Any = {"ha": "left", "xytext": (6, 0)} if z > 0 else {"ha": "right", "xytext": (-6, 0)}
        ax.annotate(word, (z, y), textcoords="offset points", va="center", **side)
    ax.axvline(0, color=style.MUTED, lw=0.8)
    style.name_rows(ax, words["feature"])
    ax.set_yticks([])
    reach = 1.45 * float(words["z"].abs().max())
    ax.set_xlim(-reach, reach)
    ax.set_xlabel(f"z of the log-odds ratio:  ← {other}   |   {name} →")
    sides = f"{name} ({words['articles'].iloc[0]} articles) against {other} ({words['reference_articles'].iloc[0]})"
    caption = (
        f"{sides}: words with the largest and smallest z of the log-odds ratio, function words left out. Filled points "
        f"stand after correction."
    )
    alt = f"Words with their z, positive for {name}: {'; '.join(told)}."
    return show_figure(ax, name=f"words-{group}", caption=caption, alt=alt)


@styled
def figure_of_labels(study: Study, shares: pd.DataFrame, label_set: str) -> Shown:
    """Shares of a set's words (`views.labels_by_outlet`) as one bar per outlet; parts are named where there is room."""
    wide, referent = stacked(shares), label_sets(study)[label_set]
    ax: Axes = plt.subplots(figsize=(7.6, 0.34 * len(wide) + 0.9))[1]
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
    users = shares.drop_duplicates("group_name").set_index("group_name")["articles"].reindex(wide.index)
    for y, articles in enumerate(users):
        ax.text(101.5, y, f"{articles} art.", va="center", color=style.INK, fontsize=8.5)
    style.name_rows(ax, wide.index)
    ax.set_xlim(0, 100)
    ax.set_xlabel("% of the set's uses")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, fontsize=8.5, handlelength=1)
    caption = f"Words for {referent}: shares. At the end of each bar, the articles that use any of them."
    alt = f"Stacked bars of the words for {referent}. {_told(wide.map(percent).where(wide > 0, ''))}."
    return show_figure(ax, name=f"set-{label_set}", caption=caption, alt=alt)


def _told(cells: pd.DataFrame) -> str:
    """Each row's name, then its columns' names with what is not empty of their cells."""
    rows = [(name, [f"{column} {cell}" for column, cell in row.items() if cell]) for name, row in cells.iterrows()]
    return "; ".join(f"{name}: {', '.join(texts)}" for name, texts in rows)


def table_of_labels(study: Study, shares: pd.DataFrame, label_set: str) -> Shown:
    """Uses and shares of a set's words with simultaneous intervals, folded; frame from `views.labels_by_outlet`."""
    columns: Any = {
        **{"group_name": "outlet", "label": "word", "uses": "uses", "set_uses": "of", "articles": "in articles"},
        **{"share": ("share", percent), "lower": ("from", percent), "upper": ("to", percent)},
    }
    caption = f"Words for {label_sets(study)[label_set]}: uses and shares, simultaneous 95 % intervals."
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
    """Items per outlet and day (`corpus.daily`): stronger blue is more, a dash not observed, a line a happening."""
    ax: Axes = plt.subplots(figsize=(9.2, 0.24 * len(days) + 1.1))[1]
    days = days.rename(index=study.outlet_names)
    told = [_draw_days(ax, y, str(outlet), row, days.max(axis=None)) for y, (outlet, row) in enumerate(days.iterrows())]
    rows, columns = np.nonzero(days.isna().to_numpy())
    tell("not observed", ax.hlines(rows, columns - 0.3, columns + 0.3, color=style.RULE, lw=1.1))
    position = {when: x for x, when in enumerate(days.columns)}
    happenings = study.settings.happenings
    inside = [position[when] for one in happenings if (when := pd.Timestamp(one.day)) in position]
    for n, x in enumerate(inside, start=1):
        ax.axvline(x, color=style.ORANGE, lw=0.9, zorder=0)
        # Neighbouring days would print their numbers over one another: every second one a line higher.
        ax.text(x, -0.75 - 0.75 * (n % 2), str(n), ha="center", va="bottom", fontsize=8.5)
    ticks = [x for when, x in position.items() if when.day in (1, 15)]
    if len(ticks) < 2:  # of a week that has neither day, no date would be told
        ticks = list(range(0, len(position), -(-len(position) // 6)))
    ax.set_xticks(ticks, [day(days.columns[x], year=False) for x in ticks])
    ax.set_xlim(-1, len(position))
    style.name_rows(ax, days.index, top=-2.2)
    marks = "; ".join(f"{n} {one.name} ({day(one.day, year=False)})" for n, one in enumerate(happenings, start=1))
    caption = f"Items per day; a dash is a day not observed.{f' Orange: {marks}.' if marks else ''}"
    return show_figure(
        ax, name="days", caption=caption, alt=f"Calendar of items per outlet and day. {'; '.join(told)}."
    )


def _draw_days(ax: Axes, y: int, outlet: str, row: pd.Series, most: float) -> str:
    """The days of one outlet, which are also told."""
    for x, (when, items) in enumerate(row.items()):
        if not items > 0:
            continue
        shade = style.DEEPEST * (0.3 + 0.7 * items / most)
        square = Rectangle((x - 0.45, y - 0.4), 0.9, 0.8, color=style.BLUE, alpha=shade, lw=0)
        marks: list[Artist] = [ax.add_artist(square)]
        if items > 1:
            # Two digits are wider than a day of a long window, and would run into the next day's.
            turn = 90 if len(f"{items:.0f}") * _DIGIT > _ROOM / (len(row) + 1) else 0
            marks.append(ax.text(x, y, f"{items:.0f}", rotation=turn, fontsize=7, **INSIDE))
        tell(f"{outlet}, {day(when)}: {plural(int(items), 'item')}", *marks)
    seen, missed = plural(int((row > 0).sum()), "day"), plural(int(row.isna().sum()), "day")
    return f"{outlet} {int(row.sum())} on {seen}, {missed} not observed"


@styled
def figure_of_subevents(study: Study, topics: pd.DataFrame) -> Shown:
    """Articles per outlet and sub-event (`corpus.subevents`), shaded by the share of their row."""
    counts = topics.fillna(0).astype("int64")
    if not counts.to_numpy().sum():
        return nothing("Articles by sub-event", "No sub-event of these articles is coded (articles.csv, subevent).")
    counts = counts.rename(index=study.outlet_names, columns=lambda topic: topic.replace("-", " "))
    ax: Axes = plt.subplots(figsize=(9.2, 0.27 * len(counts) + 1.5))[1]
    for y, (name, row) in enumerate(counts.iterrows()):
        for x, (column, count) in enumerate(row.items()):
            if count:
                shade = style.DEEPEST * (0.14 + 0.86 * count / row.sum())
                cell = ax.add_artist(Rectangle((x - 0.48, y - 0.45), 0.96, 0.9, color=style.BLUE, alpha=shade, lw=0))
                tell(f"{name}, {column}: {count}", cell, ax.text(x, y, str(count), fontsize=8.5, **INSIDE))
    columns = [column.replace(" and ", "\nand ") for column in counts.columns]
    ax.set_xticks(range(len(columns)), columns, rotation=40, ha="left", rotation_mode="anchor")
    ax.xaxis.set_ticks_position("top")
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.6, len(columns) - 0.4)
    style.name_rows(ax, counts.index)
    ax.spines["bottom"].set_visible(False)
    caption = "Articles by sub-event; the stronger the blue, the larger the share of the row."
    return show_figure(ax, name="subevents", caption=caption, alt=f"Matrix of articles. {_told(counts)}.")
