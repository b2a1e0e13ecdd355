"""Texts read once: their sentences, tokens and quotations, which every instrument then looks at.

Many texts of a language are read together, since arrays of all their tokens cost less than a list for each sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from analysis.text.arrays import Flags, Ints, column
from analysis.text.sentences import Span, split_sentences
from analysis.text.tokens import Tokens, read_tokens
from analysis.text.voice import lower, quoted_spans


__all__ = ["Parsed", "lower", "parse"]


class Parsed(NamedTuple):
    """Texts and what they are made of.

    Attributes
    ----------
    texts : sequence of str
    language : str
    sentences : list of str, those of all texts, in order
    owners, starts, ends : arrays of int, a value per sentence
        Which text it is in, its place there.
    tokens : Tokens of the sentences
    bounds : array of int, which token each sentence begins with, and at the end how many tokens there are
    quoted : array of bool, whether each token stands inside quotation marks
    """

    texts: Sequence[str]
    language: str
    sentences: list[str]
    owners: Ints
    starts: Ints
    ends: Ints
    tokens: Tokens
    bounds: Ints
    quoted: Flags

    def forms(self, sentence: int) -> list[str]:
        """The tokens of a sentence as written."""
        numbers = self.tokens.numbers[self.bounds[sentence] : self.bounds[sentence + 1]].tolist()
        return [self.tokens.forms[number] for number in numbers]


def parse(texts: Sequence[str], *, language: str) -> Parsed:
    """Read texts.

    Parameters
    ----------
    texts : sequence of str
    language : str, one of tables.LANGUAGES

    Raises
    ------
    LanguageError
    """
    spans = [split_sentences(text, language=language) for text in texts]
    owners = np.repeat(np.arange(len(texts)), column(len, spans, np.intp))
    sentences = [text[start:end] for text, found in zip(texts, spans, strict=True) for start, end in found]
    starts, ends = _ends(spans)
    tokens = read_tokens(sentences, language=language)
    bounds = np.searchsorted(tokens.rows, np.arange(len(sentences) + 1))
    quoted = _inside(tokens, starts[tokens.rows], owners[tokens.rows], texts)
    return Parsed(texts, language, sentences, owners, starts, ends, tokens, bounds, quoted)


def _ends(spans: Sequence[Sequence[Span]]) -> Ints:
    """Starts and ends of all spans, two rows."""
    flat = chain.from_iterable(chain.from_iterable(spans))
    return np.fromiter(flat, dtype=np.intp).reshape(-1, 2).T


def _inside(tokens: Tokens, shift: Ints, owners: Ints, texts: Sequence[str]) -> Flags:
    """Whether each token lies in a quotation; `shift` is where its sentence starts in its text, one of `owners`."""
    quotes = [quoted_spans(text) for text in texts]
    if not any(quotes):
        return np.zeros(len(owners), np.bool_)
    # As if the texts stood end to end: then all quotations are in order.
    begun = np.cumsum(column(len, texts, np.intp) + 1) - column(len, texts, np.intp)
    starts, ends = _ends(quotes) + np.repeat(begun, column(len, quotes, np.intp))
    shift = shift + begun[owners]
    nearest = np.searchsorted(starts, shift + tokens.starts, side="right") - 1
    return np.asarray((nearest >= 0) & (shift + tokens.ends <= ends[nearest]))
