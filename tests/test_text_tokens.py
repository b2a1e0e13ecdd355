"""Tokens: those of NLTK but for listed differences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_text_sentences import LANGUAGE, TEXT

from analysis.text.sentences import split_sentences
from analysis.text.tokens import is_word, tokenize


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Ayala’s self-coup didn’t pass.", "Ayala ’s self-coup did n’t pass ."),
        ("en", "the coup d’état of '92", "the coup d’état of ' 92"),
        ("en", "protesters’ rights, 1,000 at 10:30", "protesters ’ rights , 1,000 at 10:30"),
        ("en", "Police–army (and/or)...", "Police – army ( and / or ) ..."),
        ("en", "Gen. Rivas of Ayala Inc.", "Gen. Rivas of Ayala Inc ."),
        ("es", "Los RR.EE. d'Ayala, 5 % más", "Los RR.EE. d'Ayala , 5 % más"),
        ("pl", "3,5 tys. osób", "3,5 tys. osób"),
    ],
)
def test_tokens(language, text, expected):
    assert expected.split() == tokenize(text, language=language)


#: Where we differ from NLTKWordTokenizer on purpose, and where not: a text, NLTK's tokens, ours where they differ.
BESIDE_NLTK = [
    ("Ayala’s men didn’t go", "Ayala ’ s men didn ’ t go", "Ayala ’s men did n’t go"),
    ("the coup d’état", "the coup d ’ état", "the coup d’état"),
    ("self‐rule self-rule", "self‐rule self-rule", ""),
    ("at https://ex.org/a?b=1, now", "at https : //ex.org/a ? b=1 , now", "at https://ex.org/a?b=1 , now"),
    ("@ayala wrote", "@ ayala wrote", "@ayala wrote"),
    ("#Peru now", "# Peru now", ""),
    ("and/or", "and/or", "and / or"),
    ("over 5+ days", "over 5+ days", "over 5 + days"),
    ("1,000.5 and 10:30", "1,000.5 and 10:30", ""),
    ("in the U.S.", "in the U.S .", "in the U.S."),  # initials keep their period at the end too
    ("Gen. Rivas", "Gen. Rivas", ""),  # other abbreviations inside a sentence only
    ("los EE.UU. y EE.UU.", "los EE.UU. y EE.UU .", ""),
    ("they cannot", "they can not", "they cannot"),
    ("they gonna", "they gon na", "they gonna"),
    ("of '92", "of ' 92", ""),
]


@pytest.mark.parametrize(("text", "theirs", "ours"), BESIDE_NLTK)
def test_each_difference_from_nltk_is_listed(text, theirs, ours):
    from nltk.tokenize import NLTKWordTokenizer

    assert theirs.split() == [text[start:end] for start, end in NLTKWordTokenizer().span_tokenize(text)]
    assert (ours or theirs).split() == tokenize(
        text, language="es" if "EE" in text else "en", sentences=[(0, len(text))]
    )


WORD = st.sampled_from(
    ["the", "protesters", "Lima", "self-rule", "1,500", "3.5", "it's", "don't", "they'll", "Ayala's", "we've", "I'm"]
)
MARK = st.sampled_from(["", ",", ',"', '"', '?"', ";", ":", " (", ")", "!", "?", "...", " --", "%", " $"])


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


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["a", "Aa. ", ".", "x)", "e.g. ", "“", "a/b", "http://", " ", "No. 2 ", "www.!"])
def test_long_texts_of_one_pattern_are_read_whole(pattern):
    """Where time went with the square of the length, this would hardly end."""
    text = pattern * (100_000 // len(pattern))
    assert text.replace(" ", "") == "".join(tokenize(text, language="en")).replace(" ", "")


def test_a_list_of_texts_is_refused():
    with pytest.raises(TypeError, match="takes one text"):
        tokenize(["one", "two"], language="en")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("fr", "L'État d’Aubin n’a qu'un pré, aujourd'hui.", "L' État d’ Aubin n’ a qu' un pré , aujourd'hui ."),
        ("it", "L'Italia dell’Aldo: un'altra, po'.", "L' Italia dell’ Aldo : un' altra , po ' ."),
        ("es", "L'Hospitalet d'ahir", "L'Hospitalet d'ahir"),
    ],
)
def test_a_word_that_lost_its_vowel_is_a_token_in_french_and_italian(language, text, expected):
    """Otherwise the name after it would not be found."""
    assert expected.split() == tokenize(text, language=language)
