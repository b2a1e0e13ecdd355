"""q, and the parts of resampling that turn draws into intervals and p."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.inference import LARGE, adjust_p, is_analytic, monte_carlo_error, permutation_p, spread_of


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
    assert pytest.approx([math.sqrt(2 / 3), math.nan], nan_ok=True) == spread_of(
        np.array([[1.0, 2.0, 3.0, np.nan], [np.nan] * 4])
    )


@pytest.mark.parametrize(
    ("method", "articles", "expected"),
    [("auto", LARGE, False), ("auto", LARGE + 1, True), ("resampling", 10**6, False), ("analytic", 3, True)],
)
def test_only_large_corpora_go_without_draws_unless_asked(method, articles, expected):
    assert expected == is_analytic(method, articles)


def test_the_error_that_is_stated_is_that_of_a_binomial_share():
    shares = np.random.default_rng(1).binomial(10_000, 0.05, 4_000) / 10_000
    assert pytest.approx(shares.std(), rel=0.05) == monte_carlo_error(0.05, 10_000)
