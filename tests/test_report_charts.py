"""Exhibits of the small study and of tables made by hand: captions, and alternatives that hold the numbers drawn."""

import re

import numpy as np
import pandas as pd
import pytest
from lxml import html
from scipy import stats

from analysis.report import charts, result_tables, views
from analysis.report.components import POINTS, RATE, SENTIMENT, Unit
from analysis.stats import corpus

pytestmark = pytest.mark.usefixtures("closed_figures")

#: Two differences: one that stands, one without an interval.
FRAME = pd.DataFrame(
    {
        "group_name": ["The North", "The North"],
        "label": ["Pedro Castillo", "Dina Boluarte"],
        "estimate": [0.25, -0.104],
        "lower": [0.1, np.nan],
        "upper": [0.4, np.nan],
        "found": [True, False],
        "q": [0.0004, np.nan],
        "detectable": [0.28, np.nan],
        "count": [8.0, 2.5],
        "reference_count": [4.0, 10.0],
        "articles": [8, 8],
        "reference_articles": [10, 1200],
    }
)


def _page(shown):
    return html.document_fromstring(shown.html)


def _cells(shown):
    """Rows of a table as people see them, the heading first."""
    return [[cell.text_content() for cell in row.iter("th", "td")] for row in _page(shown).iter("tr")]


def _wilson(count, of):
    return tuple(stats.binomtest(count, of).proportion_ci(method="wilson"))


@pytest.mark.parametrize(
    ("unit", "expected"),
    [(POINTS, ("−12", "+12")), (RATE, ("−0.1", "+0.1")), (SENTIMENT, ("−0.12", "+0.12")), (Unit(1, 0, ""), ("0", "0"))],
)
def test_a_unit_scales_rounds_and_signs(unit, expected):
    assert expected == (unit.form(sign=True)(-0.12), unit.form(sign=True)(0.12))
    assert expected[1].removeprefix("+") == unit.form()(0.12)


def test_differences_are_told_with_intervals_and_unit():
    shown = charts.figure_of_differences(FRAME, POINTS, name="d", caption="Naming.")
    assert (
        "Differences as points with intervals. Estimate and 95 % interval in percentage points: "
        "Pedro Castillo 25 (10 to 40, filled); Dina Boluarte −10 (–)."
    ) == shown.record["text"]
    assert shown.record["caption"].startswith("Naming. Filled points stand after correction for all comparisons")
    drawn = _page(shown).text_content()
    assert all(text in drawn for text in ("Pedro Castillo", "Dina Boluarte", "percentage points", "Filled points"))


def test_differences_of_several_outlets_are_told_by_outlet(small_study, small_results):
    table = views.differences(small_study, small_results, "actor-share")
    shown = charts.figure_of_differences(table, POINTS, name="d", caption="Naming.")
    told = re.findall(r"(?:[:;] )([^,;:]+, [^;]+?) (\S+) \(", shown.record["text"])
    expected = [(f"{row.group_name}, {row.label}", 100 * row.estimate) for row in table.itertuples()]
    assert [(place, f"{value:.0f}".replace("-", "−")) for place, value in expected] == told
    assert "one panel for each outlet" in shown.record["text"]


def test_where_there_is_nothing_to_show_the_caption_and_the_reason_are_said():
    shown = charts.figure_of_differences(FRAME[:0], POINTS, name="d", caption="Naming. More.", why="None is tested.")
    assert "Naming: nothing to show. None is tested." == shown.record["text"]
    shown = charts.figure_of_shares(FRAME[:0], name="s", caption="Shares.")
    assert "Shares: nothing to show." == shown.record["text"]


def test_a_table_of_differences_has_q_what_could_be_found_and_the_counts_of_both_sides():
    first = {"group_name": "outlet", "label": "actor"}
    shown = result_tables.table_of_differences(FRAME, POINTS, name="d", caption="Naming.", first=first)
    heading, *rows = _cells(shown)
    assert ["outlet", "actor", "counted", "other side: counted", "articles", "other side: articles"] == heading[:6]
    assert ["difference, percentage points", "from", "to", "q", "detectable"] == heading[6:]
    assert ["The North", "Pedro Castillo", "8", "4", "8", "10", "+25", "+10", "+40", "< 0.001", "28"] == rows[0]
    assert ["The North", "Dina Boluarte", "2", "10", "8", "1,200", "−10", "–", "–", "–", "–"] == rows[1]
    assert "details" in {node.tag for node in _page(shown).iter()}


