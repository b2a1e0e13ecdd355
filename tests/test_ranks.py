"""How often a first place stays first."""

import numpy as np
import pandas as pd
import pytest

from analysis.stats.ranks import first_places


def _places(values, weights=None, blocks=None, draws=4_000):
    table = pd.DataFrame(values, dtype=float)
    mass = None if weights is None else pd.DataFrame(weights, dtype=float)
    return first_places(table, mass, blocks=pd.Series(blocks or range(len(table))), draws=draws, seed=1)


def test_a_clear_first_is_first_always_and_a_tie_is_shared():
    assert {"a": 1.0, "b": 0.0} == _places({"a": [1] * 40, "b": [0] * 40}).to_dict()
    assert {"a": 0.5, "b": 0.5} == _places({"a": [1, 0] * 9, "b": [1, 0] * 9}).to_dict()


def test_of_two_articles_by_hand():
    """a leads where the first is drawn twice (1/4), b where the second is (1/4), else they tie."""
    assert pytest.approx(0.5, abs=0.03) == _places({"a": [1, 0], "b": [0, 1]})["a"]
    assert pytest.approx(0.75, abs=0.03) == _places({"a": [1, 1], "b": [1, 0]}, draws=8_000)["a"] - 1 / 8


def test_groups_are_ranked_by_their_own_articles():
    """North has it in 9 of 10, south in 30 of 100: more often there, a larger share here."""
    having = np.r_[np.ones(9), np.zeros(1), np.ones(30), np.zeros(70)]
    north = np.r_[np.ones(10), np.zeros(100)]
    places = _places({"north": having * north, "south": having * (1 - north)}, {"north": north, "south": 1 - north})
    assert places["north"] > 0.99


def test_copies_are_drawn_together():
    """Twenty copies of one text are one text: its lead over ten others comes and goes with it."""
    values = {"a": [1] * 20 + [0] * 10, "b": [0] * 20 + [1] * 10}
    assert _places(values)["a"] > 0.95
    assert pytest.approx(1 - (10 / 11) ** 11, abs=0.05) == _places(values, blocks=[0] * 20 + list(range(1, 11)))["a"]


def test_places_add_up_and_nothing_has_none():
    rng = np.random.default_rng(3)
    assert pytest.approx(1) == _places(rng.random((30, 5))).sum()
    assert first_places(pd.DataFrame({"a": []}), blocks=pd.Series(dtype=int)).isna().all()


def test_many_clusters_are_drawn_by_kind_with_the_same_shares(monkeypatch):
    """Two of three columns near each other: how often each is first is that of clusters drawn one by one."""
    rng = np.random.default_rng(3)
    values = pd.DataFrame((rng.random((400, 3)) < [0.5, 0.52, 0.2]).astype(float))
    blocks = pd.Series(rng.integers(350, size=400))
    one_by_one = first_places(values, blocks=blocks, draws=20_000)
    monkeypatch.setattr("analysis.stats.ranks.LARGE", 10)
    by_kind = first_places(values, blocks=blocks, draws=20_000)
    assert pytest.approx(1) == by_kind.sum()
    np.testing.assert_allclose(one_by_one, by_kind, atol=0.02)
    assert 0.05 < by_kind.min() + by_kind[0] < 0.95
