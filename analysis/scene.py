"""A sentence seen from a target in it: tokens, the target's clause, what is negated, quoted, done by whom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from analysis.connotation import Word, word

Span = tuple[int, int]

_TOKEN = re.compile(r"\w+(?:['’.\-]\w+)*|\n|\S")
_STOPS = frozenset(';:—–()“”"\n.!?…')
_TARGET = word("Targetmask")._replace(groups=(), loaded=0, warmth=0, tone=0.0)
#: How far a negation reaches, in words.
_REACH = 4
#: How far the deed of a target is looked for after it, and the deed done to it before it, in words.
_AFTER, _BEFORE = 8, 7


class Scene(NamedTuple):
    """A sentence in tokens with the target as one of them; flags per token, aligned."""

    words: list[Word]
    forms: list[str]
    at: int
    first: int
    last: int
    negated: list[bool]
    quoted: list[int]


def see(sentence: str, span: Span) -> Scene:
    """A sentence from its target at `span`; the target becomes one token without a form."""
    left = _TOKEN.findall(sentence, 0, span[0])
    forms = [*left, "", *_TOKEN.findall(sentence, span[1])]
    at = len(left)
    words = [word(form) if form else _TARGET for form in forms]
    first, last = at, at + 1
    while first > 0 and not words[first - 1].edge:
        first -= 1
    while last < len(words) and not words[last].edge:
        last += 1
    return Scene(words, forms, at, first, last, _negated(words, forms), _quoted(forms))


def _negated(words: Sequence[Word], forms: Sequence[str]) -> list[bool]:
    flags = [False] * len(words)
    for place, known in enumerate(words):
        if known.negator:
            for after in range(place + 1, min(len(words), place + 1 + _REACH)):
                if forms[after] in _STOPS:
                    break
                flags[after] = True
    return flags


def _quoted(forms: Sequence[str]) -> list[int]:
    """Per token the number of its quotation, 0 outside; a mark that closes without an opening closes from the start."""
    inside, current, count = [0] * len(forms), 0, 0
    for at, form in enumerate(forms):
        if form == "“" or (form == '"' and not current):
            count += 1
            current = count
        elif form == "”" or form == '"':
            if not count:
                count, inside[:at] = 1, [1] * at
            current = 0
        else:
            inside[at] = current
    return inside


def deed_after(scene: Scene) -> int | None:
    """Where the first deed after the target is, what its subject would do; None where there is none near."""
    for place in range(scene.at + 1, min(len(scene.words), scene.at + 1 + _AFTER)):
        if scene.forms[place] in _STOPS or (scene.words[place].low in ("and", "but", "who") and place > scene.at + 1):
            return None
        if scene.words[place].deeds:
            return place
    return None


def deed_before(scene: Scene) -> int | None:
    """Where the last deed before the target is, what could be done to it; None where there is none near."""
    for place in range(scene.at - 1, max(-1, scene.at - 1 - _BEFORE), -1):
        if scene.forms[place] in _STOPS:
            return None
        if scene.words[place].deeds:
            return place
    return None


def passive(scene: Scene, place: int) -> bool:
    """Whether a deed is a participle after a form of be or get."""
    before = scene.words[max(0, place - 3) : place]
    return scene.words[place].participle and any(known.auxiliary for known in before)
