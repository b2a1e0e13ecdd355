"""Voices: quotations, and the words that a sentence reports as somebody's."""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence, Set
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any

from analysis.instruments import word_lists
from analysis.text.sentences import Span

#: Opening mark → the marks that may close it; also those of typewriters: ``…'' and ,,…''.
_PAIRS = {
    **{"“": '[”“"]', "„": '[”“"]', "«": "»", "»": "«", "‘": "’", "‹": "›", "‚": "[’‘]", '"': '"', "'": "'", "”": "”"},
    **{"``": "''|[”\"]", ",,": "''|[”“\"]"},
}
_OPENERS = re.compile("``|,,|[“„«»‘‹‚\"'”]")
_CLOSERS = {opener: re.compile(closers) for opener, closers in _PAIRS.items()}
_LINE = re.compile(r"[^\n]+")
#: Marks that are also apostrophes, or the same at both ends: they need the right neighbours and a partner.
_WEAK = "\"'‘‚»‹”"
#: An apostrophe at the beginning of a word: the '90s, 'em.
_APOSTROPHE = re.compile(r"(?:\d\ds?|em|til|cause|twas|tis|n)\b", re.IGNORECASE)
#: A speaker named at a sentence's end is at most so many tokens long.
_TAG = 10
_TAG_MARKS = frozenset((",", "-", "–", "—", "”", '"', "“", "»", "''"))
_NO_TAG = frozenset((":", ",", "that", "he", "she", "it", "they", "will", "would", "że", "que", "che", "dass"))
#: Marks after which the source of “according to” has ended.
_BREAKS = frozenset((",", ";", ":", "—", "–"))
#: Endings of names in the genitive.
_GENITIVE = ("a", "i", "y", "ego", "ej", "ów")

Signs = Mapping[str, Any]


def quoted_spans(text: str) -> list[Span]:
    """Spans of a text inside quotation marks, without the marks, in order, disjoint: the outer one counts.

    A quotation ends with its paragraph; one opened by “, „ or « and not closed (as where the next paragraph continues
    it) lasts to the paragraph's end. Quotations by the same mark at both ends (“tak“, ”tak”) are known by the
    neighbours of the marks. An apostrophe closes a quotation only if a ‘ or ' was opened and no letter follows.
    """
    spans: list[Span] = []
    for line in _LINE.finditer(text):
        at, unclosed = line.start(), set()
        while opener := _OPENERS.search(text, at, line.end()):
            start = at = opener.end()
            # A mark without a partner is not searched for again in this line, which would take quadratic time.
            if opener[0] not in unclosed and _opens(text, opener):
                closed = _close(text, start, line.end(), opener[0])
                if closed is None:
                    unclosed.add(opener[0])
                else:
                    spans.append((start, closed[0]))
                    at = closed[1]
    return spans


def _opens(text: str, mark: re.Match[str]) -> bool:
    if mark[0] not in _WEAK:
        return True
    before, after = text[max(0, mark.start() - 1) : mark.start()], text[mark.end() : mark.end() + 1]
    if mark[0] == "”":
        return not before.strip() and after.isalnum()
    if mark[0] in "'‘" and _APOSTROPHE.match(text, mark.end()):
        return False
    return not before.isalnum() and (mark[0] == '"' or (bool(after) and not after.isspace()))


def _close(text: str, start: int, line_end: int, opener: str) -> Span | None:
    """Span of the mark that closes a quotation; None where nothing closes it."""
    for closer in _CLOSERS[opener].finditer(text, start, line_end):
        at, end = closer.span()
        before, after = text[at - 1], text[end : end + 1]
        if opener in "'‘‚" and (after.isalnum() or before.isspace()):
            continue
        if opener == closer[0] == "“" and (before.isspace() or after.isalnum()):  # a quotation in the quotation
            continue
        return at, end
    return None if opener in _WEAK else (line_end, line_end)


