"""Features of a sentence toward a target in it: what stands where, in which clause, done by whom to whom.

The target itself is masked: which person it is never counts, only what is written around it. A feature is a 32-bit
number made of hashes (CRC-32) of words, places and groups, the same in every process. A class of features is computed
for all sentences of a batch at once, from the columns of `analysis.scoring.scene.Scenes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import numpy as np

from analysis.scoring.connotation import code, word
from analysis.scoring.hashed import Found, Hashes, mix, pair
from analysis.scoring.scene import BEFORE, Flags, Scenes, Span, see
from analysis.scoring.vocabulary import NOTHING
from analysis.text.arrays import Ints, Lists

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
#: Odd numbers that mix the bits of running words.
_ODD = np.array([0x9E3779B1, 0x85EBCA77, 0x85EBCA6B, 0xC2B2AE3D, 0x27D4EB2F], np.uint32)
#: Classes of distance from the target, by distance; the last holds for all beyond.
_DISTANCES = np.repeat(np.arange(7, dtype=np.uint32), [1, 1, 1, 2, 4, 8, 1])


def _codes(*names: str) -> Hashes:
    return np.array([code(name) for name in names], np.uint32)


_SIDE, _CLAUSE, _NEAR, _PAIR = (_codes(f"{name} l", f"{name} r") for name in ("side", "clause", "near", "pair"))
_SIGN = _codes("stem", "not")
_SPEAKS, _OWNS = _codes("speaks False", "speaks True"), _codes("owns False", "owns True")
_SIZES, _PLACES = _codes(*(f"size {size}" for size in range(6))), _codes(*(f"place {place}" for place in range(5)))
_QUOTES = _codes("none", "quotes", "quoted")
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
    targets = [sentence[start:end] for sentence, (start, end) in zip(sentences, spans, strict=True)]
    found = Found()
    _sequences(scenes, found)
    _stems(scenes, found)
    _neighbours(scenes, found)
    warmth = _groups(scenes, found)
    _roles(scenes, found)
    _form(scenes, targets, warmth, found)
    _beside(scenes, found)
    _mentioned(scenes, targets, found)
    return found.sets(len(targets))


def _sequences(scenes: Scenes, found: Found) -> None:
    """One, two and three running words."""
    forms = scenes.known("form")
    before = np.roll(forms, 1)
    before[scenes.first] = 0
    two = before * _ODD[0] + forms * _ODD[1]
    found.add(scenes.rows, forms * _ODD[2], two ^ (two >> 15))
    third = np.flatnonzero(scenes.places >= 2)
    three = two[third] * _ODD[3] + forms[third - 2] * _ODD[4]
    found.add(scenes.rows[third], three ^ (three >> 13))


def _stems(scenes: Scenes, found: Found) -> None:
    """Stems by side, by clause, near the target, and whether negated."""
    others = np.flatnonzero(scenes.steps)
    rows, steps, stems = scenes.rows[others], scenes.steps[others], scenes.known("root")
    roots, side = stems[others] * _ODD[0], (steps > 0).astype(np.intp)
    found.add(rows, roots + _SIDE[side], roots + _SIGN[scenes.negated[others].astype(np.intp)])
    inside = np.flatnonzero(scenes.clause[others])
    found.add(rows[inside], roots[inside] + _CLAUSE[side[inside]])
    near = np.flatnonzero(np.abs(steps) <= 6)
    found.add(rows[near], roots[near] + _NEAR[side[near]])
    # A pair is two words that stand together: none ends with the target or beyond the sentence.
    near = near[(steps[near] != -1) & (others[near] + 1 < scenes.end[rows[near]])]
    here = others[near]
    found.add(rows[near], pair(stems[here] + _PAIR[side[near]], stems[here + 1]))


def _neighbours(scenes: Scenes, found: Found) -> None:
    """Stems at their distance from the target, and runs that hold it."""
    steps = range(-4, 5)
    near, there, every = scenes.near("root", *steps), scenes.around(*steps) != NOTHING, scenes.every
    found.add(np.nonzero(there)[1], pair(np.arange(len(steps))[:, None], near)[there])
    roots, inside = dict(zip(steps, near, strict=True)), dict(zip(steps, there, strict=True))

    def longer(run: Hashes, *steps: int) -> Hashes:
        for step in steps:
            run = np.where(inside[step], pair(run, roots[step]), run)
        return run

    for run in (longer(_same(mix(2), every), -2, -1, 0), longer(_same(mix(1), every), -1, 0)):
        found.add(every, run, longer(run, 1), longer(run, 1, 2))
    run = _same(code("run"), every)
    for step in (1, 2, 3, 4):
        run = longer(run, step)
        found.add(every[inside[step]], run[inside[step]])
    found.add(every, longer(_same(mix(3), every), -3, -2, -1))


def _same(hashed: int, rows: Ints) -> Hashes:
    return np.full(len(rows), hashed, np.uint32)


def _groups(scenes: Scenes, found: Found) -> Ints:
    """Groups of words by side, distance, clause and quotation; returns the sentences' warmth, from -3 to 3."""
    has = np.flatnonzero(scenes.table.groups.sizes(scenes.words))
    rows, words, steps, negated = scenes.rows[has], scenes.words[has], scenes.steps[has], scenes.negated[has]
    of, groups = scenes.table.groups.of(words)
    side = (steps > 0)[of]
    clause = side + 2 * scenes.clause[has][of]
    distance = _DISTANCES[np.minimum(np.abs(steps), len(_DISTANCES) - 1)][of]
    quote = _quotation(scenes.quoted[has], scenes.quoted[scenes.at][rows])[of]
    signed = pair(groups, negated[of])
    # Each group at its place as coarse and as fine as it can be said.
    found.add(
        rows[of],
        *(pair(signed, 1), mix(signed, 2, side), mix(groups, 3, side, distance), mix(signed, 4, clause)),
        *(mix(groups, 5, quote), mix(groups, 6, side, quote), mix(signed, 7, clause, quote)),
    )
    _nearest(scenes, found)
    tones = np.where(negated, -0.6, 1.0) * scenes.table.words["tone"][words]
    totals = np.bincount(rows, tones, minlength=len(scenes.at))
    return np.asarray(np.clip(np.floor(totals + 0.5), -3, 3), dtype=np.intp)


