"""Features of a sentence toward a target in it: what stands where, in which clause, done by whom to whom.

The target itself is masked: which person it is never counts, only what is written around it. A feature is a 32-bit
number made of hashes (CRC-32) of words, places and groups, the same in every process. A class of features is computed
for all sentences of a batch at once, from the columns of `analysis.scene.Scenes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from analysis.connotation import code, word
from analysis.hashed import Found, Hashes, hashes, mix, pair
from analysis.scene import Scenes, Span, see
from analysis.vocabulary import NOTHING, Ints, Lists

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
#: Classes of distance from the target, by distance; the last holds for all beyond.
_DISTANCES = np.repeat(np.arange(7), [1, 1, 1, 2, 4, 8, 1])
_ONE, _TWO, _THREE, _FOUR, _FIVE = (
    np.uint32(odd) for odd in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x85EBCA6B)
)


def _codes(*names: str) -> Hashes:
    return np.array([code(name) for name in names], np.uint32)


_QUOTES = _codes("none", "quotes", "quoted")
_SPEAKS, _OWNS = _codes("speaks False", "speaks True"), _codes("owns False", "owns True")
_SIZES, _PLACES = _codes(*(f"size {size}" for size in range(6))), _codes(*(f"place {place}" for place in range(5)))
_QUOTES_SPEAKS = np.stack([_codes(f"{quote} False", f"{quote} True") for quote in ("none", "quotes", "quoted")])


def features(sentences: Sequence[str], spans: Sequence[Span]) -> Lists:
    """The features of sentences toward a target in each.

    Parameters
    ----------
    sentences : sequence of str
    spans : sequence of (start, end) of the target, aligned

    Returns
    -------
    Lists of the features of each target, numbers below 2**32 in ascending order, each once; a list does not depend on
    the other sentences
    """
    scenes = see(sentences, spans)
    found = Found()
    _sequences(scenes, found)
    _stems(scenes, found)
    _neighbours(scenes, found)
    warmth = _groups(scenes, found)
    _roles(scenes, found)
    _form(scenes, [sentence[start:end] for sentence, (start, end) in zip(sentences, spans, strict=True)], warmth, found)
    return found.sets(len(sentences))


def _sequences(scenes: Scenes, found: Found) -> None:
    """One, two and three running words."""
    forms = scenes.known("form")
    before = np.roll(forms, 1) * (scenes.places > 0)
    two = before * _ONE + forms * _TWO
    found.add(scenes.rows, forms * _FIVE, two ^ (two >> np.uint32(15)))
    third = np.flatnonzero(scenes.places >= 2)
    three = two[third] * _THREE + forms[third - 2] * _FOUR
    found.add(scenes.rows[third], three ^ (three >> np.uint32(13)))


def _stems(scenes: Scenes, found: Found) -> None:
    """Stems by side, by clause, near the target, and whether negated."""
    side, clause, near, start = (_codes(f"{name} l", f"{name} r") for name in ("side", "clause", "near", "pair"))
    sign = _codes("stem", "not")
    others = np.flatnonzero(scenes.steps)
    rows, steps, stems = scenes.rows[others], scenes.steps[others], scenes.known("root")
    roots, after = stems[others] * _ONE, (steps > 0).astype(np.intp)
    found.add(rows, roots + side[after], roots + sign[scenes.negated[others].astype(np.intp)])
    inside = np.flatnonzero(scenes.clause[others])
    found.add(rows[inside], roots[inside] + clause[after[inside]])
    close = np.flatnonzero(np.abs(steps) <= 6)
    found.add(rows[close], roots[close] + near[after[close]])
    # A pair is two words that stand together: none ends with the target or beyond the sentence.
    pairs = close[(steps[close] != -1) & (others[close] + 1 < scenes.end[rows[close]])]
    here = others[pairs]
    found.add(rows[pairs], pair(stems[here] + start[after[pairs]], stems[here + 1]))


def _neighbours(scenes: Scenes, found: Found) -> None:
    """Stems at their distance from the target, and runs that hold it."""
    steps = range(-4, 5)
    there = scenes.around(*steps) != NOTHING
    roots = dict(zip(steps, scenes.near("root", *steps), strict=True))
    inside = dict(zip(steps, there, strict=True))
    every = np.arange(len(scenes.at))
    for step in steps:
        found.add(every[inside[step]], pair(step + 4, roots[step])[inside[step]])

    def longer(run: Hashes, step: int) -> Hashes:
        return np.where(inside[step], pair(run, roots[step]), run)

    for left in (2, 1):
        run = mix(left)
        for step in range(-left, 1):
            run = longer(run, step)
        found.add(every, run)
        for step in (1, 2):
            found.add(every, run := longer(run, step))
    run = hashes(code("run"))
    for step in (1, 2, 3, 4):
        run = longer(run, step)
        found.add(every[inside[step]], run[inside[step]])
    run = mix(3)
    for step in (-3, -2, -1):
        run = longer(run, step)
    found.add(every, run)


def _groups(scenes: Scenes, found: Found) -> Ints:
    """Groups of words by side, distance, clause and quotation; returns the sentences' warmth, from -3 to 3."""
    some = np.flatnonzero(scenes.table.groups.sizes(scenes.words))
    own, quoted = scenes.quoted[scenes.at[scenes.rows[some]]], scenes.quoted[some]
    quote = np.where(own > 0, np.where(quoted == own, 1, 2), np.where(quoted > 0, 3, 4))
    step = np.abs(scenes.steps[some])
    whose, groups = scenes.table.groups.of(scenes.words[some])
    side = (scenes.steps[some] > 0).astype(np.uint32)
    clause = hashes(side + 2 * scenes.clause[some])
    distance = _DISTANCES[np.minimum(step, len(_DISTANCES) - 1)]
    negated, side, clause, quote, distance = (
        hashes(values)[whose] for values in (scenes.negated[some], side, clause, quote, distance)
    )
    signed = pair(groups, negated)
    found.add(
        scenes.rows[some][whose],
        *(pair(signed, 1), mix(signed, 2, side), mix(groups, 3, side, distance), mix(signed, 4, clause)),
        *(mix(groups, 5, quote), mix(groups, 6, side, quote), mix(signed, 7, clause, quote)),
    )
    _nearest(scenes, found)
    tones = np.where(scenes.negated[some], -0.6, 1.0) * scenes.table.words["tone"][scenes.words[some]]
    totals = np.bincount(scenes.rows[some], tones, minlength=len(scenes.at))
    return np.clip(np.floor(totals + 0.5), -3, 3).astype(np.intp)


