"""Who speaks: what stands inside quotation marks, and which words a sentence reports as somebody's."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence, Set
from functools import cache
from pathlib import Path
from typing import NamedTuple

from analysis.text.sentences import Span

#: Opening mark → the marks that may close it.
_PAIRS = {"“": '”"', "„": '”“"', "«": "»", "»": "«", "‘": "’", "‹": "›", "‚": "’‘", '"': '"', "'": "'"}
_OPENERS = re.compile(f"[{''.join(_PAIRS)}]")
_CLOSERS = {opener: re.compile(f"[{closers}]") for opener, closers in _PAIRS.items()}
_LINE = re.compile(r"[^\n]+")
#: Marks that are also apostrophes, or the same at both ends: they need the right neighbours and a partner.
_WEAK = "\"'‘‚»‹"
#: A speaker named at a sentence's end is at most so many tokens long.
_TAG = 10
_TAG_MARKS = frozenset((",", "-", "–", "—", "”", '"', "“", "»"))
_NO_TAG = frozenset((":", ",", "that", "he", "she", "it", "they", "will", "would", "że", "que"))


def quoted_spans(text: str) -> list[Span]:
    """Where a text is inside quotation marks.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of (start, end), without the marks, in order, disjoint; a quotation inside a quotation belongs to the outer
    one

    Notes
    -----
    A quotation does not go beyond its paragraph; one that is opened by “, „ or « and not closed (as where the next
    paragraph goes on quoting) lasts to the paragraph's end. An apostrophe closes nothing unless a ‘ or ' was opened,
    and then only where no letter or digit follows it.
    """
    spans: list[Span] = []
    for line in _LINE.finditer(text):
        at, unclosed = line.start(), set()
        while opener := _OPENERS.search(text, at, line.end()):
            start = at = opener.end()
            # A mark that nothing closed from further left is not looked after again: time would go with the square.
            if opener[0] not in unclosed and _opens(text, opener):
                end = _close(text, start, line.end(), opener[0])
                if end is None:
                    unclosed.add(opener[0])
                else:
                    spans.append((start, end))
                    at = end + 1
    return spans


def reported(low: Sequence[str], *, language: str) -> list[bool]:
    """Which tokens of a sentence are presented as somebody's words, thought, demand or accusation.

    Parameters
    ----------
    low : the sentence's tokens, in small letters
    language : str, one of tables.LANGUAGES

    Returns
    -------
    list of bool, per token

    Notes
    -----
    A verb of saying governs what follows it, not its subject; with its speaker at the sentence's end, what comes
    before. A word of demanding governs what follows up to a sign that a clause of its own begins. "According to"
    governs all but its source. There is no parser behind this: how often it is wrong is in instruments/validity.csv.
    """
    signs = _signs(language)
    flags = [False] * len(low)
    if signs.first.isdisjoint(low):
        return flags
    for at, word in enumerate(low):
        if word not in signs.first:
            continue
        if stop := signs.after("sources", low, at):
            source = _next(low, signs.breaks, stop)
            flags[:at] = [True] * at
            flags[source:] = [True] * (len(low) - source)
        elif (stop := signs.after("says", low, at)) and signs.not_said.isdisjoint(low[stop : stop + 5]):
            tag = _tag(low, at)
            start, end = (0, tag) if tag else (stop, len(low))
            flags[start:end] = [True] * (end - start)
        elif stop := signs.after("demands", low, at):
            end = _next(low, signs.stops, stop)
            flags[stop:end] = [True] * (end - stop)
    return flags


def first_signs(language: str) -> Set[str]:
    """Words without one of which a sentence reports nothing, in small letters."""
    return _signs(language).first


def _tag(low: Sequence[str], verb: int) -> int | None:
    """Where the words at a sentence's end begin that name the speaker of all before: ", officials said."; else None."""
    if len(low) - verb > _TAG:
        return None
    for at in range(verb - 1, max(0, verb - _TAG), -1):
        if low[at] in _TAG_MARKS:
            tag = at > 1 and low[at + 1] not in ("but", "and") and _NO_TAG.isdisjoint(low[verb + 1 :])
            return at if tag else None
    return None


def _next(low: Sequence[str], signs: Set[str], at: int) -> int:
    """The first place from `at` on with one of `signs`, or the end."""
    return next((place for place in range(at, len(low)) if low[place] in signs), len(low))


def _opens(text: str, mark: re.Match[str]) -> bool:
    if mark[0] not in _WEAK:
        return True
    before, after = text[max(0, mark.start() - 1) : mark.start()], text[mark.end() : mark.end() + 1]
    return not before.isalnum() and (mark[0] == '"' or (bool(after) and not after.isspace()))


def _close(text: str, start: int, line_end: int, opener: str) -> int | None:
    for found in _CLOSERS[opener].finditer(text, start, line_end):
        end = found.start()
        if opener in "'‘‚" and (text[end + 1 : end + 2].isalnum() or text[end - 1].isspace()):
            continue
        return end
    return None if opener in _WEAK else line_end


class _Signs(NamedTuple):
    first: frozenset[str]
    phrases: dict[str, dict[str, list[list[str]]]]
    stops: frozenset[str]
    not_said: frozenset[str]
    breaks: frozenset[str] = frozenset((",", ";", ":", "—", "–"))

    def after(self, kind: str, low: Sequence[str], at: int) -> int | None:
        """The place after a sign of this kind that begins at `at`; None where there is none."""
        lengths = [
            len(rest) for rest in self.phrases[kind].get(low[at], ()) if low[at + 1 : at + 1 + len(rest)] == rest
        ]
        return at + 1 + max(lengths) if lengths else None


@cache
def _signs(language: str) -> _Signs:
    path = Path(__file__).parents[1] / "instruments" / "speech.toml"
    signs = tomllib.loads(path.read_text(encoding="utf-8"))[language]
    phrases: dict[str, dict[str, list[list[str]]]] = {}
    for kind in ("sources", "says", "demands"):
        phrases[kind] = {}
        for sign in signs[kind]:
            first, *rest = sign.split()
            phrases[kind].setdefault(first, []).append(rest)
    first = frozenset(word for kind in phrases.values() for word in kind)
    return _Signs(first, phrases, frozenset(signs["stops"]), frozenset(signs["not_said"]))
