"""The folder beside the features in which they are made; its files are held to digests, since Arrow and Parquet read
many a flipped byte as another value and no error."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from analysis import tables
from analysis.dependencies import content_digest
from analysis.errors import AnalysisError, write_errors
from analysis.paths import digest, read_file, replace_file
from analysis.study.feature_files import connected

_DIGEST_SIZE = 64
#: A phrase that fewer articles hold is not published: from rare ones a text could be put together again.
COMMON = 5


class WorkFolder:
    """Finished partitions, and the tables of features until they are whole; a context, of one process at a time.

    It is gone where everything was done or nothing was; else finished partitions stay for the next run. `damaged`
    counts those found otherwise than they were written, `rejected` is where rejected rows may be written.
    """

    def __init__(self, features: Path) -> None:
        self._features = features
        self.folder = features.parent / f".{features.name}-unfinished"
        self.partitions, self._tables = self.folder / "partitions", self.folder / "tables"
        self.rejected = self._tables / "rejected.jsonl"
        self._lock = FileLock(self.folder / "lock")
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.damaged = 0

    def __enter__(self) -> WorkFolder:
        for path in (self.folder, self.partitions, self._tables, self.folder / "lock"):
            if path.is_symlink():  # what is written or deleted here would be written or deleted elsewhere
                raise AnalysisError(f"{path} is a symlink, and nothing of this program. Delete it.")
        with write_errors(self._features):
            self.partitions.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(timeout=0)
            except Timeout as error:
                wait = f"another castillo annotate is writing {self._features}. Wait for it, or name another --output."
                raise AnalysisError(wait) from error
            # What a killed run left half written.
            shutil.rmtree(self._tables, ignore_errors=True)
            self._tables.mkdir()
            for path in self.partitions.glob(".castillo-*"):
                path.unlink()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with suppress(OSError):  # the disk that is full has been told
            self._close()
        is_done = kind is None or not any(self.partitions.iterdir())
        shutil.rmtree(self.folder if is_done else self._tables, ignore_errors=True)
        self._lock.release()

    def _close(self) -> None:
        while self._writers:
            self._writers.popitem()[1].close()

    def read(self, name: str) -> bytes | None:
        """Packed features of a finished partition; None where they are not there, or, which is counted, damaged."""
        path = self.partitions / f"{name}.arrows"
        if not os.path.lexists(path):
            return None
        with suppress(OSError):
            content = read_file(path, root=self.folder)
            data = content[_DIGEST_SIZE:]
            if content[:_DIGEST_SIZE] == digest(name.encode() + data).encode():
                return data
        self.damaged += 1
        return None

    def write(self, name: str, data: bytes) -> None:
        """Keep a finished partition, whole or not at all."""
        with write_errors(self._features):
            replace_file(self.partitions / f"{name}.arrows", digest(name.encode() + data).encode() + data)

    def add(self, features: Mapping[str, pa.Table]) -> None:
        """Write a partition of tables, by name: articles that no other partition holds. Memory does not grow."""
        with write_errors(self._features):
            for name, table in features.items():
                if name not in self._writers:
                    # Statistics of each partition would stay in memory until the end.
                    options: dict[str, Any] = {"compression": "zstd", "write_statistics": False}
                    self._writers[name] = pq.ParquetWriter(self._table(name), table.schema, **options)
                self._writers[name].write_table(table)

    def _table(self, name: str) -> Path:
        return self._tables / f"{name.lower()}.parquet"

    def table(self, name: str, columns: list[str], articles: Collection[str] | None = None) -> pd.DataFrame:
        """Columns of a table, of all articles or some; to tables that are there no more can be added."""
        with write_errors(self._features):
            self._close()
        wanted = None if articles is None else pc.field("article").isin(pa.array(articles, pa.large_string()))
        return pq.read_table(self._table(name), columns=columns, filters=wanted, use_threads=False).to_pandas()

    def publish(self, meta: Mapping[str, Any]) -> None:
        """Put all tables in the folder of the features, and meta.json: `meta` and the digests of the tables."""
        with write_errors(self._features):
            self._close()
            keep_common_phrases(self._table("TERMS"))
            paths = [self._table(schema.name) for schema in tables.FEATURES]
            digests = {path.name: content_digest(path) for path in paths}
            text = json.dumps({**meta, "digests": digests}, indent=1, sort_keys=True, ensure_ascii=False)
            (self._tables / "meta.json").write_text(text + "\n", encoding="utf-8", newline="\n")
            self._features.mkdir(exist_ok=True)
            # meta.json goes first and comes last: without it old and new tables together do not count.
            for name in ("meta.json", self.rejected.name):
                (self._features / name).unlink(missing_ok=True)
            for path in (self.rejected, *paths, self._tables / "meta.json"):
                if path.exists():
                    path.replace(self._features / path.name)


def keep_common_phrases(terms: Path) -> None:
    """Rewrite a table of terms without the phrases that fewer than `COMMON` articles hold; words and order stay."""
    with connected(terms) as connection:
        phrases = "select term from source where contains(term, ' ') group by term"
        found = connection.execute(f"{phrases} having count(distinct article) >= {COMMON}").fetchall()
    common = pa.array([term for (term,) in found], pa.large_string())
    kept, file = terms.with_suffix(".kept"), pq.ParquetFile(terms)
    with file, pq.ParquetWriter(kept, file.schema_arrow, compression="zstd", write_statistics=False) as writer:
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, use_threads=False)
            is_word = pc.invert(pc.match_substring(table["term"], " "))
            writer.write_table(table.filter(pc.or_(is_word, pc.is_in(table["term"], common))))
    kept.replace(terms)
