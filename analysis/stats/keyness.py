"""Words that set one group of articles apart from another: how many articles hold each, and log-odds for its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.design import Design, build_design, check_groups, membership
from analysis.stats.inference import DETECTABLE, DIGITS, LEAST, adjust_p, can_pass, drawn_moments, tail_p
from analysis.stats.permutation import exact_p
from analysis.study.words import Words, check_texts, words_of_texts

#: Weight of the prior in log-odds, in words: as if so many words of the background had been read first.
PRIOR_WORDS = 500


def keyness(texts: Sequence[str], other_texts: Sequence[str], *, language: str) -> pd.DataFrame:
    """Words that set some texts apart from others, by |z| descending.

    Parameters
    ----------
    texts, other_texts : sequences of str, an article each
    language : str, one of tables.LANGUAGES

    Returns
    -------
    DataFrame
        word; log_odds (natural; positive: more in `texts`); articles and other_articles that hold the word;
        difference of these two shares with lower and upper (95 %), z, p (exact) and q (Benjamini–Hochberg); count and
        other_count, uses. Words that fewer than five texts of both sides hold are left out. Long texts hold more
        words than short ones: both sides should be of like length (reports match it, see `match_length`).

    Raises
    ------
    EmptyGroup, TypeError (one text in place of a sequence)

    Examples
    --------
    >>> table = keyness(["A coup, they say."] * 6, ["A vote, they say."] * 6, language="en")
    >>> list(table["word"])
    ['coup', 'vote', 'say', 'they']
    """
    words = words_of_texts([*check_texts(texts), *check_texts(other_texts)], language=language)
    sides = range(len(texts)), range(len(texts), len(texts) + len(other_texts))
    check_groups(*sides, ("texts", "other_texts"))
    table = compare_words(words, build_design(*sides), prior=background(words))
    able = can_pass(table["least"])
    table["q"] = adjust_p(table["p"].where(able))
    side = np.repeat([1, 0], [len(texts), len(other_texts)])
    uses = words.sums(side)[:, np.searchsorted(words.forms, table["feature"].to_numpy(object))]
    names = {"feature": "word", "effect": "log_odds", "estimate": "difference"}
    names |= {"articles": "size", "count": "articles", "reference_count": "other_articles"}
    columns = ["word", "log_odds", "articles", "other_articles", "difference", "lower", "upper", "z", "p", "q"]
    found = table.rename(columns=names)[columns].astype({"articles": int, "other_articles": int})
    return found.assign(count=uses[0].astype(int), other_count=uses[1].astype(int)).reset_index(drop=True)


def match_length(design: Design, tokens: np.ndarray) -> Design:
    """A design in whose strata articles are also alike in length: the shorter, the middle and the longer third.

    A long article holds more words than a short one. Without this, equal rates of all words on the lengths of
    castillo-2022 gave p of .001 three times too often to the outlet with the longest items.
    """
    length = tokens[design.article]
    third = np.searchsorted(np.quantile(length, [1 / 3, 2 / 3]), length)
    group, reference = (np.arange(len(length))[side] for side in design.sides)
    within = build_design(group, reference, design.stratum * 3 + third, design.block)
    return replace(within, article=design.article[within.article])


def background(words: Words) -> dict[str, float]:
    """Prior of each word: its share of `PRIOR_WORDS` words of all these articles."""
    return dict(zip(words.forms, words.uses / words.tokens.sum() * PRIOR_WORDS, strict=True))


def compare_words(words: Words, design: Design, *, prior: Mapping[str, float], least: int = LEAST) -> pd.DataFrame:
    """Share of a design's articles that hold each word, group minus reference: numbers of COMPARISON, by |z|.

    Parameters
    ----------
    words : Words of all articles
    design : Design
    prior : word → pseudo-uses, for the log-odds (`effect`); see `background`
    least : articles of both sides together that hold a word that is compared

    Notes
    -----
    An article holds a word or not; copies of a text count once on a side; `match_length` compares like with like.
    The difference is Mantel and Haenszel's over the design's strata; estimate, interval (as
    `inference.linearized_interval`), z and p (as `permutation.share_p`) are of it. `effect` is the log-odds ratio
    with an informative Dirichlet prior of all uses: Monroe, Colaresi & Quinn (2008), Political Analysis 16(4), eq. 15.
    """
    counted, first = words.among(design.article), design.units[1]
    side, stratum = design.side[first], design.stratum[first]
    cell = membership(2 * stratum + 1 - side, 2 * design.strata)
    holding = counted.counts[first] > 0
    held = np.asarray((cell @ holding.astype(np.int32)).todense()).reshape(design.strata, 2, -1)
    # By both sides together: a choice by one of them would choose what is more frequent there.
    kept = np.flatnonzero((held.sum(axis=(0, 1)) >= least) & ~words.is_part)
    size = np.asarray(cell.sum(axis=1)).reshape(design.strata, 2)
    table = pd.DataFrame({"feature": counted.forms[kept], **_differences(held[:, :, kept].astype(float), size)})
    everywhere = counted.counts[:, kept] > 0
    seen = [np.asarray(everywhere[rows].sum(axis=0)).ravel() for rows in design.sides]
    table = table.assign(count=seen[0].astype(float), reference_count=seen[1].astype(float))
    table["effect"] = _log_odds(counted.sums(design.side)[:, kept], counted, design, prior, counted.forms[kept])
    group = int(design.side.sum())
    table = table.assign(q=np.nan, articles=group, reference_articles=len(design.side) - group)
    order = table.assign(size=-table["z"].abs().round(DIGITS)).sort_values(["size", "feature"]).index
    return table.loc[order].round(DIGITS)


def _log_odds(
    uses: np.ndarray, words: Words, design: Design, prior: Mapping[str, float], forms: np.ndarray
) -> np.ndarray:
    """Log-odds ratios of words from their uses (2 × words) on both sides."""
    alpha, all_alpha = np.array([prior[form] for form in forms]), PRIOR_WORDS
    total = np.array([words.tokens[rows].sum() for rows in design.sides], float)[:, None]
    odds = (uses + alpha) / (total + all_alpha - uses - alpha)
    return np.asarray(np.log(odds[0] / odds[1]))


def _differences(held: np.ndarray, size: np.ndarray) -> dict[str, np.ndarray]:
    """Numbers of COMPARISON of shares, from the articles of each stratum and side that hold a word, and all of them.

    `held` is strata × 2 × words, `size` strata × 2. What `difference.compare` does with articles, done with counts,
    which are as few with a million articles as with a hundred.
    """
    shared = (size > 0).all(axis=1)
    compared = size[shared].sum(axis=0).min(initial=np.inf) if shared.any() else 0
    held, size = held[shared], size[shared].astype(float)
    if not shared.any():
        missing = np.full(held.shape[2], np.nan)
        numbers = dict.fromkeys(("estimate", "lower", "upper", "z", "p", "least", "detectable"), missing)
        return numbers | {"test": np.full(held.shape[2], "not matched", object)}
    total = size.sum(axis=1, keepdims=True)
    weight = (size[:, :1] * size[:, 1:] / total).sum()
    numerator = (held[:, 0] * size[:, 1:] - held[:, 1] * size[:, :1]) / total
    estimate = numerator.sum(axis=0) / weight
    centre, error = _smoothed(held, size)
    half = stats.t.isf(0.025, max(compared - 1, 1)) * error
    events = held.sum(axis=1)
    drawn, whole = (np.broadcast_to(part, events.shape) for part in (size[:, :1], total))
    p, least = exact_p(held[:, 0].sum(axis=0), events, drawn, whole)
    rate = events / total
    powers = [0 * events, events * (1 - rate), events * (1 - rate) ** 3 - (total - events) * rate**3]
    moments = drawn_moments(total, size[:, :1], powers)
    by_moments = np.isnan(p)
    p[by_moments] = tail_p(numerator.sum(axis=0), *moments)[by_moments]
    deviation = np.sqrt(moments[1]) / weight
    test = np.where(by_moments, "moments", "exact").astype(object)
    known = (deviation.round(DIGITS) > 0) & (compared >= LEAST)
    test[~known] = "no variation" if compared >= LEAST else "few articles"
    numbers = {"lower": np.maximum(centre - half, -1), "upper": np.minimum(centre + half, 1), "z": estimate / error}
    numbers |= {"p": p, "least": least, "detectable": DETECTABLE * deviation}
    return {"estimate": estimate, "test": test} | {name: np.where(known, of, np.nan) for name, of in numbers.items()}


def _smoothed(held: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differences with a pseudo-article with and one without the word on each side, and their standard errors."""
    share = size / size.sum(axis=0)
    mass, value = (size + 2 * share)[:, :, None], held + share[:, :, None]
    whole = mass.sum(axis=1)
    weight = (mass[:, 0] * mass[:, 1] / whole).sum()
    centre = ((value[:, 0] * mass[:, 1] - value[:, 1] * mass[:, 0]) / whole).sum(axis=0) / weight
    variance = np.zeros(held.shape[2])
    for side, sign in ((0, 1), (1, -1)):
        other = mass[:, 1 - side]
        without = (-sign * other * value.sum(axis=1) / whole**2 - centre * other**2 / whole**2) / weight
        having = without + sign * other / whole / weight
        spread = share[:, side : side + 1]
        pseudo = [(spread * part).sum(axis=0) for part in (having, without)]
        rest = size[:, side : side + 1] - held[:, side]
        one, two = (
            (held[:, side] * having**power + rest * without**power).sum(axis=0) + sum(part**power for part in pseudo)
            for power in (1, 2)
        )
        n = size[:, side].sum() + 2
        variance += (two - one**2 / n) * n / (n - 1)
    return centre, np.sqrt(variance)
