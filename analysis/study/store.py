"""A study's features, asked by SQL of their Parquet files: words, mentions and sentences as arrays that can be shared.

Every question opens DuckDB and closes it again (`connected`), so that this process can be forked. An
article's number is its place among all ids in order; text is ordered by code points.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from glob import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel
from scipy import sparse

from analysis import tables
from analysis.dependencies import content_digest
from analysis.errors import FeaturesBroken, FeaturesMissing, TableError
from analysis.tables import PARTS, VOICES, Schema


class FeaturesRecord(BaseModel):
    """Content of meta.json: how a study's features were made."""

    inputs: dict[str, str]
    digests: dict[str, str] = {}
    measured: dict[str, Any] = {}
    set_aside: dict[str, int] = {}
    skipped: dict[str, int] = {}

    def warning(self, changed: Sequence[str]) -> str:
        """A sentence on features that would be measured otherwise now, from what changed since."""
        by = "an older version"
        if "on" in self.measured:
            by = f"castillo-coverage {self.measured['version']} on {self.measured['on']}"
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        return f"The features were measured by {by}; changed since: {', '.join(changed[:3])}{more}."


@dataclass(frozen=True)
class FeatureFiles:
    """Files of the features of a study, given their folder and the study's name on a command line."""

    folder: Path
    argument: str

    @property
    def record(self) -> FeaturesRecord:
        """Content of meta.json."""
        with self._opened("meta.json") as path:
            return FeaturesRecord.model_validate_json(path.read_bytes())

    @contextmanager
    def reading(self, schema: Schema) -> Iterator[Path]:
        """Path of a table that is there, as it was written; what fails in this context is said with it.

        A file without a digest in meta.json is held to the columns of its table.
        """
        with self._opened(f"{schema.name.lower()}.parquet") as path:
            written = self.record.digests if (self.folder / "meta.json").exists() else {}
            if path.name not in written:
                if missing := [name for name in schema.names if name not in pq.read_schema(path).names]:
                    raise TableError(schema.name, missing[0], "missing")
            elif written[path.name] != content_digest(path):
                message = "is not the file that was written (its SHA-256 is not the one in meta.json)"
                raise self.broken(path, f"{message}: damaged or replaced")
            yield path

    def broken(self, path: Path, message: str) -> FeaturesBroken:
        """Error on a file of the features."""
        return FeaturesBroken(path, message, self.argument)

    @contextmanager
    def _opened(self, name: str) -> Iterator[Path]:
        """Path of a file that is there; whatever fails while it is read is an error on it."""
        path = self.folder / name
        if not path.exists():
            raise FeaturesMissing(path, self.argument)
        try:
            yield path
        except (OSError, ValueError, TableError, pa.ArrowException, duckdb.Error) as error:
            reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
            raise self.broken(path, f"cannot be read ({reason})") from error


