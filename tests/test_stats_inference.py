"""q and families, intervals and moments, against enumeration and formulas of sampling theory."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.stats.difference import difference
from analysis.stats.inference import adjust_p, can_pass, drawn_moments


def test_q_of_the_example_of_benjamini_and_hochberg_1995():
    """Fifteen p values; at 5 % the four smallest are rejected. The largest p·15/rank below 0.05 is 0.0095·15/4."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    q = adjust_p(np.array(p))
    assert 4 == (q <= 0.05).sum()
    assert pytest.approx([0.0015, 0.003, 0.0095, 0.035625]) == q[:4]


@given(st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), max_size=30))
def test_q_agrees_with_scipy_and_is_never_below_p(p):
    q, known = adjust_p(np.array(p)), ~np.isnan(p)
    assert (np.isnan(q) == ~known).all()
    if known.any():
        np.testing.assert_allclose(q[known], stats.false_discovery_control(np.array(p)[known]))
        assert (q[known] >= np.array(p)[known]).all()


def test_tests_that_could_never_pass_are_no_part_of_their_family_by_hand():
    """Gilbert's k: at 1 three reach 0.05, at 2 three 0.025, at 3 three 0.0167, which is no more than 3."""
    least = [0.001, 0.01, 0.016, 0.03, 0.2]
    assert [True, True, True, False, False] == list(can_pass(np.array(least)))
    assert can_pass(np.array([np.nan, 0.0])).all()
    assert not can_pass(np.array([0.06, 1.0])).any()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_what_a_family_without_rare_tests_finds_is_never_less(least):
    """Each p at its smallest: leaving out what cannot pass makes no q larger."""
    able = can_pass(np.array(least))
    q, alone = adjust_p(np.array(least)), adjust_p(np.where(able, least, np.nan))
    assert (alone[able] <= q[able] + 1e-12).all()
    assert (q[~able] > 0.05).all()


@given(st.lists(st.integers(-9, 9), min_size=3, max_size=8), st.data())
def test_moments_of_a_drawn_sum_by_enumeration(numbers, data):
    drawn = data.draw(st.integers(1, len(numbers) - 1))
    sums = [sum(chosen) for chosen in itertools.combinations(numbers, drawn)]
    powers = [np.array([[sum(x**k for x in numbers)]], float) for k in (1, 2, 3)]
    found = drawn_moments(np.array([[len(numbers)]]), np.array([[drawn]]), powers)
    expected = np.mean(sums), np.var(sums), np.mean((sums - np.mean(sums)) ** 3)
    np.testing.assert_allclose([moment[0] for moment in found], expected, atol=1e-8)


def test_unstratified_variance_by_hand():
    """Two means: s²/n + s²/m with n - 1; the spread without a difference is S √(1/n + 1/m)."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=30)
    ids = [f"a{i:02}" for i in range(30)]
    options = {"group": ids[:12], "reference": ids[12:], "kind": "mean", "draws": 0}
    row = difference(pd.DataFrame({"x": x}, index=ids), **options).iloc[0]
    error = math.sqrt(x[:12].var(ddof=1) / 12 + x[12:].var(ddof=1) / 18)
    assert pytest.approx(error) == row["estimate"] / row["z"]
    half = stats.t.isf(0.025, 11) * error
    assert pytest.approx((row["estimate"] - half, row["estimate"] + half)) == (row["lower"], row["upper"])
    spread = x.std(ddof=1) * math.sqrt(1 / 12 + 1 / 18)
    assert pytest.approx((stats.norm.isf(0.025) + stats.norm.isf(0.2)) * spread) == row["detectable"]
