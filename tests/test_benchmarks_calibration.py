"""The comparisons' error rates and coverage in small simulations; wide bounds, so that only a real fault fails."""

from functools import cache

import numpy as np
import pytest
from benchmarks.calibration import SMALL, coverage, keyness, no_difference

pytestmark = pytest.mark.slow

SEED = 20221207


@cache
def _figures(part, number):
    return {line.name: line for line in part(np.random.default_rng([SEED, number]), SMALL)}


def _slack(line):
    """Four standard errors; by chance few corpora can all but agree."""
    return 4 * max(line.error, 0.004)


@pytest.mark.parametrize(("part", "number"), [(no_difference, 0), (keyness, 3)])
def test_errors_stay_below_what_is_promised(part, number):
    promised = [line for line in _figures(part, number).values() if line.wanted]
    assert promised
    for line in promised:
        assert line.value <= line.wanted[1] + _slack(line), line


def test_standardizing_is_what_keeps_the_story_apart_from_the_outlet():
    figures = _figures(no_difference, 0)
    assert figures["p ≤ 0.05, raw"].value > figures["p ≤ 0.05, standardized"].value


def test_tokens_are_not_independent_where_words_are_repeated():
    figures = _figures(keyness, 3)
    assert figures["halves, whole articles: G² of tokens, p ≤ 0.05"].value > 0.15


def test_intervals_hold_the_truth():
    for name, line in _figures(coverage, 2).items():
        n = int(name.split(",")[0].removeprefix("n ="))
        # Of fewer skewed values no bootstrap interval holds the mean as often as it says.
        if "share" in name or n >= 20:
            assert line.value >= line.wanted[0] - _slack(line), line
