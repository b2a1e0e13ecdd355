"""What a table is: columns with kind, unit and meaning; and `check`, which holds a table to them."""

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
    """A column: its kind (a key of `DTYPES`), unit, meaning, and where they are few its allowed values.

    `optional` says that a value may be missing (empty in CSV, NaN in a table); the column itself may not, unless it is
    `extra`.
    """

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
        """Column names in order."""
        return [column.name for column in self.columns]

    @property
    def numbered(self) -> bool:
        """Whether an article has several rows, so that a study holds text by number."""
        return "article" in self.key and len(self.key) > 1


def check(table: pd.DataFrame, schema: Schema, *, unique: bool = True) -> pd.DataFrame:
    """Return `table` with the schema's columns, in its order and dtypes.

    Parameters
    ----------
    table : DataFrame, with at least the schema's columns
    schema : Schema
    unique : bool, whether to look for keys that occur twice

    Returns
    -------
    DataFrame, the schema's columns only, index 0..n-1; text that comes by number (a categorical) stays so, and so do
    integers of 32 bits

    Raises
    ------
    TableError
        Where a column is missing, a value does not fit its kind or its allowed values, or a key occurs twice.
    """
    checked = {}
    for column in schema.columns:
        if column.extra and column.name not in table:
            checked[column.name] = pd.Series([None] * len(table), index=table.index, dtype=DTYPES[column.kind])
            continue
        if column.name not in table:
            raise TableError(schema.name, column.name, f"missing; the table has {', '.join(map(str, table.columns))}")
        checked[column.name] = _cast(table[column.name], column, schema.name)
    result = pd.DataFrame(checked, copy=False).reset_index(drop=True)
    if unique:
        check_key(result, schema)
    return result


def check_key(table: pd.DataFrame, schema: Schema) -> None:
    """Refuse a table in which a key occurs twice.

    Raises
    ------
    TableError
    """
    if schema.key and (twice := table.duplicated(list(schema.key))).any():
        first = table.loc[twice, list(schema.key)].iloc[0].to_list()
        raise TableError(schema.name, ", ".join(schema.key), f"{int(twice.sum())} rows repeat their key, first {first}")


def empty(schema: Schema) -> pd.DataFrame:
    """Return a table of this schema with no row."""
    return pd.DataFrame({c.name: pd.Series([], dtype=DTYPES[c.kind]) for c in schema.columns})


def _cast(values: pd.Series, column: Column, table: str) -> pd.Series:
    if column.kind == "number" and values.dtype == DTYPES["number"]:
        return values  # nothing can be wrong with it
    missing = values.isna()
    if missing.any() and not column.optional and column.kind != "number":
        raise TableError(table, column.name, f"{int(missing.sum())} values are missing; it must be complete")
    if column.kind == "integer" and pd.api.types.is_float_dtype(values) and (part := values % 1 != 0).any():
        raise TableError(table, column.name, f"is not integer: {values[part].iloc[0]}")  # astype would cut it off
    numbered = column.kind == "text" and isinstance(values.dtype, pd.CategoricalDtype)
    small = column.kind == "integer" and values.dtype == "int32"
    try:
        same = numbered or small or values.dtype == DTYPES[column.kind]
        cast = values if same else values.astype(DTYPES[column.kind])
    except (TypeError, ValueError) as error:
        raise TableError(table, column.name, f"is not {column.kind}: {error}") from error
    if column.allowed and not (fits := cast.isin(column.allowed) | missing).all():
        raise TableError(table, column.name, f"{cast[~fits].iloc[0]!r} is none of {', '.join(column.allowed)}")
    return cast