def _quotation(quoted: Ints, own: Ints) -> Ints:
    """In the target's quotation 1, out of it 2; where the target is in none, in a quotation 3, in none 4."""
    return np.where(own > 0, np.where(quoted == own, 1, 2), np.where(quoted > 0, 3, 4))


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
    found.add(scenes.every, mix(code("before"), before), mix(code("after"), after))
    found.add(scenes.every, mix(code("around"), before, after))


def _roles(scenes: Scenes, found: Found) -> None:
    """The deed whose subject the target may be, the deed done to it, and the two together."""
    table, rows, there = scenes.table, *scenes.deeds_after
    root = table.words["root"][scenes.words[there]]
    manner = mix(code("does"), scenes.passive(there), scenes.negated[there])
    found.add(rows, mix(manner, root))
    of, groups = table.deeds.of(scenes.words[there])
    does = _lists(rows[of], mix(manner[of], groups), len(scenes.at), code("does nothing"))

    rows, there = scenes.deeds_before
    root, negated = table.words["root"][scenes.words[there]], scenes.negated[there]
    link, by = _links(scenes, rows, there)
    voice = mix(code("done"), scenes.passive(there))
    manner = mix(voice, negated, by)
    found.add(rows, mix(manner, root), mix(voice, root, link))
    of, groups = table.deeds.of(scenes.words[there])
    found.add(rows[of], mix(voice[of], negated[of], groups, link[of]))
    done = _lists(rows[of], mix(manner[of], groups), len(scenes.at), code("nothing done"))

    owners = does.owners()
    of, others = done.of(owners)
    found.add(owners, does.values)
    found.add(done.owners(), done.values)
    found.add(owners[of], mix(does.values[of], others))


