"""Groups of outlets compared with the outlet as the unit: shares with intervals, tests that permute whole outlets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.frequency import clustered_share, effective_clusters
from analysis.stats.inference import DIGITS, adjust_p

#: Fewest outlets and articles on either side of a comparison.
LEAST_TESTED_OUTLETS, LEAST_ARTICLES = 10, 20
#: Fewest articles, and outlets, that have a value on either side; rarer values are shown and not tested.
LEAST_WITH_VALUE = 5
DRAWS = 9_999
#: Permutations times outlets that are held at once.
_CELLS = 2_000_000


def outlet_shares(values: pd.DataFrame, outlets: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """Share of articles of each group of outlets that have each value, by article and by outlet.

    Parameters
    ----------
    values : DataFrame of 1, 0 and missing, index article
    outlets, groups : Series, index article

    Returns
    -------
    DataFrame, one row per value (as many columns as names of `values.columns`) and group: count, articles, outlets,
    share, lower, upper (95 %), by_outlet (mean of the outlets' shares)

    Interval: `frequency.clustered_share`, outlets as clusters.
    """
    rows = []
    for value in values.columns:
        known = values[value].dropna()
        table = pd.DataFrame({"y": known, "outlet": outlets.loc[known.index], "group": groups.loc[known.index]})
        for group, part in table.groupby("group", observed=True):
            sums = part.groupby("outlet")["y"].agg(["sum", "size"]).to_numpy(float)
            y, n = sums.T
            facts = int(y.sum()), int(n.sum()), len(n), *clustered_share(y, n), float((y / n).mean())
            rows.append((value, group, *facts))
    columns = ["value", "group", "count", "articles", "outlets", "share", "lower", "upper", "by_outlet"]
    return pd.DataFrame(rows, columns=columns)


def without_strata(values: pd.DataFrame, strata: Sequence[pd.Series]) -> pd.DataFrame:
    """Values less the share of all articles of the same strata (sub-event, period): what is compared of groups.

    A single article's stratum says nothing of it, and its value becomes 0.
    """
    keys = [stratum.reindex(values.index).fillna("?").to_numpy() for stratum in strata]
    return values - values.groupby(keys).transform("mean") if keys else values - values.mean()


def compare_outlet_groups(
    values: pd.DataFrame,
    outlets: pd.Series,
    groups: pd.Series,
    *,
    strata: Sequence[pd.Series] = (),
    within: pd.Series | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Differences between each group of outlets and all other outlets, value by value.

    Parameters
    ----------
    values : DataFrame of 1, 0 and missing, index article: one variable
    outlets, groups : Series, index article; an outlet belongs to one group
    strata : Series, index article: what the pages are about and when; pooled shares of them are taken out first
    within : Series, index article: outlets are permuted among those of the same (language); none: among all
    draws, seed : int, permutations

    Returns
    -------
    DataFrame, one row per value and group with enough outlets and articles on both sides (at least ten and twenty, and
    five of five outlets with the value): value, group, count, articles, other_count, other_articles, difference (of
    shares, strata taken out), lower, upper (95 %), p, adjusted_p (for all rows), family_p (whether anything differs at
    all, the same in each row)

    Notes
    -----
    The statistic is the difference over its standard error where there is none, by outlet, so that groups of few large
    outlets do not win. p are adjusted by the least p of each permutation, stepwise (Westfall & Young 1993; Ge, Dudoit
    & Speed 2003).
    """
    known = values.dropna()
    if within is not None:  # where all outlets of a language belong to one group, nothing can be permuted
        several = groups.loc[known.index].groupby(within.loc[known.index].to_numpy()).transform("nunique") > 1
        known = known[several]
    sums = _Sums.of(known, outlets, groups, strata, within)
    tested = {g: sums.testable(g) for g in sums.names if sums.large(sums.label == g) and sums.large(sums.label != g)}
    tested = {g: columns for g, columns in tested.items() if columns.any()}
    if len(tested) == 2 == len(sums.names):  # the second says the same of the other side
        tested.popitem()
    if not tested:
        return pd.DataFrame(columns=_COLUMNS)
    sides = np.stack([sums.label == g for g in tested]).astype(float)
    mask = np.stack(list(tested.values()))
    difference, error, null_error = sums.differences(sides)
    with np.errstate(invalid="ignore", divide="ignore"):  # of values that are not tested
        observed = np.abs(difference / null_error)
    p, adjusted = _permutation_p(sums, sides, mask, observed, draws, seed)
    rows = []
    for at, group in enumerate(tested):
        side = sums.label == group
        freedom = max(min(effective_clusters(sums.n[side]), effective_clusters(sums.n[~side])) - 1, 1)
        half = stats.t.isf(0.025, freedom) * error[at]
        for place in np.flatnonzero(mask[at]):
            counts = (int(total) for part in (side, ~side) for total in (sums.y[part, place].sum(), sums.n[part].sum()))
            estimate = difference[at, place]
            interval = (estimate - half[place], estimate + half[place])
            rows.append((known.columns[place], group, *counts, estimate, *interval, p[at, place], adjusted[at, place]))
    table = pd.DataFrame(rows, columns=_COLUMNS[:-1])
    return table.assign(family_p=table["adjusted_p"].min())


_COLUMNS = [
    *("value", "group", "count", "articles", "other_count", "other_articles"),
    *("difference", "lower", "upper", "p", "adjusted_p", "family_p"),
]


@dataclass(frozen=True)
class _Sums:
    """Per outlet: articles, group, block of permutation; per outlet and value: articles with it, sum of residuals."""

    n: np.ndarray
    label: np.ndarray
    block: np.ndarray
    y: np.ndarray
    r: np.ndarray

    @classmethod
    def of(
        cls,
        known: pd.DataFrame,
        outlets: pd.Series,
        groups: pd.Series,
        strata: Sequence[pd.Series],
        within: pd.Series | None,
    ) -> _Sums:
        """Sums of the articles of each outlet, outlets in order of their names."""
        code, names = pd.factorize(outlets.loc[known.index].to_numpy(), sort=True)
        size = len(names)
        residual = without_strata(known, strata)
        block = np.zeros(size, int)
        if within is not None:
            language = within.loc[known.index].to_numpy()
            block = pd.factorize(pd.crosstab(code, language).idxmax(axis=1).to_numpy())[0]  # an outlet's commonest

        def add(table: pd.DataFrame) -> np.ndarray:
            columns = [np.bincount(code, column, size) for column in table.to_numpy(float).T]
            return np.stack(columns, axis=1) if columns else np.zeros((size, 0))

        label = groups.loc[known.index].groupby(code).first().to_numpy(dtype=object)
        return cls(np.bincount(code, minlength=size).astype(float), label, block, add(known), add(residual))

    @property
    def names(self) -> list[str]:
        """Groups, in order of their names."""
        return sorted(set(self.label), key=str)

    def large(self, side: np.ndarray) -> bool:
        """True where a side has ten outlets and twenty articles."""
        return bool(side.sum() >= LEAST_TESTED_OUTLETS and self.n[side].sum() >= LEAST_ARTICLES)

    def testable(self, group: str) -> np.ndarray:
        """True for each value that is in five articles, and five outlets, of a group and of the others."""
        sides = (self.label == group, self.label != group)
        enough = [np.minimum(self.y[side].sum(axis=0), (self.y[side] > 0).sum(axis=0)) for side in sides]
        return np.asarray(np.minimum(*enough) >= LEAST_WITH_VALUE)

    def differences(self, sides: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Differences of mean residuals of sides (k × outlets), their standard errors, and these under no difference.

        Differences of blocks are pooled with the weights of Mantel and Haenszel. Three arrays k × values.
        """
        top, weight, spread, null = (
            np.zeros((len(sides), width)) for width in (self.r.shape[1], 1, *[self.r.shape[1]] * 2)
        )
        for block in np.unique(self.block):
            here = self.block == block
            n = self.n[here, None]
            e = self.r[here] - n * self.r[here].sum(axis=0) / n.sum()
            total = np.concatenate([e, e * e, e * n, n * n, n, np.ones_like(n)], axis=1)
            inside = sides[:, here] @ total
            parts = (inside, total.sum(axis=0) - inside)
            sizes = [part[:, -2:-1] for part in parts]
            for part, size, other in zip(parts, sizes, reversed(sizes), strict=True):
                s, ss, sn = np.split(part[:, :-3], 3, axis=1)
                nn, count = part[:, -3:-2], part[:, -1:]
                factor = (other / n.sum()) ** 2 * count / np.maximum(count - 1, 1)
                mean = s / np.maximum(size, 1)
                spread += factor * np.maximum(ss - 2 * mean * sn + mean**2 * nn, 0)
                null += factor * ss
            top += inside[:, : e.shape[1]]
            weight += sizes[0] * sizes[1] / n.sum()
        with np.errstate(invalid="ignore", divide="ignore"):
            return top / weight, np.sqrt(spread) / weight, np.sqrt(null) / weight


def _permutation_p(
    sums: _Sums, sides: np.ndarray, mask: np.ndarray, observed: np.ndarray, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """p of each tested difference, and p adjusted for all of them, by permuting outlets within their blocks."""
    rng = np.random.default_rng(seed)
    order = np.argsort(sums.block, kind="stable")
    size = max(_CELLS // len(order), 1)
    null = []
    for count in [size] * (draws // size) + [draws % size]:
        shuffled = np.empty((count, len(order)), int)
        shuffled[:, order] = np.argsort(rng.random((count, len(order))) + sums.block, axis=1, kind="stable")
        drawn = []
        for side, columns in zip(sides, mask, strict=True):
            difference, _, error = replace(sums, r=sums.r[:, columns]).differences(side[shuffled])
            with np.errstate(invalid="ignore", divide="ignore"):
                drawn.append(np.nan_to_num(np.abs(difference / error)))
        null.append(np.concatenate(drawn, axis=1))
    # Both sorted as they are rounded: what is equal but for the last bit counts as equal.
    statistics = np.round(np.concatenate([observed[mask][None, :], *null]), DIGITS)
    p = stats.rankdata(-statistics, method="max", axis=0) / len(statistics)
    by_p = np.argsort(p[0], kind="stable")
    least = np.minimum.accumulate(p[:, by_p[::-1]], axis=1)[:, ::-1]  # of a difference and all that are less sure
    stepped = np.maximum.accumulate((least <= p[0, by_p]).mean(axis=0))
    single, adjusted = np.full(mask.shape, np.nan), np.full(mask.shape, np.nan)
    single[mask], adjusted[mask] = p[0], stepped[np.argsort(by_p)]
    return single, adjusted


def add_family_q(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables of several families (variable × grouping) as one, with q of whether anything differs in each."""
    families = {name: table for name, table in tables.items() if len(table)}
    if not families:
        return pd.DataFrame(columns=[*_COLUMNS, "family", "q"])
    q = adjust_p(np.array([table["family_p"].iloc[0] for table in families.values()]))
    return pd.concat(
        [table.assign(family=name, q=value) for (name, table), value in zip(families.items(), q, strict=True)],
        ignore_index=True,
    )
