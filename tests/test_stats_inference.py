"""q, p and intervals from draws; analytic ones against resampling, enumeration, and formulas of sampling theory."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.difference import difference
from analysis.stats.inference import (
    LARGE,
    adjust_p,
    drawn_moments,
    is_analytic,
    monte_carlo_error,
    permutation_p,
    spread_of,
    tail_p,
)


def test_q_of_the_example_of_benjamini_and_hochberg_1995():
    """Fifteen p values; at 5 % the four smallest are rejected. The largest p·15/rank below 0.05 is 0.0095·15/4."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    q = adjust_p(np.array(p))
    assert 4 == (q <= 0.05).sum()
    assert pytest.approx([0.0015, 0.003, 0.0095, 0.035625]) == q[:4]


def test_q_by_hand_with_ties_and_a_missing_p():
    """0.01·4/1, then 0.02·4/2 = 0.03·4/3 = 0.04, 0.5; what is not tested is no part of the family."""
    assert pytest.approx([0.5, 0.04, 0.04, np.nan, 0.04], nan_ok=True) == adjust_p([0.5, 0.02, 0.03, np.nan, 0.01])


@given(st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), max_size=30))
def test_q_agrees_with_scipy_and_is_never_below_p(p):
    q, known = adjust_p(np.array(p)), ~np.isnan(p)
    assert (np.isnan(q) == ~known).all()
    if known.any():
        np.testing.assert_allclose(q[known], stats.false_discovery_control(np.array(p)[known]))
        assert (q[known] >= np.array(p)[known]).all()


def test_p_is_the_share_among_arrangements_that_have_a_difference():
    """An arrangement with nobody to compare is no evidence against chance."""
    null = np.array([[np.nan] * 90 + [2.0] * 5 + [0.5] * 5])
    assert pytest.approx((5 + 1) / (10 + 1)) == permutation_p(np.array([1.0]), null)[0]


def test_spread_is_of_the_draws_that_have_a_value():
    draws = np.array([[1.0, 2.0, 3.0, np.nan], [np.nan] * 4])
    assert pytest.approx([math.sqrt(2 / 3), math.nan], nan_ok=True) == spread_of(draws)


@pytest.mark.parametrize(
    ("method", "articles", "expected"),
    [("auto", LARGE, False), ("auto", LARGE + 1, True), ("resampling", 10**6, False), ("analytic", 3, True)],
)
def test_only_large_corpora_go_without_draws_unless_asked(method, articles, expected):
    assert expected == is_analytic(method, articles)


def test_the_error_that_is_stated_is_that_of_a_binomial_share():
    shares = np.random.default_rng(1).binomial(10_000, 0.05, 4_000) / 10_000
    assert pytest.approx(shares.std(), rel=0.05) == monte_carlo_error(0.05, 10_000)


