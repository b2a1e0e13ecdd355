"""Train the instrument of targeted sentiment: instruments/targeted-en.npz, the same bytes from the same data.

Run: python tests/benchmarks/train_targeted.py --gold newsmtsc-train.jsonl [--cv]

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

from analysis.scoring.targeted import BUCKETS, MODEL, Features, Model, features, log_odds

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


def counts(found: Features, targets: int) -> csr_matrix:
    """How often each target (row) has each feature (column)."""
    return csr_matrix((np.ones(len(found[0])), found), shape=(targets, BUCKETS))


def fit(matrix: csr_matrix, classes: np.ndarray, ridge: float = RIDGE) -> Model:
    """The model of the features (`counts`) and classes of targets."""
    kept = np.flatnonzero(matrix.getnnz(axis=0) >= RARE)
    sizes = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1)
    ratios = _ratios(matrix[:, kept], classes)
    scaled = diags(LENGTH / np.sqrt(sizes)) @ matrix[:, kept] @ diags(ratios)
    fitted, bias = _regression(scaled.tocsr(), classes, ridge)
    weights = np.zeros((BUCKETS, 3))
    weights[kept] = LENGTH * fitted * ratios[:, None]
    weights -= weights.mean(axis=1, keepdims=True)
    # Rounded: how many threads add up numbers shows in the last digits, and must not show in the file.
    step = float(f"{np.abs(weights).max() / 127:.5g}")
    return Model(np.rint(weights / step).astype(np.int8), step, np.round(bias - bias.mean(), 6))


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
    matrix = counts(features(gold.sentences, gold.spans), len(gold.classes))
    outer, inner = folds(gold.sentences, f"outer {division}"), folds(gold.sentences, f"inner {division}")
    classes = np.zeros(len(gold.classes))
    for number in range(FOLDS):
        train, test = np.flatnonzero(outer != number), np.flatnonzero(outer == number)
        held, others = train[inner[train] == 0], train[inner[train] != 0]
        tried = {one: predicted(matrix, gold.classes, others, held, one) for one in RIDGES}
        ridge = max(RIDGES, key=lambda one: macro_f1(gold.classes[held], tried[one]))
        classes[test] = predicted(matrix, gold.classes, train, test, ridge)
    return classes


def predicted(matrix: csr_matrix, truth: np.ndarray, train: np.ndarray, test: np.ndarray, ridge: float) -> np.ndarray:
    """The classes of some targets by a model fitted on others."""
    model = fit(matrix[train], truth[train], ridge)
    part = matrix[test].tocoo()
    times = part.data.astype(int)
    found = np.repeat(part.row, times), np.repeat(part.col, times)
    return log_odds(found, len(test), model).argmax(axis=1) - 1


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
    model = fit(counts(features(gold.sentences, gold.spans), len(gold.classes)), gold.classes)
    np.savez(MODEL, **model._asdict())
    print(f"{MODEL}: {model.weights.any(axis=1).sum():,} weighted features, {MODEL.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
