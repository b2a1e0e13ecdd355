"""Tone corrected for misclassification: against the formula for two classes, and on the Castillo study."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.results import misclassification
from analysis.results.misclassification import CLASSES, coded_mentions, corrected_tone, correction_sentence
from analysis.scoring import polarity
from analysis.stats import frequency
from analysis.study import load_study

SOME = pd.DataFrame({"coded": [-1, 0, 1] * 9, "measured": [-1.0, 0.0, 1.0] * 8 + [0.0, 0.0, -1.0], "sentence": 0.0})
SHARES = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(lambda each: np.array(each) / sum(each))


@pytest.fixture(scope="module")
def study():
    return load_study("castillo-2022")


@given(st.floats(0.6, 1), st.floats(0.6, 1), st.floats(0, 1))
def test_two_classes_are_corrected_as_rogan_and_gladen_do(sensitivity, specificity, true):
    measured = sensitivity * true + (1 - specificity) * (1 - true)
    confusion = np.array([[sensitivity, 1 - specificity, 0], [1 - sensitivity, specificity, 0], [0, 0, 1]])
    expected = (measured + specificity - 1) / (sensitivity + specificity - 1)
    found = misclassification._coded_shares(confusion, np.array([measured, 1 - measured, 0]))
    np.testing.assert_allclose(found, [expected, 1 - expected, 0], atol=1e-6)


@given(SHARES, SHARES, SHARES, SHARES)
def test_shares_stay_shares(one, two, three, measured):
    found = misclassification._coded_shares(np.column_stack([one, two, three]), measured)
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(1, abs=1e-4)


def test_coded_mentions_meet_those_of_the_features(study):
    pairs = coded_mentions(study)
    assert len(study.polarity) == len(pairs)
    assert pairs["measured"].notna().all()
    assert set(CLASSES) >= set(pairs["measured"]) | set(pairs["sentence"]) | set(pairs["coded"])


def test_an_instrument_without_errors_needs_no_correction(study, monkeypatch):
    perfect = pd.DataFrame({"coded": [-1, 0, 1] * 9, "measured": [-1.0, 0.0, 1.0] * 9, "sentence": 0.0})
    monkeypatch.setattr(misclassification, "coded_mentions", lambda study: perfect)
    table = corrected_tone(study, draws=20)
    assert ["", *study.tested] == table["group"].to_list()
    np.testing.assert_allclose(table["measured"], table["corrected"], atol=1e-5)
    np.testing.assert_allclose(table["negative"], table["corrected_negative"], atol=1e-5)
    assert (table["lower"] <= table["corrected"]).all()
    assert (table["corrected"] <= table["upper"]).all()


def test_the_interval_takes_in_how_few_were_coded(study, monkeypatch):
    measured = [*[-1.0] * 4, 0.0, *[0.0] * 4, -1.0, *[1.0] * 5]
    few = pd.DataFrame({"coded": np.repeat(CLASSES, 5), "measured": measured, "sentence": 0.0})
    widths = []
    for times in (1, 40):
        monkeypatch.setattr(misclassification, "coded_mentions", lambda study, n=times: pd.concat([few] * n))
        first = corrected_tone(study, draws=400).iloc[0]
        widths.append(first["upper"] - first["lower"])
    assert widths[0] > 1.5 * widths[1]


def test_a_class_never_coded_leaves_nothing_to_correct_by(study, monkeypatch):
    pairs = pd.DataFrame({"coded": [-1, 0], "measured": [-1.0, -1.0], "sentence": 0.0})
    monkeypatch.setattr(misclassification, "coded_mentions", lambda study: pairs)
    empty = corrected_tone(study)
    assert empty.empty
    found = correction_sentence(study, pairs, empty)
    assert found.startswith("Of 2 mentions coded by hand the instrument of tone toward an actor gives 1 their coded")
    assert found.endswith("A class was never coded, so outlets' tone cannot be corrected for that.")


def test_a_study_without_coded_mentions_says_so():
    sample = load_study("sample")
    pairs = coded_mentions(sample)
    assert pairs.empty
    assert corrected_tone(sample).empty
    assert "is not known" in correction_sentence(sample, pairs, pd.DataFrame())


def test_the_sentence_names_outlets_whose_interval_leaves_the_whole_out(study):
    pairs = pd.DataFrame({"coded": [-1, 0, 1], "measured": [-1.0, 0.0, 1.0]})
    table = pd.DataFrame(
        {
            "group": ["", "cnn", "guardian"],
            "measured": [-0.4, -0.1, -0.5],
            "corrected": [-0.4, -0.1, -0.5],
            "lower": [-0.5, -0.3, -0.7],
            "upper": [-0.3, 0.1, -0.2],
        }
    )
    sentence = correction_sentence(study, pairs, table)
    assert sentence.endswith("; the corrected intervals of 1 of 2 tested outlets leave it out (CNN).")
    table.loc[1, "lower"] = -0.6
    assert correction_sentence(study, pairs, table).endswith(
        "with this instrument it cannot be told whether outlets differ in tone toward actors."
    )


def test_articles_and_classes_are_counted_as_by_a_cross_table(study, monkeypatch):
    """Against pandas on the file: mentions of persons, parties, institutions, states and groups with a sentiment."""
    mentions = pd.read_parquet(study.features_folder / "mentions.parquet")
    kinds = study.actors.drop_duplicates("actor").set_index("actor")["kind"]
    judged = (mentions["gazetteer"] == "actors") & mentions["entry"].map(kinds).isin(misclassification.KINDS)
    mentions = mentions[judged].assign(measured=lambda table: polarity(table["sentiment"].to_numpy()))
    expected = pd.crosstab(mentions["article"], mentions["measured"]).reindex(study.articles["article"], fill_value=0)
    np.testing.assert_array_equal(expected[list(CLASSES)], misclassification._measured_counts(study))
    outlet = mentions["article"].map(study.articles.set_index("article")["outlet"])
    english = mentions["article"].map(study.articles.set_index("article")["language"]) == "en"
    monkeypatch.setattr(misclassification, "coded_mentions", lambda study: SOME)
    table = corrected_tone(study, draws=2).set_index("group")
    mine = mentions[english & (outlet == "guardian")].dropna(subset="measured")
    assert (mine["article"].nunique(), len(mine)) == tuple(table.loc["guardian", ["articles", "mentions"]])
    assert mine["measured"].mean() == pytest.approx(table.loc["guardian", "measured"])


def test_every_number_is_rounded_and_does_not_depend_on_how_much_is_drawn_at_once(study, monkeypatch):
    """So that the last bit of one machine's arithmetic cannot show."""
    monkeypatch.setattr(misclassification, "coded_mentions", lambda study: SOME)
    at_once = corrected_tone(study, draws=20)
    numbers = at_once.select_dtypes("number")
    pd.testing.assert_frame_equal(numbers, numbers.round(10), check_exact=True)
    monkeypatch.setattr(frequency, "_CELLS", 700)
    pd.testing.assert_frame_equal(at_once, corrected_tone(study, draws=20), check_exact=True)
