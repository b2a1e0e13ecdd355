"""Targeted sentiment: probabilities of negative, neutral and positive toward a target, by a linear model.

The features of a target are the stems and groups of the words around it, by side, distance and negation. The target
itself is masked, so who it is does not count. A feature is hashed to one of `BUCKETS` numbers (Weinberger et al. 2009);
the model, instruments/targeted-en.npz, holds a weight per number and class, trained by
tests/benchmarks/train_targeted.py. Words further than `WINDOW` from the target do not count, so that time grows with
the number of targets whatever the length of their texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.scoring.lexicon import (
    CLOSES,
    FLAGS,
    GROUPS,
    MASK,
    NEGATES,
    OPENS,
    SAYS,
    SCALE,
    SENTIMENT,
    STEM,
    STOPS,
    read_word,
)

MODEL = Path(__file__).parents[1] / "instruments" / "targeted-en.npz"
#: Numbers that features are hashed to.
BUCKETS = 2**16
#: Words on either side of a target that count, and the characters they are looked for in.
WINDOW, CHARACTERS = 40, 600

#: Targets measured at a time.
_BATCH = 1024
#: Words that a negation reaches.
_REACH = 4
#: Words on either side of the target whose stems count by their exact distance.
_NEAR = 4
#: Borders of the classes of distance from the target.
_DISTANCES = (2, 3, 5, 9, 17)
#: Share of its sentiment that a negated word keeps, in tenths, and that others keep.
_NEGATED, _PLAIN = -6, 10
_TOKEN = re.compile(r"\w+(?:['’.\-]\w+)*|\n|\S")
_PRONOUNS = ("he she", "him her himself herself", "they them", "his their its", "we us our", "i me my", "you your")
_KINDS = {word: number for number, words in enumerate((*_PRONOUNS, "it who"), start=1) for word in words.split()}
_COMMON, _NAMES, _NAME = range(len(_PRONOUNS) + 2, len(_PRONOUNS) + 5)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Features(NamedTuple):
    """Features of many targets: each one's target and number; a feature may come more than once."""

    rows: Ints
    buckets: Ints


class Model(NamedTuple):
    """Weights per bucket and class in steps of `step`, and the log-odds of each class without any feature."""

    weights: npt.NDArray[np.int8]
    step: float
    bias: Floats


class _Context(NamedTuple):
    """Words around many targets end to end, the target of each one word of its own.

    Attributes
    ----------
    words : array of int, a row per word, the columns of `lexicon`
    rows, steps : arrays of int, per word its target and how many words after the target it stands
    at : array of int, per target where it is among the words
    """

    words: Ints
    rows: Ints
    steps: Ints
    at: Ints

    def flag(self, flag: int) -> Flags:
        """Flag of each word."""
        return self.words[:, FLAGS] & flag > 0

    def beside(self, values: npt.NDArray[Any], step: int) -> npt.NDArray[Any]:
        """Value of the word so many steps after each word; 0 where the context has no such word."""
        moved = np.zeros_like(values)
        here, there = (slice(-step, None), slice(step)) if step < 0 else (slice(-step), slice(step, None))
        moved[here] = np.where(self.rows[here] == self.rows[there], values[there], 0)
        return moved


@cache
def load_model(path: Path = MODEL) -> Model:
    """The trained model of a file."""
    with np.load(path, allow_pickle=False) as file:
        return Model(file["weights"], float(file["step"]), file["bias"])


def probabilities(sentences: Sequence[str], spans: Sequence[tuple[int, int]], model: Model | None = None) -> Floats:
    """Probabilities of negative, neutral and positive toward the target in each sentence.

    Parameters
    ----------
    sentences : sequence of str, English
    spans : sequence of (start, end) of the target, aligned
    model : Model, the project's own where none is given

    Returns
    -------
    array of float, a row per target and a column per class; a row does not depend on the other rows
    """
    model = load_model() if model is None else model
    parts = [np.empty((0, 3))]
    for first in range(0, len(spans), _BATCH):
        part = slice(first, first + _BATCH)
        # Targets amid the same words have the same value, so a text of repetitions costs no more than another.
        around = list(map(_around, sentences[part], spans[part]))
        numbers = {context: number for number, context in enumerate(dict.fromkeys(around))}
        found = features([before + target + after for before, target, after in numbers], list(map(_span, numbers)))
        powers = np.exp(log_odds(found, len(numbers), model))
        parts.append((powers / powers.sum(axis=1, keepdims=True))[[numbers[context] for context in around]])
    return np.concatenate(parts)


def _around(sentence: str, span: tuple[int, int]) -> tuple[str, str, str]:
    """Characters before the target, the target, and characters after it."""
    start, end = span
    return sentence[max(0, start - CHARACTERS) : start], sentence[start:end], sentence[end : end + CHARACTERS]


def _span(around: tuple[str, str, str]) -> tuple[int, int]:
    before, target, _ = around
    return len(before), len(before) + len(target)


def log_odds(found: Features, targets: int, model: Model) -> Floats:
    """Log-odds of the three classes for each target, the greatest of them 0."""
    # Sums of whole numbers are exact: a target's value cannot depend on what it is measured with.
    sums = [np.bincount(found.rows, model.weights[found.buckets, label], targets) for label in range(3)]
    sizes = np.maximum(np.bincount(found.rows, minlength=targets), 1)
    odds = np.stack(sums, axis=1) * model.step / np.sqrt(sizes)[:, None] + model.bias
    return np.asarray(odds - odds.max(axis=1, keepdims=True))


