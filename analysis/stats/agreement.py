"""Agreement of coders: Krippendorff's alpha with intervals, for each variable and each value of a codebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

#: Least alpha of a code that may carry a finding, and of one that may carry a tentative one (Krippendorff 2004).
FIRM, TENTATIVE = 0.8, 0.667
#: A code that either coder gave to fewer articles is not used: its alpha hangs on single articles.
LEAST_ARTICLES = 5
DRAWS = 2_000

Distance = Callable[[Any, Any], float]


def masi(a: frozenset[str], b: frozenset[str]) -> float:
    """MASI distance of two sets of values (Passonneau 2006), empty sets being {nothing}."""
    from nltk.metrics.distance import masi_distance

    return float(masi_distance(a or {"nothing"}, b or {"nothing"}))


def nominal(a: object, b: object) -> float:
    """1 where two labels differ, else 0."""
    return float(a != b)


def krippendorff_alpha(
    labels: pd.Series, *, clusters: pd.Series, distance: Distance = nominal, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Krippendorff's alpha and its 95 % interval by drawing clusters of articles.

    Parameters
    ----------
    labels : Series of hashable labels, index (article, coder), each pair once; articles coded once have no weight
    clusters : Series, index article; the outlet, usually
    distance : function of two labels, 0 to 1
    draws : int, samples of clusters
    seed : int

    Returns
    -------
    (alpha, lower, upper), all missing where fewer than two labels occur

    References
    ----------
    Krippendorff (2004), Content Analysis, ch. 11.
    """
    per_article = labels.groupby(level=0).transform("size")
    twice = labels[per_article > 1]
    codes, categories = pd.factorize(twice.to_numpy(dtype=object))
    if len(categories) < 2:
        return np.nan, np.nan, np.nan
    units, articles = pd.factorize(twice.index.get_level_values(0))
    counts = pd.crosstab(units, codes).to_numpy(float)
    distances = np.array([[distance(a, b) for b in categories] for a in categories])
    disagreement = np.einsum("uc,cd,ud->u", counts, distances, counts) / (counts.sum(axis=1) - 1)
    owners, names = pd.factorize(clusters.loc[articles].to_numpy())
    observed = np.bincount(owners, disagreement)
    totals = np.zeros((len(names), len(categories)))
    np.add.at(totals, owners, counts)

    weights = _times_drawn(len(names), draws, seed)
    sampled = _alpha(weights @ observed, weights @ totals, distances)
    lower, upper = np.nanpercentile(sampled, [2.5, 97.5]) if np.isfinite(sampled).any() else (np.nan, np.nan)
    return float(_alpha(observed.sum(), totals.sum(axis=0), distances)), float(lower), float(upper)


@lru_cache(maxsize=8)
def _times_drawn(clusters: int, draws: int, seed: int) -> np.ndarray:
    """Times that each cluster is drawn in each sample: the same samples for every code, so that they are drawn once."""
    chances = np.full(clusters, 1 / clusters)
    return np.random.default_rng(seed).multinomial(clusters, chances, size=draws).astype(float)


def _alpha(observed: np.ndarray, totals: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Alpha from summed disagreement within articles and from how often each label occurs; missing where constant."""
    expected = np.einsum("...c,cd,...d->...", totals, distances, totals)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - (totals.sum(axis=-1) - 1) * observed / expected, np.nan)


def nltk_alpha(labels: pd.Series, distance: Distance | None = None) -> float:
    """Krippendorff's alpha as NLTK computes it; missing where all labels are the same (NLTK says 1).

    Parameters
    ----------
    labels : Series of hashable labels, index (article, coder)
    distance : function of two labels; where None, labels differ or do not
    """
    from nltk.metrics.agreement import AnnotationTask
    from nltk.metrics.distance import binary_distance

    twice = labels[labels.groupby(level=0).transform("size") > 1]
    if twice.nunique() < 2:
        return np.nan
    data = [(coder, article, label) for (article, coder), label in twice.items()]
    return float(AnnotationTask(data=data, distance=distance or binary_distance).alpha())


def agreement(
    coded: pd.DataFrame,
    outlets: pd.Series,
    *,
    single: Mapping[str, bool],
    groups: pd.Series | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Agreement on each variable and on each value of a variable that may have several.

    Parameters
    ----------
    coded : DataFrame of 1, 0 and missing (`codings.spread`); index (article, coder) in the order of precedence of the
        coders of an article, columns (variable, value)
    outlets : Series, index article; outlets are drawn for the intervals
    single : variable → whether an article has one value of it
    groups : Series, index article; agreement is computed within each as well
    draws, seed : int, of the intervals

    Returns
    -------
    DataFrame (AGREEMENT): group (empty for all articles), variable, value (empty for the variable as a whole),
    articles, first and second (articles that have it by the first and the second coder), agreement (share of articles
    of which all coders say the same), alpha, lower, upper, verdict
    """
    twice = coded[coded.groupby(level=0, sort=False).cumcount(ascending=False).groupby(level=0).transform("max") > 0]
    parts = {"": twice}
    if groups is not None:
        of = groups.reindex(twice.index.get_level_values(0)).to_numpy()
        parts |= {str(name): twice[of == name] for name in sorted(groups.dropna().unique())}
    rows = [
        (group, *row)
        for group, part in parts.items()
        if len(part)
        for variable, alone in single.items()
        for row in _variable(part, outlets, variable, alone=alone, draws=draws, seed=seed)
    ]
    columns = ["group", "variable", "value", "articles", "first", "second", "agreement", "alpha", "lower", "upper"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(verdict=[verdict(row) for row in table.itertuples()])


def verdict(row: object) -> str:
    """Use of a code: "firm", "tentative", or "not used"."""
    alpha, first, second = (getattr(row, name) for name in ("alpha", "first", "second"))
    if min(first, second) < LEAST_ARTICLES or not alpha >= TENTATIVE:
        return "not used"
    return "firm" if alpha >= FIRM else "tentative"


def _variable(
    part: pd.DataFrame, outlets: pd.Series, variable: str, *, alone: bool, draws: int, seed: int
) -> list[tuple[object, ...]]:
    """Rows of a variable after their group: as a whole and, where an article may have several values, of each value."""
    answers = part[variable].dropna()
    values = list(answers.columns)
    sets = pd.Series(
        [frozenset(value for value, yes in zip(values, row, strict=True) if yes) for row in answers.to_numpy()],
        index=answers.index,
        dtype=object,
    )
    subjects = {"": sets} | ({} if alone else {value: answers[value] > 0 for value in values})
    rows = []
    for value, labels in subjects.items():
        distance = masi if labels is sets and not alone else None
        present = labels.map(bool)
        _, lower, upper = krippendorff_alpha(
            labels, clusters=outlets, distance=distance or nominal, draws=draws, seed=seed
        )
        by_article = labels.groupby(level=0, sort=False)
        coders = [int(present[by_article.cumcount() == place].sum()) for place in (0, 1)]
        numbers = int((by_article.size() > 1).sum()), *coders, float((by_article.nunique() == 1).mean())
        alpha = (round(number, 3) for number in (nltk_alpha(labels, distance), lower, upper))
        rows.append((variable, value, *numbers, *alpha))
    return rows
