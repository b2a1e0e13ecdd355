"""Tables of results: their captions and the columns a page shows. The CSV of a table holds its whole frame."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.report.components import POINTS, RATE, Format, Shown, Unit, show_table
from analysis.report.views import label_sets
from analysis.study import Study
from analysis.wording import number, percent, small

_COUNT = Unit(1, 0, "count")
_Columns = dict[str, tuple[str, Format | None]]


def table_of_differences(
    frame: pd.DataFrame, unit: Unit, *, name: str, caption: str, first: Mapping[str, str], fold: bool = True
) -> Shown:
    """Differences with intervals, q, what could have been found, and the counts on both sides.

    Parameters
    ----------
    frame : DataFrame from `views.differences` or `views.variants`
    unit : Unit
    name, caption, fold : as in `show_table`
    first : column → heading, for what names a row
    """
    columns: _Columns = {
        **{column: (title, None) for column, title in first.items()},
        "count": ("counted", _COUNT.form()),
        "reference_count": ("other side: counted", _COUNT.form()),
        "articles": ("articles", None),
        "reference_articles": ("other side: articles", None),
        "estimate": (f"difference, {unit.name}", unit.form(sign=True)),
        "lower": ("from", unit.form(sign=True)),
        "upper": ("to", unit.form(sign=True)),
        "q": ("q", small),
        "detectable": ("detectable", unit.form()),
    }
    return show_table(frame, name=name, caption=caption, columns=columns, fold=fold)


def table_of_groups(study: Study, *tables: pd.DataFrame) -> Shown | None:
    """Differences between groups of outlets (`groups.group_differences`), folded; None where there are none."""
    if not (some := [table for table in tables if len(table)]):
        return None
    every = pd.concat(some, ignore_index=True)
    return table_of_differences(
        every.assign(label=every["feature"].map(study.actor_names)),
        POINTS,
        name="groups",
        caption="Share of articles naming each main actor, periods taken off: mean over the outlets of a group minus "
        "mean over all others; counted are outlets. Intervals are Welch's over outlets.",
        first={"group": "group", "label": "actor", "variant": "text"},
    )


def table_of_frequencies(frame: pd.DataFrame, *, name: str, caption: str, first: Mapping[str, str]) -> Shown:
    """Shares of articles and rates per 1,000 words with their intervals, folded; frame from `actor_frequency`."""
    columns: _Columns = {
        **{column: (title, None) for column, title in first.items()},
        "articles": ("articles", None),
        "articles_with": ("named in", None),
        "share": ("share", lambda v: percent(v, 1)),
        "share_lower": ("from", lambda v: percent(v, 1)),
        "share_upper": ("to", lambda v: percent(v, 1)),
        "count": ("mentions", None),
        "rate": ("per 1,000 words", RATE.form()),
        "rate_lower": ("from", RATE.form()),
        "rate_upper": ("to", RATE.form()),
        "dp": ("dispersion over outlets", lambda v: number(v, 2)),
    }
    return show_table(frame, name=name, caption=caption, columns=columns, fold=True)


def table_of_labels(study: Study, shares: pd.DataFrame, label_set: str) -> Shown:
    """Uses and shares of a set's words with simultaneous intervals, folded; frame from `views.labels_by_outlet`."""
    columns: _Columns = {
        "group_name": ("outlet", None),
        "label": ("word", None),
        "uses": ("uses", None),
        "set_uses": ("of", None),
        "articles": ("in articles", None),
        "share": ("share", percent),
        "lower": ("from", percent),
        "upper": ("to", percent),
    }
    caption = f"Words for {label_sets(study)[label_set]}: uses and shares, simultaneous 95 % intervals."
    shown = shares[shares["set_uses"] > 0]
    return show_table(shown, name=f"set-{label_set}", caption=caption, columns=columns, fold=True)


def table_of_correction(corrected: pd.DataFrame) -> Shown:
    """Polarity toward actors as measured and corrected (`misclassification.corrected_tone`)."""
    columns: _Columns = {
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
