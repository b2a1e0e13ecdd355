"""Rows of a table of features that lie by what they are of, word by word or actor by actor: only these are held.

Sorted in buckets that fit in memory, and kept in a file where they do not fit together; of a small corpus, without one.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from analysis.errors import told_if_not_written
from analysis.paths import digest, file_digest, find_root
from analysis.study.batches import Source, rows_of
from analysis.text.arrays import Numbers

#: Rows that are sorted at once; a table that has no more of them is held.
ROWS = 2_000_000


@dataclass(frozen=True)
class Grouped:
    """Rows of a table by two of its columns, one of few words and one of many texts: by part and term, say.

    Attributes
    ----------
    firsts : the few words, in the order in which their rows lie
    texts : array of str, in order; "" stands for a missing one
    starts : array, where the rows of each key start, and where all end; the key of first f and text t is f · texts + t
    words : name of a column held by number → its words
    """

    firsts: tuple[str, ...]
    texts: np.ndarray
    starts: np.ndarray
    words: dict[str, list[str]]
    _read: Callable[[int, int], np.ndarray]

    def sizes(self, keys: np.ndarray) -> np.ndarray:
        """How many rows some keys have."""
        return np.asarray(self.starts[keys + 1] - self.starts[keys])

    def rows(self, keys: np.ndarray) -> np.ndarray:
        """Rows of some keys, these ascending, end to end; those of a key by article, then as in the table."""
        start, end = self.starts[keys], self.starts[keys + 1]
        apart = start[1:] != end[:-1]  # what lies together is read together
        starts, ends = start[np.append(True, apart)[: len(keys)]], end[np.append(apart, True)[: len(keys)]]
        parts = [self._read(*span) for span in zip(starts.tolist(), ends.tolist(), strict=True) if span[0] < span[1]]
        return np.concatenate(parts) if parts else self._read(0, 0)

    def of(self, first: str, text: str) -> np.ndarray:
        """Rows of one key; none where there is no such text."""
        place = int(np.searchsorted(self.texts, text))
        there = place < len(self.texts) and self.texts[place] == text
        return self.rows(np.array([self.firsts.index(first) * len(self.texts) + place] if there else [], np.int64))


def grouped(source: Source, first: str, text: str, values: Sequence[str], *, name: str) -> Grouped:
    """Lay a table of features by two of its columns; what does not fit in memory is found again where it was laid.

    Parameters
    ----------
    source : Source
    first, text : columns, the one of few words
    values : further columns that are wanted; of text the numbers
    name : of the file, apart from its content; what has other content under this name is thrown away

    Raises
    ------
    OSError, ValueError, TableError, AnalysisError
    """
    layout = Layout(source, first, text, tuple(values))
    if rows_of(source.path) <= ROWS:
        index = layout.index()
        rows = np.concatenate([np.empty(0, layout.dtype), *layout.ordered(index, None)])
        return _made(index, lambda start, end: rows[start:end])
    path = find_root() / ".cache" / "castillo" / "grouped" / f"{name}-{layout.key()}"
    try:
        return _found(path, layout.dtype)
    except (OSError, ValueError, KeyError, TypeError):  # not there, or damaged
        return _laid(layout, path)


def _made(index: dict[str, Any], read: Callable[[int, int], np.ndarray]) -> Grouped:
    starts = np.append(0, np.cumsum(index["sizes"], dtype=np.int64))
    return Grouped(tuple(index["firsts"]), np.array(index["texts"], object), starts, index["words"], read)


def _found(path: Path, dtype: np.dtype[Any]) -> Grouped:
    """What was laid in a file, whose index lies beside it."""
    index = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
    file = Path(f"{path}.rows").open("rb")  # noqa: SIM115 (open as long as it is read from: another may throw it away)
    if os.fstat(file.fileno()).st_size != sum(index["sizes"]) * dtype.itemsize:
        raise ValueError(f"{path} is not whole")

    def read(start: int, end: int) -> np.ndarray:
        rows = np.empty(end - start, dtype)
        left, at = rows.view(np.uint8).data, start * dtype.itemsize
        while left:  # one call reads two gigabytes at most
            if hasattr(os, "preadv"):  # forked processes share a file's place
                count = os.preadv(file.fileno(), [left], at)
            else:
                file.seek(at)
                count = file.readinto(left)
            if not count:
                raise ValueError(f"{path} has become shorter")
            left, at = left[count:], at + count
        return rows

    return _made(index, read)


def _laid(layout: Layout, path: Path) -> Grouped:
    """Lay a table in a file; where the cache cannot be written, in one that ends with this process."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work = tempfile.TemporaryDirectory(dir=path.parent)
    except OSError:
        work = tempfile.TemporaryDirectory()
    with work as name:
        rows, there = Path(name, "x.rows"), Path(name) / "x.json"
        index = layout.index()
        with rows.open("wb") as file:
            for bucket in layout.ordered(index, Path(name)):
                with told_if_not_written(rows):
                    file.write(bucket.tobytes())
        with told_if_not_written(there):
            there.write_text(json.dumps(index), encoding="utf-8")
        found = _found(Path(name, "x"), layout.dtype)
        with suppress(OSError):
            rows.replace(f"{path}.rows")
            there.replace(f"{path}.json")
            of_name = f"{path.name.rpartition('-')[0]}-"
            for old in path.parent.iterdir():
                if old.name.startswith(of_name) and old.stem != path.name:
                    old.unlink()
    return found


