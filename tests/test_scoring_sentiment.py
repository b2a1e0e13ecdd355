"""Sentiment of texts, worked out by hand from VADER's lexicon; toward targets, on invented sentences."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import LanguageError
from analysis.scoring import INSTRUMENTS, polarity, sentiment, targeted_sentiment
from analysis.scoring.lexicon import stem
from analysis.scoring.targeted import MODEL, WINDOW, load_model, probabilities
from analysis.tables import LANGUAGES


def _compound(total):
    """Hutto & Gilbert's normalization of a sum of ratings."""
    return round(total / math.sqrt(total * total + 15), 4)


def _toward(name, sentence):
    start = sentence.index(name)
    return targeted_sentiment(sentence, (start, start + len(name)), language="en")


@pytest.mark.parametrize(
    ("sentence", "total"),
    [("a good day", 1.9), ("it isn't good", 1.9 * -0.74), ("it isn’t good", 1.9 * -0.74), ("“good”", 1.9), ("", 0.0)],
)
def test_sentiment_is_the_sum_of_the_lexicon_whatever_the_apostrophes(sentence, total):
    assert _compound(total) == sentiment(sentence, language="en")


def test_one_text_has_a_float_and_several_an_array():
    assert isinstance(sentiment("good", language="en"), float)
    assert [sentiment("good", language="en")] == sentiment(["good"], language="en").tolist()
    assert isinstance(targeted_sentiment("Alba won", (0, 4), language="en"), float)
    assert (0,) == sentiment([], language="en").shape == targeted_sentiment([], [], language="en").shape


@given(st.lists(st.text(max_size=60), max_size=4), st.sampled_from(LANGUAGES))
def test_values_lie_in_range_and_are_missing_without_an_instrument(texts, language):
    values = sentiment(texts, language=language)
    assert (len(texts),) == values.shape
    assert ((values >= -1) & (values <= 1) if language in INSTRUMENTS else np.isnan(values)).all()


def test_what_is_no_language_is_refused_and_one_without_an_instrument_is_missing():
    for measured in (lambda tag: sentiment("Gut", language=tag), lambda tag: _toward_in(tag)):
        with pytest.raises(LanguageError, match="'German' is no tag of a language"):
            measured("German")
        assert math.isnan(measured("es-419"))
        assert math.isnan(measured("sv"))


def _toward_in(language):
    return targeted_sentiment("Un buen día", (3, 7), language=language)


@pytest.mark.parametrize("span", [(3, 3), (-1, 2), (0, 99)])
def test_a_span_outside_its_sentence_is_refused(span):
    with pytest.raises(ValueError, match="does not lie in its sentence of 10 characters"):
        targeted_sentiment("a good day", span, language="en")


def test_sentences_and_spans_are_aligned():
    with pytest.raises(ValueError, match="zip"):
        targeted_sentiment(["a good day"], [], language="en")


def test_polarity_has_vaders_cut_offs_and_keeps_what_is_missing():
    values = polarity([0.05, 0.0499, -0.05, -0.0499, 0.0, 1.0, np.nan])
    np.testing.assert_array_equal([1.0, 0.0, -1.0, 0.0, 0.0, 1.0, np.nan], values)


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
        ("Alba arrived in Lima on Friday.", "Alba", 0),
        ("Boluarte said Alba lied to the nation.", "Boluarte", 0),
        ("Boluarte said Alba lied to the nation.", "Alba", -1),
    ],
)
def test_targeted_sentiment_is_that_of_the_words_around_the_target(sentence, name, expected):
    assert expected == polarity(_toward(name, sentence))


@pytest.mark.parametrize("name", ["Quispe", "Trump", "Hitler", "Grace", "Ángel"])
def test_who_the_target_is_does_not_count(name):
    assert _toward("Alba", "Alba met the ambassador.") == _toward(name, f"{name} met the ambassador.")


@given(st.data())
def test_any_target_has_a_value_that_agrees_with_its_likeliest_class(data):
    sentence = data.draw(st.text(min_size=1, max_size=80))
    start = data.draw(st.integers(0, len(sentence) - 1))
    span = (start, data.draw(st.integers(start + 1, len(sentence))))
    value = targeted_sentiment(sentence, span, language="en")
    assert -1 <= value <= 1
    assert round(value, 4) == value
    assert probabilities([sentence], [span]).argmax() - 1 == polarity(value)


def test_a_target_has_one_value_whatever_it_is_measured_with():
    sentences = [f"{one} {verb} {other}." for one in ("Alba", "Rivas") for verb in ("met", "hurt") for other in "xy"]
    spans = [(0, len(sentence.split()[0])) for sentence in sentences]
    alone = [targeted_sentiment(*pair, language="en") for pair in zip(sentences, spans, strict=True)]
    assert alone * 300 == targeted_sentiment(sentences * 300, spans * 300, language="en").tolist()


def test_words_beyond_the_window_do_not_count():
    near = "word " * WINDOW + "Alba " + "word " * WINDOW
    assert _toward("Alba", near) == _toward("Alba", "corrupt liar " * 9 + near + "hero " * 9)


def test_the_model_is_small_and_holds_figures_only():
    model = load_model()
    assert MODEL.stat().st_size <= 200_000
    assert ["i", "f"] == [model.weights.dtype.kind, model.bias.dtype.kind]
    assert np.isfinite([model.step, *model.bias]).all()


@pytest.mark.parametrize("forms", ["attack attacked attacking", "lie lied lying", "win won wins", "bully bullies"])
def test_forms_of_a_word_have_one_stem(forms):
    assert 1 == len(set(map(stem, forms.split())))
