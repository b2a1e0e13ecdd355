"""Sentences and tokens, as spans into the untouched text.

Where a sentence may end, the rules of Punkt (Kiss & Strunk 2006) decide, with our own lists of abbreviations instead of
a trained model, which would have to be downloaded, and with more rules for what news holds. They are written out here:
NLTK's own way through a text takes the square of the text's length.

Tokens follow the rules of NLTK's word tokenizer, on plain English token for token, with one pattern of our own: NLTK's
takes the apostrophe of "Peru’s" for a quotation mark and cannot always say where in the text a token was.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import accumulate, chain
from pathlib import Path
from typing import NamedTuple

from analysis.errors import LanguageError
from analysis.tables import LANGUAGES

Span = tuple[int, int]

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_CLOSING = r"[\"'”’“»›)\]}]"
#: A mark that may end a sentence, those that close it, and white space that goes on to something.
_CANDIDATE = re.compile(rf"[.?!…]{_CLOSING}*+\s+(?=\S)")
#: Abbreviations are shorter than this.
_SHORT = 30
#: The first word of a sentence, whatever marks open it.
_BEGINNING = re.compile(r"([\s\-–—•\"'“”„‘’«»‹›(\[{¿¡]*+)(\w*)(\S*)")
#: A dash or a bracket there goes on after an abbreviation: "at 9 p.m. – Rivas", "Nothing … [and] then".
_GOING_ON = re.compile(r"[\-–—(\[]")
_LEADING = re.compile(r"\W*")
_INITIALS = re.compile(r"(?:\b[^\W\d_]\.){2,}\Z")
#: A sentence shorter than this does not end with an abbreviation: "W 2021 r. Castillo …"
_FOUR_WORDS = re.compile(r"(?:\S+\s+){4}")
_FINAL = re.compile(r"[\s\"'”’»)\]}]*\Z")

#: White space and a token. `%s` is a mark between parts of a word that does not begin what English writes together.
_PIECE = r"""
    (\s*)
    ( \w+(?=\s)                                # a plain word: most are
    | (?:https?://|www\.)\S*[\w/]              # an address, without marks at its end
    | (?<![\w@])@\w+                           # a handle
    | (?:[^\W\d_]\.){2,}(?!\w)                  # initials: U.S., p.m.
    | \w[\w\u0300-\u036f]*                      # a word, joined to more of itself by
      (?:(?: [.,:](?=\d)(?<=\d.)                #   a mark between digits: 1,000  10:30
           | %s                                 #   an apostrophe: d’état
           | [.\-‐‑](?=\w) )                    #   an inner period, a hyphen: a.b  self-coup
         [\w\u0300-\u036f]+)*
    | %s
    | \.{2,} | -{2,}                            # an ellipsis, a dash typed with hyphens
    | \S )                                      # any other character by itself
"""
_CLITIC = r"['’ʼ](?:[sS]|[mM]|[dD]|[lL][lL]|[rR][eE]|[vV][eE])(?![\w\-‐‑])"
_PIECES = {
    language: re.compile(_PIECE % marks, re.VERBOSE)
    for language, marks in (
        ("en", (rf"(?!{_CLITIC})['’ʼ](?=\w)", rf"(?<=[\w.]){_CLITIC}")),
        *((language, (r"['’ʼ](?=\w)", r"(?!)")) for language in LANGUAGES if language != "en"),
    )
}
_ADDRESS = re.compile(r"https?://|www\.|@")
_ANY_NOT = re.compile(r"[nN]['’ʼ][tT]")
_SHORT_NOT = re.compile(r"(?<=\w)n['’ʼ]t\Z", re.IGNORECASE)


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
    plus are tokens by themselves; an abbreviation keeps its period only inside a sentence, initials (U.S.) always; an
    address and a handle are one token. Each is shown beside NLTK's in tests/test_tokens.py.

    Raises
    ------
    LanguageError
    """
    _check_language(language)
    if sentences is None:
        sentences = split_sentences(text, language=language)
    return [span for start, end in sentences for span in sentence_tokens(text, start, end, language=language)[1]]


def sentence_tokens(
    text: str, start: int, end: int, *, language: str, complete: bool = True
) -> tuple[list[str], list[Span]]:
    """Tokens of one sentence, as written, and their spans.

    Where the sentence is not `complete`, its last period may be an abbreviation's.
    """
    pieces = _PIECES[language].findall(text, start, end)
    forms = [form for _, form in pieces]
    # Spaces and tokens fill the sentence, so their lengths tell the places.
    places = list(accumulate(map(len, chain.from_iterable(pieces)), initial=start))
    starts, stops = places[1::2], places[2::2]
    if "." in forms:
        _join_periods(text, end, forms, starts, stops, _lists(language), complete)
    if language == "en" and _ANY_NOT.search(text, start, end):
        _split_nots(forms, starts, stops)
    return forms, list(zip(starts, stops, strict=True))


def _join_periods(
    text: str, end: int, forms: list[str], starts: list[int], stops: list[int], lists: _Lists, complete: bool
) -> None:
    """Give a period to the abbreviation before it, in place, but for the one that ends the sentence."""
    for at in reversed([at for at, form in enumerate(forms) if form == "." and at and starts[at] == stops[at - 1]]):
        if complete and _FINAL.match(text, stops[at], end):
            continue
        if _keeps_period(forms[at - 1], forms[at + 1][0] if at + 1 < len(forms) else "", lists):
            forms[at - 1 : at + 1] = [forms[at - 1] + "."]
            stops[at - 1 : at + 1] = [stops[at]]
            del starts[at]


def _split_nots(forms: list[str], starts: list[int], stops: list[int]) -> None:
    """Make two tokens of didn't, in place."""
    for at in reversed([at for at, form in enumerate(forms) if form[-1] in "tT"]):
        if found := _SHORT_NOT.search(forms[at]):
            cut = starts[at] + found.start()
            forms[at : at + 1] = [forms[at][: found.start()], found[0]]
            starts[at : at + 1] = [starts[at], cut]
            stops[at : at + 1] = [cut, stops[at]]


@lru_cache(maxsize=200_000)
def is_word(token: str) -> bool:
    """Whether a token counts as a word: it has a letter or a digit, and is no address and no handle."""
    return token.isalnum() or (any(map(str.isalnum, token)) and not _ADDRESS.match(token))


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise LanguageError(language, LANGUAGES)


def _breaks(text: str, start: int, end: int, lists: _Lists) -> list[int]:
    """Where sentences start inside a line, after its first: after white space that follows a mark."""
    found: list[int] = []
    for candidate in _CANDIDATE.finditer(text, start, end):
        beginning = _BEGINNING.match(text, candidate.end(), end)
        if beginning is None or not beginning[0].strip():
            continue
        mark = candidate.start() + 1
        before = text[max(start, mark - _SHORT) : mark].rsplit(None, 1)[-1]
        if mark - len(before) == start and before[:-1].isdecimal():  # the number of a list's item
            continue
        if before in ("m.", "c.", "a."):  # "p. m.", "S. A.": written with a space
            before = text[max(start, mark - 5) : mark]
        long = _FOUR_WORDS.match(text, found[-1] if found else start, candidate.end())
        if _is_break(before, beginning, long is not None, lists):
            found.append(candidate.end())
    return found


def _is_break(before: str, beginning: re.Match[str], long: bool, lists: _Lists) -> bool:
    """Whether a sentence, `long` or not, ends with the word `before` and its mark, where what follows begins so.

    The second pass of Punkt (Kiss & Strunk 2006) with given lists and no statistics; beyond it, a sentence does not
    begin with a small letter, not after a dash or an opening mark either ("Why?" he asked), but for names like iPhone.
    """
    marks, after, rest = beginning.groups()
    if after[:1].islower() and not after[1:2].isupper():
        return False
    capital, going_on = after[:1].isupper(), bool(_GOING_ON.search(marks))
    if before.endswith(("…", "..")):
        return capital and not going_on and before.strip(".…") != ""
    if before[-1] != ".":
        return True
    word = before[_LEADING.match(before).end() : -1].casefold()  # type: ignore[union-attr]
    follower = after.casefold()
    if word in lists.titles or (word in lists.numbered and after[:1].isdigit()):
        return False
    if word in lists.closing:
        return long and not going_on and not follower.endswith(lists.endings) and follower not in lists.followers
    if (len(word) == 1 and word.isalpha() and capital) or _INITIALS.search(before) or lists.abbreviates(word):
        return follower in lists.starters and not going_on and not rest.startswith(".")
    return True


def _keeps_period(word: str, after: str, lists: _Lists) -> bool:
    """Whether the period between a word and the character `after` it in its sentence belongs to the word."""
    if (low := word.casefold()) in lists.numbered:
        return after.isdigit()
    return (
        low in lists.titles or low in lists.abbreviations or low in lists.closing or (len(word) == 1 and word.isupper())
    )


class _Lists(NamedTuple):
    titles: frozenset[str]
    abbreviations: frozenset[str]
    closing: frozenset[str]
    followers: frozenset[str]
    numbered: frozenset[str]
    starters: frozenset[str]

    @property
    def endings(self) -> tuple[str, ...]:
        """Followers that are the ends of words."""
        return tuple(word[1:] for word in self.followers if word.startswith("-"))

    def abbreviates(self, word: str) -> bool:
        """Whether a word, or its part after the last hyphen, is an abbreviation."""
        return word in self.abbreviations or word.rpartition("-")[2] in self.abbreviations


@cache
def _lists(language: str) -> _Lists:
    path = Path(__file__).parent / "instruments" / "abbreviations.toml"
    found = tomllib.loads(path.read_text(encoding="utf-8"))[language]
    return _Lists(*(frozenset(found[name]) for name in _Lists._fields))
