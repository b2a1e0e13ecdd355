"""How often each article uses each word: one sparse matrix, spellings of one word folded into one by a listed rule."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.tables import PARTS
from analysis.text.arrays import map_array
from analysis.text.mentions import parse
from analysis.text.tokens import is_word
from analysis.text.voice import lower

SPELLINGS = Path(__file__).parents[1] / "instruments" / "spellings.toml"
#: Cells that are taken at once, unless a single word has more.
CELLS = 1_000_000
_ENDINGS = ("e", "ed", "es", "er", "ers", "ing", "ation", "ations")


@dataclass(frozen=True)
class Words:
    """Word counts of some articles.

    Attributes
    ----------
    forms : array of str, in order
    counts : csc_array (articles × forms) of integers
    """

    forms: np.ndarray
    counts: sparse.csc_array

    @cached_property
    def tokens(self) -> np.ndarray:
        """Uses of all words in each article."""
        return np.asarray(self.counts.sum(axis=1)).ravel()

    @property
    def uses(self) -> np.ndarray:
        """Uses of each word in all articles."""
        return np.asarray(self.counts.sum(axis=0)).ravel()

    @property
    def articles(self) -> np.ndarray:
        """Number of articles that use each word."""
        return np.diff(self.counts.indptr)

    def among(self, indices: np.ndarray) -> Words:
        """Counts of some articles only, in the order of their indices."""
        return Words(self.forms, self.counts[indices])

    def sums(self, side: np.ndarray) -> np.ndarray:
        """Uses of each word in the articles of side 1 and of side 0 (2 × words)."""
        return np.stack([np.asarray(self.counts[side == one].sum(axis=0), float).ravel() for one in (1, 0)])

    def matrix(self, some: np.ndarray) -> sparse.csc_array:
        """Uses of some words, given by their indices, as floats."""
        return self.counts[:, some].astype(float)

    def frame(self, some: np.ndarray) -> pd.DataFrame:
        """Uses of some words as rows of article (its index), term and count, by term and article."""
        chosen = self.counts[:, some]
        chosen.sort_indices()
        cells = chosen.tocoo()
        terms = pd.Categorical.from_codes(cells.col, categories=pd.Index(self.forms[some], dtype="str"))
        return pd.DataFrame({"article": cells.row, "term": terms, "count": cells.data.astype("int64")})


def in_parts(sizes: np.ndarray) -> list[np.ndarray]:
    """Indices of things with so many cells each, divided into parts of about `CELLS` cells."""
    return np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(sizes.cumsum() // CELLS)) + 1)


def count_words(
    terms: tuple[np.ndarray, sparse.csc_array], number: np.ndarray, parts: int, language: str | None
) -> Words:
    """Words of at least two letters in the first `parts` parts of some articles.

    Parameters
    ----------
    terms : (array, csc_array), see `FeatureStore.terms`
    number : array, the articles' numbers in the study
    parts : int
    language : str or None, whose spellings are folded
    """
    texts, uses = terms
    text = pd.Series(texts, dtype="str")
    wanted = np.flatnonzero((text.str.count(r"[^\W\d_]") >= 2) & ~text.str.match(r"['’]"))
    cells = [uses[:0, :0]]
    for some in in_parts(np.diff(uses.indptr)[wanted]):
        held = uses[:, wanted[some]].astype(np.int32)
        cells.append(
            _small(sum((held[len(PARTS) * number + part] for part in range(1, parts)), held[len(PARTS) * number]))
        )
    counts = sparse.csc_array(sparse.hstack(cells[1:], format="csc"))
    used = np.flatnonzero(np.diff(counts.indptr))
    return _folded(texts[wanted[used]], counts[:, used], language)


def check_texts(texts: Sequence[str]) -> Sequence[str]:
    """The texts, unless they are a single one, each of whose characters would be taken for a text."""
    if isinstance(texts, str):
        raise TypeError("texts are a sequence of str, not one str: write [text]")
    return texts


def count_texts(texts: Sequence[str], *, language: str) -> tuple[np.ndarray, sparse.csc_array]:
    """Word forms of some texts, case-folded, and how often each text uses them, laid out as `FeatureStore.terms`."""
    parsed = parse(list(check_texts(texts)), language=language)
    number, text = parsed.tokens.numbers, parsed.owners[parsed.tokens.rows]
    word = map_array(is_word, parsed.tokens.forms)[number]
    code, forms = pd.factorize(np.array([lower(form) for form in parsed.tokens.forms], object), sort=True)
    cells = np.ones(int(word.sum()), np.int32), (len(PARTS) * text[word], code[number][word])
    return forms, sparse.csc_array(cells, shape=(len(PARTS) * len(texts), len(forms)))


def words_of_texts(texts: Sequence[str], *, language: str) -> Words:
    """Words of at least two letters in some texts."""
    return count_words(count_texts(texts, language=language), np.arange(len(texts)), 1, language)


def _folded(texts: np.ndarray, counts: sparse.csc_array, language: str | None) -> Words:
    """Counts of word forms from those of terms."""
    folded = fold_spellings(texts, language=language)
    spelled = pd.Index([folded.get(text, text) for text in texts], dtype=object)
    forms = spelled.unique().sort_values()
    form = forms.get_indexer(spelled)
    first = np.unique(form, return_index=True)[1]
    more = np.setdiff1d(np.arange(len(form)), first)
    whole = counts[:, first]
    if len(more):
        added = sparse.csc_array(
            (np.ones(len(more), np.int32), (np.arange(len(more)), form[more])), (len(more), len(forms))
        )
        whole = _small(whole.astype(np.int32) + counts[:, more] @ added)
    return Words(forms.to_numpy(), whole)


def _small(counts: sparse.csc_array) -> sparse.csc_array:
    """The same counts in as few bytes as they need."""
    return sparse.csc_array(counts).astype(np.min_scalar_type(counts.data.max(initial=0)))


def fold_spellings(terms: Collection[str], *, language: str | None) -> dict[str, str]:
    """Terms that are another term's spelling (Cuzco, anti-government), with the form under which they are counted.

    Parameters
    ----------
    terms : collection of case-folded word forms, all of a study: a hyphen is only left out where the closed form is
        among them
    language : str, or None where they are of several

    Returns
    -------
    dict, spelling → form; terms that stay as they are have no entry
    """
    listed, prefixes = _listed(language), _rules()["prefixes"]
    known = frozenset(terms)
    folded = {}
    for term in terms:
        start, hyphen, rest = term.partition("-")
        form = start + rest if hyphen and start in prefixes and start + rest in known else term
        form = listed.get(form, form)
        if form != term:
            folded[term] = form
    return folded


@cache
def _rules() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(SPELLINGS.read_text(encoding="utf-8"))


@cache
def _listed(language: str | None) -> dict[str, str]:
    rules = _rules()
    pairs = {**rules["*"], **rules.get(language or "", {})}
    listed = {variant: form for form, variants in pairs.items() for variant in variants}
    stems = rules["ise"].get(language or "", [])
    return listed | {f"{stem}is{end}": f"{stem}iz{end}" for stem in stems for end in _ENDINGS}
