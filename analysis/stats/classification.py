"""Agreement of a classifier with codes: confusion, precision, recall and F1, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.stats.agreement import DRAWS
from analysis.tables import POLARITIES


def classification(
    coded: pd.Series, given: pd.Series, articles: pd.Series, *, draws: int = DRAWS, seed: int = 0
) -> pd.DataFrame:
    """Confusion, precision, recall and F1 of each polarity, and accuracy and macro-F1 of all, with 95 % intervals.

    Parameters
    ----------
    coded, given : Series of POLARITIES, by hand and by the classifier, aligned
    articles : Series, the article of each; articles are drawn for the intervals, since codes in one are alike
    draws, seed : int, of the intervals

    Returns
    -------
    DataFrame, a row per polarity as coded and a last one, `polarity` empty, for all: coded (how many), articles, how
    many of them the classifier calls negative, neutral and positive, precision, recall (of all: accuracy), f1 (of all:
    the mean over polarities that occur), lower, upper

    Notes
    -----
    A precision or recall of nothing is missing, as is the interval where fewer than two articles are coded.
    """
    names, (owner, ids) = list(POLARITIES), pd.factorize(articles)
    cells = np.zeros((len(ids), 3, 3))
    np.add.at(cells, (owner, *(pd.Categorical(codes, names).codes for codes in (coded, given))), 1)
    confusion = cells.sum(axis=0)
    drawn = np.random.default_rng(seed).multinomial(len(ids), np.full(len(ids), 1 / max(len(ids), 1)), size=draws)
    sampled = pd.DataFrame(_scores(np.einsum("da,aij->dij", drawn, cells)))
    lower, upper = sampled.quantile([0.025, 0.975]).to_numpy() if len(ids) > 1 else np.full((2, 4), np.nan)
    right, by_hand, by_program = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    with np.errstate(invalid="ignore"):
        precision, recall = [*(right / by_program), np.nan], [*(right / by_hand), right.sum() / confusion.sum()]
    facts = {"polarity": [*names, ""], "coded": [*by_hand.astype(int), len(coded)]}
    facts["articles"] = [*(articles[coded == name].nunique() for name in names), len(ids)]
    counts = dict(zip(names, np.vstack([confusion, by_program]).astype(int).T, strict=True))
    scores = {"precision": precision, "recall": recall, "f1": _scores(confusion), "lower": lower, "upper": upper}
    return pd.DataFrame({**facts, **counts, **scores}).round(4)


def _scores(confusion: np.ndarray) -> np.ndarray:
    """F1 of each class and their mean, of confusion matrices in the last two axes; missing of what does not occur."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    both = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    f1 = np.divide(2 * right, both, out=np.full(both.shape, np.nan), where=both > 0)
    occurring = np.maximum((both > 0).sum(axis=-1), 1)
    return np.concatenate([f1, (np.nansum(f1, axis=-1) / occurring)[..., None]], axis=-1)
