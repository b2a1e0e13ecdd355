"""Texts read once: what is in them agrees with the texts."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.tables import LANGUAGES
from analysis.text.parsed import lower, parse
from analysis.text.sentences import split_sentences
from analysis.text.tokens import tokenize
from analysis.text.voice import quoted_spans

TEXT = st.one_of(st.text(), st.text("aB. “”‘’\"'\n,n't", max_size=60))


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXT, max_size=4), st.sampled_from(LANGUAGES))
def test_everything_is_where_it_says(texts, language):
    """And nothing depends on the other texts."""
    parsed = parse(texts, language=language)
    for number, text in enumerate(texts):
        own = np.flatnonzero(parsed.owners == number)
        spans = [(int(parsed.starts[row]), int(parsed.ends[row])) for row in own]
        assert split_sentences(text, language=language) == spans
        assert [text[start:end] for start, end in spans] == [parsed.sentences[row] for row in own]
        places = [at for row in own for at in range(parsed.bounds[row], parsed.bounds[row + 1])]
        shifts = parsed.starts[parsed.tokens.rows]
        found = [(int((shifts + parsed.tokens.starts)[at]), int((shifts + parsed.tokens.ends)[at])) for at in places]
        assert tokenize(text, language=language) == found
        assert [text[start:end] for start, end in found] == [form for row in own for form in parsed.forms(row)]
        quotes = quoted_spans(text)
        flags = [any(a <= start and end <= b for a, b in quotes) for start, end in found]
        assert flags == [parsed.quoted[at] for at in places]


def test_capitals_and_apostrophes():
    assert "d'état" == lower("D’État")
