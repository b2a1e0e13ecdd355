"""Sentences seen from a target in each: words, the target's clause, what is negated, quoted, done by whom.

All sentences of a batch stand end to end in flat arrays; nothing here looks beyond the bounds of a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.scoring.vocabulary import EITHER, MASK, NOTHING, OPENS, TARGET, VOCABULARY, Table
from analysis.text.arrays import Ints

Span = tuple[int, int]
Flags = npt.NDArray[np.bool_]

#: How far a negation reaches, in words.
_REACH = 4
#: How far the deed of a target is looked for after it, and the deed done to it before it, in words.
_AFTER, BEFORE = 8, 7


@dataclass(frozen=True)
class Scenes:
    """Sentences in words, the target of each one word of its own.

    Attributes
    ----------
    words, rows, places : arrays of int, a value per word
        The word's number in `table`, which sentence it is in, its place in it.
    first, at, end : arrays of int, a value per sentence
        Where in `words` the sentence begins, where its target is, where it ends.
    """

    table: Table
    words: Ints
    rows: Ints
    places: Ints
    first: Ints
    at: Ints
    end: Ints

    def known(self, name: str) -> npt.NDArray[Any]:
        """A column of the table, a value per word."""
        return self.table.words[name][self.words]

    def near(self, name: str, *steps: int) -> npt.NDArray[Any]:
        """A column of the table at some distances from each target, a row per distance."""
        return self.table.words[name][self.around(*steps)]

    def around(self, *steps: int) -> Ints:
        """Words at some distances from each target, a row per distance; `NOTHING` outside the sentence."""
        return np.asarray(self._around[np.array(steps) + _AFTER])

    @cached_property
    def _around(self) -> Ints:
        there = self.at + np.arange(-_AFTER, _AFTER + 1)[:, None]
        inside = (self.first <= there) & (there < self.end)
        return np.where(inside, self.words[np.where(inside, there, 0)], NOTHING)

    @cached_property
    def every(self) -> Ints:
        """The numbers of all targets."""
        return np.arange(len(self.at))

    @cached_property
    def steps(self) -> Ints:
        """How many words after its sentence's target each word stands; less than 0 before."""
        return np.arange(len(self.words)) - self.at[self.rows]

    @cached_property
    def clause(self) -> Flags:
        """Which words are in the target's clause: no edge lies between."""
        edge = self.known("edge")
        number = np.cumsum(edge)
        return np.asarray((number == number[self.at][self.rows]) & ~edge)

    @cached_property
    def negated(self) -> Flags:
        """Which words a negation before them reaches; it reaches over no stop."""
        passable = (self.places > 0) & ~self.known("stop")
        reached, negated = self.known("negator"), np.zeros(len(self.words), np.bool_)
        for _ in range(_REACH):
            reached = np.roll(reached, 1) & passable
            negated |= reached
        return negated

    @cached_property
    def quoted(self) -> Ints:
        """The number of the quotation each word is in, 0 outside; one that only closes began with its sentence."""
        marks = self.known("mark")
        quoted = np.zeros(len(self.words), np.intp)
        there = np.flatnonzero(marks)
        row, current, count = -1, 0, 0
        for place, mark, own in zip(there.tolist(), marks[there].tolist(), self.rows[there].tolist(), strict=True):
            if own != row:
                row, current, count = own, 0, 0
            if mark == OPENS or (mark == EITHER and not current):
                count += 1
                current = count
            else:
                if not count:
                    count = 1
                    quoted[self.first[own] : place] = 1
                current = 0
            quoted[place : self.end[own]] = current
        quoted[there] = 0
        return quoted

    @cached_property
    def deeds_after(self) -> tuple[Ints, Ints]:
        """The first deed after each target, what its subject would do: which targets have one near, and where."""
        steps = range(1, _AFTER + 1)
        bars = self.near("stop", *steps)
        bars[1:] |= self.near("turn", *steps[1:])
        return self._first_deed(bars, steps)

    @cached_property
    def deeds_before(self) -> tuple[Ints, Ints]:
        """The last deed before each target, what could be done to it: which targets have one near, and where."""
        steps = range(-1, -BEFORE - 1, -1)
        return self._first_deed(self.near("stop", *steps), steps)

    def _first_deed(self, bars: Flags, steps: Sequence[int]) -> tuple[Ints, Ints]:
        """The first deed on the way over some steps from each target, if no bar stands before it."""
        deeds = self.near("deed", *steps)
        nearest = (bars | deeds).argmax(axis=0)
        whose = np.flatnonzero((deeds & ~bars)[nearest, self.every])
        return whose, self.at[whose] + np.array(steps)[nearest[whose]]

    def passive(self, there: Ints) -> Flags:
        """Whether the deed at each of some places in `words` is a participle after a form of be or get."""
        words = self.table.words
        after = np.zeros(len(there), np.bool_)
        for back in (1, 2, 3):
            after |= (self.places[there] >= back) & words["auxiliary"][self.words[np.maximum(there - back, 0)]]
        return np.asarray(after & words["participle"][self.words[there]])


def see(sentences: Sequence[str], spans: Sequence[Span]) -> Scenes:
    """Sentences from their targets.

    Parameters
    ----------
    sentences : sequence of str
    spans : sequence of (start, end) of the target, aligned
    """
    pieces: list[str] = []
    ends = [0]
    for sentence, (start, end) in zip(sentences, spans, strict=True):
        pieces += sentence[:start].split(" ")
        pieces.append(MASK)
        pieces += sentence[end:].split(" ")
        ends.append(len(pieces))
    words, sizes, table = VOCABULARY.read(pieces)
    bounds = np.concatenate([[0], np.cumsum(sizes)])[ends]
    first, last = bounds[:-1], bounds[1:]
    rows = np.repeat(np.arange(len(first)), last - first)
    return Scenes(table, words, rows, np.arange(len(words)) - first[rows], first, np.flatnonzero(words == TARGET), last)
