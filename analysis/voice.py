"""Who speaks: what stands inside quotation marks, and which sentences report what somebody said."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from analysis.tokens import Span

#: Opening mark → the marks that may close it.
_PAIRS = {"“": '”"', "„": '”“"', "«": "»", "»": "«", "‘": "’", "‹": "›", "‚": "’‘", '"': '"', "'": "'"}
_OPENERS = re.compile(f"[{''.join(_PAIRS)}]")
#: Marks that are also apostrophes, or the same at both ends: they need the right neighbours and a partner.
_WEAK = "\"'‘‚»‹"


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
    spans = []
    at = 0
    while opener := _OPENERS.search(text, at):
        start = at = opener.end()
        end = _close(text, start, opener[0]) if _opens(text, opener) else None
        if end is not None:
            spans.append((start, end))
            at = end + 1
    return spans


def reports_speech(tokens: Sequence[str], *, language: str) -> bool:
    """Whether a sentence holds a verb of saying or a phrase like "according to".

    Parameters
    ----------
    tokens : the sentence's tokens, as written
    language : str, one of tables.LANGUAGES
    """
    words = [token.casefold() for token in tokens]
    verbs, phrases = _signs(language)
    if not verbs.isdisjoint(words):
        return True
    joined = f" {' '.join(words)} "
    return any(f" {phrase} " in joined for phrase in phrases)


def _opens(text: str, mark: re.Match[str]) -> bool:
    if mark[0] not in _WEAK:
        return True
    before, after = text[: mark.start()][-1:], text[mark.end() : mark.end() + 1]
    return not before.isalnum() and (mark[0] == '"' or (bool(after) and not after.isspace()))


def _close(text: str, start: int, opener: str) -> int | None:
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    for end in range(start, line_end):
        if text[end] not in _PAIRS[opener]:
            continue
        if opener in "'‘‚" and (text[end + 1 : end + 2].isalnum() or text[end - 1].isspace()):
            continue
        return end
    return None if opener in _WEAK else line_end


@cache
def _signs(language: str) -> tuple[frozenset[str], tuple[str, ...]]:
    path = Path(__file__).parent / "instruments" / "speech.toml"
    signs = tomllib.loads(path.read_text(encoding="utf-8"))[language]
    return frozenset(signs["verbs"]), tuple(signs["phrases"])
