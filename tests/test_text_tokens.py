"""Tokens: those of NLTK but for listed differences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_text_sentences import LANGUAGE, TEXT

from analysis.errors import LanguageError
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
def test_spans_are_ordered_disjoint_and_hold_every_character_but_space(text, language):
    tokens = tokenize(text, language=language)
    spans = tokens.spans
    assert tokens == [text[start:end] for start, end in spans]
    ends = [0]
    for start, end in spans:
        assert ends[-1] <= start < end <= len(text)
        assert not text[start].isspace()
        assert not text[end - 1].isspace()
        ends.append(end)
    covered = "".join(text[start:end] for start, end in spans)
    assert "".join(text.split()) == "".join(covered.split())


@given(TEXT, LANGUAGE)
def test_a_token_holds_no_space_and_lies_in_one_sentence(text, language):
    sentences = split_sentences(text, language=language)
    for start, end in tokenize(text, language=language).spans:
        assert 1 == len(text[start:end].split())
        assert 1 == sum(first <= start and end <= last for first, last in sentences)


def test_words_have_a_letter_or_a_digit():
    assert [True, True, True, False, False] == [is_word(token) for token in ("n’t", "5", "ą", "–", "...")]


def test_a_language_without_rules_is_refused():
    with pytest.raises(LanguageError, match=r"no rules for language 'de'\. Known: en, es, pt, pl\."):
        tokenize("Guten Tag", language="de")


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("a" * 10_000_000, 1),
        ("Aa. " * 2_500_000, 1),  # a name's period, as far as anyone can tell
        ("." * 10_000_000, 1),
        ("x)" * 5_000_000, 1),
        ("e.g. " * 2_000_000, 1),
        ("“" * 10_000_000, 1),
        ("http://" * 1_400_000, 1),
        (" " * 10_000_000, 0),
        ("\n" * 10_000_000, 0),
        ("No. 2 " * 1_600_000, 1),
    ],
    ids=lambda value: f"{value[:6]!r}" if isinstance(value, str) else "",
)
@pytest.mark.slow
def test_ten_megabytes_of_the_worst(text, sentences):
    """Where time went with the square of the length, this would not come to its end."""
    found = split_sentences(text, language="en")
    assert sentences == len(found) if sentences == 0 else found
    assert sum(1 for _ in tokenize(text[:1_000_000], language="en")) >= sentences


def test_a_list_of_texts_is_refused():
    with pytest.raises(TypeError, match="takes one text"):
        tokenize(["one", "two"], language="en")
