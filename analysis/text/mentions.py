"""Which actor or label a text mentions, where, and in whose voice.

`parsed` reads texts once for every instrument; `voice` tells who speaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis import tables
from analysis.text.arrays import column
from analysis.text.gazetteer import Alias, Gazetteer, Match, Matcher, key
from analysis.text.parsed import Parsed, parse
from analysis.text.sentences import Span
from analysis.text.voice import first_signs, lower, reported


class Mention(NamedTuple):
    """A row of MENTIONS but for the valence; the text is told by its number, the sentence by its number among all."""

    text: int
    sentence: int
    start: int
    end: int
    gazetteer: str
    entry: str | None
    alias: str
    voice: str


class _Found(NamedTuple):
    text: int
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
    rows = text_mentions(parse([text], language=language), gazetteer)
    frame = pd.DataFrame(rows, columns=Mention._fields).assign(article=article, valence=np.nan)
    return tables.check(frame if rows else tables.empty(tables.MENTIONS), tables.MENTIONS)


def text_mentions(parsed: Parsed, gazetteer: Gazetteer) -> list[Mention]:
    """Mentions in texts that have been read, in order."""
    mentions: list[Mention] = []
    saying = _saying(parsed)
    for name, matcher in gazetteer.matchers.items():
        for _, found in groupby(_matches(parsed, matcher), key=attrgetter("text")):
            for item, alias, entry in _resolve(list(found)):
                voice = _voice(parsed, item, saying)
                mentions.append(Mention(item.text, item.sentence, *item.span, name, entry, alias.text, voice))
    return sorted(mentions, key=attrgetter("text", "start", "gazetteer"))


def _matches(parsed: Parsed, matcher: Matcher) -> list[_Found]:
    """Matches in all sentences; it is looked for them only where an alias may begin."""
    tokens, language = parsed.tokens, parsed.language
    begins = column(matcher.begins(language=language).__contains__, list(map(key, tokens.forms)))
    places = np.flatnonzero(begins[tokens.numbers])
    ends = parsed.bounds[tokens.rows[places] + 1]
    within = zip(places.tolist(), ends.tolist(), strict=True)
    matches = list(matcher.find(tokens.forms, tokens.numbers.tolist(), within, language=language))
    first, last = (np.array([match[side] for match in matches], np.intp) for side in (0, 1))
    rows = tokens.rows[first]
    shifts = parsed.starts[rows]
    spans = np.stack([shifts + tokens.starts[first], shifts + tokens.ends[last]], axis=1).tolist()
    cells = zip(parsed.owners[rows].tolist(), rows.tolist(), map(tuple, spans), matches, strict=True)
    return [_Found(*found) for found in cells]


def _saying(parsed: Parsed) -> Set[int]:
    """Sentences that hold a word which may make them somebody's words."""
    signs = first_signs(parsed.language)
    holds = column(lambda form: lower(form) in signs, parsed.tokens.forms)
    return set(parsed.tokens.rows[holds[parsed.tokens.numbers]].tolist())


def _voice(parsed: Parsed, item: _Found, saying: Set[int]) -> str:
    """Whose words the matched ones are."""
    first, last = item.match.first, item.match.last + 1
    if parsed.quoted[first:last].all():
        return "quoted"
    if item.sentence not in saying:
        return "own"
    low = parsed.forms(item.sentence)
    start = int(parsed.bounds[item.sentence])
    return "attributed" if all(reported(low, language=parsed.language)[first - start : last - start]) else "own"


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
