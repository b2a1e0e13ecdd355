"""What is wanted of the sentences of each article, added up while they are read: none of them is held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.errors import TableError
from analysis.study.batches import Source
from analysis.tables import PARTS


@dataclass(frozen=True)
class SentenceSums:
    """Sums over the sentences of each article: arrays articles × parts (title, lede, rest) or × variants of the text.

    Attributes
    ----------
    first, last : numbers of each part's first and last sentence; last lies before first where there is none
    tokens : of each variant, title, lede and text, whose last part is title, lede and rest
    scored, valence : how many of a variant's sentences have a valence, and its sum, in two arrays that are to be added
    """

    first: np.ndarray
    last: np.ndarray
    tokens: np.ndarray
    scored: np.ndarray
    valence: tuple[np.ndarray, np.ndarray]

    @property
    def present(self) -> np.ndarray:
        """Whether an article has a sentence."""
        return np.asarray((self.first <= self.last).any(axis=1))

    def mean_valence(self, parts: int) -> np.ndarray:
        """Mean valence of the sentences in the first `parts` parts; missing where none has one."""
        with np.errstate(invalid="ignore"):
            return np.asarray(sum(part[:, parts - 1] for part in self.valence) / self.scored[:, parts - 1])

    def within(self, article: np.ndarray, sentence: np.ndarray, parts: int) -> np.ndarray:
        """Whether sentences, by their article and number, are in the first `parts` parts."""
        inside = [(self.first[article, p] <= sentence) & (sentence <= self.last[article, p]) for p in range(parts)]
        return np.asarray(np.logical_or.reduce(inside))


def in_two(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers between -1 and 1 as a coarse and a fine part.

    Sums of the coarse ones are exact, and the fine ones are so small that what their sums lack is seen nowhere: sums do
    not depend on the order in which values come, nor on how a table is cut into partitions.
    """
    coarse = np.round(values * 2.0**32) / 2.0**32
    return coarse, values - coarse


def sentence_sums(source: Source) -> SentenceSums:
    """Add up the sentences of a table.

    Raises
    ------
    OSError, ValueError, TableError
        Also where an article's parts are mixed up: a sentence of the title after one of the rest, say.
    """
    shape = (len(source.articles), len(PARTS))
    most = np.iinfo(np.int32).max
    first, last = np.full(shape, most, np.int32), np.full(shape, -1, np.int32)
    tokens, scored, valence = np.zeros(shape, np.int64), np.zeros(shape, np.int32), (np.zeros(shape), np.zeros(shape))
    for article, batch in source.checked("article", "sentence", "part", "tokens", "valence"):
        part = np.array([PARTS.index(name) for name in batch["part"].cat.categories], int)[batch["part"].cat.codes]
        sentence, tone = batch["sentence"].to_numpy(), batch["valence"].to_numpy()
        np.minimum.at(first, (article, part), sentence)
        np.maximum.at(last, (article, part), sentence)
        for variant in range(len(PARTS)):
            held = part <= variant
            np.add.at(tokens[:, variant], article[held], batch["tokens"].to_numpy()[held])
            held &= ~np.isnan(tone)
            np.add.at(scored[:, variant], article[held], 1)
            for sums, values in zip(valence, in_two(tone[held]), strict=True):
                np.add.at(sums[:, variant], article[held], values)
    mixed = (np.maximum.accumulate(last, axis=1)[:, :-1] >= first[:, 1:]).any(axis=1)
    if mixed.any():
        named = source.articles[int(np.flatnonzero(mixed)[0])]
        raise TableError(source.schema.name, "part", f"is not first title, then lede, then rest in {named}")
    return SentenceSums(first, last, tokens, scored, valence)
