"""Sentiment held to codes of a study's own, and corrected by them (PPI++): by hand, in simulation, on studies."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from ministudy import mini_study
from tinymodel import LABELS, write_model

from analysis.cli import main
from analysis.errors import AnalysisError
from analysis.results import misclassification
from analysis.results.misclassification import (
    CLASSES,
    coded_mentions,
    corrected_mean,
    corrected_tone,
    correction_sentence,
    error_sentence,
)
from analysis.results.validation import validation
from analysis.scoring import onnx_model
from analysis.study import load_study

pytestmark = pytest.mark.slow


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
    truth = simulated(rng, articles=20_000)[0]["coded"].mean()
    for _ in range(150):
        every, coded = simulated(rng)
        found = corrected_mean(every, coded)
        held.append(found.lower <= truth <= found.upper)
        errors.append(found.error)
        alone.append(corrected_mean(every.assign(measured=0), coded.assign(measured=0)).error)
    assert 0.9 <= np.mean(held) <= 0.99
    assert np.mean(errors) < 0.95 * np.mean(alone)


def test_an_instrument_that_tells_nothing_leaves_the_mean_of_the_coded_and_its_standard_error():
    coded = pd.DataFrame({"cluster": range(8), "coded": [-1, 0, 0, 1, -1, -1, 0, 1], "measured": 0.0})
    found = corrected_mean(pd.DataFrame({"cluster": range(99), "measured": 0.0}), coded)
    assert (0.0, coded["coded"].mean()) == (found.weight, found.estimate)
    assert coded["coded"].std(ddof=1) / np.sqrt(8) == pytest.approx(found.error)


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


def test_a_single_outlet_is_corrected_only_from_thirty_coded_mentions_of_its_own():
    study = load_study("castillo-2022")
    pairs = coded_mentions(study)
    assert 200 == len(pairs.dropna())
    assert set(CLASSES) >= set(pairs["measured"]) | set(pairs["sentence"]) | set(pairs["coded"])
    table = corrected_tone(study)
    assert ["", *study.tested] == table["group"].to_list()
    enough = table["coded"] >= misclassification.ENOUGH
    assert 3 == enough.sum()
    pd.testing.assert_series_equal(enough, table["corrected"].notna(), check_names=False)
    known = table[enough]
    assert ((known["lower"] <= known["corrected"]) & (known["corrected"] <= known["upper"])).all()
    numbers = table.select_dtypes("number")
    pd.testing.assert_frame_equal(numbers, numbers.round(10), check_exact=True)


SAMPLE = Path(__file__).parents[1] / "data" / "sample"
MODEL = """
[[instruments]]
name = "tiny"
folder = "../model"
languages = ["es", "en"]
scores = "target"
labels = {{ {} }}
"""


@pytest.fixture(scope="module")
def by_features():
    return validation(load_study("sample"))


def test_features_and_texts_give_the_same_figures(by_features):
    pd.testing.assert_frame_equal(by_features, validation(load_study("sample"), [SAMPLE / "texts.jsonl"]))


def test_figures_are_those_of_the_pairs_that_reports_correct_by(by_features):
    pairs = coded_mentions(load_study("sample")).dropna()
    right = {"targeted": pairs["coded"] == pairs["measured"], "vader": pairs["coded"] == pairs["sentence"]}
    for name, is_right in right.items():
        every = by_features[(by_features["instrument"] == name) & (by_features["polarity"] == "")].iloc[0]
        assert (len(pairs), round(is_right.mean(), 4)) == (every["coded"], every["recall"])


def test_a_model_stands_beside_the_others_and_what_has_no_text_is_counted(tmp_path, monkeypatch):
    """In Spanish only the model measures; one article's text is not given, another's is not the one annotated."""
    monkeypatch.setattr(onnx_model, "cache_folder", lambda root: tmp_path / "cache")
    write_model(tmp_path / "model")
    folder = shutil.copytree(SAMPLE, tmp_path / "sample")
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write(MODEL.format(", ".join(f"{own} = '{polarity}'" for own, polarity in LABELS.items())))
    lines = (folder / "texts.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line.replace('"body": "', '"body": "So. ') if '"fs-01"' in line else line for line in lines]
    (folder / "texts.jsonl").write_text("".join(line for line in kept if '"ac-01"' not in line), encoding="utf-8")
    table = validation(load_study(folder), [folder / "texts.jsonl"])
    every = table[table["polarity"] == ""].set_index(["instrument", "language"])
    assert [("tiny", "en"), ("tiny", "es"), ("vader", "en"), ("targeted", "en")] == every.index.to_list()
    assert [(87, 3), (9, 1), (87, 3), (87, 3)] == list(zip(every["coded"], every["missing"], strict=True))
    neutral = table[(table["instrument"] == "tiny") & (table["polarity"] == "neutral")]
    assert (neutral["neutral"] == neutral["coded"]).all()  # the model knows none of these words


def test_a_study_without_codes_is_told_what_to_code(tmp_path):
    with pytest.raises(AnalysisError, match=r"has no coded polarity\. Code a sample of mentions or sentences"):
        validation(mini_study(tmp_path / "mini"))


def test_the_command_says_which_codings_are_measured_by_nothing(tmp_path):
    """Spanish has no instrument at first, then one that measured nothing yet."""
    folder = shutil.copytree(SAMPLE, tmp_path / "sample")
    result = CliRunner().invoke(main, ["validate", str(folder)])
    assert "note: no instrument of the study measures es: 10 codings are left out\n" in result.output
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write(MODEL.format("a = 'neutral'").replace('"es", "en"', '"es"'))
    result = CliRunner().invoke(main, ["validate", str(folder)])
    assert (0, None) == (result.exit_code, result.exception)
    first = "tiny (model), tone toward the target, es: 0 codings in 0 articles\n"
    assert f"{first}  10 codings have no score: the features hold none\nvader" in result.output
    assert "warning: The features were measured by" in result.output


@pytest.mark.slow
def test_the_command_prints_a_matrix_and_writes_the_table(tmp_path, by_features):
    shown = CliRunner().invoke(main, ["validate", "sample"]).output
    every = by_features[by_features["polarity"] == ""].iloc[0]
    assert f"vader ({every['version']}), tone of the sentence, en: 90 codings in 30 articles\n" in shown
    assert "known: macro-F1 of polarity toward a target 0.52 (8,739 of NewsMTSC, training split)\n" in shown
    assert f"macro-F1 {every['f1']:.2f} ({every['lower']:.2f} to {every['upper']:.2f})\n" in shown
    written = CliRunner().invoke(main, ["validate", "sample", "--output", str(tmp_path / "v.csv")]).output
    assert written.endswith(f"{tmp_path / 'v.csv'}: {len(by_features)} rows\n")
    assert len(by_features) == len(pd.read_csv(tmp_path / "v.csv"))
