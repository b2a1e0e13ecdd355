"""VADER's compound score (Hutto & Gilbert 2014), bit for bit that of vaderSentiment 3.3.2, some six times faster.

The lexicon, the emojis and the lists of words are the installed package's. What the rules ask of a word is worked out
once per distinct word; the rules are applied around words of the lexicon only. The package's quirks are kept, and
called so.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from vaderSentiment.vaderSentiment import BOOSTER_DICT, C_INCR, N_SCALAR, NEGATE, SPECIAL_CASES, normalize

from analysis.text.arrays import Flags, Ints, column, numbered, read_pieces

#: How much of a booster's effect is left, by its distance from the word.
_FADING = (1.0, 0.95, 0.9)
_SO = frozenset({"so", "this"})
_PHRASES = [phrase for phrase in (*SPECIAL_CASES, *BOOSTER_DICT) if " " in phrase]
#: One word of each phrase, the longest: where none is near, no phrase need be looked for.
_CUES = frozenset(max(phrase.split(), key=len) for phrase in _PHRASES)
_ACTING = frozenset({*BOOSTER_DICT, *_SO, *_CUES, "no", "least"})
#: All words that the rules name.
_NAMED = _ACTING.union(*map(str.split, _PHRASES), ("at", "but", "doubt", "nor", "or", "very"))


@dataclass(frozen=True, slots=True)
class _Word:
    """What the rules ask of a word."""

    lower: str = ""
    upper: bool = False
    rating: float | None = None  # the lexicon's, None where it does not have the word
    toned: bool = False  # rated by itself: in the lexicon and no booster
    boost: float = 0.0
    negates: bool = False
    acts: bool = False  # may change the value of a word near it
    turns: bool = False  # is "but"


#: Most words, in lower case and in capitals: no rule asks for more of them.
_OTHERS = (_Word(), _Word(upper=True))


@lru_cache(maxsize=200_000)
def _word(token: str) -> _Word:
    bare = token.strip(string.punctuation)
    # What is left of an emoticon would be next to nothing.
    form = bare if len(bare) > 2 else token
    lower, upper = form.lower(), form.isupper()
    rating, negates = _lexicon().get(lower), "n't" in lower or lower in NEGATE
    if rating is None and not negates and lower not in _NAMED:
        return _OTHERS[upper]
    toned = rating is not None and lower not in BOOSTER_DICT
    return _Word(
        lower=lower,
        upper=upper,
        rating=rating,
        toned=toned,
        boost=float(BOOSTER_DICT.get(lower, 0.0)),
        negates=negates,
        acts=negates or lower in _ACTING,
        turns=lower == "but",
    )


# Beside the sentence's ends no rule applies: before it nothing counts, as if it were a word of the lexicon.
_BEFORE, _AFTER = (_Word(rating=0.0),) * 3, (_Word(),) * 2


class _Sentences(NamedTuple):
    """Sentences in words, end to end.

    Attributes
    ----------
    known : each different word
    numbers, rows : arrays of int, a value per word
        Which of the known it is, which sentence it is in.
    starts, ends : arrays of int, a value per sentence
    """

    known: list[_Word]
    numbers: Ints
    rows: Ints
    starts: Ints
    ends: Ints

    def which(self, name: str) -> Flags:
        """Whether a flag is set, per word."""
        return np.asarray(column(attrgetter(name), self.known)[self.numbers])


def compound(sentence: str) -> float:
    """VADER's compound score of one sentence, as `compounds`."""
    return float(compounds([sentence])[0])


def compounds(sentences: Sequence[str]) -> npt.NDArray[np.float64]:
    """VADER's compound scores.

    Parameters
    ----------
    sentences : sequence of str

    Returns
    -------
    array of float in [-1, 1], rounded to 4 places; 0 where no word is in the lexicon

    References
    ----------
    Hutto & Gilbert (2014), ICWSM 8(1); vaderSentiment 3.3.2, SentimentIntensityAnalyzer.polarity_scores
    """
    emojis = _emojis()
    # The package's emojis are none of them ASCII.
    texts = [one if one.isascii() or emojis.isdisjoint(one) else one.translate(_names()) for one in sentences]
    read = _read(texts)
    places = np.flatnonzero(read.which("toned"))
    values = _values(read, places)
    buts = np.flatnonzero(read.which("turns"))[::-1]
    but = dict(zip(read.rows[buts].tolist(), buts.tolist(), strict=True))  # backwards, so the first one stays
    found = np.zeros(len(texts))
    first = 0
    for row, count in zip(*map(np.ndarray.tolist, np.unique(read.rows[places], return_counts=True)), strict=True):
        own = values[first : first + count]
        if row in but:
            _contrast(own, places[first : first + count].tolist(), but[row])
        found[row] = _score(own, texts[row])
        first += count
    return found


def _read(texts: Sequence[str]) -> _Sentences:
    pieces, _, rows = read_pieces(texts)
    numbers, tokens = numbered(pieces)
    bounds = np.searchsorted(rows, np.arange(len(texts) + 1))
    return _Sentences(list(map(_word, tokens)), numbers, rows, bounds[:-1], bounds[1:])


