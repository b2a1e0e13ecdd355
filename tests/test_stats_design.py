"""Designs: sides laid out by stratum, copies together; the Mantel–Haenszel difference written out."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import EmptyGroup, OverlappingGroups
from analysis.stats.inference import (
    build_design,
    check_groups,
    mantel_haenszel,
    observe,
)


def _plan(group, reference, values=None, weights=None, strata=None, blocks=None):
    ids = [*group, *reference]
    values = pd.DataFrame({"x": [0.0] * len(ids)}, index=ids) if values is None else values
    codes = [None if of is None else pd.factorize(of.loc[ids].fillna(""), sort=True)[0] for of in (strata, blocks)]
    design = build_design(range(len(group)), range(len(group), len(ids)), *codes)
    return observe(design, *(None if table is None else table.loc[ids].to_numpy(float) for table in (values, weights)))


def _difference(plan):
    return mantel_haenszel(*plan.totals)[0]


def test_rows_are_laid_out_by_side_stratum_and_index_whatever_the_order_of_the_request():
    design = build_design([4, 2, 0], [3, 1], np.array([1, 0, 0, 1, 0]))
    assert [2, 4, 0, 1, 3] == design.article.tolist()
    assert [1, 1, 1, 0, 0] == design.side.tolist()
    assert [0, 0, 1, 0, 1] == design.stratum.tolist()


@pytest.mark.parametrize(
    ("group", "reference", "side"), [(["a"], [], "reference 'the others'"), ([], ["a"], "group 'cnn'")]
)
def test_empty_sides_are_refused(group, reference, side):
    with pytest.raises(EmptyGroup, match=f"the {side} holds no article that can be compared"):
        check_groups(group, reference, ("cnn", "the others"))


def test_articles_on_both_sides_are_refused():
    with pytest.raises(OverlappingGroups) as overlap:
        check_groups(["a", "b"], ["b", "c"], ("cnn", "the others"))
    assert ["b"] == list(overlap.value.args[0])


def test_mantel_haenszel_difference_of_two_strata_by_hand():
    """First 2/4 against 1/6, weight 4·6/10 = 2.4; second 1/2 against 3/6, weight 2·6/8 = 1.5: (2.4/3 + 0) / 3.9."""
    group, reference = [f"g{i}" for i in range(6)], [f"r{i:02d}" for i in range(12)]
    having = [1, 1, 0, 0, 1, 0, *[1, 0, 0, 0, 0, 0], *[1, 1, 1, 0, 0, 0]]
    periods = ["p"] * 4 + ["q"] * 2 + ["p"] * 6 + ["q"] * 6
    ids = [*group, *reference]
    plan = _plan(group, reference, pd.DataFrame({"x": having}, index=ids), strata=pd.Series(periods, index=ids))
    assert pytest.approx(0.8 / 3.9) == _difference(plan)[0]
    assert pytest.approx(3 / 6 - 4 / 12) == _difference(replace(plan, design=plan.design.unstratified))[0]


def test_a_stratum_with_one_side_only_says_nothing_and_no_shared_stratum_is_missing():
    ids = ["g1", "g2", "r1", "r2"]
    values = pd.DataFrame({"x": [1.0, 9.0, 0.0, 5.0]}, index=ids)
    plan = _plan(ids[:2], ids[2:], values, strata=pd.Series(["p", "q", "p", None], index=ids))
    assert 1 == _difference(plan)[0]
    plan = _plan(ids[:2], ids[2:], values, strata=pd.Series(["p", "p", "q", "q"], index=ids))
    assert math.isnan(_difference(plan)[0])


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([0, 1, 3]))
def test_differences_are_mantel_and_haenszels_written_out_stratum_by_stratum(seed, weighed):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(2, 20)), 3
    ids, cut = [f"a{i:02d}" for i in range(n)], int(rng.integers(1, n))
    weights = pd.DataFrame(rng.integers(0, 4, (n, weighed)) if weighed else np.ones((n, 1)), index=ids, dtype=float)
    values = pd.DataFrame(rng.normal(size=(n, k)), index=ids)
    strata = pd.Series(rng.integers(0, 3, n).astype(str), index=ids)
    plan = _plan(ids[:cut], ids[cut:], values, weights, strata)
    mass = np.broadcast_to(weights, values.shape)
    counted, top, bottom = values.to_numpy() * (mass > 0), np.zeros(k), np.zeros(k)
    for period in set(strata):
        sides = [np.flatnonzero((strata == period) & (inside == (np.arange(n) < cut))) for inside in (True, False)]
        (a, c), (b, d) = ([table[rows].sum(axis=0) for rows in sides] for table in (counted, mass))
        some = (b > 0) & (d > 0)
        top += np.divide(a * d - c * b, b + d, out=np.zeros(k), where=some)
        bottom += np.divide(b * d, b + d, out=np.zeros(k), where=some)
    expected = np.divide(top, bottom, out=np.full(k, np.nan), where=bottom > 0)
    np.testing.assert_allclose(expected, _difference(plan), atol=1e-9)
