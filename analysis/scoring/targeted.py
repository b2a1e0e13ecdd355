"""Targeted sentiment: probabilities of negative, neutral and positive toward a target, by a linear model.

The features of a target are the stems and groups of the words around it, by side, distance and negation. The target
itself is masked, so who it is does not count. A feature is hashed to one of `BUCKETS` numbers (Weinberger et al. 2009);
the model, instruments/targeted-en.npz, holds a weight per number and class, trained by
tests/benchmarks/train_targeted.py. Words further than `WINDOW` from the target do not count, so that the time for a
target does not grow with its sentence.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.scoring.lexicon import CLOSES, MASK, NEGATES, OPENS, SAYS, SCALE, STOPS, read_word
from analysis.text.sentences import Span
from analysis.text.tokens import Flags

MODEL = Path(__file__).parents[1] / "instruments" / "targeted-en.npz"
#: Numbers that features are hashed to.
BUCKETS = 2**16
#: Words on either side of a target that count, and the characters they are looked for in.
WINDOW, CHARACTERS = 40, 600
_STEPS = np.arange(-WINDOW, WINDOW + 1)

#: Targets measured at a time; words that a negation reaches; words whose exact distance from the target counts.
_BATCH, _REACH, _NEAR = 1024, 4, 4
#: Borders of the classes of distance; tenths of its sentiment that a negated word keeps, and that others keep.
_DISTANCES, _NEGATED, _PLAIN = (2, 3, 5, 9, 17), -6, 10
_TOKEN = re.compile(r"\w+(?:['’.\-]\w+)*|\n|\S")
_PRONOUNS = ("he she", "him her himself herself", "they them", "his their its", "we us our", "i me my", "you your")
_KINDS = {word: number for number, words in enumerate((*_PRONOUNS, "it who"), start=1) for word in words.split()}
_COMMON, _NAMES, _NAME = range(len(_PRONOUNS) + 2, len(_PRONOUNS) + 5)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
#: Features of many targets: index of each one's target, and its number; a feature may come more than once.
Features = tuple[Ints, Ints]


class Model(NamedTuple):
    """Weights per bucket and class in steps of `step`, and the log-odds of each class without any feature."""

    weights: npt.NDArray[np.int8]
    step: float
    bias: Floats


@cache
def load_model() -> Model:
    """The trained model."""
    with np.load(MODEL, allow_pickle=False) as file:
        return Model(file["weights"], float(file["step"]), file["bias"])


def probabilities(sentences: Sequence[str], spans: Sequence[Span]) -> Floats:
    """Probabilities of negative, neutral and positive toward the target in each sentence, a row per target."""
    parts = [np.empty((0, 3))]
    for first in range(0, len(spans), _BATCH):
        some = slice(first, first + _BATCH)
        powers = np.exp(log_odds(features(sentences[some], spans[some]), len(spans[some]), load_model()))
        parts.append(powers / powers.sum(axis=1, keepdims=True))
    return np.concatenate(parts)


def log_odds(found: Features, targets: int, model: Model) -> Floats:
    """Log-odds of the three classes for each target, the greatest of them 0."""
    rows, buckets = found
    # Sums of whole numbers are exact: a target's value cannot depend on what it is measured with.
    sums = [np.bincount(rows, model.weights[buckets, label], targets) for label in range(3)]
    sizes = np.maximum(np.bincount(rows, minlength=targets), 1)
    odds = np.stack(sums, axis=1) * model.step / np.sqrt(sizes)[:, None] + model.bias
    return np.asarray(odds - odds.max(axis=1, keepdims=True))


def features(sentences: Sequence[str], spans: Sequence[Span]) -> Features:
    """Features of the target in each sentence."""
    tokens: list[str] = []
    sizes, kinds = [], []
    for sentence, span in zip(sentences, spans, strict=True):
        start, end = span
        before = _TOKEN.findall(sentence, max(0, start - CHARACTERS), start)[-WINDOW:]
        after, target = _TOKEN.findall(sentence, end, end + CHARACTERS)[:WINDOW], sentence[start:end]
        tokens += (*before, MASK, *after)
        sizes.append((len(before), len(after)))
        plain = _COMMON if not target[0].isupper() else _NAMES if len(target.split()) > 1 else _NAME
        kinds.append(_KINDS.get(target.lower(), plain))
    numbers = {token: number for number, token in enumerate(dict.fromkeys((MASK, *tokens)))}
    # A row per target, in its middle the target; 0 stands for the target and where there is no word.
    around = np.zeros((len(sizes), len(_STEPS)), np.int64)
    before_sizes, after_sizes = np.array(sizes).T[:, :, None]
    around[(_STEPS >= -before_sizes) & (_STEPS <= after_sizes)] = list(map(numbers.__getitem__, tokens))
    known = np.array(list(map(read_word, numbers)), np.int64)
    flagged = known[:, 5].astype(np.uint8)[around]
    negated = _negated(flagged)
    total = (np.where(negated, _NEGATED, _PLAIN) * known[:, 4][around]).sum(axis=1)
    parts = (_word_features(around, negated, known), _target_features(flagged, total, np.array(kinds)))
    rows, buckets = zip(*chain(*parts), strict=True)
    return np.concatenate(rows), np.concatenate(buckets)


def _negated(flagged: Bytes) -> Flags:
    """Words that a negation before them reaches; it reaches over no stop."""
    reached, stops = flagged & NEGATES > 0, flagged & STOPS > 0
    negated = np.zeros_like(reached)
    for _ in range(_REACH):
        reached = np.pad(reached[:, :-1], ((0, 0), (1, 0))) & ~stops
        negated |= reached
    return negated


def _word_features(around: Ints, negated: Flags, known: Ints) -> Iterator[Features]:
    """Stems by side, by negation, in pairs and by their distance; groups by negation, and by side and distance."""
    rows, columns = np.nonzero(around)
    words, steps, negated = around[rows, columns], _STEPS[columns], negated[rows, columns]
    stems, groups = known[:, 0], known[:, 1:4][words]
    own, following = stems[words], stems[np.pad(around[:, 1:], ((0, 0), (0, 1)))[rows, columns]]
    side, near, paired = steps > 0, np.abs(steps) <= _NEAR, following > 0
    yield rows, _bucket(1, own, side)
    yield rows, _bucket(2, own, negated)
    yield rows[paired], _bucket(3, own[paired], following[paired], side[paired])
    yield rows[near], _bucket(4, own[near], steps[near] + _NEAR)
    at, column = np.nonzero(groups)
    yield rows[at], _bucket(5, groups[at, column], negated[at])
    yield rows[at], _bucket(6, groups[at, column], side[at], np.digitize(np.abs(steps[at]), _DISTANCES))


def _target_features(flagged: Bytes, total: Ints, kind: Ints) -> Iterator[Features]:
    """Kind of mention, whether it speaks and is quoted, each crossed with the sentiment of all words."""
    every = np.arange(len(kind))
    sentiment = np.clip((2 * total + 10 * SCALE) // (20 * SCALE), -3, 3) + 3
    speaks = (flagged[:, [WINDOW - 1, WINDOW + 1, WINDOW + 2]] & SAYS > 0).any(axis=1)
    marks = flagged & (OPENS | CLOSES)
    before = marks[:, WINDOW - 1 :: -1]  # backwards
    straight = before == OPENS | CLOSES
    last = ((before > 0) & ~straight).argmax(axis=1)
    inside = (straight.sum(axis=1) % 2 > 0) | (before[every, last] == OPENS)
    speech = np.where(inside, 2, marks.any(axis=1)) * 2 + speaks
    yield every, _bucket(7, sentiment)
    yield every, _bucket(8, kind, sentiment)
    yield every, _bucket(9, speech, sentiment)
    yield every, _bucket(10, kind)
    yield every, _bucket(11, speech)


def _bucket(template: int, *parts: npt.NDArray[Any]) -> Ints:
    """Number of each feature: a hash of its template and parts."""
    mixed: Any = np.full(len(parts[0]), template, np.uint32)
    for part in parts:
        mixed = mixed * np.uint32(0x9E3779B1) + part.astype(np.uint32) * np.uint32(0x85EBCA77)
        mixed ^= mixed >> np.uint32(15)
    return np.asarray(mixed % np.uint32(BUCKETS), np.int64)
