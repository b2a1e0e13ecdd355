"""Intervals, p and q of differences, by drawing articles again or, where they are many, by their linear parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.linear import linear_parts, residual_test
from analysis.stats.resampling import Design, permuted, permuted_difference, resampled, resampled_difference

Kind = Literal["share", "portion", "ratio", "mean"]
Method = Literal["auto", "resampling", "analytic"]

#: Results are rounded before they are sorted, tested or drawn, so that the last bit of a platform cannot show.
DIGITS = 10
#: With fewer articles than this to go by on either side (that use a set, that name an actor; copies count once)
#: nothing is tested.
LEAST = 5
#: With more articles than this, draws would cost more than they tell: intervals and p are analytic.
LARGE = 5_000
#: Cells of a table of draws that is held at once: all 2,000 draws of 2,000 articles.
_CELLS = 4_000_000

_TWO_SIDED = stats.norm.isf(0.025)


@dataclass(frozen=True)
class Inference:
    """What is known of each of k differences; missing where it cannot be told."""

    lower: np.ndarray
    upper: np.ndarray
    spread: np.ndarray  # standard error of the estimate
    p: np.ndarray
    null_spread: np.ndarray  # standard deviation of the difference where there is none

    @property
    def detectable(self) -> np.ndarray:
        """Smallest difference that a test at 5 % finds in four cases of five."""
        return np.asarray((_TWO_SIDED + stats.norm.isf(0.2)) * self.null_spread)


def adjust_p(p: np.ndarray | pd.Series) -> np.ndarray:
    """Benjamini–Hochberg q for each p; NaN stays NaN and is no part of the family.

    References
    ----------
    Benjamini & Hochberg (1995), JRSS B 57(1).
    """
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
    plan: Design, kind: Kind, estimate: np.ndarray, n: np.ndarray, draws: int, seed: int, *, test: bool = True
) -> Inference:
    """Percentile bootstrap of whole blocks, and permutation of blocks within strata.

    Parameters
    ----------
    plan : Design
    kind : share, portion, ratio or mean
    estimate, n : arrays (k,), the differences, and the articles to go by on the smaller side
    draws, seed : int
    test : whether p and the spread without a difference are wanted
    """
    samples = resampled(plan, draws, seed, smooth=kind in ("share", "portion"))
    boot = np.concatenate([resampled_difference(plan, times, pseudo) for times, pseudo in samples], axis=1)
    lower, upper = _expanded(boot, n)
    if not test:
        nothing = np.full(estimate.shape, np.nan)
        return Inference(lower, upper, spread_of(boot), nothing, nothing)
    null = np.concatenate([permuted_difference(plan, label) for label in permuted(plan, draws, seed)], axis=1)
    return Inference(lower, upper, spread_of(boot), permutation_p(estimate, null), spread_of(null))


def by_linearization(plan: Design, kind: Kind, n: np.ndarray, *, test: bool = True) -> Inference:
    """What `by_resampling` tends to, without draws: each article's first-order part in the difference.

    Notes
    -----
    Interval: the linearized variance of the Mantel–Haenszel difference, summed over whole blocks (cluster-robust),
    t with n - 1 degrees of freedom; shares and portions with the same pseudo-articles as in the bootstrap. p: where
    sides are drawn anew within strata, the numerator is the sum of the group's residuals from their stratum, a sum
    drawn without replacement, whose first three moments are known; its tail is Pearson's type III.

    References
    ----------
    Greenland & Robins (1985), Biometrics 41(1); Mielke & Berry (2007), Permutation Methods, ch. 2.
    """
    centre, pools = linear_parts(plan, smooth=kind in ("share", "portion"))
    spread = np.sqrt(np.sum([(pool**2).sum(axis=0) * len(pool) / (len(pool) - 1) for pool in pools], axis=0))
    with np.errstate(invalid="ignore"):
        half = stats.t.isf(0.025, np.maximum(n - 1, 1)) * spread
    nothing = np.full(centre.shape, np.nan)
    if not test:
        return Inference(centre - half, centre + half, spread, nothing, nothing)
    p, null_spread = residual_test(plan)
    return Inference(centre - half, centre + half, spread, p, null_spread)


def permutation_p(estimate: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Two-sided p of each estimate (k,) among draws (k × draws) that have a value, itself counted among them."""
    extreme = (np.abs(null.round(DIGITS)) >= np.abs(estimate.round(DIGITS))[:, None]).sum(axis=1)
    return np.asarray((extreme + 1) / ((~np.isnan(null)).sum(axis=1) + 1))


