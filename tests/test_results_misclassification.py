"""Sentiment corrected by a coded sample (PPI++): against formulas by hand, simulation, and the Castillo study."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.results import misclassification
from analysis.results.misclassification import (
    CLASSES,
    coded_mentions,
    corrected_mean,
    corrected_tone,
    correction_sentence,
    error_sentence,
)
from analysis.study import load_study


@pytest.fixture(scope="module")
def study():
    return load_study("castillo-2022")


def simulated(rng, articles=150, coded=60):
    """Mentions in articles that share a leaning, measured with an error that is not the same for every class."""
    cluster = np.repeat(np.arange(articles), rng.integers(1, 5, articles))
    leaning = rng.normal(-0.3, 0.5, articles)[cluster]
    true = np.clip(np.round(leaning + rng.normal(0, 0.6, len(cluster))), -1, 1)
    measured = np.clip(true - (rng.random(len(cluster)) < 0.35), -1, 1)
    table = pd.DataFrame({"cluster": cluster, "measured": measured, "coded": true})
    return table, table[table["cluster"].isin(rng.choice(articles, coded, replace=False))]


def test_the_interval_holds_the_truth_as_often_as_it_says_and_is_narrower_than_that_of_the_coded_alone():
    rng = np.random.default_rng(7)
    held, errors, alone = [], [], []
    truth = np.mean([simulated(rng, articles=20_000)[0]["coded"].mean() for _ in range(5)])
    for _ in range(400):
        every, coded = simulated(rng)
        found = corrected_mean(every, coded)
        held.append(found.lower <= truth <= found.upper)
        errors.append(found.error)
        alone.append(corrected_mean(every.assign(measured=0), coded.assign(measured=0)).error)
    assert 0.92 <= np.mean(held) <= 0.98
    assert np.mean(errors) < 0.95 * np.mean(alone)


def test_an_instrument_that_tells_nothing_leaves_the_mean_of_the_coded_and_its_standard_error():
    coded = pd.DataFrame({"cluster": range(8), "coded": [-1, 0, 0, 1, -1, -1, 0, 1], "measured": 0.0})
    found = corrected_mean(pd.DataFrame({"cluster": range(99), "measured": 0.0}), coded)
    assert (0.0, coded["coded"].mean()) == (found.weight, found.estimate)
    assert coded["coded"].std(ddof=1) / np.sqrt(8) == pytest.approx(found.error)


def test_an_instrument_without_errors_gives_the_mean_of_all():
    rng = np.random.default_rng(1)
    every = pd.DataFrame({"cluster": range(500), "measured": rng.choice(CLASSES, 500)})
    coded = every.head(40).assign(coded=lambda table: table["measured"])
    found = corrected_mean(every, coded)
    assert 1 == pytest.approx(found.weight)
    assert every["measured"].mean() == pytest.approx(found.estimate)


def test_coded_mentions_meet_those_of_the_features(study):
    pairs = coded_mentions(study)
    assert 200 == len(pairs)
    assert pairs["measured"].notna().all()
    assert set(CLASSES) >= set(pairs["measured"]) | set(pairs["sentence"]) | set(pairs["coded"])


def test_a_single_outlet_is_corrected_only_from_thirty_coded_mentions_of_its_own(study):
    table = corrected_tone(study)
    assert ["", *study.tested] == table["group"].to_list()
    enough = table["coded"] >= misclassification.ENOUGH
    assert 3 == enough.sum()
    pd.testing.assert_series_equal(enough, table["corrected"].notna(), check_names=False)
    known = table[enough]
    assert ((known["lower"] <= known["corrected"]) & (known["corrected"] <= known["upper"])).all()


def test_every_number_is_rounded(study):
    numbers = corrected_tone(study).select_dtypes("number")
    pd.testing.assert_frame_equal(numbers, numbers.round(10), check_exact=True)


def test_a_study_without_coded_mentions_says_so():
    sample = load_study("sample")
    sample = replace(sample, polarity=sample.polarity[:0])
    assert corrected_tone(sample).empty
    assert "" == correction_sentence(pd.DataFrame())
    assert "are not known here" in error_sentence(coded_mentions(sample))


def test_a_mean_whose_interval_holds_zero_has_no_sentence():
    row = pd.DataFrame({"corrected": [-0.1], "lower": [-0.3], "upper": [0.1], "coded": [40]})
    assert "" == correction_sentence(row)
    assert correction_sentence(row.assign(upper=-0.02)).startswith(
        "Corrected for the instrument's errors on 40 mentions, tone toward actors is −0.10 on a scale"
    )
