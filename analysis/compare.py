"""Differences between groups of articles, with what can be said of their certainty.

Articles (or whole clusters of copies) are resampled and permuted, never tokens. Standardized differences weigh the
periods as Mantel and Haenszel do, so that a group observed at another time of the story is not compared with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis import tables
from analysis.resample import Design, lay_out, permuted, permuted_difference, resampled, resampled_difference

Kind = Literal["share", "portion", "ratio", "mean"]

#: Results are rounded before they are sorted, tested or drawn, so that the last bit of a platform cannot show.
DIGITS = 10
#: With fewer articles than this to go by on either side (that use a set, that name an actor; copies count once)
#: nothing is tested.
LEAST = 5


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
    language: str = "mul",
    variant: str = "lede",
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
    draws : int, permutations, and bootstrap samples
    seed : int
    measure, names, language, variant : what to write into the table

    Returns
    -------
    DataFrame (COMPARISON), two rows per feature (raw, standardized); q is left missing, see `adjust_p`

    Notes
    -----
    Interval: percentile bootstrap of whole blocks, expanded for small n (Hesterberg 2015); for shares and portions each
    side gets one pseudo-article with and one without the feature (Agresti & Caffo 2000), without which 0 of 20 would
    count as certain. p: two-sided permutation of blocks, within strata for the standardized row, freely for the raw
    one, with the observed arrangement counted among them (Phipson & Smyth 2010). detectable: (1.96 + 0.84) standard
    deviations of the permuted difference. Where fewer than `LEAST` articles of a side have weight, only the estimate
    is given.

    Raises
    ------
    EmptyGroup, OverlappingGroups
    """
    design = lay_out(values, group, reference, weights, strata, blocks, names)
    frames = []
    for adjustment, plan in (("raw", design.unstratified()), ("standardized", design)):
        estimate = permuted_difference(plan, plan.side[None, :].astype(float))[0]
        null = np.concatenate([permuted_difference(plan, label) for label in permuted(plan, draws, seed)])
        samples = resampled(plan, draws, seed, smooth=kind in ("share", "portion"))
        boot = np.concatenate([resampled_difference(plan, times, pseudo) for times, pseudo in samples])
        frame = _summary(plan, kind, estimate, null, boot)
        frame.insert(0, "feature", list(map(str, values.columns)))
        frames.append(frame.assign(adjustment=adjustment))
    table = pd.concat(frames, ignore_index=True)
    table = table.assign(
        measure=measure,
        group=names[0],
        reference=names[1],
        language=language,
        variant=variant,
        q=np.nan,
        articles=int(design.side.sum()),
        reference_articles=int((1 - design.side).sum()),
    )
    return tables.check(table.round(DIGITS), tables.COMPARISON)


def _summary(plan: Design, kind: Kind, estimate: np.ndarray, null: np.ndarray, boot: np.ndarray) -> pd.DataFrame:
    sides = [plan.side == 1, plan.side == 0]
    total = [plan.value[rows].sum(axis=0) for rows in sides]
    size = [np.broadcast_to(plan.weight[rows].sum(axis=0), total[0].shape) for rows in sides]
    n = np.broadcast_to(np.min([_blocks_used(plan, rows) for rows in sides], axis=0), estimate.shape)
    lower, upper = _expanded(boot, n)
    spread, null_spread = _spread(boot), _spread(null)
    extreme = (np.abs(null.round(DIGITS)) >= np.abs(estimate.round(DIGITS))).sum(axis=0)
    valid = (~np.isnan(null)).sum(axis=0)
    # Where every arrangement gives the same difference (nobody names the actor) there is nothing to test.
    known = ~np.isnan(estimate) & (n >= LEAST) & (null_spread > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(spread > 0, estimate / spread, np.nan)
    return pd.DataFrame(
        {
            "estimate": estimate,
            "lower": np.where(known, lower, np.nan),
            "upper": np.where(known, upper, np.nan),
            "z": np.where(known, z, np.nan),
            "p": np.where(known, (extreme + 1) / (valid + 1), np.nan),
            "effect": _effect(plan, kind, total, size),
            "detectable": (stats.norm.isf(0.025) + stats.norm.isf(0.2)) * np.where(known, null_spread, np.nan),
            "count": size[0] if kind == "mean" else total[0],
            "reference_count": size[1] if kind == "mean" else total[1],
        }
    )


def _spread(draws: np.ndarray) -> np.ndarray:
    """Standard deviation over the draws that have a value; NaN where none has."""
    known = ~np.isnan(draws)
    n = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, draws, 0).sum(axis=0) / n
        return np.asarray(np.sqrt((np.where(known, draws - mean, 0) ** 2).sum(axis=0) / n))