def _nearest(scenes: Scenes, found: Found) -> None:
    """The nearest words with a tone before and after the target."""
    loaded = scenes.known("loaded")
    there = np.flatnonzero(loaded)
    values = mix(loaded[there], scenes.negated[there], np.minimum(np.abs(scenes.steps[there]), 9) // 3)
    place = np.searchsorted(there, scenes.at)
    # The target itself has no tone, so these are before and after it, if they are in the sentence.
    ends, values = np.concatenate([[-1], there, [len(loaded)]]), np.pad(values, 1)
    before = np.where(ends[place] >= scenes.first, values[place], 0)
    after = np.where(ends[place + 1] < scenes.end, values[place + 1], 0)
    every = np.arange(len(scenes.at))
    found.add(every, mix(code("before"), before), mix(code("after"), after), mix(code("around"), before, after))


def _roles(scenes: Scenes, found: Found) -> None:
    """The deed whose subject the target may be, the deed done to it, and the two together."""
    roots = scenes.table.words["root"]
    whose, there = scenes.deeds_after
    manner = mix(code("does"), scenes.passive(there), scenes.negated[there])
    found.add(whose, mix(manner, roots[scenes.words[there]]))
    place, groups = scenes.table.deeds.of(scenes.words[there])
    does = _lists(whose[place], mix(manner[place], groups), len(scenes.at), code("does nothing"))

    whose, there = scenes.deeds_before
    links = scenes.near("link", *range(-1, -7, -1))[:, whose]
    links[np.arange(1, 7)[:, None] >= scenes.at[whose] - there] = 0
    link = links[(links != 0).argmax(axis=0), np.arange(len(whose))]
    voice = mix(code("done"), scenes.passive(there))
    manner = mix(voice, scenes.negated[there], (links == code("by")).any(axis=0))
    place, groups = scenes.table.deeds.of(scenes.words[there])
    done = _lists(whose[place], mix(manner[place], groups), len(scenes.at), code("nothing done"))
    found.add(whose, mix(manner, roots[scenes.words[there]]), mix(voice, roots[scenes.words[there]], link))
    found.add(whose[place], mix(voice[place], scenes.negated[there][place], groups, link[place]))

    found.add(done.owners(), done.values)
    found.add(does.owners(), does.values)
    place, others = done.of(does.owners())
    found.add(does.owners()[place], mix(does.values[place], others))


def _lists(rows: Ints, values: Hashes, count: int, otherwise: int) -> Lists:
    """The values of each of `count` rows, given in the order of rows; `otherwise` for a row that has none."""
    sizes = np.bincount(rows, minlength=count)
    lists = np.full(np.maximum(sizes, 1).sum(), otherwise, np.uint32)
    lists[np.repeat(sizes, np.maximum(sizes, 1)) > 0] = values
    return Lists(lists, np.concatenate([[0], np.cumsum(np.maximum(sizes, 1))]))


def _form(scenes: Scenes, targets: Sequence[str], warmth: Ints, found: Found) -> None:
    """What kind of mention it is, what touches it, whether it speaks, crossed with the sentence's warmth."""
    every, sizes = np.arange(len(scenes.at)), scenes.end - scenes.first
    mentions = [_mention(target) for target in targets]
    speaks = scenes.near("says", -1, 1, 2).any(axis=0).astype(np.intp)
    owns = (np.array([mention.owns for mention in mentions]) | scenes.near("owner", 1)[0]).astype(np.intp)
    quoted = scenes.quoted > 0
    quote = np.where(quoted[scenes.at], 2, np.bincount(scenes.rows, quoted, len(every)) > 0)
    for kind in (
        hashes([mention.kind for mention in mentions]),
        _QUOTES[quote],
        _SPEAKS[speaks],
        _OWNS[owns],
        _SIZES[np.minimum(sizes // 10, 5)],
        _PLACES[5 * (scenes.at - scenes.first) // sizes],
        _QUOTES_SPEAKS[quote, speaks],
    ):
        found.add(every, kind, mix(kind, warmth + 3))
    _beside(scenes, found)
    names = np.bincount(scenes.rows, scenes.known("upper") & (scenes.places > 0), len(every))
    found.add(every, mix(35, np.minimum(names, 8)), mix(36, np.minimum(sizes // 6, 9)))
    said = np.flatnonzero(quoted & (speaks > 0)[scenes.rows])
    place, groups = scenes.table.groups.of(scenes.words[said])
    found.add(scenes.rows[said][place], mix(37, groups))
    own = np.repeat(every, [len(mention.features) for mention in mentions])
    found.add(own, hashes([feature for mention in mentions for feature in mention.features]))


def _beside(scenes: Scenes, found: Found) -> None:
    """The forms that touch the target."""
    forms = np.where(scenes.around(-2, -1, 1) == NOTHING, [[1], [1], [2]], scenes.near("form", -2, -1, 1))
    earlier, before, after = forms
    every = np.arange(len(scenes.at))
    found.add(every, mix(31, before), mix(32, after), mix(33, before, after), mix(34, before, earlier))


class _Mention(NamedTuple):
    """What is told by the target's own words."""

    kind: int
    owns: bool
    features: tuple[int, ...]


@lru_cache(maxsize=10_000)
def _mention(target: str) -> _Mention:
    # A name may look like a word (Grace, Hope): of what is written with a capital letter only titles count.
    known = [word(part) for part in target.split() if part[0].islower() or code("office") in word(part).groups]
    found = [feature for one in known for feature in (*(mix(38, group)[0] for group in one.groups), mix(39, one.root)[0])]
    return _Mention(code(_kind(target)), target.endswith(("'s", "’s", "s'", "s’")), tuple(map(int, found)))


def _kind(target: str) -> str:
    plain = _PRONOUNS.get(target.lower())
    return plain or ("common" if not target[0].isupper() else "names" if len(target.split()) > 1 else "name")
