"""One text → its rows of the features. Nothing here touches the disk or knows another article."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis import tables
from analysis.gazetteer import Gazetteer
from analysis.mentions import Mention, text_mentions
from analysis.parsed import Parsed, parse
from analysis.reprints import SHINGLE, signature
from analysis.tables import Schema
from analysis.tokens import Span, is_word
from analysis.valence import mention_valence, sentence_valence

#: Tables with rows of one article each; REPRINTS needs all articles.
OF_ARTICLE = (tables.ARTICLES, tables.SENTENCES, tables.TERMS, tables.MENTIONS, tables.SIGNATURES)
#: VADER takes ’ and “ for letters: it would know neither the negation in isn’t nor the word in “good”.
PLAIN_MARKS = str.maketrans("’‘ʼ“”", "'''\"\"")

_AGENCIES = "Getty|AFP|AP|Reuters|EPA|EFE|Bloomberg|Xinhua|PAP|Shutterstock|iStock|Anadolu|Andina|dpa|Zuma"
_CREDIT = re.compile(
    rf"""(?: \((?:(?:file|handout)\s)?(?:photo|photograph|image|picture|foto|imagen|zdjęcie|fot\.)s?\b[^()]*\)
           | \([^()]*(?:/|\bvia\s)\s?(?:{_AGENCIES})\b[^()]*\)
           | \b(?:{_AGENCIES})/[\w .'’-]{{3,60}}
           | \b(?:photographer|photograph|photo|foto|fot\.)(?::|\sby)\s[^.()]{{3,80}}
         )\.?\Z""",
    re.IGNORECASE | re.VERBOSE,
)


class Facts(NamedTuple):
    """What the manifest says of an article; body_kind is empty where it does not say."""

    source: str
    body_kind: str


@dataclass(frozen=True)
class Recipe:
    """What features are made with: the gazetteer and, per article, the manifest's facts."""

    gazetteer: Gazetteer
    facts: Mapping[str, Facts]


class _Article(NamedTuple):
    """An article's text, read: where its parts end, and the words of each sentence in small letters."""

    parsed: Parsed
    title_end: int
    lede_end: int
    words: list[list[str]]

    def part(self, at: int) -> str:
        """Part of the text that a position lies in."""
        return "title" if at < self.title_end else "lede" if at < self.lede_end else "rest"

    def parts(self) -> list[str]:
        """Part of the text that each sentence lies in."""
        return [self.part(start) for start, _ in self.parsed.sentences]


def chunk_features(texts: pd.DataFrame, recipe: Recipe) -> dict[str, pd.DataFrame]:
    """Features of a chunk of texts.

    Parameters
    ----------
    texts : DataFrame (TEXTS)
    recipe : Recipe

    Returns
    -------
    dict, name of the schema → DataFrame, for each schema of OF_ARTICLE
    """
    found = {schema.name: _Columns(schema) for schema in OF_ARTICLE}
    mentioned = found[tables.MENTIONS.name]
    targets: dict[str, _Targets] = {}
    for text in texts.sort_values("article").itertuples(index=False):
        article = _read(text.title, text.body, text.language)
        for schema, measure in _MEASURES:
            found[schema.name].add(text.article, measure(article, text, recipe))
        mentions = text_mentions(article.parsed, recipe.gazetteer)
        targets.setdefault(text.language, _Targets()).add(article.parsed, mentions, len(mentioned))
        mentioned.add(text.article, mentions)
    valences = np.full(len(mentioned), np.nan)
    for language, those in targets.items():
        valences[those.rows] = mention_valence(those.sentences, those.spans, language=language)
    return {name: columns.frame(valence=valences) for name, columns in found.items()}


class _Columns:
    """A table in the making. Its cells are kept by column: a tuple for each row would be many more objects."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._cells: dict[str, list[Any]] = {name: [] for name in schema.names}

    def __len__(self) -> int:
        return len(self._cells["article"])

    def add(self, article: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add an article's rows, without their first cell; columns at the end may be wanting."""
        self._cells["article"] += [article] * len(rows)
        for name, cells in zip(self._schema.names[1:], zip(*rows, strict=True), strict=False):
            self._cells[name] += cells

    def frame(self, **wanting: Any) -> pd.DataFrame:
        """The table; `wanting` are columns that no row gave, where the table has them."""
        if not len(self):
            return tables.empty(self._schema)
        columns = {name: cells or wanting[name] for name, cells in self._cells.items()}
        # Articles come once, so no key can come twice.
        return tables.check(pd.DataFrame(columns), self._schema, unique=False)


class _Targets:
    """Mentions of one language in their sentences, measured together: many at once are much faster than each."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.spans: list[Span] = []
        self.rows: list[int] = []

    def add(self, parsed: Parsed, mentions: Sequence[Mention], row: int) -> None:
        """Add a text's mentions, the first of which is in this row of the table."""
        for at, mention in enumerate(mentions, row):
            start, end = parsed.sentences[mention.sentence]
            self.sentences.append(parsed.text[start:end])
            self.spans.append((mention.start - start, mention.end - start))
            self.rows.append(at)


def guess_body_kind(body: str, source: str) -> str:
    """What a body holds, where nobody coded it: full where the text is a page or was handed over, caption where it
    ends in a photo credit, else summary; none where it is empty."""
    if not body:
        return "none"
    if source != "feed":
        return "full"
    return "caption" if _CREDIT.search(body) else "summary"


def _read(title: str, body: str, language: str) -> _Article:
    parsed = parse(f"{title}\n{body}", language=language)
    lede_end = len(title) + 1 + len(body.split("\n", 1)[0])
    words = [list(compress(low, map(is_word, forms))) for low, forms in zip(parsed.low, parsed.forms, strict=True)]
    return _Article(parsed, len(title), lede_end, words)


def _article(article: _Article, text: Any, recipe: Recipe) -> list[Sequence[Any]]:
    facts = recipe.facts.get(text.article, Facts(text.source, ""))
    words = Counter({"title": 0, "lede": 0, "rest": 0})
    for part, found in zip(article.parts(), article.words, strict=True):
        words[part] += len(found)
    row = (
        text.outlet,
        text.language,
        text.published,
        facts.body_kind or guess_body_kind(text.body, facts.source),
        len(article.parsed.text),
        len(article.words),
        words.total(),
        words["title"],
        words["lede"],
        text.source_sha256,
        text_digest(article.parsed.text),
    )
    return [row]


def text_digest(text: str) -> str:
    """SHA-256 of a cleaned text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _sentences(article: _Article, text: Any, recipe: Recipe) -> list[Sequence[Any]]:
    parsed = article.parsed
    plain = parsed.text if parsed.text.isascii() else parsed.text.translate(PLAIN_MARKS)
    valences = sentence_valence([plain[start:end] for start, end in parsed.sentences], language=parsed.language)
    rows: list[Sequence[Any]] = []
    for number, (part, (start, end)) in enumerate(zip(article.parts(), parsed.sentences, strict=True)):
        words = len(article.words[number])
        quoted = 0
        if any(parsed.quoted[number]):
            quoted = sum(compress(map(is_word, parsed.forms[number]), parsed.quoted[number]))
        rows.append((number, part, start, end, words, valences[number], quoted / words if words else float("nan")))
    return rows


def _terms(article: _Article, text: Any, recipe: Recipe) -> list[Sequence[Any]]:
    words: dict[str, list[str]] = {}
    for part, found in zip(article.parts(), article.words, strict=True):
        words.setdefault(part, []).extend(found)
    return [(part, *counted) for part in sorted(words) for counted in sorted(Counter(words[part]).items())]


def _signatures(article: _Article, text: Any, recipe: Recipe) -> list[Sequence[Any]]:
    """The text's signature is the body's: copies often run under a headline of their own."""
    words: dict[str, list[str]] = {"title": [], "text": []}
    for part, found in zip(article.parts(), article.words, strict=True):
        words["title" if part == "title" else "text"] += found
    return [(scope, signature(words[scope], size=SHINGLE[scope])) for scope in sorted(words)]


_Measure = Callable[[_Article, Any, Recipe], list[Sequence[Any]]]
_MEASURES: tuple[tuple[Schema, _Measure], ...] = (
    (tables.ARTICLES, _article),
    (tables.SENTENCES, _sentences),
    (tables.TERMS, _terms),
    (tables.SIGNATURES, _signatures),
)
