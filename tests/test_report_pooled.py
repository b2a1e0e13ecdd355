"""The heat map of pooled differences, and its sentence on periods and outlets."""

import pandas as pd
import pytest

from analysis.report import pooled as module
from analysis.report.pooled import figure_of_pooled, spread_sentence
from analysis.stats.pooling import Pooled
from analysis.study import load_study


@pytest.fixture(scope="module")
def study():
    return load_study("castillo-2022")


def pooled(*rows):
    columns = ["outlet", "actor", "articles", "named", "effect", "sd", "points"]
    return Pooled({"period × actor": 1.0, "outlet × actor": 0.4}, pd.DataFrame(rows, columns=columns))


def test_points_are_told_in_order_with_counts_and_certainty_small_outlets_only_in_the_csv(study, monkeypatch):
    rows = [
        ("al-jazeera", "dina-boluarte", 50, 12, -0.2, 0.2, -0.034),
        ("al-jazeera", "pedro-castillo", 50, 28, 0.4, 0.2, 0.087),
        ("abc-news", "pedro-castillo", 3, 1, 0.1, 0.3, 0.02),
    ]
    monkeypatch.setattr(module, "pooled_actors", lambda _: pooled(*rows))
    shown = figure_of_pooled(study)
    expected = "Heat map. Al Jazeera English, Pedro Castillo: +9 points; Al Jazeera English, Dina Boluarte: −3 points."
    assert expected == shown.record["text"]
    assert "Al Jazeera English, Pedro Castillo: +9 points (28 of 50); above 0 with 98 % certainty" in shown.html
    assert "abc-news,pedro-castillo,3,1,0.1,0.3,0.02" in shown.record["csv"]
    assert "more about whom it names than who published it" in shown.record["caption"]


def test_the_sentence_says_which_matters_more_in_shares_of_articles():
    """logit .2 is −1.386; a deviation of 1 to either side gives .084 and .405, of .4 .144 and .272."""
    expected = (
        "When an article appeared says more about whom it names than who published it. For an actor in 20 % of "
        "articles, the share would typically range from 8 to 40 % over periods and from 14 to 27 % over outlets."
    )
    assert expected == spread_sentence({"period × actor": 1.0, "outlet × actor": 0.4})
    other = spread_sentence({"period × actor": 0.0, "outlet × actor": 0.4})
    assert other.startswith("Who published an article says more about whom it names than when it appeared.")
    assert "range not at all over periods and from 14 to 27 % over outlets" in other
    assert "" == spread_sentence({"actor": 1.0, "outlet × actor": 0.4})


def test_it_says_why_there_is_no_figure(study, monkeypatch):
    monkeypatch.setattr(module, "pooled_actors", lambda _: None)
    assert "Fewer than two outlets" in figure_of_pooled(study).html
