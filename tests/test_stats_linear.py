"""Analytic intervals and p against resampling, enumeration, and formulas of sampling theory."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats

from analysis.stats.difference import difference
from analysis.stats.keyness import log_odds
from analysis.stats.linear import drawn_moments, membership, tail_p
from analysis.study.words import Words

NUMBERS = ["lower", "upper", "z", "p", "detectable"]


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
    table = difference(values, group=ids[:10], reference=ids[10:], method="analytic", adjustments=["raw"])
    assert 0.3 < table["p"][0] / exact < 3


def test_unstratified_variance_by_hand():
    """Two means: s²/n + s²/m with n - 1; the spread without a difference is S √(1/n + 1/m)."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=30)
    ids = [f"a{i:02}" for i in range(30)]
    options = {"group": ids[:12], "reference": ids[12:], "kind": "mean", "adjustments": ["raw"], "method": "analytic"}
    row = difference(pd.DataFrame({"x": x}, index=ids), **options).iloc[0]
    error = math.sqrt(x[:12].var(ddof=1) / 12 + x[12:].var(ddof=1) / 18)
    assert pytest.approx(error) == row["estimate"] / row["z"]
    half = stats.t.isf(0.025, 11) * error
    assert pytest.approx((row["estimate"] - half, row["estimate"] + half)) == (row["lower"], row["upper"])
    spread = x.std(ddof=1) * math.sqrt(1 / 12 + 1 / 18)
    assert pytest.approx((stats.norm.isf(0.025) + stats.norm.isf(0.2)) * spread) == row["detectable"]


def test_copies_are_one_article():
    """Every article four times, its copies known: the interval of the articles alone, nearly."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=60)
    once = [f"a{i:02}" for i in range(60)]
    four = [f"{name}-{k}" for name in once for k in range(4)]
    widths = []
    for ids, values, blocks in ((once, x, None), (four, np.repeat(x, 4), np.repeat(range(60), 4))):
        half = len(ids) // 2
        row = difference(
            pd.DataFrame({"x": values}, index=ids), group=ids[:half], reference=ids[half:], kind="mean",
            blocks=None if blocks is None else pd.Series(blocks, index=ids), method="analytic", adjustments=["raw"],
        ).iloc[0]  # fmt: skip
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


def test_membership_adds_up_what_has_one_code():
    assert [[4.0], [2.0], [0.0]] == (membership(np.array([0, 1, 0]), 3) @ np.array([[1.0], [2.0], [3.0]])).tolist()


@pytest.mark.slow
def test_words_without_draws_are_near_those_with_draws():
    ids, period, blocks, rng = _corpus(2_000, 300)
    base = np.exp(rng.uniform(np.log(0.02), np.log(0.3), 60)) * np.where(np.arange(2_000) < 300, 1.15, 1)[:, None]
    there = rng.random((2_000, 60)) < base
    counts = there * (1 + rng.negative_binomial(1, 0.5, there.shape))
    forms = np.array(["other", *(f"w{n:02}" for n in range(60))], object)
    words = Words(forms, sparse.csc_array(np.column_stack([rng.poisson(40, len(ids)), counts])))
    common = {
        "target": range(300), "reference": range(300, 2_000),
        "prior": dict(zip(forms, words.uses / words.uses.sum() * 500, strict=True)),
        "strata": period.reset_index(drop=True), "blocks": blocks.reset_index(drop=True),
    }  # fmt: skip
    drawn = log_odds(words, draws=4_000, method="resampling", **common).set_index("feature")
    direct = log_odds(words, method="analytic", **common).set_index("feature").loc[drawn.index]
    np.testing.assert_allclose(drawn[["estimate", "z"]], direct[["estimate", "z"]])
    ratio = (direct["upper"] - direct["lower"]) / (drawn["upper"] - drawn["lower"])
    # Of words that the target has hardly at all the logarithm is far from linear, and draws know it.
    ratio = ratio[drawn["count"] >= 15]
    assert len(ratio) > 40
    assert ((ratio > 0.8) & (ratio < 1.15)).all()
    small = (drawn["p"] < 0.1) & (drawn["p"] > 2 / 4_000)  # smaller ones draws cannot tell apart
    assert small.sum() >= 5
    assert (np.abs(np.log(direct["p"][small] / drawn["p"][small])) < 0.7).all()
