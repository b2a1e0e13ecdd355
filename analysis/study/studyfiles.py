"""The CSV files of a study folder: read cell by cell, so that each problem has its line."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import tables
from analysis.errors import Problem, did_you_mean
from analysis.tables import Column, Schema
from analysis.wording import unescape_formula

#: Rows that are held as Python objects at once.
_ROWS = 10_000
#: Control characters that no cell can mean.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_csv(path: Path, schema: Schema) -> tuple[pd.DataFrame, list[Problem]]:
    """Read one CSV file of a study; each cell is held to its column.

    Returns
    -------
    (DataFrame, list of Problem)
        The rows without a problem, with the schema's dtypes and a last column `line` (1-based line in the file).
    """
    nothing = tables.empty(schema).assign(line=pd.Series(dtype="int64"))
    fix = f"Create it with the columns {','.join(schema.names)}"
    try:
        raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        raw.decode("utf-8")
    except FileNotFoundError:
        return nothing, [Problem(path, None, "does not exist", fix, unread=True)]
    except OSError as error:
        return nothing, [Problem(path, None, f"cannot be read ({error.strerror})", fix, unread=True)]
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        found = f"byte {raw[error.start]:#04x} is not UTF-8; no row was read"
        return nothing, [Problem(path, line, found, "Save the file as UTF-8", unread=True)]
    text = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline="")  # decoded again: as a whole it is large
    rows = _rows(csv.reader(text, strict=True))
    try:
        _, header = next(rows, (1, []))
        if problems := _check_header(path, header, schema):
            return nothing, problems
        return _read_rows(path, rows, header, schema)
    except BrokenRow as error:
        found = f"broken CSV ({error}); no row was read"
        return nothing, [Problem(path, error.line, found, "Close the quotation marks of this row", unread=True)]


class BrokenRow(ValueError):
    """A row that the CSV reader cannot split; holds the line it starts on, since an open quotation mark runs on."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def _rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it starts on."""
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BrokenRow(start, str(error)) from error
        yield start, cells


def _check_header(path: Path, header: list[str], schema: Schema) -> list[Problem]:
    expected = schema.names
    problems: list[Problem] = []

    def complain(message: str, fix: str) -> None:
        problems.append(Problem(path, 1, message, fix, unread=True))

    if not header:
        complain("the first line is empty", f"Write the columns there: {','.join(expected)}")
        return problems
    for name in (column.name for column in schema.columns if not column.extra):
        if name not in header:
            hint = did_you_mean(name, [h for h in header if h not in expected])
            complain(f"column {name!r} is missing", f"Add it to the first line{hint}")
    for name in header:
        if name not in expected:
            hint = did_you_mean(name, [e for e in expected if e not in header])
            complain(f"column {name!r} is unknown", f"Rename or delete it{hint}")
    if len(set(header)) < len(header):
        complain("a column name occurs twice", "Keep one of them")
    return problems


def _read_rows(
    path: Path, lines: Iterable[tuple[int, list[str]]], header: list[str], schema: Schema
) -> tuple[pd.DataFrame, list[Problem]]:
    problems: list[Problem] = []
    rows: list[dict[str, Any]] = []
    frames: list[pd.DataFrame] = []
    seen: dict[tuple[Any, ...], int] = {}
    for start, cells in lines:
        if not cells:
            continue
        if len(cells) != len(header):
            message = f"has {len(cells)} fields where the first line has {len(header)}"
            problems.append(Problem(path, start, message, "Put fields that hold a comma in quotation marks"))
            continue
        row, found = _read_row(path, start, dict(zip(header, cells, strict=True)), schema)
        problems += found
        key = tuple(row.get(name) for name in schema.key)
        if schema.key and not found and key in seen:
            shown = ", ".join(cells[header.index(name)].strip() for name in schema.key)
            first = f"Delete one of the two rows (the first is line {seen[key]})"
            problems.append(Problem(path, start, f"{' + '.join(schema.key)} {shown!r} occurs twice", first))
        elif not found:
            seen[key] = start
            rows.append({**row, "line": start})
        if len(rows) == _ROWS:
            frames.append(_frame(rows, schema))
            rows = []
    return pd.concat([*frames, _frame(rows, schema)], ignore_index=True) if frames else _frame(rows, schema), problems


def _frame(rows: list[dict[str, Any]], schema: Schema) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[*schema.names, "line"])
    return frame.astype({**{c.name: tables.DTYPES[c.kind] for c in schema.columns}, "line": "int64"})


def _read_row(path: Path, line: int, cells: Mapping[str, str], schema: Schema) -> tuple[dict[str, Any], list[Problem]]:
    row: dict[str, Any] = {}
    problems = []
    for column in schema.columns:
        text = cells.get(column.name, "").strip()
        if not text:
            row[column.name] = None
            if not column.optional:
                problems.append(Problem(path, line, f"{column.name} is empty", f"It holds: {column.meaning}"))
            continue
        try:
            row[column.name] = parse_cell(text, column)
        except ValueError as error:
            problems.append(Problem(path, line, f"{column.name} {text!r} {error}", f"It holds: {column.meaning}"))
    return row, problems


def parse_cell(text: str, column: Column) -> Any:
    """Value of a CSV cell for a column; ValueError says why it does not fit."""
    if _CONTROL.search(text):
        raise ValueError("holds a control character")
    if column.allowed and text not in column.allowed:
        raise ValueError(f"is none of {', '.join(column.allowed)}{did_you_mean(text, column.allowed)}")
    if column.kind == "integer":
        if not re.fullmatch("[0-9]{1,18}", text):  # int() would also read 1_0 and -1, and numbers beyond the column's
            raise ValueError("is not a whole number from 0 up")
        return int(text)
    if column.kind in ("time", "day"):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("is not a date in ISO 8601 (2022-12-07 or 2022-12-07T15:54:07Z)") from None
        stamp = pd.Timestamp(moment)
        if column.kind == "day":
            return stamp.tz_localize(None).normalize()
        return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
    return unescape_formula(text)
