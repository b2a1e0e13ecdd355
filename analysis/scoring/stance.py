"""How likely a sentence is negative, neutral or positive toward a target: a linear model over `targeted`.

The model, instruments/valence-en.npz, holds hashes of features and their weights: no words. It is made by
tests/benchmarks/train_valence.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.scoring.hashed import Hashes
from analysis.scoring.scene import Span
from analysis.scoring.targeted import features
from analysis.text.arrays import Ints, Lists

MODEL = Path(__file__).parents[1] / "instruments" / "valence-en.npz"
#: Targets measured at a time.
_BATCH = 512
#: Lower bits of a key, those that do not choose its bucket.
_LOWER = np.uint32(14)

Numbers = npt.NDArray[np.float64]


class _Figures(NamedTuple):
    keys: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.int8]
    step: float
    bias: Numbers


class Model(_Figures):
    """Features known (ascending), their weights per class in steps of `step`, and what each class has without any."""

    @cached_property
    def _starts(self) -> npt.NDArray[np.int32]:
        """Where the keys with the same upper bits begin."""
        sizes = np.bincount(self.keys >> _LOWER, minlength=2**32 >> int(_LOWER))
        return (np.cumsum(sizes) - sizes).astype(np.int32)

    def find(self, keys: Hashes) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """Where some keys would be among the model's, and whether they are there."""
        # Hashes are spread evenly: from where a key's bucket begins it is a step or none, less than a binary search.
        places = self._starts.take(keys >> _LOWER)
        behind = np.flatnonzero(self.keys.take(places, mode="clip") < keys)
        while len(behind):
            places[behind] += 1
            on = places[behind]
            behind = behind[(on < len(self.keys)) & (self.keys.take(on, mode="clip") < keys[behind])]
        return places, self.keys.take(places, mode="clip") == keys


@cache
def load_model(path: Path = MODEL) -> Model:
    """The model of a file."""
    with np.load(path, allow_pickle=False) as file:
        return Model(file["keys"], file["weights"], float(file["step"]), file["bias"])


def probabilities(sentences: Sequence[str], spans: Sequence[Span], model: Model | None = None) -> Numbers:
    """Probabilities of negative, neutral and positive toward the target in each sentence.

    Parameters
    ----------
    sentences : sequence of str, English
    spans : sequence of (start, end), aligned
    model : Model, the project's own where it is not given

    Returns
    -------
    array of float, a row per target, three columns; a row does not depend on the other rows
    """
    model = load_model() if model is None else model
    if len(sentences) != len(spans):
        raise ValueError(f"zip() of {len(sentences)} sentences and {len(spans)} spans")
    measured = [np.empty((0, 3))]
    for at in range(0, len(spans), _BATCH):
        part = slice(at, at + _BATCH)
        measured.append(_softmax(logits(features(sentences[part], spans[part]), model)))
    return np.concatenate(measured)


def logits(found: Lists, model: Model) -> Numbers:
    """Log-odds of the three classes, up to a constant per row, from the features of each target."""
    places, known = model.find(found.values)
    # Sums of whole numbers are exact: a target's value cannot depend on what it is measured with.
    counts = _sums(known, found.starts)
    places, starts = places[np.flatnonzero(known)].astype(np.intp), np.concatenate([[0], np.cumsum(counts)])
    sums = np.stack([_sums(model.weights[:, label][places], starts) for label in range(3)], axis=1)
    return sums * model.step / np.sqrt(np.maximum(counts, 1))[:, None] + model.bias


def _sums(values: npt.NDArray[Any], starts: Ints) -> Ints:
    """Sums of the values of each list; a list may be empty."""
    return np.diff(np.concatenate([[0], np.cumsum(values, dtype=np.intp)])[starts])


def _softmax(values: Numbers) -> Numbers:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