def test_groups_of_outlets_are_shown_where_some_are_tested(small_study):
    assert result_tables.table_of_groups(small_study, FRAME[:0]) is None
    rows = FRAME[:1].assign(group="country US", feature="dina-boluarte", variant="lede").drop(columns="label")
    (_, row) = _cells(result_tables.table_of_groups(small_study, FRAME[:0], rows))
    assert ["country US", "Dina Boluarte", "lede", "8"] == row[:4]


def test_frequencies_and_shares_have_the_intervals_of_wilson(small_study):
    """Of the 21 articles with a first paragraph 14 name Castillo, in texts of 30 words."""
    frame = views.actor_frequency(small_study, actors=["pedro-castillo"])
    (_, row) = _cells(result_tables.table_of_frequencies(frame, name="f", caption="F.", first={"label": "actor"}))
    low, high = _wilson(14, 21)
    assert ["Pedro Castillo", "21", "14", "66.7 %", f"{100 * low:.1f} %", f"{100 * high:.1f} %"] == row[:6]
    assert ["14", "22.2"] == row[6:8]
    text = charts.figure_of_shares(frame, name="f", caption="F.").record["text"]
    assert text.endswith(f"in per cent: Pedro Castillo 67 ({100 * low:.0f} to {100 * high:.0f}).")


def test_words_are_told_with_z_and_q_and_the_sizes_of_both_sides(small_study, small_results):
    shown = charts.figure_of_words(small_study, small_results, "north")
    words = views.words_of(small_study, small_results, "north").set_index("feature")
    assert ["coup", "protest"] == list(words.index)
    more, less = words.loc["coup"], words.loc["protest"]
    told = f"coup +{more.z:.1f} (q {more.q:.3f}); protest −{-less.z:.1f} (q {less.q:.3f})."
    assert f"Words with their z, positive for The North: {told}" == shown.record["text"]
    assert shown.record["caption"].startswith("The North (8 articles) against the other outlets (8): words with")
    assert charts.figure_of_words(small_study, small_results, "wschod") is None


def test_shares_of_labels_are_told_by_outlet_and_bars_end_with_their_articles(small_study):
    """Uses as the study was made: of 19, 11 say coup; of North's 8, 5; of South's 7, 4."""
    shares = views.labels_by_outlet(small_study, "act")
    shown = charts.figure_of_labels(small_study, shares, "act")
    assert (
        "Stacked bars of the words for what Castillo did. all outlets: coup 58 %, self coup 42 %; "
        "The North: coup 62 %, self coup 38 %; The South: coup 57 %, self coup 43 %."
    ) == shown.record["text"]
    assert ["19 art.", "8 art.", "7 art."] == re.findall(r"\d+ art\.", _page(shown).text_content())
    _, *rows = _cells(result_tables.table_of_labels(small_study, shares, "act"))
    assert [["The North", "coup", "5", "8", "8", "62 %"], ["The South", "self coup", "3", "7", "7", "43 %"]] == [
        row[:6] for row in (rows[2], rows[5])
    ]


def test_days_are_told_with_items_days_and_what_was_not_observed(small_study):
    """North has 8 items on 7 days and was observed on 10 of the window's 16; South's first day came before that."""
    days = corpus.daily(small_study)
    shown = charts.figure_of_days(small_study, days.loc[["north", "south"]])
    assert (
        "Calendar of items per outlet and day. The North 8 on 7 days, 6 days not observed; "
        "The South 8 on 7 days, 2 days not observed."
    ) == shown.record["text"]
    assert (
        "Items per day; a dash is a day not observed. Orange: 1 Castillo removed (7 December)."
        == (shown.record["caption"])
    )


def test_subevents_are_told_with_their_counts_and_zeros_left_out(small_study):
    topics = corpus.subevents(small_study)
    text = charts.figure_of_subevents(small_study, topics.loc[["north", "single"]]).record["text"]
    assert "Matrix of articles. The North: removal and arrest 4, protests 4; Single Page: protests 1." == text
    shown = charts.figure_of_subevents(small_study, 0 * topics)
    assert shown.record["text"].startswith("Articles by sub-event: nothing to show. No sub-event of these articles is")


