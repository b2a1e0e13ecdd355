"""Whether a first place is one: how often it stays first when articles are drawn again."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.resample import with_replacement

#: A superlative is said where the first is first in so large a share of the draws.
STABLE = 0.95


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
    first = np.zeros(number.shape[1])
    rng = np.random.default_rng([seed, 4])
    for start in range(0, draws, 1_000):
        times = with_replacement(int(code.max()) + 1, min(1_000, draws - start), rng)[:, code].astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.nan_to_num(times @ number / (times @ mass), nan=-np.inf).round(10)
        top = mean == mean.max(axis=1, keepdims=True)
        first += (top / top.sum(axis=1, keepdims=True)).sum(axis=0)
    return pd.Series(first / draws, index=values.columns)