def features(sentences: Sequence[str], spans: Sequence[tuple[int, int]]) -> Features:
    """Features of the target in each sentence, as `probabilities`."""
    context = _read_context(sentences, spans)
    negated = _negated(context)
    parts = [*_word_features(context, negated), *_group_features(context, negated)]
    parts += _target_features(
        context, negated, [text[start:end] for text, (start, end) in zip(sentences, spans, strict=True)]
    )
    rows, buckets = zip(*parts, strict=True)
    return Features(np.concatenate(rows), np.concatenate(buckets))


def _read_context(sentences: Sequence[str], spans: Sequence[tuple[int, int]]) -> _Context:
    tokens: list[str] = []
    at, sizes = [], []
    for sentence, (start, end) in zip(sentences, spans, strict=True):
        before = _TOKEN.findall(sentence, max(0, start - CHARACTERS), start)[-WINDOW:]
        after = _TOKEN.findall(sentence, end, end + CHARACTERS)[:WINDOW]
        at.append(len(tokens) + len(before))
        sizes.append(len(before) + 1 + len(after))
        tokens += (*before, MASK, *after)
    numbers = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    known = np.array([read_word(token) for token in numbers], np.int64).reshape(-1, FLAGS + 1)
    words = known[np.fromiter(map(numbers.__getitem__, tokens), np.intp, len(tokens))]
    rows, places = np.repeat(np.arange(len(at)), np.array(sizes, np.intp)), np.array(at, np.intp)
    return _Context(words, rows, np.arange(len(tokens)) - places[rows], places)


def _negated(context: _Context) -> Flags:
    """Words that a negation before them reaches; it reaches over no stop."""
    reached, stops = context.flag(NEGATES), context.flag(STOPS)
    negated = np.zeros_like(reached)
    for _ in range(_REACH):
        reached = context.beside(reached, -1) & ~stops
        negated |= reached
    return negated


def _word_features(context: _Context, negated: Flags) -> list[tuple[Ints, Ints]]:
    """Stems by side, by negation, in pairs and by their distance."""
    others = np.flatnonzero(context.steps)
    rows, steps, stems = context.rows[others], context.steps[others], context.words[others, STEM]
    following = context.beside(context.words[:, STEM], 1)[others]
    side, near, paired = steps > 0, np.abs(steps) <= _NEAR, following > 0
    return [
        (rows, _bucket(1, stems, side)),
        (rows, _bucket(2, stems, negated[others])),
        (rows[paired], _bucket(3, stems[paired], following[paired], side[paired])),
        (rows[near], _bucket(4, stems[near], steps[near] + _NEAR)),
    ]


def _group_features(context: _Context, negated: Flags) -> list[tuple[Ints, Ints]]:
    """Groups of words by negation, and by side and class of distance."""
    there, column = np.nonzero(context.words[:, GROUPS])
    rows, steps, groups = context.rows[there], context.steps[there], context.words[:, GROUPS][there, column]
    distance = np.digitize(np.abs(steps), _DISTANCES)
    return [
        (rows, _bucket(5, groups, negated[there])),
        (rows, _bucket(6, groups, steps > 0, distance)),
    ]


def _target_features(context: _Context, negated: Flags, targets: Sequence[str]) -> list[tuple[Ints, Ints]]:
    """Kind of mention, whether it speaks and is quoted, each crossed with the sentiment of all words."""
    weights = np.where(negated, _NEGATED, _PLAIN) * context.words[:, SENTIMENT]
    total = np.bincount(context.rows, weights, len(targets)).astype(np.int64)
    sentiment = np.clip((2 * total + 10 * SCALE) // (20 * SCALE), -3, 3) + 3
    says = context.flag(SAYS)
    speaks = np.any([context.beside(says, step)[context.at] for step in (-1, 1, 2)], axis=0)
    kind, speech = np.array([_kind(target) for target in targets], np.int64), _quoted(context) * 2 + speaks
    every = np.arange(len(targets))
    crossed = [(every, _bucket(8 + number, one, sentiment)) for number, one in enumerate((kind, speech))]
    return [(every, _bucket(7, sentiment)), (every, _bucket(10, kind)), (every, _bucket(11, speech)), *crossed]


def _quoted(context: _Context) -> Ints:
    """Whether each target is in a quotation: 2 if it is, 1 if one stands elsewhere around it, 0 if none does."""
    opens, closes = context.flag(OPENS), context.flag(CLOSES)
    before = context.steps < 0
    either, single = opens & closes, opens.astype(np.int64) - closes
    size = len(context.at)
    straight = np.bincount(context.rows, either & before, size).astype(np.int64) % 2
    marks = np.flatnonzero(single * before)
    last = np.zeros(size, np.int64)
    last[context.rows[marks]] = single[marks]
    inside = (straight > 0) | (last > 0)
    return np.where(inside, 2, np.bincount(context.rows, opens | closes, size) > 0)


def _kind(target: str) -> int:
    plain = _COMMON if not target[0].isupper() else _NAMES if len(target.split()) > 1 else _NAME
    return _KINDS.get(target.lower(), plain)


def _bucket(template: int, *parts: npt.NDArray[Any]) -> Ints:
    """Number of each feature: a hash of its template and parts."""
    mixed: Any = np.full(len(parts[0]), template, np.uint32)
    for part in parts:
        mixed = mixed * np.uint32(0x9E3779B1) + part.astype(np.uint32) * np.uint32(0x85EBCA77)
        mixed ^= mixed >> np.uint32(15)
    return np.asarray(mixed % np.uint32(BUCKETS), np.int64)
