"""Words that set one group of articles apart from another: how many articles hold each, and log-odds for its size."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.difference import certain
from analysis.stats.inference import (
    DIGITS,
    LEAST,
    Arrays,
    Design,
    adjust_p,
    build_design,
    can_pass,
    check_groups,
    drawn_moments,
    mantel_haenszel,
    tail_p,
)
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
    table["q"] = adjust_p(table["p"].where(can_pass(table["least"])))
    every = np.arange(len(texts) + len(other_texts))
    uses = words.sums(every, (every >= len(texts)).astype(int), 2)[
        :, pd.Index(words.forms).get_indexer(table["feature"])
    ]
    names = {"feature": "word", "effect": "log_odds", "estimate": "difference"}
    names |= {"articles": "size", "count": "articles", "reference_count": "other_articles"}
    columns = ["word", "log_odds", "articles", "other_articles", "difference", "lower", "upper", "z", "p", "q"]
    found = table.rename(columns=names)[columns].astype({"articles": int, "other_articles": int})
    return found.assign(count=uses[0].astype(int), other_count=uses[1].astype(int)).reset_index(drop=True)


def match_length(design: Design, tokens: np.ndarray) -> Design:
    """A design in whose strata articles are also alike in length: the shorter, the middle and the longer third.

    A long article holds more words than a short one: without this p of the outlet with the longest items are too low.
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

    Compared are words that at least so many articles of both sides together hold; copies of a text count once on a
    side. `effect` is the log-odds ratio of all uses with an informative Dirichlet prior, the pseudo-uses `prior`
    (`background`): Monroe, Colaresi & Quinn (2008), Political Analysis 16(4), eq. 15. The rest is of the shares, as
    `difference` has it.
    """
    first, strata = design.units[1], design.strata
    code, side = 2 * design.stratum[first] + 1 - design.side[first], 1 - design.side
    held = words.sums(design.article[first], code, 2 * strata, held=True).reshape(strata, 2, -1).astype(float)
    # By both sides together: a choice by one of them would choose what is more frequent there.
    kept = np.flatnonzero((held.sum(axis=(0, 1)) >= least) & ~words.is_part)
    forms, size = words.forms[kept], np.bincount(code, minlength=2 * strata).reshape(strata, 2, 1).astype(float)
    table = pd.DataFrame({"feature": forms, **_differences(held[:, :, kept], size)})
    everywhere = words.sums(design.article, side, 2, held=True)[:, kept]
    for name, count, rows in zip(("", "reference_"), everywhere, design.sides, strict=True):
        table[f"{name}count"], table[f"{name}articles"] = count.astype(float), rows.stop - rows.start
    alpha = np.array([prior[form] for form in forms])
    total = np.bincount(side, words.tokens[design.article], 2)[:, None]
    uses = words.sums(design.article, side, 2)[:, kept]
    odds = (uses + alpha) / (total + PRIOR_WORDS - uses - alpha)
    table = table.assign(effect=np.log(odds[0] / odds[1]), q=np.nan)
    order = table.assign(size=-table["z"].abs().round(DIGITS)).sort_values(["size", "feature"]).index
    return table.loc[order].round(DIGITS)


def _differences(held: np.ndarray, size: np.ndarray) -> dict[str, np.ndarray]:
    """Numbers of COMPARISON of shares, from the articles of each stratum and side that hold a word, and all of them.

    `held` is strata × 2 × words, `size` strata × 2 × 1: what `difference.compare` does, with counts, which stay few.
    """
    shared = (size > 0).all(axis=(1, 2))
    held, size = held[shared], size[shared]
    events, total, drawn = held.sum(axis=1), size.sum(axis=1), size[:, 0]
    p, least = exact_p(held[:, 0].sum(axis=0), events, *(np.broadcast_to(of, events.shape) for of in (drawn, total)))
    rate = events / total
    powers = [0 * events, events * (1 - rate), events * (1 - rate) ** 3 - (total - events) * rate**3]
    moments = drawn_moments(total, drawn, powers)
    by_moments = np.isnan(p)
    p[by_moments] = tail_p((held[:, 0] - drawn * rate).sum(axis=0), *moments)[by_moments]
    with np.errstate(invalid="ignore"):
        deviation = np.sqrt(moments[1]) / (drawn * (total - drawn) / total).sum(axis=0)
    compared = np.full(events.shape[1], size.sum(axis=0).min())
    estimate = mantel_haenszel(held, size)[0]
    return certain(estimate, _interval(held, size, compared), compared, (p, least, deviation))


def _interval(held: np.ndarray, size: np.ndarray, compared: np.ndarray) -> Arrays:
    """`linearized_interval`, of articles that hold a word and articles that do not."""
    pseudo = size / np.maximum(size.sum(axis=0), 1)
    centre, by_value, without = mantel_haenszel(held + pseudo, size + 2 * pseudo)
    having, rest = by_value + without, size - held
    n, ends = size.sum(axis=0) + 2, [(pseudo * part).sum(axis=0) for part in (having, without)]
    one, two = (
        (held * having**power + rest * without**power).sum(axis=0) + sum(end**power for end in ends) for power in (1, 2)
    )
    error = np.sqrt(((two - one**2 / n) * n / (n - 1)).sum(axis=0))
    half = stats.t.isf(0.025, np.maximum(compared - 1, 1)) * error
    return np.maximum(centre - half, -1), np.minimum(centre + half, 1), error
