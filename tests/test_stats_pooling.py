"""All outlets at once: omnibus tests against permutations, the mixed logit against quadrature and small steps."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from analysis.stats import pooling
from analysis.stats.pooling import MixedLogit, actor_cells, fit, omnibus_p
from analysis.study import load_study
from analysis.study.selection import select
from analysis.tables import REPRINTS


def cells(named, articles):
    """Counts of outlets × actors × periods (an array of that order) as `fit` takes them."""
    index = pd.MultiIndex.from_product([range(size) for size in np.shape(named)], names=["outlet", "actor", "period"])
    return pd.DataFrame({"named": np.ravel(named), "articles": articles}, index=index).reset_index()


@pytest.fixture(scope="module")
def drawn():
    """Eight outlets, six actors and three periods of 20 articles, with deviations 1 of periods and .5 of outlets."""
    rng = np.random.default_rng(5)
    eta = rng.normal(-1, 1, (1, 6, 1)) + rng.normal(0, 1, (1, 6, 3)) + rng.normal(0, 0.5, (8, 6, 1))
    return cells(rng.binomial(20, special.expit(eta)), 20)


def test_the_marginal_likelihood_is_that_of_quadrature():
    """An intercept and two levels: the integral over all three on a grid."""
    y, n, variance = np.array([9.0, 21.0]), np.array([40.0, 45.0]), np.array([25.0, 0.6])
    one = cells(y[None, :, None], n)
    model = MixedLogit.of(one)
    assert ("actor",) == model.names
    value, _, mode = model.likelihood(variance)
    grid = np.linspace(-12, 12, 121)
    a, b, c = np.meshgrid(grid, grid / 3, grid / 3, indexing="ij")
    eta = np.stack([a + b, a + c])
    loglik = np.tensordot(y, eta, 1) - np.tensordot(n, np.logaddexp(0, eta), 1)
    log = loglik - a**2 / 50 - (b**2 + c**2) / 1.2 - np.log(np.sqrt(2 * np.pi) ** 3 * 5 * 0.6)
    weight = np.exp(log - log.max())
    integral = np.log(weight.sum() * 0.2 * (0.2 / 3) ** 2) + log.max()
    assert integral == pytest.approx(value, abs=0.02)
    spread = np.sqrt(np.diag(model.mode(variance)[1]) * variance[model.component])
    for place, axis in enumerate((a, b, c)):
        mean = (weight * axis).sum() / weight.sum()
        assert mean == pytest.approx(mode[place], abs=0.05)
        assert np.sqrt((weight * (axis - mean) ** 2).sum() / weight.sum()) == pytest.approx(spread[place], rel=0.05)


def test_derivatives_are_those_of_small_steps(drawn):
    model, variance = MixedLogit.of(drawn), np.array([25, 1.2, 0.3, 0.9, 0.2, 0.1])
    slope = model.likelihood(variance)[1]
    for k, step in enumerate(1e-4 * np.eye(6)):
        ends = [model.likelihood(variance + sign * step)[0] for sign in (1, -1)]
        assert (ends[0] - ends[1]) / 2e-4 == pytest.approx(slope[k], rel=1e-4, abs=1e-4)


@pytest.mark.slow
def test_effects_lie_between_nothing_and_what_was_counted_nearer_nothing_with_fewer_articles(drawn):
    effects = fit(drawn).effects
    chance = effects["named"] / effects["articles"]
    assert np.corrcoef(chance - chance.groupby(effects["actor"]).transform("mean"), effects["effect"])[0, 1] > 0.8
    one = (drawn["outlet"] == 0) & (drawn["actor"] == 0)
    few = drawn.assign(named=drawn["named"].mask(one, 0), articles=drawn["articles"].mask(one, 3))
    many = few.assign(articles=few["articles"].mask(one, 40))
    less, more = (fit(table).effects.iloc[0] for table in (few, many))
    assert more["effect"] < less["effect"] < 0
    assert more["sd"] < less["sd"] < fit(few).sd["outlet × actor"]
    assert more["points"] < 0


@pytest.mark.slow
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(seed):
    table = cells([[[3, 5], [1, 0]], [[2, 9], [4, 4]], [[0, 1], [7, 2]]], 10)
    shuffled = fit(table.sample(frac=1, random_state=seed))
    assert fit(table).sd == shuffled.sd
    pd.testing.assert_frame_equal(fit(table).effects, shuffled.effects)


def test_where_nothing_varies_all_is_zero():
    pooled = fit(cells(np.full((4, 3, 2), 5), 20))
    assert {0.0} == set(pooled.sd.values())
    assert (pooled.effects[["effect", "sd", "points"]] == 0).all(axis=None)


@pytest.mark.slow
def test_articles_of_reference_outlets_count_once_for_each_actor_copies_of_an_outlet_once(monkeypatch):
    study = load_study("castillo-2022")
    chosen, table = select(study).articles, actor_cells(study)
    head = study.features(REPRINTS).set_index("article")["head"]
    counted = {
        (row.outlet, head[row.article])
        for row in chosen.itertuples()
        if row.observed and row.outlet in study.reference_outlets
    }
    assert {len(counted)} == set(table.groupby("actor")["articles"].sum())
    monkeypatch.setattr(pooling, "MOST_OUTLETS", 3)
    assert {"al-jazeera", "guardian", "cnn"} == set(actor_cells(study)["outlet"])
    assert {"telesur", "msn"}.isdisjoint(table["outlet"])
    assert (table["named"] <= table["articles"]).all()


def test_p_is_that_of_permutations_within_strata():
    rng = np.random.default_rng(4)
    group, stratum = rng.integers(4, size=80), rng.integers(3, size=80)
    values = (rng.random((80, 3)) < 0.3 + 0.07 * group[:, None]).astype(float)
    for one in range(3):
        values[stratum == one] -= values[stratum == one].mean(axis=0)

    def statistic(codes):
        return sum((values[codes == one].sum(axis=0) ** 2).sum() / (codes == one).sum() for one in range(4))

    drawn = []
    for _ in range(4000):
        codes = group.copy()
        for one in range(3):
            codes[stratum == one] = rng.permutation(codes[stratum == one])
        drawn.append(statistic(codes))
    expected = np.mean(np.array(drawn) >= statistic(group))
    found = omnibus_p(pd.DataFrame(values), pd.Series(group), pd.Series(stratum))
    assert found == pytest.approx(expected, abs=0.015)


def test_where_nothing_varies_there_is_no_p():
    assert math.isnan(omnibus_p(pd.DataFrame({"a": [1.0] * 6}), pd.Series(list("aabbcc")), pd.Series(["x"] * 6)))
