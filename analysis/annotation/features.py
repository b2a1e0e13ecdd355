"""A chunk of texts → their rows of the features. Nothing here touches the disk or knows another chunk.

The texts of a language are parsed together (`analysis.text.mentions.parse`); counts are taken in arrays over all of
them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis import tables
from analysis.paths import text_digest
from analysis.scoring import sentiment, targeted_sentiment
from analysis.tables import PARTS, Schema
from analysis.text.arrays import Flags, Ints, map_array
from analysis.text.gazetteer import Gazetteer
from analysis.text.mentions import Mention, Parsed, parse, text_mentions
from analysis.text.near_duplicates import PERMUTATIONS, SHINGLE, signatures, word_numbers
from analysis.text.tokens import is_word
from analysis.text.voice import lower

#: Tables with rows of one article each; REPRINTS needs all articles.
OF_ARTICLE = (tables.ARTICLES, tables.SENTENCES, tables.TERMS, tables.MENTIONS, tables.SIGNATURES)
#: Kinds of column → their types in a partition.
_TYPES = {
    "text": pa.large_string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "time": pa.timestamp("us", "UTC"),
    "list": pa.list_(pa.uint32()),
}

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


class _Chunk(NamedTuple):
    """Texts of one language, read: the table they came in, the part each sentence is in, which tokens are words."""

    texts: pd.DataFrame
    parsed: Parsed
    parts: Ints
    words: Flags

    def articles(self, texts: Ints) -> pa.Array:
        """Ids of some of the texts."""
        return _taken(self.texts["article"].to_list(), texts)

    def word_rows(self) -> Ints:
        """Which sentence each word is in."""
        return self.parsed.tokens.rows[self.words]


def chunk_features(texts: pd.DataFrame, recipe: Recipe) -> dict[str, pa.Table]:
    """Features of a chunk of texts.

    Parameters
    ----------
    texts : DataFrame (TEXTS)
    recipe : Recipe

    Returns
    -------
    dict, name of the schema → Arrow table in the order of the articles, for each schema of OF_ARTICLE
    """
    languages = texts.sort_values("article").groupby("language")
    chunks = [_read(some, str(language)) for language, some in languages]
    return {schema.name: _joined([measure(chunk, recipe) for chunk in chunks]) for schema, measure in _MEASURES}


def _joined(found: Sequence[pa.Table]) -> pa.Table:
    # Arrow's sort is stable: an article's rows stay in their order.
    return found[0] if len(found) == 1 else pa.concat_tables(found).sort_by("article")


def _table(schema: Schema, **columns: Any) -> pa.Table:
    """A table of this schema; a float that is missing becomes a null, as pandas would have it."""
    arrays = {one.name: _array(columns[one.name], _TYPES[one.kind]) for one in schema.columns}
    for one in schema.columns:
        if arrays[one.name].null_count and not one.optional and one.kind != "number":
            raise ValueError(f"{schema.name}: {one.name} has no value in some row")
    return pa.table(arrays)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, kind, from_pandas=True)


def _taken(values: Sequence[str], places: Ints) -> pa.Array:
    return pa.array(values, pa.large_string()).take(pa.array(places))


def guess_body_kind(body: str, source: str) -> str:
    """What a body holds, where nobody coded it: full where the text is a page or was handed over, caption where it
    ends in a photo credit, else summary; none where it is empty."""
    if not body:
        return "none"
    if source != "feed":
        return "full"
    return "caption" if _CREDIT.search(body) else "summary"


def _read(texts: pd.DataFrame, language: str) -> _Chunk:
    titles, bodies = texts["title"].to_list(), texts["body"].to_list()
    parsed = parse([f"{title}\n{body}" for title, body in zip(titles, bodies, strict=True)], language=language)
    title_ends = map_array(len, titles, np.intp)
    lede_ends = title_ends + 1 + map_array(lambda body: len(body.partition("\n")[0]), bodies, np.intp)
    parts = np.sum([parsed.starts >= ends[parsed.owners] for ends in (title_ends, lede_ends)], axis=0)
    return _Chunk(texts, parsed, parts, map_array(is_word, parsed.tokens.forms)[parsed.tokens.numbers])


def _articles(chunk: _Chunk, recipe: Recipe) -> pa.Table:
    texts, parsed = chunk.texts, chunk.parsed
    kinds = []
    for article, source, body in zip(texts["article"], texts["source"], texts["body"], strict=True):
        facts = recipe.facts.get(article, Facts(source, ""))
        kinds.append(facts.body_kind or guess_body_kind(body, facts.source))
    rows = chunk.word_rows()
    places = parsed.owners[rows] * len(PARTS) + chunk.parts[rows]
    words = np.bincount(places, minlength=len(texts) * len(PARTS)).reshape(-1, len(PARTS))
    return _table(
        tables.ARTICLES,
        **{name: texts[name] for name in ("article", "outlet", "language", "published", "source_sha256")},
        body_kind=kinds,
        characters=map_array(len, parsed.texts, np.intp),
        sentences=np.bincount(parsed.owners, minlength=len(texts)),
        tokens=words.sum(axis=1),
        title_tokens=words[:, PARTS.index("title")],
        lede_tokens=words[:, PARTS.index("lede")],
        text_sha256=list(map(text_digest, parsed.texts)),
    )


def _sentences(chunk: _Chunk, recipe: Recipe) -> pa.Table:
    parsed = chunk.parsed
    size = len(parsed.sentences)
    words = np.bincount(chunk.word_rows(), minlength=size)
    quoted = np.bincount(parsed.tokens.rows[chunk.words & parsed.quoted], minlength=size)
    return _table(
        tables.SENTENCES,
        article=chunk.articles(parsed.owners),
        sentence=np.arange(size) - np.searchsorted(parsed.owners, parsed.owners),
        part=_taken(PARTS, chunk.parts),
        start=parsed.starts,
        end=parsed.ends,
        tokens=words,
        valence=sentiment(parsed.sentences, language=parsed.language),
        quoted=np.divide(quoted, words, out=np.full(size, np.nan), where=words > 0),
    )


def _terms(chunk: _Chunk, recipe: Recipe) -> pa.Table:
    tokens, rows = chunk.parsed.tokens, chunk.word_rows()
    terms, parts = sorted(set(map(lower, tokens.forms))), sorted(PARTS)
    # Article, part and term in one number, in whose order the rows are.
    rank = {term: number for number, term in enumerate(terms)}
    ranks = map_array(lambda form: rank[lower(form)], tokens.forms, np.intp)
    part = np.array([parts.index(name) for name in PARTS])[chunk.parts[rows]]
    codes = (chunk.parsed.owners[rows] * len(parts) + part) * len(terms) + ranks[tokens.numbers[chunk.words]]
    found, counts = np.unique(codes, return_counts=True)
    places, term = np.divmod(found, max(len(terms), 1))
    article, part = np.divmod(places, len(parts))
    return _table(
        tables.TERMS,
        article=chunk.articles(article),
        part=_taken(parts, part),
        term=_taken(terms, term),
        count=counts,
    )


def _mentions(chunk: _Chunk, recipe: Recipe) -> pa.Table:
    parsed = chunk.parsed
    found = text_mentions(parsed, recipe.gazetteer)
    columns: dict[str, Any] = {name: [one[at] for one in found] for at, name in enumerate(Mention._fields)}
    texts, sentences = (np.array(columns.pop(name), np.intp) for name in ("text", "sentence"))
    shifts = parsed.starts[sentences].tolist()
    spans = [(one.start - shift, one.end - shift) for one, shift in zip(found, shifts, strict=True)]
    where = [parsed.sentences[sentence] for sentence in sentences.tolist()]
    return _table(
        tables.MENTIONS,
        **columns,
        article=chunk.articles(texts),
        sentence=sentences - np.searchsorted(parsed.owners, texts),
        valence=targeted_sentiment(where, spans, language=parsed.language),
    )


def _signatures(chunk: _Chunk, recipe: Recipe) -> pa.Table:
    """The text's signature is the body's: copies often run under a headline of their own."""
    tokens, rows, count = chunk.parsed.tokens, chunk.word_rows(), len(chunk.texts)
    words, owners = word_numbers(tokens.forms)[tokens.numbers[chunk.words]], chunk.parsed.owners[rows]
    title = chunk.parts[rows] == PARTS.index("title")
    scopes = sorted(SHINGLE)
    signed = np.zeros((count, len(scopes), PERMUTATIONS), np.uint32)
    there = np.zeros((count, len(scopes)), np.bool_)
    for number, scope in enumerate(scopes):
        of = title if scope == "title" else ~title
        whose, found = signatures(words[of], owners[of], size=SHINGLE[scope])
        signed[whose, number], there[whose, number] = found, True
    ends = np.concatenate([[0], np.cumsum(there) * PERMUTATIONS])
    minhash = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(signed[there].ravel()))
    every = np.arange(count * len(scopes))
    article, scope = chunk.articles(every // len(scopes)), _taken(scopes, every % len(scopes))
    return _table(tables.SIGNATURES, article=article, scope=scope, minhash=minhash)


_MEASURES = (
    (tables.ARTICLES, _articles),
    (tables.SENTENCES, _sentences),
    (tables.TERMS, _terms),
    (tables.MENTIONS, _mentions),
    (tables.SIGNATURES, _signatures),
)
