"""Frames for show: names people read, orders they expect, numbers untouched."""

import math

import pandas as pd
import pytest

from analysis.report import views
from analysis.report.descriptions import variance_sentence
from analysis.results import is_primary
from analysis.results.measures import REST
from analysis.stats.frequency import dispersion
from analysis.study import load_study


@pytest.mark.slow
def test_differences_are_primary_rows_in_the_order_of_outlets_and_main_actors(small_study, small_results):
    table = views.differences(small_study, small_results, "actor-share")
    expected = [(o, a) for o in ("north", "portal", "south") for a in ("pedro-castillo", "dina-boluarte")]
    assert expected == list(table[["group", "feature"]].itertuples(index=False, name=None))
    assert is_primary(small_study, table).all()
    assert {"the other outlets"} == set(table["reference_name"])
    assert (table["found"] == (table["verdict"] != "cannot tell")).all()
    pd.testing.assert_series_equal(small_results.loc[table.index, "estimate"], table["estimate"])
    assert {"south"} == set(views.differences(small_study, small_results, "actor-share", group="south")["group"])


def test_features_have_the_names_people_read_and_labels_what_their_set_names(small_study, small_results):
    labels = views.differences(small_study, small_results, "label-share", group="north")
    assert ["coup", "self coup"] == labels["label"].to_list()
    assert {"what Castillo did"} == set(labels["set"])
    tone = views.differences(small_study, small_results.replace({REST: "south"}), "sentiment", group="north")
    assert [("tone", "The South")] == list(tone[["label", "reference_name"]].itertuples(index=False, name=None))


def test_variants_show_every_row_and_mark_the_primary_one(small_study, small_results):
    """Three variants, raw and standardized; the primary one also against a mean of outlets."""
    table = views.variants(small_study, small_results, "sentiment", group="north")
    marked = table.loc[table["primary"] == "primary", ["variant", "adjustment"]]
    assert (7, [["lede", "standardized"]]) == (len(table), marked.to_numpy().tolist())


def test_actor_frequency_over_all_and_by_outlet_leads_to_its_articles(small_study):
    every = views.actor_frequency(small_study, actors=["pedro-castillo"]).iloc[0]
    by = views.actor_frequency(small_study, actors=["pedro-castillo"], by="outlet").set_index("group")
    assert ("all articles", "Pedro Castillo", "person", 21) == tuple(every[["group_name", "label", "kind", "articles"]])
    assert every["articles_with"] == by["articles_with"].sum()
    assert (8, pytest.approx(100 / 3), "The North") == tuple(by.loc["north", ["articles_with", "rate", "group_name"]])
    assert pytest.approx(dispersion(by["count"], [30 * n for n in by["articles"]])) == every["dp"]
    named = views.naming_articles(small_study, ["dina-boluarte"], outlet="south")
    assert {"Dina Boluarte": [f"south-{n}" for n in range(8) if n != 3]} == named
    first = views.by_share(views.actor_frequency(small_study)).iloc[0]
    every = views.naming_articles(small_study, ["dina-boluarte"])["Dina Boluarte"]
    assert ("Dina Boluarte", len(every)) == tuple(first[["label", "articles_with"]])


def test_labels_by_outlet_sum_to_their_set_and_voices_count_each_use_once(small_study):
    table = views.labels_by_outlet(small_study, "act")
    shares = table[table["set_uses"] > 0].groupby("group_name")["share"].sum()
    assert {"all outlets": 1, "The North": 1, "The South": 1} == shares.round(9).to_dict()
    assert 0 == len(views.labels_by_outlet(small_study, "crowd"))
    spoken = views.voices(small_study)
    assert [["what Castillo did", "The North"], ["what Castillo did", "The South"]] == spoken[
        ["set", "outlet"]
    ].to_numpy().tolist()
    assert 8 + 7 == spoken[["own", "attributed", "quoted"]].to_numpy().sum()


def test_unresolved_surnames_are_shown(small_study):
    mentions = views.unresolved(small_study)
    assert ["Castillo"] == list(mentions["surname"])
    assert mentions["mentions"].iloc[0] == mentions["articles"].iloc[0] > 0


def test_one_outlet_against_the_rest_also_where_there_is_no_rest():
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [math.nan, math.nan]}, index=["north", "south"])
    both = views.against_rest(table, "north")
    assert ["north", "the other outlets"] == list(both.index)
    assert [2.0] == both.loc["the other outlets"].dropna().to_list()
    assert ["north"] == list(views.against_rest(table.loc[["north"]], "north").index)
    assert [0.0, 0.0] == views.against_rest(table, "west").loc["west"].to_list()


def test_too_little_tone_has_no_variance_to_share_out(study_folder, edit):
    edit("study.toml", "min_articles = 6", "min_articles = 60")
    table = views.variance_of_tone(load_study(study_folder))
    assert table.empty
    assert "" == variance_sentence(table)
