"""Krippendorff's alpha against NLTK and a published table; confusion, precision, recall and F1 by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics.agreement import AnnotationTask
from nltk.metrics.distance import binary_distance

from analysis.stats.agreement import agreement, classification, krippendorff_alpha, masi, nominal

#: The worked example of Krippendorff's alpha with missing values: three coders, fifteen units; nominal alpha 0.691.
PUBLISHED = (".....34121133.3", "1.213343.......", "..21344.21133.4")


def labels_of(rows) -> pd.Series:
    cells = {(f"u{u}", f"c{c}"): label for c, row in enumerate(rows) for u, label in enumerate(row) if label != "."}
    index = pd.MultiIndex.from_tuples(cells, names=["article", "coder"])
    return pd.Series(list(cells.values()), index=index, dtype=object)


def own_outlets(labels: pd.Series) -> pd.Series:
    articles = labels.index.get_level_values(0).unique()
    return pd.Series(articles, index=articles)


def test_alpha_of_a_published_table():
    labels = labels_of(PUBLISHED)
    assert 0.691 == round(krippendorff_alpha(labels, clusters=own_outlets(labels))[0], 3)


sets = st.frozensets(st.sampled_from("abc"))


@given(st.lists(st.tuples(sets, sets, st.none() | sets), min_size=2, max_size=12), st.booleans())
def test_alpha_is_nltk_s(units, weighted):
    """Of sets of values by MASI and as labels; an article that one coder read has no weight, constants no alpha."""
    cells = {
        (f"u{u}", f"c{c}"): value for u, unit in enumerate(units) for c, value in enumerate(unit) if value is not None
    }
    labels = pd.Series(list(cells.values()), index=pd.MultiIndex.from_tuples(cells), dtype=object)
    distance = masi if weighted else nominal
    found, _, _ = krippendorff_alpha(labels, clusters=own_outlets(labels), distance=distance, draws=2)
    data = [(coder, article, label) for (article, coder), label in labels.items()]
    if labels.nunique() < 2:
        assert np.isnan(found)
    else:
        expected = AnnotationTask(data=data, distance=masi if weighted else binary_distance).alpha()
        assert round(expected, 9) == round(found, 9)


def test_masi_takes_an_empty_set_for_nothing():
    assert 0 == masi(frozenset(), frozenset())
    assert 1 == masi(frozenset(), frozenset("a"))
    assert round(1 - 1 / 2 * 2 / 3, 12) == round(masi(frozenset("a"), frozenset("ab")), 12)


def test_intervals_cover_the_truth_and_grow_when_outlets_are_drawn():
    """With ten articles an outlet that share their disagreements, drawing articles would claim too much."""
    rng = np.random.default_rng(1)
    truth = np.repeat(rng.random(30) < 0.5, 10)
    wrong = np.repeat(rng.random(30) < 0.2, 10)
    labels = labels_of([["01"[int(t)] for t in truth], ["01"[int(t ^ w)] for t, w in zip(truth, wrong, strict=True)]])
    outlets = pd.Series(np.repeat(np.arange(30), 10), index=[f"u{u}" for u in range(300)])
    _, lower, upper = krippendorff_alpha(labels, clusters=outlets)
    _, own_lower, own_upper = krippendorff_alpha(labels, clusters=own_outlets(labels))
    assert lower < 1 - 2 * 0.2 < upper
    assert 2 * (own_upper - own_lower) < upper - lower


@pytest.fixture
def coded() -> pd.DataFrame:
    """Twenty articles of ten outlets: coders agree on everything but on `ouster`, which is rare."""
    index = pd.MultiIndex.from_product([[f"a{n}" for n in range(20)], ["ann", "bob"]], names=["article", "coder"])
    n = index.get_level_values(0).str[1:].astype(int).to_numpy()
    second = index.get_level_values(1).to_numpy() == "bob"
    cells = {
        ("genre", "news"): n < 12,
        ("genre", "opinion"): n >= 12,
        ("act", "coup"): n < 8,
        ("act", "ouster"): (n < 2) & second,
    }
    return pd.DataFrame({name: cell.astype(float) for name, cell in cells.items()}, index=index)


def test_table_of_agreement(coded):
    outlets = pd.Series([f"o{n // 2}" for n in range(20)], index=[f"a{n}" for n in range(20)])
    groups = pd.Series(["north"] * 10 + ["south"] * 10, index=outlets.index)
    once = coded.loc[["a0"]].iloc[:1].rename(index={"a0": "alone"}, level=0)
    table = agreement(pd.concat([coded, once]), outlets, single={"genre": True, "act": False}, groups=groups)
    everything = table[table["group"] == ""].set_index(["variable", "value"])
    assert [("genre", ""), ("act", ""), ("act", "coup"), ("act", "ouster")] == everything.index.to_list()
    assert {20} == set(everything["articles"])
    assert (8, 8, 1.0, 1.0, "firm") == tuple(
        everything.loc[("act", "coup"), ["first", "second", "agreement", "alpha", "verdict"]]
    )
    assert (0, 2, 0.9, "not used") == tuple(
        everything.loc[("act", "ouster"), ["first", "second", "agreement", "verdict"]]
    )
    north = table[(table["group"] == "north") & (table["variable"] == "genre")].iloc[0]
    assert (10, "not used") == (north["articles"], north["verdict"])  # all of the north is news: undefined
    assert np.isnan(north["alpha"])


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


@pytest.mark.slow
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
