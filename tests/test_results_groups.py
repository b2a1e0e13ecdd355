"""Groups of outlets: outlets are the unit, and too few of them are refused."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import tables
from analysis.results import groups
from analysis.results.groups import group_differences, group_finding, group_sentence, outlets_of


def _study(study, monkeypatch, values, kinds):
    """As if these outlets' means (periods taken off) and kinds were the study's."""
    index = [f"o{n}" for n in range(len(kinds))]
    means = pd.DataFrame({"pedro-castillo": values}, index=index, dtype=float)
    monkeypatch.setattr(groups, "_outlet_values", lambda *_: (means, pd.Series(kinds, index=index)))
    articles = pd.DataFrame({"outlet": np.repeat(index, 6)})
    monkeypatch.setattr(groups.selection, "select", lambda *_: type("Chosen", (), {"articles": articles}))
    return study


def test_four_outlets_cannot_stand_for_a_country(small_study, monkeypatch):
    study = _study(small_study, monkeypatch, range(10), ["public"] * 4 + ["private"] * 6)
    table = outlets_of(study, "ownership")
    assert {"public": False, "private": False} == table["testable"].to_dict()
    assert group_differences(study, "ownership").empty
    text = group_sentence(study, "ownership")
    assert text.startswith("No group by ownership is tested: a test of outlets wants 5 of them with 5 articles on each")
    assert "private (6 against 4) and public (4 against 6)" in text
    assert "" == group_finding(study, "ownership", group_differences(study, "ownership"))


def test_five_against_five_by_all_arrangements_and_welch(small_study, monkeypatch):
    values = [5.0, 7.0, 6.0, 9.0, 8.0, 1.0, 2.0, 4.0, 3.0, 6.5]
    study = _study(small_study, monkeypatch, values, ["US"] * 5 + ["GB"] * 5)
    row = group_differences(study, "country").set_index("group").loc["country US"]
    every = [
        np.mean([values[i] for i in chosen]) - np.mean([values[i] for i in range(10) if i not in chosen])
        for chosen in itertools.combinations(range(10), 5)
    ]
    observed = np.mean(values[:5]) - np.mean(values[5:])
    assert pytest.approx(np.mean(np.abs(every) >= observed - 1e-9)) == row["p"]
    welch = stats.ttest_ind(values[:5], values[5:], equal_var=False).confidence_interval()
    assert pytest.approx((observed, *welch)) == tuple(row[["estimate", "lower", "upper"]])
    assert (5, 5, 30, 30) == tuple(row[["count", "reference_count", "articles", "reference_articles"]])
    assert "country GB in Pedro Castillo" in group_finding(study, "country", group_differences(study, "country"))


def test_what_cannot_be_told_is_said_with_what_could_have_been_found(small_study, monkeypatch):
    study = _study(small_study, monkeypatch, np.tile([0.0, 1.0], 10) / 4, ["US"] * 10 + ["GB"] * 10)
    table = group_differences(study, "country")
    assert {1.0} == set(table["p"])
    text = group_finding(study, "country", table).replace("\N{NO-BREAK SPACE}", " ")
    assert "None of 2 comparisons of groups by country stands (smallest q = 1.000)" in text
    # 2.8016 · 0.125 · √(1/10 + 1/10) · √(20/19) · 100 = 16.07; all of 184,756 arrangements are too many, 20,000 drawn.
    assert "about 16 points" in text


def test_many_outlets_are_drawn_and_hold_the_observed_arrangement():
    inside = np.arange(30) < 12
    weights = groups._arrangements(inside, 1)
    assert (20_000, 30) == weights.shape
    np.testing.assert_allclose(weights[0], np.where(inside, 1 / 12, -1 / 18))
    np.testing.assert_allclose(weights.sum(axis=1), 0, atol=1e-12)


def test_periods_are_taken_off_and_small_outlets_left_out(small_study):
    values, of = groups._outlet_values(small_study, "country", "actor-share")
    assert set(values.index) <= set(small_study.reference_outlets)
    assert list(values.index) == list(of.index)
    articles = groups.selection.select(small_study).articles
    counted = articles.loc[articles["observed"], "outlet"].value_counts()
    assert {o for o in small_study.reference_outlets if counted.get(o, 0) >= 5} == set(values.index)
    assert tables.COMPARISON.names == list(group_differences(small_study, "country"))


def test_articles_of_alike_outlets_are_no_evidence_on_their_country():
    """Outlets differ, groups do not: permuting outlets keeps 5 %, where permuting articles does not (calibration)."""
    rng, hits = np.random.default_rng(3), 0
    for _ in range(400):
        values = pd.DataFrame({"x": rng.normal(size=12)})
        hits += groups._between_outlets(values, np.arange(12) < 6, 1)["p"][0] <= 0.05
    assert 8 <= hits <= 34


def test_equal_outlets_are_not_tested_on_what_rounding_leaves():
    """Twenty-four means of 0.1 once 0.3 is taken off: some are -0.2, others a bit beside it."""
    values = pd.DataFrame({"x": np.where(np.arange(24) % 2, 0.1 - 0.3, -0.2)})
    assert values["x"].std() > 0
    row = groups._between_outlets(values, np.arange(24) < 10, 1).iloc[0]
    assert row[["lower", "upper", "z", "p", "detectable"]].isna().all()


def test_an_outlet_outside_the_periods_leaves_the_others_what_they_are(small_study):
    """East's articles lie in no period: they are compared with each other, and every mean is a number."""
    articles = small_study.articles.copy()
    articles.loc[articles["outlet"] == "south", "period"] = None
    study = replace(small_study, derived={})
    vars(study)["articles"] = articles
    values, _ = groups._outlet_values(study, "country", "actor-share")
    assert "south" in values.index
    assert values.notna().all(axis=None)
