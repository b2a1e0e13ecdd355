"""What a comparison says: the whole body of a sentence for each measure, in both directions."""

import pandas as pd
import pytest

from analysis import tables
from analysis.report.sentences import BODIES, UNITS, WHAT, reference_name
from analysis.results.measures import REST

ROW = {
    "measure": "actor-share",
    "feature": "pedro-castillo",
    "reference": REST,
    "estimate": 0.25,
    "lower": 0.05,
    "upper": 0.452,
    "count": 15.0,
    "reference_count": 30.0,
    "articles": 20,
    "reference_articles": 60,
}


def _said(study, **row):
    row = pd.Series({**ROW, **row})
    return BODIES[row["measure"]](study, row)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {},
            "names Pedro Castillo in 15 of 20 articles (75 %), the other outlets in 30 of 60 (50 %): +25 points once "
            "periods are matched, 95 % interval +5 to +45",
        ),
        (
            {"estimate": -0.004, "lower": -0.3, "upper": 0.0, "reference": "south", "articles": 1, "count": 1.0},
            "names Pedro Castillo in 1 of 1 article (100 %), The South in 30 of 60 (50 %): 0 points once periods are "
            "matched, 95 % interval −30 to 0",
        ),
        (
            {"measure": "actor-rate", "estimate": 3.24, "lower": 1.0, "upper": 5.45, "feature": "dina-boluarte"},
            "names Dina Boluarte more often per 1,000 words than the other outlets: +3.2 once periods are matched, "
            "95 % interval +1.0 to +5.5",
        ),
        (
            {"measure": "actor-rate", "estimate": -3.24, "lower": -5.0, "upper": 1.0},
            "names Pedro Castillo less often per 1,000 words than the other outlets: −3.2 once periods are matched, "
            "95 % interval −5.0 to +1.0",
        ),
        (
            {"measure": "label-share", "feature": "act:self-coup"},
            "uses “self coup” for what Castillo did more than the other outlets: +25 points of its uses of that set, "
            "95 % interval +5 to +45, 15 uses against 30",
        ),
        (
            {"measure": "label-share-own", "feature": "crowd:mob", "estimate": -0.25, "lower": -0.4, "upper": -0.1},
            "uses “mob” for those in the streets in its own voice less than the other outlets: −25 points of its uses "
            "of that set, 95 % interval −40 to −10, 15 uses against 30",
        ),
        (
            {"measure": "valence", "feature": "valence"},
            "is worded warmer than the other outlets: +0.25 on a scale from −1 to 1 once periods are matched, 95 % "
            "interval +0.05 to +0.45",
        ),
        (
            {"measure": "valence-toward", "estimate": -0.25, "lower": -0.45, "upper": -0.05, "reference": "south"},
            "is worded more negative where it names Pedro Castillo than The South: −0.25 on a scale from −1 to 1 once "
            "periods are matched, 95 % interval −0.45 to −0.05, not corrected for the instrument's errors",
        ),
    ],
)
def test_a_body_holds_its_numbers_in_the_measures_own_unit(small_study, row, expected):
    assert expected == _said(small_study, **row).replace("\N{NO-BREAK SPACE}", " ")


def test_an_interval_that_is_missing_is_a_dash(small_study):
    assert _said(small_study, lower=float("nan"), upper=float("nan")).endswith("95 % interval –")


def test_every_measure_that_is_told_in_sentences_has_body_unit_and_name():
    """All but words, which are listed."""
    expected = [measure for measure in tables.MEASURES if measure != "term-log-odds"]
    assert expected == list(BODIES) == list(UNITS) == list(WHAT)


def test_shares_are_told_in_points():
    scales = {measure: scale for measure, (_, scale, _) in UNITS.items()}
    assert {m: 100.0 if m.split("-")[1:2] == ["share"] else 1.0 for m in scales} == scales


def test_a_reference_is_named_as_readers_know_it(small_study):
    names = [reference_name(small_study, pd.Series({"reference": reference})) for reference in ("south", REST)]
    assert ["The South", "the other outlets"] == names
