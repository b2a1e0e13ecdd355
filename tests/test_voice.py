"""Who speaks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.voice import quoted_spans, reports_speech


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She said “we stay” and left.", ["we stay"]),
        ('"We stay," she said. "We all."', ["We stay,", "We all."]),
        ("The ‘people’s will’ was Rivas’s word", ["people’s will"]),
        ("It’s the protesters’ right", []),
        ("the 'unthinkable' and the protesters' rights, she's in the '90s", ["unthinkable"]),
        ("„tak” i «nie» oraz »może«", ["tak", "nie", "może"]),
        ('„tak" rzekł', ["tak"]),
        ("“a first paragraph\nshe went “on”", ["a first paragraph", "on"]),
        ("“outer ‘inner’ outer”", ["outer ‘inner’ outer"]),
        ('a 5" screen', []),
        ("", []),
    ],
)
def test_quotations(text, expected):
    assert expected == [text[start:end] for start, end in quoted_spans(text)]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.text("a b“”„‘’'\"«»\n.")))
def test_quotations_are_ordered_disjoint_and_within_a_paragraph(text):
    at = 0
    for start, end in quoted_spans(text):
        assert at < start <= end <= len(text)
        assert "\n" not in text[start:end]
        at = end


@pytest.mark.parametrize(
    ("language", "sentence", "expected"),
    [
        ("en", "It rained , Rivas said .", True),
        ("en", "According to Rivas , it rained .", True),
        ("en", "It rained in Lima .", False),
        ("es", "Según Rivas , llovió .", True),
        ("es", "Llovió en Lima .", False),
        ("pt", "Choveu , disse Rivas .", True),
        ("pl", "Padało , poinformowała Rivas .", True),
        ("pl", "Padało w Limie .", False),
    ],
)
def test_reported_speech(language, sentence, expected):
    assert expected == reports_speech(sentence.split(), language=language)
