"""Shares, rates, dispersion and label shares against oracles of their own."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.frequency import (
    dispersion,
    entity_frequency,
    frequency,
    label_shares,
    means,
    rate_interval,
    variance_shares,
    wilson,
)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.9, 0.95]))
def test_wilson_agrees_with_scipy(pair, level):
    count, n = pair
    expected = stats.binomtest(count, n).proportion_ci(level, method="wilson")
    assert pytest.approx(tuple(expected), abs=1e-12) == tuple(map(float, wilson(*pair, level=level)))


def _share(values, groups, **options):
    return variance_shares(values, {"groups": groups}, **options).loc["groups"]


def test_wilson_of_nothing_is_missing():
    assert np.isnan(wilson(np.array([0]), np.array([0]))).all()


def test_rate_is_a_ratio_of_totals_with_articles_as_clusters():
    """Two, none and one mention in 100, 50 and 150 words, by hand.

    Rate 3/300 = 0.01; residuals 1, -0.5, -0.5; variance 3/2 · 1.5 / 300²; t with 2 degrees of freedom 4.302653.
    """
    rate, lower, upper = rate_interval(np.array([[2.0], [0.0], [1.0]]), np.array([100.0, 50.0, 150.0]))
    half = 4.302653 * math.sqrt(1.5 * 1.5) / 300
    assert pytest.approx(10) == rate[0]
    assert pytest.approx(1000 * (0.01 + half), rel=1e-6) == upper[0]
    assert lower[0] == 0  # cut, as a rate is not negative


def test_what_never_occurs_has_the_exact_poisson_bound():
    """Were the rate at the bound, nothing at all would be seen in 2.5 % of cases."""
    rate, lower, upper = rate_interval(np.zeros((4, 1)), np.array([100.0] * 4))
    assert (0, 0) == (rate[0], lower[0])
    assert pytest.approx(0.025) == stats.poisson.pmf(0, upper[0] / 1000 * 400)


def test_a_single_article_has_a_rate_and_no_interval():
    rate, lower, upper = rate_interval(np.array([[3.0]]), np.array([100.0]))
    assert 30 == rate[0]
    assert np.isnan([lower[0], upper[0]]).all()
    assert np.isnan(rate_interval(np.zeros((1, 1)), np.zeros(1))).all()


def test_frequency_counts_articles_and_occurrences_by_group():
    counts = pd.DataFrame({"a": [2, 0, 1, 0], "b": [0, 0, 0, 5]}, index=list("wxyz"))
    tokens = pd.Series([100, 100, 50, 50], index=counts.index)
    groups = pd.Series(["one", "one", "two", "two"], index=counts.index)
    table = frequency(counts, tokens=tokens, groups=groups).set_index(["group", "feature"])
    shown = table[["articles", "articles_with", "share", "count", "tokens", "rate"]]
    expected = [(2, 1, 0.5, 2, 200, 10), (2, 0, 0, 0, 200, 0), (2, 1, 0.5, 1, 100, 10), (2, 1, 0.5, 5, 100, 50)]
    assert expected == list(shown.itertuples(index=False, name=None))
    low, high = stats.binomtest(1, 2).proportion_ci(method="wilson")
    assert pytest.approx((low, high)) == tuple(table.loc[("two", "b"), ["share_lower", "share_upper"]])


def test_a_share_over_outlets_has_outlets_as_the_unit():
    """9 of 10, 1 of 10 and 5 of 10: by leaving each out by hand, not Wilson's of 30 articles; one outlet keeps it."""
    having = [1] * 9 + [0] + [1] + [0] * 9 + [1] * 5 + [0] * 5
    counts = pd.DataFrame({"a": having})
    outlets = pd.Series(np.repeat(["x", "y", "z"], 10))
    options = {"tokens": pd.Series([50] * 30), "outlets": outlets}
    row = frequency(counts, groups=pd.Series(["all"] * 30), **options).loc[0]
    without = np.array([6 / 20, 14 / 20, 10 / 20])
    half = stats.t.isf(0.025, 2) * math.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum())
    assert (0.5, max(0.5 - half, 0), min(0.5 + half, 1)) == tuple(row[["share", "share_lower", "share_upper"]])
    by_article = frequency(counts, tokens=options["tokens"], groups=pd.Series(["all"] * 30)).loc[0]
    assert row["rate"] == by_article["rate"]
    assert row["rate_upper"] > by_article["rate_upper"]
    alone = frequency(counts, groups=outlets, **options)
    np.testing.assert_allclose(alone.loc[0, "share_upper"], wilson(np.array(9), np.array(10))[1])


