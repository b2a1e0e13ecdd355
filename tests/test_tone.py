"""Exhibits of tone: what is drawn is told, what has no tone is left out, and an empty exhibit says why."""

import numpy as np
import pandas as pd
import pytest
from lxml import html

from analysis.report import correction as tone
from analysis.report import views

pytestmark = pytest.mark.usefixtures("closed_figures")

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
    return tone.figure_of_means(frame, name="t", caption="Mean valence. More.", what="Means as points", **options)


def test_means_are_told_to_two_digits_and_the_missing_left_out():
    shown = _means(MEANS, mark="tested")
    told = "The North 0.21 (0.10 to 0.33, filled); The South −0.01 (–)."
    assert f"Means as points. Estimate and 95 % interval: {told}" == shown.record["text"]
    drawn = html.document_fromstring(shown.html).text_content()
    assert ("mean valence, −1 to 1" in drawn, "Wschód" in drawn) == (True, False)


def test_means_in_panels_are_told_by_panel():
    shown = _means(MEANS.assign(mean=[0.2, 0.1, -0.3]), panel="period")
    told = "removal, The North 0.20 (0.10 to 0.33); removal, The South 0.10 (–); protests, Wschód −0.30 (–)."
    assert shown.record["text"].endswith(told)


def test_means_by_period_of_the_small_study_are_those_of_its_articles(small_study):
    """North's four of the removal have the tones −0.5, 0.2, −0.2, 0.5: 0 ± 3.182 · √(0.58/3) / 2, by hand."""
    text = _means(views.valence_by_period(small_study), panel="period").record["text"]
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
        assert f"Mean valence: nothing to show. {why}" == _means(frame, **options).record["text"]


def test_corrected_means_are_told_with_their_intervals():
    shown = tone.figure_of_correction(CORRECTED)
    told = "The North (40) −0.33 (−0.60 to 0.05)."
    assert f"Corrected mean polarity by outlet. Estimate and 95 % interval: {told}" == shown.record["text"]
    empty = tone.figure_of_correction(CORRECTED[:0]).record["text"]
    assert empty.endswith("Too few mentions of this study are coded by hand to correct by (polarity.csv).")


def test_a_table_of_correction_holds_measured_beside_corrected():
    page = html.document_fromstring(tone.table_of_correction(CORRECTED).html)
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
