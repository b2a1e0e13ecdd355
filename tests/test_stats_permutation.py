"""p of changing sides: exact, drawn and by moments, against enumeration of all arrangements and Fisher's test."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.stats import permutation
from analysis.stats.inference import adjust_p, build_design, observe
from analysis.stats.permutation import (
    FIRST_DRAWS,
    ROUNDS,
    Units,
    draw_until_clear,
    exact_p,
    extreme_draws,
    moments_p,
    share_p,
    units_of,
)


def _units(value, side, stratum, weight=None):
    value = np.reshape(np.asarray(value, float), (len(side), -1))
    mass = np.ones((len(side), 1)) if weight is None else np.reshape(np.asarray(weight, float), (len(side), -1))
    return Units(np.array(side), np.array(stratum), value, mass)


def _arrangements(side, stratum):
    """Every way to give the units of each stratum as many places in the group as they have."""
    side, stratum = np.array(side), np.array(stratum)
    members = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    for ways in itertools.product(*(itertools.combinations(some, int(side[some].sum())) for some in members)):
        label = np.zeros(len(side))
        label[[place for way in ways for place in way]] = 1
        yield label


SMALL = st.integers(2, 4).flatmap(
    lambda half: st.tuples(
        st.permutations([1, 0] * half).map(list),
        st.lists(st.integers(0, 1), min_size=2 * half, max_size=2 * half),
        st.lists(st.integers(-6, 6), min_size=2 * half, max_size=2 * half),
    )
)


@given(st.integers(1, 30), st.integers(1, 40), st.data())
def test_exact_p_of_one_stratum_is_fishers(n, m, data):
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    seen, events, drawn, size = (np.array([number], float) for number in (a, a + b, n, n + m))
    p, least = exact_p(seen, *(part[None] for part in (events, drawn, size)))
    assert pytest.approx(stats.fisher_exact([[a, n - a], [b, m - b]])[1], rel=1e-6) == p[0]
    assert least[0] <= p[0] * (1 + 1e-7)


@settings(max_examples=40, deadline=None)
@given(SMALL)
def test_exact_p_over_strata_is_that_of_all_arrangements(case):
    """Arrangements counted by how many of the group have it; their chances summed where no likelier than the seen."""
    side, stratum, numbers = case
    value = [float(number > 1) for number in numbers]
    units = _units(value, side, stratum)
    counts = [round(label @ units.value[:, 0]) for label in _arrangements(side, stratum)]
    chance = np.bincount(counts) / len(counts)
    seen = chance[round(np.array(side) @ units.value[:, 0])]
    p, least = share_p(units)
    assert pytest.approx(chance[chance <= seen * (1 + 1e-7)].sum()) == p[0]
    assert pytest.approx(chance[(chance > 0) & (chance <= chance[chance > 0].min() * (1 + 1e-7))].sum()) == least[0]


@settings(max_examples=15, deadline=None)
@given(SMALL, st.integers(0, 99))
def test_drawn_p_is_near_that_of_all_arrangements(case, seed):
    """Five standard errors of 4,000 draws; of shares alike: by the size of the numerator."""
    side, stratum, numbers = case
    units = _units(numbers, side, stratum)
    every = np.array([label @ units.residual[:, 0] for label in _arrangements(side, stratum)])
    exact = np.mean(np.abs(every) >= abs(units.side @ units.residual[:, 0]) - 1e-9)
    drawn = extreme_draws(units, 4_000, (seed,))[0] / 4_000
    assert pytest.approx(exact, abs=5 * math.sqrt(exact * (1 - exact) / 4_000) + 1e-12) == drawn


def test_copies_of_one_side_count_once_and_as_their_earliest():
    """Six articles of the group are copies of one text: it is one of four, not six of nine."""
    value = np.r_[np.ones(6), np.zeros(3), np.zeros(20)]
    block = np.r_[np.zeros(6, int), np.arange(1, 24)]
    data = observe(build_design(np.arange(9), np.arange(9, 29), None, block), value[:, None])
    p, _ = share_p(units_of(data, once=True))
    assert pytest.approx(stats.fisher_exact([[1, 3], [0, 20]])[1]) == p[0]


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e6 + 0.1])
def test_equal_values_leave_nothing_to_test(value):
    units = _units(np.full(24, value), [1] * 9 + [0] * 15, [0, 1, 2] * 8, np.full(24, 0.7))
    assert (units.residual == 0).all()
    assert math.isnan(moments_p(units)[0][0])


def test_draws_are_the_same_whatever_else_is_asked_for():
    rng = np.random.default_rng(1)
    value, weight = rng.normal(size=(30, 3)), (rng.random((30, 3)) < 0.7).astype(float)
    side, stratum = [1] * 10 + [0] * 20, [0, 1] * 15
    together = extreme_draws(_units(value * weight, side, stratum, weight), 500, (3, 1))
    alone = [
        extreme_draws(_units(value[:, k] * weight[:, k], side, stratum, weight[:, k]), 500, (3, 1))[0] for k in range(3)
    ]
    assert list(together) == alone


def test_more_units_than_are_drawn_keep_their_p(monkeypatch):
    monkeypatch.setattr(permutation, "LARGE", 9)
    monkeypatch.setattr(permutation, "FEW", 6)
    some = _units([1, 2, 3, 4, 5, 6, 0, 0, 0, 0], [1] * 5 + [0] * 5, [0] * 10, [1] * 6 + [0] * 4)
    assert not np.isnan(extreme_draws(some, 100, (1,))).any()
    assert np.isnan(extreme_draws(_units(np.arange(10), [1] * 5 + [0] * 5, [0] * 10), 100, (1,))).all()
    p, drawn, undecided = draw_until_clear(
        np.array([0.01, 0.2]), np.array([True, True]), np.array(["a", "a"]), lambda rows, *_: np.full(len(rows), np.nan)
    )
    assert [0.01, 0.2] == list(p)
    assert not drawn.any()
    assert not undecided.any()


def _coins(chances, seed):
    """Draws whose chances of being extreme are known."""
    rng = np.random.default_rng(seed)
    return lambda rows, draws, _: rng.binomial(draws, np.asarray(chances)[rows]).astype(float)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0.0, 1e-5, 0.001, 0.01, 0.2, 0.7]), min_size=1, max_size=12), st.integers(0, 999))
def test_draws_end_where_all_arrangements_would(chances, seed):
    """Each that is decided is on the side of its threshold on which its true p puts it."""
    chances = np.array(chances)
    family = np.where(np.arange(len(chances)) % 3 == 0, "a", "b")
    start, everything = np.full(len(chances), 0.5), np.ones(len(chances), bool)
    p, drawn, undecided = draw_until_clear(start, everything, family, _coins(chances, seed))
    assert drawn.all()
    for name in set(family):
        some = family == name
        truth, found = adjust_p(chances[some]) <= 0.05, adjust_p(p[some]) <= 0.05
        clear = ~undecided[some]
        assert (truth == found)[clear].all()


def test_a_chance_at_its_threshold_is_undecided_after_the_most_draws():
    calls = []

    def at_threshold(rows, draws, number):
        calls.append(draws)
        return np.full(len(rows), round(0.05 * draws), float)

    p, _, undecided = draw_until_clear(np.array([0.5]), np.array([True]), np.array(["a"]), at_threshold)
    assert [FIRST_DRAWS * 2**number for number in range(ROUNDS)] == calls
    assert [True] == list(undecided)
    assert pytest.approx(0.05, rel=1e-3) == p[0]
