"""Simulated studies of the shape of castillo-2022: outlets of its sizes that watched at different times, a story that
moves, copies (5 to 10 % of articles; there 1 %), lengths that differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.difference import compare
from analysis.stats.inference import Kind, build_design, observe

TESTED = (50, 32, 29, 26, 25, 23, 20)
SMALL_OUTLETS = (16, 10, 8, 8, 7, 7, 6, 6, 6, 4, 3, 3)
#: How the study's articles fall on its four periods.
PERIODS = np.array([0.15, 0.32, 0.43, 0.10])
#: Standard deviation of the log of an actor's share of articles over the periods: 0.28 to 1.8 in the study, median 0.8.
MOVING = 0.7
#: Mean and shape (negative binomial) of an article's tokens.
LENGTH, SHAPE = 45, 3


@dataclass(frozen=True)
class Corpus:
    """Articles in order of outlet: where and when they appeared, and of which each is a copy (most: of none)."""

    outlet: np.ndarray
    period: np.ndarray
    source: np.ndarray

    def compare(
        self,
        values: np.ndarray,
        outlets: Sequence[int],
        kind: Kind,
        weights: np.ndarray | None = None,
    ) -> pd.DataFrame:
        """Differences of some outlets from all others, over the columns of `values`; weights are of articles."""
        inside = np.isin(self.outlet, outlets)
        design = build_design(np.flatnonzero(inside), np.flatnonzero(~inside), self.period, self.source)
        features = list(map(str, range(values.shape[1])))
        return compare(observe(design, values.astype(float), weights), features, kind)


def corpus(rng: np.random.Generator, sizes: Sequence[int] = (*TESTED, *SMALL_OUTLETS)) -> Corpus:
    """Outlets of these sizes, three in ten watched late, 5 to 10 % of articles copied from another outlet."""
    outlet = np.repeat(np.arange(len(sizes)), sizes)
    since = rng.choice(3, size=len(sizes), p=[0.7, 0.2, 0.1])
    mix = rng.dirichlet(12 * PERIODS, size=len(sizes)) * (np.arange(4) >= since[:, None]) + 1e-12
    cut = np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1)
    period = np.minimum((rng.random((len(outlet), 1)) > cut[outlet]).sum(axis=1), 3)
    source = np.arange(len(outlet))
    copies = rng.random(len(outlet)) < rng.uniform(0.05, 0.10)
    for i in np.flatnonzero(copies):
        # Of the same days, and itself no copy.
        originals = np.flatnonzero(~copies & (period == period[i]) & (outlet != outlet[i]))
        if len(originals):
            source[i] = rng.choice(originals)
    return Corpus(outlet, period, source)


def moving(rng: np.random.Generator, base: np.ndarray) -> np.ndarray:
    """Rates (period × column) around a base rate each."""
    return np.clip(base * np.exp(rng.normal(0, MOVING, (4, len(base)))), 0.01, 0.6)


def articles_with(
    rng: np.random.Generator, at: Corpus, rates: np.ndarray, shift: np.ndarray, family: int = 1
) -> np.ndarray:
    """1 where an article has a feature: its period's rate, its outlet's shift, more often the longer it is.

    Columns of one family are of the same articles, of one length each: their features go together.
    """
    chance = np.clip(rates[at.period] + shift[at.outlet], 0, 0.97)
    tokens = rng.negative_binomial(SHAPE, SHAPE / (SHAPE + LENGTH), size=(len(chance), chance.shape[1] // family))
    longer = stats.nbinom.cdf(tokens, SHAPE, SHAPE / (SHAPE + LENGTH)) - 0.5
    # The mean over lengths stays what it was, and no chance leaves 0 to 1.
    chance = chance + chance * (1 - chance) * np.repeat(longer, family, axis=1)
    return (rng.random(chance.shape) < chance)[at.source].astype(float)


def bursty(rng: np.random.Generator, at: Corpus, vocabulary: int, repeats: float) -> np.ndarray:
    """Counts (article × word): most articles lack a word, those that have it repeat it; the last column is all others.

    Where a word is, it is 1 + `repeats` times there on average, more often in a long article.
    """
    has = moving(rng, np.exp(rng.uniform(np.log(0.03), np.log(0.2), vocabulary)))[at.period]
    length = rng.gamma(SHAPE, 1 / SHAPE, (len(has), 1))
    counts = (rng.random(has.shape) < has) * (1 + rng.negative_binomial(1, 1 / (1 + repeats * length), has.shape))
    return np.c_[counts, rng.poisson(LENGTH * length)][at.source].astype(float)
