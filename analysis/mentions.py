"""Which actor or label a text mentions, where, and in whose voice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis import tables
from analysis.gazetteer import Alias, Gazetteer, Match, key
from analysis.parsed import Parsed, parse
from analysis.tokens import Span
from analysis.voice import reported


class Mention(NamedTuple):
    """A row of MENTIONS but for the article and the valence."""

    sentence: int
    start: int
    end: int
    gazetteer: str
    entry: str | None
    alias: str
    voice: str


class _Found(NamedTuple):
    sentence: int
    span: Span
    match: Match


def find_mentions(text: str, gazetteer: Gazetteer, *, language: str, article: str = "") -> pd.DataFrame:
    """Mentions of actors and labels in a text.

    Parameters
    ----------
    text : str, cleaned: title + line break + body
    gazetteer : Gazetteer
    language : str, one of tables.LANGUAGES
    article : str, id to write into every row

    Returns
    -------
    DataFrame (MENTIONS), in order; text[start:end] is the alias as written, without a possessive 's; valence is
    missing

    Notes
    -----
    A bare surname is given to the actor named in full in the same text (of several, the one last named before it, or
    else first named after it), else to the default; else its entry is missing.

    The voice is `quoted` inside quotation marks, `attributed` where `voice.reported` finds the words to be somebody's,
    else `own`.

    Raises
    ------
    LanguageError
    """
    rows = text_mentions(parse(text, language=language), gazetteer)
    frame = pd.DataFrame(rows, columns=Mention._fields).assign(article=article, valence=np.nan)
    return tables.check(frame if rows else tables.empty(tables.MENTIONS), tables.MENTIONS)


def text_mentions(parsed: Parsed, gazetteer: Gazetteer) -> list[Mention]:
    """Mentions in a text that has been read, in order."""
    keys = [list(map(key, forms)) for forms in parsed.forms]
    attributed = [reported(low, language=parsed.language) for low in parsed.low]
    mentions = []
    for name, matcher in gazetteer.matchers.items():
        found = [
            _Found(number, (parsed.tokens[number][match.first][0], parsed.tokens[number][match.last][1]), match)
            for number, forms in enumerate(parsed.forms)
            for match in matcher.match(forms, language=parsed.language, keys=keys[number])
        ]
        for item, alias, entry in _resolve(found):
            place = slice(item.match.first, item.match.last + 1)
            quoted, theirs = all(parsed.quoted[item.sentence][place]), all(attributed[item.sentence][place])
            voice = "quoted" if quoted else "attributed" if theirs else "own"
            mentions.append(Mention(item.sentence, *item.span, name, entry, alias.text, voice))
    return sorted(mentions, key=lambda mention: (mention.start, mention.gazetteer))


def _resolve(found: Sequence[_Found]) -> Iterable[tuple[_Found, Alias, str | None]]:
    """Each match with the alias and the entry that are meant; no entry where nothing tells."""
    full: dict[str, list[int]] = {}
    for item in found:
        if not item.match.aliases[0].surname:
            full.setdefault(item.match.aliases[0].entry, []).append(item.span[0])
    for item in found:
        alias = _meant(item.match.aliases, full, item.span[0])
        yield item, alias or item.match.aliases[0], alias and alias.entry


def _meant(aliases: Sequence[Alias], full: dict[str, list[int]], at: int) -> Alias | None:
    if not aliases[0].surname:
        return aliases[0]
    named = [alias for alias in aliases if alias.entry in full]
    if named:
        return min(named, key=lambda alias: _distance(full[alias.entry], at))
    return next((alias for alias in aliases if alias.surname == "default"), None)


def _distance(places: Sequence[int], at: int) -> tuple[bool, int]:
    """How near an actor's full name is: places before `at` come first, the last of them foremost."""
    before = [at - place for place in places if place < at]
    return (False, min(before)) if before else (True, min(places) - at)
