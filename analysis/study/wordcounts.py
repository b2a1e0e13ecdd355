"""How often each article uses each word, laid out word by word: what compares words takes some of them at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.study.grouped import Grouped
from analysis.study.spelling import fold_spellings

#: Rows of the table that are taken at once, if a single word has not more of them.
ROWS = 1_000_000


def in_parts(rows: np.ndarray) -> list[np.ndarray]:
    """Places of things that have so many rows each, divided into parts of about `ROWS` rows."""
    where = rows.cumsum() // ROWS
    return np.split(np.arange(len(rows)), np.flatnonzero(np.diff(where)) + 1)


@dataclass(frozen=True)
class HeldWords:
    """Words whose counts are held: `forms`, an array in order, and `counts` (articles × words)."""

    forms: np.ndarray
    counts: sparse.csc_array

    @cached_property
    def tokens(self) -> np.ndarray:
        """Uses of all words in each article."""
        return np.asarray(self.counts.sum(axis=1)).ravel()

    @property
    def rows(self) -> np.ndarray:
        """How many articles use each word."""
        return np.diff(self.counts.indptr)

    def sums(self, side: np.ndarray) -> np.ndarray:
        """Uses of each word in the articles of side 1 and of side 0 (2 × words)."""
        return np.stack([np.asarray(self.counts[side == one].sum(axis=0)).ravel() for one in (1, 0)])

    def matrix(self, some: np.ndarray) -> sparse.csc_array:
        """Uses of some words, given by their places, in each article."""
        return self.counts[:, some]


@dataclass(frozen=True)
class Words:
    """Words of a selection, in its articles or, after `among`, in some of them.

    Attributes
    ----------
    terms : Grouped, TERMS by part and term
    place : array, for each article of the study its place among those counted; -1 where it is none of them
    forms : array of str, in order
    keys : of `terms`, those counted under the first form, then under the second, and so on
    starts : where those of each form start, and where all end
    tokens : array, uses of all words in each article
    uses : array, of each form in all articles of the selection
    """

    terms: Grouped
    place: np.ndarray
    forms: np.ndarray
    keys: np.ndarray
    starts: np.ndarray
    tokens: np.ndarray
    uses: np.ndarray

    @cached_property
    def rows(self) -> np.ndarray:
        """How many rows of the table each form has, those of other articles included."""
        return np.diff(np.append(0, self.terms.sizes(self.keys).cumsum())[self.starts])

    def among(self, places: np.ndarray) -> Words:
        """The same in some articles only, given by their places, which become their order here."""
        place = np.full(len(self.tokens) + 1, -1, np.int32)  # the last for those that are none
        place[places] = np.arange(len(places))
        return replace(self, place=place[self.place], tokens=self.tokens[places])

    def sums(self, side: np.ndarray) -> np.ndarray:
        """Uses of each form in the articles of side 1 and of side 0 (2 × forms)."""
        found = np.zeros((2, len(self.forms)))
        for some in in_parts(self.rows):
            place, form, count = self._cells(some)
            of_side = side[place] * len(some) + form
            found[::-1, some] = np.bincount(of_side, weights=count, minlength=2 * len(some)).reshape(2, -1)
        return found

    def matrix(self, some: np.ndarray) -> sparse.csc_array:
        """Uses of some forms, given by their places, in each article (articles × forms)."""
        place, form, count = self._cells(some)
        return sparse.csc_array((count.astype(float), (place, form)), shape=(len(self.tokens), len(some)))

    def frame(self, some: np.ndarray | None = None) -> pd.DataFrame:
        """Uses of some forms, or of all: article (by place), term and count, by term and article."""
        some = np.arange(len(self.forms)) if some is None else some
        cells = self.matrix(some).tocoo()
        return pd.DataFrame(
            {
                "article": cells.row,
                "term": pd.Categorical.from_codes(cells.col, categories=pd.Index(self.forms[some], dtype="str")),
                "count": cells.data.astype("int64"),
            }
        )

    def _cells(self, some: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Article, form (by its place in `some`) and count; an article and form may come several times."""
        size = np.diff(self.starts)[some]
        keys = self.keys[np.repeat(self.starts[some] - (size.cumsum() - size), size) + np.arange(size.sum())]
        order = np.argsort(keys)
        rows = self.terms.rows(keys[order])
        form = np.repeat(np.repeat(np.arange(len(some)), size)[order], self.terms.sizes(keys[order]))
        place = self.place[rows["article"]]
        there = place >= 0
        return place[there], form[there], rows["count"][there]


def words_of(terms: Grouped, place: np.ndarray, parts: int, language: str | None) -> Words:
    """Words of at least two letters in the first `parts` parts of some articles; spellings of one word are one.

    Parameters
    ----------
    terms : Grouped, TERMS by part and term
    place : as in `Words`
    parts : int
    language : str or None, whose spellings are folded
    """
    texts = pd.Series(terms.texts, dtype="str")
    wanted = ((texts.str.count(r"[^\W\d_]") >= 2) & ~texts.str.match(r"['’]")).to_numpy(bool)
    keys = np.flatnonzero(np.tile(wanted, parts))
    tokens = np.zeros(int(place.max(initial=-1)) + 1, np.int64)
    present, uses = np.zeros(len(keys), bool), np.zeros(len(keys), np.int64)
    for some in in_parts(terms.sizes(keys)):
        rows = terms.rows(keys[some])
        where = place[rows["article"]]
        there = where >= 0
        which, count = np.repeat(some, terms.sizes(keys[some]))[there], rows["count"][there]
        present[which] = True
        np.add.at(uses, which, count)
        np.add.at(tokens, where[there], count)
    keys, uses = keys[present], uses[present]
    number, forms = _forms(texts.iloc[np.unique(keys % len(texts))] if len(keys) else texts[:0], language)
    form = number.loc[keys % len(texts)].to_numpy() if len(keys) else keys
    order = np.lexsort((keys, form))
    starts = np.append(0, np.bincount(form, minlength=len(forms)).cumsum())
    of_form = np.bincount(form, weights=uses, minlength=len(forms)).astype(np.int64)
    return Words(terms, place, forms, keys[order], starts, tokens, of_form)


def _forms(terms: pd.Series, language: str | None) -> tuple[pd.Series, np.ndarray]:
    """Number of the form under which each of some terms is counted; the forms, in order."""
    folded = fold_spellings(terms, language=language)
    spelled = pd.Index([folded.get(term, term) for term in terms], dtype=object)
    forms = spelled.unique().sort_values()
    return pd.Series(forms.get_indexer(spelled), index=terms.index), forms.to_numpy()
