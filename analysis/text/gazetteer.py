"""Alias tables → a compiled matcher, for actors and labels alike.

An alias matches whole tokens only ("York" is not in "Yorkshire"). Within a table matches never overlap: the leftmost
wins, from the same place the longest ("New York" before "York"); actors and labels are matched independently of each
other. Where several rows match the same words, a full name wins over a surname, then accents as written over folded
ones, exact capitals over any, the text's language over `*`. A surname matches every actor who bears it: `mentions`
finds out who is meant.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import pandas as pd

from analysis.errors import GazetteerError
from analysis.text.arrays import numbered
from analysis.text.tokens import read_tokens

_MARKS = str.maketrans("’ʼ‘‐‑", "'''--")
#: Letters that have no decomposition into a letter and an accent.
_STROKES = str.maketrans("łŁøØđĐ", "lLoOdD")


class Alias(NamedTuple):
    """A row of an alias table. `surname` is yes, default or empty; `exact` holds capitals, `fold` frees accents."""

    entry: str
    language: str
    text: str
    exact: bool
    surname: str
    fold: bool


class Match(NamedTuple):
    """Tokens `first` to `last` (included) match `aliases`: one row, or several actors' surname."""

    first: int
    last: int
    aliases: tuple[Alias, ...]


@dataclass
class _Node:
    next: dict[str, _Node] = field(default_factory=dict)
    aliases: list[tuple[Alias, tuple[str, ...]]] = field(default_factory=list)
    fitted: dict[tuple[str, ...], tuple[Alias, ...]] = field(default_factory=dict)

    def fitting(self, tokens: tuple[str, ...]) -> tuple[Alias, ...]:
        """The row that fits these tokens best, or where that is a surname, every actor's row that fits."""
        if tokens not in self.fitted:
            self.fitted[tokens] = _best(self.aliases, tokens)
        return self.fitted[tokens]


def _best(aliases: Iterable[tuple[Alias, Sequence[str]]], tokens: Sequence[str]) -> tuple[Alias, ...]:
    ranked = [(rank, alias) for alias, written in aliases if (rank := _rank(alias, written, tokens))]
    ranked.sort()
    if not ranked or not ranked[0][1].surname:
        return tuple(alias for _, alias in ranked[:1])
    # Backwards, so that an actor's best row stays.
    by_entry = {alias.entry: alias for _, alias in reversed(ranked) if alias.surname}
    return tuple(by_entry[entry] for entry in sorted(by_entry))


class Matcher:
    """One table's aliases, as a trie of tokens per language, made when a text of that language first comes."""

    def __init__(self, aliases: Iterable[Alias]) -> None:
        self._aliases = tuple(aliases)
        self._tries: dict[str, _Node] = {}

    def begins(self, *, language: str) -> Set[str]:
        """Keys of the tokens that an alias begins with."""
        return self._trie(language).next.keys()

    def match(self, tokens: Sequence[str], *, language: str) -> list[Match]:
        """Matches in the tokens of one sentence, in order, without overlap."""
        numbers, forms = numbered(tokens)
        places = [(at, len(tokens)) for at in range(len(tokens))]
        return list(self.find(forms, numbers.tolist(), places, language=language))

    def find(
        self, forms: Sequence[str], numbers: Sequence[int], places: Iterable[tuple[int, int]], *, language: str
    ) -> Iterator[Match]:
        """Matches in the tokens of many sentences, likewise.

        Parameters
        ----------
        forms : different tokens
        numbers : sequence of int, which of the forms each token is
        places : pairs of int, ascending: where a match may begin, and where the sentence there ends
        language : str, one of tables.LANGUAGES
        """
        trie, keys, free = self._trie(language), list(map(key, forms)), 0
        for at, end in places:
            if at < free:
                continue
            ends, node = [], trie
            for last in range(at, end):
                following = node.next.get(keys[numbers[last]])
                if following is None:
                    break
                node = following
                if node.aliases:
                    ends.append((last, node))
            for last, node in reversed(ends):
                if fitting := node.fitting(tuple([forms[number] for number in numbers[at : last + 1]])):
                    yield Match(at, last, fitting)
                    free = last + 1
                    break

    def _trie(self, language: str) -> _Node:
        if language not in self._tries:
            self._tries[language] = self._compile(language)
        return self._tries[language]

    def _compile(self, language: str) -> _Node:
        root = _Node()
        aliases = [alias for alias in self._aliases if alias.language in (language, "*")]
        for alias, written in zip(aliases, alias_tokens([alias.text for alias in aliases], language), strict=True):
            node = root
            for token in written:
                node = node.next.setdefault(key(token), _Node())
            node.aliases.append((alias, tuple(written)))
        return root


