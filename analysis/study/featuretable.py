"""A table of features as a study holds it: read partition by partition, text by number, checked, articles in order.

A corpus repeats its articles' ids and its words. As strings, or read as a whole, they would be most of what a report
holds in memory and most of what it waits for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import tables
from analysis.tables import Schema
from analysis.text.arrays import Numbers

#: Rows among which keys that occur twice are looked for at once, or as many as an article has.
_ROWS = 500_000


def read_table(path: Path, schema: Schema, *, articles: Collection[str] = ()) -> pd.DataFrame:
    """A table of features, checked, sorted by article.

    Parameters
    ----------
    path : Path of a Parquet file
    schema : Schema
    articles : ids that get a number even where the table has no row of theirs

    Returns
    -------
    DataFrame; where an article has several rows, text is held by number: in categoricals, categories in order

    Raises
    ------
    OSError, ValueError, TableError
    """
    texts = [column.name for column in schema.columns if column.kind == "text"] if schema.numbered else None
    with opened(path, texts) as file:
        if _is_text(file, "article") and file.metadata.num_rows:
            table = _by_number(file, schema, articles)
        else:
            table = file.read(use_threads=False).to_pandas(use_threads=False)
    table = tables.check(table, schema, unique=False)
    if not table["article"].is_monotonic_increasing:
        table = table.sort_values("article", kind="stable", ignore_index=True)
    for rows in _whole_articles(table["article"]):
        tables.check_key(table.iloc[rows], schema)
    return table


def read_articles(path: Path, schema: Schema) -> set[str]:
    """The articles that have a row in a table of features, of which nothing else is read.

    Raises
    ------
    OSError, ValueError, TableError
    """
    with opened(path, ["article"]) as file:
        tables.check(file.schema_arrow.empty_table().to_pandas(use_threads=False), schema)  # all its columns are there
        groups = (file.read_row_group(n, columns=["article"], use_threads=False) for n in range(file.num_row_groups))
        return {article for group in groups for article in group["article"].unique().to_pylist()}


@contextmanager
def opened(path: Path, texts: list[str] | None) -> Iterator[pq.ParquetFile]:
    """A Parquet file to be read in this thread alone: once Arrow has started others, a process cannot be forked."""
    with pa.memory_map(str(path)) as memory:
        yield pq.ParquetFile(memory, read_dictionary=texts, pre_buffer=False)


def _by_number(file: pq.ParquetFile, schema: Schema, articles: Collection[str]) -> pd.DataFrame:
    columns = [name for name in schema.names if name in file.schema_arrow.names]
    parts: dict[str, list[np.ndarray]] = {name: [] for name in columns}
    known = {name: Numbers() for name in columns}
    for group in range(file.num_row_groups):
        partition = file.read_row_group(group, columns=columns, use_threads=False)
        for name in columns:
            parts[name] += [_array(chunk, known[name]) for chunk in partition[name].chunks]

    def whole(name: str) -> Any:
        values = np.concatenate(parts.pop(name))  # given up at once: both together are the most that is ever held
        also = articles if name == "article" else ()
        return _in_order(values, known[name], also) if _is_text(file, name) else values

    article = whole("article")
    # Partitions are in the order of the texts they were made from.
    order = np.argsort(article.codes, kind="stable")
    return pd.DataFrame({"article": article[order]} | {name: whole(name)[order] for name in list(parts)}, copy=False)


def _is_text(file: pq.ParquetFile, name: str) -> bool:
    """Whether a file has a column that is read as numbers of its texts."""
    return name in file.schema_arrow.names and pa.types.is_dictionary(file.schema_arrow.field(name).type)


def _array(chunk: pa.Array, known: Numbers) -> np.ndarray:
    """The values of a column, integers in 32 bits; of text its numbers, -1 where it is missing."""
    if not pa.types.is_dictionary(chunk.type):
        values = chunk.to_numpy(zero_copy_only=False)
        return np.asarray(values.astype("int32") if chunk.type == pa.int64() and not chunk.null_count else values)
    numbers = np.array([*(known[text] for text in chunk.dictionary.to_pylist()), -1])
    small = numbers.astype(np.min_scalar_type(-len(known) - 1))
    return np.asarray(small[chunk.indices.fill_null(len(small) - 1).to_numpy()])


def _in_order(numbers: np.ndarray, known: Numbers, also: Collection[str]) -> pd.Categorical:
    """Text by its number in the order of what there is of it."""
    every = pd.Index(sorted({*known, *also}), dtype="str")
    place = np.append(every.get_indexer(pd.Index(list(known), dtype="str")), -1)
    return pd.Categorical.from_codes(place.astype(np.min_scalar_type(-len(every) - 1))[numbers], categories=every)


def _whole_articles(article: pd.Series) -> Iterator[slice]:
    """Slices of some rows each, cut where an article ends."""
    start = 0
    while start < len(article):
        end = min(start + _ROWS, len(article))
        while end < len(article) and article.iat[end] == article.iat[end - 1]:
            end += 1
        yield slice(start, end)
        start = end
