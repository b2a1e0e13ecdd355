"""Which instrument measures what, as study.toml says, and that features of another model are stale and said to be."""

import importlib.metadata

import numpy as np
import pandas as pd
import pytest
from ministudy import mini_study
from tinymodel import LABELS, probabilities, write_model

from analysis import load_study, scoring, sentiment
from analysis.annotation.run import annotate
from analysis.errors import StudyError, UnknownName
from analysis.results.validation import sentiment_validity
from analysis.scoring import BUILT_IN, Instrument, measured, onnx_model, study_instruments

pytestmark = pytest.mark.slow
RULE = """
[[instruments]]
name = "tiny"
folder = "../model"
languages = ["pl-PL"]
scores = "{scores}"
labels = {{ {labels} }}
"""
REVISION = "0123456789abcdef0123456789abcdef01234567"


def with_rules(tmp_path, text):
    """The mini study with entries of [[instruments]]."""
    folder = mini_study(tmp_path / "study").folder
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write(text)
    return load_study(folder)


def rule(scores="sentence", labels=LABELS):
    return RULE.format(scores=scores, labels=", ".join(f"{own} = '{polarity}'" for own, polarity in labels.items()))


def test_built_in_are_vader_for_sentences_and_a_model_toward_targets():
    facts = [(one.name, one.languages, one.scores) for one in BUILT_IN]
    assert [("vader", ("en",), "sentence"), ("targeted", ("en",), "target")] == facts
    texts = ["It is good.", "It isn’t good."]
    np.testing.assert_array_equal(sentiment(texts, language="en"), measured(BUILT_IN, "sentence", "en", texts))
    assert np.isnan(measured(BUILT_IN, "sentence", "es", texts)).all()
    assert {"VADER on the whole sentence, this project"} == set(sentiment_validity("vader")["who"])
    assert sentiment_validity("tiny").empty


def test_the_first_instrument_of_a_language_measures_it():
    one, other = (Instrument("", ("pl",), "sentence", "1", lambda *_, score=score: [score]) for score in (0.1, 0.2))
    assert [0.2] == measured([other, one], "sentence", "pl", ["a"])
    assert np.isnan(measured([one], "target", "pl", ["a"])).all()


def test_an_installed_package_offers_an_instrument_by_its_name(tmp_path, monkeypatch):
    offered = Instrument("mood", ("pl",), "sentence", "2.1", len)
    entry = importlib.metadata.EntryPoint("mood", "elsewhere:MOOD", scoring.GROUP)
    monkeypatch.setattr(importlib.metadata.EntryPoint, "load", lambda self: offered)
    monkeypatch.setattr(scoring, "entry_points", lambda group: [entry])
    study = with_rules(tmp_path, '\n[[instruments]]\nname = "mood"\n')
    assert (offered, *BUILT_IN) == study_instruments(study.settings.instruments, study.folder)
    study = with_rules(tmp_path, '\n[[instruments]]\nname = "mood"\nlanguages = ["es-MX"]\n')
    assert ("es",) == study_instruments(study.settings.instruments, study.folder)[0].languages
    with pytest.raises(UnknownName, match=r"'moot' is none that is installed \(did you mean 'mood'\?\)"):
        scoring.installed("moot")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('name = "x"\nhub = "a/b"', "'x': revision '' is not the commit of 40 characters"),
        ('name = "x"\nhub = "a/b"\nrevision = "main"', "'x': revision 'main' is not the commit of 40 characters"),
        (
            f'name = "x"\nhub = "a/b"\nrevision = "{REVISION}"\nlanguages = ["es"]',
            "'x' is a model and lacks languages, or labels",
        ),
        ('name = "x"\nfolder = "m"\nhub = "a/b"', "'x' has a folder and a hub; keep one"),
        ('name = "x"\nlabels = { a = "neutral" }', "it takes name and languages only"),
        ('name = "x"\nfoldr = "m"', "'foldr' is unknown. Mend its name"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_with_its_line(tmp_path, lines, message):
    before = (mini_study(tmp_path / "study").folder / "study.toml").read_text(encoding="utf-8").count("\n")
    with pytest.raises(StudyError) as error:
        with_rules(tmp_path, f"\n[[instruments]]\n{lines}\n")
    assert message in str(error.value)
    assert f"study.toml:{before + 2}: " in str(error.value)


@pytest.mark.parametrize("scores", ["sentence", "target"])
def test_features_have_the_scores_of_the_model_and_are_stale_with_another(tmp_path, monkeypatch, scores):
    """“Brawo …” is all that the model knows of the Polish text; English is measured as ever."""
    monkeypatch.setattr(onnx_model, "cache_folder", lambda root: tmp_path / "cache")
    study = with_rules(tmp_path, "")
    annotate(study.folder / "texts.jsonl", study)
    before = study.features("SENTENCES"), study.features("MENTIONS")
    assert "" == load_study(study.folder).features_warning()

    folder = write_model(tmp_path / "model")
    study = with_rules(tmp_path, rule(scores))
    assert "instrument tiny (study.toml)" in study.features_warning()
    annotate(study.folder / "texts.jsonl", study, jobs=2)
    study = load_study(study.folder)
    assert "" == study.features_warning()
    for old, table in zip(before, ("SENTENCES", "MENTIONS"), strict=True):
        found, polish = study.features(table), old["article"] == "kurier-1"
        pd.testing.assert_series_equal(old["sentiment"][~polish], found["sentiment"][~polish])
        is_scored = (table == "SENTENCES") == (scores == "sentence")
        expected = np.round((probabilities() @ [-1, 0, 1]) * 0.05, 4) if is_scored else np.nan
        np.testing.assert_array_equal(found["sentiment"][polish], expected)

    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text(encoding="utf-8") + " ", "utf-8")
    assert "changed since: instrument tiny: tokenizer.json" in load_study(study.folder).features_warning()
    folder.rename(tmp_path / "elsewhere")  # on a machine without the model nothing says that it changed
    assert "" == load_study(study.folder).features_warning()
    (study.folder / "study.toml").write_text((mini_study(tmp_path / "other").folder / "study.toml").read_text())
    assert "instrument tiny (study.toml)" in load_study(study.folder).features_warning()
