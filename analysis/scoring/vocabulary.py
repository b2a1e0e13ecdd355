"""Words by number: what `connotation` knows of a word, worked out once a process, in columns of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.scoring.connotation import code, word
from analysis.text.arrays import Ints, Lists, Numbers

#: What the target's place holds in a sequence of pieces; no piece can be a space.
MASK = " "
#: Numbers of two words that are none: what lies outside the sentence, and the target.
NOTHING, TARGET = 0, 1
#: Marks of quotation, from 1 on; 0 is any other word.
OPENS, EITHER, CLOSES = 1, 2, 3
#: What is known of a word; `tone` is its warmth and half its tone, `link` the code of a preposition.
_COLUMNS = {
    **dict.fromkeys(("form", "root", "loaded", "link"), np.uint32),
    **{"tone": np.float64, "mark": np.uint8},
    **dict.fromkeys(("negator", "auxiliary", "participle", "deed", "says", "edge"), np.bool_),
    **dict.fromkeys(("stop", "turn", "owner", "upper"), np.bool_),
}
_TOKEN = re.compile(r"\w+(?:['’.\-]\w+)*|\n|\S")
_STOPS = frozenset(';:—–()“”"\n.!?…')
_MARKS = {"“": OPENS, '"': EITHER, "”": CLOSES}
_PREPOSITIONS = frozenset(
    ("by", "to", "for", "with", "against", "of", "on", "from", "about", "at", "as", "in", "over")
) | {"that"}
#: Pieces kept; beyond, the table is begun anew.
_LIMIT = 100_000


class Table(NamedTuple):
    """What is known of each word, by its number; its groups; its deeds."""

    words: dict[str, npt.NDArray[Any]]
    groups: Lists
    deeds: Lists


class Vocabulary:
    """All words seen in the process.

    A token never holds a space, so a text is cut at its spaces, and what stands between two is cut into tokens once.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._begin()

    def _begin(self) -> None:
        nothing: dict[str, npt.NDArray[Any]] = {name: np.zeros(2, kind) for name, kind in _COLUMNS.items()}
        nothing["stop"][NOTHING] = True
        nothing["form"][TARGET] = code("targetmask")
        nothing["root"][TARGET] = word("targetmask").root
        none = Lists(np.empty(0, np.uint32), np.zeros(1, np.intp)).extended([[], []])
        self._table = Table(nothing, none, none)
        # No token is empty or a space.
        self._words = Numbers("", MASK)
        self._pieces = Numbers(MASK)
        self._tokens = Lists(np.array([TARGET], np.intp), np.array([0, 1], np.intp))

    def read(self, pieces: Sequence[str]) -> tuple[Ints, Ints, Table]:
        """The words of some pieces.

        Parameters
        ----------
        pieces : sequence of str without spaces, or `MASK`

        Returns
        -------
        numbers of the words of all pieces, how many words each piece has, and the table the numbers are of
        """
        with self._lock:
            # Something new is left only where reading was broken off.
            if len(self._pieces) > _LIMIT or self._pieces.new:
                self._begin()
            numbers = np.fromiter(map(self._pieces.__getitem__, pieces), dtype=np.intp, count=len(pieces))
            if self._pieces.new:
                self._grow()
            return self._tokens.of(numbers)[1], self._tokens.sizes(numbers), self._table

    def _grow(self) -> None:
        tokens = [[self._words[form] for form in _TOKEN.findall(piece)] for piece in self._pieces.new]
        known = [word(form) for form in self._words.new]
        words, groups, deeds = self._table
        self._table = Table(
            _extended(words, self._words.new),
            groups.extended([one.groups for one in known]),
            deeds.extended([one.deeds for one in known]),
        )
        self._tokens = self._tokens.extended(tokens)
        self._words.new, self._pieces.new = [], []


def _extended(columns: dict[str, npt.NDArray[Any]], forms: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    new = np.array([_row(form) for form in forms], dtype=list(_COLUMNS.items()))
    return {name: np.concatenate([column, new[name]]) for name, column in columns.items()}


def _row(form: str) -> tuple[int | float | bool, ...]:
    known = word(form)
    return (
        *(known.form, known.root, known.loaded, code(known.low) if known.low in _PREPOSITIONS else 0),
        *(known.warmth + known.tone / 2, _MARKS.get(form, 0)),
        *(known.negator, known.auxiliary, known.participle, bool(known.deeds), known.says, known.edge),
        *(form in _STOPS, known.low in ("and", "but", "who"), known.low in ("'s", "'"), form[0].isupper()),
    )


VOCABULARY = Vocabulary()
