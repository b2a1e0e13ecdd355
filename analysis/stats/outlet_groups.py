"""Groups of outlets compared with the outlet as the unit: shares with intervals, tests that permute whole outlets."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.frequency import clustered_share, effective_clusters
from analysis.stats.inference import DIGITS, Arrays, adjust_p, membership

#: Fewest outlets and articles on either side of a comparison.
LEAST_TESTED_OUTLETS, LEAST_ARTICLES = 10, 20
#: Fewest articles, and outlets, that have a value on either side; rarer values are shown and not tested.
LEAST_WITH_VALUE = 5
DRAWS = 9_999
#: Permutations times outlets that are held at once.
_CELLS = 2_000_000
_COLUMNS = [
    *("value", "group", "count", "articles", "other_count", "other_articles"),
    *("difference", "lower", "upper", "p", "adjusted_p", "family_p"),
]


def outlet_shares(values: pd.DataFrame, outlets: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """Share of articles of each group of outlets that have each value: a row per value and group.

    `values` are 1, 0 and missing. Intervals are `frequency.clustered_share`'s, of outlets; `by_outlet` is the mean of
    the outlets' shares.
    """
    rows = []
    for value in values.columns:
        known = values[value].dropna()
        table = pd.DataFrame({"y": known, "outlet": outlets.loc[known.index], "group": groups.loc[known.index]})
        for group, part in table.groupby("group", observed=True):
            y, n = part.groupby("outlet")["y"].agg(["sum", "size"]).to_numpy(float).T
            facts = int(y.sum()), int(n.sum()), len(n), *clustered_share(y, n), float((y / n).mean())
            rows.append((value, group, *facts))
    columns = ["value", "group", "count", "articles", "outlets", "share", "lower", "upper", "by_outlet"]
    return pd.DataFrame(rows, columns=columns)


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

    Returns ------- DataFrame, one row per value and group with enough outlets and articles on both sides; difference is
    of shares, strata taken out; p are adjusted (`adjusted_p`) for all rows by the least p of each permutation, stepwise
    (Westfall & Young 1993; Ge, Dudoit & Speed 2003); family_p, the least of these, says whether anything differs at all
    """
    known, language = values.dropna(), None
    if within is not None:  # where all outlets of a language belong to one group, nothing can be permuted
        language = within.loc[known.index]
        known = known[groups.loc[known.index].groupby(language.to_numpy()).transform("nunique") > 1]
        language = language.loc[known.index].to_numpy()
    code, names = pd.factorize(outlets.loc[known.index].to_numpy(), sort=True)
    label = groups.loc[known.index].groupby(code).first().to_numpy(dtype=object)
    n, block = np.bincount(code).astype(float), np.zeros(len(names), int)
    if language is not None:
        block = pd.factorize(pd.crosstab(code, language).idxmax(axis=1).to_numpy())[0]  # an outlet's commonest
    member = membership(code, len(names))
    # Less the share of all articles of the same strata (sub-event, period).
    keys = [stratum.reindex(known.index).fillna("?").to_numpy() for stratum in strata]
    expected = known.groupby(keys).transform("mean") if keys else known.mean()
    y, residual = (member @ table.to_numpy(float) for table in (known, known - expected))

    found = sorted(set(label), key=str)
    tested = {group: columns for group in found if (columns := _testable(y, n, label == group)).any()}
    if len(tested) == 2 == len(found):  # the second says the same of the other side
        tested.popitem()
    if not tested:
        return pd.DataFrame(columns=_COLUMNS)
    sides, mask = np.stack([label == group for group in tested]), np.stack(list(tested.values()))
    difference, error, statistic = _differences((residual, n, block), sides.astype(float))
    p, adjusted = _permutation_p((residual, n, block), sides, mask, statistic[mask], draws, seed)
    at, place = np.nonzero(mask)
    freedom = [max(min(effective_clusters(n[side]), effective_clusters(n[~side])) - 1, 1) for side in sides]
    half = (stats.t.isf(0.025, freedom)[:, None] * error)[mask]
    facts = {"value": known.columns[place], "group": [[*tested][number] for number in at]}
    for name, side in (("", sides), ("other_", ~sides)):
        facts |= {f"{name}count": (side @ y)[mask].astype(int), f"{name}articles": (side @ n)[at].astype(int)}
    facts |= {"difference": difference[mask], "lower": difference[mask] - half, "upper": difference[mask] + half}
    return pd.DataFrame(facts).assign(p=p, adjusted_p=adjusted, family_p=adjusted.min())


