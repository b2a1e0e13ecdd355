"""Train the valence instrument: features → instruments/valence-en.npz, the same bytes from the same data.

Run: python tests/benchmarks/train_valence.py --gold newsmtsc-train.jsonl [--cv]

A multinomial logistic regression over features scaled by their naive-Bayes log-count ratios (after Wang & Manning
2012), fitted with L-BFGS. With --cv nothing is written: figures of nested
cross-validation by sentence text are printed, one for each of several ways to divide the sentences.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags

from analysis.scoring.stance import MODEL, Model, logits
from analysis.scoring.targeted import features
from analysis.scoring.vocabulary import Lists

#: Ridge penalty, fewest sentences with a feature, pseudo-count of the ratios, length of a target's vector of features.
RIDGE, RARE, PSEUDO, LENGTH = 2.0, 2, 1.0, 3.0
RIDGES = (1.0, 2.0, 4.0)
FOLDS = 5
#: Ways to divide the sentences; chance alone moves macro-F1 by some 0.003 from one to the next.
DIVISIONS = (0, 1, 2)
LABELS = {2: -1, 4: 0, 6: 1}


class Gold(NamedTuple):
    """Coded targets: sentence, (start, end), class -1, 0 or 1; aligned."""

    sentences: list[str]
    spans: list[tuple[int, int]]
    classes: np.ndarray


def read_gold(path: Path) -> Gold:
    """The coded targets of a NewsMTSC file."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found += [
            (row["sentence_normalized"], (target["from"], target["to"]), LABELS[int(float(target["polarity"]))])
            for target in row["targets"]
        ]
    sentences, spans, classes = zip(*found, strict=True)
    return Gold(list(sentences), list(spans), np.array(classes))


def fit(found: Lists, classes: np.ndarray, ridge: float = RIDGE) -> Model:
    """The model of features and classes of targets."""
    keys, matrix = _matrix(found)
    ratios = _ratios(matrix, classes)
    lengths = LENGTH / np.sqrt(np.maximum(matrix.getnnz(axis=1), 1))
    weights, bias = _regression((diags(lengths) @ matrix @ diags(ratios)).tocsr(), classes, ridge)
    weights = LENGTH * weights * ratios[:, None]
    weights -= weights.mean(axis=1, keepdims=True)
    # Rounded: how many threads add up numbers shows in the last digits, and must not show in the file.
    step = float(f"{np.abs(weights).max() / 127:.5g}")
    small = np.rint(weights / step).astype(np.int8)
    used = small.any(axis=1)
    return Model(keys[used], small[used], step, np.round(bias - bias.mean(), 6))


def _matrix(found: Lists) -> tuple[np.ndarray, csr_matrix]:
    keys, columns, counts = np.unique(found.values, return_inverse=True, return_counts=True)
    shape = len(found.starts) - 1, len(keys)
    matrix = csr_matrix((np.ones(len(columns)), columns, found.starts), shape=shape)
    return keys[counts >= RARE], matrix[:, counts >= RARE]


def _ratios(matrix: csr_matrix, classes: np.ndarray) -> np.ndarray:
    """How far a feature's share in a class is from its share elsewhere, in log odds, for the class where most so."""
    total = np.asarray(matrix.sum(axis=0)).ravel()
    ratios = []
    for label in (-1, 0, 1):
        inside = PSEUDO + np.asarray(matrix[classes == label].sum(axis=0)).ravel()
        outside = total + 2 * PSEUDO - inside
        ratios.append(np.abs(np.log(inside / inside.sum()) - np.log(outside / outside.sum())))
    return np.max(ratios, axis=0)


def _regression(matrix: csr_matrix, classes: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    size, back = matrix.shape[1], matrix.T.tocsr()
    truth = np.eye(3)[classes + 1]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = flat[:-3].reshape(size, 3), flat[-3:]
        logits = matrix @ weights + bias
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        sums = powers.sum(axis=1, keepdims=True)
        value = (np.log(sums[:, 0]) - (logits * truth).sum(axis=1)).sum() + ridge / 2 * (weights**2).sum()
        error = powers / sums - truth
        return value, np.concatenate([(back @ error + ridge * weights).ravel(), error.sum(axis=0)])

    options = {"maxiter": 150, "maxcor": 8, "ftol": 1e-6, "gtol": 1e-3}
    best = minimize(loss, np.zeros(3 * size + 3), jac=True, method="L-BFGS-B", options=options).x
    return best[:-3].reshape(size, 3), best[-3:]


def folds(sentences: Sequence[str], salt: str) -> np.ndarray:
    """The fold of each target, by the hash of its sentence: one sentence is never in two folds."""
    return np.array([crc32(f"{salt} {sentence}".encode()) % FOLDS for sentence in sentences])


def cross_validated(gold: Gold, division: int) -> np.ndarray:
    """The class each target gets from a model that has not seen its sentence, nor had its penalty chosen on it."""
    found = features(gold.sentences, gold.spans)
    outer, inner = folds(gold.sentences, f"outer {division}"), folds(gold.sentences, f"inner {division}")
    classes = np.zeros(len(gold.classes))
    for number in range(FOLDS):
        train = np.flatnonzero(outer != number)
        ridge = max(RIDGES, key=lambda tried: _score(found, gold.classes, train, inner, tried))
        classes[outer == number] = _predicted(found, gold.classes, train, outer == number, ridge)
    return classes


def _score(found: Lists, truth: np.ndarray, among: np.ndarray, fold: np.ndarray, ridge: float) -> float:
    """Macro-F1 of a penalty on one inner fold, fitted on the others."""
    train, test = among[fold[among] != 0], among[fold[among] == 0]
    held = np.isin(np.arange(len(truth)), test)
    return macro_f1(truth[held], _predicted(found, truth, train, held, ridge))


def _predicted(found: Lists, truth: np.ndarray, train: np.ndarray, test: np.ndarray, ridge: float) -> np.ndarray:
    model = fit(_part(found, train), truth[train], ridge)
    return logits(_part(found, np.flatnonzero(test)), model).argmax(axis=1) - 1


def _part(found: Lists, targets: np.ndarray) -> Lists:
    return Lists(found.of(targets)[1], np.concatenate([[0], np.cumsum(found.sizes(targets))]))


def macro_f1(truth: np.ndarray, found: np.ndarray) -> float:
    """Mean over the three classes of the harmonic mean of precision and recall."""
    scores = []
    for label in (-1, 0, 1):
        hit = float(((truth == label) & (found == label)).sum())
        scores.append(2 * hit / float((truth == label).sum() + (found == label).sum()))
    return float(np.mean(scores))


def main() -> None:
    """Train and write, or cross-validate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--cv", action="store_true")
    options = parser.parse_args()
    gold = read_gold(options.gold)
    if options.cv:
        for division in DIVISIONS:
            found = cross_validated(gold, division)
            print(f"macro-F1 {macro_f1(gold.classes, found):.4f}, accuracy {(gold.classes == found).mean():.4f}")
        return
    model = fit(features(gold.sentences, gold.spans), gold.classes)
    np.savez(MODEL, **model._asdict())
    print(f"{MODEL}: {len(model.keys):,} features, {MODEL.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
