"""A table as columns with kind, unit and meaning; and `check`, which holds a table to them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.errors import TableError

#: Kinds of column → the pandas dtype a checked table has.
DTYPES = {
    "text": "str",
    "integer": "int64",
    "number": "float64",
    "flag": "bool",
    "time": "datetime64[us, UTC]",
    "day": "datetime64[us]",
    "list": "object",
}


@dataclass(frozen=True)
class Column:
    """A column, of a kind of `DTYPES`; values may be missing where it is `optional`, all of it where it is `extra`."""

    name: str
    kind: str
    unit: str
    meaning: str
    allowed: tuple[str, ...] = ()
    optional: bool = False
    extra: bool = False


@dataclass(frozen=True)
class Schema:
    """A table: what a row is, its columns in order, and the columns that together occur only once."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


def check(table: pd.DataFrame, schema: Schema, *, unique: bool = True) -> pd.DataFrame:
    """The table with the schema's columns only, in its order and dtypes, and index 0..n-1; else TableError.

    Text that comes by number (a categorical) stays so, and so do integers of 32 bits. Keys that occur twice are looked
    for if `unique`.
    """
    checked = {}
    for column in schema.columns:
        if column.extra and column.name not in table:
            checked[column.name] = pd.Series([None] * len(table), index=table.index, dtype=DTYPES[column.kind])
        elif column.name not in table:
            raise TableError(schema.name, column.name, f"missing; the table has {', '.join(map(str, table.columns))}")
        else:
            checked[column.name] = _cast(table[column.name], column, schema.name)
    result = pd.DataFrame(checked, copy=False).reset_index(drop=True)
    key = list(schema.key)
    if unique and key and (twice := result.duplicated(key)).any():
        first = result.loc[twice, key].iloc[0].to_list()
        raise TableError(schema.name, ", ".join(key), f"{int(twice.sum())} rows repeat their key, first {first}")
    return result


def empty(schema: Schema) -> pd.DataFrame:
    """A table of this schema with no row."""
    return pd.DataFrame({c.name: pd.Series([], dtype=DTYPES[c.kind]) for c in schema.columns})


def _cast(values: pd.Series, column: Column, table: str) -> pd.Series:
    if column.kind == "number" and values.dtype == DTYPES["number"]:
        return values  # nothing can be wrong with it
    missing = values.isna()
    if missing.any() and not column.optional and column.kind != "number":
        raise TableError(table, column.name, f"{int(missing.sum())} values are missing; it must be complete")
    if column.kind == "integer" and pd.api.types.is_float_dtype(values) and (part := values % 1 != 0).any():
        raise TableError(table, column.name, f"is not integer: {values[part].iloc[0]}")  # astype would cut it off
    by_number = column.kind == "text" and isinstance(values.dtype, pd.CategoricalDtype)
    try:
        kept = by_number or (column.kind == "integer" and values.dtype == "int32")
        cast = values if kept else values.astype(DTYPES[column.kind])
    except (TypeError, ValueError) as error:
        raise TableError(table, column.name, f"is not {column.kind}: {error}") from error
    if column.allowed and not (fits := cast.isin(column.allowed) | missing).all():
        raise TableError(table, column.name, f"{cast[~fits].iloc[0]!r} is none of {', '.join(column.allowed)}")
    return cast
