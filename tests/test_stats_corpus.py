"""What the corpus is, counted by hand on the small study."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.stats import corpus
from analysis.study import load_study


def test_coverage_counts_articles_days_and_flow(small_study):
    table = corpus.coverage(small_study).set_index("outlet")
    assert ["north", "south", "portal", "east", "wschod", "single"] == list(table.index)
    south = table.loc["south"]
    assert (8, 13, 130, 7) == tuple(south[["articles", "observed_days", "items", "observed_articles"]])
    assert pytest.approx(7 / 130) == south["share"]
    interval = stats.binomtest(7, 130).proportion_ci(method="wilson")
    assert pytest.approx(tuple(interval)) == (south["lower"], south["upper"])
    assert (pd.Timestamp("2022-12-07"), pd.Timestamp("2022-12-16")) == (south["first"], south["last"])
    assert ["", "", "aggregator", "", "", "page"] == list(table["role"])
    assert [True, True, True, False, False, False] == list(table["tested"])


def test_a_day_not_observed_is_not_a_day_without_items(small_study):
    table = corpus.daily(small_study)
    assert (6, 16) == table.shape
    north = table.loc["north"]
    assert 2 == north["2022-12-07"]
    assert 0 == north["2022-12-06"]
    assert north[["2022-12-05", "2022-12-16", "2022-12-20"]].isna().all()
    assert 1 == table.loc["south", "2022-12-07"]  # carried, though before steady observation
    assert pd.isna(table.loc["south", "2022-12-06"])


def test_subevents_are_counted_in_the_order_of_the_settings(small_study):
    table = corpus.subevents(small_study)
    assert ["removal-and-arrest", "protests"] == list(table)
    assert [4, 4] == table.loc["north"].to_list()
    assert 28 == table.to_numpy().sum()


def test_lengths_are_medians_and_body_kinds_counts(small_study):
    table = corpus.lengths(small_study).set_index("outlet")
    assert (0, 1, 7, 0) == tuple(table.loc["south", ["none", "caption", "summary", "full"]])
    assert (6, 10, 20, 60) == tuple(table.loc["portal", ["none", "title_tokens", "lede_tokens", "tokens"]])


def test_sentiment_is_averaged_by_a_column_in_one_language(small_study):
    table = corpus.sentiment_by(small_study, "outlet").set_index("group")
    assert {"north", "south", "east", "single"} == set(table.index)
    # Tones of north's articles 0…7: ((7n) mod 11 - 5) / 10.
    tones = [((7 * n) % 11 - 5) / 10 for n in range(8)]
    assert (8, pytest.approx(sum(tones) / 8)) == (table.loc["north", "articles"], table.loc["north", "mean"])
    assert {"north"} == set(corpus.sentiment_by(small_study, "outlet", outlets=["north"])["group"])


def test_gaps_are_counted_with_their_articles(small_study):
    table = corpus.unusual(small_study).set_index("gap")
    counts = {gap.split(":")[0]: row["count"] for gap, row in table.iterrows()}
    expected = {
        "no body": 6,
        "no title": 0,
        "body is a photo caption": 1,
        "time stamp is the crawler's, not the publisher's": 6,
        "outside its outlet's steady observation": 1,
        "outside the study's window": 0,
        "outside all periods": 0,
        "a whole page among feed items": 1,
        "no instrument for its language": 2,
        "outlet has fewer than 6 articles": 6,
    }
    assert expected == counts
    assert ["south-3"] == table["articles"].iloc[2]
    assert (table["articles"].map(len) == table["count"]).all()


def test_pages_are_only_left_out_of_references_where_their_outlet_is(study_folder):
    settings = study_folder / "study.toml"
    settings.write_text(settings.read_text("utf-8").replace('excluded_from_references = ["single"]', ""), "utf-8")
    table = corpus.unusual(load_study(study_folder)).set_index("gap")
    assert 0 == table.loc["a whole page among feed items: in no reference", "count"]


PRESS = """newspaper,year,week,tweets,rank,word,count
comercio,2022,49,200,1,castillo,52
comercio,2022,49,200,3,golpe,9
republica,2022,49,100,2,golpe,4
republica,2023,2,50,1,lima,5
"""


@pytest.mark.slow
def test_press_words_say_where_a_word_is_absent(study_folder):
    assert corpus.press_words(load_study(study_folder), ["golpe"]).empty
    assert corpus.press_size(load_study(study_folder)).empty
    assert "This study has no such supplement." == corpus.about_supplement(load_study(study_folder))
    (study_folder / "press.csv").write_text(PRESS, encoding="utf-8")
    with (study_folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write('[supplement]\nfile = "press.csv"\nabout = "Tweets of two papers."\nterms = ["golpe", "lima"]\n')
    study = load_study(study_folder)
    assert "Tweets of two papers." == corpus.about_supplement(study)
    table = corpus.press_words(study).set_index(["week", "word"])
    pd.testing.assert_frame_equal(table, corpus.press_words(study, ["golpe", "lima"]).set_index(["week", "word"]))
    assert "4.5 (rank 3)" == table.loc[("2022-W49", "golpe"), "comercio"]
    assert "10.0 (rank 1)" == table.loc[("2023-W02", "lima"), "republica"]
    assert table.loc[("2022-W49", "lima"), "comercio"].startswith("below")
    assert [200, 100, 50] == list(corpus.press_size(study)["tweets"])


@pytest.mark.slow
def test_actors_are_counted_by_period_and_change_is_tested_without_draws():
    table = corpus.actors_by_period(load_study("castillo-2022"))
    castillo = table[table["actor"] == "pedro-castillo"]
    assert [(31, 35), (49, 89), (28, 122), (5, 30)] == list(zip(castillo["named"], castillo["articles"], strict=True))
    assert (castillo["q"] < 0.001).all()
    interval = stats.binomtest(31, 35).proportion_ci(method="wilson")
    assert pytest.approx(tuple(interval)) == tuple(castillo.iloc[0][["lower", "upper"]])


def test_change_over_periods_has_the_p_of_permuted_articles():
    rng = np.random.default_rng(3)
    named, period = np.repeat([True, False] * 3, [9, 11, 14, 16, 3, 17]), np.repeat(["a", "b", "c"], [20, 30, 20])

    def between(order):
        return sum(named[order][period == one].mean() ** 2 * (period == one).sum() for one in "abc")

    drawn = np.array([between(rng.permutation(len(named))) for _ in range(4000)])
    expected = (drawn >= between(np.arange(len(named))) - 1e-9).mean()
    assert expected == pytest.approx(corpus.change_p(named, period), abs=0.02)
    assert np.isnan(corpus.change_p(np.ones(70, bool), period))
