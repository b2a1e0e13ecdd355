"""Agreement of coders (Krippendorff's alpha) and of a classifier with codes (F1), with intervals."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analysis.stats.inference import DIGITS
from analysis.tables import POLARITIES

#: Least alpha of a code that may carry a finding, and of one that may carry a tentative one (Krippendorff 2004).
FIRM, TENTATIVE = 0.8, 0.667
#: A code that either coder gave to fewer articles is not used: its alpha hangs on single articles.
LEAST_ARTICLES = 5
DRAWS = 2_000


def masi(a: frozenset[str], b: frozenset[str]) -> float:
    """MASI distance of two sets of values (Passonneau 2006), empty sets being {nothing}."""
    from nltk.metrics.distance import masi_distance

    return float(masi_distance(a or {"nothing"}, b or {"nothing"}))


def nominal(a: object, b: object) -> float:
    """1 where two labels differ, else 0."""
    return float(a != b)


def krippendorff_alpha(
    labels: pd.Series,
    *,
    clusters: pd.Series,
    distance: Callable[[Any, Any], float] = nominal,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Krippendorff's alpha (2004, Content Analysis, ch. 11) and its 95 % interval by drawing clusters of articles.

    `labels` has one per (article, coder), and articles coded once have no weight; `clusters` is the outlet of each
    article, usually. All are missing where fewer than two labels occur.
    """
    twice = labels[labels.groupby(level=0).transform("size") > 1]
    codes, categories = pd.factorize(twice.to_numpy(dtype=object))
    if len(categories) < 2:
        return np.nan, np.nan, np.nan
    units, articles = pd.factorize(twice.index.get_level_values(0))
    counts = pd.crosstab(units, codes).to_numpy(float)
    distances = np.array([[distance(a, b) for b in categories] for a in categories])
    disagreement = np.einsum("uc,cd,ud->u", counts, distances, counts) / (counts.sum(axis=1) - 1)
    owners, names = pd.factorize(clusters.loc[articles].to_numpy())
    totals = np.zeros((len(names), len(categories)))
    np.add.at(totals, owners, counts)

    # The first sample is all clusters, once each.
    weights = np.vstack([np.ones(len(names)), _times_drawn(len(names), draws, seed)])
    observed, occurring = weights @ np.bincount(owners, disagreement), weights @ totals
    expected = np.einsum("sc,cd,sd->s", occurring, distances, occurring)
    with np.errstate(invalid="ignore", divide="ignore"):  # a sample in which all labels are the same has no alpha
        alpha = np.where(expected > 0, 1 - (occurring.sum(axis=1) - 1) * observed / expected, np.nan)
    known = np.isfinite(alpha[1:]).any()
    lower, upper = np.nanpercentile(alpha[1:], [2.5, 97.5]) if known else (np.nan, np.nan)
    return float(alpha[0]), float(lower), float(upper)


@lru_cache(maxsize=8)
def _times_drawn(clusters: int, draws: int, seed: int) -> np.ndarray:
    """Times that each cluster is drawn in each sample: the same samples for every code, so that they are drawn once."""
    chances = np.full(clusters, 1 / clusters)
    return np.random.default_rng(seed).multinomial(clusters, chances, size=draws).astype(float)


