"""Whether a first place is one: how often it stays first when articles are drawn again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.stats.inference import LARGE
from analysis.stats.linear import membership
from analysis.stats.resampling import with_replacement

#: A superlative is said where the first is first in so large a share of the draws.
STABLE = 0.95
#: Draws times kinds of clusters held at once.
_CELLS = 5_000_000


def first_places(
    values: pd.DataFrame, weights: pd.DataFrame | None = None, *, blocks: pd.Series, draws: int = 10_000, seed: int = 0
) -> pd.Series:
    """In which share of bootstrap draws of whole clusters each column's mean is the largest.

    Parameters
    ----------
    values : DataFrame (article × what is ranked)
    weights : DataFrame of the same shape, denominators; 1 each where None
    blocks : Series (article), the cluster of copies each article belongs to
    draws, seed : int

    Returns
    -------
    Series, index: columns of `values`; sums to 1 (a tie is shared), NaN where there is no article

    References
    ----------
    Goldstein & Spiegelhalter (1996), JRSS A 159(3), on how little ranks say without their uncertainty.
    """
    if values.empty:
        return pd.Series(np.nan, index=values.columns)
    number = values.to_numpy(float)
    mass = np.ones_like(number) if weights is None else weights.loc[values.index].to_numpy(float)
    code = pd.factorize(blocks.loc[values.index], sort=True)[0]
    clusters = int(code.max()) + 1
    first = np.zeros(number.shape[1])
    rng = np.random.default_rng([seed, 4])
    if many := clusters > LARGE:
        # Many clusters are alike. How many of each kind a draw holds has the same distribution and is told at once.
        sums = membership(code, clusters) @ np.hstack([number, mass])
        kinds, size = np.unique(sums, axis=0, return_counts=True)
        number, mass = np.hsplit(kinds, 2)
    chunk = max(1, min(1_000, _CELLS // len(number))) if many else 1_000
    for start in range(0, draws, chunk):
        some = min(chunk, draws - start)
        if many:
            times = rng.multinomial(clusters, size / clusters, size=some).astype(float)
        else:
            times = with_replacement(clusters, some, rng)[:, code].astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.nan_to_num(times @ number / (times @ mass), nan=-np.inf).round(10)
        top = mean == mean.max(axis=1, keepdims=True)
        first += (top / top.sum(axis=1, keepdims=True)).sum(axis=0)
    return pd.Series(first / draws, index=values.columns)
