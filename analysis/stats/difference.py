"""Differences between groups of articles, with what can be said of their certainty.

Articles (or whole clusters of copies) are resampled and permuted, never tokens. Standardized differences weigh the
periods as Mantel and Haenszel do, so that a group observed at another time of the story is not compared with it.

`keyness` compares words; `resampling` draws articles again, `linear` does without a draw, and `inference` makes
intervals, p and q of either.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from analysis import tables
from analysis.stats.inference import (
    DIGITS,
    LARGE,
    LEAST,
    Inference,
    Kind,
    Method,
    adjust_p,
    by_linearization,
    by_resampling,
    is_analytic,
)
from analysis.stats.linear import membership
from analysis.stats.resampling import Design, build_design, resampled_difference, with_replacement

__all__ = ["DIGITS", "LEAST", "Kind", "Method", "adjust_p", "difference", "first_places"]

#: A superlative is said where the first is first in so large a share of the draws.
STABLE = 0.95
#: Draws times kinds of clusters held at once.
_CELLS = 5_000_000


def difference(
    values: pd.DataFrame,
    *,
    group: Collection[str],
    reference: Collection[str],
    weights: pd.DataFrame | pd.Series | None = None,
    strata: pd.Series | None = None,
    blocks: pd.Series | None = None,
    kind: Kind = "share",
    draws: int = 10_000,
    seed: int = 0,
    measure: str = "",
    names: tuple[str, str] = ("group", "reference"),
    language: str = "mul",
    variant: str = "lede",
    adjustments: Sequence[str] = ("raw", "standardized"),
    test: bool = True,
    method: Method = "auto",
) -> pd.DataFrame:
    """Difference of a group from a reference in each feature, raw and standardized over strata.

    Parameters
    ----------
    values : DataFrame (article × feature)
        share: 1 where the article has the feature, else 0; portion: uses of a label; ratio: the numerator; mean:
        the article's value or NaN.
    group, reference : collections of article ids, disjoint, not empty
    weights : DataFrame or Series (article), the denominator of a portion or ratio; 1 each where None
    strata : Series (article), the period of each article; one stratum where None
    blocks : Series (article), the cluster of copies each article belongs to; each its own where None
    kind : share (of articles), portion (of a whole that varies by article), ratio (to another quantity) or mean
    draws : int, permutations, and bootstrap samples
    seed : int
    measure, names, language, variant : what to write into the table
    adjustments : raw, standardized or both, in the order of the rows
    test : whether p and detectable are wanted; they are missing where not
    method : resampling, analytic (no draws; see `inference.by_linearization`), or auto: analytic above 5,000 articles

    Returns
    -------
    DataFrame (COMPARISON), a row per adjustment and feature; q is left missing, see `adjust_p`

    Notes
    -----
    Interval: percentile bootstrap of whole blocks, expanded for small n (Hesterberg 2015); for shares and portions each
    side gets one pseudo-article with and one without the feature (Agresti & Caffo 2000), without which 0 of 20 would
    count as certain. p: two-sided permutation of blocks, within strata for the standardized row, freely for the raw
    one, with the observed arrangement counted among them (Phipson & Smyth 2010). detectable: (1.96 + 0.84) standard
    deviations of the permuted difference. Where fewer than `LEAST` articles of a side have weight, only the estimate
    is given.

    Raises
    ------
    EmptyGroup, OverlappingGroups
    """
    design = build_design(values, group, reference, weights, strata, blocks, names)
    parts = []
    for adjustment in adjustments:
        plan = design.unstratified() if adjustment == "raw" else design
        estimate = resampled_difference(plan, np.ones((len(plan.side), 1)))[:, 0]
        n = np.broadcast_to(np.min([_blocks_used(plan, plan.side == side) for side in (1, 0)], axis=0), estimate.shape)
        if is_analytic(method, len(plan.side)):
            found = by_linearization(plan, kind, n, test=test)
        else:
            found = by_resampling(plan, kind, estimate, n, draws, seed, test=test)
        parts.append(_summary(plan, kind, estimate, n, found, test))
    table = {
        "measure": measure,
        "feature": [*map(str, values.columns)] * len(parts),
        "group": names[0],
        "reference": names[1],
        "language": language,
        "variant": variant,
        "adjustment": np.repeat(np.array(adjustments, object), len(values.columns)),
        **{name: np.concatenate([part[name] for part in parts]).round(DIGITS) for name in parts[0]},
        "q": np.nan,
        "articles": int(design.side.sum()),
        "reference_articles": int((1 - design.side).sum()),
    }
    return tables.check(pd.DataFrame(table), tables.COMPARISON)


def _summary(
    plan: Design, kind: Kind, estimate: np.ndarray, n: np.ndarray, found: Inference, test: bool
) -> dict[str, np.ndarray]:
    sides = [plan.side == 1, plan.side == 0]
    total = [plan.value[rows].sum(axis=0) for rows in sides]
    size = [np.broadcast_to(plan.weight[rows].sum(axis=0), total[0].shape) for rows in sides]
    known = ~np.isnan(estimate) & (n >= LEAST)
    if test:
        # Where every arrangement gives the same difference (nobody names the actor) there is nothing to test.
        known &= found.null_spread > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(found.spread > 0, estimate / found.spread, np.nan)
    return {
        "estimate": estimate,
        "lower": np.where(known, found.lower, np.nan),
        "upper": np.where(known, found.upper, np.nan),
        "z": np.where(known, z, np.nan),
        "p": np.where(known, found.p, np.nan),
        "effect": _effect(plan, kind, total, size),
        "detectable": np.where(known, found.detectable, np.nan),
        "count": size[0] if kind == "mean" else total[0],
        "reference_count": size[1] if kind == "mean" else total[1],
    }


def _blocks_used(plan: Design, rows: np.ndarray) -> np.ndarray:
    """Clusters of copies among `rows` that have weight, for each column of the weights."""
    block, used = plan.block[rows], plan.weight[rows] > 0
    return np.array([len(np.unique(block[column])) for column in used.T])


def _effect(plan: Design, kind: Kind, total: list[np.ndarray], size: list[np.ndarray]) -> np.ndarray:
    """Cohen's h for shares and portions, log ratio (half an occurrence added) for ratios, Hedges' g for means."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if kind in ("share", "portion"):
            angle = [2 * np.arcsin(np.sqrt(t / s)) for t, s in zip(total, size, strict=True)]
            return np.asarray(angle[0] - angle[1])
        if kind == "ratio":
            return np.asarray(np.log((total[0] + 0.5) / size[0]) - np.log((total[1] + 0.5) / size[1]))
        squares = 0
        for side, (t, s) in zip((1, 0), zip(total, size, strict=True), strict=True):
            rows = plan.side == side
            squares = squares + (plan.weight[rows] * (plan.value[rows] - t / s) ** 2).sum(axis=0)
        freedom = np.maximum(size[0] + size[1] - 2, 1)
        g = (total[0] / size[0] - total[1] / size[1]) / np.sqrt(squares / freedom)
        return np.asarray(g * (1 - 3 / (4 * freedom - 1)))


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
