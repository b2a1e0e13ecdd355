"""Instruments held to codes of a study's own: from its features, from its texts, and with a model beside the others."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from ministudy import mini_study
from tinymodel import LABELS, write_model

from analysis import load_study
from analysis.cli import main
from analysis.errors import AnalysisError
from analysis.results.misclassification import coded_mentions
from analysis.results.misclassification import validation
from analysis.scoring import onnx_model

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


def test_the_command_prints_a_matrix_and_writes_the_table(tmp_path, by_features):
    shown = CliRunner().invoke(main, ["validate", "sample"]).output
    every = by_features[by_features["polarity"] == ""].iloc[0]
    assert f"vader ({every['version']}), tone of the sentence, en: 90 codings in 30 articles\n" in shown
    assert "known: macro-F1 of polarity toward a target 0.52 (8,739 of NewsMTSC, training split)\n" in shown
    assert f"macro-F1 {every['f1']:.2f} ({every['lower']:.2f} to {every['upper']:.2f})\n" in shown
    written = CliRunner().invoke(main, ["validate", "sample", "--output", str(tmp_path / "v.csv")]).output
    assert f"{tmp_path / 'v.csv'}: {len(by_features)} rows\n" == written
    assert len(by_features) == len(pd.read_csv(tmp_path / "v.csv"))
