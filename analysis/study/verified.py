"""Features asked by SQL of their Parquet files, and what a file's columns and values break of its schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from glob import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from analysis.paths import cache_folder, digest, file_digest, find_root
from analysis.tables import Column, Schema

MEMORY = "512MB"
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_WHOLE = (*_INTEGERS, *(f"U{name}" for name in _INTEGERS))
_NUMBERS = (*_WHOLE, "FLOAT", "DOUBLE")
#: Kind of column → the SQL types it may have, and SQL that is true of a value that does not fit; of numbers also what
#: lies outside their unit.
_KINDS = {
    "text": (("VARCHAR",), "false"),
    "integer": (
        _NUMBERS,
        "not coalesce({v}::double between {low} and 2147483647 and {v}::double = floor({v}::double), false)",
    ),
    "number": (_NUMBERS, "not isnan({v}::double) and not {v}::double between {low} and {high}"),
    "time": (
        ("TIMESTAMP WITH TIME ZONE",),
        "not {v} between timestamptz '1700-01-01 00:00Z' and timestamptz '2250-01-01 00:00Z'",
    ),
    "list": (
        tuple(f"{name}[]" for name in _WHOLE),
        "(list_min({v}) < 0 or list_max({v}) > 4294967295 or list_count({v}) < len({v}))",
    ),
}


@contextmanager
def connected(path: Path, articles: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with a view `source` of a Parquet file; closed at the end, since none may live across a fork.

    With the file of the articles' table there is also `ids`: each article's number `n`. One thread and little memory;
    what needs more is spilled to a folder that is removed.
    """
    with TemporaryDirectory(prefix="castillo-") as spill:
        limits: dict[str, Any] = {"threads": 1, "memory_limit": MEMORY, "temp_directory": spill}
        alone = dict.fromkeys(("autoinstall_known_extensions", "autoload_known_extensions"), False)
        connection = duckdb.connect(config={**limits, **alone, "preserve_insertion_order": False})
        try:
            connection.execute("set timezone = 'UTC'")
            connection.execute(f"create temp view source as from {_parquet(path)}")
            if articles is not None:
                numbered = "article, (row_number() over (order by article) - 1)::int as n"
                connection.execute(f"create temp table ids as select {numbered} from {_parquet(articles)}")
            yield connection
        finally:
            connection.close()


def _parquet(path: Path) -> str:
    """SQL for the rows of one file, whatever characters its name has."""
    file = escape(str(path)).replace("'", "''")
    return f"read_parquet('{file}', hive_partitioning = false)"


@lru_cache(maxsize=64)
def faults(path: Path, schema: Schema, content: str, *, keys: bool = True) -> tuple[str, ...]:
    """Faults of a file's columns and values, a sentence each; with `keys` also of keys that occur twice.

    A file without a fault is looked at once per `content`, its digest. OSError or duckdb.Error where it is no Parquet
    file, or cannot be read to its end.
    """
    known = digest(f"{content} {schema} {keys} {file_digest(Path(__file__))}".encode())
    mark = cache_folder(find_root()) / "verified" / known
    if mark.exists():
        return ()
    with connected(path) as connection:
        types = {name: kind for name, kind, *_ in connection.execute("describe source").fetchall()}
        missing = f"missing; the table has {', '.join(types)}"
        found = [f"{_place(schema, name)} {missing}" for name in schema.names if name not in types]
        found = found or list(_value_faults(connection, schema, types))
        if keys and not found:
            found = list(_key_faults(connection, schema))
    if not found:
        with suppress(OSError):  # a cache that cannot be written costs time only
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
    return tuple(found)


def _place(schema: Schema, columns: str) -> str:
    return f"table {schema.name}, column {columns!r}:"


def _value_faults(connection: duckdb.DuckDBPyConnection, schema: Schema, types: dict[str, str]) -> Iterator[str]:
    """Types, missing values, and values that do not fit, by one pass over the table."""
    wanted = ["count(*)"]
    for column in schema.columns:
        name, unfit = f'"{column.name}"', _unfit(column) if types[column.name] in _KINDS[column.kind][0] else "false"
        wanted += [f"count({name})", f"count(*) filter ({unfit})", f"(min({name}) filter ({unfit}))::varchar"]
    rows, *figures = connection.execute(f"select {', '.join(wanted)} from source").fetchall()[0]
    for column, filled, wrong, first in zip(schema.columns, *(figures[n::3] for n in range(3)), strict=True):
        place = _place(schema, column.name)
        if filled and types[column.name] not in _KINDS[column.kind][0]:
            yield f"{place} is not {column.kind}: it is {types[column.name]}"
        elif filled < rows and not column.optional and column.kind != "number":
            yield f"{place} {rows - filled} values are missing; it must be complete"
        if wrong and column.allowed:
            yield f"{place} {first!r} is none of {', '.join(column.allowed)}"
        elif wrong:
            yield f"{place} {wrong} values cannot be, the least of them {first}"


def _unfit(column: Column) -> str:
    """SQL that is true where a column has a value that does not fit."""
    name = f'"{column.name}"'
    if column.allowed:
        return f"{name} not in ({', '.join(map(repr, column.allowed))})"
    low, _, high = column.unit.partition(" to ") if " to " in column.unit else ("0", "", "inf")
    return f"{name} is not null and {_KINDS[column.kind][1].format(v=name, low=low, high=high)}"


def _key_faults(connection: duckdb.DuckDBPyConnection, schema: Schema) -> Iterator[str]:
    key = ", ".join(f'"{name}"' for name in schema.key)
    repeated = f"select {key}, count(*) - 1 as more from source group by {key} having count(*) > 1"
    query = f"select (sum(more) over ())::int, {key} from ({repeated}) order by {key} limit 1"
    for more, *first in connection.execute(query).fetchall():
        yield f"{_place(schema, ', '.join(schema.key))} {more} rows repeat their key, first {first}"
