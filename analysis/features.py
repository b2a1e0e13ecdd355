"""One text → its rows of the features. Nothing here touches the disk or knows another article."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from analysis import tables
from analysis.gazetteer import Gazetteer
from analysis.mentions import text_mentions
from analysis.reprints import SHINGLE, signature
from analysis.tables import Schema
from analysis.tokens import Span, is_word, sentence_tokens, split_sentences
from analysis.valence import mention_valence, sentence_valence
from analysis.voice import inside, quoted_spans

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


class _Parsed(NamedTuple):
    text: str
    title_end: int
    lede_end: int
    language: str
    sentences: list[Span]
    tokens: list[list[Span]]
    words: list[list[Span]]

    def part(self, at: int) -> str:
        """Part of the text that a position lies in."""
        return "title" if at < self.title_end else "lede" if at < self.lede_end else "rest"

    def written(self, sentence: int) -> list[str]:
        """Word tokens of a sentence, as written."""
        return [self.text[start:end] for start, end in self.words[sentence]]


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
    rows: dict[str, list[Sequence[Any]]] = {schema.name: [] for schema in OF_ARTICLE}
    for text in texts.itertuples(index=False):
        parsed = _parse(text.title, text.body, text.language)
        for schema, measure in _MEASURES:
            rows[schema.name] += [(text.article, *row) for row in measure(parsed, text, recipe)]
    return {schema.name: frame(rows[schema.name], schema) for schema in OF_ARTICLE}


def frame(rows: Sequence[Sequence[Any]], schema: Schema) -> pd.DataFrame:
    """Table of a schema from its rows."""
    table = pd.DataFrame(rows, columns=schema.names) if rows else tables.empty(schema)
    return tables.check(table, schema)


def guess_body_kind(body: str, source: str) -> str:
    """What a body holds, where nobody coded it: full where the text is a page or was handed over, caption where it
    ends in a photo credit, else summary; none where it is empty."""
    if not body:
        return "none"
    if source != "feed":
        return "full"
    return "caption" if _CREDIT.search(body) else "summary"


def term(token: str) -> str:
    """Word form under which a token is counted."""
    return token.casefold().replace("’", "'")


def _parse(title: str, body: str, language: str) -> _Parsed:
    text = f"{title}\n{body}"
    sentences = split_sentences(text, language=language)
    tokens = [sentence_tokens(text, start, end, language=language) for start, end in sentences]
    lede_end = len(title) + 1 + len(body.split("\n", 1)[0])
    words = [[span for span in spans if is_word(text[span[0] : span[1]])] for spans in tokens]
    return _Parsed(text, len(title), lede_end, language, sentences, tokens, words)


def _article(parsed: _Parsed, text: Any, recipe: Recipe) -> list[Sequence[Any]]:
    facts = recipe.facts.get(text.article, Facts(text.source, ""))
    words = Counter({"title": 0, "lede": 0, "rest": 0})
    for number, (start, _) in enumerate(parsed.sentences):
        words[parsed.part(start)] += len(parsed.words[number])
    row = (
        text.outlet,
        text.language,
        text.published,
        facts.body_kind or guess_body_kind(text.body, facts.source),
        len(parsed.text),
        len(parsed.sentences),
        words.total(),
        words["title"],
        words["lede"],
        text.source_sha256,
        text_digest(parsed.text),
    )
    return [row]


def text_digest(text: str) -> str:
    """SHA-256 of a cleaned text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _sentences(parsed: _Parsed, text: Any, recipe: Recipe) -> list[Sequence[Any]]:
    quotes = quoted_spans(parsed.text)
    plain = [parsed.text[start:end].translate(PLAIN_MARKS) for start, end in parsed.sentences]
    valences = sentence_valence(plain, language=parsed.language)
    rows: list[Sequence[Any]] = []
    for number, (start, end) in enumerate(parsed.sentences):
        words = parsed.words[number]
        quoted = sum(inside(span, quotes) for span in words) / len(words) if words else float("nan")
        rows.append((number, parsed.part(start), start, end, len(words), valences[number], quoted))
    return rows


def _terms(parsed: _Parsed, text: Any, recipe: Recipe) -> list[Sequence[Any]]:
    counts: Counter[tuple[str, str]] = Counter()
    for number, (start, _) in enumerate(parsed.sentences):
        counts.update((parsed.part(start), term(word)) for word in parsed.written(number))
    return [(*key, count) for key, count in counts.items()]


def _mentions(parsed: _Parsed, text: Any, recipe: Recipe) -> list[Sequence[Any]]:
    mentions = text_mentions(
        parsed.text,
        parsed.tokens,
        recipe.gazetteer,
        language=parsed.language,
        quotes=quoted_spans(parsed.text),
    )
    bounds = [parsed.sentences[mention.sentence] for mention in mentions]
    valences = mention_valence(
        [parsed.text[start:end] for start, end in bounds],
        [(m.start - start, m.end - start) for m, (start, _) in zip(mentions, bounds, strict=True)],
        language=parsed.language,
    )
    return [(*mention, valence) for mention, valence in zip(mentions, valences, strict=True)]


def _signatures(parsed: _Parsed, text: Any, recipe: Recipe) -> list[Sequence[Any]]:
    """The text's signature is the body's: copies often run under a headline of their own."""
    words: dict[str, list[str]] = {"title": [], "text": []}
    for number, (start, _) in enumerate(parsed.sentences):
        words["title" if parsed.part(start) == "title" else "text"] += parsed.written(number)
    return [(scope, signature(words[scope], size=SHINGLE[scope])) for scope in words]


_Measure = Callable[[_Parsed, Any, Recipe], list[Sequence[Any]]]
_MEASURES: tuple[tuple[Schema, _Measure], ...] = (
    (tables.ARTICLES, _article),
    (tables.SENTENCES, _sentences),
    (tables.TERMS, _terms),
    (tables.MENTIONS, _mentions),
    (tables.SIGNATURES, _signatures),
)
