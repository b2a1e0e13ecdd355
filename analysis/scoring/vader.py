"""VADER's compound score of a sentence (Hutto & Gilbert 2014), equal to the package vaderSentiment's and faster.

The package applies its rules to every word of a sentence. Here what the rules ask of a word is looked up once per
distinct word, and the rules are applied to words of the lexicon only, since every other word counts 0. "A quirk" marks
what the package does though its authors hardly meant it.
"""

import string
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import compress, count
from operator import attrgetter
from typing import NamedTuple

from vaderSentiment.vaderSentiment import BOOSTER_DICT, C_INCR, N_SCALAR, NEGATE, SPECIAL_CASES, normalize
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer as Package

#: Share of a booster's effect that is left, by its distance from the word.
_FADING = (1.0, 0.95, 0.9)
_SO = frozenset({"so", "this"})
_PHRASES = [phrase for phrase in (*SPECIAL_CASES, *BOOSTER_DICT) if " " in phrase]
#: The longest word of each phrase: phrases are looked up only near one of these.
_CUES = frozenset(max(phrase.split(), key=len) for phrase in _PHRASES)
_ACTING = frozenset({*BOOSTER_DICT, *_SO, *_CUES, "no", "least"})
#: Every word that a rule names.
_NAMED = _ACTING.union(*map(str.split, _PHRASES), ("at", "but", "doubt", "nor", "or", "very"))


class _Word(NamedTuple):
    """A word as the rules see it."""

    lower: str = ""  # empty for a word that no rule names
    upper: bool = False
    rating: float | None = None  # None where the lexicon does not have the word
    scored: bool = False  # in the lexicon and no booster
    boost: float = 0.0
    negates: bool = False
    acts: bool = False  # it may change the score of a word near it


_IS_SCORED, _IS_UPPER = attrgetter("scored"), attrgetter("upper")
#: Most words, in small letters and in capitals.
_OTHERS = (_Word(), _Word(upper=True))
# Beyond the ends of a sentence no rule applies; a rating keeps the rules for three words before from applying.
_BEFORE, _AFTER = (_Word(rating=0.0),) * 3, (_Word(),) * 2


@lru_cache(maxsize=200_000)
def _word(token: str) -> _Word:
    bare = token.strip(string.punctuation)
    # A token of which two characters or less are left may be an emoticon.
    form = bare if len(bare) > 2 else token
    lower, upper = form.lower(), form.isupper()
    rating, negates = _package().lexicon.get(lower), "n't" in lower or lower in NEGATE
    if rating is None and not negates and lower not in _NAMED:
        return _OTHERS[upper]
    scored = rating is not None and lower not in BOOSTER_DICT
    boost = float(BOOSTER_DICT.get(lower, 0.0))
    return _Word(lower, upper, rating, scored, boost, negates, acts=negates or lower in _ACTING)


def compound(sentence: str) -> float:
    """VADER's compound score of a sentence, in [-1, 1]; it knows plain apostrophes and quotation marks only."""
    if not sentence.isascii() and not _emojis()[0].isdisjoint(sentence):
        sentence = sentence.translate(_emojis()[1])
    words = list(map(_word, sentence.split()))
    places = list(compress(count(), map(_IS_SCORED, words)))
    if not places:
        return 0.0
    mixed_case = not all(map(_IS_UPPER, words))
    padded = (*_BEFORE, *words, *_AFTER)
    scores = [_score(padded[place : place + 6], mixed_case) for place in places]
    but = next((place for place, word in enumerate(words) if word.lower == "but"), None)
    if but is not None:
        # A quirk: of equal scores the first in the sentence is changed, even if it was changed before.
        for number in range(len(scores)):
            position = scores.index(scores[number])
            scores[position] *= 0.5 if places[position] < but else 1.5
    total, questions = float(sum(scores)), sentence.count("?")
    emphasis = min(sentence.count("!"), 4) * 0.292
    emphasis += 0.0 if questions < 2 else questions * 0.18 if questions < 4 else 0.96
    total += emphasis if total > 0 else -emphasis if total < 0 else 0.0
    return round(float(normalize(total)), 4)


def _score(around: Sequence[_Word], mixed_case: bool) -> float:
    """Score of a word of the lexicon, the fourth of `around`, among the three words before it and the two after it."""
    third, second, first, word, following, last = around
    rating = score = word.rating or 0.0
    acting = first.acts or second.acts or third.acts or word.acts or following.acts or last.acts
    if acting:
        if word.lower == "kind" and following.lower == "of":
            return 0.0
        if word.lower == "no" and following.rating is not None:
            score = 0.0
        if "no" in (first.lower, second.lower) or (third.lower == "no" and first.lower in ("or", "nor")):
            score = rating * N_SCALAR
    capitals = C_INCR if mixed_case else 0.0
    if word.upper:
        score += capitals if score > 0 else -capitals
    if not acting:
        return score
    for distance, earlier in enumerate((first, second, third)):
        if earlier.rating is None:
            if earlier.boost:
                boost = -earlier.boost if score < 0 else earlier.boost
                boost += 0.0 if not earlier.upper else capitals if score > 0 else -capitals
                score += boost * _FADING[distance]
            score *= _negation(distance, first, second, third)
    if third.rating is None:
        score = _with_phrases(score, [each.lower for each in around])
    if first.lower == "least" and first.rating is None and second.lower not in ("at", "very"):
        score *= N_SCALAR
    return score


def _negation(distance: int, first: _Word, second: _Word, third: _Word) -> float:
    """Factor of a negation so many words away; 0 is the word before."""
    if distance == 1:
        if second.lower == "never" and first.lower in _SO:
            return 1.25
        if second.lower == "without" and first.lower == "doubt":
            return 1.0
    if distance == 2:
        # A quirk: "so" and "this" before the word count without any "never" before them.
        if first.lower in _SO or (third.lower == "never" and second.lower in _SO):
            return 1.25
        if third.lower == "without" and "doubt" in (second.lower, first.lower):
            return 1.0
    return float(N_SCALAR) if (first, second, third)[distance].negates else 1.0


def _with_phrases(score: float, lowers: Sequence[str]) -> float:
    """Score after the phrases around a word; quirks: the last one counts, and only from the fourth word on."""
    if _CUES.isdisjoint(lowers):
        return score
    a, b, c, d, e, f = lowers
    before = (f"{c} {d}", f"{b} {c} {d}", f"{b} {c}", f"{a} {b} {c}", f"{a} {b}")
    special = [phrase for phrase in before if phrase in SPECIAL_CASES][:1]
    special += [phrase for phrase in (f"{d} {e}", f"{d} {e} {f}") if phrase in SPECIAL_CASES]
    if special:
        score = SPECIAL_CASES[special[-1]]
    return float(score + sum(BOOSTER_DICT.get(phrase, 0.0) for phrase in before[2:]))


def rating(lower: str) -> float:
    """Rating of a word in small letters in VADER's lexicon, in [-4, 4]; 0 for a word that is not in it."""
    return float(_package().lexicon.get(lower, 0.0))


@cache
def _package() -> Package:
    return Package()


@cache
def _emojis() -> tuple[frozenset[str], dict[int, str]]:
    """The emojis of the lexicon, and their names: the package never finds those of several characters."""
    names = {emoji: f" {name}" for emoji, name in _package().emojis.items() if len(emoji) == 1}
    return frozenset(names), str.maketrans(names)