class Gazetteer:
    """The alias tables of a study, compiled: `actors` and `labels`, each a Matcher."""

    def __init__(self, actors: Iterable[Alias], labels: Iterable[Alias]) -> None:
        self._actors, self._labels = tuple(actors), tuple(labels)

    @classmethod
    def from_tables(cls, actors: pd.DataFrame, labels: pd.DataFrame) -> Gazetteer:
        """Compile alias tables.

        Parameters
        ----------
        actors : DataFrame (ACTORS_CSV)
        labels : DataFrame (LABELS_CSV)

        Raises
        ------
        GazetteerError
            Where an alias belongs to two actors and no surname settles it; the first such alias.
        """
        for alias, entries in conflicts(actors):
            raise GazetteerError(alias, entries)
        of_labels = [
            Alias(f"{row.set}:{row.label}", str(row.language), str(row.term), row.case == "exact", "", False)
            for row in labels.itertuples()
        ]
        return cls(_actor_aliases(actors), of_labels)

    @cached_property
    def matchers(self) -> dict[str, Matcher]:
        """Name of the table (actors, labels) → its matcher."""
        return {"actors": Matcher(self._actors), "labels": Matcher(self._labels)}


def conflicts(actors: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Aliases that a table gives to several actors in one language without saying whose they are.

    Parameters
    ----------
    actors : DataFrame (ACTORS_CSV)

    Returns
    -------
    list of (alias, actors), by alias; a shared alias is settled where every row calls it a surname and at most one
    row is the default
    """
    shared: dict[tuple[str, str], list[Alias]] = {}
    for alias in _actor_aliases(actors):
        words = alias.text if alias.exact else alias.text.casefold()
        shared.setdefault((alias.language, " ".join(words.translate(_MARKS).split())), []).append(alias)
    found = []
    for rows in shared.values():
        entries = sorted({row.entry for row in rows})
        defaults = {row.entry for row in rows if row.surname == "default"}
        if len(entries) > 1 and (len(defaults) > 1 or not all(row.surname for row in rows)):
            found.append((rows[0].text, entries))
    return sorted(found)


@lru_cache(maxsize=200_000)
def key(token: str) -> str:
    """Form of a token under which aliases are looked up: without capitals, accents and typographic marks."""
    if token.isascii():
        return token.lower()
    return strip_accents(token.translate(_MARKS).casefold()).casefold()


@lru_cache(maxsize=200_000)
def _typed(token: str) -> str:
    """A token with marks as typed."""
    return token.translate(_MARKS)


def strip_accents(token: str) -> str:
    """A token without its accents: "Perú" → "Peru", "Łódź" → "Lodz"."""
    apart = unicodedata.normalize("NFKD", token.translate(_STROKES))
    return "".join(character for character in apart if not unicodedata.combining(character))


def alias_tokens(aliases: Sequence[str], language: str) -> list[list[str]]:
    """Tokens of aliases, as they stand inside a sentence."""
    texts = [unicodedata.normalize("NFC", alias) for alias in aliases]
    found = read_tokens(texts, language=language, complete=False)
    tokens: list[list[str]] = [[] for _ in texts]
    for row, number in zip(found.rows.tolist(), found.numbers.tolist(), strict=True):
        tokens[row].append(found.forms[number])
    return tokens


def _actor_aliases(actors: pd.DataFrame) -> list[Alias]:
    def cell(value: Any) -> str:
        return "" if pd.isna(value) else str(value)

    return [
        Alias(str(r.actor), str(r.language), str(r.alias), r.case == "exact", cell(r.surname), cell(r.fold) == "yes")
        for r in actors.itertuples()
    ]


def _rank(alias: Alias, written: Sequence[str], tokens: Sequence[str]) -> tuple[bool, ...] | None:
    """Order of preference of a row for these tokens, the best first; None where it does not match them."""
    pairs = [(token, own) for token, own in zip(map(_typed, tokens), map(_typed, written), strict=True) if token != own]
    if not alias.exact:
        pairs = [(token.casefold(), own.casefold()) for token, own in pairs]
    if all(token == own for token, own in pairs):
        folded = False
    elif alias.fold and all(token in (own, strip_accents(own)) for token, own in pairs):
        folded = True
    else:
        return None
    return bool(alias.surname), folded, not alias.exact, alias.language == "*"
