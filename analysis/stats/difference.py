"""Differences between groups of articles, with what can be said of their certainty.

Articles (or whole clusters of copies) change sides, never tokens. `permutation` makes p, `inference` intervals and q.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from analysis import tables
from analysis.stats.inference import (
    DETECTABLE,
    DIGITS,
    LEAST,
    Arrays,
    Kind,
    Observations,
    build_design,
    check_groups,
    linearized_interval,
    mantel_haenszel,
    observe,
)
from analysis.stats.permutation import extreme_draws, moments_p, share_p, units_of

#: Articles × features that are compared at once.
_CELLS = 10_000_000


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
    draws : int, permutations for p of what is no share; 0 takes p by moments
    seed : int
    measure, names : what to write into the table

    Returns
    -------
    DataFrame (COMPARISON), a row per adjustment and feature; q is left missing, see `inference.adjust_p`

    Notes
    -----
    Interval: `inference.linearized_interval`, of whole blocks. p: two-sided, as if articles could change sides, within
    strata for the standardized row, freely for the raw one; the copies of a text on one side move together. Of shares
    it is exact and counts such copies once (`permutation.exact_p`); of the rest it comes from `draws` permutations,
    the observed arrangement counted among them (Phipson & Smyth 2010), with more than 5,000 articles from three
    moments. detectable: (1.96 + 0.84) standard deviations of the difference under permutation. Where fewer than `LEAST`
    articles of a side have weight in strata that both sides share, only the estimate is given. `test` says how p was
    found, or why there is none.

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
    table = compare(data, features, kind, draws=0 if kind == "share" else draws, seed=seed)
    facts = {"measure": measure, "group": names[0], "reference": names[1], "language": "mul", "variant": "lede"}
    return tables.check(table.assign(**facts), tables.COMPARISON)


def compare(
    data: Observations,
    features: Sequence[str],
    kind: Kind,
    *,
    adjustments: Sequence[str] = ("raw", "standardized"),
    test: bool = True,
    draws: int = 0,
    seed: int = 0,
) -> pd.DataFrame:
    """Numbers of `difference`, p exact, drawn or by moments: COMPARISON without its text but feature and adjustment.

    Beside them `least`, the smallest p that each test could have had, for `inference.can_pass`.
    """
    step = max(1, _CELLS // len(data.design.side))
    if len(features) > step:  # some features at a time: numbers of articles × features take memory
        again = partial(compare, kind=kind, adjustments=adjustments, test=test, draws=draws, seed=seed)
        starts = range(0, len(features), step)
        blocks = [again(data.some(slice(at, at + step)), features[at : at + step]) for at in starts]
        return pd.concat(blocks, ignore_index=True)
    parts = []
    for adjustment in adjustments:
        part = replace(data, design=data.design.unstratified) if adjustment == "raw" else data
        numbers = pd.DataFrame(_numbers(part, kind, test=test)).round(DIGITS)
        if draws:
            p = (extreme_draws(units_of(part, once=False), draws, (seed,)) + 1) / (draws + 1)
            drawn = numbers["p"].notna() & ~np.isnan(p)
            numbers = numbers.assign(p=numbers["p"].mask(drawn, p), test=numbers["test"].mask(drawn, "drawn"))
        parts.append(numbers.assign(feature=features, adjustment=adjustment))
    group = int(data.design.side.sum())
    table = pd.concat(parts, ignore_index=True)
    return table.assign(q=np.nan, articles=group, reference_articles=len(data.design.side) - group)


def _numbers(data: Observations, kind: Kind, *, test: bool) -> dict[str, np.ndarray]:
    """Numbers of COMPARISON, by their names."""
    units, estimate = units_of(data, once=kind == "share"), mantel_haenszel(*data.totals)[0]
    compared = np.broadcast_to(units.compared, estimate.shape)
    lower, upper, error = linearized_interval(data, kind, compared)
    if kind in ("share", "portion"):
        lower, upper = np.maximum(lower, -1.0), np.minimum(upper, 1.0)
    tests = None
    if test:
        p, deviation = moments_p(units)
        p, least = share_p(units) if kind == "share" else (p, np.full_like(p, np.nan))
        tests = p, least, deviation
    numbers = certain(estimate, (lower, upper, error), compared, tests)
    total, size = ([part[rows].sum(axis=0) for rows in data.design.sides] for part in (data.value, data.weight))
    size = [np.broadcast_to(part, estimate.shape) for part in size]
    counts = size if kind == "mean" else total
    facts = {"count": counts[0], "reference_count": counts[1], "effect": _effect(data, kind, total, size)}
    return numbers | facts


def certain(
    estimate: np.ndarray, interval: Arrays, compared: np.ndarray, tests: Arrays | None
) -> dict[str, np.ndarray]:
    """Columns of COMPARISON from ends of intervals and errors, and from p, least p and deviation without a difference.

    Missing where fewer than `LEAST` units of a side can be compared, or nothing varies; `test` says which.
    """
    lower, upper, error = interval
    z = np.divide(estimate, error, out=np.full_like(estimate, np.nan), where=error > 0)
    known, how = ~np.isnan(estimate) & (compared >= LEAST), np.full(estimate.shape, None)
    p = least = deviation = np.full(estimate.shape, np.nan)
    if tests is not None:
        p, least, deviation = tests
        # Where every arrangement gives the same difference (nobody names the actor) there is nothing to test.
        same = ~(deviation.round(DIGITS) > 0)
        reasons = {"not matched": compared == 0, "few articles": compared < LEAST, "no variation": same}
        how = np.select([*reasons.values()], [*reasons], np.where(np.isnan(least), "moments", "exact")).astype(object)
        known &= ~same
    numbers = {"lower": lower, "upper": upper, "z": z, "p": p, "least": least, "detectable": DETECTABLE * deviation}
    return {"estimate": estimate, "test": how} | {name: np.where(known, of, np.nan) for name, of in numbers.items()}


def _effect(data: Observations, kind: Kind, total: list[np.ndarray], size: list[np.ndarray]) -> np.ndarray:
    """Cohen's h for shares and portions, log ratio (half an occurrence added) for ratios, Hedges' g for means."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [t / s for t, s in zip(total, size, strict=True)]
        if kind in ("share", "portion"):
            angles = [2 * np.arcsin(np.sqrt(mean)) for mean in means]
            return np.asarray(angles[0] - angles[1])
        if kind == "ratio":
            return np.asarray(np.log((total[0] + 0.5) / size[0]) - np.log((total[1] + 0.5) / size[1]))
        squares = sum(
            (data.weight[rows] * (data.value[rows] - mean) ** 2).sum(axis=0)
            for rows, mean in zip(data.design.sides, means, strict=True)
        )
        freedom = np.maximum(size[0] + size[1] - 2, 1)
        g = (means[0] - means[1]) / np.sqrt(squares / freedom)
        return np.asarray(g * (1 - 3 / (4 * freedom - 1)))
