"""Intervals, p and q of differences, by drawing articles again or, where they are many, by their linear parts."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.resampling import (
    Observations,
    block_pools,
    membership,
    permuted,
    permuted_difference,
    resampled,
    resampled_difference,
)

Kind = Literal["share", "portion", "ratio", "mean"]
Method = Literal["auto", "resampling", "analytic"]

#: Results are rounded before they are sorted, tested or drawn, so that the last bit of a platform cannot show.
DIGITS = 10
#: With fewer articles than this to go by on either side (that use a set, that name an actor; copies count once)
#: nothing is tested.
LEAST = 5
#: With more articles than this, draws would cost more than they tell: intervals and p are analytic.
LARGE = 5_000
#: Times the spread without a difference: the smallest one that a test at 5 % finds in four cases of five.
DETECTABLE = stats.norm.isf(0.025) + stats.norm.isf(0.2)

#: Of k differences lower and upper end, standard error, p, and standard deviation where there is none; may be missing.
Inference = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
#: Mean, variance and third central moment.
Moments = tuple[np.ndarray, np.ndarray, np.ndarray]


def adjust_p(p: np.ndarray | pd.Series) -> np.ndarray:
    """Benjamini–Hochberg q for each p (1995, JRSS B 57(1)); NaN stays NaN and is no part of the family."""
    values = np.asarray(p, float)
    adjusted = np.full(values.shape, np.nan)
    known = ~np.isnan(values)
    if known.any():
        adjusted[known] = stats.false_discovery_control(values[known], method="bh")
    return adjusted


def monte_carlo_error(p: float, draws: int) -> float:
    """Standard error of a p that comes from `draws` permutations."""
    return float(np.sqrt(p * (1 - p) / draws))


def is_analytic(method: Method, articles: int) -> bool:
    """Whether intervals and p of so many articles come from formulas rather than from draws."""
    return method == "analytic" or (method == "auto" and articles > LARGE)


def by_resampling(
    data: Observations, kind: Kind, estimate: np.ndarray, n: np.ndarray, draws: int, seed: int, *, test: bool
) -> Inference:
    """Percentile bootstrap of whole blocks, and permutation of blocks within strata.

    `n` (k,) is how many articles there are to go by on the smaller side.
    """
    samples = resampled(data.design, draws, seed, smooth=kind in ("share", "portion"))
    boot = np.concatenate([resampled_difference(data, times, pseudo) for times, pseudo in samples], axis=1)
    lower, upper = _expanded(boot, n)
    if not test:
        return lower, upper, spread_of(boot), *np.full((2, *estimate.shape), np.nan)
    null = np.concatenate([permuted_difference(data, label) for label in permuted(data.design, draws, seed)], axis=1)
    return lower, upper, spread_of(boot), permutation_p(estimate, null), spread_of(null)


def by_linearization(data: Observations, kind: Kind, n: np.ndarray, *, test: bool) -> Inference:
    """Limit of `by_resampling`, without draws: from each article's first-order part in the difference.

    Interval: the linearized variance of the Mantel–Haenszel difference, summed over whole blocks (cluster-robust), t
    with n - 1 degrees of freedom; shares and portions with the same pseudo-articles as in the bootstrap. p: see
    `residual_test`. Greenland & Robins (1985), Biometrics 41(1).
    """
    centre, pools = linear_parts(data, smooth=kind in ("share", "portion"))
    spread = np.sqrt(np.sum([(pool**2).sum(axis=0) * len(pool) / (len(pool) - 1) for pool in pools], axis=0))
    half = stats.t.isf(0.025, np.maximum(n - 1, 1)) * spread
    p, null_spread = residual_test(data) if test else np.full((2, *centre.shape), np.nan)
    return centre - half, centre + half, spread, p, null_spread


def permutation_p(estimate: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Two-sided p of each estimate (k,) among draws (k × draws) that have a value, itself counted among them."""
    extreme = (np.abs(null.round(DIGITS)) >= np.abs(estimate.round(DIGITS))[:, None]).sum(axis=1)
    return np.asarray((extreme + 1) / ((~np.isnan(null)).sum(axis=1) + 1))


def spread_of(draws: np.ndarray) -> np.ndarray:
    """Standard deviation over the draws (k × draws) that have a value; NaN where none has."""
    spread, known = np.full(len(draws), np.nan), ~np.isnan(draws).all(axis=1)
    spread[known] = np.nanstd(draws[known], axis=1)
    return spread


