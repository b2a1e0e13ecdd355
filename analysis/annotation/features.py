"""Texts → their rows of the features. The texts of a language are parsed together and counted in arrays over all."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis import tables
from analysis.instruments import function_words
from analysis.paths import text_digest
from analysis.scoring import BUILT_IN, Instrument, measured
from analysis.tables import PARTS
from analysis.text.gazetteer import Gazetteer
from analysis.text.mentions import Mention, Parsed, parse, text_mentions
from analysis.text.near_duplicates import PERMUTATIONS, SHINGLE, signatures, word_numbers
from analysis.text.tokens import Flags, Ints, is_word, map_array
from analysis.text.voice import lower

#: Tables with rows of one article each, in Arrow, by name; REPRINTS needs all articles.
OF_ARTICLE = {
    schema.name: pa.Schema.from_pandas(tables.empty(schema), preserve_index=False).remove_metadata()
    for schema in (tables.ARTICLES, tables.SENTENCES, tables.TERMS, tables.MENTIONS)
}
OF_ARTICLE["SIGNATURES"] = pa.schema(
    {"article": pa.large_string(), "scope": pa.large_string(), "minhash": pa.list_(pa.uint32())}
)

_AGENCIES = "Getty|AFP|AP|Reuters|EPA|EFE|Bloomberg|Xinhua|PAP|Shutterstock|iStock|Anadolu|Andina|dpa|Zuma"
_CREDIT = re.compile(
    rf"""(?: \((?:(?:file|handout)\s)?(?:photo|photograph|image|picture|foto|imagen|zdjęcie|fot\.)s?\b[^()]*\)
           | \([^()]*(?:/|\bvia\s)\s?(?:{_AGENCIES})\b[^()]*\)
           | \b(?:{_AGENCIES})/[\w .'’-]{{3,60}}
           | \b(?:photographer|photograph|photo|foto|fot\.)(?::|\sby)\s[^.()]{{3,80}}
         )\.?\Z""",
    re.IGNORECASE | re.VERBOSE,
)


class _Chunk(NamedTuple):
    """Parsed texts of one language: their table; each sentence's place in PARTS; which tokens are words; and of each
    word the number of its form, its sentence, its text, and its part of that text as one number."""

    texts: pd.DataFrame
    gazetteer: Gazetteer
    instruments: Sequence[Instrument]
    parsed: Parsed
    parts: Ints
    is_word: Flags
    forms: Ints
    rows: Ints
    owners: Ints
    cells: Ints

    def ids(self, texts: Ints) -> pa.Array:
        """Ids of some of the texts."""
        return _take(self.texts["article"].to_list(), texts)


def chunk_features(
    texts: pd.DataFrame, gazetteer: Gazetteer, instruments: Sequence[Instrument] = BUILT_IN
) -> dict[str, pa.Table]:
    """Features of texts (TEXTS and body_kind, empty where not coded), by the name of their table, sorted by article.

    Of several instruments for a language the first counts.
    """
    languages = texts.sort_values("article").groupby("language")
    chunks = [_parse(some, str(language), gazetteer, instruments) for language, some in languages]
    found = {name: [pa.table(_COLUMNS[name](chunk), schema) for chunk in chunks] for name, schema in OF_ARTICLE.items()}
    # Arrow's sort is stable: an article's rows stay in their order.
    several = len(chunks) > 1
    return {name: pa.concat_tables(of).sort_by("article") if several else of[0] for name, of in found.items()}


def _parse(texts: pd.DataFrame, language: str, gazetteer: Gazetteer, instruments: Sequence[Instrument]) -> _Chunk:
    titles, bodies = texts["title"].to_list(), texts["body"].to_list()
    parsed = parse([f"{title}\n{body}" for title, body in zip(titles, bodies, strict=True)], language=language)
    title_ends = map_array(len, titles, np.intp)
    lede_ends = title_ends + 1 + map_array(lambda body: len(body.partition("\n")[0]), bodies, np.intp)
    parts = np.sum([parsed.starts >= ends[parsed.owners] for ends in (title_ends, lede_ends)], axis=0)
    words = map_array(is_word, parsed.tokens.forms)[parsed.tokens.numbers]
    rows = parsed.tokens.rows[words]
    forms, owners = parsed.tokens.numbers[words], parsed.owners[rows]
    cells = owners * len(PARTS) + parts[rows]
    return _Chunk(texts, gazetteer, instruments, parsed, parts, words, forms, rows, owners, cells)


def _take(values: Sequence[str], indices: Ints) -> pa.Array:
    return pa.array(values, pa.large_string()).take(pa.array(indices))


def guess_body_kind(body: str, source: str) -> str:
    """Body kind where nobody coded it: full where the text is a page or was handed over, caption where it ends in a
    photo credit, none where it is empty, else summary."""
    if not body:
        return "none"
    if source != "feed":
        return "full"
    return "caption" if _CREDIT.search(body) else "summary"


def _articles(chunk: _Chunk) -> dict[str, Any]:
    texts, parsed = chunk.texts, chunk.parsed
    kinds = zip(texts["body_kind"], texts["body"], texts["source"], strict=True)
    words = np.bincount(chunk.cells, minlength=len(texts) * len(PARTS)).reshape(-1, len(PARTS))
    return {
        **{name: texts[name] for name in ("article", "outlet", "language", "published", "source_sha256")},
        "body_kind": [kind or guess_body_kind(body, source) for kind, body, source in kinds],
        "characters": map_array(len, parsed.texts, np.intp),
        "sentences": np.bincount(parsed.owners, minlength=len(texts)),
        "tokens": words.sum(axis=1),
        "title_tokens": words[:, PARTS.index("title")],
        "lede_tokens": words[:, PARTS.index("lede")],
        "text_sha256": list(map(text_digest, parsed.texts)),
    }


def _sentences(chunk: _Chunk) -> dict[str, Any]:
    parsed = chunk.parsed
    size, scores = len(parsed.sentences), measured(chunk.instruments, "sentence", parsed.language, parsed.sentences)
    words = np.bincount(chunk.rows, minlength=size)
    quoted = np.bincount(parsed.tokens.rows[chunk.is_word & parsed.quoted], minlength=size)
    return {
        "article": chunk.ids(parsed.owners),
        "sentence": np.arange(size) - np.searchsorted(parsed.owners, parsed.owners),
        "part": _take(PARTS, chunk.parts),
        "start": parsed.starts,
        "end": parsed.ends,
        "tokens": words,
        "sentiment": pa.array(scores, from_pandas=True),
        "quoted": pa.array(np.divide(quoted, words, out=np.full(size, np.nan), where=words > 0), from_pandas=True),
    }


def _terms(chunk: _Chunk) -> dict[str, Any]:
    """Words and then phrases of each article and part, counted, each in order."""
    ranks, terms = pd.factorize(np.array(list(map(lower, chunk.parsed.tokens.forms)), object), sort=True)
    word = ranks[chunk.forms]
    cells, places, texts = [chunk.cells], [word], [pa.array(terms, pa.large_string())]
    for at, phrases, place in _phrases(chunk, word, terms):
        cells.append(chunk.cells[at])
        places.append(place + sum(map(len, texts)))
        texts.append(phrases)
    every = pa.concat_arrays(texts)
    # Article, part and term in one number.
    codes, counts = np.unique(np.concatenate(cells) * len(every) + np.concatenate(places), return_counts=True)
    filled, term = np.divmod(codes, max(len(every), 1))
    article, part = np.divmod(filled, len(PARTS))
    names = {"article": chunk.ids(article), "part": _take(PARTS, part), "term": every.take(pa.array(term))}
    return names | {"count": counts}


def _phrases(chunk: _Chunk, word: Ints, terms: Any) -> Iterator[tuple[Ints, pa.Array, Ints]]:
    """Phrases of two and of three words: where each use begins, the distinct phrases in order, and which each use is.

    A phrase is of neighbours in a sentence and neither begins nor ends in a function word: state of emergency.
    """
    small = function_words(chunk.parsed.language)
    content = map_array(lambda term: term not in small and sum(map(str.isalpha, term)) > 1, terms)[word]
    ending = map_array(lambda term: term[0] in "'’", terms)[word]  # an English 's
    place = np.flatnonzero(chunk.is_word)
    neighbours = (np.diff(place) == 1) & (np.diff(chunk.rows) == 0) & ~ending[:-1] & ~ending[1:]
    texts, code = pa.array(terms, pa.large_string()), word
    for size in (2, 3):
        last = len(word) - size + 1
        joined = np.logical_and.reduce([neighbours[n : n + last] for n in range(size - 1)])
        at = np.flatnonzero(joined & content[:last] & content[size - 1 :])
        code = code[:last] * len(terms) + word[size - 1 :]
        distinct, number = np.unique(code[at], return_inverse=True)
        parts = [texts.take(distinct // len(terms) ** n % len(terms)) for n in reversed(range(size))]
        yield at, pc.binary_join_element_wise(*parts, pa.scalar(" ", pa.large_string())), number


def _mentions(chunk: _Chunk) -> dict[str, Any]:
    parsed = chunk.parsed
    found = pd.DataFrame(text_mentions(parsed, chunk.gazetteer), columns=Mention._fields)
    texts, sentences, starts, ends = (found[name].to_numpy(np.intp) for name in ("text", "sentence", "start", "end"))
    shifts = parsed.starts[sentences]
    spans = list(zip((starts - shifts).tolist(), (ends - shifts).tolist(), strict=True))
    around = [parsed.sentences[sentence] for sentence in sentences.tolist()]
    scores = measured(chunk.instruments, "target", parsed.language, around, spans)
    return {
        **found,
        "article": chunk.ids(texts),
        "sentence": sentences - np.searchsorted(parsed.owners, texts),
        "sentiment": pa.array(scores, from_pandas=True),
    }


def _signatures(chunk: _Chunk) -> dict[str, Any]:
    """Signatures of titles, and of bodies as the text's: copies often run under a headline of their own."""
    words, count, scopes = word_numbers(chunk.parsed.tokens.forms)[chunk.forms], len(chunk.texts), sorted(SHINGLE)
    in_title = chunk.parts[chunk.rows] == PARTS.index("title")
    signed = np.zeros((count, len(scopes), PERMUTATIONS), np.uint32)
    sizes = np.zeros((count, len(scopes)), np.int32)
    for number, (scope, of) in enumerate(zip(scopes, (~in_title, in_title), strict=True)):
        texts, found = signatures(words[of], chunk.owners[of], size=SHINGLE[scope])
        signed[texts, number], sizes[texts, number] = found, PERMUTATIONS
    ends = np.cumsum([0, *sizes.ravel()], dtype=np.int32)
    minhash = pa.ListArray.from_arrays(pa.array(ends), pa.array(signed[sizes > 0].ravel()))
    article, place = np.divmod(np.arange(count * len(scopes)), len(scopes))
    return {"article": chunk.ids(article), "scope": _take(scopes, place), "minhash": minhash}


_COLUMNS = {
    **{"ARTICLES": _articles, "SENTENCES": _sentences, "TERMS": _terms, "MENTIONS": _mentions},
    "SIGNATURES": _signatures,
}
