"""How likely a sentence is negative, neutral or positive toward a target: a linear model over `analysis.targeted`.

The model, instruments/valence-en.npz, holds hashes of features and their weights: no words. It is made by
tests/benchmarks/train_valence.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.hashed import Features
from analysis.scene import Span
from analysis.targeted import features

MODEL = Path(__file__).parent / "instruments" / "valence-en.npz"
#: Targets measured at a time.
_BATCH = 1024

Numbers = npt.NDArray[np.float64]


class Model(NamedTuple):
    """Features known (ascending), their weights per class in steps of `step`, and what each class has without any."""

    keys: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.int8]
    step: float
    bias: Numbers


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


def logits(found: Features, model: Model) -> Numbers:
    """Log-odds of the three classes, up to a constant per row, from the features of each target."""
    places = np.searchsorted(model.keys, found.keys)
    places[places == len(model.keys)] = 0
    known = np.flatnonzero(model.keys[places] == found.keys)
    rows, weights = found.rows[known], model.weights[places[known]]
    # Sums of whole numbers are exact: a target's value cannot depend on what it is measured with.
    sums = np.stack([np.bincount(rows, weights[:, label], minlength=found.targets) for label in range(3)], axis=1)
    counts = np.maximum(np.bincount(rows, minlength=found.targets), 1)
    return sums * model.step / np.sqrt(counts)[:, None] + model.bias


def _softmax(values: Numbers) -> Numbers:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
