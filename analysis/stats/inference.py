"""Designs (articles on two sides, in strata and clusters of copies), their differences, intervals, q, and tails."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from scipy import sparse, stats

from analysis.errors import EmptyGroup, OverlappingGroups


@dataclass(frozen=True)
class Design:
    """Articles of a group, then those of a reference, each side by stratum; blocks are clusters of copies."""

    article: np.ndarray  # (n,) indices
    side: np.ndarray  # (n,) 1 in the group, 0 in the reference
    stratum: np.ndarray  # (n,) 0 .. strata - 1
    block: np.ndarray  # (n,) 0 .. blocks - 1

    @property
    def strata(self) -> int:
        return int(self.stratum.max()) + 1

    @cached_property
    def unstratified(self) -> Self:
        return replace(self, stratum=np.zeros_like(self.stratum))

    @property
    def sides(self) -> tuple[slice, slice]:
        """Rows of the group and of the reference."""
        group = int(self.side.sum())
        return slice(0, group), slice(group, len(self.side))

    @cached_property
    def units(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit of each row (articles of one block and side move together) and, for its stratum, first row of each."""
        order = np.argsort(self.article, kind="stable")
        unit = pd.factorize(self.block * 2 + self.side)[0]
        return unit, order[np.unique(unit[order], return_index=True)[1]]


def build_design(
    group: Sequence[int] | np.ndarray,
    reference: Sequence[int] | np.ndarray,
    strata: np.ndarray | None = None,
    blocks: np.ndarray | None = None,
) -> Design:
    """Design of two sides, given as indices of articles; stratum and block of every article are numbers."""
    article = np.r_[np.sort(group), np.sort(reference)]
    side = np.repeat([1, 0], [len(group), len(reference)])
    stratum = np.zeros_like(article) if strata is None else pd.factorize(strata[article], sort=True)[0]
    order = np.lexsort((stratum, 1 - side))  # stable: articles stay in order within a stratum
    article = article[order]
    block = np.arange(len(article)) if blocks is None else pd.factorize(blocks[article], sort=True)[0]
    return Design(article, side[order], stratum[order], block)


def check_groups(group: Collection[Any], reference: Collection[Any], names: tuple[str, str]) -> None:
    """Refuse sides that share an article, and a side that has none."""
    if both := sorted(set(group) & set(reference)):
        raise OverlappingGroups([str(article) for article in both])
    for side, name, members in (("group", names[0], group), ("reference", names[1], reference)):
        if not len(members):
            raise EmptyGroup(side, name)


@dataclass(frozen=True)
class Observations:
    """Values and weights of the articles of a design: numerators and denominators of k features."""

    design: Design
    value: np.ndarray  # (n, k)
    weight: np.ndarray  # (n, k), or (n, 1) where it is the same for every feature

    def some(self, features: slice | Sequence[int]) -> "Observations":
        """Observations of some features, by their place."""
        weight = self.weight if self.weight.shape[1] == 1 else self.weight[:, features]
        return Observations(self.design, self.value[:, features], weight)

    @cached_property
    def totals(self) -> tuple[np.ndarray, np.ndarray]:
        """Sums of values and of weights in each stratum and side: group, reference (strata × 2 × k)."""
        strata, code = self.design.strata, 2 * self.design.stratum + 1 - self.design.side
        sums = np.asarray(membership(code, 2 * strata) @ np.hstack([self.value, self.weight])).reshape(strata, 2, -1)
        return sums[:, :, : self.value.shape[1]], sums[:, :, self.value.shape[1] :]


def observe(design: Design, values: np.ndarray, weights: np.ndarray | None = None) -> Observations:
    """Observations from values (a row per article) and weights (the same, one per article, or None: 1 each)."""
    value = values[design.article]
    weight = (np.ones(len(value)) if weights is None else weights[design.article]).reshape(len(value), -1)
    if (missing := np.isnan(value)).any():
        weight = weight * ~missing
    return Observations(design, np.where(weight > 0, np.nan_to_num(value), 0.0), weight)


