"""A table as columns with kind, unit and meaning; and `check`, which holds a table to them."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from analysis.errors import TableError

#: The data dictionary: a row per column of a table.
COLUMNS = Path(__file__).with_name("columns.csv")
#: Kinds of column → the pandas dtype a checked table has.
DTYPES = {
    "text": "str",
    "integer": "int64",
    "number": "float64",
    "time": "datetime64[us, UTC]",
    "day": "datetime64[us]",
    "list": "object",
}
#: Kinds of column → what pandas may find in it.
_INFERRED = {
    "text": ("string", "categorical"),
    "integer": ("integer", "floating"),
    "number": ("integer", "floating", "mixed-integer-float"),
    "time": ("datetime64", "datetime"),
    "day": ("datetime64", "datetime"),
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

    def allowed(self, name: str) -> tuple[str, ...]:
        """Values that a column may have."""
        return next(column.allowed for column in self.columns if column.name == name)

    def described(self) -> str:
        """The table in Markdown: a heading, what a row is, and a line for each column."""
        lines = [f"### {self.name}\n", f"One row per {self.row}.\n"]
        lines += ["| column | kind | unit | meaning |", "|---|---|---|---|"]
        for c in self.columns:
            meaning = f"{c.meaning} ({', '.join(c.allowed)})" if c.allowed else c.meaning
            meaning += "; may be empty" * c.optional + "; a study need not have the column" * c.extra
            lines.append(f"| `{c.name}` | {c.kind} | {c.unit} | {meaning} |")
        return "\n".join(lines) + "\n"


def schema(name: str, row: str, key: str = "") -> Schema:
    """Schema of a table of columns.csv: its name, what a row is, the columns that together occur only once."""
    columns = [
        Column(
            *(facts["column"], facts["kind"], facts["unit"], facts["meaning"]),
            allowed=tuple(filter(None, facts["allowed"].split("|"))),
            optional=facts["may_be"] != "",
            extra=facts["may_be"] == "absent",
        )
        for facts in _columns()
        if facts["table"] == name
    ]
    return Schema(name, row, tuple(columns), tuple(key.split()))


@cache
def _columns() -> list[dict[str, str]]:
    with COLUMNS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check(table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The table with the schema's columns only, in its order and dtypes, and index 0..n-1; else TableError.

    Text that comes by number (a categorical) stays so, and so do integers of 32 bits.
    """
    for column in schema.columns:
        if column.name in table:
            wrong = _fault(table[column.name], column)
        else:
            wrong = "" if column.extra else f"missing; the table has {', '.join(map(str, table.columns))}"
        if wrong:
            raise TableError(schema.name, column.name, wrong)
    checked = table.reindex(columns=schema.names).reset_index(drop=True)
    kept = {"text": "category", "integer": "int32"}
    dtypes = {c.name: DTYPES[c.kind] for c in schema.columns if checked[c.name].dtype != kept.get(c.kind)}
    result, key = checked.astype(dtypes), list(schema.key)
    if key and (twice := result.duplicated(key)).any():
        first = result.loc[twice, key].iloc[0].to_list()
        raise TableError(schema.name, ", ".join(key), f"{int(twice.sum())} rows repeat their key, first {first}")
    return result


def empty(schema: Schema) -> pd.DataFrame:
    """A table of this schema with no row."""
    return pd.DataFrame({c.name: pd.Series([], dtype=DTYPES[c.kind]) for c in schema.columns})


def _fault(values: pd.Series, column: Column) -> str:
    """A column's first fault in words; empty where it has none."""
    given = values.dropna()
    missing = len(values) - len(given)
    inferred = pd.api.types.infer_dtype(given)
    has_zone = values.dtype == "object" or isinstance(values.dtype, pd.DatetimeTZDtype)
    is_kind = inferred in _INFERRED.get(column.kind, (inferred,)) and (has_zone or column.kind != "time")
    if len(given) and not is_kind:
        return f"is not {column.kind}: it is {inferred if values.dtype == 'object' else values.dtype}"
    if missing and not column.optional and column.kind != "number":
        return f"{missing} values are missing; it must be complete"
    if not len(given):
        return ""
    if column.allowed:
        strange = given[~given.isin(column.allowed)]
        return f"{strange.iloc[0]!r} is none of {', '.join(column.allowed)}" if len(strange) else ""
    fits = pd.Series(True, index=given.index)  # in the range of its kind or unit, and whole where it is counted
    if column.kind == "integer":
        fits = given.between(0, 2**31 - 1) & (given % 1 == 0)
    elif " to " in column.unit:
        fits = given.between(*map(float, column.unit.split(" to ")))
    unfit = given[~fits]
    return f"{len(unfit)} values cannot be, the least of them {unfit.min()}" if len(unfit) else ""
