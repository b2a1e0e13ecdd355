"""Keyword in context of plain texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.text.concordance import kwic
from analysis.text.tokens import tokenize


def test_lines_hold_the_words_around_a_phrase_in_any_capitals():
    texts = ["A state of emergency\nwas called.", "No State of Emergency!", "statesmen"]
    lines = kwic(texts, "state of emergency", language="en", width=2)
    assert [[0, "A", "state of emergency", "was called"], [1, "No", "State of Emergency", "!"]] == lines[
        ["text", "left", "keyword", "right"]
    ].to_numpy().tolist()


@given(st.lists(st.sampled_from(["coup", "Coup", "the", "a", "."]), max_size=20), st.integers(0, 4))
def test_lines_are_those_of_a_walk_over_the_tokens(words, width):
    text = " ".join(words)
    tokens = tokenize(text, language="es")
    expected = [
        (" ".join(tokens[max(0, at - width) : at]), token, " ".join(tokens[at + 1 : at + 1 + width]))
        for at, token in enumerate(tokens)
        if token.casefold() == "coup"
    ]
    lines = kwic([text], "coup", language="es", width=width)
    assert expected == list(lines[["left", "keyword", "right"]].itertuples(index=False, name=None))


def test_a_single_text_an_empty_word_and_a_negative_width_are_refused():
    with pytest.raises(TypeError, match="give a list"):
        kwic("a coup", "coup", language="en")
    with pytest.raises(ValueError, match="word is empty"):
        kwic(["a coup"], " ", language="en")
    with pytest.raises(ValueError, match="width is -1"):
        kwic(["a coup"], "coup", language="en", width=-1)
