"""Uses of each word in each article: one sparse matrix, spellings of one word folded into one by a listed rule."""

import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.tables import PARTS
from analysis.text.mentions import parse
from analysis.text.tokens import is_word, map_array
from analysis.text.voice import lower

SPELLINGS = Path(__file__).parents[1] / "instruments" / "spellings.toml"
#: Cells that are taken at once, unless a single word has more.
CELLS = 1_000_000
#: Share of a form's uses in one phrase from which on it is told as part of that phrase alone.
_PART_OF = 0.8
#: Articles in which a phrase is used at least, and pointwise mutual information, in bits, by its number of words: how
#: much oftener its words stand together than they would by chance (Church & Hanks 1990).
_ARTICLES, _INFORMATION = 5, {2: 4, 3: 8}
_LETTER = re.compile(r"[^\W\d_]")
_ENDINGS = ("e", "ed", "es", "er", "ers", "ing", "ation", "ations")


@dataclass(frozen=True)
class Words:
    """Word counts of some articles: `counts` (articles × forms) of integers, and the forms."""

    forms: np.ndarray
    counts: sparse.csc_array

    @cached_property
    def is_phrase(self) -> np.ndarray:
        """True for each form that is a phrase of two or three words."""
        return np.array([" " in form for form in self.forms], bool)

    @cached_property
    def tokens(self) -> np.ndarray:
        """Uses of all words in each article; phrases are made of them and do not count."""
        none = np.zeros(self.counts.shape[0], np.int64)
        return np.asarray(sum((~self.is_phrase[some] @ block for some, block in self._blocks()), none))

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

    @cached_property
    def uses(self) -> np.ndarray:
        """Uses of each word in all articles."""
        every = np.arange(self.counts.shape[0])
        return np.asarray(self.sums(every, 0 * every, 1)[0], np.int64)

    def sums(self, article: np.ndarray, group: np.ndarray, groups: int, *, held: bool = False) -> np.ndarray:
        """Uses of each word in each of some groups of articles, or how many articles have it (groups × words).

        `group` (from 0) is that of each of some articles, which are indices.
        """
        cells = np.ones(len(article), np.int32), (article, group)
        member, found = sparse.csr_array(cells, shape=(self.counts.shape[0], groups)), [np.zeros((0, groups))]
        for _, block in self._blocks():
            if held:
                block.data[:] = 1
            found.append((block @ member).toarray())
        return np.concatenate(found).T

    def dispersion(self, some: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Gries' deviation of proportions (`frequency.dispersion`) of each word over some articles of these sizes."""
        share = np.zeros(self.counts.shape[0])
        share[some] = sizes / sizes.sum()
        found = [np.zeros(0)]
        for _, block in self._blocks():
            expected = share[block.indices]
            block.data = np.where(expected > 0, block.data, 0)
            with np.errstate(invalid="ignore"):
                own = block.data / np.repeat(block.sum(axis=1), np.diff(block.indptr))
            # Each article without the word adds its expected share, which is one minus what the others have.
            block.data = np.abs(own - expected) - expected
            found.append((block.sum(axis=1) + 1) / 2)
        return np.concatenate(found)

    def _blocks(self) -> Iterator[tuple[slice, sparse.csr_array]]:
        """Some of the words, and their uses as words × articles, so many that they fit into memory as whole numbers."""
        data, indices, ends = self.counts.data, self.counts.indices, self.counts.indptr
        for some in in_parts(np.diff(ends)):
            first, stop = some[0], some[-1] + 1
            cells = slice(ends[first], ends[stop])
            block = data[cells].astype(np.int32), indices[cells], ends[first : stop + 1] - ends[first]
            yield slice(first, stop), sparse.csr_array(block, shape=(len(some), self.counts.shape[0]))


def in_parts(sizes: np.ndarray) -> list[np.ndarray]:
    """Indices of things with so many cells each, divided into parts of about `CELLS` cells."""
    parts = np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(sizes.cumsum() // CELLS)) + 1)
    return [part for part in parts if len(part)]


def count_words(
    terms: tuple[np.ndarray, sparse.csc_array], number: np.ndarray, parts: Sequence[int], language: str | None
) -> Words:
    """Words of at least two letters, and collocations, in some parts of the articles of some numbers.

    `terms` is laid out as `FeatureStore.terms`; spellings are folded as `language` has them.
    """
    texts, uses = terms
    least = np.where(map_array(lambda text: " " in text, texts), _ARTICLES, 1)
    place = np.full(uses.shape[0], -1, np.int32)
    for part in parts:
        place[len(PARTS) * number + part] = np.arange(len(number))
    kept, blocks = [np.zeros(0, np.intp)], [sparse.csc_array((len(number), 0), dtype=np.uint8)]
    for some in in_parts(np.diff(uses.indptr)):
        block = uses[:, some[0] : some[-1] + 1]
        at, term = place[block.indices], np.repeat(np.arange(len(some), dtype=np.int32), np.diff(block.indptr))
        inside = at >= 0
        cells = block.data[inside].astype(np.int32), (at[inside], term[inside])
        summed = sparse.csc_array(cells, shape=(len(number), len(some)))  # the parts of an article
        often = np.diff(summed.indptr) >= least[some]
        kept.append(some[often])
        blocks.append(_small(summed[:, often]))
    texts, used = texts[np.concatenate(kept)], np.concatenate([block.sum(axis=0) for block in blocks])
    chosen = map_array(lambda text: " " in text or (text[0] not in "'’" and len(_LETTER.findall(text)) > 1), texts)
    chosen[chosen] = collocations(texts[chosen], used[chosen])
    folded = fold_spellings(texts[chosen], language=language)
    forms = pd.Series([folded.get(text, text) for text in texts], dtype=object)
    shared = chosen & forms.where(chosen).duplicated(keep=False).to_numpy()
    several, names = pd.factorize(forms[shared], sort=True)
    cells = np.ones(len(several), np.int32), (np.arange(len(several)), several)
    spelled = sparse.csc_array(cells, shape=(len(several), len(names)))
    summed = sparse.hstack(_columns(blocks, shared), format="csc") @ spelled
    alone = chosen & ~shared
    counts = sparse.hstack([*_columns(blocks, alone), _small(summed)], format="csc")
    counts.sort_indices()
    return Words(np.concatenate([forms[alone].to_numpy(object), np.asarray(names, object)]), counts)


def _columns(blocks: Sequence[sparse.csc_array], chosen: np.ndarray) -> list[sparse.csc_array]:
    """The chosen columns of matrices that stand side by side."""
    ends = np.cumsum([block.shape[1] for block in blocks])
    return [block[:, some] for block, some in zip(blocks, np.split(chosen, ends[:-1]), strict=True)]


def collocations(texts: np.ndarray, uses: np.ndarray) -> np.ndarray:
    """True for each word, and for each phrase whose words do not stand together by chance (in five articles or more).

    nltk.collocations scores phrases by their pointwise mutual information.
    """
    from nltk.collocations import BigramAssocMeasures, TrigramAssocMeasures

    counted = dict(zip(texts, uses.tolist(), strict=True))
    total = sum(count for text, count in counted.items() if " " not in text)
    scores = {2: BigramAssocMeasures.pmi, 3: TrigramAssocMeasures.pmi}

    def is_kept(text: str) -> bool:
        words = text.split(" ")
        own = [counted.get(word, 0) for word in words]  # 0 where it is always a part of the text that is not compared
        return len(words) == 1 or (
            min(own) > 0 and scores[len(words)](counted[text], own, total) > _INFORMATION[len(words)]
        )

    return map_array(is_kept, texts)


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
