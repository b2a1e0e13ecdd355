"""First-order part of each article in a difference: variance, skewness and p without a draw."""

from __future__ import annotations

from math import comb

import numpy as np
from scipy import sparse, stats

from analysis.stats.resampling import Design

_Sides = tuple[np.ndarray, np.ndarray]


def _by_stratum(plan: Design, values: np.ndarray) -> _Sides:
    """Sums of the rows of each stratum in the group and in the reference, each (strata × columns)."""
    code = plan.stratum * 2 + plan.side
    member = membership(code, 2 * plan.strata)
    sums = np.asarray(member @ values)
    return sums[1::2], sums[0::2]


def membership(code: np.ndarray, size: int) -> sparse.csr_array:
    """1 where a column's code is the row (size × n): times an array, sums over equal codes."""
    return sparse.csr_array((np.ones(len(code)), (code, np.arange(len(code)))), shape=(size, len(code)))


def linear_parts(plan: Design, *, smooth: bool) -> tuple[np.ndarray, list[np.ndarray]]:
    """The Mantel–Haenszel difference (k,) and, for each pool of blocks drawn together, their parts in it (blocks × k).

    With `smooth`, each side's pool also holds a pseudo-article with and one without the feature, as in the bootstrap.
    """
    (a1, a0), (b1, b0) = _by_stratum(plan, plan.value), _by_stratum(plan, plan.weight)
    share = [b / np.maximum((plan.weight[plan.side == side] > 0).sum(axis=0), 1) for side, b in ((1, b1), (0, b0))]
    if smooth:
        a1, a0, b1, b0 = a1 + share[0], a0 + share[1], b1 + 2 * share[0], b0 + 2 * share[1]
    whole = b1 + b0
    usable = (b1 > 0) & (b0 > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(usable, b1 * b0 / whole, 0).sum(axis=0)
        centre = np.where(usable, (a1 * b0 - a0 * b1) / whole, 0).sum(axis=0) / weight
        # Derivatives of numerator / denominator by what a side has (d_top) and by its mass (d_mass), per stratum.
        slopes = []
        for sign, other in ((1, b0), (-1, b1)):
            d_top = np.where(usable, sign * other / whole, 0) / weight
            d_mass = np.where(usable, -sign * other * (a1 + a0) / whole**2 - centre * other**2 / whole**2, 0) / weight
            slopes.append((d_top, d_mass))
    parts = np.zeros(plan.value.shape)
    for side, (d_top, d_mass) in zip((1, 0), slopes, strict=True):
        rows = plan.side == side
        stratum = plan.stratum[rows]
        parts[rows] = plan.value[rows] * d_top[stratum] + plan.weight[rows] * d_mass[stratum]
    blocks = int(plan.block.max()) + 1
    touches = np.zeros((blocks, 2), bool)
    touches[plan.block, plan.side] = True
    clustered = np.asarray(membership(plan.block, blocks) @ parts)
    pools = [np.flatnonzero((touches == pair).all(axis=1)) for pair in ((False, True), (True, False), (True, True))]
    if smooth:
        pseudo = []
        for mean, (d_top, d_mass) in zip(share, slopes, strict=True):
            without = (mean * d_mass).sum(axis=0)
            pseudo += [without + (mean * d_top).sum(axis=0), without]
        clustered = np.concatenate([clustered, pseudo])
        for which in (0, 1):
            pools[which] = np.r_[pools[which], blocks + 2 * which, blocks + 2 * which + 1]
    return centre, [clustered[pool] - clustered[pool].mean(axis=0) for pool in pools if len(pool) > 1]


def residual_test(plan: Design) -> tuple[np.ndarray, np.ndarray]:
    """p of each difference, and its standard deviation where sides are drawn anew within strata.

    The numerator of the difference is then the sum of the group's residuals from their stratum, a sum drawn without
    replacement, whose first three moments are known.

    References
    ----------
    Mielke & Berry (2007), Permutation Methods, ch. 2.
    """
    (a1, a0), (b1, b0) = _by_stratum(plan, plan.value), _by_stratum(plan, plan.weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nan_to_num((a1 + a0) / (b1 + b0))
    residual = plan.value - plan.weight * mean[plan.stratum]
    unit, first = plan.units
    sums = np.asarray(membership(unit, len(first)) @ residual)
    stratum, side = plan.stratum[first], plan.side[first]
    member = membership(stratum, plan.strata)
    size = np.bincount(stratum, minlength=plan.strata)[:, None]
    drawn = np.bincount(stratum[side == 1], minlength=plan.strata)[:, None]
    # A power of three is taken by multiplying: NumPy's takes as long as all the rest together.
    moments = drawn_moments(size, drawn, [np.asarray(member @ power) for power in (sums, sums**2, sums**2 * sums)])
    with np.errstate(invalid="ignore", divide="ignore"):
        # Copies within a side move together, so the sides' expected mass is not what they have.
        expected = drawn / size * (b1 + b0)
        observed, usual = (
            np.nan_to_num(b * (b1 + b0 - b) / (b1 + b0)).sum(axis=0) for b in (b1, np.nan_to_num(expected))
        )
        value = residual[plan.side == 1].sum(axis=0) * usual / observed
        return tail_p(value, *moments), np.sqrt(moments[1]) / usual


def drawn_moments(
    size: np.ndarray, drawn: np.ndarray, powers: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, variance and third central moment of a sum of `drawn` of `size` numbers, without replacement, over strata.

    Parameters
    ----------
    size, drawn : arrays (strata × 1)
    powers : three arrays (strata × k), sums of the numbers, of their squares and of their cubes

    References
    ----------
    Cochran (1977), Sampling Techniques, sections 2.15 and 2.16.
    """
    one, two, three = powers
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nan_to_num(one / size)
        square = two - size * mean**2
        cube = three - 3 * mean * two + 2 * size * mean**3
        kept = size - drawn
        variance = np.nan_to_num(drawn * kept / (size * (size - 1.0)) * square)
        third = np.nan_to_num(
            drawn * kept * (kept - drawn) / (size * (size - 1.0) * (size - 2.0)) * cube, posinf=0, neginf=0
        )
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


def clustered(
    code: np.ndarray, size: int, counts: sparse.csc_array, tokens: np.ndarray
) -> tuple[sparse.csc_array, np.ndarray]:
    """Counts and tokens summed over rows of one code; the same where each has its own, codes being in order."""
    if size == len(code):
        return counts, tokens
    member = membership(code, size)
    return sparse.csc_array(member @ counts), member @ tokens


def power_sums(
    y: sparse.csc_array, n: np.ndarray, by_word: np.ndarray, by_token: np.ndarray, stratum: np.ndarray, strata: int
) -> list[np.ndarray]:
    """Sums of by_word · y − by_token · n, of its squares and cubes over the rows of each stratum (strata × words).

    By the binomial formula, so that the counts stay as sparse as they are.
    """
    mixed = {
        (i, j): stratum_sums(y, y.data**i * (n**j)[y.indices], stratum, strata)
        if i
        else np.bincount(stratum, n**j, strata)[:, None]
        for i in range(4)
        for j in range(4 - i)
    }
    u, v = by_word, -by_token
    return [
        sum(comb(power, i) * u**i * v ** (power - i) * mixed[i, power - i] for i in range(power + 1))
        for power in (1, 2, 3)
    ]


def stratum_sums(y: sparse.csc_array, values: np.ndarray, stratum: np.ndarray, strata: int) -> np.ndarray:
    """Sums of values, one for each cell of y, over the rows of each stratum (strata × words)."""
    words = y.shape[1]
    code = stratum[y.indices] * words + np.repeat(np.arange(words), np.diff(y.indptr))
    return np.bincount(code, values, strata * words).reshape(strata, words)
