"""A text read once: what is in it agrees with the text."""

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.parsed import lower, parse
from analysis.tables import LANGUAGES
from analysis.voice import quoted_spans

TEXT = st.one_of(st.text(), st.text("aB. “”‘’\"'\n,n't", max_size=60))


@settings(max_examples=300, deadline=None)
@given(TEXT, st.sampled_from(LANGUAGES))
def test_everything_is_where_it_says(text, language):
    parsed = parse(text, language=language)
    quotes = quoted_spans(text)
    assert len(parsed.sentences) == len(parsed.tokens) == len(parsed.forms) == len(parsed.low) == len(parsed.quoted)
    for spans, forms, low, flags in zip(parsed.tokens, parsed.forms, parsed.low, parsed.quoted, strict=True):
        assert [text[start:end] for start, end in spans] == forms
        assert [lower(form) for form in forms] == low
        assert [any(a <= start and end <= b for a, b in quotes) for start, end in spans] == flags


def test_capitals_and_apostrophes():
    assert "d'état" == lower("D’État")