def _expanded(boot: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval with tails moved out as t and each feature's n - 1 ask for (Hesterberg 2015)."""
    tail = stats.norm.cdf(-np.sqrt(n / np.maximum(n - 1, 1)) * stats.t.isf(0.025, np.maximum(n - 1, 1)))
    ends = np.full((len(boot), 2), np.nan)
    for feature in np.flatnonzero((n > 1) & ~np.isnan(boot).all(axis=1)):
        drawn = np.sort(boot[feature][~np.isnan(boot[feature])])
        at = np.array([tail[feature], 1 - tail[feature]]) * (len(drawn) - 1)
        ends[feature] = np.interp(at, np.arange(len(drawn)), drawn)  # many times faster than np.nanquantile
    return ends[:, 0], ends[:, 1]


def linear_parts(data: Observations, *, smooth: bool) -> tuple[np.ndarray, list[np.ndarray]]:
    """The Mantel–Haenszel difference (k,) and, for each pool of blocks drawn together, their parts in it (blocks × k).

    With `smooth`, each side's pool also holds a pseudo-article with and one without the feature, as in the bootstrap.
    """
    design = data.design
    a, b = np.split(data.totals, [data.value.shape[1]], axis=2)  # values and weights, strata × sides × features
    share = data.pseudo_weight
    (a1, a0), (b1, b0) = (np.moveaxis(sums, 1, 0) for sums in ((a + share, b + 2 * share) if smooth else (a, b)))
    whole = b1 + b0
    usable = (b1 > 0) & (b0 > 0)
    parts, pseudo = np.empty(data.value.shape), []
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(usable, b1 * b0 / whole, 0).sum(axis=0)
        centre = np.where(usable, (a1 * b0 - a0 * b1) / whole, 0).sum(axis=0) / weight
        for rows, sign, other, mean in zip(design.sides, (1, -1), (b0, b1), np.moveaxis(share, 1, 0), strict=True):
            # Derivatives of numerator / denominator by what a side has and by its mass, per stratum.
            by_value = np.where(usable, sign * other / whole, 0) / weight
            of_mass = -sign * other * (a1 + a0) / whole**2 - centre * other**2 / whole**2
            by_mass = np.where(usable, of_mass, 0) / weight
            stratum = design.stratum[rows]
            parts[rows] = data.value[rows] * by_value[stratum] + data.weight[rows] * by_mass[stratum]
            without = (mean * by_mass).sum(axis=0)
            pseudo += [without + (mean * by_value).sum(axis=0), without]
    blocks, pools = int(design.block.max()) + 1, block_pools(design.side, design.block)
    clustered = np.asarray(membership(design.block, blocks) @ parts)
    if smooth:
        clustered = np.concatenate([clustered, pseudo])
        pools[:2] = [np.r_[pool, blocks + 2 * n, blocks + 2 * n + 1] for n, pool in enumerate(pools[:2])]
    return centre, [clustered[pool] - clustered[pool].mean(axis=0) for pool in pools if len(pool) > 1]


def residual_test(data: Observations) -> tuple[np.ndarray, np.ndarray]:
    """p of each difference, and its standard deviation where sides are drawn anew within strata.

    The numerator of the difference is then the sum of the group's residuals from their stratum, a sum drawn without
    replacement, whose first three moments are known (Mielke & Berry 2007, Permutation Methods, ch. 2).
    """
    design = data.design
    a, b = np.split(data.totals.sum(axis=1), [data.value.shape[1]], axis=1)  # values and weights, strata × features
    group = data.totals[:, 0, data.value.shape[1] :]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nan_to_num(a / b)
    residual = data.value - data.weight * mean[design.stratum]
    unit, first = design.units
    sums = np.asarray(membership(unit, len(first)) @ residual)
    stratum, side = design.stratum[first], design.side[first]
    size, drawn = (np.bincount(stratum, weights, design.strata)[:, None] for weights in (None, side))
    member = membership(stratum, design.strata)
    # A power of three is taken by multiplying: NumPy's takes as long as all the rest together.
    moments = drawn_moments(size, drawn, [np.asarray(member @ power) for power in (sums, sums**2, sums**2 * sums)])
    with np.errstate(invalid="ignore", divide="ignore"):
        # Copies within a side move together, so the sides' expected mass is not what they have.
        expected = np.nan_to_num(drawn / size * b)
        observed, usual = (np.nan_to_num(part * (b - part) / b).sum(axis=0) for part in (group, expected))
        value = residual[design.sides[0]].sum(axis=0) * usual / observed
        return tail_p(value, *moments), np.sqrt(moments[1]) / usual


def drawn_moments(size: np.ndarray, drawn: np.ndarray, powers: list[np.ndarray]) -> Moments:
    """Moments of a sum of `drawn` of `size` numbers, without replacement, over strata.

    `size` and `drawn` are strata × 1, `powers` (sums of the numbers, of their squares and of their cubes) strata × k.
    Cochran (1977), Sampling Techniques, sections 2.15 and 2.16.
    """
    one, two, three = powers
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nan_to_num(one / size)
        square = two - size * mean**2
        cube = three - 3 * mean * two + 2 * size * mean**3
        kept = size - drawn
        variance = np.nan_to_num(drawn * kept / (size * (size - 1.0)) * square)
        factor = drawn * kept * (kept - drawn) / (size * (size - 1.0) * (size - 2.0))
        third = np.nan_to_num(factor * cube, posinf=0, neginf=0)
    return (drawn * mean).sum(axis=0), variance.sum(axis=0), third.sum(axis=0)


def tail_p(value: np.ndarray, mean: np.ndarray, variance: np.ndarray, third: np.ndarray) -> np.ndarray:
    """Two-sided p of values under a skewed distribution of which three moments are known (Pearson's type III)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(variance)
        apart = np.abs(value - mean) / spread
        skew = np.nan_to_num(third / spread**3)
    p = np.full(np.shape(value), np.nan)
    known = np.isfinite(apart)
    p[known] = stats.pearson3.sf(apart[known], skew[known]) + stats.pearson3.cdf(-apart[known], skew[known])
    return np.asarray(np.minimum(p, 1.0))
