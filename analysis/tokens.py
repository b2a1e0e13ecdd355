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
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from analysis.errors import LanguageError
from analysis.tables import LANGUAGES

Span = tuple[int, int]

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_CLOSING = "\"'”’“»›)]}"
#: The first word of a sentence, whatever marks open it.
_BEGINNING = re.compile(r"[\s\-–—•\"'“”„‘’«»‹›(\[{¿¡]*(\S+)")
_LAST_WORD = re.compile(r"\A\W*(.*?)\.\Z", re.DOTALL)
_FIRST_WORD = re.compile(r"\A(\w*).*\Z", re.DOTALL)
_INITIALS = re.compile(r"(?:\b[^\W\d_]\.){2,}\Z")
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
        starts = _sentence_starts(line[0], language)
        for start, end in zip(starts, [*starts[1:], len(line[0])], strict=True):
            piece = line[0][start:end]
            if stripped := piece.strip():
                first = line.start() + start + len(piece) - len(piece.lstrip())
                spans.append((first, first + len(stripped)))
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
        first, stop = token.span()
        touching = token[0] == "." and spans and spans[-1][1] == first and stop != final
        if touching and _keeps_period(text[spans[-1][0] : first], text[stop:end], _lists(language)):
            spans[-1] = (spans[-1][0], stop)
            continue
        clitic = _CLITIC.search(token[0]) if language == "en" else None
        cut = first + clitic.start() if clitic and clitic.start() else first
        spans += [(first, cut), (cut, stop)] if cut > first else [(first, stop)]
    return spans


def is_word(token: str) -> bool:
    """Whether a token counts as a word: it has a letter or a digit."""
    return token.isalnum() or any(character.isalnum() for character in token)


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise LanguageError(language, LANGUAGES)


def _sentence_starts(line: str, language: str) -> list[int]:
    """Where sentences start in a line: at its start, and after white space that follows a mark and Punkt's consent."""
    starts = [0]
    for chunk, following in pairwise(re.finditer(r"\S+", line)):
        before = chunk[0].rstrip(_CLOSING)
        after = _BEGINNING.match(line, following.start())
        if before.endswith((".", "?", "!")) and after and _is_break(before, after[1], language):
            starts.append(following.start())
    return starts


def _is_break(before: str, after: str, language: str) -> bool:
    """Whether a sentence ends with the word `before` and another begins with the word `after`."""
    lists = _lists(language)
    # A sentence does not begin with a small letter, not after a dash or an opening mark either: "Why?" he asked.
    if after[0].islower():
        return False
    if after[0].isdigit() and _LAST_WORD.sub(r"\1", before).casefold() in lists.numbered:
        return False
    if _INITIALS.search(before):
        return _FIRST_WORD.sub(r"\1", after).casefold() in lists.starters
    return bool(_punkt(language).text_contains_sentbreak(f"{before} {after}"))


def _keeps_period(word: str, after: str, lists: _Lists) -> bool:
    """Whether the period between a word and what comes after it inside its sentence belongs to the word."""
    if word.casefold() in lists.numbered:
        return after.lstrip()[:1].isdigit()
    return word.casefold() in lists.abbreviations or (len(word) == 1 and word.isupper())


class _Lists(NamedTuple):
    abbreviations: frozenset[str]
    numbered: frozenset[str]
    starters: frozenset[str]


@cache
def _lists(language: str) -> _Lists:
    path = Path(__file__).parent / "instruments" / "abbreviations.toml"
    found = tomllib.loads(path.read_text(encoding="utf-8"))[language]
    return _Lists(*(frozenset(found[name]) for name in _Lists._fields))


@cache
def _punkt(language: str) -> Any:
    # NLTK takes two seconds to import: only where sentences are split.
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    parameters = PunktParameters()
    parameters.abbrev_types.update(_lists(language).abbreviations)
    parameters.sent_starters.update(_lists(language).starters)
    return PunktSentenceTokenizer(parameters)
