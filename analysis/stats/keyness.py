"""Words that set one group of articles apart from another: log-odds, ranked by z and tested by whole articles."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse, stats

from analysis import tables
from analysis.stats.inference import DIGITS, Method, adjust_p, is_analytic
from analysis.stats.linear import clustered, drawn_moments, power_sums, stratum_sums, tail_p
from analysis.stats.resampling import Design, build_design, check_groups, compact, permuted, resampled
from analysis.study.words import Words, check_texts, in_parts, words_of_texts

#: Weight of the prior in log-odds, in words: as if so many words of the background had been read first.
PRIOR_WORDS = 500
#: Words are taken so many at a time, which bounds the memory that draws need.
_CHUNK = 500


def keyness(texts: Sequence[str], other_texts: Sequence[str], *, language: str, min_count: int = 5) -> pd.DataFrame:
    """Words that set some texts apart from others: weighted log-odds ratios, by |z| descending.

    Parameters
    ----------
    texts, other_texts : sequences of str, an article each
    language : str, one of tables.LANGUAGES
    min_count : int, words used less often in both together are left out

    Returns
    -------
    DataFrame: word, log_odds (natural; positive: more in `texts`), lower, upper (95 %), z, p and q (of whole texts
    permuted between the sides, and after Benjamini–Hochberg), count, other_count; see `log_odds`

    Examples
    --------
    >>> table = keyness(["A coup, they say."] * 6, ["A vote, they say."] * 6, language="en")
    >>> list(table["word"])
    ['coup', 'vote', 'say', 'they']
    """
    words = words_of_texts([*check_texts(texts), *check_texts(other_texts)], language=language)
    prior = dict(zip(words.forms, words.uses / words.uses.sum() * PRIOR_WORDS, strict=True))
    sides = range(len(texts)), range(len(texts), len(texts) + len(other_texts))
    table = log_odds(words, target=sides[0], reference=sides[1], prior=prior, min_count=min_count, draws=2_000)
    names = {"feature": "word", "estimate": "log_odds", "reference_count": "other_count"}
    columns = ["word", "log_odds", "lower", "upper", "z", "p", "q", "count", "other_count"]
    return table.rename(columns=names)[columns].reset_index(drop=True)


def log_odds(
    words: Words,
    *,
    target: Collection[int],
    reference: Collection[int],
    prior: float | Mapping[str, float],
    min_count: int = 5,
    strata: pd.Series | None = None,
    blocks: pd.Series | None = None,
    draws: int = 0,
    seed: int = 0,
    names: tuple[str, str] = ("target", "reference"),
    language: str = "mul",
    variant: str = "lede",
    samples: int | None = None,
    method: Method = "auto",
) -> pd.DataFrame:
    """Weighted log-odds ratio of each term in target against reference.

    Parameters
    ----------
    words : Words, of these articles and others
    target, reference : collections of indices of articles in `words`, disjoint, not empty
    prior : float > 0, or mapping term → pseudo-count
    min_count : int, terms rarer than this in target and reference together are left out
    strata, blocks : Series by index of the article, as in `difference`
    draws : int, permutations of whole articles within strata for p; p is missing where 0
    seed : int
    names, language, variant : what to write into the table
    samples : int, bootstrap samples of whole articles for the interval; as many as `draws` where None
    method : as in `difference`

    Returns
    -------
    DataFrame (COMPARISON), one row per term; estimate in natural-log odds, by |z| descending, ties by term.
    z is Monroe's, which takes tokens as independent; p and q, which do not, come from permuted articles.

    Notes
    -----
    Interval: 1.96 times the larger of two standard errors, Monroe's and that of articles drawn again. The first knows
    that a word seen never is not therefore impossible, the second that a word is used in bursts. Above 5,000 articles
    the second comes from first-order parts (`linear`) and is too small for words used less than some 15 times on a
    side, and p is that of the rates within periods.

    Raises
    ------
    EmptyGroup, OverlappingGroups

    References
    ----------
    Monroe, Colaresi & Quinn (2008), Political Analysis 16(4), eq. 15, 16, 18 to 22.
    """
    check_groups(target, reference, names)
    nothing = pd.DataFrame(index=pd.Index([*target, *reference]))
    plan = build_design(nothing, target, reference, None, strata, blocks, names)
    words = words.among(plan.article)
    alpha = np.array([prior if isinstance(prior, int | float) else prior.get(word, 0.0) for word in words.forms], float)
    alpha0 = alpha.sum() if isinstance(prior, int | float) else float(sum(prior.values()))
    total = words.sums(plan.side)
    kept = np.flatnonzero((total.sum(axis=0) >= min_count) & (alpha > 0))
    tokens = words.tokens
    parts = _chunks(kept, words.articles)
    chunks = (_Words(plan, tokens, words.matrix(some), alpha[some], alpha0) for some in parts)
    if is_analytic(method, len(plan.side)):
        found = [_by_linearization(chunk) for chunk in chunks]
    else:
        found = [_by_resampling(chunk, draws, draws if samples is None else samples, seed) for chunk in chunks]
    estimate, spread, robust, p = (np.concatenate(part) for part in zip(*found, strict=True))
    half = stats.norm.isf(0.025) * np.fmax(spread, robust)
    table = pd.DataFrame(
        {
            "measure": "term-log-odds",
            "feature": words.forms[kept],
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
            "count": total[0, kept],
            "reference_count": total[1, kept],
            "articles": len(target),
            "reference_articles": len(reference),
        }
    ).round(DIGITS)
    order = table.assign(size=-table["z"].abs()).sort_values(["size", "feature"]).index
    return tables.check(table.loc[order], tables.COMPARISON)


def _chunks(kept: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    for some in np.array_split(kept, max(1, -(-len(kept) // _CHUNK))):
        yield from (some[part] for part in in_parts(rows[some]))


@dataclass(frozen=True)
class _Words:
    """Some words of a comparison: counts (articles × words), all tokens of each article, and the words' prior."""

    plan: Design
    tokens: np.ndarray
    counts: sparse.csc_array
    alpha: np.ndarray
    alpha0: float

    def log_odds(self, y1: np.ndarray, y2: np.ndarray, n1: np.ndarray, n2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-odds ratio and Monroe's variance for each word (rows of y) and draw (columns of y, elements of n)."""
        seen1, seen2 = y1 + self.alpha[:, None], y2 + self.alpha[:, None]
        ratio = seen1 * (n2 + self.alpha0 - seen2) / (seen2 * (n1 + self.alpha0 - seen1))
        return np.log(ratio), 1 / seen1 + 1 / seen2

    def observed(self) -> tuple[np.ndarray, np.ndarray]:
        """Log-odds ratio of each word and its standard error, tokens taken as independent."""
        y, n = zip(*(self.sums(self.plan.side == side) for side in (1, 0)), strict=True)
        estimate, variance = self.log_odds(*y, *n)
        return estimate[:, 0], np.sqrt(variance[:, 0])

    def sums(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.asarray(self.counts[rows].sum(axis=0)).reshape(-1, 1), self.tokens[rows].sum().reshape(1)


_Found = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _by_resampling(words: _Words, draws: int, samples: int, seed: int) -> _Found:
    """Estimate, its standard error over tokens and over articles drawn again, and p of permuted articles."""
    estimate, spread = words.observed()
    counts = words.counts.toarray()
    p, robust = np.full(len(estimate), np.nan), np.full(len(estimate), np.nan)
    if draws:
        p = _centred_p(estimate / spread, np.concatenate(list(_null_z(words, counts, draws, seed)), axis=1))
    if samples:
        robust = np.sqrt(_bootstrap_variance(words, counts, estimate, samples, seed))
    return estimate, spread, robust, p


def _centred_p(z: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Two-sided p of z around the mean of its null, which is used up; 1 where z lies on its other side than of zero.

    Within strata the null of z is not centred on 0 where the two sides wrote at different times.
    """
    middle = null.mean(axis=1)
    apart = np.abs(z - middle) - 10.0**-DIGITS
    null -= middle[:, None]  # in place: there are millions
    extreme = (np.abs(null, out=null) >= apart[:, None]).sum(axis=1)
    return np.where(np.sign(z - middle) == np.sign(z), (extreme + 1) / (null.shape[1] + 1), 1.0)


def _null_z(words: _Words, counts: np.ndarray, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Chunks (words × draws) of each word's z under articles permuted between target and reference within strata."""
    both = compact(np.column_stack([counts, words.tokens]))
    total = both.sum(axis=0, dtype=float)[:, None]
    for label in permuted(words.plan, draws, seed):
        inside = (both.T @ label.astype(both.dtype)).astype(float)
        outside = total - inside
        drawn, variance = words.log_odds(inside[:-1], outside[:-1], inside[-1], outside[-1])
        yield drawn / np.sqrt(variance)


def _bootstrap_variance(words: _Words, counts: np.ndarray, estimate: np.ndarray, samples: int, seed: int) -> np.ndarray:
    first, second = np.zeros(len(estimate)), np.zeros(len(estimate))
    [sides] = words.plan.unstratified().rows
    both = compact(np.column_stack([counts, words.tokens]))
    for times, _ in resampled(words.plan, samples, seed, smooth=False):
        inside, outside = ((both[rows].T @ times[rows].astype(both.dtype)).astype(float) for rows in sides)
        apart = words.log_odds(inside[:-1], outside[:-1], inside[-1], outside[-1])[0] - estimate[:, None]
        first += apart.sum(axis=1)
        second += (apart**2).sum(axis=1)
    return np.asarray(second / samples - (first / samples) ** 2)


def _by_linearization(words: _Words) -> _Found:
    """As `_by_resampling` without draws: first-order parts of the articles, and moments of drawing without replacement.

    A cluster of copies on both sides counts as one on each, which makes the interval a little wide.
    """
    estimate, spread = words.observed()
    variance = np.zeros(len(estimate))
    for side in (1, 0):
        rows = words.plan.side == side
        y, n = words.sums(rows)
        seen = y[:, 0] + words.alpha
        others = n + words.alpha0 - seen
        block = pd.factorize(words.plan.block[rows])[0]
        variance += _variance_of_parts(words, rows, block, 1 / seen + 1 / others, 1 / others)
    p = _linear_p(words, estimate)
    return estimate, spread, np.sqrt(variance), p


def _variance_of_parts(
    words: _Words, rows: np.ndarray, block: np.ndarray, by_word: np.ndarray, by_token: np.ndarray
) -> np.ndarray:
    """Variance of the sum of by_word · count − by_token · tokens over blocks drawn with replacement."""
    size = int(block.max()) + 1
    y, n = clustered(block, size, words.counts[rows], words.tokens[rows])
    one, two, _ = power_sums(y, n, by_word, by_token, np.zeros(size, int), 1)
    return np.asarray((two[0] - one[0] ** 2 / size) * size / max(size - 1, 1))


def _linear_p(words: _Words, estimate: np.ndarray) -> np.ndarray:
    """p of the words' rates: the target's uses beyond those of its tokens at the rate of each stratum, a linear sum."""
    plan = words.plan
    unit, first = plan.units
    y, n = clustered(unit, len(first), words.counts, words.tokens)
    stratum, side = plan.stratum[first], plan.side[first]
    rate = stratum_sums(y, y.data, stratum, plan.strata) / np.maximum(np.bincount(stratum, n, plan.strata)[:, None], 1)
    inside = stratum_sums(y, y.data * side[y.indices], stratum, plan.strata)
    beyond = inside - np.bincount(stratum, n * side, plan.strata)[:, None] * rate
    moments = drawn_moments(
        np.bincount(stratum, minlength=plan.strata)[:, None],
        np.bincount(stratum[side == 1], minlength=plan.strata)[:, None],
        power_sums(y, n, np.ones(1), rate, stratum, plan.strata),
    )
    value = beyond.sum(axis=0)
    return np.where(np.sign(value) == np.sign(estimate), tail_p(value, *moments), 1.0)