def spread_of(draws: np.ndarray) -> np.ndarray:
    """Standard deviation over the draws (k × draws) that have a value; NaN where none has."""
    known = ~np.isnan(draws)
    if known.all():
        return np.asarray(draws.std(axis=1))
    n = known.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, draws, 0).sum(axis=1, keepdims=True) / n
        return np.asarray(np.sqrt((np.where(known, draws - mean, 0) ** 2).sum(axis=1) / n[:, 0]))


def _expanded(boot: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval with tails moved out as t and each feature's n - 1 ask for (Hesterberg 2015)."""
    tail = stats.norm.cdf(-np.sqrt(n / np.maximum(n - 1, 1)) * stats.t.isf(0.025, np.maximum(n - 1, 1)))
    ordered = np.sort(boot, axis=1)  # what has no value comes last; faster than finding the two places alone
    known = (~np.isnan(boot)).sum(axis=1)
    told = (known > 0) & (n > 1)
    lower, upper = (np.where(told, _quantile(ordered, known, q), np.nan) for q in (tail, 1 - tail))
    return lower, upper


def _quantile(ordered: np.ndarray, known: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Quantile q (k,) of the first `known` numbers of each row of sorted ones, between neighbours in proportion."""
    place = q * np.maximum(known - 1, 0)
    below = np.floor(place).astype(int)
    row = np.arange(len(ordered))
    first, second = ordered[row, below], ordered[row, np.minimum(below + 1, ordered.shape[1] - 1)]
    # The place itself is rounded: at a whole number a neighbour that has no value must not count.
    return np.asarray(np.where(place > below, first + (second - first) * (place - below), first))


def variance_shares(
    values: pd.Series, groupings: Mapping[str, pd.Series], *, draws: int = 2_000, seed: int = 0
) -> pd.DataFrame:
    """How much of the variance between articles goes with each grouping: omega squared, with bootstrap intervals.

    Omega squared allows for the number of groups, which plain shares of variance do not; it can fall below 0.
    Drawing articles again adds variance between groups that is not there, more with more groups, so each interval is
    moved back by the bootstrap's own bias: with 19 groups of no influence the plain one holds 0 in half the cases.

    Parameters
    ----------
    values : Series (article); articles with a missing value, or in no group, are left out
    groupings : name → Series (article)
    draws, seed : bootstrap samples of articles, the same for every grouping

    Returns
    -------
    DataFrame, one row per grouping and, where there are two, a row "difference" (first minus second)
        estimate, lower, upper (percentile, bias removed), articles, groups; index: name

    References
    ----------
    Hays (1963), Statistics for Psychologists; Olejnik & Algina (2003), Psychological Methods 8(4).
    """
    known = values.notna()
    for groups in groupings.values():
        known &= groups.notna()
    x = values[known].to_numpy(float)
    codes = {name: pd.factorize(groups[known], sort=True)[0] for name, groups in groupings.items()}
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in codes}
    for times in multinomial(len(x), draws, np.random.default_rng(seed)):
        for name, code in codes.items():
            drawn[name].append(_omega_squared(x, code, times.astype(float)))
    found, sizes = {}, {}
    for name, code in codes.items():
        found[name] = (_omega_squared(x, code, np.ones((1, len(x))))[0], np.concatenate(drawn[name]))
        sizes[name] = len(np.unique(code))
    if len(found) == 2:
        first, second = found.values()
        found["difference"] = (first[0] - second[0], first[1] - second[1])
    rows = {}
    for name, (estimate, boot) in found.items():
        ends = np.nanquantile(boot, [0.025, 0.975]) - (np.nanmean(boot) - estimate)
        rows[name] = [estimate, *ends, len(x), sizes.get(name, np.nan)]
    columns = ["estimate", "lower", "upper", "articles", "groups"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).round(10)


def multinomial(size: int, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each of `size` things comes up in `size` draws with replacement, many times over.

    Yields
    ------
    array (some of the draws × size), of at most `_CELLS` cells or one draw
    """
    step = max(1, _CELLS // max(1, size))
    for start in range(0, draws, step):
        yield rng.multinomial(size, np.full(size, 1 / size), size=min(step, draws - start))


def _omega_squared(x: np.ndarray, code: np.ndarray, times: np.ndarray) -> np.ndarray:
    member = np.eye(code.max() + 1)[code]
    size, total = times @ member, times @ (member * x[:, None])
    n = times.sum(axis=1)
    mean = total.sum(axis=1) / n
    everything = times @ x**2 - n * mean**2
    with np.errstate(invalid="ignore", divide="ignore"):
        between = np.where(size > 0, total**2 / size, 0).sum(axis=1) - n * mean**2
        present = (size > 0).sum(axis=1)
        within = (everything - between) / (n - present)
        return np.asarray((between - (present - 1) * within) / (everything + within))