@contextmanager
def connected(path: Path, articles: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with a view `source` of a Parquet file; closed at the end, since none may live across a fork.

    With the file of the articles' table there is also `ids`: each article's number `n`. One thread and little memory;
    what needs more is spilled to a folder that is removed.
    """
    with TemporaryDirectory(prefix="castillo-") as spill:
        config: dict[str, Any] = {"threads": 1, "memory_limit": "1GB", "temp_directory": spill}
        with duckdb.connect(config={**config, "preserve_insertion_order": False}) as connection:
            connection.execute("set timezone = 'UTC'")
            with suppress(duckdb.Error):  # a page would show it; some kernels know no such bar, and refuse
                connection.execute("set enable_progress_bar = false")
            connection.execute(f"create temp view source as from {_parquet(path)}")
            if articles is not None:
                numbered = "article, (row_number() over (order by article) - 1)::int as n"
                connection.execute(f"create temp table ids as select {numbered} from {_parquet(articles)}")
            yield connection


def _parquet(path: Path) -> str:
    """SQL for the rows of one file, whatever characters its name has."""
    file = escape(str(path)).replace("'", "''")
    return f"read_parquet('{file}', hive_partitioning = false)"


_NO_MENTION = np.zeros(0, [("article", "i4"), ("sentence", "i4"), ("voice", "i1"), ("sentiment", "f8")])


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


@dataclass(frozen=True, eq=False)
class FeatureStore:
    """Words, mentions and sentences of a study, of whose articles it is given the file and the ids in order.

    Each is read when it is first asked for, in the context `reading`, which gives the path of a table.
    """

    path: Path
    articles: pd.Series
    reading: Callable[[Schema], AbstractContextManager[Path]]

    @contextmanager
    def _opened(self, schema: Schema) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with the views `source`, a table of features, and `ids`, each article's number `n`."""
        with self.reading(schema) as path, connected(path, self.path) as connection:
            yield connection

    @cached_property
    def terms(self) -> tuple[np.ndarray, sparse.csc_array]:
        """Terms in order, and how often each part of each article uses them (3 · article's number + part × terms)."""
        values = {"row": f"(n * {len(PARTS)} + {_place('part', PARTS)})::int", "count": '"count"::uinteger'}
        with self._opened(tables.TERMS) as connection:
            texts, cells = _keyed(connection, "term", values)
        counts = cells.pop("count")
        counts = counts.astype(np.min_scalar_type(counts.max(initial=0)))
        shape = len(self.articles) * len(PARTS), len(texts)
        return texts, sparse.csc_array((counts, (cells["row"], cells["key"])), shape=shape)

    @cached_property
    def mentions(self) -> dict[str, np.ndarray]:
        """Rows of MENTIONS by gazetteer and entry: "actors:pedro-castillo", "actors:" where the entry is missing.

        Keys are in order, rows by article and place: article (its number), sentence, voice (its place in VOICES) and
        sentiment.
        """
        values = {"article": "n", "sentence": "sentence::int", "voice": f"({_place('voice', VOICES)})::tinyint"}
        values["sentiment"] = "coalesce(sentiment, 'nan'::double)::double"
        key = "gazetteer || ':' || coalesce(entry::varchar, '')"
        with self._opened(tables.MENTIONS) as connection:
            keys, cells = _keyed(connection, key, values, order='order by key, n, "start"')
        rows = np.rec.fromarrays([cells[name] for name in values], dtype=_NO_MENTION.dtype)
        ends = np.searchsorted(cells["key"], np.arange(len(keys)), side="right")
        return dict(zip(keys, np.split(rows, ends[:-1]), strict=True)) if len(keys) else {}

    def mentions_of(self, gazetteer: str, entry: str) -> np.ndarray:
        """Rows of `mentions` of one entry; none where nothing mentions it."""
        found = self.mentions.get(f"{gazetteer}:{entry}")
        return _NO_MENTION if found is None else found

    @cached_property
    def sentences(self) -> SentenceSums:
        """Sums over SENTENCES."""
        with self._opened(tables.SENTENCES) as connection:
            return _sentence_sums(connection, len(self.articles))

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
    return tables.check(found, schema)


def _frame(answer: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    return answer.to_arrow_table().to_pandas(use_threads=False)


def _place(column: str, values: Sequence[str]) -> str:
    """SQL for the place of a column's value among those that it may have."""
    return f"list_position([{', '.join(map(repr, values))}], {column}) - 1"


def _keyed(
    connection: duckdb.DuckDBPyConnection, key: str, values: Mapping[str, str], *, order: str = ""
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Distinct values of a key, in order; and of each row of the study's articles the `key`'s number and some values.

    `values` is name → SQL.
    """
    found = f"select distinct {key} as text from source semi join ids using (article)"
    number = "(row_number() over (order by text) - 1)::int as key"
    connection.execute(f"create temp table keys as select text, {number} from ({found})")
    texts = connection.execute("select text from keys order by key").fetchnumpy()["text"]
    wanted = ", ".join(f'{sql} as "{name}"' for name, sql in {"key": "keys.key", **values}.items())
    query = f"select {wanted} from source join ids using (article) join keys on keys.text = {key} {order}"
    (size,) = connection.execute("select count(*) from source").fetchone() or (0,)
    connection.execute(query)
    cells, filled = dict[str, np.ndarray](), 0
    while len(some := connection.fetch_df_chunk(500)) or not cells:  # a million rows at a time: nothing is held twice
        for name in ("key", *values):
            cells.setdefault(name, np.empty(size, some[name].dtype))[filled : filled + len(some)] = some[name]
        filled += len(some)
    return np.asarray(texts, object), {name: column[:filled] for name, column in cells.items()}


def _sentence_sums(connection: duckdb.DuckDBPyConnection, articles: int) -> SentenceSums:
    answer = connection.execute(
        f"select n, {_place('part', PARTS)} as part, min(sentence)::int as first, max(sentence)::int as last, "
        "sum(tokens)::double as tokens, count(tone) as rated, coalesce(sum(tone), 0) as sentiment "
        "from (select *, case when not isnan(sentiment::double) then sentiment::double end as tone from source) "
        "join ids using (article) group by all"
    ).fetchnumpy()
    absent = {"first": np.int32(2**31 - 1), "last": np.int32(-1), "tokens": 0, "rated": 0, "sentiment": 0.0}
    sums = {name: np.full((articles, len(PARTS)), value) for name, value in absent.items()}
    for name, values in sums.items():
        values[answer["n"], answer["part"]] = answer[name]
    return SentenceSums(**sums)
