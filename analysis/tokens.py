"""Sentences and tokens, as spans into the untouched text.

Where a sentence may end, Punkt (Kiss & Strunk 2006) decides, with our own lists of abbreviations instead of a trained
model, which would have to be downloaded. Punkt is asked word by word: its own way through a text takes the square of
the text's length, and gives up when a clock runs out.

Tokens follow the rules of NLTK's word tokenizer, on plain English token for token, with one pattern of our own: NLTK's
takes the apostrophe of "Peru’s" for a quotation mark and cannot always say where in the text a token was.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from analysis.errors import LanguageError
from analysis.tables import LANGUAGES

Span = tuple[int, int]

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_CLOSING = r"[\"'”’“»›)\]}]"
#: A word that may end a sentence, the marks that close it, and white space that goes on to something.
_CANDIDATE = re.compile(rf"(?<!\S)(\S*[.?!]){_CLOSING}*+\s+(?=\S)")
#: The first word of a sentence, whatever marks open it.
_BEGINNING = re.compile(r"[\s\-–—•\"'“”„‘’«»‹›(\[{¿¡]*+(\w*)(\S*)")
_LEADING = re.compile(r"\W*")
_INITIALS = re.compile(r"(?:\b[^\W\d_]\.){2,}\Z")
_VISIBLE = re.compile(r"\S")
_FINAL = re.compile(r"[\s\"'”’»)\]}]*\Z")

_TOKEN = re.compile(
    r"""
      (?:[^\W\d_]\.){2,}(?!\w)                  # initials: U.S., p.m.
    | \w[\w\u0300-\u036f]*                      # a word, joined to more of itself by
      (?:(?: [.,:](?=\d)(?<=\d.)                #   a mark between digits: 1,000  10:30
           | ['’ʼ.\-‐‑](?=\w) )                 #   an apostrophe, an inner period, a hyphen: d’état  www.a  self-coup
         [\w\u0300-\u036f]+)*
    | \.{2,} | -{2,}                            # an ellipsis, a dash typed with hyphens
    | \S                                        # any other character by itself
    """,
    re.VERBOSE,
)
#: What English writes together: a possessive, a short verb, a short "not".
_CLITIC = re.compile(r"(?:['’ʼ](?:s|m|d|ll|re|ve)|n['’ʼ]t)\Z", re.IGNORECASE)


def split_sentences(text: str, *, language: str) -> list[Span]:
    """Spans of the sentences of a text.

    Parameters
    ----------
    text : str
    language : str, one of tables.LANGUAGES

    Returns
    -------
    list of (start, end), in order, disjoint, without white space at their ends; a line break ends a sentence;
    together they hold every character that is not white space

    Raises
    ------
    LanguageError
    """
    _check_language(language)
    spans = []
    for line in _LINE.finditer(text):
        start = line.start()
        for stop in (*_breaks(text, *line.span(), _lists(language)), line.end()):
            piece = text[start:stop]
            if stripped := piece.strip():
                first = start + len(piece) - len(piece.lstrip())
                spans.append((first, first + len(stripped)))
            start = stop
    return spans


def tokenize(text: str, *, language: str, sentences: Sequence[Span] | None = None) -> list[Span]:
    """Spans of the tokens of a text: words, numbers, marks.

    Parameters
    ----------
    text : str
    language : str, one of tables.LANGUAGES
    sentences : spans of its sentences, found here where they are not given

    Returns
    -------
    list of (start, end), in order, disjoint, without white space; together they hold every character that is not
    white space

    Notes
    -----
    As NLTKWordTokenizer, except: a typographic apostrophe is one; "cannot" and "gonna" stay whole; a slash and a
    plus are tokens by themselves; an abbreviation keeps its period only inside a sentence, initials (U.S.) always.

    Raises
    ------
    LanguageError
    """
    _check_language(language)
    if sentences is None:
        sentences = split_sentences(text, language=language)
    return [span for start, end in sentences for span in sentence_tokens(text, start, end, language=language)]


def sentence_tokens(text: str, start: int, end: int, *, language: str, complete: bool = True) -> list[Span]:
    """Spans of the tokens of one sentence; where it is not `complete`, its last period may be an abbreviation's."""
    last = _FINAL.search(text, start, end) if complete else None
    final = last.start() if last else end + 1
    spans: list[Span] = []
    for token in _TOKEN.finditer(text, start, end):
        span = first, stop = token.span()
        if stop - first > 1:
            if language == "en" and not (form := token[0]).isalnum() and (clitic := _CLITIC.search(form, 1)):
                cut = first + clitic.start()
                spans.append((first, cut))
                span = (cut, stop)
        elif text[first] == "." and spans and spans[-1][1] == first and stop != final:
            after = _VISIBLE.search(text, stop, end)
            if _keeps_period(text[spans[-1][0] : first], after[0] if after else "", _lists(language)):
                span = (spans.pop()[0], stop)
        spans.append(span)
    return spans


def is_word(token: str) -> bool:
    """Whether a token counts as a word: it has a letter or a digit."""
    return token.isalnum() or any(character.isalnum() for character in token)


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise LanguageError(language, LANGUAGES)


def _breaks(text: str, start: int, end: int, lists: _Lists) -> list[int]:
    """Where sentences start inside a line, after its first: after white space that follows a mark."""
    found = []
    for candidate in _CANDIDATE.finditer(text, start, end):
        beginning = _BEGINNING.match(text, candidate.end(), end)
        if beginning and beginning[0].strip() and _is_break(candidate[1], beginning[1], beginning[2], lists):
            found.append(candidate.end())
    return found


def _is_break(before: str, after: str, rest: str, lists: _Lists) -> bool:
    """Whether a sentence ends with the word `before` and its mark, where the next one is `after` and what touches it.

    The second pass of Punkt (Kiss & Strunk 2006) with given abbreviations and no statistics; beyond it, a sentence
    does not begin with a small letter, not after a dash or an opening mark either: "Why?" he asked.
    """
    if after[:1].islower() or not (after or rest):
        return False
    if before[-1] != ".":
        return True
    word = before[_LEADING.match(before).end() : -1].casefold()  # type: ignore[union-attr]
    if word in lists.numbered and after[:1].isdigit():
        return False
    if _INITIALS.search(before) or word.endswith(".") or lists.abbreviates(word):
        return after.casefold() in lists.starters
    return not (len(word) == 1 and word.isalpha() and after[:1].isupper())


def _keeps_period(word: str, after: str, lists: _Lists) -> bool:
    """Whether the period between a word and the character `after` it in its sentence belongs to the word."""
    if word.casefold() in lists.numbered:
        return after.isdigit()
    return word.casefold() in lists.abbreviations or (len(word) == 1 and word.isupper())


class _Lists(NamedTuple):
    abbreviations: frozenset[str]
    numbered: frozenset[str]
    starters: frozenset[str]

    def abbreviates(self, word: str) -> bool:
        """Whether a word, or its part after the last hyphen, is an abbreviation."""
        return word in self.abbreviations or word.rpartition("-")[2] in self.abbreviations


@cache
def _lists(language: str) -> _Lists:
    path = Path(__file__).parent / "instruments" / "abbreviations.toml"
    found = tomllib.loads(path.read_text(encoding="utf-8"))[language]
    return _Lists(*(frozenset(found[name]) for name in _Lists._fields))
