"""VADER's compound score of a sentence, equal to the package vaderSentiment's and several times as fast.

The package applies its rules to every word of a sentence. Here what the rules ask of a word is looked up once per
distinct word, and the rules are applied to words of the lexicon only, since every other word counts 0.
"""

from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from heapq import heappop, heappush
from importlib.resources import files

from vaderSentiment.vaderSentiment import BOOSTER_DICT, C_INCR, N_SCALAR, NEGATE, SPECIAL_CASES, normalize

#: Share of a booster's effect that is left, by its distance from the word.
_FADING = (1.0, 0.95, 0.9)
_SO = frozenset({"so", "this"})
_PHRASES = [phrase for phrase in (*SPECIAL_CASES, *BOOSTER_DICT) if " " in phrase]
#: The longest word of each phrase: phrases are looked up only near one of these.
_CUES = frozenset(max(phrase.split(), key=len) for phrase in _PHRASES)
_ACTING = frozenset({*BOOSTER_DICT, *_SO, *_CUES, "no", "least"})
#: Every word that a rule names.
_NAMED = _ACTING.union(*map(str.split, _PHRASES), ("at", "but", "doubt", "nor", "or", "very"))


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as the rules see it.

    Attributes
    ----------
    lower : str, in small letters; empty for a word that no rule names
    upper : bool, whether it is all in capitals
    rating : float, the lexicon's; None where the lexicon does not have the word
    scored : bool, whether it has a score of its own: it is in the lexicon and no booster
    boost : float
    negates : bool
    acts : bool, whether it may change the score of a word near it
    """

    lower: str = ""
    upper: bool = False
    rating: float | None = None
    scored: bool = False
    boost: float = 0.0
    negates: bool = False
    acts: bool = False


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
    rating, negates = _lexicon().get(lower), "n't" in lower or lower in NEGATE
    if rating is None and not negates and lower not in _NAMED:
        return _OTHERS[upper]
    scored = rating is not None and lower not in BOOSTER_DICT
    boost = float(BOOSTER_DICT.get(lower, 0.0))
    return _Word(lower, upper, rating, scored, boost, negates, acts=negates or lower in _ACTING)


def compound(sentence: str) -> float:
    """VADER's compound score of a sentence.

    Parameters
    ----------
    sentence : str, with plain apostrophes and quotation marks: VADER knows isn't and takes isn’t for another word

    Returns
    -------
    float in [-1, 1], rounded to 4 places; 0 where no word is in the lexicon

    References
    ----------
    Hutto & Gilbert (2014), ICWSM 8(1); vaderSentiment 3.3.2, SentimentIntensityAnalyzer.polarity_scores
    """
    if not sentence.isascii() and not _emojis().isdisjoint(sentence):
        sentence = sentence.translate(_emoji_names())
    words = list(map(_word, sentence.split()))
    places = [place for place, word in enumerate(words) if word.scored]
    if not places:
        return 0.0
    mixed_case = not all(word.upper for word in words)
    padded = (*_BEFORE, *words, *_AFTER)
    scores = [_score(*padded[place : place + 6], mixed_case=mixed_case) for place in places]
    but = next((place for place, word in enumerate(words) if word.lower == "but"), None)
    if but is not None:
        _weigh_contrast(scores, places, but)
    total, emphasis = float(sum(scores)), _emphasis(sentence)
    total += emphasis if total > 0 else -emphasis if total < 0 else 0.0
    return round(float(normalize(total)), 4)


def _score(
    third: _Word, second: _Word, first: _Word, word: _Word, following: _Word, last: _Word, *, mixed_case: bool
) -> float:
    """Score of a word of the lexicon among the three words before it, third to first, and the two after it."""
    rating = score = word.rating or 0.0
    acting = first.acts or second.acts or third.acts or word.acts or following.acts or last.acts
    if acting:
        if word.lower == "kind" and following.lower == "of":
            return 0.0
        if word.lower == "no" and following.rating is not None:
            score = 0.0
        if "no" in (first.lower, second.lower) or (third.lower == "no" and first.lower in ("or", "nor")):
            score = rating * N_SCALAR
    if mixed_case and word.upper:
        score += C_INCR if score > 0 else -C_INCR
    if not acting:
        return score
    for distance, earlier in enumerate((first, second, third)):
        if earlier.rating is None:
            if earlier.boost:
                score += _boost(earlier, score, mixed_case) * _FADING[distance]
            score *= _negation(distance, first, second, third)
    if third.rating is None:
        score = _phrases(score, [each.lower for each in (third, second, first, word, following, last)])
    if first.lower == "least" and first.rating is None and second.lower not in ("at", "very"):
        score *= N_SCALAR
    return score


def _boost(booster: _Word, score: float, mixed_case: bool) -> float:
    boost = -booster.boost if score < 0 else booster.boost
    if mixed_case and booster.upper:
        boost += C_INCR if score > 0 else -C_INCR
    return boost


def _negation(distance: int, first: _Word, second: _Word, third: _Word) -> float:
    """Factor of a negation so many words away; 0 is the word before."""
    if distance == 1:
        if second.lower == "never" and first.lower in _SO:
            return 1.25
        if second.lower == "without" and first.lower == "doubt":
            return 1.0
    if distance == 2:
        # A quirk: "so" and "this" before the word count without any "never" before them.
        if (third.lower == "never" and second.lower in _SO) or first.lower in _SO:
            return 1.25
        if third.lower == "without" and "doubt" in (second.lower, first.lower):
            return 1.0
    return float(N_SCALAR) if (first, second, third)[distance].negates else 1.0


def _phrases(score: float, lowers: Sequence[str]) -> float:
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


def _weigh_contrast(scores: list[float], places: Sequence[int], but: int) -> None:
    """Halve the scores before the first "but" and raise those after it, in place."""
    # A quirk: of equal scores the first in the sentence is changed, even if it was changed before. The heaps hold
    # where each score is, the first on top: VADER's own search takes time with the square of the words.
    positions: dict[float, list[int]] = defaultdict(list)
    for position, score in enumerate(scores):
        positions[score].append(position)
    for number in range(len(scores)):
        position = heappop(positions[scores[number]])
        scores[position] *= 0.5 if places[position] < but else 1.5
        heappush(positions[scores[position]], position)


def _emphasis(text: str) -> float:
    questions = text.count("?")
    return min(text.count("!"), 4) * 0.292 + (0.0 if questions < 2 else questions * 0.18 if questions < 4 else 0.96)


def rating(lower: str) -> float:
    """Rating of a word in small letters in VADER's lexicon, in [-4, 4]; 0 for a word that is not in it."""
    return _lexicon().get(lower, 0.0)


@cache
def _lexicon() -> dict[str, float]:
    return {word: float(rating) for word, rating in _read_pairs("vader_lexicon.txt")}


@cache
def _emoji_names() -> dict[int, str]:
    # The package looks at one character at a time, so it never finds its emojis of several. It puts a space before a
    # name only where there is none; another space changes no word.
    pairs = _read_pairs("emoji_utf8_lexicon.txt")
    return str.maketrans({emoji: f" {name}" for emoji, name in pairs if len(emoji) == 1})


@cache
def _emojis() -> frozenset[str]:
    # A set of characters is compared with a text six times as fast as the keys of a dictionary.
    return frozenset(map(chr, _emoji_names()))


def _read_pairs(name: str) -> list[list[str]]:
    lines = files("vaderSentiment").joinpath(name).read_text(encoding="utf-8").split("\n")
    return [line.strip().split("\t")[:2] for line in lines if line]