def _links(scenes: Scenes, rows: Ints, deeds: Ints) -> tuple[Hashes, Flags]:
    """Between the deeds done to some targets and the targets, the last preposition, and whether there is a by."""
    links = scenes.near("link", *range(-1, -BEFORE, -1))[:, rows]
    links[np.arange(1, BEFORE)[:, None] >= scenes.at[rows] - deeds] = 0
    return links[(links != 0).argmax(axis=0), np.arange(len(rows))], (links == code("by")).any(axis=0)


def _lists(rows: Ints, values: Hashes, targets: int, otherwise: int) -> Lists:
    """The values of each target, given in the order of `rows`; `otherwise` for a target that has none."""
    own = np.bincount(rows, minlength=targets)
    sizes = np.maximum(own, 1)
    filled = np.full(sizes.sum(), otherwise, np.uint32)
    filled[np.repeat(own, sizes) > 0] = values
    return Lists(filled, np.concatenate([[0], np.cumsum(sizes)]))


def _form(scenes: Scenes, targets: Sequence[str], warmth: Ints, found: Found) -> None:
    """What kind of mention it is, whether it speaks, crossed with the sentence's warmth; the sentence's size."""
    every, sizes, quoted = scenes.every, scenes.end - scenes.first, scenes.quoted > 0
    speaks = np.asarray(scenes.near("says", -1, 1, 2).any(axis=0), np.intp)
    ends = np.array([target.endswith(("'s", "’s", "s'", "s’")) for target in targets], np.bool_)
    owns = (ends | scenes.near("owner", 1)[0]).astype(np.intp)
    quotes = np.bincount(scenes.rows[quoted], minlength=len(targets)) > 0
    quote = np.where(quoted[scenes.at], 2, quotes)
    kinds = [np.array([_kind(target) for target in targets], np.uint32), _QUOTES[quote], _SPEAKS[speaks], _OWNS[owns]]
    kinds += [_SIZES[np.minimum(sizes // 10, 5)], _PLACES[5 * (scenes.at - scenes.first) // sizes]]
    crossed = np.stack([*kinds, _QUOTES_SPEAKS[quote, speaks]])
    found.add(every, crossed, mix(crossed, warmth + 3))
    names = np.bincount(scenes.rows[scenes.known("upper") & (scenes.places > 0)], minlength=len(targets))
    found.add(every, mix(35, np.minimum(names, 8)), mix(36, np.minimum(sizes // 6, 9)))
    said = np.flatnonzero(quoted & (speaks[scenes.rows] > 0))
    of, groups = scenes.table.groups.of(scenes.words[said])
    found.add(scenes.rows[said[of]], mix(37, groups))


def _beside(scenes: Scenes, found: Found) -> None:
    """The forms that touch the target."""
    there = scenes.around(-2, -1, 1) != NOTHING
    earlier, before, after = np.where(there, scenes.near("form", -2, -1, 1), [[1], [1], [2]])
    found.add(scenes.every, mix(31, before), mix(32, after), mix(33, before, after), mix(34, before, earlier))


def _mentioned(scenes: Scenes, targets: Sequence[str], found: Found) -> None:
    """The target's own words, as far as they count."""
    titles = [_titles(target) for target in targets]
    hashed = np.array([*chain.from_iterable(titles)], np.uint32)
    found.add(np.repeat(scenes.every, [len(one) for one in titles]), hashed)


@lru_cache(maxsize=10_000)
def _titles(target: str) -> tuple[int, ...]:
    # A name may look like a word (Grace, Hope): of what is written with a capital letter only titles count.
    known = [word(part) for part in target.split() if part[0].islower() or code("office") in word(part).groups]
    return tuple(feature for one in known for feature in (*(mix(38, group) for group in one.groups), mix(39, one.root)))


@lru_cache(maxsize=10_000)
def _kind(target: str) -> int:
    plain = _PRONOUNS.get(target.lower())
    named = "common" if not target[0].isupper() else "names" if len(target.split()) > 1 else "name"
    return code(plain or named)
