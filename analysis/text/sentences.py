"""Sentence boundaries.

The rules are those of Punkt (Kiss & Strunk 2006) with our own lists of abbreviations in place of a trained model, which
would have to be downloaded, and with more rules for news: closing quotation marks, list numbers, “Why?” he asked. They
are written out here because the same rules on top of NLTK's Punkt take seven times as long.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from analysis.errors import LanguageError
from analysis.instruments import word_lists
from analysis.tables import language_hint, language_tag

Span = tuple[int, int]

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
#: A mark that may end a sentence, closing marks, and white space before more text.
_CANDIDATE = re.compile(r"[.?!…][\"'”’“»›)\]}]*+\s+(?=\S)")
#: French has a space before the closing mark; German may point its marks inwards.
_CANDIDATES = {
    "fr": re.compile(r"[.?!…](?:\s?[»›]|[\"'”’“)\]}])*+\s+(?=\S)"),
    "de": re.compile(r"[.?!…][\"'”’“»›«‹)\]}]*+\s+(?=\S)"),
}
#: Abbreviations are shorter than this.
_SHORT = 30
#: Opening marks, the first word of a sentence, and what is joined to it.
_BEGINNING = re.compile(r"([\s\-–—•\"'“”„‘’«»‹›(\[{¿¡]*+)(\w*)(\S*)")
#: The speaker of a question or exclamation: “Why?” Mr. Rivas asked. %s stands for verbs.
_TAG = r"((?:[^\W\d_][\w.'’\-]*\s+){1,4}?)(?:%s)\s*(?:[.,:;]|\Z)"
#: After an abbreviation, a dash or a bracket continues the sentence: "at 9 p.m. – Rivas", "Nothing … [and] then".
_GOING_ON = re.compile(r"[\-–—(\[]")
_LEADING = re.compile(r"\W*")
#: In l'art. 12 the abbreviation is art.
_ELIDED = dict.fromkeys(("fr", "it"), re.compile(r"\W*(?:\w+['’])?"))
_INITIALS = re.compile(r"(?:\b[^\W\d_]\.){2,}\Z")
#: A sentence shorter than this does not end with an abbreviation: "W 2021 r. Castillo …"
_FOUR_WORDS = re.compile(r"(?:\S+\s+){4}")


def split_sentences(text: str, *, language: str) -> list[Span]:
    """Spans of the sentences of a text.

    Parameters
    ----------
    text : str
    language : str, a tag such as en or es-PE

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
    language = check_language(language)
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


def check_language(language: str) -> str:
    """The tag of a language without its region; LanguageError for what is none. One without lists has general rules."""
    if not re.fullmatch("[a-z]{2,3}", tag := language_tag(language)):
        raise LanguageError(language, language_hint(language))
    return tag


@cache
def abbreviations(language: str) -> dict[str, frozenset[str]]:
    """Word lists of a language (instruments/abbreviations.toml, which says what they are) by name."""
    return {name: frozenset(words) for name, words in word_lists("abbreviations.toml", language).items()}


def _breaks(text: str, start: int, end: int, language: str) -> Iterator[int]:
    """Starts of the sentences inside a line, after its first."""
    begun = start
    for candidate in _CANDIDATES.get(language, _CANDIDATE).finditer(text, start, end):
        mark, after = candidate.start() + 1, candidate.end()
        beginning = _BEGINNING.match(text, after, end)
        if beginning is None or not beginning[0].strip():
            continue
        before = text[max(start, mark - _SHORT) : mark].rsplit(None, 1)[-1]
        if mark - len(before) == begun and before[:-1].isdecimal():  # the number of a list's item
            continue
        tag = _tag(language).match(text, after, end) if text[mark - 1] in "?!" and not text[mark].isspace() else None
        if tag and all(name[0].isupper() for name in tag[1].split()):  # only a speaker and a verb of saying follow
            continue
        if before in ("m.", "c.", "a."):  # "p. m.", "a. C.": written with a space
            spaced = text[max(start, mark - 5) : mark]
            before = spaced if _LEADING.sub("", spaced, count=1)[:-1] in abbreviations(language)["closing"] else before
        kinds = _kinds(before, language)
        words = _FOUR_WORDS.match(text, begun, end) if "closing" in kinds else None
        if _is_break(kinds, beginning, words is not None and words.end() <= after, language):
            begun = after
            yield begun


@cache
def _tag(language: str) -> re.Pattern[str]:
    return re.compile(_TAG % ("|".join(sorted(abbreviations(language)["tags"])) or r"\Z."))  # of no verbs none


@lru_cache(maxsize=100_000)
def _kinds(before: str, language: str) -> frozenset[str]:
    """Properties of the last word and mark before a possible boundary; none of an ordinary word, or after ? and !."""
    if before.endswith(("…", "..")):
        return frozenset(("dots", "a word") if before.strip(".…") else ("dots",))
    if before[-1] != ".":
        return frozenset()
    lists, leading = abbreviations(language), _ELIDED.get(language, _LEADING)
    word = leading.sub("", before, count=1)[:-1].casefold()
    kinds = {name for name in ("titles", "numbered", "closing", "abbreviations") if word in lists[name]}
    if _INITIALS.search(before) or word.rpartition("-")[2] in lists["abbreviations"]:
        kinds.add("abbreviations")
    if len(word) == 1 and word.isalpha():
        kinds.add("letter")
    return frozenset(kinds)


def _is_break(kinds: frozenset[str], beginning: re.Match[str], long: bool, language: str) -> bool:
    """True where a sentence of four words (`long`) or fewer ends between a word of these kinds and `beginning`.

    The second pass of Punkt (Kiss & Strunk 2006) with given lists and no statistics. Beyond Punkt, a small letter never
    begins a sentence, also after a dash or an opening mark ("Why?" he asked), except in names like iPhone.
    """
    marks, after, rest = beginning.groups()
    if after[:1].islower() and not after[1:2].isupper():
        return False
    if not kinds:
        return True
    lists, capital, follower = abbreviations(language), after[:1].isupper(), after.casefold()
    going_on = bool(_GOING_ON.search(marks))
    if "dots" in kinds:
        return capital and not going_on and "a word" in kinds
    if "titles" in kinds or ("numbered" in kinds and after[:1].isdigit()):
        return False
    if "closing" in kinds:
        ends = tuple(word[1:] for word in lists["followers"] if word.startswith("-"))
        return long and not going_on and not follower.endswith(ends) and follower not in lists["followers"]
    if ("letter" in kinds and capital) or "abbreviations" in kinds:
        return follower in lists["starters"] and not going_on and not rest.startswith(".")
    return True
