"""Files of a study folder, read so that each problem has its line: study.toml as text, the CSV files cell by cell."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import tables
from analysis.errors import Problem, did_you_mean
from analysis.paths import read_file
from analysis.tables import Column, Schema, language_tag
from analysis.wording import unescape_formula

#: Rows that are held as Python objects at once.
_ROWS = 10_000
#: Control characters that no text can mean.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")

#: A date without a time.
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_utf8(path: Path, fix: str) -> tuple[bytes, list[Problem]]:
    """Bytes of a study file that are UTF-8, without a byte order mark; or why there are none."""
    try:
        raw = read_file(path, root=path.parent).removeprefix(codecs.BOM_UTF8)
        raw.decode()
        return raw, []
    except UnicodeDecodeError as error:
        message = f"byte {raw[error.start]:#04x} is not UTF-8; nothing was read"
        line = raw.count(b"\n", 0, error.start) + 1
        return b"", [Problem(path, line, message, "Save the file as UTF-8", unread=True)]
    except OSError as error:
        exists = not isinstance(error, FileNotFoundError) or path.is_symlink()
        message = f"cannot be read ({error.strerror})" if exists else "does not exist"
        return b"", [Problem(path, None, message, fix, unread=True)]


def line_of(text: str, name: str, entry: int = 0) -> int | None:
    """1-based line of study.toml where a setting, or its table number `entry`, stands; None where there is none."""
    place = re.compile(rf"""^[ \t]*(\[\[?[ \t]*)?["']?{re.escape(name)}["']?[ \t]*[=\].]""", re.MULTILINE)
    table = re.search(r"^[ \t]*\[", text, re.MULTILINE)
    top = table.start() if table else len(text)  # a key below is one of that table
    starts = [match.start() for match in place.finditer(text) if match[1] or match.start() < top]
    return text.count("\n", 0, starts[entry if entry < len(starts) else 0]) + 1 if starts else None


def line_of_text(text: str, name: str, value: str) -> int | None:
    """1-based line of study.toml where a setting has a text as one of its values; where the setting stands, else."""
    if (line := line_of(text, name)) is None:
        return None
    for number, content in enumerate(text.split("\n")[line - 1 :], start=line):
        if f'"{value}"' in content or f"'{value}'" in content:
            return number
        if content.strip().startswith("["):
            break
    return line


def read_csv(path: Path, schema: Schema) -> tuple[pd.DataFrame, list[Problem]]:
    """Rows of one CSV file of a study that have no problem, and every problem of the others.

    Returns
    -------
    (DataFrame, list of Problem)
        The rows with the schema's dtypes and a last column `line` (1-based line in the file).
    """
    raw, problems = read_utf8(path, f"Create it with the columns {','.join(schema.names)}")
    if problems:
        return _frame([], schema), problems
    text = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline="")  # decoded in pieces: as a whole it is large
    reader = csv.reader(text, strict=True)
    start = 1
    try:
        header = next(reader, [])
        if problems := _check_header(path, header, schema):
            return _frame([], schema), problems
        rows: list[dict[str, Any]] = []
        frames: list[pd.DataFrame] = []
        seen: dict[Any, int] = {}
        while (start := reader.line_num + 1) and (cells := next(reader, None)) is not None:
            if not cells:
                continue
            row, wrong = _read_row(path, start, cells, header, schema)
            if not wrong and schema.key:
                wrong = _repeated(path, start, row, schema, seen)
            problems += wrong
            if not wrong:
                rows.append({**row, "line": start})
            if len(rows) == _ROWS:
                frames.append(_frame(rows, schema))
                rows = []
        return pd.concat([*frames, _frame(rows, schema)], ignore_index=True), problems
    except csv.Error as error:  # an open quotation mark runs on: the line is where its row starts
        message = f"broken CSV ({error}); no row was read"
        return _frame([], schema), [Problem(path, start, message, "Close the quotation marks of this row", unread=True)]


def _frame(rows: list[dict[str, Any]], schema: Schema) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[*schema.names, "line"])
    return frame.astype({**{c.name: tables.DTYPES[c.kind] for c in schema.columns}, "line": "int64"})


def _check_header(path: Path, header: list[str], schema: Schema) -> list[Problem]:
    """Everything wrong with the first line."""
    expected = schema.names
    faults: list[tuple[str, str]] = []
    if not header:
        faults.append(("the first line is empty", f"Write the columns there: {','.join(expected)}"))
    elif separators := [name for mark, name in _SEPARATORS.items() if mark in header[0]]:
        faults.append((f"its cells are separated by {separators[0]}s", "Save it as CSV with commas"))
    else:
        for name in (column.name for column in schema.columns if not column.extra and column.name not in header):
            hint = did_you_mean(name, [h for h in header if h not in expected])
            faults.append((f"column {name!r} is missing", f"Add it to the first line{hint}"))
        for name in (name for name in header if name not in expected):
            hint = did_you_mean(name, [e for e in expected if e not in header])
            faults.append((f"column {name!r} is unknown", f"Rename or delete it{hint}"))
        if len(set(header)) < len(header):
            faults.append(("a column name occurs twice", "Keep one of them"))
    return [Problem(path, 1, message, fix, unread=True) for message, fix in faults]


#: What spreadsheets write in place of commas, a line `sep=;` included.
_SEPARATORS = {";": "semicolon", "\t": "tab", "sep=": "semicolon"}


def _repeated(path: Path, line: int, row: Mapping[str, Any], schema: Schema, seen: dict[Any, int]) -> list[Problem]:
    """A problem where the key of a row has been seen."""
    first = seen.setdefault(tuple(row[name] for name in schema.key), line)
    if first == line:
        return []
    shown = ", ".join(f"{row[name]:%Y-%m-%d}" if hasattr(row[name], "year") else str(row[name]) for name in schema.key)
    fix = f"Delete one of the two rows (the first is line {first})"
    return [Problem(path, line, f"{' + '.join(schema.key)} {shown!r} occurs twice", fix)]


def _read_row(
    path: Path, line: int, cells: list[str], header: list[str], schema: Schema
) -> tuple[dict[str, Any], list[Problem]]:
    """Values of a row by column, and everything wrong with it."""
    if len(cells) != len(header):
        message = f"has {len(cells)} fields where the first line has {len(header)}"
        return {}, [Problem(path, line, message, "Put fields that hold a comma in quotation marks")]
    row: dict[str, Any] = {}
    problems = []
    given = dict(zip(header, cells, strict=True))
    for column in schema.columns:
        text = given.get(column.name, "").strip()
        try:
            row[column.name] = parse_cell(text, column) if text else None
        except ValueError as error:
            problems.append(Problem(path, line, f"{column.name} {text!r} {error}", f"It holds: {column.meaning}"))
        if not text and not column.optional:
            problems.append(Problem(path, line, f"{column.name} is empty", f"It holds: {column.meaning}"))
    if row.get("timestamp") == "publisher" and _DAY.fullmatch(given.get("published", "").strip()):
        row["timestamp"] = "day"  # a bare date is a day, whoever gave it: as midnight UTC it could be the day before
    return row, problems


def parse_cell(text: str, column: Column) -> Any:
    """Value of a CSV cell for a column; ValueError says why it does not fit."""
    if CONTROL.search(text):
        raise ValueError("holds a control character")
    if column.allowed and text not in column.allowed:
        raise ValueError(f"is none of {', '.join(column.allowed)}{did_you_mean(text, column.allowed)}")
    if column.kind == "integer":
        if not re.fullmatch("[0-9]{1,18}", text):  # int() would also read 1_0 and -1, and numbers beyond the column's
            raise ValueError("is not a whole number from 0 up")
        return int(text)
    if column.kind in ("time", "day"):
        try:
            stamp = pd.Timestamp(datetime.fromisoformat(text))
            if column.kind == "day":
                return stamp.tz_localize(None).normalize()
            return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
        except (ValueError, OverflowError):
            raise ValueError("is not a date in ISO 8601 (2022-12-07 or 2022-12-07T15:54:07Z)") from None
    return language_tag(text) if column.unit.startswith("BCP 47") else unescape_formula(text)
