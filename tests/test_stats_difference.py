"""Differences, their intervals, p and q, and log-odds, against formulas and enumeration."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import tables
from analysis.stats.difference import difference

NUMBERS = ["estimate", "lower", "upper", "z", "p", "effect", "detectable", "count", "reference_count"]


def _ids(n, m):
    return [f"g{i:03d}" for i in range(n)], [f"r{i:03d}" for i in range(m)]


def _compare(group_values, reference_values, **options):
    """Comparison of one feature `x`, values given side by side."""
    group, reference = _ids(len(group_values), len(reference_values))
    values = pd.DataFrame({"x": [*group_values, *reference_values]}, index=[*group, *reference])
    for name in ("strata", "blocks", "weights"):
        if name in options:
            options[name] = pd.Series(options[name], index=values.index)
    return difference(values, group=group, reference=reference, **{"draws": 400, "seed": 3} | options)


def _row(*args, adjustment="raw", **options):
    return _compare(*args, **options).set_index("adjustment").loc[adjustment]


def test_the_table_is_a_comparison_with_two_rows_per_feature():
    table = _compare([1, 0, 1, 1, 0], [0, 0, 1, 0, 0], measure="actor-share", names=("cnn", "rest"))
    assert tables.COMPARISON.names == list(table)
    assert ["raw", "standardized"] == list(table["adjustment"])
    assert [("actor-share", "x", "cnn", "rest", "mul", 5, 5)] * 2 == list(
        table[["measure", "feature", "group", "reference", "language", "articles", "reference_articles"]].itertuples(
            index=False, name=None
        )
    )
    assert table["q"].isna().all()


@pytest.mark.parametrize(
    ("kind", "group", "reference", "weights", "expected"),
    [
        ("share", [1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0], None, 3 / 5 - 1 / 6),
        ("ratio", [3, 0, 1, 0, 0], [1, 1, 0, 0, 0], [2, 1, 1, 1, 1, 1, 2, 1, 1, 1], 4 / 6 - 2 / 6),
        ("portion", [1, 0, 1, 0, 0], [1, 1, 0, 0, 0], [2, 1, 1, 0, 1, 1, 2, 1, 0, 1], 2 / 5 - 2 / 5),
        ("mean", [0.5, np.nan, 0.1, 0.2, 0.2, 0.0], [0.0, 0.1, np.nan, 0.2, 0.3, 0.4], None, 0.0),
    ],
)
def test_raw_estimates_by_hand(kind, group, reference, weights, expected):
    options = {} if weights is None else {"weights": weights}
    assert pytest.approx(expected, abs=1e-10) == _row(group, reference, kind=kind, **options)["estimate"]


@pytest.mark.parametrize("kind", ["share", "mean"])
def test_p_agrees_with_full_enumeration(kind):
    """All 462 ways to choose five of eleven articles, drawn 4,000 times."""
    values = [1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1] if kind == "share" else [9, 7, 6, 8, 2, 3, 5, 1, 4, 0, 7]
    observed = np.mean(values[:5]) - np.mean(values[5:])
    everything = [
        np.mean([values[i] for i in chosen]) - np.mean([values[i] for i in range(11) if i not in chosen])
        for chosen in itertools.combinations(range(11), 5)
    ]
    exact = np.mean(np.abs(everything) >= abs(observed) - 1e-9)
    p = _row(values[:5], values[5:], kind=kind, draws=4_000)["p"]
    assert pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 4_000)) == p


def test_p_within_periods_agrees_with_full_enumeration():
    """Two periods of three against three: 20 · 20 arrangements, each as likely; of equal size, so of equal weight."""
    values = np.array([5, 4, 1, 9, 8, 3, 0, 2, 3, 6, 7, 1])
    ways = list(itertools.combinations(range(6), 3))
    apart = [
        [values[members][list(way)].mean() - np.delete(values[members], way).mean() for way in ways]
        for members in ([0, 1, 2, 6, 7, 8], [3, 4, 5, 9, 10, 11])
    ]
    everything = np.add.outer(*apart) / 2
    exact = np.mean(np.abs(everything) >= abs(everything[0, 0]) - 1e-9)
    row = _row(values[:6], values[6:], kind="mean", strata=list("aaabbb" * 2), draws=4_000, adjustment="standardized")
    assert pytest.approx(everything[0, 0]) == row["estimate"]
    assert pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 4_000)) == row["p"]


def test_an_interval_is_near_scipys_percentile_bootstrap_with_expanded_tails():
    """Level of the t interval for n of the smaller side: Φ(-√(n/(n-1)) t) in either tail (Hesterberg 2015)."""
    rng = np.random.default_rng(2)
    x, y = rng.normal(1, 1, 12), rng.normal(0, 1, 30)
    tail = stats.norm.cdf(-math.sqrt(12 / 11) * stats.t.ppf(0.975, 11))
    expected = stats.bootstrap(
        (x, y), lambda a, b, axis: a.mean(axis) - b.mean(axis), method="percentile", vectorized=True,
        n_resamples=9_999, confidence_level=1 - 2 * tail, rng=np.random.default_rng(1),
    )  # fmt: skip
    row = _row(x, y, kind="mean", draws=6_000)
    assert pytest.approx(tuple(expected.confidence_interval), abs=0.08) == (row["lower"], row["upper"])
    assert pytest.approx(row["estimate"] / expected.standard_error, rel=0.05) == row["z"]


@pytest.mark.parametrize(("x", "n", "y", "m"), [(0, 20, 1, 60), (20, 20, 59, 60), (5, 20, 30, 60), (1, 25, 2, 80)])
def test_intervals_of_shares_are_near_agresti_and_caffo(x, n, y, m):
    """Neither none of 20 nor all of 20 is certain."""
    first, second = (x + 1) / (n + 2), (y + 1) / (m + 2)
    half = 1.96 * math.sqrt(first * (1 - first) / (n + 2) + second * (1 - second) / (m + 2))
    row = _row([1] * x + [0] * (n - x), [1] * y + [0] * (m - y), kind="share", draws=3_000)
    assert pytest.approx((first - second - half, first - second + half), abs=0.055) == (row["lower"], row["upper"])
    assert row["lower"] < row["estimate"] < row["upper"]


def test_copies_are_one_article_for_the_interval():
    """Each article four times: with its copies known the interval is as wide as without them, not half."""
    rng = np.random.default_rng(4)
    x, y = list(rng.normal(size=10)), list(rng.normal(size=10))
    blocks = [*np.repeat(range(10), 4), *np.repeat(range(10, 20), 4)]
    once = _row(x, y, kind="mean", draws=2_000)
    known = _row(list(np.repeat(x, 4)), list(np.repeat(y, 4)), kind="mean", draws=2_000, blocks=blocks)
    unknown = _row(list(np.repeat(x, 4)), list(np.repeat(y, 4)), kind="mean", draws=2_000)
    widths = [row["upper"] - row["lower"] for row in (once, known, unknown)]
    assert pytest.approx(widths[0], rel=0.1) == widths[1]
    assert widths[2] < 0.6 * widths[1]
    assert pytest.approx(once["p"], abs=0.06) == known["p"]


@pytest.mark.parametrize(("size", "blocks", "tested"), [(4, None, False), (5, None, True), (5, [0, 0, 1, 2, 3], False)])
def test_fewer_than_five_articles_are_shown_and_not_tested(size, blocks, tested):
    """Copies count once."""
    options = {} if blocks is None else {"blocks": [*blocks, *range(10, 20)]}
    row = _row([1.0, 3.0, 4.0, 2.0, 5.0][:size], list(range(10)), kind="mean", **options)
    assert not math.isnan(row["estimate"])
    assert tested == row[["lower", "upper", "z", "p", "detectable"]].notna().all()
    assert tested == row[["lower", "upper", "z", "p", "detectable"]].notna().any()


def test_effects_by_hand():
    """Cohen's h of 4/5 and 1/5; log of (4 + ½)/8 over (2 + ½)/10; Hedges' g of 1…5 against 3…7, J = 1 - 3/31."""
    h = _row([1, 1, 1, 1, 0], [1, 0, 0, 0, 0], kind="share")
    assert pytest.approx(2 * math.asin(math.sqrt(0.8)) - 2 * math.asin(math.sqrt(0.2))) == h["effect"]
    weights = [2, 2, 2, 1, 1, 2, 2, 2, 2, 2]
    ratio = _row([4, 0, 0, 0, 0], [2, 0, 0, 0, 0], kind="ratio", weights=weights)
    assert pytest.approx(math.log(4.5 / 8) - math.log(2.5 / 10)) == ratio["effect"]
    assert (4, 2) == (ratio["count"], ratio["reference_count"])
    g = _row([1, 2, 3, 4, 5], [3, 4, 5, 6, 7], kind="mean")
    assert pytest.approx(-2 / math.sqrt(2.5) * (1 - 3 / 31)) == g["effect"]
    assert (5, 5) == (g["count"], g["reference_count"])


SIDE = st.lists(st.integers(-20, 20), min_size=1, max_size=8)
PERIODS = st.lists(st.sampled_from("abc"), min_size=16, max_size=16)


@pytest.mark.slow
@settings(max_examples=6)
@given(SIDE, SIDE, PERIODS, st.sampled_from(["mean", "ratio"]))
def test_swapping_group_and_reference_turns_the_sign(x, y, periods, kind):
    """Of raw and standardized estimates alike."""
    x_periods, y_periods = periods[: len(x)], periods[8 : 8 + len(y)]
    weights = [1 + abs(v) % 3 for v in (*x, *y)]
    one = _compare(x, y, kind=kind, strata=x_periods + y_periods, weights=weights, draws=5)
    swapped = weights[len(x) :] + weights[: len(x)]
    two = _compare(y, x, kind=kind, strata=y_periods + x_periods, weights=swapped, draws=5)
    np.testing.assert_allclose(one["estimate"], -two["estimate"], atol=1e-9)


def test_another_seed_moves_nothing_but_a_drawn_p():
    x, y = [5, 3, 8, 1, 4, 6], [2, 0, 3, 5, 1, 1, 4]
    first, again, other = (_compare(x, y, kind="mean", seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert (first["p"] != other["p"]).any()
    pd.testing.assert_frame_equal(first.drop(columns="p"), other.drop(columns="p"))
    shares = [_compare([1, 1, 0, 1, 0], [0, 1, 0, 0, 0, 0], seed=seed) for seed in (1, 2)]
    pd.testing.assert_frame_equal(*shares)


def test_an_interval_goes_by_the_articles_of_periods_that_both_sides_share():
    """Five against five in one period; a hundred more of the group in another tell nothing, four are too few."""
    for shared, tested in ((5, True), (4, False)):
        values = [1.0, 3.0, 4.0, 2.0, 5.0][:shared] + [2.0] * 30
        row = _row(values, list(range(10)), kind="mean", strata=["a"] * shared + ["b"] * 30 + ["a"] * 10,
                   adjustment="standardized")  # fmt: skip
        assert tested == row[["lower", "upper", "p"]].notna().all()
        assert ("drawn" if tested else "few articles") == row["test"]


def test_numbers_do_not_depend_on_the_order_of_articles_nor_on_what_else_is_compared():
    group, reference = _ids(6, 7)
    values = pd.DataFrame(
        np.random.default_rng(1).integers(0, 2, (13, 3)), columns=list("abc"), index=group + reference
    )
    table = difference(values, group=group, reference=reference, draws=100)
    turned = difference(values[::-1], group=group[::-1], reference=set(reference), draws=100)
    pd.testing.assert_frame_equal(table, turned)
    alone = difference(values[["b"]], group=group, reference=reference, draws=100)
    pd.testing.assert_frame_equal(alone, table[table["feature"] == "b"].reset_index(drop=True))


@pytest.mark.parametrize("kind", ["share", "mean"])
def test_numbers_are_the_same_however_many_features_are_compared_at_once(kind, monkeypatch):
    rng = np.random.default_rng(3)
    values = pd.DataFrame(rng.integers(0, 2, (30, 5)), index=[f"a{n:02}" for n in range(30)], columns=list("vwxyz"))
    sides = {"group": values.index[:11], "reference": values.index[11:], "draws": 200}
    whole = difference(values.astype(float), kind=kind, **sides)
    monkeypatch.setattr("analysis.stats.difference._CELLS", 60)
    parts = difference(values.astype(float), kind=kind, **sides)
    order = ["adjustment", "feature"]
    pd.testing.assert_frame_equal(*(one.sort_values(order, ignore_index=True) for one in (whole, parts)))
