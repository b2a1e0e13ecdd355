"""Whom each outlet names more or less than its articles' periods would have it (`stats.pooling`), as a heat map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from scipy import special, stats

from analysis.report import style
from analysis.report.components import Shown, csv_of, nothing, show_figure
from analysis.report.figures import FEWEST
from analysis.stats.pooling import MOST_OUTLETS, pooled_actors
from analysis.study import Study
from analysis.wording import number, percent, points

#: Share of articles by which the sentence on periods and outlets gives an example.
_EXAMPLE = 0.2


@style.styled
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
    frame = named_effects(study, pooled.effects)
    drawn = frame[frame["articles"] >= FEWEST]
    if drawn.empty:
        return nothing(caption)
    names = {column: list(dict.fromkeys(drawn[column])) for column in ("outlet_name", "actor_name")}
    ax: Axes = plt.subplots(figsize=(style.NARROW, 0.25 * len(names["outlet_name"]) + 1.5))[1]
    told = [_draw(ax, row, names) for row in drawn.itertuples()]
    columns = names["actor_name"]
    ax.set_xticks(range(len(columns)), columns, rotation=60, ha="left", rotation_mode="anchor")
    ax.xaxis.set_ticks_position("top")
    ax.tick_params(axis="x", length=0)
    ax.set_xlim(-0.6, len(columns) - 0.4)
    sizes = drawn.drop_duplicates("outlet")
    style.name_rows(ax, sizes["outlet_name"] + " (" + sizes["articles"].astype(str) + ")")
    ax.spines["bottom"].set_visible(False)
    shown = show_figure(ax, name="pooled", caption=caption, alt=f"Heat map. {'; '.join(told)}.")
    return replace(shown, record={**shown.record, "csv": csv_of(frame)})


def named_effects(study: Study, effects: pd.DataFrame) -> pd.DataFrame:
    """Effects with names and the chance that the difference is above 0, largest outlets first."""
    chance = stats.norm.cdf(np.nan_to_num(effects["effect"] / effects["sd"].where(effects["sd"] > 0)))
    table = effects.assign(
        actor=pd.Categorical(effects["actor"], study.settings.main_actors),  # sorts in this order
        outlet_name=effects["outlet"].map(study.outlet_names),
        actor_name=effects["actor"].map(study.actor_names),
        chance_above=np.round(chance, 4),
    )
    return table.sort_values(["articles", "outlet", "actor"], ascending=[False, True, True])


def _draw(ax: Axes, row: Any, names: Mapping[str, list[str]]) -> str:
    """Draw a cell; the same in words."""
    x, y = (names[column].index(getattr(row, column)) for column in ("actor_name", "outlet_name"))
    colour, shade = style.BLUE if row.chance_above >= 0.5 else style.ORANGE, abs(2 * row.chance_above - 1)
    square = Rectangle((x - 0.48, y - 0.45), 0.96, 0.9, color=colour, alpha=style.DEEPEST * shade, lw=0)
    cell, shown = ax.add_artist(square), number(100 * row.points, 0, sign=True)
    text = ax.text(x, y, "" if shown == "0" else shown, fontsize=8.5, **style.INSIDE)
    words = f"{row.outlet_name}, {row.actor_name}: {points(row.points)}"
    certainty = f"above 0 with {percent(row.chance_above)} certainty"
    style.tell(f"{words} ({row.named} of {row.articles}); {certainty}", cell, text)
    return words


def spread_sentence(sd: Mapping[str, float]) -> str:
    """Sentence on what matters more for whom articles name, period or outlet; empty where there is one period."""
    period, outlet = sd.get("period × actor"), sd.get("outlet × actor")
    if period is None or outlet is None:
        return ""
    first = "When an article appeared says more about whom it names than who published it."
    if outlet > period:
        first = "Who published an article says more about whom it names than when it appeared."
    over = [f"{_reach(spread)} over {unit}" for spread, unit in ((period, "periods"), (outlet, "outlets"))]
    base = f"For an actor in {percent(_EXAMPLE)} of articles"
    return f"{first} {base}, the share would typically range {' and '.join(over)}."


def _reach(spread: float) -> str:
    """Shares a standard deviation below and above the example's."""
    low, high = special.expit(special.logit(_EXAMPLE) + np.array([-spread, spread]))
    return f"from {number(100 * low, 0)} to {percent(high)}" if spread > 0 else "not at all"