def test_flow_is_told_from_the_largest_share_of_observed_items_down(small_study):
    """North has 8 of 100 items, South, observed on 13 days, 7 of 130: its first article came before."""
    coverage = corpus.coverage(small_study)
    text = charts.figure_of_flow(coverage).record["text"]
    low, high = _wilson(8, 100)
    north = f"The North 8.00 ({100 * low:.2f} to {100 * high:.2f}, filled)"
    assert f"in per cent: {north}; The South {700 / 130:.2f} (" in text
    order = [text.index(name) for name in ("The North", "The South", "Portal", "East Daily", "Wschód", "Single Page")]
    assert sorted(order) == order
    shown = charts.figure_of_flow(coverage.assign(items=0))
    assert shown.record["text"].endswith("nothing to show. observed.csv counts no items of any outlet.")


def test_sets_too_rare_to_draw_are_named(small_study):
    def said(*drawn):
        return charts.note_of_rare_sets(small_study, drawn, 5).record["text"]

    assert "Too rare to draw, fewer than 5 uses: what Castillo did and those in the streets." == said()
    assert "Too rare to draw, fewer than 5 uses: those in the streets." == said("act")
    assert "Every set is drawn." == said("crowd", "act")


MEANS = pd.DataFrame(
    {
        "label": ["The North", "The South", "Wschód"],
        "mean": [0.214, -0.006, np.nan],
        "lower": [0.1, np.nan, np.nan],
        "upper": [0.328, np.nan, np.nan],
        "tested": [True, False, False],
        "period": ["removal", "removal", "protests"],
    }
)
CORRECTED = pd.DataFrame(
    {
        "label": ["The North (40)"],
        "articles": [8],
        "negative": [0.25],
        "corrected_negative": [0.4],
        "measured": [-0.1],
        "corrected": [-0.33],
        "lower": [-0.6],
        "upper": [0.05],
    }
)


def _means(frame, **options):
    return charts.figure_of_means(frame, name="t", caption="Mean sentiment. More.", what="Means as points", **options)


def test_means_are_told_to_two_digits_and_the_missing_left_out():
    shown = _means(MEANS, mark="tested")
    told = "The North 0.21 (0.10 to 0.33, filled); The South −0.01 (–)."
    assert f"Means as points. Estimate and 95 % interval: {told}" == shown.record["text"]
    drawn = html.document_fromstring(shown.html).text_content()
    assert ("mean sentiment, −1 to 1" in drawn, "Wschód" in drawn) == (True, False)


def test_means_in_panels_are_told_by_panel():
    shown = _means(MEANS.assign(mean=[0.2, 0.1, -0.3]), panel="period")
    told = "removal, The North 0.20 (0.10 to 0.33); removal, The South 0.10 (–); protests, Wschód −0.30 (–)."
    assert shown.record["text"].endswith(told)


def test_means_by_period_of_the_small_study_are_those_of_its_articles(small_study):
    """North's four of the removal have the tones −0.5, 0.2, −0.2, 0.5: 0 ± 3.182 · √(0.58/3) / 2, by hand."""
    text = _means(views.sentiment_by_period(small_study), panel="period").record["text"]
    assert "Removal, The North 0.00 (−0.70 to 0.70)" in text
    assert "Portal" not in text  # has titles only


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (MEANS[:0], "No article is in such a group: none coded, or no outlet with enough articles."),
        (MEANS[2:], "No article has a tone: its language has no instrument, or it has no text to compare."),
    ],
)
def test_without_a_mean_the_reason_is_said(frame, why):
    for options in ({}, {"panel": "period"}):
        assert f"Mean sentiment: nothing to show. {why}" == _means(frame, **options).record["text"]


def test_corrected_means_are_told_with_their_intervals():
    shown = charts.figure_of_correction(CORRECTED)
    told = "The North (40) −0.33 (−0.60 to 0.05)."
    assert f"Corrected mean polarity by outlet. Estimate and 95 % interval: {told}" == shown.record["text"]
    empty = charts.figure_of_correction(CORRECTED[:0]).record["text"]
    assert empty.endswith("Too few mentions of this study are coded by hand to correct by (polarity.csv).")


def test_a_table_of_correction_holds_measured_beside_corrected():
    page = html.document_fromstring(result_tables.table_of_correction(CORRECTED).html)
    heading, row = [[cell.text_content() for cell in row.iter("th", "td")] for row in page.iter("tr")]
    assert {
        "outlet (mentions)": "The North (40)",
        "articles": "8",
        "negative, measured": "25 %",
        "negative, corrected": "40 %",
        "mean, measured": "−0.10",
        "mean, corrected": "−0.33",
        "from": "−0.60",
        "to": "0.05",
    } == dict(zip(heading, row, strict=True))
