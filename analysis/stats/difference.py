"""Differences between groups of articles, with what can be said of their certainty.

Articles (or whole clusters of copies) are resampled and permuted, never tokens. Standardized differences weigh the
periods as Mantel and Haenszel do, so that a group observed at another time of the story is not compared with it.

`keyness` compares words; `resampling` draws articles again, and `inference` makes intervals, p and q of that, or
without a draw.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.stats.inference import (
    DETECTABLE,
    DIGITS,
    LARGE,
    LEAST,
    Kind,
    Method,
    by_linearization,
    by_resampling,
    is_analytic,
)
from analysis.stats.resampling import (
    Observations,
    build_design,
    check_groups,
    membership,
    observe,
    resampled_difference,
    with_replacement,
)

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
    measure, names : what to write into the table
    method : resampling, analytic (no draws; see `inference.by_linearization`), or auto: analytic above 5,000 articles

    Returns
    -------
    DataFrame (COMPARISON), a row per adjustment and feature; q is left missing, see `inference.adjust_p`

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
    check_groups(group, reference, names)
    ids = pd.Index([*sorted(group), *sorted(reference)])
    stratum = None if strata is None else pd.factorize(strata.loc[ids].fillna(""), sort=True)[0]
    block = None if blocks is None else pd.factorize(blocks.loc[ids], sort=True)[0]
    design = build_design(range(len(group)), range(len(group), len(ids)), stratum, block)
    mass = None if weights is None else weights.loc[ids].to_numpy(float)
    data, features = observe(design, values.loc[ids].to_numpy(float), mass), list(map(str, values.columns))
    table = compare(data, features, kind, draws=draws, seed=seed, method=method)
    facts = {"measure": measure, "group": names[0], "reference": names[1], "language": "mul", "variant": "lede"}
    return tables.check(table.assign(**facts), tables.COMPARISON)


def compare(
    data: Observations,
    features: Sequence[str],
    kind: Kind,
    *,
    draws: int,
    seed: int,
    adjustments: Sequence[str] = ("raw", "standardized"),
    test: bool = True,
    method: Method = "auto",
) -> pd.DataFrame:
    """Numbers of `difference`, a row per adjustment and feature: COMPARISON without its text but these."""
    parts: list[dict[str, Any]] = []
    for adjustment in adjustments:
        part = replace(data, design=data.design.unstratified) if adjustment == "raw" else data
        numbers = _numbers(part, kind, draws, seed, test=test, method=method)
        parts.append({"feature": features, "adjustment": [adjustment] * len(features), **numbers})
    table = pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]}).round(DIGITS)
    group = int(data.design.side.sum())
    return table.assign(q=np.nan, articles=group, reference_articles=len(data.design.side) - group)


def _numbers(
    data: Observations, kind: Kind, draws: int, seed: int, *, test: bool, method: Method
) -> dict[str, np.ndarray]:
    estimate = resampled_difference(data, np.ones((len(data.value), 1)))[:, 0]
    n = np.broadcast_to(_units_used(data), estimate.shape)
    lower, upper, spread, p, null_spread = (
        by_linearization(data, kind, n, test=test)
        if is_analytic(method, len(data.value))
        else by_resampling(data, kind, estimate, n, draws, seed, test=test)
    )
    total = [data.value[rows].sum(axis=0) for rows in data.design.sides]
    size = [np.broadcast_to(data.weight[rows].sum(axis=0), estimate.shape) for rows in data.design.sides]
    known = ~np.isnan(estimate) & (n >= LEAST)
    if test:
        # Where every arrangement gives the same difference (nobody names the actor) there is nothing to test.
        known &= null_spread.round(DIGITS) > 0
    z = np.divide(estimate, spread, out=np.full_like(estimate, np.nan), where=spread > 0)
    certainty = {"lower": lower, "upper": upper, "z": z, "p": p, "detectable": DETECTABLE * null_spread}
    return {
        "estimate": estimate,
        **{name: np.where(known, numbers, np.nan) for name, numbers in certainty.items()},
        "effect": _effect(data, kind, total, size),
        "count": size[0] if kind == "mean" else total[0],
        "reference_count": size[1] if kind == "mean" else total[1],
    }


def _units_used(data: Observations) -> np.ndarray:
    """Clusters of copies that have weight on the side that has fewer of them, for each column of the weights."""
    unit, first = data.design.units
    used = membership(unit, len(first)) @ (data.weight > 0) > 0
    group = data.design.side[first] == 1
    return np.asarray(np.minimum(used[group].sum(axis=0), used[~group].sum(axis=0)))


def _effect(data: Observations, kind: Kind, total: list[np.ndarray], size: list[np.ndarray]) -> np.ndarray:
    """Cohen's h for shares and portions, log ratio (half an occurrence added) for ratios, Hedges' g for means."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if kind in ("share", "portion"):
            angle = [2 * np.arcsin(np.sqrt(t / s)) for t, s in zip(total, size, strict=True)]
            return np.asarray(angle[0] - angle[1])
        if kind == "ratio":
            return np.asarray(np.log((total[0] + 0.5) / size[0]) - np.log((total[1] + 0.5) / size[1]))
        means = [t / s for t, s in zip(total, size, strict=True)]
        squares = sum(
            (data.weight[rows] * (data.value[rows] - mean) ** 2).sum(axis=0)
            for rows, mean in zip(data.design.sides, means, strict=True)
        )
        freedom = np.maximum(size[0] + size[1] - 2, 1)
        g = (means[0] - means[1]) / np.sqrt(squares / freedom)
        return np.asarray(g * (1 - 3 / (4 * freedom - 1)))


def first_places(
    values: pd.DataFrame, weights: pd.DataFrame | None = None, *, blocks: pd.Series, draws: int = 10_000, seed: int = 0
) -> pd.Series:
    """Share of bootstrap draws of whole clusters in which each column's mean (values / weights) is the largest.

    The shares add up to 1 (a tie is shared); they are missing where there is no article. On how little ranks say
    without their uncertainty: Goldstein & Spiegelhalter (1996), JRSS A 159(3).
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