def test_a_mean_has_students_interval():
    values = pd.Series([0.1, 0.4, -0.2, 0.3, np.nan])
    ends = stats.ttest_1samp(values[:4], 0).confidence_interval()
    found = means(values, pd.Series(["a"] * 5)).loc[0, ["mean", "lower", "upper"]]
    assert pytest.approx((0.15, ends.low, ends.high)) == tuple(found)


def test_means_of_a_scale_have_intervals_that_end_with_it():
    """Of 0.9 and 0.1 Student's is 0.5 ± 12.7 · 0.4."""
    table = means(pd.Series([0.9, 0.1]), pd.Series(["a", "a"]))
    assert (0.5, -1, 1) == tuple(table.loc[0, ["mean", "lower", "upper"]])


def test_dispersion_is_the_example_of_gries():
    """Gries (2008): fifty letters in five parts of 9, 10, 10, 10 and 11; DP of "a" is 0.18."""
    corpus = ["bamnibeup", "basatbewqn", "bcagabesta", "baghabeaat", "bahaabeaxat"]
    sizes = [len(part) for part in corpus]
    assert pytest.approx(0.18) == dispersion([part.count("a") for part in corpus], sizes)
    assert [9, 10, 10, 10, 11] == sizes
    assert pytest.approx(0.78) == dispersion([part.count("x") for part in corpus], sizes)  # only in the last
    assert pytest.approx(0.02) == dispersion([part.count("e") for part in corpus], sizes)  # once in each
    # Lijffijt & Gries (2012): three equal parts that hold 2/3, 1/3 and nothing.
    assert pytest.approx(1 / 3) == dispersion([2, 1, 0], [5, 5, 5])


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 500)), min_size=1, max_size=12), st.integers(2, 9))
def test_dispersion_lies_in_its_range_and_heeds_proportions_only(parts, factor):
    counts, sizes = zip(*parts, strict=True)
    if not sum(counts):
        assert math.isnan(dispersion(counts, sizes))
        return
    found = dispersion(counts, sizes)
    assert 0 <= found <= 1
    assert pytest.approx(found) == dispersion([factor * c for c in counts], [factor * s for s in sizes])


def test_label_shares_share_their_error_over_the_set():
    """Each interval is Wilson's at 1 - 0.05 / 3, on the articles that use the set and not on the uses."""
    counts = pd.DataFrame({"s:a": [1, 1, 1, 0, 0], "s:b": [0, 0, 0, 1, 0], "s:c": 0}, index=range(5))
    table = label_shares(counts, groups=pd.Series("g", index=range(5))).set_index("feature")
    assert [3, 1, 0] == table["uses"].to_list()
    assert {4} == set(table["articles"]) == set(table["set_uses"])
    low, high = stats.binomtest(3, 4).proportion_ci(1 - 0.05 / 3, method="wilson")
    assert pytest.approx((0.75, low, high)) == tuple(table.loc["s:a", ["share", "lower", "upper"]])
    doubled = label_shares(2 * counts, groups=pd.Series("g", index=range(5))).set_index("feature")
    pd.testing.assert_frame_equal(table[["share", "lower", "upper"]], doubled[["share", "lower", "upper"]])


def _grouped(rng, n, k, effect=0.0):
    groups = pd.Series(np.r_[np.arange(k), rng.integers(0, k, n - k)])
    return pd.Series(rng.normal(size=n) + effect * groups / k), groups


