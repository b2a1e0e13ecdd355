"""Alias tables compiled into matchers, for actors and labels alike.

An alias matches whole tokens only: "York" is not in "Yorkshire". Within a table matches never overlap: the leftmost
wins, from the same place the longest ("New York" before "York"); actors and labels are matched independently of each
other. Where several rows match the same words, a full name wins over a surname, then accents as written over folded
ones, exact capitals over any, the text's language over `*`. A surname matches every actor who bears it; `mentions`
decides who is meant.

A name is also matched where its period ends the sentence too ("to Oxbow Inc."), in a hashtag (#AdaRivas), and with any
capitals in a sentence typed in capitals only.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from analysis.errors import GazetteerError
from analysis.text.tokens import read_tokens

_MARKS = str.maketrans("’ʼ‘‐‑", "'''--")
#: Letters that have no decomposition into a letter and an accent.
_STROKES = str.maketrans("łŁøØđĐ", "lLoOdD")


class Alias(NamedTuple):
    """A row of an alias table: of an actor or a set:label, in a language or `*`."""

    entry: str
    language: str = "*"
    text: str = ""
    exact: bool = True  # whether capitals count
    surname: str = ""  # "yes", "default" (the bearer meant where the text does not tell) or empty
    fold: bool = False  # whether it is also matched without its accents


class Match(NamedTuple):
    """Tokens `first` to `last` (included) match `aliases`: one row, or several actors' surname."""

    first: int
    last: int
    aliases: tuple[Alias, ...]


class _Node:
    """A node of the trie of tokens: its children by key, the aliases that end here with their tokens."""

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.aliases: list[tuple[Alias, tuple[str, ...]]] = []
        self._best: dict[tuple[tuple[str, ...], bool], tuple[Alias, ...]] = {}

    def best(self, tokens: tuple[str, ...], capitals: bool) -> tuple[Alias, ...]:
        """The row that fits these tokens best, or where that is a surname, every actor's row that fits."""
        if (found := self._best.get((tokens, capitals))) is None:
            ranked = sorted(
                (rank, alias) for alias, own in self.aliases if (rank := _rank(alias, own, tokens, capitals))
            )
            found = tuple(alias for _, alias in ranked[:1])
            if found and found[0].surname:  # backwards, so that an actor's best row stays
                by_entry = {alias.entry: alias for _, alias in reversed(ranked) if alias.surname}
                found = tuple(by_entry[entry] for entry in sorted(by_entry))
            self._best[tokens, capitals] = found
        return found


def _rank(alias: Alias, written: Sequence[str], tokens: Sequence[str], capitals: bool) -> tuple[bool, ...] | None:
    """Order of preference of a row for these tokens, the best first; None where it does not match them."""
    pairs = [(token.translate(_MARKS), own.translate(_MARKS)) for token, own in zip(tokens, written, strict=True)]
    if not alias.exact or capitals or written[0] == "#":
        pairs = [(token.casefold(), own.casefold()) for token, own in pairs if token != own]
    folded = any(token != own for token, own in pairs)
    if folded and not (alias.fold and all(token in (own, strip_accents(own)) for token, own in pairs)):
        return None
    return bool(alias.surname), folded, not alias.exact, alias.language == "*"


class Matcher:
    """One table's aliases as a trie of tokens per language, compiled when a text of that language first comes."""

    def __init__(self, aliases: Iterable[Alias]) -> None:
        self._aliases = tuple(aliases)
        self._tries: dict[str, _Node] = {}

    def first_keys(self, *, language: str) -> Set[str]:
        """Keys of the tokens that an alias begins with."""
        return self._trie(language).next.keys()

    def match(self, tokens: Sequence[str], *, language: str) -> list[Match]:
        """Matches in the tokens of one sentence, in order, without overlap."""
        capitals = "".join(tokens).isupper() and len(tokens) > 2
        starts = [(at, len(tokens), capitals) for at in range(len(tokens))]
        return list(self.find(tokens, range(len(tokens)), starts, language=language))

    def find(
        self, forms: Sequence[str], numbers: Sequence[int], starts: Iterable[tuple[int, int, bool]], *, language: str
    ) -> Iterator[Match]:
        """Matches in the tokens of many sentences, given by their index in `forms`, in order, without overlap.

        `starts` are, ascending, the tokens at which a match may begin, each with the end of its sentence and whether
        that is in capitals only.
        """
        trie, keys, free = self._trie(language), list(map(key, forms)), 0
        for at, end, capitals in starts:
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
                tokens = tuple([forms[number] for number in numbers[at : last + 1]])
                if aliases := node.best(tokens, capitals):
                    hashtag = tokens[0] == "#" and not aliases[0].text.startswith("#")
                    yield Match(at + hashtag, last, aliases)
                    free = last + 1
                    break

    def compound(self, form: str, *, language: str) -> list[tuple[str, tuple[Alias, ...]]]:
        """Parts of a token with hyphens, with their aliases, if all of them have one (Rivas-Ayala); else empty."""
        nodes = [(part, self._trie(language).next.get(key(part))) for part in form.translate(_MARKS).split("-")]
        found = [(part, node.best((part,), False)) for part, node in nodes if node]
        return found if len(nodes) > 1 and len(found) == len(nodes) and all(aliases for _, aliases in found) else []

    def _trie(self, language: str) -> _Node:
        if language not in self._tries:
            self._tries[language] = root = _Node()
            aliases = [alias for alias in self._aliases if alias.language in (language, "*")]
            texts = [unicodedata.normalize("NFC", alias.text) for alias in aliases]
            # As inside a sentence: a period at the end may be an abbreviation's.
            tokens = read_tokens(texts, language=language, complete=False)
            words = np.split(tokens.numbers, np.searchsorted(tokens.rows, range(1, len(texts))))
            for alias, numbers in zip(aliases, words, strict=False):
                for written in _variants([tokens.forms[number] for number in numbers]):
                    node = root
                    for token in written:
                        node = node.next.setdefault(key(token), _Node())
                    node.aliases.append((alias, written))
        return self._tries[language]


