"""Alias tables → a compiled matcher, for actors and labels alike.

An alias matches whole tokens only ("York" is not in "Yorkshire"). Within a table matches never overlap: the leftmost
wins, from the same place the longest ("New York" before "York"); actors and labels are matched independently of each
other. Where several rows match the same words, a full name wins over a surname, then accents as written over folded
ones, exact capitals over any, the text's language over `*`. A surname matches every actor who bears it: `mentions`
finds out who is meant.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import pandas as pd

from analysis.errors import GazetteerError
from analysis.tokens import sentence_tokens

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


class Matcher:
    """One table's aliases, as a trie of tokens per language, made when a text of that language first comes."""

    def __init__(self, aliases: Iterable[Alias]) -> None:
        self._aliases = tuple(aliases)
        self._tries: dict[str, _Node] = {}

    def match(self, tokens: Sequence[str], *, language: str, keys: Sequence[str] | None = None) -> list[Match]:
        """Matches in the tokens of one sentence, in order, without overlap; `keys` where they are known already."""
        if language not in self._tries:
            self._tries[language] = self._compile(language)
        trie = self._tries[language]
        if keys is None:
            keys = [key(token) for token in tokens]
        matches: list[Match] = []
        if trie.next.keys().isdisjoint(keys):
            return matches
        free = 0
        for at in [at for at, first in enumerate(keys) if first in trie.next]:
            if at >= free and (found := _longest(trie, tokens, keys, at)):
                matches.append(found)
                free = found.last + 1
        return matches

    def _compile(self, language: str) -> _Node:
        root = _Node()
        for alias in self._aliases:
            if alias.language not in (language, "*"):
                continue
            written = alias_tokens(alias.text, language)
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


def alias_tokens(alias: str, language: str) -> list[str]:
    """Tokens of an alias, as they stand inside a sentence."""
    text = unicodedata.normalize("NFC", alias)
    return sentence_tokens(text, 0, len(text), language=language, complete=False)[0]


def _actor_aliases(actors: pd.DataFrame) -> list[Alias]:
    def cell(value: Any) -> str:
        return "" if pd.isna(value) else str(value)

    return [
        Alias(str(r.actor), str(r.language), str(r.alias), r.case == "exact", cell(r.surname), cell(r.fold) == "yes")
        for r in actors.itertuples()
    ]


def _longest(trie: _Node, tokens: Sequence[str], keys: Sequence[str], at: int) -> Match | None:
    ends, node = [], trie
    for last in range(at, len(keys)):
        following = node.next.get(keys[last])
        if following is None:
            break
        node = following
        if node.aliases:
            ends.append((last, node))
    for last, node in reversed(ends):
        if fitting := _best(node, tokens[at : last + 1]):
            return Match(at, last, fitting)
    return None


def _best(node: _Node, tokens: Sequence[str]) -> tuple[Alias, ...]:
    """The row that fits best, or where that is a surname, every actor's row that fits."""
    ranked = [(rank, alias) for alias, written in node.aliases if (rank := _rank(alias, written, tokens))]
    ranked.sort()
    if not ranked or not ranked[0][1].surname:
        return tuple(alias for _, alias in ranked[:1])
    # Backwards, so that an actor's best row stays.
    by_entry = {alias.entry: alias for _, alias in reversed(ranked) if alias.surname}
    return tuple(by_entry[entry] for entry in sorted(by_entry))


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
