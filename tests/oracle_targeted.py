"""The features of `analysis.scoring.targeted` one target and one word at a time: slow, plain, and written before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from math import floor
from typing import NamedTuple

from analysis.scoring.connotation import Word, code, word

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


_PREPOSITIONS = frozenset(
    ("by", "to", "for", "with", "against", "of", "on", "from", "about", "at", "as", "in", "over")
) | {"that"}
_PRONOUNS = {
    **dict.fromkeys(("he", "she"), "he"),
    **dict.fromkeys(("him", "her", "himself", "herself"), "him"),
    **dict.fromkeys(("they", "them"), "they"),
    **dict.fromkeys(("his", "their", "its"), "his"),
    **dict.fromkeys(("we", "us", "our"), "we"),
    **dict.fromkeys(("i", "me", "my"), "i"),
    **dict.fromkeys(("you", "your"), "you"),
    **dict.fromkeys(("it", "who"), "it"),
}


def features(sentence: str, span: Span) -> set[int]:
    """The features of a sentence toward a target.

    Parameters
    ----------
    sentence : str
    span : (start, end) of the target

    Returns
    -------
    set of int below 2**32
    """
    scene = see(sentence, span)
    found: set[int] = set()
    _sequences(scene, found)
    _stems(scene, found)
    _neighbours(scene, found)
    warmth = _groups(scene, found)
    _roles(scene, found)
    _form(scene, sentence[span[0] : span[1]], warmth, found)
    return found


def _pair(one: int, two: int) -> int:
    mixed = (one * 0x9E3779B1 + two * 0x85EBCA77) & 0xFFFFFFFF
    return mixed ^ (mixed >> 15)


def _mix(*parts: int) -> int:
    mixed = 0x7F4A7C15
    for part in parts:
        mixed = (mixed * 0x9E3779B1 + part * 0x85EBCA77) & 0xFFFFFFFF
        mixed ^= mixed >> 15
    return mixed


def _sequences(scene: Scene, found: set[int]) -> None:
    """One, two and three running words."""
    before = earlier = 0
    for known in scene.words:
        form = known.form
        one = form * 0x85EBCA6B & 0xFFFFFFFF
        two = (before * 0x9E3779B1 + form * 0x85EBCA77) & 0xFFFFFFFF
        found.update((one, two ^ (two >> 15)))
        if earlier:
            three = (two * 0xC2B2AE3D + earlier * 0x27D4EB2F) & 0xFFFFFFFF
            found.add(three ^ (three >> 13))
        earlier, before = before, form


def _stems(scene: Scene, found: set[int]) -> None:
    """Stems by side, by clause, near the target, and whether negated."""
    sides = [[code(f"{name} {side}") for name in ("side", "clause", "near", "pair")] for side in "lr"]
    plain, negated = code("stem"), code("not")
    words, at = scene.words, scene.at
    for place, known in enumerate(words):
        if place == at:
            continue
        side, clause, near, pair = sides[place > at]
        root = known.root * 0x9E3779B1
        found.add((root + side) & 0xFFFFFFFF)
        found.add((root + (negated if scene.negated[place] else plain)) & 0xFFFFFFFF)
        if scene.first <= place < scene.last:
            found.add((root + clause) & 0xFFFFFFFF)
        if abs(place - at) <= 6:
            found.add((root + near) & 0xFFFFFFFF)
            if place + 1 < len(words) and place + 1 != at:
                found.add(_pair(known.root + pair, words[place + 1].root))


def _neighbours(scene: Scene, found: set[int]) -> None:
    """Stems at their distance from the target, and runs that hold it."""
    at, roots = scene.at, [known.root for known in scene.words]
    for place in range(max(0, at - 4), min(len(roots), at + 5)):
        found.add(_pair(place - at + 4, roots[place]))
    for left in (2, 1):
        run = _mix(left, *roots[max(0, at - left) : at + 1])
        found.add(run)
        for root in roots[at + 1 : at + 3]:
            run = _pair(run, root)
            found.add(run)
    run = code("run")
    for root in roots[at + 1 : at + 5]:
        run = _pair(run, root)
        found.add(run)
    found.add(_mix(3, *roots[max(0, at - 3) : at]))


def _distance(steps: int) -> int:
    return steps if steps <= 2 else 3 if steps <= 4 else 4 if steps <= 8 else 5 if steps <= 16 else 6


def _groups(scene: Scene, found: set[int]) -> int:
    """Groups of words by side, distance, clause and quotation; returns the sentence's warmth, from -3 to 3."""
    at, own, total = scene.at, scene.quoted[scene.at], 0.0
    nearest = [0, 0]
    for place, known in enumerate(scene.words):
        if not known.groups:
            continue
        side, negated = int(place > at), int(scene.negated[place])
        clause = 2 + side if scene.first <= place < scene.last else side
        quote = (1 if scene.quoted[place] == own else 2) if own else 3 if scene.quoted[place] else 4
        total += (-0.6 if negated else 1.0) * (known.warmth + known.tone / 2)
        step = _distance(abs(place - at))
        for group in known.groups:
            found.update(_placed(group, negated, side, step, clause, quote))
        if known.loaded and not (side and nearest[1]):
            nearest[side] = _mix(known.loaded, negated, min(abs(place - at), 9) // 3)
    found.update((_mix(code("before"), nearest[0]), _mix(code("after"), nearest[1]), _mix(code("around"), *nearest)))
    return max(-3, min(3, floor(total + 0.5)))


@lru_cache(maxsize=100_000)
def _placed(group: int, negated: int, side: int, step: int, clause: int, quote: int) -> tuple[int, ...]:
    """A group at a place, as coarse and as fine as it can be said."""
    signed = _pair(group, negated)
    places = (_pair(signed, 1), _mix(signed, 2, side), _mix(group, 3, side, step), _mix(signed, 4, clause))
    return (*places, _mix(group, 5, quote), _mix(group, 6, side, quote), _mix(signed, 7, clause, quote))


def _roles(scene: Scene, found: set[int]) -> None:
    """The deed whose subject the target may be, the deed done to it, and the two together."""
    does, done = [code("does nothing")], [code("nothing done")]
    if (place := deed_after(scene)) is not None:
        deed = scene.words[place]
        manner = _mix(code("does"), passive(scene, place), scene.negated[place])
        does = [_mix(manner, group) for group in deed.deeds]
        found.add(_mix(manner, deed.root))
    if (place := deed_before(scene)) is not None:
        deed = scene.words[place]
        between = [known.low for known in scene.words[place + 1 : scene.at]]
        link = code(next((low for low in reversed(between) if low in _PREPOSITIONS), ""))
        voice = _mix(code("done"), passive(scene, place))
        manner = _mix(voice, scene.negated[place], "by" in between)
        done = [_mix(manner, group) for group in deed.deeds]
        found.update((_mix(manner, deed.root), _mix(voice, deed.root, link)))
        found.update(_mix(voice, scene.negated[place], group, link) for group in deed.deeds)
    found.update((*does, *done))
    found.update(_mix(one, two) for one in does for two in done)


def _form(scene: Scene, target: str, warmth: int, found: set[int]) -> None:
    """What kind of mention it is, what touches it, whether it speaks, crossed with the sentence's warmth."""
    words, at = scene.words, scene.at
    before = words[at - 1].form if at else 1
    after = words[at + 1].form if at + 1 < len(words) else 2
    speaks = any(known.says for known in (*words[max(0, at - 1) : at], *words[at + 1 : at + 3]))
    owns = target.endswith(("'s", "’s", "s'", "s’")) or (at + 1 < len(words) and words[at + 1].low in ("'s", "'", "’"))
    quote = "quoted" if scene.quoted[at] else "quotes" if any(scene.quoted) else "none"
    size = len(words)
    kinds = [_kind(target), quote, f"speaks {speaks}", f"owns {owns}", f"size {min(size // 10, 5)}"]
    kinds += [f"place {min(4, 5 * at // size)}", f"{quote} {speaks}"]
    found.update(map(code, kinds))
    found.update(_mix(code(kind), warmth + 3) for kind in kinds)
    found.update((_mix(31, before), _mix(32, after), _mix(33, before, after)))
    found.add(_mix(34, before, words[at - 2].form if at > 1 else 1))
    names = sum(form[:1].isupper() for form in scene.forms[1:])
    found.update((_mix(35, min(names, 8)), _mix(36, min(size // 6, 9))))
    if speaks:
        said = (known.groups for known, inside in zip(words, scene.quoted, strict=True) if inside)
        found.update(_mix(37, group) for groups in said for group in groups)
    # A name may look like a word (Grace, Hope): of what is written with a capital letter only titles count.
    for known in (word(part) for part in target.split() if part[0].islower() or code("office") in word(part).groups):
        found.update(_mix(38, group) for group in known.groups)
        found.add(_mix(39, known.root))


def _kind(target: str) -> str:
    plain = _PRONOUNS.get(target.lower())
    return plain or ("common" if not target[0].isupper() else "names" if len(target.split()) > 1 else "name")
