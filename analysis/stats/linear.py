"""First-order part of each article in a difference: variance, skewness and p without a draw."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from itertools import product
from math import comb

import numpy as np
from scipy import sparse, stats

from analysis.stats.resampling import Observations, block_pools, membership

#: Mean, variance and third central moment.
Moments = tuple[np.ndarray, np.ndarray, np.ndarray]


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


def mixed_sums(
    counts: sparse.csc_array, tokens: np.ndarray, code: np.ndarray, codes: int
) -> dict[tuple[int, int], np.ndarray]:
    """Sums of countⁱ · tokensʲ over the rows of each code (codes × words; of i = 0 codes × 1), for i + j up to 3."""
    words, there, found = counts.shape[1], tokens[counts.indices], {}
    cell = code[counts.indices] * words + np.repeat(np.arange(words), np.diff(counts.indptr))
    for i, j in product(range(4), range(4)):
        if i and i + j <= 3:
            values = reduce(np.multiply, [counts.data] * i + [there] * j)  # many times faster than powers
            found[i, j] = np.bincount(cell, values, codes * words).reshape(codes, words)
        elif i + j <= 3:
            found[i, j] = np.bincount(code, tokens**j, codes)[:, None]
    return found


def power_sums(
    mixed: Mapping[tuple[int, int], np.ndarray], by_word: np.ndarray | float, by_token: np.ndarray
) -> list[np.ndarray]:
    """Sums of by_word · count − by_token · tokens, of its squares and of its cubes, from `mixed_sums`.

    By the binomial formula, so that the counts stay as sparse as they are.
    """
    return [
        sum(comb(n, i) * by_word**i * (-by_token) ** (n - i) * mixed[i, n - i] for i in range(n + 1)) for n in (1, 2, 3)
    ]
