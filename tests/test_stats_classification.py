"""Confusion, precision, recall and F1 against the same by hand, and laws of their intervals."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from analysis.stats.classification import classification

NEGATIVE, NEUTRAL, POSITIVE = "negative", "neutral", "positive"
PAIRS = [(NEGATIVE, NEGATIVE)] * 3 + [(NEGATIVE, NEUTRAL)] + [(NEUTRAL, NEGATIVE)] * 2 + [(NEUTRAL, NEUTRAL)] * 6


def classified(pairs, articles=None, **options):
    coded, given = map(pd.Series, zip(*pairs, strict=True))
    ids = pd.Series(range(len(pairs)) if articles is None else articles)
    return classification(coded, given, ids, draws=200, **options).set_index("polarity")


def test_figures_are_those_by_hand():
    """Positive does not occur, so it has no F1 and no part in the mean."""
    table = classified(PAIRS)
    assert [3, 1, 0] == table.loc[NEGATIVE, [NEGATIVE, NEUTRAL, POSITIVE]].to_list()
    assert [2, 6, 0] == table.loc[NEUTRAL, [NEGATIVE, NEUTRAL, POSITIVE]].to_list()
    expected = [3 / 5, 3 / 4, 2 * 3 / 9]
    np.testing.assert_allclose(table.loc[NEGATIVE, ["precision", "recall", "f1"]].to_list(), expected, atol=1e-4)
    np.testing.assert_allclose(
        table.loc["", ["recall", "f1"]].to_list(), [9 / 12, (2 * 3 / 9 + 2 * 6 / 15) / 2], atol=1e-4
    )
    assert table.loc[POSITIVE, ["precision", "recall", "f1", "lower"]].isna().all()


@given(st.lists(st.tuples(*[st.sampled_from([NEGATIVE, NEUTRAL, POSITIVE])] * 2), min_size=2, max_size=30))
def test_counts_add_up_and_intervals_lie_around_what_is_between_0_and_1(pairs):
    table = classified(pairs, seed=1)
    assert len(pairs) == table.loc["", "coded"] == table.loc[[NEGATIVE, NEUTRAL, POSITIVE], "coded"].sum()
    bounds = table[["lower", "upper"]].dropna()
    assert ((bounds >= 0) & (bounds <= 1)).all(axis=None)
    assert (bounds["lower"] <= bounds["upper"]).all()
    pd.testing.assert_frame_equal(table, classified(pairs, seed=1))


def test_articles_are_drawn_and_not_codes():
    """Twelve articles of one code vary; the same codes in one article cannot, and have no interval."""
    assert classified(PAIRS)["lower"].notna().any()
    assert classified(PAIRS, articles=[0] * len(PAIRS))["lower"].isna().all()
    twice = classified(PAIRS * 4, articles=[*range(len(PAIRS))] * 4)
    pd.testing.assert_frame_equal(classified(PAIRS)[["f1", "lower", "upper"]], twice[["f1", "lower", "upper"]])
