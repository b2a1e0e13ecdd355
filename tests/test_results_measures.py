"""Measures ready to compare, and the weights by which articles are left out or every outlet weighs the same."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import EmptyGroup
from analysis.results.measures import EQUAL, Measured, equal_weights, heads, in_language, measures, without_copies
from analysis.study import selection

ORDER = ["actor-share", "actor-rate", "label-share", "label-share-own", "sentiment", "targeted-sentiment"]


def _made(study, outlets, values, kind="share", weights=None):
    """A measure of articles made up here: the outlets' first letters are the ids'."""
    ids = [f"{outlet}{n}" for n, outlet in enumerate(outlets)]
    articles = pd.DataFrame({"outlet": outlets, "period": "p"}, index=ids)
    chosen = selection.Selection("lede", articles, np.arange(len(ids)), study.store)
    sides = tuple(pd.Index([i for i in ids if i.startswith("g") == inside]) for inside in (True, False))
    table = pd.DataFrame({"x": values}, index=ids, dtype=float)
    return Measured("m", kind, table, weights, sides, ("g", "other outlets"), chosen, "en")


def test_every_measure_is_there_in_the_outlets_language(small_study):
    found = measures(small_study, "lede", "north")
    assert [one.measure for one in found] == [name for name in ORDER if name in {one.measure for one in found}]
    assert {"actor-share", "actor-rate", "sentiment"} <= {one.measure for one in found}
    assert {"mul"} == {one.language for one in found if one.measure == "actor-share"}
    assert {"en"} == {one.language for one in found if one.measure != "actor-share"}


def test_an_outlet_of_another_language_is_compared_in_whom_it_names(small_study):
    assert ["actor-share"] == [one.measure for one in measures(small_study, "title", "north", "wschod")]
    with pytest.raises(EmptyGroup):
        in_language(small_study, "title", "north", "wschod")


def test_with_equal_weights_the_reference_is_the_mean_of_its_outlets(small_study, monkeypatch):
    """a: 8 of 10, b: 1 of 5, c has too few to have a mean; (0.8 + 0.2) / 2 instead of 9 of 15."""
    outlets = ["g"] * 5 + ["a"] * 10 + ["b"] * 5 + ["c"] * 2
    values = [1, 1, 0, 0, 0] + [1] * 8 + [0] * 2 + [1] + [0] * 4 + [1, 1]
    one = _made(small_study, outlets, values)
    weight = equal_weights(one)
    assert pytest.approx(0.5) == np.average(one.values.loc[one.sides[1], "x"], weights=weight[one.sides[1]])
    heads = pd.Series(one.values.index, index=one.values.index)
    monkeypatch.setattr("analysis.results.measures.heads", lambda study: heads)
    row = one.reweighted(small_study, weight, ["x"], reference=EQUAL).iloc[0]
    assert pytest.approx(2 / 5 - 0.5) == row["estimate"]
    assert row["lower"] < row["estimate"] < row["upper"]
    assert (2, 9, 5, 15) == tuple(row[["count", "reference_count", "articles", "reference_articles"]])
    assert (EQUAL, "standardized") == (row["reference"], row["adjustment"])
    assert row[["p", "q", "detectable", "effect"]].isna().all()


def test_one_outlet_makes_no_mean_of_outlets(small_study):
    assert equal_weights(_made(small_study, ["g"] * 5 + ["a"] * 9 + ["b"] * 4, [1.0] * 18)) is None


def test_weight_zero_is_an_article_less(small_study, monkeypatch):
    """Of a mean, with a value missing: as if the outlet b were not there."""
    outlets = ["g"] * 6 + ["a"] * 8 + ["b"] * 6
    values = [1, 2, 3, 4, 5, np.nan] + list(range(8)) + [50] * 6
    one = _made(small_study, outlets, values, kind="mean")
    few = _made(small_study, outlets[:14], values[:14], kind="mean")
    heads = pd.Series(one.values.index, index=one.values.index)
    monkeypatch.setattr("analysis.results.measures.heads", lambda study: heads)
    weight = pd.Series(1.0, index=one.values.index).where(one.chosen.articles["outlet"] != "b", 0.0)
    columns = ["estimate", "count", "reference_count", "articles", "reference_articles"]
    expected = few.compare(small_study, adjustments=["standardized"])[columns].iloc[0]
    pd.testing.assert_series_equal(expected, one.reweighted(small_study, weight, ["x"])[columns].iloc[0])
    assert (5, 8) == (expected["count"], expected["reference_count"])


def test_copies_are_left_out_where_there_are_any(small_study):
    for one in measures(small_study, "title", "north"):
        weight, head = without_copies(small_study, one), heads(small_study)
        every = one.sides[0].append(one.sides[1])
        copies = [article for article in every if head[article] != article]
        assert copies == ([] if weight is None else list(weight.index[weight == 0]))
    assert any(heads(small_study) != heads(small_study).index)
