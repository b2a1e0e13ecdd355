"""A study's features, asked by SQL of their Parquet files: words, mentions and sentences as arrays that can be shared.

Every question opens DuckDB and closes it again (`feature_files.connected`), so that this process can be forked. An
article's number is its place among all ids in order; text is ordered by code points.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from scipy import sparse

from analysis import tables
from analysis.errors import TableError
from analysis.study.feature_files import BATCH, connected
from analysis.tables import PARTS, VOICES, Schema


@dataclass(frozen=True)
class Mentions:
    """Mentions by entry: an inverted index, of postings in `rows` by article and place.

    `keys` are in order: gazetteer and entry ("actors:pedro-castillo"), nothing after the colon where it is missing. Key
    number n has the rows from starts[n] to starts[n + 1]: article (its number), sentence, voice (its place in VOICES)
    and sentiment.
    """

    keys: np.ndarray
    starts: np.ndarray
    rows: np.ndarray

    def of(self, key: str) -> np.ndarray:
        """Rows of one key; none where there is no such key."""
        n = int(np.searchsorted(self.keys, key))
        known = n < len(self.keys) and self.keys[n] == key
        return self.rows[self.starts[n] : self.starts[n + 1]] if known else self.rows[:0]


@dataclass(frozen=True)
class SentenceSums:
    """Sums over the sentences of each article and part: arrays articles × PARTS.

    A part's sentences are those from `first` to `last`, which lies before first where there is none; `rated` counts
    those with a sentiment, and `sentiment` is its sum.
    """

    first: np.ndarray
    last: np.ndarray
    tokens: np.ndarray
    rated: np.ndarray
    sentiment: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """True for each article that has a sentence."""
        return np.asarray((self.first <= self.last).any(axis=1))

    @property
    def scored(self) -> np.ndarray:
        """Sentences with a sentiment in the first part of each article, in the first two, and in all three."""
        return self.rated.cumsum(axis=1)

    def mean_sentiment(self, parts: Sequence[int]) -> np.ndarray:
        """Mean sentiment of the sentences in some parts; missing where none has one."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sentiment[:, parts].sum(axis=1) / self.rated[:, parts].sum(axis=1))

    def within(self, article: np.ndarray, sentence: np.ndarray, parts: Sequence[int]) -> np.ndarray:
        """True for each sentence, given by its article and number, that is in some parts."""
        inside = [(self.first[article, p] <= sentence) & (sentence <= self.last[article, p]) for p in parts]
        return np.asarray(np.logical_or.reduce(inside))


class FeatureStore:
    """Words, mentions and sentences of a study, of whose articles it is given the file and the ids in order.

    Each is read when it is first asked for, in the context `reading`, which gives the path of a table.
    """

    def __init__(
        self, path: Path, articles: pd.Series, reading: Callable[[Schema], AbstractContextManager[Path]]
    ) -> None:
        self.articles = articles
        self._path, self._reading = path, reading

    @contextmanager
    def _opened(self, schema: Schema) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with the views `source`, a table of features, and `ids`, each article's number `n`."""
        with self._reading(schema) as path, connected(path, self._path) as connection:
            yield connection

    @cached_property
    def terms(self) -> tuple[np.ndarray, sparse.csc_array]:
        """Terms in order, and how often each part of each article uses them (3 · article's number + part × terms)."""
        with self._opened(tables.TERMS) as connection:
            [(most,)] = connection.execute('select coalesce(max("count"), 0)::int from source').fetchall()
            values = {
                "row": (f"n * {len(PARTS)} + {_place('part', PARTS)}", "i4"),
                "count": ('"count"', np.min_scalar_type(most).str),
            }
            texts, cells = _keyed(connection, "term", values)
        shape = len(self.articles) * len(PARTS), len(texts)
        return texts, sparse.csc_array((cells["count"], (cells["row"], cells["key"])), shape=shape)

    @cached_property
    def mentions(self) -> Mentions:
        """MENTIONS by gazetteer and entry."""
        values = {
            "article": ("n", "i4"),
            "sentence": ("sentence", "i4"),
            "voice": (_place("voice", VOICES), "i1"),
            "sentiment": ("coalesce(sentiment, 'nan'::double)", "f8"),
        }
        key = "gazetteer || ':' || coalesce(entry::varchar, '')"
        with self._opened(tables.MENTIONS) as connection:
            keys, found = _keyed(connection, key, values, order='order by key, n, "start"')
        return Mentions(keys, np.searchsorted(found["key"], np.arange(len(keys) + 1)), found[list(values)])

    @cached_property
    def sentences(self) -> SentenceSums:
        """Sums over SENTENCES."""
        with self._opened(tables.SENTENCES) as connection:
            return _sentence_sums(connection, self.articles)

    def sentence_sentiment(self, articles: Collection[str]) -> pd.Series:
        """Sentiment of each sentence of a few articles, index article and sentence."""
        columns = "article, sentence, sentiment::double as sentiment"
        with self._opened(tables.SENTENCES) as connection:
            query = f"select {columns} from source where article in (select unnest(?))"
            found = _frame(connection.sql(query, params=[sorted(articles)]))
        return found.astype({"article": "str", "sentence": "int64"}).set_index(["article", "sentence"])["sentiment"]

    def entry_mentions(self, gazetteer: str, entry: str) -> pd.DataFrame:
        """Mentions of an entry, "" for those that are unresolved: MENTIONS without both, by article and place."""
        columns = [column for column in tables.MENTIONS.columns if column.name not in ("gazetteer", "entry")]
        named = ", ".join(f'"{column.name}"' for column in columns)
        query = f"select {named} from source join ids using (article)"
        query += " where gazetteer = ? and coalesce(entry::varchar, '') = ? order by n, \"start\""
        with self._opened(tables.MENTIONS) as connection:
            found = _frame(connection.sql(query, params=[gazetteer, entry]))
        return found.astype({column.name: tables.DTYPES[column.kind] for column in columns})