def _corpus(n, group, seed=5, copies=0.08):
    """Articles of four periods, some of them copies, a group that wrote at another time than the rest."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"a{i:05}" for i in range(n)])
    late = rng.random(n) < np.where(np.arange(n) < group, 0.7, 0.4)
    period = pd.Series(np.where(late, 2, 0) + rng.integers(0, 2, n), index=ids)
    block = np.arange(n)
    copied = rng.random(n) < copies
    block[copied] = rng.integers(0, n, copied.sum())
    return ids, period, pd.Series(block, index=ids), rng


def _both(kind, values, weights, ids, group, **options):
    common = {"group": list(ids[:group]), "reference": list(ids[group:]), "kind": kind, "weights": weights, **options}
    tables = [difference(values, draws=6_000, method=method, **common) for method in ("resampling", "analytic")]
    return [table.set_index(["adjustment", "feature"]) for table in tables]


@pytest.mark.slow
@pytest.mark.parametrize("group", [60, 300])
@pytest.mark.parametrize("kind", ["share", "ratio", "mean"])
def test_analytic_is_what_resampling_of_two_thousand_articles_gives(kind, group):
    ids, period, blocks, rng = _corpus(2_000, group)
    rate = np.array([0.05, 0.1, 0.02, 0.08])[period]
    size = rng.negative_binomial(3, 3 / 48, len(ids)) + 5.0
    counts = pd.DataFrame({"often": rng.poisson(size * rate), "seldom": rng.poisson(size * rate / 6)}, index=ids)
    weights = None
    if kind == "share":
        values = (counts > 0).astype(float)
    elif kind == "ratio":
        values, weights = counts, pd.Series(size, index=ids)
    else:
        values = pd.DataFrame({"skewed": rng.exponential(size=len(ids))}, index=ids)
        values[rng.random(len(ids)) < 0.2] = np.nan
    drawn, direct = _both(kind, values, weights, ids, group, strata=period, blocks=blocks)
    np.testing.assert_allclose(drawn["estimate"], direct["estimate"])
    width = drawn["upper"] - drawn["lower"]
    for end in ("lower", "upper"):
        assert ((direct[end] - drawn[end]).abs() <= 0.06 * width).all()
    np.testing.assert_allclose(drawn["detectable"], direct["detectable"], rtol=0.05)
    assert ((drawn["p"] - direct["p"]).abs() <= 0.03 + 0.05 * drawn["p"]).all()


def test_a_small_p_is_near_that_of_all_arrangements():
    """Nine of ten against one of ten, 184,756 arrangements: Fisher's exact test, twice its one side."""
    values = pd.DataFrame({"x": [1.0] * 9 + [0.0] + [1.0] + [0.0] * 9}, index=[f"a{i:02}" for i in range(20)])
    ids = list(values.index)
    exact = stats.fisher_exact([[9, 1], [1, 9]])[1]
    table = difference(values, group=ids[:10], reference=ids[10:], method="analytic")
    assert 0.3 < table["p"][0] / exact < 3


def test_unstratified_variance_by_hand():
    """Two means: s²/n + s²/m with n - 1; the spread without a difference is S √(1/n + 1/m)."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=30)
    ids = [f"a{i:02}" for i in range(30)]
    options = {"group": ids[:12], "reference": ids[12:], "kind": "mean", "method": "analytic"}
    row = difference(pd.DataFrame({"x": x}, index=ids), **options).iloc[0]
    error = math.sqrt(x[:12].var(ddof=1) / 12 + x[12:].var(ddof=1) / 18)
    assert pytest.approx(error) == row["estimate"] / row["z"]
    half = stats.t.isf(0.025, 11) * error
    assert pytest.approx((row["estimate"] - half, row["estimate"] + half)) == (row["lower"], row["upper"])
    spread = x.std(ddof=1) * math.sqrt(1 / 12 + 1 / 18)
    assert pytest.approx((stats.norm.isf(0.025) + stats.norm.isf(0.2)) * spread) == row["detectable"]


def test_copies_are_one_article():
    """Every article four times, its copies known: the interval of the articles alone."""
    x, ids = np.random.default_rng(4).normal(size=60), [f"a{i:03}" for i in range(240)]
    widths = []
    for values, blocks in ((x, range(60)), (np.repeat(x, 4), np.repeat(range(60), 4))):
        known, half = ids[: len(values)], len(values) // 2
        sides = {"group": known[:half], "reference": known[half:], "blocks": pd.Series(blocks, index=known)}
        row = difference(pd.DataFrame({"x": values}, index=known), **sides, kind="mean", method="analytic").iloc[0]
        widths.append(row["upper"] - row["lower"])
    assert pytest.approx(widths[0]) == widths[1]


@given(st.lists(st.integers(-9, 9), min_size=3, max_size=8), st.data())
def test_moments_of_a_drawn_sum_by_enumeration(numbers, data):
    drawn = data.draw(st.integers(1, len(numbers) - 1))
    sums = [sum(chosen) for chosen in itertools.combinations(numbers, drawn)]
    powers = [np.array([[sum(x**k for x in numbers)]], float) for k in (1, 2, 3)]
    found = drawn_moments(np.array([[len(numbers)]]), np.array([[drawn]]), powers)
    expected = np.mean(sums), np.var(sums), np.mean((sums - np.mean(sums)) ** 3)
    np.testing.assert_allclose([moment[0] for moment in found], expected, atol=1e-8)


def test_the_tail_without_skewness_is_the_normal_one():
    found = tail_p(np.array([3.0]), np.zeros(1), np.array([4.0]), np.zeros(1))
    assert pytest.approx(2 * stats.norm.sf(1.5)) == found
    assert np.isnan(tail_p(np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1))).all()