def _variants(tokens: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The tokens of an alias as they may stand in a text."""
    yield tuple(tokens)
    *first, last = tokens
    if last.endswith(".") and last.strip("."):  # where the sentence ends with it
        yield (*first, last[:-1], ".")
    if first and all(map(str.isalnum, tokens)):
        yield "#", "".join(tokens)


class Gazetteer:
    """Names to look for in texts: `matchers` holds a Matcher for actors and one for labels.

    Parameters
    ----------
    names : mapping, name → its aliases; matched with capitals as written, in every language

    Raises
    ------
    GazetteerError
        Where two names share an alias.

    Examples
    --------
    >>> from analysis import find_mentions
    >>> names = Gazetteer({"Castillo": ["Pedro Castillo", "Castillo"], "Congress": ["Congress"]})
    >>> find_mentions("Congress removed Castillo.", names, language="en")["entry"].to_list()
    ['Congress', 'Castillo']
    """

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        if not isinstance(names, Mapping):
            raise TypeError(
                f"Gazetteer takes names with their aliases, {{'Castillo': ['Pedro Castillo']}}, not "
                f"{type(names).__name__}; for alias tables use Gazetteer.from_tables(actors, labels)"
            )
        for name, aliases in names.items():
            if isinstance(aliases, str):
                raise TypeError(f"the aliases of {name!r} are a single str; give a list: [{aliases!r}]")
        actors = [Alias(name, text=text) for name, aliases in names.items() for text in aliases]
        _refuse_conflicts(actors)
        self.matchers = {"actors": Matcher(actors), "labels": Matcher([])}

    @classmethod
    def from_tables(cls, actors: pd.DataFrame, labels: pd.DataFrame) -> Self:
        """Gazetteer of a study's alias tables (ACTORS_CSV, LABELS_CSV); GazetteerError names the first alias of two."""
        gazetteer, aliases = cls({}), _actor_aliases(actors)
        _refuse_conflicts(aliases)
        terms = [
            Alias(f"{row.set}:{row.label}", str(row.language), str(row.term), row.case == "exact")
            for row in labels.itertuples()
        ]
        gazetteer.matchers = {"actors": Matcher(aliases), "labels": Matcher(terms)}
        return gazetteer


def _refuse_conflicts(actors: Sequence[Alias]) -> None:
    for alias, entries in _conflicts(actors):
        raise GazetteerError(alias, entries)


def conflicts(actors: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """Aliases that a table (ACTORS_CSV) gives to several actors in one language, with those actors.

    A shared alias is settled where every row calls it a surname and at most one row is the default.
    """
    return _conflicts(_actor_aliases(actors))


def _conflicts(aliases: Iterable[Alias]) -> list[tuple[str, list[str]]]:
    shared: dict[tuple[str, str], list[Alias]] = {}
    for alias in aliases:
        words = alias.text if alias.exact else alias.text.casefold()
        shared.setdefault((alias.language, " ".join(words.translate(_MARKS).split())), []).append(alias)
    unsettled = []
    for rows in shared.values():
        entries = sorted({row.entry for row in rows})
        defaults = {row.entry for row in rows if row.surname == "default"}
        if len(entries) > 1 and (len(defaults) > 1 or not all(row.surname for row in rows)):
            unsettled.append((rows[0].text, entries))
    return sorted(unsettled)


@lru_cache(maxsize=200_000)
def key(token: str) -> str:
    """Form of a token under which aliases are looked up: without capitals, accents and typographic marks."""
    if token.isascii():
        return token.lower()
    return strip_accents(token.translate(_MARKS).casefold()).casefold()


def strip_accents(token: str) -> str:
    """A token without its accents: "Perú" → "Peru", "Łódź" → "Lodz"."""
    apart = unicodedata.normalize("NFKD", token.translate(_STROKES))
    return "".join(character for character in apart if not unicodedata.combining(character))


def _actor_aliases(actors: pd.DataFrame) -> list[Alias]:
    def cell(value: Any) -> str:
        return "" if pd.isna(value) else str(value)

    return [
        Alias(str(r.actor), str(r.language), str(r.alias), r.case == "exact", cell(r.surname), cell(r.fold) == "yes")
        for r in actors.itertuples()
    ]