def test_variance_share_is_omega_squared_of_the_anova():
    """ω² = (k - 1)(F - 1) / ((k - 1)(F - 1) + n), with scipy's F."""
    values, groups = _grouped(np.random.default_rng(3), 80, 4, 2.0)
    F = stats.f_oneway(*(values[groups == g] for g in range(4))).statistic
    found = _share(values, groups, draws=50)
    assert pytest.approx(3 * (F - 1) / (3 * (F - 1) + 80)) == found["estimate"]
    assert (80, 4) == (found["articles"], found["groups"])


@pytest.mark.parametrize(("effect", "truth"), [(0.0, 0.0), (2.0, 4 * (361 - 1) / 12 / 361 / (1 + 4 * 360 / 12 / 361))])
def test_the_interval_of_a_variance_share_holds_the_truth(effect, truth):
    """With 19 groups, where drawing articles again adds variance between groups: at least nine times in ten."""
    rng = np.random.default_rng(11)
    hits = 0
    for seed in range(20):
        found = _share(*_grouped(rng, 220, 19, effect), draws=100, seed=seed)
        hits += found["lower"] <= truth <= found["upper"]
    assert hits >= 17


def test_two_groupings_are_compared_on_the_same_articles_and_draws():
    """An article outside one grouping is in neither; a grouping differs from itself by nothing, with no width."""
    values, groups = _grouped(np.random.default_rng(5), 60, 3, 2.0)
    holes = groups.astype("float64").mask(groups.index < 4)
    values[4] = np.nan
    table = variance_shares(values, {"one": groups, "two": holes}, draws=50)
    assert [55] * 3 == table["articles"].to_list()
    alone = _share(values[5:], groups[5:], draws=50)
    assert pytest.approx(alone["estimate"]) == table.loc["one", "estimate"] == table.loc["two", "estimate"]
    assert [0, 0, 0] == table.loc["difference", ["estimate", "lower", "upper"]].to_list()


def test_entity_frequency_of_plain_texts():
    """By hand: a full name holds no second mention; case counts where the alias has a capital; order is kept."""
    texts = ["Pedro Castillo and Congress. CASTILLO? castillo!", "Castillo called it a Golpe.", "Nothing is here."]
    aliases = {"coup": ["golpe"], "Castillo": ["Pedro Castillo", "Castillo"], "nobody": ["Nobody"]}
    table = entity_frequency(texts, aliases, language="es")
    assert ["coup", "Castillo", "nobody"] == list(table["entity"])
    assert [1, 2, 0] == list(table["articles"])
    assert [1, 2, 0] == list(table["mentions"])
    np.testing.assert_allclose(table["per_1000_words"], 1000 * np.array([1, 2, 0]) / (6 + 5 + 3))
    for row in table.itertuples():
        expected = stats.binomtest(row.articles, 3).proportion_ci(0.95, method="wilson")
        assert pytest.approx((row.articles / 3, *expected), abs=1e-9) == (row.share, row.lower, row.upper)


@pytest.mark.parametrize(("texts", "aliases"), [("one text", {"x": ["X"]}), (["one"], {"x": "X"})])
def test_entity_frequency_refuses_a_bare_string(texts, aliases):
    with pytest.raises(TypeError, match="not one str"):
        entity_frequency(texts, aliases)


def test_entity_frequency_without_texts_or_entities():
    assert entity_frequency([], {"x": ["X"]})["share"].isna().all()
    assert entity_frequency(["a"], {}).empty


def test_a_single_group_has_no_share_of_variance_and_nothing_is_compared_with_it():
    rng = np.random.default_rng(5)
    values, topics = pd.Series(rng.normal(size=40)), pd.Series(list("abcd") * 10)
    table = variance_shares(values, {"topic": topics, "outlet": pd.Series(["one"] * 40)}, draws=50)
    columns = ["estimate", "lower", "upper"]
    assert table.loc[["outlet", "difference"], columns].isna().all(axis=None)
    assert table.loc["topic", columns].notna().all()