def _bucket(folder: Path | None) -> IO[bytes]:
    return io.BytesIO() if folder is None else tempfile.TemporaryFile(dir=folder)


@dataclass(frozen=True)
class Layout:
    """What is to be laid, and how."""

    source: Source
    first: str
    text: str
    values: tuple[str, ...]

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of each column that is wanted."""
        return {column.name: column.kind for column in self.source.schema.columns if column.name in self.values}

    @property
    def dtype(self) -> np.dtype[Any]:
        """A row: the article's number and the values."""
        kinds = {name: "<f8" if kind == "number" else "<i4" for name, kind in self.kinds.items()}
        return np.dtype([("article", "<i4"), *kinds.items()])

    @property
    def firsts(self) -> tuple[str, ...]:
        """The few words."""
        return next(column.allowed for column in self.source.schema.columns if column.name == self.first)

    def key(self) -> str:
        """Digest of all that the rows follow from."""
        ids = digest("\n".join(self.source.articles).encode())
        return digest(json.dumps([str(self.dtype), ids, file_digest(self.source.path)]).encode())

    def index(self) -> dict[str, Any]:
        """Texts in order, and how many rows each key has."""
        known = Numbers()
        sizes = np.zeros((len(self.firsts), 0), np.int64)
        for _, batch in self.source.inside(self.source.batches("article", self.first, self.text)):
            first, text, here = self._coded(batch)
            number = np.array([known[one] for one in here])
            found = np.bincount(first * len(here) + text, minlength=len(self.firsts) * len(here))
            sizes = np.pad(sizes, ((0, 0), (0, len(known) - sizes.shape[1])))
            sizes[:, number] += found.reshape(len(self.firsts), -1)
        texts = sorted(known)
        order = np.array([known[one] for one in texts], np.int64)
        return {"firsts": self.firsts, "texts": texts, "sizes": sizes[:, order].ravel().tolist(), "words": {}}

    def _coded(self, batch: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Number of each row's first word and text, and the batch's texts; a missing text is "", the last."""
        few, many = batch[self.first].cat, batch[self.text].cat
        here = [*many.categories, ""]
        first = pd.Index(self.firsts).get_indexer(few.categories)[few.codes]
        return first, np.where(many.codes < 0, len(here) - 1, many.codes), here

    def ordered(self, index: dict[str, Any], folder: Path | None) -> Iterator[np.ndarray]:
        """All rows in order, bucket by bucket; until then these are in files, where there is a folder for them."""
        bucket = np.append(0, np.cumsum(index["sizes"], dtype=np.int64))[:-1] // ROWS  # of each key
        keyed = np.dtype([("key", "<i8"), ("row", self.dtype)])
        with ExitStack() as stack:
            files = [stack.enter_context(_bucket(folder)) for _ in range(int(bucket.max(initial=0)) + 1)]
            for key, rows in self._keyed(index):
                both = np.empty(len(rows), keyed)
                both["key"], both["row"] = key, rows
                where = bucket[key]
                both = both[np.argsort(where, kind="stable")]
                ends = np.bincount(where, minlength=len(files)).cumsum()
                with told_if_not_written(folder or Path()):
                    for file, start, end in zip(files, np.append(0, ends), ends, strict=False):
                        file.write(both[start:end].tobytes())
            for file in files:
                file.seek(0)
                held = np.frombuffer(file.read(), keyed)
                yield held["row"][np.lexsort((held["row"]["article"], held["key"]))]

    def _keyed(self, index: dict[str, Any]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Key and values of the rows, batch by batch; then the words of columns held by number are in the index."""
        place = {one: number for number, one in enumerate(index["texts"])}
        known = {name: Numbers() for name, kind in self.kinds.items() if kind == "text"}
        for article, batch in self.source.checked(self.first, self.text, *self.values):
            first, text, here = self._coded(batch)
            rows = np.empty(len(batch), self.dtype)
            rows["article"] = article
            for name in self.kinds:
                values = batch[name]
                if name in known:
                    rows[name] = np.array([known[name][one] for one in values.cat.categories])[values.cat.codes]
                else:
                    rows[name] = values
            yield first * len(place) + np.array([place.get(one, 0) for one in here])[text], rows
        index["words"] = {name: list(numbers) for name, numbers in known.items()}