def _blocks_used(plan: Design, rows: np.ndarray) -> np.ndarray:
    """Clusters of copies among `rows` that have weight, for each column of the weights."""
    block, used = plan.block[rows], plan.weight[rows] > 0
    return np.array([len(np.unique(block[column])) for column in used.T])


def _expanded(boot: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval with tails moved out as t and each column's n - 1 ask for (Hesterberg 2015)."""
    ends = np.full((2, boot.shape[1]), np.nan)
    there = ~np.isnan(boot).all(axis=0)
    for size in np.unique(n[n > 1]):
        columns = there & (n == size)
        tail = stats.norm.cdf(-np.sqrt(size / (size - 1)) * stats.t.isf(0.025, size - 1))
        if columns.any():
            ends[:, columns] = np.nanquantile(boot[:, columns], [tail, 1 - tail], axis=0)
    return ends[0], ends[1]


def _effect(plan: Design, kind: Kind, total: list[np.ndarray], size: list[np.ndarray]) -> np.ndarray:
    """Cohen's h for shares and portions, log ratio (half an occurrence added) for ratios, Hedges' g for means."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if kind in ("share", "portion"):
            angle = [2 * np.arcsin(np.sqrt(t / s)) for t, s in zip(total, size, strict=True)]
            return np.asarray(angle[0] - angle[1])
        if kind == "ratio":
            return np.asarray(np.log((total[0] + 0.5) / size[0]) - np.log((total[1] + 0.5) / size[1]))
        squares = 0
        for side, (t, s) in zip((1, 0), zip(total, size, strict=True), strict=True):
            rows = plan.side == side
            squares = squares + (plan.weight[rows] * (plan.value[rows] - t / s) ** 2).sum(axis=0)
        freedom = np.maximum(size[0] + size[1] - 2, 1)
        g = (total[0] / size[0] - total[1] / size[1]) / np.sqrt(squares / freedom)
        return np.asarray(g * (1 - 3 / (4 * freedom - 1)))


def log_odds(
    terms: pd.DataFrame,
    *,
    target: Collection[str],
    reference: Collection[str],
    prior: float | Mapping[str, float],
    min_count: int = 5,
    strata: pd.Series | None = None,
    blocks: pd.Series | None = None,
    draws: int = 0,
    seed: int = 0,
    names: tuple[str, str] = ("target", "reference"),
    language: str = "mul",
    variant: str = "lede",
) -> pd.DataFrame:
    """Weighted log-odds ratio of each term in target against reference.

    Parameters
    ----------
    terms : DataFrame (TERMS, or article × term counts with article as index)
    target, reference : collections of article ids, disjoint, not empty
    prior : float > 0, or mapping term → pseudo-count
    min_count : int, terms rarer than this in target and reference together are left out
    strata, blocks : Series (article), as in `difference`
    draws : int, permutations of whole articles within strata for p; p is missing where 0
    seed : int
    names, language, variant : what to write into the table

    Returns
    -------
    DataFrame (COMPARISON), one row per term; estimate in natural-log odds, by |z| descending, ties by term.
    z is Monroe's, which takes tokens as independent; p and q, which do not, come from permuted articles.

    Raises
    ------
    EmptyGroup, OverlappingGroups

    References
    ----------
    Monroe, Colaresi & Quinn (2008), Political Analysis 16(4), eq. 15, 16, 18 to 22.
    """
    matrix = _term_matrix(terms, [*target, *reference])
    plan = lay_out(matrix, target, reference, None, strata, blocks, names)
    alpha = np.array([prior if isinstance(prior, int | float) else prior.get(t, 0.0) for t in matrix.columns], float)
    counts = np.stack([plan.value[plan.side == side].sum(axis=0) for side in (1, 0)])
    alpha0 = alpha.sum() if isinstance(prior, int | float) else float(sum(prior.values()))
    kept = (counts.sum(axis=0) >= min_count) & (alpha > 0)
    total = counts.sum(axis=1)
    estimate, variance = _log_odds(counts[:1, kept], counts[1:, kept], total[:1], total[1:], alpha[kept], alpha0)
    estimate, spread = estimate[0], np.sqrt(variance[0])
    p = np.full(kept.sum(), np.nan)
    if draws:
        null = np.concatenate(list(_null_z(plan, kept, alpha, alpha0, draws, seed)))
        p = _centred_p(estimate / spread, null)
    half = stats.norm.isf(0.025) * spread
    table = pd.DataFrame(
        {
            "measure": "term-log-odds",
            "feature": matrix.columns[kept],
            "group": names[0],
            "reference": names[1],
            "language": language,
            "variant": variant,
            "adjustment": "raw",
            "estimate": estimate,
            "lower": estimate - half,
            "upper": estimate + half,
            "z": estimate / spread,
            "p": p,
            "q": adjust_p(p),
            "effect": estimate,
            "detectable": np.nan,
            "count": counts[0, kept],
            "reference_count": counts[1, kept],
            "articles": len(target),
            "reference_articles": len(reference),
        }
    ).round(DIGITS)
    order = table.assign(size=-table["z"].abs()).sort_values(["size", "feature"]).index
    return tables.check(table.loc[order], tables.COMPARISON)


def _term_matrix(terms: pd.DataFrame, articles: list[str]) -> pd.DataFrame:
    # "term" and "article" are words too, so the names of columns cannot tell the two forms apart.
    if all(map(pd.api.types.is_numeric_dtype, terms.dtypes)):
        return terms
    table = terms.pivot_table(index="article", columns="term", values="count", aggfunc="sum", fill_value=0)
    return table.reindex(list(dict.fromkeys(articles)), fill_value=0)  # an article without a word is in no row


def _log_odds(
    y1: np.ndarray, y2: np.ndarray, n1: np.ndarray, n2: np.ndarray, alpha: np.ndarray, alpha0: float
) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds ratio and its variance for each draw (rows) and term (columns)."""
    n1, n2 = n1[:, None], n2[:, None]
    odds1 = (y1 + alpha) / (n1 + alpha0 - y1 - alpha)
    odds2 = (y2 + alpha) / (n2 + alpha0 - y2 - alpha)
    return np.log(odds1) - np.log(odds2), 1 / (y1 + alpha) + 1 / (y2 + alpha)


def _centred_p(z: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Two-sided p of z around the mean of its null; 1 where z lies on the other side of it than of zero.

    Within strata the null of z is not centred on 0 where the two sides wrote at different times.
    """
    middle = null.mean(axis=0)
    apart = np.abs(z - middle) - 10.0**-DIGITS
    extreme = ((null >= middle + apart) | (null <= middle - apart)).sum(axis=0)
    return np.where(np.sign(z - middle) == np.sign(z), (extreme + 1) / (len(null) + 1), 1.0)


def _null_z(
    plan: Design, kept: np.ndarray, alpha: np.ndarray, alpha0: float, draws: int, seed: int
) -> Iterator[np.ndarray]:
    """Chunks of each kept term's z under articles permuted between target and reference within strata."""
    whole, every = plan.value.sum(axis=1), plan.value[:, kept]
    for label in permuted(plan, draws, seed):
        y1, n1 = label @ every, label @ whole
        drawn, variance = _log_odds(y1, every.sum(axis=0) - y1, n1, whole.sum() - n1, alpha[kept], alpha0)
        yield drawn / np.sqrt(variance)
