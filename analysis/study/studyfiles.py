"""Files of a study folder, read so that each problem has its line: study.toml as text, the CSV files cell by cell."""

from __future__ import annotations

import codecs
import csv
import io
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
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
_MONTH = "[0-9]{4}-[0-9]{2}"
_DATE_WITHOUT_TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
#: What spreadsheets write in place of commas, a line `sep=;` included.
_SEPARATORS = {";": "semicolon", "\t": "tab", "sep=": "semicolon"}


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


def line_of(text: str, name: str, entry: int = 0, *, value: str = "") -> int | None:
    """1-based line of study.toml where a setting, or its table number `entry`, stands; None where there is none.

    With a `value`, the line below where it is one of the texts of the setting, if it is found there.
    """
    place = re.compile(rf"""^[ \t]*(\[\[?[ \t]*)?["']?{re.escape(name)}["']?[ \t]*[=\].]""", re.MULTILINE)
    table = re.search(r"^[ \t]*\[", text, re.MULTILINE)
    top = table.start() if table else len(text)  # a key below is one of that table
    starts = [match.start() for match in place.finditer(text) if match[1] or match.start() < top]
    if not starts:
        return None
    line = text.count("\n", 0, starts[entry if entry < len(starts) else 0]) + 1
    for number, content in enumerate(text.split("\n")[line - 1 :] if value else (), start=line):
        if f'"{value}"' in content or f"'{value}'" in content:
            return number
        if content.strip().startswith("["):
            break
    return line


def read_csv(path: Path, schema: Schema) -> tuple[pd.DataFrame, list[Problem]]:
    """Rows of a CSV file that have no problem, with a last column `line` (from 1), and every problem of the others."""
    raw, problems = read_utf8(path, f"Create it with the columns {','.join(schema.names)}")
    text = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", newline="")  # decoded in pieces: as a whole it is large
    reader = csv.reader(text, strict=True)
    rows, frames, line = [], [], 1
    try:
        header = next(reader, [])
        if problems := problems or _check_header(path, header, schema):
            return tables.empty(schema).assign(line=0), problems
        while (line := reader.line_num + 1) and (cells := next(reader, None)) is not None:
            if cells and len(cells) != len(header):
                message = f"has {len(cells)} fields where the first line has {len(header)}"
                problems.append(Problem(path, line, message, "Put fields that hold a comma in quotation marks"))
            elif cells:
                rows.append([*cells, line])
            if len(rows) == _ROWS:
                frames.append(_read_rows(path, header, rows, schema, problems))
                rows = []
        frames.append(_read_rows(path, header, rows, schema, problems))
    except csv.Error as error:  # an open quotation mark runs on: the line is where its row starts
        message, fix = f"broken CSV ({error}); no row was read", "Close the quotation marks of this row"
        return tables.empty(schema).assign(line=0), [Problem(path, line, message, fix, unread=True)]
    frame = _first_of_each_key(path, pd.concat(frames, ignore_index=True), schema, problems)
    return frame, sorted(problems, key=lambda problem: problem.line or 0)


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
            if schema is tables.ARTICLES_CSV and name.strip() and not hint:
                continue  # a column of the study's own
            faults.append((f"column {name!r} is unknown", f"Rename or delete it{hint}"))
        if len(set(header)) < len(header):
            faults.append(("a column name occurs twice", "Keep one of them"))
    return [Problem(path, 1, message, fix, unread=True) for message, fix in faults]


def _read_rows(
    path: Path, header: list[str], rows: list[list[Any]], schema: Schema, problems: list[Problem]
) -> pd.DataFrame:
    """Rows without a problem, in the schema's dtypes; each different cell of a column is read once."""
    *cells, lines = zip(*rows, strict=True) if rows else [()] * (len(header) + 1)
    given = dict(zip(header, cells, strict=True))
    values, right = {}, np.ones(len(rows), bool)
    own = [
        Column(name, "text", "", "a column of the study's own", (), True) for name in given if name not in schema.names
    ]
    for column in (*schema.columns, *own):
        texts = [text.strip() for text in given.get(column.name, [""] * len(rows))]
        known: dict[str, Any] = {}
        faults: dict[str, str] = {}
        for text in dict.fromkeys(texts):
            try:
                known[text] = parse_cell(text, column)
            except ValueError as error:
                faults[text] = f"{column.name} {f'{text!r} ' if text else ''}{error}"
        for at in (at for at, text in enumerate(texts) if text in faults) if faults else ():
            problems.append(Problem(path, lines[at], faults[texts[at]], f"It holds: {column.meaning}"))
            right[at] = False
        values[column.name] = [known.get(text) for text in texts]
    frame = pd.DataFrame({**values, "line": lines}, dtype=object)[right]
    if "timestamp" in frame:  # a bare date is a day, whoever gave it: as midnight UTC it could be the day before
        texts = pd.Series(given["published"], dtype=object).str.strip()[right]
        frame.loc[texts.str.fullmatch(_MONTH).astype(bool), "timestamp"] = "month"
        bare = texts.str.fullmatch(_DATE_WITHOUT_TIME).astype(bool)
        frame.loc[bare & (frame["timestamp"] == "publisher"), "timestamp"] = "day"
    return frame.astype({**{c.name: tables.DTYPES[c.kind] for c in (*schema.columns, *own)}, "line": "int64"})


def _first_of_each_key(path: Path, frame: pd.DataFrame, schema: Schema, problems: list[Problem]) -> pd.DataFrame:
    """The rows but those that repeat the key of another, which are problems."""
    key = list(schema.key)
    again = frame.duplicated(key)
    first = frame[again].merge(frame[~again], on=key)["line_y"] if again.any() else ()
    for row, line in zip(frame[again].to_dict("records"), first, strict=True):
        shown = ", ".join(f"{row[k]:%Y-%m-%d}" if hasattr(row[k], "year") else str(row[k]) for k in key)
        fix = f"Delete one of the two rows (the first is line {line})"
        problems.append(Problem(path, row["line"], f"{' + '.join(key)} {shown!r} occurs twice", fix))
    return frame[~again].reset_index(drop=True)


def parse_cell(text: str, column: Column) -> Any:
    """Value of a CSV cell for a column, None where it is empty; ValueError says why it does not fit."""
    if not text:
        if column.optional:
            return None
        raise ValueError("is empty")
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
            stamp = pd.Timestamp(datetime.fromisoformat(f"{text}-01" if re.fullmatch(_MONTH, text) else text))
            if column.kind == "day":
                return stamp.tz_localize(None).normalize()
            return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
        except (ValueError, OverflowError):
            raise ValueError("is not a date in ISO 8601 (2022-12-07 or 2022-12-07T15:54:07Z)") from None
    return language_tag(text) if column.unit.startswith("BCP 47") else unescape_formula(text)
