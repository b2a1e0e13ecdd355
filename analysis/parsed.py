"""A text read once: its sentences, tokens and quotations, which every instrument then looks at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from analysis.tokens import Span, sentence_tokens, split_sentences
from analysis.voice import quoted_spans


class Parsed(NamedTuple):
    """A text and what it is made of; all but text, language and sentences are lists per sentence, aligned.

    Attributes
    ----------
    text : str
    language : str
    sentences : spans of the sentences
    tokens : spans of the tokens
    forms : the tokens as written
    low : the tokens without capitals, apostrophes as typed
    quoted : whether each token stands inside quotation marks
    """

    text: str
    language: str
    sentences: list[Span]
    tokens: list[list[Span]]
    forms: list[list[str]]
    low: list[list[str]]
    quoted: list[list[bool]]


def parse(text: str, *, language: str) -> Parsed:
    """Read a text.

    Parameters
    ----------
    text : str
    language : str, one of tables.LANGUAGES

    Raises
    ------
    LanguageError
    """
    sentences = split_sentences(text, language=language)
    found = [sentence_tokens(text, start, end, language=language) for start, end in sentences]
    forms, tokens = [forms for forms, _ in found], [spans for _, spans in found]
    quoted = _inside(tokens, quoted_spans(text))
    return Parsed(text, language, sentences, tokens, forms, [list(map(lower, each)) for each in forms], quoted)


@lru_cache(maxsize=200_000)
def lower(form: str) -> str:
    """A token without capitals, its apostrophes as typed: the form under which it is counted."""
    return form.casefold().replace("’", "'")


def _inside(tokens: Sequence[Sequence[Span]], quotes: Sequence[Span]) -> list[list[bool]]:
    """Whether each token lies in a quotation; both in order, so one walk through the two."""
    flags = []
    waiting = iter((*quotes, None))
    quote = next(waiting)
    for spans in tokens:
        if quote is None or not spans or spans[-1][1] <= quote[0]:
            flags.append([False] * len(spans))
            continue
        flags.append([])
        for start, end in spans:
            while quote is not None and quote[1] <= start:
                quote = next(waiting)
            flags[-1].append(quote is not None and quote[0] <= start and end <= quote[1])
    return flags
