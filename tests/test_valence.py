"""Tone: VADER's own arithmetic, worked out by hand from its lexicon; toward a mention on invented sentences."""

import importlib.util
import math
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import LanguageError
from analysis.scoring import INSTRUMENTS, mention_valence, polarity, sentence_valence
from analysis.scoring.connotation import stem
from analysis.scoring.stance import MODEL, load_model, logits, probabilities
from analysis.scoring.targeted import features
from analysis.tables import LANGUAGES


def _compound(total):
    """Hutto & Gilbert's normalization of a sum of ratings."""
    return round(total / math.sqrt(total * total + 15), 4)


@pytest.mark.parametrize(
    ("sentence", "total"),
    [
        ("a good day", 1.9),
        ("it isn't good", 1.9 * -0.74),
        ("it isn’t good", 1.9),  # as it stands; analysis.annotation.features hands it over with a plain apostrophe
        ("a table", 0.0),
        ("", 0.0),
    ],
)
def test_sentences_have_the_sum_of_the_lexicon(sentence, total):
    assert [_compound(total)] == sentence_valence([sentence], language="en").tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=4), st.sampled_from(LANGUAGES))
def test_values_lie_in_range_and_are_missing_without_an_instrument(sentences, language):
    found = sentence_valence(sentences, language=language)
    assert (len(sentences),) == found.shape
    if language in INSTRUMENTS:
        assert ((-1 <= found) & (found <= 1)).all()
    else:
        assert np.isnan(found).all()


def test_a_language_without_rules_is_refused():
    with pytest.raises(LanguageError, match="no rules for language 'de'"):
        sentence_valence(["Gut"], language="de")


@pytest.mark.parametrize("span", [(3, 3), (-1, 2), (0, 99)])
def test_a_span_outside_its_sentence_is_refused(span):
    with pytest.raises(ValueError, match="does not lie in its sentence of 10 characters"):
        mention_valence(["a good day"], [span], language="en")


def test_sentences_and_spans_are_aligned():
    with pytest.raises(ValueError, match="zip"):
        mention_valence(["a good day"], [], language="en")


def test_polarity_has_vaders_cut_offs_and_keeps_what_is_missing():
    found = polarity([0.05, 0.0499, -0.05, -0.0499, 0.0, 1.0, np.nan])
    np.testing.assert_array_equal([1.0, 0.0, -1.0, 0.0, 0.0, 1.0, np.nan], found)


_NAMES, _VERBS = ("Alba", "Boluarte"), ("praised", "met", "betrayed")


def _toward(name, sentence):
    start = sentence.index(name)
    return mention_valence([sentence], [(start, start + len(name))], language="en")[0]


@pytest.mark.parametrize(
    ("sentence", "name", "expected"),
    [
        ("Critics condemned Alba as a corrupt liar.", "Alba", -1),
        ("Alba was accused of fraud and conspiracy by prosecutors.", "Alba", -1),
        ("Alba betrayed his voters and lied to the nation.", "Alba", -1),
        ("Rivals attacked Boluarte over the scandal.", "Boluarte", -1),
        ("Boluarte was praised by Alba for her courage.", "Boluarte", 1),
        ("Supporters cheered as Alba won a historic victory.", "Alba", 1),
        ("Alba is a good leader.", "Alba", 1),
        ("Alba is not a good leader.", "Alba", -1),
        ("Alba arrived in Lima on Friday.", "Alba", 0),
        ("Boluarte said Alba lied to the nation.", "Boluarte", 0),
        ("Boluarte said Alba lied to the nation.", "Alba", -1),
    ],
)
def test_a_mention_has_the_tone_of_what_is_said_of_it(sentence, name, expected):
    assert expected == polarity(_toward(name, sentence))


@pytest.mark.parametrize("name", ["Quispe", "Trump", "Hitler", "Grace", "Ángel"])
def test_who_the_target_is_does_not_count(name):
    assert _toward("Alba", "Alba met the ambassador.") == _toward(name, f"{name} met the ambassador.")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_mention_valence_is_defined_for_any_text_and_never_at_odds_with_its_class(data):
    sentence = data.draw(st.text(min_size=1, max_size=80))
    start = data.draw(st.integers(0, len(sentence) - 1))
    span = (start, data.draw(st.integers(start + 1, len(sentence))))
    (value,) = mention_valence([sentence], [span], language="en")
    likeliest = probabilities([sentence], [span]).argmax() - 1
    assert -1 <= value <= 1
    assert likeliest == polarity(value)


def test_a_mention_has_one_value_whatever_it_is_measured_with():
    sentences = [f"{first} {verb} {second}." for first in _NAMES for verb in _VERBS for second in ("Quispe", "it")]
    spans = [(0, len(sentence.split()[0])) for sentence in sentences]
    alone = [mention_valence([s], [p], language="en")[0] for s, p in zip(sentences, spans, strict=True)]
    many = mention_valence(sentences * 200, spans * 200, language="en")
    assert alone * 200 == many.tolist()


def test_values_do_not_depend_on_the_hash_seed():
    code = (
        "from analysis.scoring import mention_valence as m;"
        "print(m(['Rivals attacked Alba, who won.'], [(16, 20)], language='en')[0].hex())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert 1 == len(found)


def test_mentions_without_an_instrument_are_missing():
    assert np.isnan(mention_valence(["Un buen día"], [(3, 7)], language="es")).all()


def test_nothing_asked_nothing_found():
    assert (0,) == mention_valence([], [], language="en").shape


def test_the_model_is_small_and_holds_figures_only(capsys):
    start = time.perf_counter()
    model = load_model.__wrapped__(MODEL)
    with capsys.disabled():
        print(
            f"\nvalence model: {MODEL.stat().st_size:,} bytes, loaded in {1000 * (time.perf_counter() - start):.1f} ms"
        )
    assert MODEL.stat().st_size <= 2_000_000
    assert {"u", "i", "f"} == {np.asarray(part).dtype.kind for part in model}
    assert (np.diff(model.keys.astype(np.int64)) > 0).all()
    assert (len(model.keys), 3) == model.weights.shape


def test_words_of_the_instrument_are_single_and_in_alphabetical_order():
    groups = tomllib.loads((MODEL.parent / "connotation.toml").read_text(encoding="utf-8"))["groups"]
    for words in map(str.split, groups.values()):
        assert sorted(set(words)) == words


@pytest.mark.parametrize(
    "forms",
    [
        "attack attacks attacked attacking",
        "lie lies lied lying",
        "beat beating beaten",
        "win won wins",
        "criticize criticized criticizes",
        "bully bullies bullied",
        "reply replied replies",
    ],
)
def test_forms_of_a_word_have_one_stem(forms):
    assert 1 == len(set(map(stem, forms.split())))


def test_training_gives_the_same_model_from_the_same_sentences():
    train = _training()
    sentences = [f"{name} {verb} {other}" for name in _NAMES for verb in _VERBS for other in ("Quispe", "them", "us")]
    found = features(sentences, [(0, len(sentence.split()[0])) for sentence in sentences])
    classes = np.array([{"praised": 1, "met": 0, "betrayed": -1}[sentence.split()[1]] for sentence in sentences])
    first, second = train.fit(found, classes), train.fit(found, classes)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(classes, logits(found, first).argmax(axis=1) - 1)


def _training():
    path = Path(__file__).parent / "benchmarks" / "train_valence.py"
    spec = importlib.util.spec_from_file_location("train_valence", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
