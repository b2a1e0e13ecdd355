"""A table of features read batch by batch: only the columns that are wanted, articles by number, all of it checked.

What is read so is summed or sorted away at once; none of it is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import tables
from analysis.study.featuretable import opened
from analysis.tables import Schema

#: Rows of a batch at most. A partition that `annotate` wrote has fewer.
ROWS = 500_000


@dataclass(frozen=True)
class Source:
    """A Parquet file of features.

    Attributes
    ----------
    path : Path
    schema : Schema, of a table in which an article has several rows
    articles : ids of the study's articles, in order; an article's number is its place here
    """

    path: Path
    schema: Schema
    articles: Sequence[str]

    @cached_property
    def number(self) -> pd.Index:
        """Finds an article's number."""
        return pd.Index(list(self.articles), dtype=object)

    def batches(self, *columns: str) -> Iterator[pd.DataFrame]:
        """The table's rows in the order of the file, some columns of them; text by number, in categoricals.

        Yields
        ------
        DataFrame, checked after the schema, but for keys

        Raises
        ------
        OSError, ValueError, TableError
        """
        wanted = replace(self.schema, columns=tuple(c for c in self.schema.columns if c.name in columns), key=())
        texts = [column.name for column in wanted.columns if column.kind == "text"]
        with opened(self.path, texts) as file:
            tables.check(
                file.schema_arrow.empty_table().to_pandas(use_threads=False), self.schema
            )  # all its columns are there
            for group in range(file.num_row_groups):
                for table in _read(file, group, wanted.names):
                    yield tables.check(_frame(table, texts), wanted)

    def checked(self, *columns: str) -> Iterator[tuple[np.ndarray, pd.DataFrame]]:
        """`batches` with each row's number of its article, rows of other articles left out, and keys looked at.

        Raises
        ------
        OSError, ValueError, TableError
            Also where a key occurs twice, in one batch or in two.
        """
        key = list(self.schema.key)
        returning, kept = self._returning(), []
        for batch in self.batches(*{*columns, *key}):
            tables.check_key(batch, self.schema)
            article = batch["article"].cat
            again = np.asarray(article.categories.isin(returning))
            if again.any():
                kept.append(batch.loc[again[article.codes], key].astype(dict.fromkeys(_texts(batch[key]), object)))
            yield from self.inside([batch])
        if kept:
            tables.check_key(pd.concat(kept, ignore_index=True), self.schema)

    def inside(self, batches: Iterable[pd.DataFrame]) -> Iterator[tuple[np.ndarray, pd.DataFrame]]:
        """Batches that have a column `article`, with its number in each row; rows of other articles are left out."""
        for batch in batches:
            article = batch["article"].cat
            number = self.number.get_indexer(article.categories.astype(object)).astype("int32")[article.codes]
            there = number >= 0
            yield (number, batch) if there.all() else (number[there], batch[there])

    def _returning(self) -> set[str]:
        """Articles with rows in more than one batch: of what `annotate` wrote, none."""
        seen = np.zeros(len(self.articles) + 1, "int32")  # the last for those of no study, which others look for
        for batch in self.batches("article"):
            seen[np.unique(self.number.get_indexer(batch["article"].cat.categories.astype(object)))] += 1
        return {self.articles[place] for place in np.flatnonzero(seen[:-1] > 1).tolist()}


def _read(file: pq.ParquetFile, group: int, columns: list[str]) -> Iterator[pa.Table]:
    """A partition as a whole, or in pieces where somebody else has written a large one."""
    if file.metadata.row_group(group).num_rows <= ROWS:
        yield file.read_row_group(group, columns=columns, use_threads=False)
    else:
        pieces = file.iter_batches(ROWS, row_groups=[group], columns=columns, use_threads=False)
        yield from (pa.Table.from_batches([piece]) for piece in pieces)


def _frame(table: pa.Table, texts: Sequence[str]) -> pd.DataFrame:
    for name in texts:
        if not pa.types.is_dictionary(table.schema.field(name).type):  # not a single text in it
            numbered = table[name].cast(pa.string()).dictionary_encode()
            table = table.set_column(table.schema.get_field_index(name), name, numbered)
    return table.unify_dictionaries().to_pandas(
        use_threads=False, ignore_metadata=True
    )  # which may say that text is no categorical


def _texts(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)]


def rows_of(path: Path) -> int:
    """How many rows a Parquet file has."""
    return int(pq.read_metadata(path).num_rows)