def agreement(
    coded: pd.DataFrame,
    outlets: pd.Series,
    *,
    single: Mapping[str, bool],
    groups: pd.Series | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Agreement (AGREEMENT) on each variable and on each value of a variable that may have several.

    `coded` has 1, 0 or missing for each (article, coder), coders of an article in the order of precedence, and
    (variable, value); outlets are drawn for the intervals. `single` says of each variable whether an article has one
    value of it; within `groups` of articles agreement is computed as well. In the table `value` is empty for a variable
    as a whole, and `group` for all articles; first and second are articles that have it by the first and the second
    coder, agreement is the share of articles of which all coders say the same.
    """
    twice = coded[coded.index.get_level_values(0).duplicated(keep=False)]
    parts = {"": twice}
    if groups is not None:
        of = groups.reindex(twice.index.get_level_values(0)).to_numpy()
        parts |= {str(name): twice[of == name] for name in sorted(groups.dropna().unique())}
    rows = []
    for group, part in parts.items():
        for variable, alone in single.items() if len(part) else []:
            answers = part[variable].dropna()
            cells = answers.to_numpy() > 0
            sets = [frozenset(answers.columns[row]) for row in cells]
            subjects = {"": pd.Series(sets, index=answers.index, dtype=object)}
            if not alone:
                subjects |= {value: answers[value] > 0 for value in answers.columns}
            for value, labels in subjects.items():
                distance = nominal if alone or value else masi
                alpha = krippendorff_alpha(labels, clusters=outlets, distance=distance, draws=draws, seed=seed)
                by_article, present = labels.groupby(level=0, sort=False), labels.map(bool)
                coders = [int(present[by_article.cumcount() == place].sum()) for place in (0, 1)]
                numbers = int((by_article.size() > 1).sum()), *coders, float((by_article.nunique() == 1).mean())
                rows.append((group, variable, value, *numbers, *np.round(np.round(alpha, DIGITS), 3)))
    columns = ["group", "variable", "value", "articles", "first", "second", "agreement", "alpha", "lower", "upper"]
    table = pd.DataFrame(rows, columns=columns)
    enough = table[["first", "second"]].min(axis=1) >= LEAST_ARTICLES
    is_firm, is_tentative = (enough & (table["alpha"] >= level) for level in (FIRM, TENTATIVE))
    return table.assign(verdict=np.select([is_firm, is_tentative], ["firm", "tentative"], "not used"))


def classification(
    coded: pd.Series, given: pd.Series, articles: pd.Series, *, draws: int = DRAWS, seed: int = 0
) -> pd.DataFrame:
    """Confusion, precision, recall and F1 of each polarity, and accuracy and macro-F1 of all, with 95 % intervals.

    A row per polarity as coded and a last one, `polarity` empty, for all: coded (how many), articles, how many of them
    the classifier calls negative, neutral and positive, precision, recall (of all: accuracy), f1 (of all: the mean over
    polarities that occur), lower, upper. Articles are drawn, since codes in one are alike. What is of nothing is
    missing, and the interval where fewer than two articles are coded.
    """
    names, (owner, ids) = list(POLARITIES), pd.factorize(articles)
    cells = np.zeros((len(ids), 3, 3))
    np.add.at(cells, (owner, *(pd.Categorical(codes, names).codes for codes in (coded, given))), 1)
    confusion = cells.sum(axis=0)
    drawn = np.zeros((draws, 0), dtype=np.int64)
    if len(ids):
        drawn = np.random.default_rng(seed).multinomial(len(ids), np.full(len(ids), 1 / len(ids)), size=draws)
    sampled = pd.DataFrame(_scores(np.einsum("da,aij->dij", drawn, cells)))
    lower, upper = sampled.quantile([0.025, 0.975]).to_numpy() if len(ids) > 1 else np.full((2, 4), np.nan)
    right, by_hand, by_program = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    with np.errstate(invalid="ignore"):
        precision, recall = [*(right / by_program), np.nan], [*(right / by_hand), right.sum() / confusion.sum()]
    facts = {"polarity": [*names, ""], "coded": [*by_hand.astype(int), len(coded)]}
    facts["articles"] = [*(articles[coded == name].nunique() for name in names), len(ids)]
    counts = dict(zip(names, np.vstack([confusion, by_program]).astype(int).T, strict=True))
    scores = {"precision": precision, "recall": recall, "f1": _scores(confusion), "lower": lower, "upper": upper}
    return pd.DataFrame({**facts, **counts, **scores}).round(DIGITS).round(4)


def _scores(confusion: np.ndarray) -> np.ndarray:
    """F1 of each class and their mean, of confusion matrices in the last two axes; missing of what does not occur."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    both = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    f1 = np.divide(2 * right, both, out=np.full(both.shape, np.nan), where=both > 0)
    occurring = np.maximum((both > 0).sum(axis=-1), 1)
    return np.concatenate([f1, (np.nansum(f1, axis=-1) / occurring)[..., None]], axis=-1)
