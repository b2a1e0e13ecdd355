"""Sentence boundaries.

The rules are those of Punkt (Kiss & Strunk 2006) with our own lists of abbreviations in place of a trained model, which
would have to be downloaded, and with more rules for news: closing quotation marks, list numbers, “Why?” he asked. They
are written out here because the same rules on top of NLTK's Punkt take seven times as long.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from analysis.errors import LanguageError
from analysis.tables import LANGUAGES

Span = tuple[int, int]

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_CLOSING = r"[\"'”’“»›)\]}]"
#: A mark that may end a sentence, closing marks, and white space before more text.
_CANDIDATE = re.compile(rf"[.?!…]{_CLOSING}*+\s+(?=\S)")
#: Abbreviations are shorter than this.
_SHORT = 30
#: Opening marks, the first word of a sentence, and what is joined to it.
_BEGINNING = re.compile(r"([\s\-–—•\"'“”„‘’«»‹›(\[{¿¡]*+)(\w*)(\S*)")
#: The speaker of a question or exclamation: “Why?” Mr. Rivas asked. %s stands for verbs.
_TAG = r"((?:[^\W\d_][\w.'’\-]*\s+){1,4}?)(?:%s)\s*(?:[.,:;]|\Z)"
#: After an abbreviation, a dash or a bracket continues the sentence: "at 9 p.m. – Rivas", "Nothing … [and] then".
_GOING_ON = re.compile(r"[\-–—(\[]")
_LEADING = re.compile(r"\W*")
_INITIALS = re.compile(r"(?:\b[^\W\d_]\.){2,}\Z")
#: A sentence shorter than this does not end with an abbreviation: "W 2021 r. Castillo …"
_FOUR_WORDS = re.compile(r"(?:\S+\s+){4}")


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

    Examples
    --------
    >>> text = "Gen. Rivas left. Nobody followed."
    >>> [text[start:end] for start, end in split_sentences(text, language="en")]
    ['Gen. Rivas left.', 'Nobody followed.']
    """
    check_language(language)
    spans = []
    for line in _LINE.finditer(text):
        start = line.start()
        for stop in (*_breaks(text, *line.span(), language), line.end()):
            piece = text[start:stop]
            if stripped := piece.strip():
                first = start + len(piece) - len(piece.lstrip())
                spans.append((first, first + len(stripped)))
            start = stop
    return spans


def check_language(language: str) -> None:
    """Raise LanguageError for a language without rules."""
    if language not in LANGUAGES:
        raise LanguageError(language, LANGUAGES)


def _breaks(text: str, start: int, end: int, language: str) -> list[int]:
    """Starts of the sentences inside a line, after its first."""
    breaks: list[int] = []
    begun, lists = start, abbreviations(language)
    is_long = cache(lambda begun: _FOUR_WORDS.match(text, begun, end))
    for candidate in _CANDIDATE.finditer(text, start, end):
        beginning = _BEGINNING.match(text, candidate.end(), end)
        if beginning is None or not beginning[0].strip():
            continue
        mark = candidate.start() + 1
        before = text[max(start, mark - _SHORT) : mark].rsplit(None, 1)[-1]
        if mark - len(before) == begun and before[:-1].isdecimal():  # the number of a list's item
            continue
        if text[mark - 1] in "?!" and not text[mark].isspace() and _is_tagged(text, candidate.end(), end, language):
            continue
        if before in ("m.", "c.", "a."):  # "p. m.", "a. C.": written with a space
            spaced = text[max(start, mark - 5) : mark]
            before = spaced if _LEADING.sub("", spaced, count=1)[:-1] in lists.closing else before
        four_words = is_long(begun)
        long = four_words is not None and four_words.end() <= candidate.end()
        if _is_break(_ending(before, language), beginning, long, lists):
            begun = candidate.end()
            breaks.append(begun)
    return breaks


def _is_tagged(text: str, start: int, end: int, language: str) -> bool:
    """Whether only a speaker and a verb of asking or saying follow the quotation that ends before `start`."""
    tag = abbreviations(language).tag.match(text, start, end)
    return tag is not None and all(name[0].isupper() for name in tag[1].split())


class _Ending(NamedTuple):
    """Properties of the last word and mark before a possible boundary."""

    plain: bool = False  # an ordinary word, or another mark than a period
    dots: bool = False
    empty: bool = False  # only dots
    title: bool = False
    numbered: bool = False
    closing: bool = False
    letter: bool = False
    abbreviation: bool = False


@lru_cache(maxsize=100_000)
def _ending(before: str, language: str) -> _Ending:
    if before.endswith(("…", "..")):
        return _Ending(dots=True, empty=before.strip(".…") == "")
    if before[-1] != ".":
        return _Ending(plain=True)
    lists = abbreviations(language)
    word = before[_LEADING.match(before).end() : -1].casefold()  # type: ignore[union-attr]
    ending = _Ending(
        title=word in lists.titles,
        numbered=word in lists.numbered,
        closing=word in lists.closing,
        letter=len(word) == 1 and word.isalpha(),
        abbreviation=bool(_INITIALS.search(before)) or lists.abbreviates(word),
    )
    return ending if any(ending) else _Ending(plain=True)


def _is_break(ending: _Ending, beginning: re.Match[str], long: bool, lists: Abbreviations) -> bool:
    """Whether a sentence of four words (`long`) or fewer ends between `ending` and `beginning`.

    The second pass of Punkt (Kiss & Strunk 2006) with given lists and no statistics. Beyond Punkt, a small letter never
    begins a sentence, also after a dash or an opening mark ("Why?" he asked), except in names like iPhone.
    """
    marks, after, rest = beginning.groups()
    if after[:1].islower() and not after[1:2].isupper():
        return False
    if ending.plain:
        return True
    capital, going_on = after[:1].isupper(), bool(_GOING_ON.search(marks))
    if ending.dots:
        return capital and not going_on and not ending.empty
    follower = after.casefold()
    if ending.title or (ending.numbered and after[:1].isdigit()):
        return False
    if ending.closing:
        ends = not going_on and not follower.endswith(lists.endings) and follower not in lists.followers
        return ends and long
    if (ending.letter and capital) or ending.abbreviation:
        return follower in lists.starters and not going_on and not rest.startswith(".")
    return True


class Abbreviations(NamedTuple):
    """Word lists of a language (instruments/abbreviations.toml)."""

    titles: frozenset[str]
    abbreviations: frozenset[str]
    closing: frozenset[str]
    followers: frozenset[str]
    numbered: frozenset[str]
    starters: frozenset[str]
    tags: frozenset[str]

    @property
    def tag(self) -> re.Pattern[str]:
        """Pattern of a speaker with one of the verbs of `tags`."""
        return re.compile(_TAG % "|".join(sorted(self.tags)))

    @property
    def endings(self) -> tuple[str, ...]:
        """Those of `followers` that are the ends of words."""
        return tuple(word[1:] for word in self.followers if word.startswith("-"))

    def abbreviates(self, word: str) -> bool:
        """Whether a word, or its part after the last hyphen, is an abbreviation."""
        return word in self.abbreviations or word.rpartition("-")[2] in self.abbreviations


@cache
def abbreviations(language: str) -> Abbreviations:
    """Abbreviations of a language."""
    path = Path(__file__).parents[1] / "instruments" / "abbreviations.toml"
    lists = tomllib.loads(path.read_text(encoding="utf-8"))[language]
    return Abbreviations(*(frozenset(lists[name]) for name in Abbreviations._fields))