def _testable(y: np.ndarray, n: np.ndarray, side: np.ndarray) -> np.ndarray:
    """True for each value that enough outlets and articles (`y` of `n`) of a side, and of the others, have."""
    sides = side, ~side
    large = all(one.sum() >= LEAST_TESTED_OUTLETS and n[one].sum() >= LEAST_ARTICLES for one in sides)
    having = [np.minimum(y[one].sum(axis=0), (y[one] > 0).sum(axis=0)) for one in sides]
    return np.asarray(large & (np.minimum(*having) >= LEAST_WITH_VALUE))


def _differences(outlets: Arrays, sides: np.ndarray) -> Arrays:
    """Differences of mean residuals of sides (k × outlets), their standard errors, and statistics (k × values each).

    Of outlets there are sums of residuals (outlets × values), articles and blocks of permutation. A statistic is the
    difference over its standard error where there is none, so that groups of few large outlets do not win. Differences
    of blocks are pooled with the weights of Mantel and Haenszel.
    """
    residual, n, block = outlets
    top = weight = spread = null = np.zeros((1, 1))
    for one in np.unique(block):
        here = block == one
        size = n[here, None]
        e = residual[here] - size * residual[here].sum(axis=0) / size.sum()
        total = np.concatenate([e, e * e, e * size, size * size, size, np.ones_like(size)], axis=1)
        inside = sides[:, here] @ total
        parts = inside, total.sum(axis=0) - inside
        sizes = [part[:, -2:-1] for part in parts]
        for part, own, other in zip(parts, sizes, reversed(sizes), strict=True):
            s, ss, sn = np.split(part[:, :-3], 3, axis=1)
            nn, count = part[:, -3:-2], part[:, -1:]
            factor = (other / size.sum()) ** 2 * count / np.maximum(count - 1, 1)
            mean = s / np.maximum(own, 1)
            spread = spread + factor * np.maximum(ss - 2 * mean * sn + mean**2 * nn, 0)
            null = null + factor * ss
        top = top + inside[:, : e.shape[1]]
        weight = weight + sizes[0] * sizes[1] / size.sum()
    with np.errstate(invalid="ignore", divide="ignore"):  # of values that are not tested
        difference = top / weight
        return difference, np.sqrt(spread) / weight, np.abs(difference / (np.sqrt(null) / weight))


def _permutation_p(
    outlets: Arrays, sides: np.ndarray, mask: np.ndarray, observed: np.ndarray, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """p of each tested difference, and p adjusted for all of them, by permuting outlets within their blocks."""
    rng, (residual, n, block) = np.random.default_rng(seed), outlets
    order = np.argsort(block, kind="stable")
    size = max(_CELLS // len(order), 1)
    null = []
    for count in [size] * (draws // size) + [draws % size]:
        shuffled = np.empty((count, len(order)), int)
        shuffled[:, order] = np.argsort(rng.random((count, len(order))) + block, axis=1, kind="stable")
        drawn = [
            _differences((residual[:, columns], n, block), side[shuffled].astype(float))[2]
            for side, columns in zip(sides, mask, strict=True)
        ]
        null.append(np.nan_to_num(np.concatenate(drawn, axis=1)))
    # Both sorted as they are rounded: what is equal but for the last bit counts as equal.
    statistics = np.round(np.concatenate([observed[None, :], *null]), DIGITS)
    p = stats.rankdata(-statistics, method="max", axis=0) / len(statistics)
    by_p = np.argsort(p[0], kind="stable")
    least = np.minimum.accumulate(p[:, by_p[::-1]], axis=1)[:, ::-1]  # of a difference and all that are less sure
    stepped = np.maximum.accumulate((least <= p[0, by_p]).mean(axis=0))
    return p[0], stepped[np.argsort(by_p)]


def add_family_q(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables of several families (variable × grouping) as one, with q of whether anything differs in each."""
    families = {name: table for name, table in tables.items() if len(table)}
    if not families:
        return pd.DataFrame(columns=[*_COLUMNS, "family", "q"])
    table = pd.concat([table.assign(family=name) for name, table in families.items()], ignore_index=True)
    q = adjust_p([table["family_p"].iloc[0] for table in families.values()])
    return table.assign(q=table["family"].map(dict(zip(families, q, strict=True))))
