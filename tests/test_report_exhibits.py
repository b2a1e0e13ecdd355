"""Figures and tables of results: captions, and alternatives that hold the numbers drawn."""

import re

import numpy as np
import pandas as pd
import pytest
from lxml import html
from scipy import stats

from analysis.report import exhibits, views
from analysis.report.components import show_table
from analysis.report.findings import MEASURES
from analysis.stats import corpus

pytestmark = pytest.mark.usefixtures("closed_figures")

#: Two differences: one that stands, one without an interval.
FRAME = pd.DataFrame(
    {
        "measure": "actor-share",
        "group_name": "The North",
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


def _cells(shown):
    """Rows of a table as people see them, the heading first."""
    rows = html.document_fromstring(shown.html).iter("tr")
    return [[cell.text_content() for cell in row.iter("th", "td")] for row in rows]


def _drawn(shown):
    return html.document_fromstring(shown.html).text_content()


def _wilson(count, of):
    return tuple(100 * end for end in stats.binomtest(count, of).proportion_ci(method="wilson"))


@pytest.mark.parametrize(
    ("measure", "expected"), [("label-share", "−12 +12"), ("actor-rate", "−0.1 +0.1"), ("sentiment", "−0.12 +0.12")]
)
def test_a_measure_scales_rounds_and_signs(measure, expected):
    assert expected == " ".join(MEASURES[measure].number(value, sign=True) for value in (-0.12, 0.12))
    assert expected.rpartition("+")[2] == MEASURES[measure].number(0.12)


def test_differences_are_told_with_intervals_and_unit():
    shown = exhibits.figure_of_differences(FRAME, name="d", caption="Naming.")
    assert (
        "Differences as points with intervals. Estimate and 95 % interval in percentage points: "
        "Pedro Castillo 25 (10 to 40, filled); Dina Boluarte −10 (–)."
    ) == shown.record["text"]
    assert shown.record["caption"].startswith("Naming. Filled points stand after correction for all comparisons")
    assert all(text in _drawn(shown) for text in ("Pedro Castillo", "Dina Boluarte", "percentage points", "Filled"))


def test_differences_of_several_outlets_are_told_by_outlet(small_study, small_results):
    table = views.differences(small_study, small_results, "actor-share")
    shown = exhibits.figure_of_differences(table, name="d", caption="Naming.")
    told = re.findall(r"(?:[:;] )([^,;:]+, [^;]+?) (\S+) \(", shown.record["text"])
    expected = [(f"{row.group_name}, {row.label}", f"{100 * row.estimate:.0f}") for row in table.itertuples()]
    assert [(place, value.replace("-", "−")) for place, value in expected] == told
    assert "one panel for each outlet" in shown.record["text"]


def test_a_table_of_differences_has_q_what_could_be_found_and_the_counts_of_both_sides():
    first = {"group_name": "outlet", "label": "actor"}
    shown = exhibits.table_of_differences(FRAME, name="d", caption="Naming.", first=first)
    heading, *rows = _cells(shown)
    assert ["outlet", "actor", "counted", "other side: counted", "articles", "other side: articles"] == heading[:6]
    assert ["difference, percentage points", "from", "to", "q", "detectable"] == heading[6:]
    assert ["The North", "Pedro Castillo", "8", "4", "8", "10", "+25", "+10", "+40", "< 0.001", "28"] == rows[0]
    assert ["The North", "Dina Boluarte", "2", "10", "8", "1,200", "−10", "–", "–", "–", "–"] == rows[1]
    assert "<details>" in shown.html


def test_groups_of_outlets_are_shown_where_some_are_tested(small_study):
    assert exhibits.table_of_groups(small_study, FRAME[:0]) is None
    rows = FRAME[:1].assign(group="country US", feature="dina-boluarte", variant="lede").drop(columns="label")
    (_, row) = _cells(exhibits.table_of_groups(small_study, FRAME[:0], rows))
    assert ["country US", "Dina Boluarte", "lede", "8"] == row[:4]


def test_frequencies_and_shares_have_the_intervals_of_wilson(small_study):
    """Of the 21 articles with a first paragraph 14 name Castillo, in texts of 30 words."""
    frame = views.actor_frequency(small_study, actors=["pedro-castillo"])
    (_, row) = _cells(show_table(frame, name="f", caption="F.", columns={"label": "actor", **exhibits.FREQUENCY}))
    low, high = _wilson(14, 21)
    assert ["Pedro Castillo", "21", "14", "66.7 %", f"{low:.1f} %", f"{high:.1f} %", "14", "22.2"] == row[:8]
    text = exhibits.figure_of_shares(frame, name="f", caption="F.").record["text"]
    assert text.endswith(f"in per cent: Pedro Castillo 67 ({low:.0f} to {high:.0f}).")


def test_words_are_told_with_z_and_q_and_the_sizes_of_both_sides(small_study, small_results):
    shown = exhibits.figure_of_words(small_study, small_results, "north")
    words = views.words_of(small_study, small_results, "north").set_index("feature")
    more, less = words.loc["coup"], words.loc["protest"]
    told = f"coup +{more.z:.1f} (q {more.q:.3f}); protest −{-less.z:.1f} (q {less.q:.3f})."
    assert f"Words with their z, positive for The North: {told}" == shown.record["text"]
    assert shown.record["caption"].startswith("The North (8 articles) against the other outlets (8): words with")
    assert exhibits.figure_of_words(small_study, small_results, "wschod") is None


def test_shares_of_labels_are_told_by_outlet_and_bars_end_with_their_articles(small_study):
    """Uses as the study was made: of 19, 11 say coup; of North's 8, 5; of South's 7, 4."""
    shares = views.labels_by_outlet(small_study, "act")
    shown = exhibits.figure_of_labels(small_study, shares, "act")
    assert (
        "Stacked bars of the words for what Castillo did. all outlets: coup 58 %, self coup 42 %; "
        "The North: coup 62 %, self coup 38 %; The South: coup 57 %, self coup 43 %."
    ) == shown.record["text"]
    assert ["19 art.", "8 art.", "7 art."] == re.findall(r"\d+ art\.", _drawn(shown))
    _, *rows = _cells(exhibits.table_of_labels(small_study, shares, "act"))
    assert ["The North", "coup", "5", "8", "8", "62 %"] == rows[2][:6]
    assert ["The South", "self coup", "3", "7", "7", "43 %"] == rows[5][:6]


def test_days_are_told_with_items_days_and_what_was_not_observed(small_study):
    """North has 8 items on 7 days and was observed on 10 of the window's 16; South's first day came before that."""
    record = exhibits.figure_of_days(small_study, corpus.daily(small_study).loc[["north", "south"]]).record
    assert (
        "Calendar of items per outlet and day. The North 8 on 7 days, 6 days not observed; "
        "The South 8 on 7 days, 2 days not observed."
    ) == record["text"]
    assert "Items per day; a dash is a day not observed. Orange: 1 Castillo removed (7 December)." == record["caption"]


def test_subevents_are_told_with_their_counts_and_zeros_left_out(small_study):
    topics = corpus.subevents(small_study)
    text = exhibits.figure_of_subevents(small_study, topics.loc[["north", "single"]]).record["text"]
    assert "Matrix of articles. The North: removal and arrest 4, protests 4; Single Page: protests 1." == text
    shown = exhibits.figure_of_subevents(small_study, 0 * topics)
    assert shown.record["text"].startswith("Articles by sub-event: nothing to show. No sub-event of these articles is")


def test_flow_is_told_from_the_largest_share_of_observed_items_down(small_study):
    """North has 8 of 100 items, South, observed on 13 days, 7 of 130: its first article came before."""
    text = exhibits.figure_of_flow(corpus.coverage(small_study), name="flow", caption="Flow.").record["text"]
    low, high = _wilson(8, 100)
    assert f"in per cent: The North 8.00 ({low:.2f} to {high:.2f}, filled); The South {700 / 130:.2f} (" in text
    order = [text.index(name) for name in ("The North", "The South", "Portal", "East Daily", "Wschód", "Single Page")]
    assert sorted(order) == order


def test_sets_too_rare_to_draw_are_named(small_study):
    def said(*drawn):
        return exhibits.note_of_rare_sets(small_study, drawn, 5).record["text"]

    assert "Too rare to draw, fewer than 5 uses: what Castillo did and those in the streets." == said()
    assert "Too rare to draw, fewer than 5 uses: those in the streets." == said("act")
    assert "Every set is drawn." == said("crowd", "act")


def test_means_are_told_to_two_digits_and_the_missing_left_out():
    options = {"name": "t", "caption": "Mean sentiment.", "what": "Means as points"}
    shown = exhibits.figure_of_means(MEANS, mark="tested", **options)
    told = "The North 0.21 (0.10 to 0.33, filled); The South −0.01 (–)."
    assert f"Means as points. Estimate and 95 % interval: {told}" == shown.record["text"]
    assert ("mean sentiment, −1 to 1" in _drawn(shown), "Wschód" in _drawn(shown)) == (True, False)
    shown = exhibits.figure_of_means(MEANS.assign(mean=[0.2, 0.1, -0.3]), panel="period", **options)
    told = "removal, The North 0.20 (0.10 to 0.33); removal, The South 0.10 (–); protests, Wschód −0.30 (–)."
    assert shown.record["text"].endswith(told)


def test_means_by_period_of_the_small_study_are_those_of_its_articles(small_study):
    """North's four of the removal have the tones −0.5, 0.2, −0.2, 0.5: 0 ± 3.182 · √(0.58/3) / 2, by hand."""
    frame = views.sentiment_by_period(small_study)
    text = exhibits.figure_of_means(frame, name="t", caption="T.", what="Means", panel="period").record["text"]
    assert "Removal, The North 0.00 (−0.70 to 0.70)" in text
    assert "Portal" not in text  # has titles only


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


def test_corrected_means_are_told_with_their_intervals_and_shown_beside_the_measured():
    text = exhibits.figure_of_correction(CORRECTED, name="c", caption="C.").record["text"]
    told = "The North (40) −0.33 (−0.60 to 0.05)."
    assert f"Corrected mean polarity by outlet. Estimate and 95 % interval: {told}" == text
    heading, row = _cells(show_table(CORRECTED, name="c", caption="C.", columns=exhibits.CORRECTION))
    assert ["The North (40)", "8", "25 %", "40 %", "−0.10", "−0.33", "−0.60", "0.05"] == row
    assert ["negative, measured", "negative, corrected", "mean, measured", "mean, corrected"] == heading[2:6]


@pytest.mark.parametrize(
    ("figure", "frame", "why"),
    [
        ("means", MEANS[:0], "No article is in such a group: none coded, or no outlet with enough articles."),
        ("means", MEANS[2:], "No article has a tone: its language has no instrument, or it has no text to compare."),
        ("correction", CORRECTED[:0], "Too few mentions of this study are coded by hand to correct by (polarity.csv)."),
        ("flow", pd.DataFrame(columns=["items", "share", "name"]), "observed.csv counts no items of any outlet."),
        ("differences", FRAME[:0], "None is tested."),
        ("shares", FRAME[:0], "None is tested."),
    ],
)
def test_where_there_is_nothing_to_show_the_caption_and_the_reason_are_said(figure, frame, why):
    options = {"means": {"what": "Means"}, "correction": {}, "flow": {}}.get(figure, {"why": why})
    shown = getattr(exhibits, f"figure_of_{figure}")(frame, name="x", caption="A caption. More.", **options)
    assert f"A caption: nothing to show. {why}" == shown.record["text"]
