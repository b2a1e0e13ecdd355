"""Mentions of actors and labels in texts: where, whom they mean, in whose voice.

Many texts of a language are parsed together, since arrays of all their tokens cost less than a list per sentence.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis import tables
from analysis.instruments import word_lists
from analysis.text.gazetteer import Alias, Gazetteer, Matcher, key
from analysis.text.sentences import Span, check_language, split_sentences
from analysis.text.tokens import Flags, Ints, Tokens, map_array, read_tokens
from analysis.text.voice import first_signs, lower, quoted_spans, reported

#: A sentence in capitals only has at least so many words: headlines, not names.
_HEADLINE = 3


class Parsed(NamedTuple):
    """Sentences, tokens and quotations of texts of one language."""

    texts: Sequence[str]
    language: str
    sentences: list[str]
    owners: Ints  # per sentence its text
    starts: Ints  # and where it stands there
    ends: Ints
    tokens: Tokens
    bounds: Ints  # index of each sentence's first token, and at the end the number of tokens
    quoted: Flags  # per token whether it stands inside quotation marks

    def forms(self, sentence: int) -> list[str]:
        """The tokens of a sentence as written."""
        numbers = self.tokens.numbers[self.bounds[sentence] : self.bounds[sentence + 1]].tolist()
        return [self.tokens.forms[number] for number in numbers]


def parse(texts: Sequence[str], *, language: str) -> Parsed:
    """Sentences, tokens and quotations of texts."""
    language = check_language(language)
    spans = [split_sentences(text, language=language) for text in texts]
    owners = np.repeat(np.arange(len(texts)), map_array(len, spans, np.intp))
    sentences = [text[start:end] for text, own in zip(texts, spans, strict=True) for start, end in own]
    starts, ends = _columns(spans)
    tokens = read_tokens(sentences, language=language)
    bounds = np.searchsorted(tokens.rows, np.arange(len(sentences) + 1))
    quoted = _inside(tokens, starts[tokens.rows], owners[tokens.rows], texts)
    return Parsed(texts, language, sentences, owners, starts, ends, tokens, bounds, quoted)


def _columns(spans: Sequence[Sequence[Span]]) -> Ints:
    """Starts and ends of all spans, two rows."""
    flat = chain.from_iterable(chain.from_iterable(spans))
    return np.fromiter(flat, dtype=np.intp).reshape(-1, 2).T


def _inside(tokens: Tokens, shift: Ints, owners: Ints, texts: Sequence[str]) -> Flags:
    """True for each token in a quotation; `shift` is where its sentence starts in its text, one of `owners`."""
    quotes = [quoted_spans(text) for text in texts]
    if not any(quotes):
        return np.zeros(len(owners), np.bool_)
    # As if the texts stood end to end: then all quotations are in order.
    begun = np.cumsum(map_array(len, texts, np.intp) + 1) - map_array(len, texts, np.intp)
    starts, ends = _columns(quotes) + np.repeat(begun, map_array(len, quotes, np.intp))
    shift = shift + begun[owners]
    nearest = np.searchsorted(starts, shift + tokens.starts, side="right") - 1
    return np.asarray((nearest >= 0) & (shift + tokens.ends <= ends[nearest]))


class Mention(NamedTuple):
    """A row of MENTIONS without the sentiment; `text` and `sentence` are indices among all texts and sentences."""

    text: int
    sentence: int
    start: int
    end: int
    gazetteer: str
    entry: str | None
    alias: str
    voice: str


class _Hit(NamedTuple):
    """A match: tokens `first` to `last` (included) of the parsed texts, the aliases that fit, the word before."""

    text: int
    sentence: int
    span: Span
    first: int
    last: int
    aliases: tuple[Alias, ...]
    before: str


def find_mentions(text: str, gazetteer: Gazetteer, *, language: str, article: str = "") -> pd.DataFrame:
    """Mentions of actors and labels in a text.

    Parameters
    ----------
    text : str, cleaned: title + line break + body
    gazetteer : Gazetteer
    language : str, a tag such as en or es-PE
    article : str, id to write into every row

    Returns
    -------
    DataFrame (MENTIONS), in order; text[start:end] is the alias as written, without a possessive 's; sentiment is
    missing

    Notes
    -----
    A bare surname is given to the actor named in full in the same text (of several, the one named with the same office,
    "President Rivas", or else the last named before it, or else the first named after it), else to the default; else
    its entry is missing.

    The voice is `quoted` inside quotation marks, `attributed` where `voice.reported` finds the words to be somebody's,
    else `own`.

    Raises
    ------
    LanguageError

    Examples
    --------
    >>> from analysis import Gazetteer
    >>> found = find_mentions("Castillo fell, she said.", Gazetteer({"Castillo": ["Castillo"]}), language="en")
    >>> found[["start", "end", "entry", "voice"]].values.tolist()
    [[0, 8, 'Castillo', 'attributed']]
    """
    if not isinstance(text, str):
        raise TypeError(f"find_mentions takes one text, a str, not {type(text).__name__}")
    rows = text_mentions(parse([text], language=language), gazetteer)
    frame = pd.DataFrame(rows, columns=Mention._fields).assign(article=article)
    frame[[name for name in tables.MENTIONS.names if name not in frame]] = np.nan
    return tables.check(frame if rows else tables.empty(tables.MENTIONS), tables.MENTIONS)


def text_mentions(parsed: Parsed, gazetteer: Gazetteer) -> list[Mention]:
    """Mentions in parsed texts, in order."""
    mentions: list[Mention] = []
    voice = _voices(parsed)
    for name, matcher in gazetteer.matchers.items():
        for _, hits in groupby(_hits(parsed, matcher), key=attrgetter("text")):
            for hit, alias, entry in _resolve(list(hits), parsed.language):
                mentions.append(Mention(hit.text, hit.sentence, *hit.span, name, entry, alias.text, voice(hit)))
    return sorted(mentions, key=attrgetter("text", "start", "gazetteer"))


def _hits(parsed: Parsed, matcher: Matcher) -> list[_Hit]:
    """Matches in all sentences, in order; only tokens with which an alias can start are tried."""
    tokens, language = parsed.tokens, parsed.language
    keys = list(map(key, tokens.forms))
    starts_alias = map_array(matcher.first_keys(language=language).__contains__, keys)
    places = np.flatnonzero(starts_alias[tokens.numbers])
    rows = tokens.rows[places]
    starts = zip(places.tolist(), parsed.bounds[rows + 1].tolist(), _in_capitals(parsed)[rows].tolist(), strict=True)
    matches = matcher.find(tokens.forms, tokens.numbers.tolist(), starts, language=language)
    hits = [_hit(parsed, *match) for match in matches]
    covered = {at for hit in hits for at in range(hit.first, hit.last + 1)}
    # Tokens like Rivas-Ayala outside all other matches: each of their parts is one.
    parts = {at: matcher.compound(tokens.forms[at], language=language) for at, form in enumerate(keys) if "-" in form}
    compounds = np.flatnonzero(np.isin(tokens.numbers, [at for at, found in parts.items() if found])).tolist()
    for token in compounds:
        start = 0
        for part, aliases in parts[tokens.numbers[token]] if token not in covered else ():
            hits.append(_hit(parsed, token, token, aliases, start, len(part)))
            start += len(part) + 1
    return sorted(hits, key=attrgetter("text", "span")) if compounds else hits


def _hit(parsed: Parsed, first: int, last: int, aliases: tuple[Alias, ...], start: int = 0, size: int = 0) -> _Hit:
    """A match of tokens; with `size`, of so many characters of the first token, from its character `start` on."""
    tokens = parsed.tokens
    row = int(tokens.rows[first])
    begun = int(parsed.starts[row] + tokens.starts[first]) + start
    end = begun + size if size else int(parsed.starts[row] + tokens.ends[last])
    before = tokens.forms[tokens.numbers[first - 1]] if first > parsed.bounds[row] else ""
    return _Hit(int(parsed.owners[row]), row, (begun, end), first, last, aliases, lower(before).rstrip("."))


def _in_capitals(parsed: Parsed) -> Flags:
    """True for each sentence that has some words and no small letter."""
    numbers, rows, forms = parsed.tokens.numbers, parsed.tokens.rows, parsed.tokens.forms
    small = map_array(lambda form: any(map(str.islower, form)), forms)[numbers]
    capital = map_array(str.isupper, forms)[numbers]
    small_count, capital_count = (np.bincount(rows[of], minlength=len(parsed.sentences)) for of in (small, capital))
    return np.asarray((small_count == 0) & (capital_count >= _HEADLINE))


def _voices(parsed: Parsed) -> Callable[[_Hit], str]:
    """Function that gives the voice of a match; each sentence is looked at once."""
    signs = first_signs(parsed.language)
    has_sign = map_array(lambda form: lower(form) in signs, parsed.tokens.forms)
    saying = set(parsed.tokens.rows[has_sign[parsed.tokens.numbers]].tolist())
    flags = cache(lambda sentence: reported(parsed.forms(sentence), language=parsed.language))
    quoted, bounds = parsed.quoted.tolist(), parsed.bounds.tolist()

    def voice(hit: _Hit) -> str:
        if all(quoted[hit.first : hit.last + 1]):
            return "quoted"
        start = bounds[hit.sentence]
        attributed = hit.sentence in saying and all(flags(hit.sentence)[hit.first - start : hit.last + 1 - start])
        return "attributed" if attributed else "own"

    return voice


def _resolve(hits: Sequence[_Hit], language: str) -> Iterator[tuple[_Hit, Alias, str | None]]:
    """Each match of a text with the alias and the entry that are meant; no entry where the text does not tell."""
    full: dict[str, list[int]] = {}
    offices: dict[str, set[str]] = {}
    for hit in hits:
        if not hit.aliases[0].surname:
            full.setdefault(hit.aliases[0].entry, []).append(hit.span[0])
            offices.setdefault(hit.aliases[0].entry, set()).add(hit.before)
    for hit in hits:
        alias = hit.aliases[0] if not hit.aliases[0].surname else _bearer(hit, full, offices, language)
        yield hit, alias or hit.aliases[0], alias and alias.entry


def _bearer(hit: _Hit, full: dict[str, list[int]], offices: dict[str, set[str]], language: str) -> Alias | None:
    """The alias of the actor whom a surname means."""

    def distance(alias: Alias) -> tuple[bool, int]:
        """The last place before the surname where the actor is named in full is nearest, else the first after it."""
        places, at = full[alias.entry], hit.span[0]
        before = bisect_left(places, at)
        return (False, at - places[before - 1]) if before else (True, places[0] - at)

    default = next((alias for alias in hit.aliases if alias.surname == "default"), None)
    named = [alias for alias in hit.aliases if alias.entry in full]
    if len(named) > 1 and hit.before in word_lists("offices.toml", language):
        holders = [alias for alias in named if hit.before in offices[alias.entry]]
        named = holders or ([default] if default in named else named)
    return min(named, key=distance, default=default)
