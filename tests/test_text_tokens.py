"""Tokens: those of NLTK but for listed differences."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_text_sentences import LANGUAGE, TEXT

from analysis.text.sentences import split_sentences
from analysis.text.tokens import is_word, tokenize


def _tokens(text, language="en"):
    return list(tokenize(text, language=language))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Ayala’s self-coup didn’t pass.", ["Ayala", "’s", "self-coup", "did", "n’t", "pass", "."]),
        ("en", "the coup d’état of '92", ["the", "coup", "d’état", "of", "'", "92"]),
        ("en", "protesters’ rights, 1,000 at 10:30", ["protesters", "’", "rights", ",", "1,000", "at", "10:30"]),
        ("en", "Police–army (and/or)...", ["Police", "–", "army", "(", "and", "/", "or", ")", "..."]),
        ("en", "in the U.S.", ["in", "the", "U.S."]),
        ("en", "Gen. Rivas of Ayala Inc.", ["Gen.", "Rivas", "of", "Ayala", "Inc", "."]),
        ("es", "Los RR.EE. d'Ayala, 5 % más", ["Los", "RR.EE.", "d'Ayala", ",", "5", "%", "más"]),
        ("pl", "3,5 tys. osób", ["3,5", "tys.", "osób"]),
    ],
)
def test_tokens(language, text, expected):
    assert expected == _tokens(text, language)


#: Where we differ from NLTKWordTokenizer on purpose: why, a sentence, NLTK's tokens, ours.
DIFFERENCES = {
    "a typographic apostrophe is one": (
        "Ayala’s men didn’t go",
        ["Ayala", "’", "s", "men", "didn", "’", "t", "go"],
        ["Ayala", "’s", "men", "did", "n’t", "go"],
    ),
    "a word with an apostrophe inside stays whole": (
        "the coup d’état",
        ["the", "coup", "d", "’", "état"],
        ["the", "coup", "d’état"],
    ),
    "hyphens join, as with NLTK": ("self‐rule self-rule", ["self‐rule", "self-rule"], None),
    "an address is one token": (
        "see https://example.org/a?b=1, now",
        ["see", "https", ":", "//example.org/a", "?", "b=1", ",", "now"],
        ["see", "https://example.org/a?b=1", ",", "now"],
    ),
    "a handle is one token": ("@ayala wrote", ["@", "ayala", "wrote"], ["@ayala", "wrote"]),
    "a hashtag is a mark and a word, as with NLTK": ("#Peru now", ["#", "Peru", "now"], None),
    "a slash stands alone": ("and/or", ["and/or"], ["and", "/", "or"]),
    "a plus stands alone": ("over 5+ days", ["over", "5+", "days"], ["over", "5", "+", "days"]),
    "a fraction of a number stays in it, as with NLTK": ("1,000.5 and 10:30", ["1,000.5", "and", "10:30"], None),
    "initials keep their period at the end too": ("in the U.S.", ["in", "the", "U.S", "."], ["in", "the", "U.S."]),
    "an abbreviation's period is its own inside a sentence, as with NLTK": ("Gen. Rivas", ["Gen.", "Rivas"], None),
    "EE.UU. as with NLTK": ("los EE.UU. y EE.UU.", ["los", "EE.UU.", "y", "EE.UU", "."], None),
    "cannot stays whole": ("they cannot", ["they", "can", "not"], ["they", "cannot"]),
    "gonna stays whole": ("they gonna", ["they", "gon", "na"], ["they", "gonna"]),
    "a year with an apostrophe, as with NLTK": ("of '92", ["of", "'", "92"], None),
}


@pytest.mark.parametrize("why", DIFFERENCES)
def test_each_difference_from_nltk_is_listed(why):
    from nltk.tokenize import NLTKWordTokenizer

    text, theirs, ours = DIFFERENCES[why]
    assert theirs == [text[start:end] for start, end in NLTKWordTokenizer().span_tokenize(text)]
    assert (ours or theirs) == tokenize(text, language="es" if "EE" in text else "en", sentences=[(0, len(text))])


WORD = st.sampled_from(
    ["the", "protesters", "Lima", "self-rule", "1,500", "3.5", "it's", "don't", "they'll", "Ayala's", "we've", "I'm"]
)
MARK = st.sampled_from(["", ",", ";", ":", " (", ")", "!", "?", "...", " --", "%", " $"])


@given(st.lists(st.tuples(WORD, MARK), min_size=1, max_size=12))
def test_plain_english_is_tokenized_as_nltk_does(pieces):
    from nltk.tokenize import NLTKWordTokenizer

    text = " ".join(word + mark for word, mark in pieces) + " end."
    expected = list(NLTKWordTokenizer().span_tokenize(text))
    assert expected == tokenize(text, language="en", sentences=[(0, len(text))]).spans


@given(TEXT, LANGUAGE)
def test_spans_are_ordered_disjoint_in_one_sentence_and_hold_every_character_but_space(text, language):
    tokens, sentences = tokenize(text, language=language), split_sentences(text, language=language)
    assert tokens == [text[start:end] for start, end in tokens.spans]
    assert "".join(text.split()) == "".join(tokens)
    last = 0
    for start, end in tokens.spans:
        assert last <= start < end
        assert 1 == sum(first <= start and end <= stop for first, stop in sentences)
        last = end


def test_words_have_a_letter_or_a_digit():
    assert [True, True, True, False, False] == [is_word(token) for token in ("n’t", "5", "ą", "–", "...")]


@pytest.mark.parametrize("pattern", ["a", "Aa. ", ".", "x)", "e.g. ", "“", "a/b", "http://", " ", "No. 2 ", "www.!"])
def test_long_texts_take_less_than_five_seconds_for_a_megabyte(pattern):
    """Where time went with the square of the length, this would not come to its end."""
    begun, text = time.process_time(), pattern * (200_000 // len(pattern))
    assert text.replace(" ", "") == "".join(tokenize(text, language="en")).replace(" ", "")
    assert time.process_time() - begun < 5 * 0.2


def test_a_list_of_texts_is_refused():
    with pytest.raises(TypeError, match="takes one text"):
        tokenize(["one", "two"], language="en")