def membership(code: np.ndarray, size: int) -> sparse.csr_array:
    """1 where a column's code is the row (size × n): times an array, sums over equal codes."""
    return sparse.csr_array((np.ones(len(code)), (code, np.arange(len(code)))), shape=(size, len(code)))


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

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


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
    Biometrics 46(2); before Benjamini–Hochberg Gilbert 2005, JRSS C 54(1)): they are rare, whatever was seen.
    """
    known = np.nan_to_num(np.asarray(least, float))
    k = next((k for k in range(1, len(known) + 1) if (known <= ALPHA / k).sum() <= k), 1)
    return np.asarray(known <= ALPHA / k)


def mantel_haenszel(value: np.ndarray, weight: np.ndarray) -> Arrays:
    """Differences (k,) standardized over strata, and their derivatives by each side's values and weights.

    Given are sums of both in each stratum and side (strata × 2 × k). NaN where no stratum has weight on both sides.
    """
    other, sign = weight[:, ::-1], np.array([1, -1])[:, None]
    usable, whole = (weight > 0).all(axis=1, keepdims=True), weight.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = np.where(usable, weight[:, :1] * weight[:, 1:] / whole, 0).sum(axis=(0, 1))
        apart = (value[:, :1] * weight[:, 1:] - value[:, 1:] * weight[:, :1]) / whole
        difference = np.where(usable, apart, 0).sum(axis=(0, 1)) / parts
        by_weight = -sign * other * value.sum(axis=1, keepdims=True) / whole**2 - difference * other**2 / whole**2
        by_value, by_weight = (np.where(usable, part, 0) / parts for part in (sign * other / whole, by_weight))
    return difference, by_value, by_weight


def linearized_interval(data: Observations, kind: Kind, n: np.ndarray) -> Arrays:
    """Lower and upper ends (k,) of 95 % intervals and standard errors, from each article's first-order part.

    The variance of the Mantel–Haenszel difference is summed over whole blocks (cluster-robust); t with n - 1 degrees
    of freedom, where n (k,) is how many articles the smaller side has. To shares and portions each side is given one
    pseudo-article with and one without the feature (Agresti & Caffo 2000), without which 0 of 20 would be certain; it
    weighs what the side's articles do on average. Greenland & Robins (1985), Biometrics 41(1).
    """
    design, smooth = data.design, kind in ("share", "portion")
    value, weight = data.totals
    used = np.array([(data.weight[rows] > 0).sum(axis=0) for rows in design.sides])
    pseudo = weight / np.maximum(used, 1) * smooth
    centre, by_value, by_weight = mantel_haenszel(value + pseudo, weight + 2 * pseudo)
    at = design.stratum, 1 - design.side
    blocks = int(design.block.max()) + 1
    member = membership(design.block, blocks)
    parts = np.asarray(member @ (data.value * by_value[at] + data.weight * by_weight[at]))
    used = np.asarray(member @ (data.weight > 0) > 0)
    touches = np.zeros((blocks, 2), bool)
    touches[design.block, 1 - design.side] = True
    if smooth:
        without = (pseudo * by_weight).sum(axis=0)
        parts = np.concatenate([parts, without, without + (pseudo * by_value).sum(axis=0)])
        used = np.concatenate([used, np.ones((4, used.shape[1]), bool)])
        touches = np.concatenate([touches, np.tile(np.eye(2, dtype=bool), (2, 1))])
    variance = np.zeros(centre.shape)
    for sides in ((True, False), (False, True), (True, True)):  # blocks of the group, of the reference, of both
        pool = (touches == sides).all(axis=1)
        if pool.sum() > 1:
            size = used[pool].sum(axis=0)
            apart = parts[pool] - parts[pool].mean(axis=0)
            variance = variance + (apart**2).sum(axis=0) * size / np.maximum(size - 1, 1)
    error = np.sqrt(variance)
    half = stats.t.isf(0.025, np.maximum(n - 1, 1)) * error
    return centre - half, centre + half, error


def drawn_moments(size: np.ndarray, drawn: np.ndarray, powers: list[np.ndarray]) -> Arrays:
    """Mean, variance and third central moment of a sum of `drawn` of `size` numbers, drawn anew in each stratum.

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
