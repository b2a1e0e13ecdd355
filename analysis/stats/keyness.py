"""Words that set one group of articles apart from another: log-odds, ranked by z and tested by whole articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import comb

import numpy as np
import pandas as pd
from scipy import sparse, stats

from analysis import tables
from analysis.stats.inference import DIGITS, Method, adjust_p, drawn_moments, is_analytic, tail_p
from analysis.stats.resampling import (
    Design,
    added_up,
    build_design,
    check_groups,
    compact,
    membership,
    permuted,
    resampled,
)
from analysis.study.words import CELLS, Words, check_texts, in_parts, words_of_texts

#: Weight of the prior in log-odds, in words: as if so many words of the background had been read first.
PRIOR_WORDS = 500
#: At most so many words are taken at a time, which bounds the memory that draws need.
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
    sides = range(len(texts)), range(len(texts), len(texts) + len(other_texts))
    check_groups(*sides, ("texts", "other_texts"))
    table = log_odds(words, build_design(*sides), prior=background(words), min_count=min_count, draws=2_000)
    names = {"feature": "word", "estimate": "log_odds", "reference_count": "other_count"}
    columns = ["word", "log_odds", "lower", "upper", "z", "p", "q", "count", "other_count"]
    return table.rename(columns=names)[columns].reset_index(drop=True)


def background(words: Words) -> dict[str, float]:
    """Prior of each word: its share of `PRIOR_WORDS` words of all these articles."""
    return dict(zip(words.forms, words.uses / words.uses.sum() * PRIOR_WORDS, strict=True))


def log_odds(
    words: Words,
    design: Design,
    *,
    prior: float | Mapping[str, float],
    min_count: int = 5,
    draws: int = 0,
    samples: int | None = None,
    seed: int = 0,
    method: Method = "auto",
    names: tuple[str, str] = ("target", "reference"),
    language: str = "mul",
    variant: str = "lede",
) -> pd.DataFrame:
    """Weighted log-odds ratio of each word in a design's group against its reference: COMPARISON by |z|, ties by word.

    Words rarer than `min_count` on both sides together, and those without a prior, are left out. p comes from `draws`
    permutations of whole articles within strata (0: missing), the interval from `samples` bootstrap samples of whole
    articles (None: as many).

    Interval: 1.96 times the larger of two standard errors, Monroe's and that of articles drawn again. The first knows
    that a word seen never is not therefore impossible, the second that a word is used in bursts. z is Monroe's, which
    takes tokens as independent; p and q do not. Above 5,000 articles the second error comes from first-order parts
    (`inference`) and is too small for words used less than some 15 times on a side, and p is that of the rates within
    periods. Monroe, Colaresi & Quinn (2008), Political Analysis 16(4), eq. 15, 16, 18 to 22.
    """
    words = words.among(design.article)
    if isinstance(prior, int | float):
        prior = dict.fromkeys(words.forms, float(prior))
    alpha, alpha0 = np.array([prior.get(word, 0.0) for word in words.forms]), float(sum(prior.values()))
    total = words.sums(design.side)
    kept = np.flatnonzero((total.sum(axis=0) >= min_count) & (alpha > 0))
    parts = in_parts(np.maximum(words.articles[kept], CELLS // _CHUNK))
    chunks = (_Words(design, words.matrix(some), words.tokens, alpha[some], alpha0) for some in map(kept.take, parts))
    if is_analytic(method, len(design.side)):
        found = [_by_linearization(chunk) for chunk in chunks]
    else:
        found = [_by_resampling(chunk, draws, draws if samples is None else samples, seed) for chunk in chunks]
    estimate, spread, robust, p = (np.concatenate(part) for part in zip(*found, strict=True))
    half = stats.norm.isf(0.025) * np.fmax(spread, robust)
    numbers = {"estimate": estimate, "lower": estimate - half, "upper": estimate + half, "z": estimate / spread}
    numbers |= {"p": p, "q": adjust_p(p), "count": total[0, kept], "reference_count": total[1, kept]}
    table = pd.DataFrame({"feature": words.forms[kept], **numbers}).round(DIGITS)
    table = table.loc[table.assign(size=-table["z"].abs()).sort_values(["size", "feature"]).index]
    facts = {"measure": "term-log-odds", "group": names[0], "reference": names[1]}
    facts |= {"language": language, "variant": variant, "adjustment": "raw"}
    group = int(design.side.sum())
    table = table.assign(effect=table["estimate"], detectable=np.nan, articles=group, **facts)
    return tables.check(table.assign(reference_articles=len(design.side) - group), tables.COMPARISON)


@dataclass(frozen=True)
class _Words:
    """Some words of a comparison: counts (articles × words), all tokens of each article, and the words' prior."""

    design: Design
    counts: sparse.csc_array
    tokens: np.ndarray
    alpha: np.ndarray
    alpha0: float

    def log_odds(self, group: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-odds ratio and Monroe's variance (words × draws) from sums of the words and, last, of all tokens."""
        (seen1, others1), (seen2, others2) = (
            (side[:-1] + self.alpha[:, None], side[-1] + self.alpha0) for side in (group, reference)
        )
        ratio = seen1 * (others2 - seen2) / (seen2 * (others1 - seen1))
        return np.log(ratio), 1 / seen1 + 1 / seen2


_Found = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _by_resampling(words: _Words, draws: int, samples: int, seed: int) -> _Found:
    """Estimate, its standard error over tokens and over articles drawn again, and p of permuted articles."""
    both = compact(np.column_stack([words.counts.toarray(), words.tokens]))
    group, reference = (both[rows].sum(axis=0, dtype=float)[:, None] for rows in words.design.sides)
    estimate, variance = words.log_odds(group, reference)
    spread = np.sqrt(variance)
    p, robust = np.full((2, len(estimate)), np.nan)
    if draws:
        null = []
        for label in permuted(words.design, draws, seed):
            inside = added_up(both, label)
            drawn, variance = words.log_odds(inside, group + reference - inside)
            null.append(drawn / np.sqrt(variance))
        p = _centred_p((estimate / spread)[:, 0], np.concatenate(null, axis=1))
    if samples:
        first, second = np.zeros((2, len(estimate)))
        for times in resampled(words.design, samples, seed):
            apart = words.log_odds(*(added_up(both[rows], times[rows]) for rows in words.design.sides))[0] - estimate
            first += apart.sum(axis=1)
            second += (apart**2).sum(axis=1)
        robust = np.sqrt(second / samples - (first / samples) ** 2)
    return estimate[:, 0], spread[:, 0], robust, p


def _centred_p(z: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Two-sided p of z around the mean of its null, which is used up; 1 where z lies on its other side than of zero.

    Within strata the null of z is not centred on 0 where the two sides wrote at different times.
    """
    middle = null.mean(axis=1)
    apart = np.abs(z - middle) - 10.0**-DIGITS
    null -= middle[:, None]  # in place: there are millions
    extreme = (np.abs(null, out=null) >= apart[:, None]).sum(axis=1)
    return np.where(np.sign(z - middle) == np.sign(z), (extreme + 1) / (null.shape[1] + 1), 1.0)


def _by_linearization(words: _Words) -> _Found:
    """As `_by_resampling` without draws: first-order parts of the articles, and moments of drawing without replacement.

    A cluster of copies on both sides counts as one on each, which makes the interval a little wide. p is of the words'
    rates: the group's uses beyond those of its tokens at the rate of each stratum, a linear sum.
    """
    unit, first = words.design.units
    stratum, side, strata = words.design.stratum[first], words.design.side[first], words.design.strata
    counts, tokens = words.counts, words.tokens
    if len(first) < len(unit):
        member = membership(unit, len(first))
        counts, tokens = sparse.csc_array(member @ counts), member @ tokens
    mixed = _mixed_sums(counts, tokens, stratum * 2 + 1 - side, 2 * strata)
    cells = {power: sums.reshape(strata, 2, -1) for power, sums in mixed.items()}
    by_side, by_stratum = ({power: sums.sum(axis=axis) for power, sums in cells.items()} for axis in (0, 1))

    n, uses, size = by_side[0, 0], by_side[1, 0], by_side[0, 1]
    estimate, variance = (part[:, 0] for part in words.log_odds(*np.hstack([uses, size])[:, :, None]))
    seen = uses + words.alpha
    others = size + words.alpha0 - seen
    one, two, _ = _power_sums(by_side, 1 / seen + 1 / others, 1 / others)
    robust = np.sqrt(((two - one**2 / n) * n / np.maximum(n - 1, 1)).sum(axis=0))

    rate = by_stratum[1, 0] / np.maximum(by_stratum[0, 1], 1)
    beyond = (cells[1, 0][:, 0] - cells[0, 1][:, 0] * rate).sum(axis=0)
    moments = drawn_moments(by_stratum[0, 0], cells[0, 0][:, 0], _power_sums(by_stratum, 1.0, rate))
    p = np.where(np.sign(beyond) == np.sign(estimate), tail_p(beyond, *moments), 1.0)
    return estimate, np.sqrt(variance), robust, p


def _mixed_sums(
    counts: sparse.csc_array, tokens: np.ndarray, code: np.ndarray, codes: int
) -> dict[tuple[int, int], np.ndarray]:
    """Sums of countⁱ · tokensʲ over the rows of each code (codes × words; of i = 0 codes × 1), for i + j up to 3."""
    words, there, found = counts.shape[1], tokens[counts.indices], {}
    cell = code[counts.indices] * words + np.repeat(np.arange(words), np.diff(counts.indptr))
    for i, j in product(range(4), range(4)):
        if i and i + j <= 3:
            values = reduce(np.multiply, [counts.data] * i + [there] * j)  # many times faster than powers
            found[i, j] = np.bincount(cell, values, codes * words).reshape(codes, words)
        elif i + j <= 3:
            found[i, j] = np.bincount(code, tokens**j, codes)[:, None]
    return found


def _power_sums(
    mixed: Mapping[tuple[int, int], np.ndarray], by_word: np.ndarray | float, by_token: np.ndarray
) -> list[np.ndarray]:
    """Sums of by_word · count − by_token · tokens, of its squares and of its cubes, from `_mixed_sums`.

    By the binomial formula, so that the counts stay as sparse as they are.
    """
    return [
        sum(comb(n, i) * by_word**i * (-by_token) ** (n - i) * mixed[i, n - i] for i in range(n + 1)) for n in (1, 2, 3)
    ]
