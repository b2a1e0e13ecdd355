"""Words in reports: how many articles hold them, of what, and none that only tells how a desk writes."""

import re

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from analysis.report import views, words
from analysis.report.style import BLUE, MUTED
from analysis.results import is_primary
from analysis.study import load_study

WORD = {
    **{"measure": "term-share", "feature": "golpe", "group": "north", "reference": "other outlets", "language": "en"},
    **{"variant": "lede", "adjustment": "standardized", "test": "exact", "estimate": 0.5, "lower": 0.2, "upper": 0.8},
    **{"z": 3.0, "p": 0.001, "q": 0.01, "effect": 1.0, "detectable": 0.3, "count": 6.0, "reference_count": 1.0},
    **{"articles": 8, "reference_articles": 10},
}


def _table(*rows):
    return pd.DataFrame([{**WORD, **row} for row in rows])


def test_a_word_is_told_with_its_articles_and_of_how_many(small_study):
    down = {"feature": "mob", "estimate": -0.5, "lower": -0.8, "upper": -0.2, "z": -2.0}
    more, less = words.word_findings(small_study, _table({}, down, {"q": 0.5}), "north")
    assert "The North uses “golpe” in 6 of 8 articles, the other outlets in 1 of 10." == more.text
    assert ("more", "less") == (more.verdict, less.verdict)
    told = r"Matched difference \+50 points, 95 % interval \+20 to \+80; q.=.0\.010; exploratory\."
    assert re.search(told, more.detail)
    assert "Matched difference −50 points" in less.detail
    assert [] == words.word_findings(small_study, _table({}), "south")


@pytest.mark.parametrize("word", ["the", "north"])
def test_words_of_grammar_and_the_outlets_own_name_are_not_told(small_study, word):
    (found,) = words.word_findings(small_study, _table({"feature": word}, {"q": 0.3}), "north")
    assert ("No word is reliably typical of The North.", "cannot tell") == (found.text, found.verdict)


def test_words_that_study_toml_excludes_are_not_told(study_folder, edit):
    edit("study.toml", "min_articles = 6", 'exclude_words = ["Golpe"]\nmin_articles = 6')
    assert words.telling_words(load_study(study_folder), _table({}), "north").empty


def test_outlets_without_a_typical_word_are_told_in_one_sentence(small_study):
    table = _table({"q": 0.3}, {"q": 0.3, "group": "south"})
    one = words.untypical(small_study, table, ["north", "south"])
    assert "No word is reliably typical of The North and The South." == one.text
    assert "" == words.untypical(small_study, _table({}), ["north"]).text


def test_a_figure_has_a_panel_for_each_outlet_and_all_its_numbers_in_words(small_study, closed_figures):
    table = _table({}, {"feature": "mob", "q": 0.3, "z": 1.0, "group": "south"}, {"feature": "less", "estimate": -0.2})
    shown = words.figure_of_words(small_study, table, "north", "south")
    assert 2 == shown.html.count("<svg")
    assert "golpe ●: The North 6 of 8, the other outlets 1 of 10" in shown.html
    assert "mob: The South 6 of 8, the other outlets 1 of 10" in shown.html
    assert "less:" not in shown.html
    assert words.figure_of_words(small_study, table, "wschod") is None


def test_words_are_listed_with_their_spread_over_the_outlets_articles(small_study, small_results):
    """North has “coup” in each of its articles, which are alike in length."""
    table = words.words_compared(small_study, small_results)
    every = small_results[small_results["measure"] == "term-share"]
    assert is_primary(small_study, every).sum() == len(table)
    coup = table[(table["group"] == "north") & (table["feature"] == "coup")].iloc[0]
    assert coup["articles"] == coup["count"]
    assert pytest.approx(0, abs=1e-9) == coup["dp"]


def test_bars_of_labels_fill_the_whole_and_end_with_their_articles(small_study, monkeypatch, closed_figures):
    """Uses as the study was made: of 19, 11 say coup; of North's 8, 5; of South's 7, 4."""
    monkeypatch.setattr(words, "show_figure", lambda ax, **shown: (ax, shown["alt"]))
    shares = views.labels_by_outlet(small_study, "act")
    ax, alt = words.figure_of_labels(small_study, shares, "act")
    assert (
        "Stacked bars of the words for what Castillo did. all outlets: coup 58 %, self coup 42 %; "
        "The North: coup 62 %, self coup 38 %; The South: coup 57 %, self coup 43 %."
    ) == alt
    ends = [text.get_text() for text in ax.texts if text.get_text().endswith("art.")]
    assert ["19 art.", "8 art.", "7 art."] == ends
    ax, alt = words.figure_of_labels(small_study, shares, "act", most=1)
    assert pytest.approx([1100 / 19, 62.5, 400 / 7, 100, 100, 100]) == [b.get_x() + b.get_width() for b in ax.patches]
    assert [BLUE, MUTED] == [to_hex(ax.patches[place].get_facecolor()) for place in (0, 3)]
    assert "The North: coup 62 %, all others 38 %" in alt
    html = words.table_of_labels(small_study, shares, "act").html
    assert '<th scope="row">The North</th><td>coup</td><td class="num">8</td><td>5 of 8</td><td>62 % (' in html


def test_sets_too_rare_to_draw_are_named(small_study):
    sets = {name: views.labels_by_outlet(small_study, name) for name in ("act", "crowd")}
    assert ["act"] == words.often_used(sets, 5)
    rare = "Too rare to draw, fewer than 5 uses: "
    expected = {(): "what Castillo did and those in the streets.", ("act",): "those in the streets."}
    for drawn, names in expected.items():
        assert rare + names == words.note_of_rare_sets(small_study, drawn, 5).record["text"]
    assert "Every set is drawn." == words.note_of_rare_sets(small_study, ("crowd", "act"), 5).record["text"]
