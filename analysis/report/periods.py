"""Actors over the periods of a study (`corpus.actors_by_period`): sentences, and a figure of slopes."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from analysis.report import style
from analysis.report.components import Shown, nothing, show_figure
from analysis.report.findings import Finding
from analysis.stats.inference import ALPHA
from analysis.stats.pooling import outlet_differences
from analysis.study import Study
from analysis.wording import day_range, equals, percent

#: Per cent that the names at the ends of two lines are apart.
_APART = 4.5


def period_findings(study: Study, table: pd.DataFrame, *, limit: int = 1) -> list[Finding]:
    """Sentences on the actors whose share changes most between periods, largest change first; none where none does."""
    changed = []
    days = _days(study)
    for _, rows in table[table["q"] <= ALPHA].groupby("actor", sort=False):
        ends = rows.loc[sorted({rows["share"].idxmax(), rows["share"].idxmin()})]
        first, last = ends.iloc[0], ends.iloc[-1]
        text = (
            f"{first['label']} is named in {first['named']} of {first['articles']} articles from "
            f"{days[first['period']]}, in {last['named']} of {last['articles']} from {days[last['period']]}."
        )
        changed.append((abs(first["share"] - last["share"]), Finding(text)))
    changed.sort(key=lambda pair: -pair[0])
    return [finding for _, finding in changed[:limit]]


def _days(study: Study) -> dict[str, str]:
    return {period.name: day_range(period.start, period.end) for period in study.settings.periods}


@style.styled
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
    for _, rows in table.groupby("actor", sort=False):
        label, values = rows["label"].iloc[0], 100 * rows["share"].to_numpy()
        found = rows["q"].iloc[0] <= ALPHA
        colour = style.PARTS[len(ends) % len(style.PARTS)] if found else style.RULE
        (line,) = ax.plot(range(len(values)), values, color=colour, marker="o", ms=4, lw=1.8 if found else 1)
        shares = ", ".join(
            f"{row.named} of {row.articles} ({percent(row.share)})" for row in rows.itertuples()
        )  # fmt: skip
        style.tell(f"{label}: {shares}", line)
        told.append(f"{label} {shares}")
        if found:
            ends.append((values[-1], str(label)))
    low = -_APART
    for value, label in sorted(ends):
        low = max(low + _APART, value)
        ax.annotate(label, (table["period"].nunique() - 1, low), xytext=(8, 0), textcoords="offset points",
                    va="center", annotation_clip=False)  # fmt: skip
    sizes = table.drop_duplicates("period")
    days = _days(study)
    ax.set_xticks(range(len(sizes)), [f"{days[row.period]}\n{row.articles} articles" for row in sizes.itertuples()])
    ax.set_ylabel("% of articles")
    ax.grid(axis="y", color=style.RULE, lw=0.5)
    return show_figure(ax, name="periods-actors", caption=caption, alt=f"Lines over the periods: {'; '.join(told)}.")


def omnibus_findings(study: Study) -> list[Finding]:
    """Sentences on outlets that differ in whom they name or what they report on; none where that is not sure."""
    tested = outlet_differences(study)
    verbs = {"actors": "whom they name", "subevents": "what they report on"}
    return [
        Finding(
            f"Outlets differ in {verb}, also among articles of one period: {row['articles']:.0f} articles of "
            f"{row['outlets']:.0f} outlets ({equals('p', row['p'])})."
        )
        for (_, row), verb in zip(tested.loc[list(verbs)].iterrows(), verbs.values(), strict=True)
        if row["p"] <= ALPHA
    ]
