"""Tokens, as spans into the untouched text: words, numbers, marks.

They follow the rules of NLTK's word tokenizer, on plain English token for token, with one pattern of our own: NLTK's
takes the apostrophe of "Peru’s" for a quotation mark and cannot always say where in the text a token was.

What stands between two spaces, a piece, has the same tokens wherever it stands, but for the period after it. So a piece
is cut once, not each time it comes, and many sentences are read together: their tokens are arrays of numbers.

`boundaries` finds where sentences end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from analysis.tables import LANGUAGES
from analysis.text.arrays import Ints, Lists, Numbers, column, numbered
from analysis.text.pieces import read_pieces
from analysis.text.sentences import Abbreviations, Span, abbreviations, check_language, split_sentences

__all__ = ["Span", "Tokens", "is_word", "read_tokens", "split_sentences", "tokenize"]

#: A token. `%s` is a mark between parts of a word that does not begin what English writes together.
_TOKEN = r"""
      (?:https?://|www\.)\S*[\w/]              # an address, without marks at its end
    | (?<![\w@])@\w+                           # a handle
    | (?:[^\W\d_]\.){2,}(?!\w)                  # initials: U.S., p.m.
    | \w[\w\u0300-\u036f]*                      # a word, joined to more of itself by
      (?:(?: [.,:](?=\d)(?<=\d.)                #   a mark between digits: 1,000  10:30
           | %s                                 #   an apostrophe: d’état
           | [.\-‐‑](?=\w) )                    #   an inner period, a hyphen: a.b  self-coup
         [\w\u0300-\u036f]+)*
    | %s
    | \.{2,} | -{2,}                            # an ellipsis, a dash typed with hyphens
    | \S                                        # any other character by itself
"""
_CLITIC = r"['’ʼ](?:[sS]|[mM]|[dD]|[lL][lL]|[rR][eE]|[vV][eE])(?![\w\-‐‑])"
_TOKENS = {
    language: re.compile(_TOKEN % marks, re.VERBOSE)
    for language, marks in (
        ("en", (rf"(?!{_CLITIC})['’ʼ](?=\w)", rf"(?<=[\w.]){_CLITIC}")),
        *((language, (r"['’ʼ](?=\w)", r"(?!)")) for language in LANGUAGES if language != "en"),
    )
}
_ADDRESS = re.compile(r"https?://|www\.|@")
_SHORT_NOT = re.compile(r"(?<=\w)n['’ʼ]t\Z", re.IGNORECASE)
#: What may follow a sentence's last mark.
_FINAL = re.compile(r"[\s\"'”’»)\]}]*\Z")


class Tokens(NamedTuple):
    """Tokens of many sentences, end to end.

    Attributes
    ----------
    forms : each token that occurs once, as written
    numbers, rows, starts, ends : arrays of int, a value per token
        Which of the forms it is, which sentence it is in, its place there.
    """

    forms: list[str]
    numbers: Ints
    rows: Ints
    starts: Ints
    ends: Ints


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
    plus are tokens by themselves; an abbreviation keeps its period only inside a sentence, initials (U.S.) always; an
    address and a handle are one token. Each is shown beside NLTK's in tests/test_tokens.py.

    Raises
    ------
    LanguageError
    """
    check_language(language)
    if sentences is None:
        sentences = split_sentences(text, language=language)
    found = read_tokens([text[start:end] for start, end in sentences], language=language)
    shift = np.array([start for start, _ in sentences], np.intp)[found.rows]
    return list(zip((shift + found.starts).tolist(), (shift + found.ends).tolist(), strict=True))


def read_tokens(sentences: Sequence[str], *, language: str, complete: bool = True) -> Tokens:
    """Tokens of many sentences.

    Parameters
    ----------
    sentences : sequence of str
    language : str, one of tables.LANGUAGES
    complete : bool, whether they are; where not, the last period may be an abbreviation's
    """
    pieces, begun, owners = read_pieces(sentences)
    numbers, known = numbered(pieces)
    forms = Numbers()
    cut = [[forms[form] for form in cut_piece] for cut_piece in map(_cutter(language), known)]
    whose, tokens = Lists.made(cut).of(numbers)
    sizes = column(len, forms.new, np.intp)[tokens]
    # Tokens fill their piece, so their lengths tell the places.
    before = np.cumsum(sizes) - sizes
    first = np.flatnonzero(np.diff(whose, prepend=-1))
    starts = (begun - before[first])[whose] + before
    found = Tokens(forms.new, tokens, owners[whose], starts, starts + sizes)
    return _with_periods(found, forms, sentences, abbreviations(language), complete)


@cache
def _cutter(language: str) -> Callable[[str], list[str]]:
    """A function that gives the tokens of a piece."""
    tokens = _TOKENS[language].findall

    @lru_cache(maxsize=100_000)
    def cut(piece: str) -> list[str]:
        found: list[str] = tokens(piece)
        return list(chain.from_iterable(map(_parts, found))) if language == "en" else found

    return cut


def _parts(form: str) -> tuple[str, ...]:
    """The two tokens of didn't; any other token."""
    found = _SHORT_NOT.search(form) if form[-1] in "tT" else None
    return (form[: found.start()], found[0]) if found else (form,)


def _with_periods(
    found: Tokens, forms: Numbers, sentences: Sequence[str], lists: Abbreviations, complete: bool
) -> Tokens:
    """The tokens, each period given to the abbreviation before it, but for the one that ends the sentence."""
    joined = np.zeros(len(found.numbers), np.bool_)
    for at in _periods(found, lists):
        row, sentence = found.rows[at], sentences[found.rows[at]]
        follows = sentence[found.starts[at + 1] :][:1] if at + 1 < len(joined) and found.rows[at + 1] == row else ""
        ends = complete and _FINAL.match(sentence, found.ends[at])
        word = found.forms[found.numbers[at - 1]]
        if not ends and _keeps_period(word, follows, lists):
            found.numbers[at - 1], found.ends[at - 1] = forms[f"{word}."], found.ends[at]
            joined[at] = True
    return Tokens(found.forms, *(values[~joined] for values in found[1:])) if joined.any() else found


def _periods(found: Tokens, lists: Abbreviations) -> list[int]:
    """Periods by themselves that touch a word which can keep one."""
    if "." not in found.forms:
        return []
    keeps = column(lambda form: _keeps_period(form, "0", lists), found.forms)
    at = np.flatnonzero(found.numbers == found.forms.index("."))
    at = at[at > 0]
    touching = (found.starts[at] == found.ends[at - 1]) & (found.rows[at] == found.rows[at - 1])
    places: list[int] = at[touching & keeps[found.numbers[at - 1]]].tolist()
    return places


@lru_cache(maxsize=200_000)
def is_word(token: str) -> bool:
    """Whether a token counts as a word: it has a letter or a digit, and is no address and no handle."""
    return token.isalnum() or (any(map(str.isalnum, token)) and not _ADDRESS.match(token))


def _keeps_period(word: str, after: str, lists: Abbreviations) -> bool:
    """Whether the period between a word and the character `after` it in its sentence belongs to the word."""
    if (low := word.casefold()) in lists.numbered:
        return after.isdigit()
    return (
        low in lists.titles or low in lists.abbreviations or low in lists.closing or (len(word) == 1 and word.isupper())
    )
