"""Tone: VADER's own arithmetic, worked out by hand from its lexicon."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import LanguageError
from analysis.tables import LANGUAGES
from analysis.valence import INSTRUMENTS, mention_valence, polarity, sentence_valence


def _compound(total):
    """Hutto & Gilbert's normalization of a sum of ratings."""
    return round(total / math.sqrt(total * total + 15), 4)


@pytest.mark.parametrize(
    ("sentence", "total"),
    [
        ("a good day", 1.9),
        ("it isn't good", 1.9 * -0.74),
        ("it isn’t good", 1.9 * -0.74),
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
