"""Omnibus tests against permutations drawn one by one."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.stats.omnibus import omnibus_p


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
