"""Intervals, p and q of differences, by drawing articles again or, where they are many, by their linear parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.linear import linear_parts, residual_test
from analysis.stats.resampling import Observations, permuted, permuted_difference, resampled, resampled_difference

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
#: Cells of a table of draws that is held at once: all 2,000 draws of 2,000 articles.
_CELLS = 4_000_000


class Inference(NamedTuple):
    """What is known of each of k differences; missing where it cannot be told."""

    lower: np.ndarray
    upper: np.ndarray
    spread: np.ndarray  # standard error of the estimate
    p: np.ndarray
    null_spread: np.ndarray  # standard deviation of the difference where there is none


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
        nothing = np.full(estimate.shape, np.nan)
        return Inference(lower, upper, spread_of(boot), nothing, nothing)
    null = np.concatenate([permuted_difference(data, label) for label in permuted(data.design, draws, seed)], axis=1)
    return Inference(lower, upper, spread_of(boot), permutation_p(estimate, null), spread_of(null))


def by_linearization(data: Observations, kind: Kind, n: np.ndarray, *, test: bool) -> Inference:
    """What `by_resampling` tends to, without draws: each article's first-order part in the difference.

    Interval: the linearized variance of the Mantel–Haenszel difference, summed over whole blocks (cluster-robust), t
    with n - 1 degrees of freedom; shares and portions with the same pseudo-articles as in the bootstrap. p: see
    `residual_test`. Greenland & Robins (1985), Biometrics 41(1).
    """
    centre, pools = linear_parts(data, smooth=kind in ("share", "portion"))
    spread = np.sqrt(np.sum([(pool**2).sum(axis=0) * len(pool) / (len(pool) - 1) for pool in pools], axis=0))
    half = stats.t.isf(0.025, np.maximum(n - 1, 1)) * spread
    p, null_spread = residual_test(data) if test else np.full((2, *centre.shape), np.nan)
    return Inference(centre - half, centre + half, spread, p, null_spread)


def permutation_p(estimate: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Two-sided p of each estimate (k,) among draws (k × draws) that have a value, itself counted among them."""
    extreme = (np.abs(null.round(DIGITS)) >= np.abs(estimate.round(DIGITS))[:, None]).sum(axis=1)
    return np.asarray((extreme + 1) / ((~np.isnan(null)).sum(axis=1) + 1))


def spread_of(draws: np.ndarray) -> np.ndarray:
    """Standard deviation over the draws (k × draws) that have a value; NaN where none has."""
    return pd.DataFrame(draws).std(axis=1, ddof=0).to_numpy()


def _expanded(boot: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval with tails moved out as t and each feature's n - 1 ask for (Hesterberg 2015)."""
    tail = stats.norm.cdf(-np.sqrt(n / np.maximum(n - 1, 1)) * stats.t.isf(0.025, np.maximum(n - 1, 1)))
    ends = np.full((len(boot), 2), np.nan)
    for feature in np.flatnonzero((n > 1) & ~np.isnan(boot).all(axis=1)):
        ends[feature] = np.nanquantile(boot[feature], [tail[feature], 1 - tail[feature]])
    return ends[:, 0], ends[:, 1]


def variance_shares(
    values: pd.Series, groupings: Mapping[str, pd.Series], *, draws: int = 2_000, seed: int = 0
) -> pd.DataFrame:
    """Omega squared of each grouping (estimate, lower, upper, articles, groups), and the difference of two of them.

    Omega squared, the share of variance between articles that goes with a grouping, allows for the number of groups,
    which plain shares do not; it can fall below 0 (Olejnik & Algina 2003, Psychological Methods 8(4)). Articles with a
    missing value, or in no group, are left out. Drawing articles again adds variance between groups that is not there,
    more with more groups, so each bootstrap interval is moved back by its own bias: with 19 groups of no influence the
    plain one holds 0 in half the cases.
    """
    known = pd.concat([values, *groupings.values()], axis=1).notna().all(axis=1)
    x = values[known].to_numpy(float)
    codes = {name: pd.factorize(groups[known], sort=True)[0] for name, groups in groupings.items()}
    shares: dict[str, list[np.ndarray]] = {name: [] for name in codes}
    # First the articles as they are, then drawn again, the same for every grouping.
    for times in chain([np.ones((1, len(x)))], multinomial(len(x), draws, np.random.default_rng(seed))):
        for name, code in codes.items():
            shares[name].append(_omega_squared(x, code, times.astype(float)))
    found = {name: np.concatenate(parts) for name, parts in shares.items()}
    if len(found) == 2:
        first, second = found.values()
        found["difference"] = first - second
    rows = {}
    for name, (estimate, *boot) in found.items():
        ends = np.nanquantile(boot, [0.025, 0.975]) - (np.nanmean(boot) - estimate)
        rows[name] = [estimate, *ends, len(x), codes[name].max() + 1 if name in codes else np.nan]
    columns = ["estimate", "lower", "upper", "articles", "groups"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).round(10)


def multinomial(size: int, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each of `size` things comes up in `size` draws with replacement: arrays (some of the draws × size)."""
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
