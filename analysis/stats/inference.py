"""Mantel–Haenszel differences, their intervals by linearization, q, and tails of sums drawn without replacement."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.design import Observations, block_pools, membership

Kind = Literal["share", "portion", "ratio", "mean"]

#: Chance of a false finding that is accepted.
ALPHA = 0.05
#: Results are rounded before they are sorted, tested or drawn, so that the last bit of a platform cannot show.
DIGITS = 10
#: With fewer articles than this to go by on either side (that use a set, that name an actor; copies count once)
#: nothing is tested.
LEAST = 5
#: With more articles than this, draws would cost more than they tell: p is by moments.
LARGE = 5_000
#: Times the spread without a difference: the smallest one that a test at 5 % finds in four cases of five.
DETECTABLE = stats.norm.isf(0.025) + stats.norm.isf(0.2)

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


def can_pass(least: np.ndarray | pd.Series) -> np.ndarray:
    """True for each test that belongs in its family, by the smallest p it could have had (missing: any).

    With the smallest k for which no more than k tests can reach 0.05 / k, those that cannot are left out (Tarone 1990,
    Biometrics 46(2); before Benjamini–Hochberg Gilbert 2005, JRSS C 54(1)). What is left out does not hang on what was
    seen, only on how rare it is.
    """
    known = np.nan_to_num(np.asarray(least, float))
    k = next((k for k in range(1, len(known) + 1) if (known <= ALPHA / k).sum() <= k), 1)
    return np.asarray(known <= ALPHA / k)


def mantel_haenszel(data: Observations) -> np.ndarray:
    """Differences (k,) standardized over strata; NaN where no stratum has weight on both sides."""
    a, b = np.split(data.totals, [data.value.shape[1]], axis=2)  # values and weights, strata × sides × features
    (a1, a0), (b1, b0) = (np.moveaxis(sums, 1, 0) for sums in (a, b))
    usable, whole = (b1 > 0) & (b0 > 0), b1 + b0
    with np.errstate(invalid="ignore", divide="ignore"):
        top = np.where(usable, (a1 * b0 - a0 * b1) / whole, 0).sum(axis=0)
        return np.asarray(top / np.where(usable, b1 * b0 / whole, 0).sum(axis=0))


def linearized_interval(data: Observations, kind: Kind, n: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower and upper ends (k,) of 95 % intervals and standard errors, from each article's first-order part.

    The variance of the Mantel–Haenszel difference is summed over whole blocks (cluster-robust); t with n - 1 degrees
    of freedom, where n (k,) is how many articles the smaller side has. To shares and portions each side is given one
    pseudo-article with and one without the feature (Agresti & Caffo 2000), without which 0 of 20 would be certain.
    Greenland & Robins (1985), Biometrics 41(1).
    """
    design, smooth = data.design, kind in ("share", "portion")
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
    member = membership(design.block, blocks)
    clustered, used = np.asarray(member @ parts), np.asarray(member @ (data.weight > 0) > 0)
    if smooth:
        clustered, used = np.concatenate([clustered, pseudo]), np.concatenate([used, np.ones((4, used.shape[1]), bool)])
        pools[:2] = [np.r_[pool, blocks + 2 * n, blocks + 2 * n + 1] for n, pool in enumerate(pools[:2])]
    variance = np.zeros(centre.shape)
    for pool in (pool for pool in pools if len(pool) > 1):
        size = used[pool].sum(axis=0)
        apart = clustered[pool] - clustered[pool].mean(axis=0)
        variance = variance + (apart**2).sum(axis=0) * size / np.maximum(size - 1, 1)
    error = np.sqrt(variance)
    half = stats.t.isf(0.025, np.maximum(n - 1, 1)) * error
    return centre - half, centre + half, error


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
