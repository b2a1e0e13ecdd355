"""Groups of outlets (by country, by ownership): described, and tested only where outlets can be permuted.

Articles of one outlet are alike because they are of one desk. A test that permutes articles takes what sets a single
outlet apart for what sets its country apart, and finds differences where there are none (tests/benchmarks).
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from scipy import stats

from analysis import tables
from analysis.results import finished, is_significant
from analysis.stats.inference import DETECTABLE, DIGITS, LEAST, adjust_p
from analysis.study import Study, selection
from analysis.wording import listing, points

#: With fewer outlets on a side than this, one of them would stand for all.
FEWEST_OUTLETS = 5
#: Up to so many ways to choose the outlets of a group all are looked at; of more, so many are drawn.
_ARRANGEMENTS = 20_000


def outlets_of(study: Study, column: str) -> pd.DataFrame:
    """Outlets and articles of each group by a column of outlets.csv, outlets of `others`, and whether it is testable.

    Counted are outlets that may stand in a reference and have five articles, in the study's primary text.
    """
    values, of = _outlet_values(study, column, "actor-share")
    size = selection.select(study).articles["outlet"].value_counts()
    table = pd.DataFrame({"outlets": of.value_counts(), "articles": size.reindex(of.index).groupby(of).sum()})
    table["others"] = len(values) - table["outlets"]
    table["testable"] = (table[["outlets", "others"]] >= FEWEST_OUTLETS).all(axis=1)
    return table.sort_values(["outlets", "articles"], ascending=False).rename_axis("group")


def group_differences(study: Study, column: str, *, measure: str = "actor-share") -> pd.DataFrame:
    """Each testable group of outlets against the others, in actor-share or sentiment: COMPARISON, outlets as the unit.

    An outlet's value is the mean over its articles after the mean of their stratum (`selection.strata`) has been taken
    off; estimate is the difference between means over outlets, each weighing the same. Interval: Welch's t over outlets
    (1947, Biometrika 34). p: outlets permuted between the sides, all arrangements where there are no more than 20,000.
    q: over the features and groups of this table. count: outlets.
    """
    values, of = _outlet_values(study, column, measure)
    able = outlets_of(study, column)
    articles = selection.select(study).articles["outlet"].value_counts().reindex(values.index)
    frames = []
    for group in able.index[able["testable"]]:
        inside = (of == group).to_numpy()
        facts = {"measure": measure, "group": f"{column} {group}", "reference": f"other {column}", "language": "mul"}
        facts |= {"variant": study.settings.primary, "adjustment": "standardized"}
        sizes = {"articles": int(articles[inside].sum()), "reference_articles": int(articles[~inside].sum())}
        frames.append(_between_outlets(values, inside, study.settings.seed).assign(**facts, **sizes))
    if not frames:
        return tables.empty(tables.COMPARISON)
    table = pd.concat(frames, ignore_index=True)
    return finished(table.assign(q=adjust_p(table["p"])))


def _outlet_values(study: Study, column: str, measure: str) -> tuple[pd.DataFrame, pd.Series]:
    """Mean of each outlet (rows) in each feature, means of strata taken off, and the group of each outlet."""
    chosen = selection.select(study)
    articles = chosen.articles[chosen.articles["observed"] & chosen.articles["outlet"].isin(study.reference_outlets)]
    if measure == "actor-share":
        found = (selection.counts(chosen, "actors", list(study.settings.main_actors)) > 0).astype(float)
    else:
        found = selection.article_sentiment(chosen).to_frame("sentiment")
    found = found.loc[articles.index].dropna()
    articles = articles.loc[found.index]
    rest = found - found.groupby(selection.strata(study, articles)).transform("mean")
    enough = articles["outlet"].value_counts()
    # Rounded, or what equal means leave of each other would be permuted and tested.
    means = rest.groupby(articles["outlet"]).mean().loc[sorted(enough.index[enough >= LEAST])].round(DIGITS)
    return means, study.outlets.set_index("outlet")[column].reindex(means.index)


def _between_outlets(values: pd.DataFrame, inside: np.ndarray, seed: int) -> pd.DataFrame:
    sides = values[inside], values[~inside]
    estimate = sides[0].mean() - sides[1].mean()
    parts = [side.var() / len(side) for side in sides]
    error = np.sqrt(parts[0] + parts[1])
    freedom = error**4 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, sides, strict=True))
    half = stats.t.isf(0.025, freedom) * error
    null = _arrangements(inside, seed) @ values.to_numpy(float)
    spread = null.std(axis=0)
    p = (np.abs(null.round(DIGITS)) >= np.abs(estimate.to_numpy().round(DIGITS))).mean(axis=0)
    certainty = {"lower": estimate - half, "upper": estimate + half, "z": estimate / error, "p": p}
    table = pd.DataFrame({**certainty, "detectable": DETECTABLE * spread}).loc[spread.round(DIGITS) > 0]
    table = table.reindex(values.columns).assign(estimate=estimate, effect=np.nan, count=float(inside.sum()))
    return table.assign(reference_count=float((~inside).sum())).rename_axis("feature").reset_index()


def _arrangements(inside: np.ndarray, seed: int) -> np.ndarray:
    """Weights (arrangements × outlets) that make a difference of means, the observed arrangement among them."""
    outlets, size = len(inside), int(inside.sum())
    if comb(outlets, size) <= _ARRANGEMENTS:
        members = np.array(list(combinations(range(outlets), size)))
        chosen = np.zeros((len(members), outlets), bool)
        np.put_along_axis(chosen, members, True, axis=1)
    else:
        drawn = np.random.default_rng([seed, 3]).permuted(np.tile(inside, (_ARRANGEMENTS - 1, 1)), axis=1)
        chosen = np.concatenate([inside[None, :], drawn])
    return np.where(chosen, 1 / size, -1 / (outlets - size))


def group_sentence(study: Study, column: str) -> str:
    """Sentence on the groups of outlets by a column that can be tested, or on why none can."""
    if study.outlets[column].isna().all():
        return f"outlets.csv does not say the {column} of any outlet."
    table = outlets_of(study, column)
    if table.empty:
        return f"No outlet has the {LEAST} articles without which nothing can be said of groups by {column}."
    sizes = listing([f"{group} ({row.outlets} against {row.others})" for group, row in table.iterrows()])
    unit = f"{FEWEST_OUTLETS} outlets with {LEAST} articles"
    if not table["testable"].any():
        return (
            f"Whether {column} matters cannot be tested: no two sides have {unit}. Outlets of each group and of all "
            f"others: {sizes}."
        )
    return f"By {column}, groups are compared that have {unit}, as have the others. Outlets: {sizes}."


def group_finding(study: Study, column: str, table: pd.DataFrame) -> str:
    """Sentence on what `group_differences` found; empty where nothing was compared."""
    if table.empty:
        return ""
    significant = table[is_significant(table)]
    names = [f"{row.group} in {study.actor_names.get(row.feature, row.feature)}" for row in significant.itertuples()]
    if names:
        return f"Groups by {column} that differ from the others: {listing(names)}."
    middle = points(float(table["detectable"].median()), sign=False)
    return (
        f"No difference by {column} is sure, in {len(table)} comparisons; those below about {middle} could have been "
        "missed."
    )