def reported(forms: Sequence[str], *, language: str) -> list[bool]:
    """Flags of the tokens of a sentence that are presented as somebody's words, thought, demand or accusation.

    A verb of saying governs what follows it; its subject stays the outlet's words. With its speaker at the sentence's
    end, the verb governs what comes before. A word of demanding governs what follows up to a sign that a clause of its
    own begins. "According to" governs all but its source. These are rules over words, without a parser:
    instruments/validity.csv says how often they are wrong.
    """
    signs, first, low = _signs(language), first_signs(language), [lower(form) for form in forms]
    if first.isdisjoint(low):
        return [False] * len(low)
    changes, at = [0] * (len(low) + 1), 0
    # Where clauses may end, at last with the sentence.
    ends = [[*(at for at, word in enumerate(low) if word in signs[name]), len(low)] for name in ("breaks", "stops")]
    while at < len(low):
        skipped = _after(signs["idioms"], low, at)
        for start, end in _governed(forms, low, at, signs, *ends) if low[at] in first and not skipped else ():
            changes[start] += 1
            changes[max(start, end)] -= 1
        at = skipped or at + 1
    return [depth > 0 for depth in accumulate(changes[:-1])]


@cache
def first_signs(language: str) -> Set[str]:
    """Words, in small letters, without any of which a sentence reports nothing."""
    return {word for kind in ("sources", "says", "demands") for word in _signs(language)[kind]}


@lru_cache(maxsize=200_000)
def lower(form: str) -> str:
    """A token in small letters with a typewriter's apostrophe: the form under which it is counted."""
    return form.casefold().replace("’", "'")


@cache
def _signs(language: str) -> dict[str, Any]:
    """Word lists of a language (instruments/speech.toml); those of phrases by first word."""
    lists = word_lists("speech.toml", language)
    signs: dict[str, Any] = {name: frozenset(words) for name, words in lists.items()}
    signs |= {"breaks": _BREAKS | signs["clauses"], "adjectives": tuple(lists["adjectives"])}
    for kind in ("sources", "says", "demands", "idioms"):
        signs[kind] = {}
        for first, *rest in map(str.split, lists[kind]):
            signs[kind].setdefault(first, []).append(rest)
    return signs


def _after(phrases: Mapping[str, Sequence[Sequence[str]]], low: Sequence[str], at: int) -> int | None:
    """Index after the longest phrase that begins at `at`; None where there is none."""
    rests = [len(rest) for rest in phrases.get(low[at], ()) if low[at + 1 : at + 1 + len(rest)] == rest]
    return at + 1 + max(rests) if rests else None


def _governed(
    forms: Sequence[str], low: Sequence[str], at: int, signs: Signs, breaks: Sequence[int], stops: Sequence[int]
) -> list[Span]:
    """Spans of tokens that the sign at `at` presents as somebody's; empty where there is no sign."""
    if stop := _after(signs["sources"], low, at):
        return [(0, at), (_source_end(forms, low, stop, breaks[bisect_left(breaks, stop)], signs), len(low))]
    if (stop := _after(signs["says"], low, at)) and signs["not_said"].isdisjoint(low[stop : stop + 5]):
        tag = _tag(low, at)
        return [(0, tag) if tag else (stop, len(low))]
    if stop := _after(signs["demands"], low, at):
        return [(stop, stops[bisect_left(stops, stop)])]
    return []


def _source_end(forms: Sequence[str], low: Sequence[str], at: int, end: int, signs: Signs) -> int:
    """Index after the source that begins at `at`, which ends at `end` or, where adjectives are known, before it."""
    adjectives = signs["adjectives"]
    if not adjectives or at >= end:
        return end
    if low[at] in signs["pronouns"]:
        return at + 1
    while at < end and low[at].endswith(adjectives):
        at += 1
    at += 1  # the noun
    while at < end and (
        low[at].endswith(adjectives)  # or a name in the genitive
        or (forms[at][0].isupper() and (forms[at].isupper() or forms[at].endswith(_GENITIVE)))
    ):
        at += 1
    return min(at, end)


def _tag(low: Sequence[str], verb: int) -> int | None:
    """Index at which a speaker at the sentence's end begins (", officials said."); None where there is none."""
    if len(low) - verb > _TAG:
        return None
    for at in range(verb - 1, max(0, verb - _TAG), -1):
        if low[at] in _TAG_MARKS:
            tag = at > 1 and low[at + 1] not in ("but", "and") and _NO_TAG.isdisjoint(low[verb + 1 :])
            return at if tag else None
    return None
