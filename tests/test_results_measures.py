"""Measures ready to compare, weights by which articles are left out or outlets weigh the same, groups of outlets."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis import load_study
from analysis.errors import EmptyGroup
from analysis.report.estimates import table_of_groups
from analysis.results.groups import group_differences, group_sentence
from analysis.results.measures import (
    EQUAL,
    Measured,
    comparable,
    equal_weights,
    heads,
    match_sentence,
    measured,
    measures,
    untested_reasons,
    without_copies,
)
from analysis.stats import outlet_groups
from analysis.stats.inference import build_design, observe
from analysis.study import selection

ORDER = ["actor-share", "actor-rate", "label-share", "label-share-own", "sentiment", "targeted-sentiment"]


def _made(outlets, values, kind="share"):
    """A measure of articles made up here, g those of the group."""
    inside, articles = np.array(outlets) == "g", pd.DataFrame({"outlet": outlets})
    data = observe(build_design(np.flatnonzero(inside), np.flatnonzero(~inside)), np.array(values, float)[:, None])
    facts = {"reference": "other outlets"}
    return Measured(kind, ["x"], data, articles["outlet"].to_numpy(object), articles.rename("a{}".format), facts)


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


def test_with_equal_weights_the_reference_is_the_mean_of_its_outlets():
    """a: 8 of 10, b: 1 of 5, c has too few to have a mean; (0.8 + 0.2) / 2 instead of 9 of 15."""
    outlets = ["g"] * 5 + ["a"] * 10 + ["b"] * 5 + ["c"] * 2
    one = _made(outlets, [1, 1, 0, 0, 0] + [1] * 8 + [0] * 2 + [1] + [0] * 4 + [1, 1])
    weight = equal_weights(one)
    assert pytest.approx(0.5) == np.average(one.data.value[5:, 0], weights=weight[5:])
    row = one.reweighted(weight, ["x"], reference=EQUAL).iloc[0]
    assert pytest.approx(2 / 5 - 0.5) == row["estimate"]
    assert row["lower"] < row["estimate"] < row["upper"]
    assert (2, 9, 5, 15) == tuple(row[["count", "reference_count", "articles", "reference_articles"]])
    assert (EQUAL, "standardized") == (row["reference"], row["adjustment"])
    assert row[["p", "q", "detectable", "effect"]].isna().all()


def test_weight_zero_is_an_article_less():
    """Of a mean, with a value missing: as if the outlet b were not there."""
    outlets, values = ["g"] * 6 + ["a"] * 8 + ["b"] * 6, [1, 2, 3, 4, 5, np.nan, *range(8), *[50] * 6]
    one, few = _made(outlets, values, "mean"), _made(outlets[:14], values[:14], "mean")
    columns = ["estimate", "count", "reference_count", "articles", "reference_articles"]
    expected = few.compare().query("adjustment == 'standardized'")[columns].reset_index(drop=True).iloc[0]
    found = one.reweighted((one.outlets != "b").astype(float), ["x"])[columns].iloc[0]
    pd.testing.assert_series_equal(expected, found)
    assert (5, 8) == (expected["count"], expected["reference_count"])


def test_copies_are_left_out_where_there_are_any(small_study):
    head = heads(small_study)
    for name in ("actor-share", "sentiment"):
        one = measured(small_study, name, "title", "north")
        weight, every = without_copies(small_study, one), one.articles.index[one.data.design.article]
        assert (every[head[every] != every]).equals(every[:0] if weight is None else every[weight == 0])
    assert any(head != head.index)


def test_the_earliest_copy_on_either_side_is_kept(small_study):
    """All three copy an article that nobody here has: the first of them stands for all; a copy of the group's goes."""
    one = _made(["g"] * 5 + ["a"] * 6, [1.0] * 11)
    ids = one.articles.index
    one.articles["published"] = pd.date_range("2022-12-08", periods=11, tz="UTC")
    block = np.array([0, 1, 2, 3, 4, 5, 5, 5, 0, 6, 7])
    data = replace(one.data, design=replace(one.data.design, block=block))
    head = pd.Series(ids, index=ids)
    head.iloc[5:8], head.iloc[8] = "elsewhere", ids[0]
    study = replace(small_study, derived={"REPRINTS": pd.DataFrame({"article": ids, "head": head.to_numpy()})})
    weight = without_copies(study, replace(one, data=data))
    assert [1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1] == weight.tolist()


@pytest.mark.slow
def test_articles_are_matched_by_any_columns_of_theirs(small_study):
    """North has nothing to match on the 7th; with sub-events beside periods what is lost is told."""
    settings = small_study.settings
    for match, strata in (((), 1), (("period",), 2), (("subevent", "language"), 4)):
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
    assert (
        "Articles are compared with others of the same period and sub-event. For some there are none, so they do not "
        "count: 2 of 8 of The North." == match_sentence(study)
    )
    assert "" == match_sentence(small_study)


def test_what_is_not_tested_has_its_own_reason():
    tests = ["few articles", "not matched", "few articles", "cannot pass"]
    expected = "1 without articles of both sides to match, 2 in too few articles and 1 too rare to show any difference"
    assert expected == untested_reasons(pd.DataFrame({"test": tests}))
    assert "" == untested_reasons(pd.DataFrame({"q": [1.0]}))


@pytest.fixture
def few_outlets_do(monkeypatch):
    """As if one outlet with one article were enough on each side."""
    for name in ("LEAST_TESTED_OUTLETS", "LEAST_ARTICLES", "LEAST_WITH_VALUE"):
        monkeypatch.setattr(outlet_groups, name, 1)


@pytest.mark.slow
def test_seventeen_outlets_cannot_stand_for_their_countries():
    study = load_study("castillo-2022")
    table = group_differences(study, "country")
    assert table.empty
    text = group_sentence(study, "country", table)
    assert text.startswith("Whether country matters cannot be tested: that takes 10 outlets with 20 articles on each")
    assert "GB (" in text and "US (" in text
    assert table_of_groups(study, table) is None


def test_counts_are_those_of_observed_articles_of_outlets_in_a_reference(small_study, few_outlets_do):
    table = group_differences(small_study, "country")
    assert len(table)
    chosen = selection.select(small_study)
    countries = small_study.outlets.set_index("outlet")["country"]
    named = selection.counts(chosen, "actors", ["pedro-castillo"])["pedro-castillo"] > 0
    row = table[table["value"] == "pedro-castillo"].iloc[0]
    counts = {True: [0, 0], False: [0, 0]}
    for article, outlet, observed in chosen.articles[["outlet", "observed"]].itertuples():
        if observed and outlet in small_study.reference_outlets:
            counts[countries[outlet] == row["group"]][0] += named[article]
            counts[countries[outlet] == row["group"]][1] += 1
    assert [*counts[True], *counts[False]] == list(row[["count", "articles", "other_count", "other_articles"]])
    assert "here" in table_of_groups(small_study, table).html
