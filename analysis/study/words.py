"""Uses of each word in each article: one sparse matrix, spellings of one word folded into one by a listed rule."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
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
#: Share of a form's uses in one phrase from which on it is told as part of that phrase alone.
_PART_OF = 0.8
#: Articles in which a phrase is used at least, and pointwise mutual information, in bits, by its number of words: how
#: much oftener its words stand together than they would by chance (Church & Hanks 1990).
_ARTICLES, _INFORMATION = 5, {2: 4, 3: 8}
_ENDINGS = ("e", "ed", "es", "er", "ers", "ing", "ation", "ations")


@dataclass(frozen=True)
class Words:
    """Word counts of some articles: `counts` (articles × forms) of integers, the forms in order."""

    forms: np.ndarray
    counts: sparse.csc_array

    @cached_property
    def is_phrase(self) -> np.ndarray:
        """True for each form that is a phrase of two or three words."""
        return np.array([" " in form for form in self.forms], bool)

    @cached_property
    def tokens(self) -> np.ndarray:
        """Uses of all words in each article; phrases are made of them and do not count."""
        return np.asarray(self.counts[:, np.flatnonzero(~self.is_phrase)].sum(axis=1)).ravel()

    @cached_property
    def is_part(self) -> np.ndarray:
        """True for each form that nearly always is part of one phrase: machu, of machu picchu.

        And for each phrase that is cut off: new president dina, where dina is part of dina boluarte.
        """
        uses, phrases = dict(zip(self.forms, self.uses.tolist(), strict=True)), self.forms[self.is_phrase]
        pairs = [(part, phrase) for phrase in phrases for part in _parts(phrase)]
        inside = [(part, phrase) for part, phrase in pairs if uses[phrase] >= _PART_OF * uses.get(part, np.inf)]
        goes_on = {part for part, phrase in inside if phrase.startswith(f"{part} ")}
        began = {part for part, phrase in inside if phrase.endswith(f" {part}")}
        cut = [phrase for phrase in phrases if phrase.split(" ")[-1] in goes_on or phrase.split(" ")[0] in began]
        return np.isin(self.forms, [*(part for part, _ in inside), *cut])

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
    terms: tuple[np.ndarray, sparse.csc_array], number: np.ndarray, parts: Sequence[int], language: str | None
) -> Words:
    """Words of at least two letters in some parts of the articles of some numbers.

    `terms` is laid out as `FeatureStore.terms`; spellings are folded as `language` has them.
    """
    texts, uses = terms
    text = pd.Series(texts, dtype="str")
    wanted = np.flatnonzero((text.str.count(r"[^\W\d_]") >= 2) & ~text.str.match(r"['’]"))
    held = uses[:, wanted].astype(np.int32)
    counts = _small(sum(held[len(PARTS) * number + part] for part in parts))
    used = np.flatnonzero(np.diff(counts.indptr))
    texts, counts = texts[wanted[used]], counts[:, used]
    kept = collocations(texts, counts)
    return _folded(texts[kept], counts[:, kept], language)


def collocations(texts: np.ndarray, counts: sparse.csc_array) -> np.ndarray:
    """Places of all words, and of those phrases that are collocations: in five articles, and not by chance.

    nltk.collocations scores them by their pointwise mutual information.
    """
    is_phrase = np.array([" " in text for text in texts], bool)
    if not is_phrase.any():
        return np.arange(len(texts))
    from nltk import FreqDist
    from nltk.collocations import BigramCollocationFinder, TrigramCollocationFinder
    from nltk.metrics import BigramAssocMeasures, TrigramAssocMeasures

    uses = np.asarray(counts.sum(axis=0)).ravel().tolist()
    words = FreqDist({text: count for text, count in zip(texts, uses, strict=True) if " " not in text})
    often = is_phrase & (np.diff(counts.indptr) >= _ARTICLES)
    phrases = {tuple(texts[n].split(" ")): uses[n] for n in np.flatnonzero(often)}
    known = {parts: count for parts, count in phrases.items() if all(part in words for part in parts)}
    pairs, triples = (FreqDist({parts: n for parts, n in known.items() if len(parts) == size}) for size in (2, 3))
    finders = (
        (BigramCollocationFinder(words, pairs), BigramAssocMeasures.pmi, _INFORMATION[2]),
        (TrigramCollocationFinder(words, FreqDist(), FreqDist(), triples), TrigramAssocMeasures.pmi, _INFORMATION[3]),
    )
    kept = {" ".join(phrase) for finder, score, least in finders for phrase in finder.above_score(score, least)}
    return np.flatnonzero(~is_phrase | [text in kept for text in texts])


def _parts(phrase: str) -> set[str]:
    """Words of a phrase and, of one of three, the two phrases of two."""
    words = phrase.split(" ")
    return {*words, *map(" ".join, pairwise(words))} - {phrase}


def check_texts(texts: Sequence[str]) -> Sequence[str]:
    """The texts, unless they are a single one, each of whose characters would be taken for a text."""
    if isinstance(texts, str):
        raise TypeError("texts are a sequence of str, not one str: write [text]")
    return texts


def words_of_texts(texts: Sequence[str], *, language: str) -> Words:
    """Words of at least two letters in some texts."""
    parsed = parse(list(check_texts(texts)), language=language)
    number, text = parsed.tokens.numbers, parsed.owners[parsed.tokens.rows]
    word = map_array(is_word, parsed.tokens.forms)[number]
    code, forms = pd.factorize(np.array([lower(form) for form in parsed.tokens.forms], object), sort=True)
    cells = np.ones(int(word.sum()), np.int32), (len(PARTS) * text[word], code[number][word])
    counts = sparse.csc_array(cells, shape=(len(PARTS) * len(texts), len(forms)))
    return count_words((forms, counts), np.arange(len(texts)), (0,), parsed.language)


def _folded(texts: np.ndarray, counts: sparse.csc_array, language: str | None) -> Words:
    """Counts of word forms from those of terms."""
    folded = fold_spellings(texts, language=language)
    forms, form = np.unique(np.array([folded.get(text, text) for text in texts], object), return_inverse=True)
    ones = np.ones(len(form), np.int32), (np.arange(len(form)), form)
    summed = sparse.csc_array(counts.astype(np.int32) @ sparse.csc_array(ones, shape=(len(form), len(forms))))
    summed.sort_indices()
    return Words(forms, _small(summed))


def _small(counts: sparse.csc_array) -> sparse.csc_array:
    """The same counts in as few bytes as they need."""
    return sparse.csc_array(counts).astype(np.min_scalar_type(counts.data.max(initial=0)))


def fold_spellings(terms: Collection[str], *, language: str | None) -> dict[str, str]:
    """Terms that are another's spelling (Cuzco, anti-government), with the form under which they are counted.

    `terms` are all of a study, case-folded: a hyphen is only left out where the closed form is among them.
    """
    listed, prefixes, known = _listed(language), _rules()["prefixes"], frozenset(terms)
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
    """Spelling → form, of a language; of none, those of all."""
    rules = _rules()
    pairs = {**rules["*"], **rules.get(language or "", {})}
    listed = {variant: form for form, variants in pairs.items() for variant in variants}
    stems = rules["ise"].get(language or "", [])
    return listed | {f"{stem}is{end}": f"{stem}iz{end}" for stem in stems for end in _ENDINGS}
