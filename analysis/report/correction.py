"""The exhibits of tone: means with intervals, and means corrected for what the instrument gets wrong."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.report import figures
from analysis.report.display import Format, Shown, alt_estimates, show_figure, show_table
from analysis.report.exhibits import nothing
from analysis.wording import number, percent


def figure_of_means(
    frame: pd.DataFrame,
    *,
    name: str,
    caption: str,
    what: str,
    mark: str | None = None,
    panel: str | None = None,
) -> Shown:
    """Mean valence with intervals, as points; a panel for each value of `panel`.

    Parameters
    ----------
    frame : DataFrame with label, mean, lower, upper, from `corpus.valence_by` or `views.valence_by_period`
    name, caption : as in `show_figure`
    what : what is drawn, as the text alternative begins
    mark : column of booleans, filled where true
    """
    drawn = frame.dropna(subset=["mean"])
    if frame.empty:
        return nothing(caption, "No article is in such a group: none coded, or no outlet with enough articles.")
    if drawn.empty:
        return nothing(caption, "No article has a tone: its language has no instrument, or it has no text to compare.")
    options: dict[str, Any] = {"estimate": "mean", "zero": True, "mark": mark, "xlabel": "mean valence, −1 to 1"}
    if panel:
        axes = figures.plot_panels(
            drawn, panel=panel, label="label", titles={}, **{**options, "xlabel": "mean valence"}
        )
    else:
        axes = figures.plot_estimates(drawn, **options)
    alt = alt_estimates(drawn, what=what, estimate="mean", digits=2, panel=panel, mark=mark)
    return show_figure(axes, name=name, caption=caption, alt=alt)


def figure_of_correction(corrected: pd.DataFrame) -> Shown:
    """Corrected mean polarity by outlet (`misclassification.corrected_tone`)."""
    caption = (
        "Mean polarity toward the persons and bodies an outlet mentions (mentions in brackets), corrected for what "
        "the instrument gets wrong, with 95 % bootstrap intervals over articles and coded mentions."
    )
    if corrected.empty:
        return nothing(caption, "Too few mentions of this study are coded by hand to correct by (polarity.csv).")
    return show_figure(
        figures.plot_estimates(corrected, estimate="corrected", zero=True, xlabel="mean polarity, −1 to 1, corrected"),
        name="corrected",
        caption=caption,
        alt=alt_estimates(corrected, what="Corrected mean polarity by outlet", estimate="corrected", digits=2),
    )


def table_of_correction(corrected: pd.DataFrame) -> Shown:
    """Polarity toward actors as measured and corrected (`misclassification.corrected_tone`)."""
    columns: dict[str, tuple[str, Format | None]] = {
        "label": ("outlet (mentions)", None),
        "articles": ("articles", None),
        "negative": ("negative, measured", percent),
        "corrected_negative": ("negative, corrected", percent),
        "measured": ("mean, measured", number),
        "corrected": ("mean, corrected", number),
        "lower": ("from", number),
        "upper": ("to", number),
    }
    caption = (
        "Polarity toward the persons and bodies an outlet mentions, as measured and corrected: share of mentions in "
        "the negative class, and mean of −1, 0 and 1 with the 95 % interval of the corrected one."
    )
    return show_table(corrected, name="corrected", caption=caption, columns=columns)
