"""How long words take to test: 10,000 permutations and 10,000 bootstrap samples over every word and tested outlet.

Run: python tests/benchmarks/words.py [STUDY] [--draws N]

One core, one BLAS thread, processor time. The peer is scipy's permutation_test on the same counts, with a statistic
simpler than ours (a difference of means), without periods, copies and bootstrap; it is run with fewer resamples,
and the ratio is of time per word and permutation.
"""

from __future__ import annotations

import os

os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})

import argparse
import time

import numpy as np
from scipy import stats

from analysis import load_study
from analysis.errors import EmptyGroup
from analysis.results import primary_variant
from analysis.results.measures import REST, comparable, language_of
from analysis.stats.keyness import background, log_odds
from analysis.study import selection

RESAMPLES = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="?", default="castillo-2022")
    parser.add_argument("--draws", type=int, default=10_000)
    arguments = parser.parse_args()
    study = load_study(arguments.study)
    ours = peer = 0.0
    tests = peer_tests = 0
    for outlet in study.tested:
        language = language_of(study, outlet)
        try:
            chosen, design = comparable(study, primary_variant(study, outlet, REST), outlet, None, language=language)
        except EmptyGroup:
            continue
        terms = selection.words(chosen, language=language)
        target, reference = (design.article[rows] for rows in design.sides)
        start = time.process_time()
        table = log_odds(terms, design, prior=background(terms), draws=arguments.draws, seed=study.settings.seed)
        spent = time.process_time() - start
        ours, tests = ours + spent, tests + len(table) * arguments.draws
        counts = terms.matrix(np.flatnonzero(np.isin(terms.forms, table["feature"].astype(object)))).toarray()
        left, right = counts[target], counts[reference]
        start = time.process_time()
        stats.permutation_test(
            (left, right), lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis), vectorized=True, axis=0,
            n_resamples=RESAMPLES, batch=20, rng=np.random.default_rng(1),
        )  # fmt: skip
        peer, peer_tests = peer + time.process_time() - start, peer_tests + len(table) * RESAMPLES
        print(f"{outlet:16} {len(table):5} words  {len(target):4} articles against {len(reference):4}  {spent:6.2f} s")
    print(f"all outlets: {ours:.1f} s of processor time for {arguments.draws:,} permutations and as many samples each")
    print(f"scipy.stats.permutation_test, permutations alone: {peer / peer_tests / (ours / tests):.1f} times as long")


if __name__ == "__main__":
    main()
