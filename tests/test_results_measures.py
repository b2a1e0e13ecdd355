"""Measures ready to compare, and the weights by which articles are left out or every outlet weighs the same."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.errors import EmptyGroup
from analysis.results.measures import (
    EQUAL,
    Measured,
    comparable,
    equal_weights,
    heads,
    match_sentence,
    matched_articles,
    measured,
    measures,
    untested_reasons,
    without_copies,
)
from analysis.stats.design import build_design, observe
from analysis.study import selection

ORDER = ["actor-share", "actor-rate", "label-share", "label-share-own", "sentiment", "targeted-sentiment"]


def _made(study, outlets, values, kind="share"):
    """A measure of articles made up here, g those of the group."""
    ids = np.array([f"{outlet}{n}" for n, outlet in enumerate(outlets)])
    chosen = selection.Selection("lede", pd.DataFrame({"outlet": outlets}, index=ids), np.arange(len(ids)), study.store)
    inside = np.array(outlets) == "g"
    data = observe(build_design(np.flatnonzero(inside), np.flatnonzero(~inside)), np.array(values, float)[:, None])
    return Measured(kind, ["x"], data, chosen, {"reference": "other outlets"})


def test_every_measure_is_there_in_the_outlets_language(small_study):
    found = [one.facts for one in measures(small_study, "lede", "north")]
    names = [facts["measure"] for facts in found]
    assert names == [name for name in ORDER if name in names]
    assert {"actor-share", "actor-rate", "sentiment"} <= set(names)
    assert ["mul", *["en"] * (len(found) - 1)] == [facts["language"] for facts in found]


def test_an_outlet_of_another_language_is_compared_in_whom_it_names(small_study):
    assert ["actor-share"] == [one.facts["measure"] for one in measures(small_study, "title", "north", "wschod")]
    with pytest.raises(EmptyGroup):
        comparable(small_study, "title", "north", "wschod", language="en")


def test_with_equal_weights_the_reference_is_the_mean_of_its_outlets(small_study):
    """a: 8 of 10, b: 1 of 5, c has too few to have a mean; (0.8 + 0.2) / 2 instead of 9 of 15."""
    outlets = ["g"] * 5 + ["a"] * 10 + ["b"] * 5 + ["c"] * 2
    one = _made(small_study, outlets, [1, 1, 0, 0, 0] + [1] * 8 + [0] * 2 + [1] + [0] * 4 + [1, 1])
    weight = equal_weights(one)
    assert pytest.approx(0.5) == np.average(one.data.value[5:, 0], weights=weight[5:])
    row = one.reweighted(weight, ["x"], reference=EQUAL).iloc[0]
    assert pytest.approx(2 / 5 - 0.5) == row["estimate"]
    assert row["lower"] < row["estimate"] < row["upper"]
    assert (2, 9, 5, 15) == tuple(row[["count", "reference_count", "articles", "reference_articles"]])
    assert (EQUAL, "standardized") == (row["reference"], row["adjustment"])
    assert row[["p", "q", "detectable", "effect"]].isna().all()


def test_one_outlet_makes_no_mean_of_outlets(small_study):
    assert equal_weights(_made(small_study, ["g"] * 5 + ["a"] * 9 + ["b"] * 4, [1.0] * 18)) is None


def test_weight_zero_is_an_article_less(small_study):
    """Of a mean, with a value missing: as if the outlet b were not there."""
    outlets, values = ["g"] * 6 + ["a"] * 8 + ["b"] * 6, [1, 2, 3, 4, 5, np.nan, *range(8), *[50] * 6]
    one, few = _made(small_study, outlets, values, "mean"), _made(small_study, outlets[:14], values[:14], "mean")
    columns = ["estimate", "count", "reference_count", "articles", "reference_articles"]
    expected = few.compare(adjustments=["standardized"])[columns].iloc[0]
    found = one.reweighted((one.outlets != "b").astype(float), ["x"])[columns].iloc[0]
    pd.testing.assert_series_equal(expected, found)
    assert (5, 8) == (expected["count"], expected["reference_count"])


def test_copies_are_left_out_where_there_are_any(small_study):
    head = heads(small_study)
    for name in ("actor-share", "sentiment"):
        one = measured(small_study, name, "title", "north")
        weight, every = without_copies(small_study, one), one.chosen.articles.index[one.data.design.article]
        assert (every[head[every] != every]).equals(every[:0] if weight is None else every[weight == 0])
    assert any(head != head.index)


def test_the_earliest_copy_on_either_side_is_kept(small_study):
    """All three copy an article that nobody here has: the first of them stands for all; a copy of the group's goes."""
    one = _made(small_study, ["g"] * 5 + ["a"] * 6, [1.0] * 11)
    ids = one.chosen.articles.index
    one.chosen.articles["published"] = pd.date_range("2022-12-08", periods=11, tz="UTC")
    block = np.array([0, 1, 2, 3, 4, 5, 5, 5, 0, 6, 7])
    data = replace(one.data, design=replace(one.data.design, block=block))
    head = pd.Series(ids, index=ids)
    head.iloc[5:8], head.iloc[8] = "elsewhere", ids[0]
    study = replace(small_study, derived={"REPRINTS": pd.DataFrame({"article": ids, "head": head.to_numpy()})})
    weight = without_copies(study, replace(one, data=data))
    assert [1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1] == weight.tolist()


def test_articles_are_matched_by_any_columns_of_theirs(small_study):
    """North has nothing to match on the 7th; with sub-events beside periods what is lost is told."""
    settings = small_study.settings
    for match, strata in (((), 1), (("period",), 2), (("period", "subevent"), 2), (("subevent", "language"), 4)):
        study = replace(small_study, settings=settings.model_copy(update={"match": match}), derived={})
        chosen, design = comparable(study, "lede", "north", None)
        expected = chosen.articles.iloc[design.article].groupby(list(match) or (lambda _: 0)).ngroups
        assert expected == design.strata <= strata


def test_what_cannot_be_matched_is_told(small_study):
    articles = small_study.articles.copy()
    articles.loc[articles["article"].isin(["north-2", "north-3"]), "subevent"] = "background"
    settings = small_study.settings.model_copy(update={"match": ("period", "subevent")})
    study = replace(small_study, settings=settings, derived={})
    vars(study)["articles"] = articles
    assert (8, 2) == tuple(matched_articles(study).loc["north"])
    assert (
        "Articles are compared with others of the same period and sub-event. For some there are none, so they do not "
        "count: 2 of 8 of The North." == match_sentence(study)
    )
    assert "" == match_sentence(small_study)


def test_what_is_not_tested_has_its_own_reason():
    tests = ["few articles", "not matched", "few articles", "cannot pass"]
    expected = (
        "1 without articles of both sides to match, 2 in too few articles and 1 too rare to show any difference"
    )
    assert expected == untested_reasons(pd.DataFrame({"test": tests}))
    assert "" == untested_reasons(pd.DataFrame({"q": [1.0]}))