def _values(read: _Sentences, places: Ints) -> list[float]:
    """Values of the words of the lexicon: their ratings, but for those which a rule may change."""
    rows, upper = read.rows[places], read.which("upper")
    first, last = np.maximum(places - 3, read.starts[rows]), np.minimum(places + 3, read.ends[rows])
    emphatic = np.bincount(read.rows[upper], minlength=len(read.ends)) < read.ends - read.starts
    acting = np.concatenate([[0], np.cumsum(read.which("acts"))])
    ruled = (acting[last] > acting[first]) | (emphatic[rows] & upper[places])
    values: list[float] = [read.known[number].rating or 0.0 for number in read.numbers[places].tolist()]
    for at in np.flatnonzero(ruled).tolist():
        around = [read.known[number] for number in read.numbers[first[at] : last[at]].tolist()]
        before, after = _BEFORE[: first[at] - places[at] + 3], _AFTER[: places[at] + 3 - last[at]]
        values[at] = _value(*before, *around, *after, emphatic=bool(emphatic[rows[at]]))
    return values


def _score(values: Sequence[float], text: str) -> float:
    total, emphasis = float(sum(values)), _emphasis(text)
    return round(float(normalize(total + emphasis if total > 0 else total - emphasis if total < 0 else total)), 4)


def _value(
    third: _Word, second: _Word, first: _Word, word: _Word, following: _Word, last: _Word, *, emphatic: bool
) -> float:
    """Value of a word of the lexicon between the three before it, third to first, and the two after it."""
    rating = value = word.rating or 0.0
    acting = first.acts or second.acts or third.acts or word.acts or following.acts or last.acts
    if acting:
        if word.lower == "kind" and following.lower == "of":
            return 0.0
        if word.lower == "no" and following.rating is not None:
            value = 0.0
        if "no" in (first.lower, second.lower) or (third.lower == "no" and first.lower in ("or", "nor")):
            value = rating * N_SCALAR
    if emphatic and word.upper:
        value += C_INCR if value > 0 else -C_INCR
    if not acting:
        return value
    for distance, earlier in enumerate((first, second, third)):
        if earlier.rating is None:
            if earlier.boost:
                value += _boost(earlier, value, emphatic) * _FADING[distance]
            value *= _negation(distance, first, second, third)
    if third.rating is None:
        value = _phrases(value, [each.lower for each in (third, second, first, word, following, last)])
    if first.lower == "least" and first.rating is None and second.lower not in ("at", "very"):
        value *= N_SCALAR
    return value


def _boost(booster: _Word, value: float, emphatic: bool) -> float:
    boost = -booster.boost if value < 0 else booster.boost
    if emphatic and booster.upper:
        boost += C_INCR if value > 0 else -C_INCR
    return boost


def _negation(distance: int, first: _Word, second: _Word, third: _Word) -> float:
    """What a negation at a distance (0 is next to the word) multiplies the word's value by."""
    if distance == 1:
        if second.lower == "never" and first.lower in _SO:
            return 1.25
        if second.lower == "without" and first.lower == "doubt":
            return 1.0
    if distance == 2:
        # A quirk: "so" and "this" next to the word count with no "never" before them.
        if (third.lower == "never" and second.lower in _SO) or first.lower in _SO:
            return 1.25
        if third.lower == "without" and "doubt" in (second.lower, first.lower):
            return 1.0
    return float(N_SCALAR) if (first, second, third)[distance].negates else 1.0


def _phrases(value: float, lowers: Sequence[str]) -> float:
    """The value, or that of a phrase around the word; quirks: the last found counts, and only far into a sentence."""
    if _CUES.isdisjoint(lowers):
        return value
    a, b, c, d, e, f = lowers
    before = (f"{c} {d}", f"{b} {c} {d}", f"{b} {c}", f"{a} {b} {c}", f"{a} {b}")
    found = [phrase for phrase in before if phrase in SPECIAL_CASES][:1]
    found += [phrase for phrase in (f"{d} {e}", f"{d} {e} {f}") if phrase in SPECIAL_CASES]
    if found:
        value = SPECIAL_CASES[found[-1]]
    return float(value + sum(BOOSTER_DICT.get(phrase, 0.0) for phrase in before[2:]))


def _contrast(values: list[float], places: Sequence[int], but: int) -> None:
    """Halve what stands before the first "but" and raise what stands after it, in place."""
    # A quirk: of equal values always the first is changed, which may have been changed before.
    for number in range(len(values)):
        at = values.index(values[number])
        values[at] *= 0.5 if places[at] < but else 1.5


def _emphasis(text: str) -> float:
    questions = text.count("?")
    return min(text.count("!"), 4) * 0.292 + (0.0 if questions < 2 else questions * 0.18 if questions < 4 else 0.96)


@cache
def _lexicon() -> dict[str, float]:
    return {word: float(rating) for word, rating in _pairs("vader_lexicon.txt")}


@cache
def _names() -> dict[int, str]:
    """Emoji → its name. The package puts a space before a name only where none is; one more changes no word."""
    # It looks at one character at a time, so of its emojis it never finds those of several.
    return str.maketrans({emoji: f" {name}" for emoji, name in _pairs("emoji_utf8_lexicon.txt") if len(emoji) == 1})


@cache
def _emojis() -> frozenset[str]:
    # A set of strings looks through a text six times faster than the keys of a dictionary.
    return frozenset(map(chr, _names()))


def _pairs(name: str) -> list[list[str]]:
    lines = files("vaderSentiment").joinpath(name).read_text(encoding="utf-8").split("\n")
    return [line.strip().split("\t")[:2] for line in lines if line]
