"""What a comparison says, in words: one body of a sentence for each measure, numbers in the measure's own unit."""

from __future__ import annotations

import pandas as pd

from analysis.study import Study
from analysis.wording import interval, number, percent, plural, points


def reference_name(study: Study, row: pd.Series) -> str:
    """What a row is compared with, as a sentence says it."""
    return study.outlet_names.get(row["reference"], "the other outlets")


def _actor_share(study: Study, row: pd.Series) -> str:
    return (
        f"names {study.actor_names.get(row['feature'], row['feature'])} in {row['count']:.0f} of "
        f"{plural(row['articles'], 'article')} ({percent(row['count'] / row['articles'])}), "
        f"{reference_name(study, row)} in {row['reference_count']:.0f} of {row['reference_articles']} "
        f"({percent(row['reference_count'] / row['reference_articles'])}): {points(row['estimate'])} once periods "
        f"are matched, 95 % interval {interval(row['lower'], row['upper'], 0, scale=100, sign=True)}"
    )


def _actor_rate(study: Study, row: pd.Series) -> str:
    return (
        f"names {study.actor_names.get(row['feature'], row['feature'])} {_more(row)} often per 1,000 words than "
        f"{reference_name(study, row)}: {number(row['estimate'], 1, sign=True)} once periods are matched, 95 % "
        f"interval {interval(row['lower'], row['upper'], 1, sign=True)}"
    )


def _label_share(study: Study, row: pd.Series) -> str:
    name, label = row["feature"].split(":", 1)
    own = " in its own voice" if row["measure"] == "label-share-own" else ""
    referent = study.labels.loc[study.labels["set"] == name, "referent"].iloc[0]
    return (
        f"uses “{label.replace('-', ' ')}” for {referent}{own} {_more(row)} than {reference_name(study, row)}: "
        f"{points(row['estimate'])} of its uses of that set, 95 % interval "
        f"{interval(row['lower'], row['upper'], 0, scale=100, sign=True)}, {row['count']:.0f} uses against "
        f"{row['reference_count']:.0f}"
    )


def _valence(study: Study, row: pd.Series) -> str:
    warmer = "warmer" if row["estimate"] > 0 else "more negative"
    toward = raw = ""
    if row["measure"] == "valence-toward":
        toward = f" where it names {study.actor_names.get(row['feature'], row['feature'])}"
        raw = ", not corrected for the instrument's errors"
    return (
        f"is worded {warmer}{toward} than {reference_name(study, row)}: {number(row['estimate'], 2, sign=True)} on a "
        f"scale from −1 to 1 once periods are matched, 95 % interval "
        f"{interval(row['lower'], row['upper'], 2, sign=True)}{raw}"
    )


def _more(row: pd.Series) -> str:
    return "more" if row["estimate"] > 0 else "less"


BODIES = {
    "actor-share": _actor_share,
    "actor-rate": _actor_rate,
    "label-share": _label_share,
    "label-share-own": _label_share,
    "valence": _valence,
    "valence-toward": _valence,
}

UNITS = {
    "actor-share": ("points", 100.0, 0),
    "actor-rate": ("mentions per 1,000 words", 1.0, 1),
    "label-share": ("points", 100.0, 0),
    "label-share-own": ("points", 100.0, 0),
    "valence": ("on the scale from −1 to 1", 1.0, 2),
    "valence-toward": ("on the scale from −1 to 1", 1.0, 2),
}

WHAT = {
    "actor-share": "in how many articles name an actor",
    "actor-rate": "in how often an actor is named",
    "label-share": "in the share of a label",
    "label-share-own": "in the share of a label in the outlet's own voice",
    "valence": "in tone",
    "valence-toward": "in tone where an actor is named",
}
