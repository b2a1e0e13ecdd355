"""Differences between groups of articles, with what can be said of their certainty.

Articles (or whole clusters of copies) change sides, never tokens. Standardized differences weigh the
periods as Mantel and Haenszel do, so that a group observed at another time of the story is not compared with it.

`keyness` compares words; `permutation` makes p, and `inference` intervals and q.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.stats.design import Observations, build_design, check_groups, observe
from analysis.stats.inference import DETECTABLE, DIGITS, LEAST, Kind, linearized_interval, mantel_haenszel
from analysis.stats.permutation import Units, extreme_draws, moments_p, share_p, units_of


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
    table = compare(data, features, kind)
    if draws and kind != "share":
        table = _drawn(table, data, draws, seed)
    facts = {"measure": measure, "group": names[0], "reference": names[1], "language": "mul", "variant": "lede"}
    return tables.check(table.assign(**facts), tables.COMPARISON)


def _drawn(table: pd.DataFrame, data: Observations, draws: int, seed: int) -> pd.DataFrame:
    """The table of `compare` with p of permutations in place of moments, where there are not too many articles."""
    for adjustment, rows in table.groupby("adjustment").groups.items():
        part = replace(data, design=data.design.unstratified) if adjustment == "raw" else data
        p = (extreme_draws(units_of(part, once=False), draws, (seed,)) + 1) / (draws + 1)
        drawn = table.loc[rows, "p"].notna().to_numpy() & ~np.isnan(p)
        table.loc[rows[drawn], "p"] = p[drawn]
        table.loc[rows[drawn], "test"] = "drawn"
    return table


def compare(
    data: Observations,
    features: Sequence[str],
    kind: Kind,
    *,
    adjustments: Sequence[str] = ("raw", "standardized"),
    test: bool = True,
) -> pd.DataFrame:
    """Numbers of `difference`, p exact or by moments: COMPARISON without its text but feature, adjustment and test.

    Beside them `least`, the smallest p that each test could have had, for `inference.can_pass`.
    """
    parts: list[dict[str, Any]] = []
    for adjustment in adjustments:
        part = replace(data, design=data.design.unstratified) if adjustment == "raw" else data
        numbers = _numbers(part, kind, test=test)
        parts.append({"feature": features, "adjustment": [adjustment] * len(features), **numbers})
    table = pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]}).round(DIGITS)
    group = int(data.design.side.sum())
    return table.assign(q=np.nan, articles=group, reference_articles=len(data.design.side) - group)


def _numbers(data: Observations, kind: Kind, *, test: bool) -> dict[str, np.ndarray]:
    units, estimate = units_of(data, once=kind == "share"), mantel_haenszel(data)
    n = np.broadcast_to(units.compared, estimate.shape)
    lower, upper, error = linearized_interval(data, kind, n)
    total = [data.value[rows].sum(axis=0) for rows in data.design.sides]
    size = [np.broadcast_to(data.weight[rows].sum(axis=0), estimate.shape) for rows in data.design.sides]
    z = np.divide(estimate, error, out=np.full_like(estimate, np.nan), where=error > 0)
    if kind in ("share", "portion"):
        lower, upper = np.maximum(lower, -1.0), np.minimum(upper, 1.0)
    certainty = {"lower": lower, "upper": upper, "z": z, **dict.fromkeys(("p", "detectable"), np.nan * z)}
    known = ~np.isnan(estimate) & (n >= LEAST)
    how, least = np.full(estimate.shape, None), np.full(estimate.shape, np.nan)
    if test:
        certainty["p"], least, certainty["detectable"], how = _test(units, kind)
        how = np.select([n == 0, n < LEAST], ["not matched", "few articles"], how)
        known &= how != "no variation"
    return {
        "estimate": estimate,
        **{name: np.where(known, numbers, np.nan) for name, numbers in certainty.items()},
        "test": how,
        "least": least,
        "effect": _effect(data, kind, total, size),
        "count": size[0] if kind == "mean" else total[0],
        "reference_count": size[1] if kind == "mean" else total[1],
    }


def _test(units: Units, kind: Kind) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """p of each feature, its smallest possible p, the detectable difference, and how p was found or why not."""
    p, deviation = moments_p(units)
    least = np.zeros_like(p)
    how = np.full(p.shape, "moments", dtype=object)
    if kind == "share":
        p, least = share_p(units)
        how[:] = np.where(np.isnan(least), "moments", "exact")
    # Where every arrangement gives the same difference (nobody names the actor) there is nothing to test.
    how[~(deviation.round(DIGITS) > 0)] = "no variation"
    return p, least, DETECTABLE * deviation, how


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
