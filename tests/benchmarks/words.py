"""How long words take to compare: every word and tested outlet of a study, exactly.

Run: python tests/benchmarks/words.py [STUDY]

One core, processor time. The peer is scipy's fisher_exact on the same counts, one word after the other, without
periods, lengths and copies, without interval and size.
"""

from __future__ import annotations

import os

os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})

import argparse
import time

from scipy import stats

from analysis import load_study
from analysis.errors import EmptyGroup
from analysis.results.measures import comparable, language_of
from analysis.stats.keyness import background, compare_words, match_length
from analysis.study import selection


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="?", default="castillo-2022")
    study = load_study(parser.parse_args().study)
    ours = peer = 0.0
    for outlet in study.tested:
        language = language_of(study, outlet)
        try:
            chosen, design = comparable(study, selection.primary_of(study, outlet), outlet, None, language=language)
        except EmptyGroup:
            continue
        words = selection.words(chosen, language=language)
        start = time.process_time()
        table = compare_words(words, match_length(design, words.tokens), prior=background(words))
        spent = time.process_time() - start
        start = time.process_time()
        columns = table[["count", "articles", "reference_count", "reference_articles"]].astype(int)
        for one, size, other, reference in columns.itertuples(index=False):
            stats.fisher_exact([[one, size - one], [other, reference - other]])
        ours, peer = ours + spent, peer + time.process_time() - start
        print(f"{outlet:16} {len(table):5} words  {spent:6.2f} s")
    print(f"all outlets: {ours:.2f} s of processor time; scipy.stats.fisher_exact {peer / ours:.1f} times as long")


if __name__ == "__main__":
    main()