def read_table(path: Path, schema: Schema) -> pd.DataFrame:
    """A table of features as a DataFrame in the dtypes of its schema, by its key; for tables that fit in memory."""
    columns, key = (", ".join(f'"{name}"' for name in names) for names in (schema.names, schema.key))
    with connected(path) as connection:
        found = _frame(connection.sql(f"select {columns} from source order by {key}"))
    return tables.check(found, schema, unique=False)


def read_articles(path: Path) -> set[str]:
    """The articles that have a row in a table of features."""
    with connected(path) as connection:
        return {article for (article,) in connection.execute("select distinct article from source").fetchall()}


def _frame(answer: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    return answer.to_arrow_table().to_pandas(use_threads=False)


def _place(column: str, values: Sequence[str]) -> str:
    """SQL for the place of a column's value among those that it may have."""
    return f"list_position([{', '.join(map(repr, values))}], {column}) - 1"


def _keyed(
    connection: duckdb.DuckDBPyConnection, key: str, values: dict[str, tuple[str, str]], *, order: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values of a key, in order, and of each row of the study's articles the key's number and some values.

    `values` is name → SQL and dtype.
    """
    found = f"select distinct {key} as text from source semi join ids using (article)"
    number = "(row_number() over (order by text) - 1)::int as k"
    connection.execute(f"create temp table keys as select text, {number} from ({found})")
    texts = connection.execute("select text from keys order by k").fetchnumpy()["text"]
    [(size,)] = connection.execute("select count(*) from source").fetchall()
    columns = {"key": ("k", "i4"), **values}
    wanted = ", ".join(f'{sql} as "{name}"' for name, (sql, _) in columns.items())
    query = f"select {wanted} from source join ids using (article) join keys on keys.text = {key} {order}"
    cells, end = np.empty(size, [(name, dtype) for name, (_, dtype) in columns.items()]), 0
    for batch in connection.sql(query).to_arrow_reader(BATCH):
        start, end = end, end + len(batch)
        for name in columns:
            cells[name][start:end] = batch[name].to_numpy()
    return np.asarray(texts, object), cells[:end]


def _sentence_sums(connection: duckdb.DuckDBPyConnection, articles: pd.Series) -> SentenceSums:
    answer = connection.execute(
        f"select n, {_place('part', PARTS)} as part, min(sentence)::int as first, max(sentence)::int as last, "
        "sum(tokens)::double as tokens, count(tone) as rated, coalesce(sum(tone), 0) as sentiment "
        "from (select *, case when not isnan(sentiment::double) then sentiment::double end as tone from source) "
        "join ids using (article) group by all"
    ).fetchnumpy()
    absent = {"first": np.int32(2**31 - 1), "last": np.int32(-1), "tokens": 0, "rated": 0, "sentiment": 0.0}
    sums = {name: np.full((len(articles), len(PARTS)), value) for name, value in absent.items()}
    for name, values in sums.items():
        values[answer["n"], answer["part"]] = answer[name]
    mixed = (np.maximum.accumulate(sums["last"], axis=1)[:, :-1] >= sums["first"][:, 1:]).any(axis=1)
    if mixed.any():
        named = articles.iloc[int(np.flatnonzero(mixed)[0])]
        raise TableError("SENTENCES", "part", f"is not first title, then lede, then rest in {named}")
    return SentenceSums(**sums)
