"""The CSV files of a study folder: read cell by cell, so that each problem has its line."""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import tables
from analysis.errors import Problem
from analysis.settings import Settings, line_of
from analysis.tables import Column, Schema

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
        text = raw.decode("utf-8")
    except FileNotFoundError:
        return nothing, [Problem(path, None, "does not exist", fix, unread=True)]
    except OSError as error:
        return nothing, [Problem(path, None, f"cannot be read ({error.strerror})", fix, unread=True)]
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        found = f"byte {raw[error.start]:#04x} is not UTF-8; no row was read"
        return nothing, [Problem(path, line, found, "Save the file as UTF-8", unread=True)]
    rows = _rows(csv.reader(io.StringIO(text, newline=""), strict=True))
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
    for name in expected:
        if name not in header:
            hint = _did_you_mean(name, [h for h in header if h not in expected])
            complain(f"column {name!r} is missing", f"Add it to the first line{hint}")
    for name in header:
        if name not in expected:
            hint = _did_you_mean(name, [e for e in expected if e not in header])
            complain(f"column {name!r} is unknown", f"Rename or delete it{hint}")
    if len(set(header)) < len(header):
        complain("a column name occurs twice", "Keep one of them")
    return problems


def _read_rows(
    path: Path, lines: Iterable[tuple[int, list[str]]], header: list[str], schema: Schema
) -> tuple[pd.DataFrame, list[Problem]]:
    problems: list[Problem] = []
    rows: list[dict[str, Any]] = []
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
    frame = pd.DataFrame(rows, columns=[*schema.names, "line"])
    return frame.astype({**{c.name: tables.DTYPES[c.kind] for c in schema.columns}, "line": "int64"}), problems


def _read_row(path: Path, line: int, cells: Mapping[str, str], schema: Schema) -> tuple[dict[str, Any], list[Problem]]:
    row: dict[str, Any] = {}
    problems = []
    for column in schema.columns:
        text = cells[column.name].strip()
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
        raise ValueError(f"is none of {', '.join(column.allowed)}{_did_you_mean(text, column.allowed)}")
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
    return text


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def check_references(
    folder: Path, settings: Settings | None, frames: Mapping[str, pd.DataFrame], damaged: Collection[str] = ()
) -> list[Problem]:
    """Outlets, languages and sub-events that one file uses and another must know.

    `damaged` names files with problems of their own: rows were left out there, so nothing is missed in them.
    """
    outlets = set() if "outlets.csv" in damaged else set(frames["outlets.csv"]["outlet"])
    problems = _contradictions(folder, frames)
    if not outlets and "outlets.csv" not in damaged:
        problems.append(Problem(folder / "outlets.csv", None, "holds no outlet", "Add a row for each outlet"))
    for name in ("articles.csv", "observed.csv"):
        for row in frames[name].itertuples():
            if outlets and row.outlet not in outlets:
                hint = _did_you_mean(str(row.outlet), outlets)
                message = f"outlet {row.outlet!r} is unknown{hint}"
                problems.append(Problem(folder / name, int(row.line), message, "Add it to outlets.csv or mend its id"))
    if settings is None:
        return problems
    known = {**dict.fromkeys(("outlets.csv", "articles.csv"), settings.languages)}
    known |= dict.fromkeys(("actors.csv", "labels.csv"), ("*", *tables.LANGUAGES))
    for name, languages in known.items():
        for row in frames[name].itertuples():
            if row.language not in languages:
                fix = f"Known: {', '.join(languages)}"
                message = f"language {row.language!r} is unknown"
                problems.append(Problem(folder / name, int(row.line), message, fix))
    for row in frames["articles.csv"].itertuples():
        if not pd.isna(row.subevent) and row.subevent not in settings.subevents:
            hint = _did_you_mean(str(row.subevent), settings.subevents)
            message = f"subevent {row.subevent!r} is not in study.toml{hint}"
            problems.append(Problem(folder / "articles.csv", int(row.line), message, "Mend it, or add it to subevents"))
    actors = set(settings.main_actors if "actors.csv" in damaged else frames["actors.csv"]["actor"])
    for actor in settings.main_actors:
        if actor not in actors:
            message = f"main_actors names the unknown actor {actor!r}{_did_you_mean(actor, actors)}"
            problems.append(_of_setting(folder, "main_actors", message, "Use an id of actors.csv"))
    barred = [outlet for outlet in settings.excluded_from_references if outlets and outlet not in outlets]
    for outlet in barred:
        message = f"excluded_from_references names the unknown outlet {outlet!r}"
        problems.append(_of_setting(folder, "excluded_from_references", message, "Use an id of outlets.csv"))
    return problems


def _of_setting(folder: Path, name: str, message: str, fix: str) -> Problem:
    path = folder / "study.toml"
    return Problem(path, line_of(path.read_text(encoding="utf-8-sig"), name), message, fix)


def _contradictions(folder: Path, frames: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Rows whose cells cannot all be meant: each would be read without an error and lose something unseen."""
    problems = []

    def complain(name: str, line: Any, message: str, fix: str) -> None:
        problems.append(Problem(folder / name, int(line), message, fix))

    for row in frames["outlets.csv"].itertuples():
        if row.observed_to < row.observed_from:
            message = f"observed_to {row.observed_to:%Y-%m-%d} lies before observed_from {row.observed_from:%Y-%m-%d}"
            complain("outlets.csv", row.line, message, "Exchange them: no day would count as observed")
    for name, column in (("actors.csv", "alias"), ("labels.csv", "term")):
        for text, line in frames[name][[column, "line"]].itertuples(index=False):
            if not any(character.isalnum() for character in text):
                message = f"{column} {text!r} holds no letter and no digit"
                complain(name, line, message, "Write a word, or delete the row")
    for row in frames["labels.csv"].itertuples():
        if ":" in row.set:
            complain("labels.csv", row.line, f"set {row.set!r} holds a colon", "Leave it out: it parts set and label")
    meant: dict[tuple[str, str], Any] = {}
    for row in frames["labels.csv"][frames["labels.csv"]["case"] == "any"].itertuples():
        other = meant.setdefault((row.language, row.term.casefold()), row)
        if (row.set, row.label) != (other.set, other.label):
            message = f"term {row.term!r} of {row.set}:{row.label} is also one of {other.set}:{other.label}"
            complain("labels.csv", row.line, message, f"Keep one of them (the other is line {other.line})")
    for name, key, told in _SAME:
        first: dict[str, Any] = {}
        for row in frames[name].to_dict("records"):
            before = first.setdefault(row[key], row)
            if row[told] != before[told]:
                message = f"{key} {row[key]!r} has the {told} {row[told]!r}"
                complain(name, row["line"], message, f"Line {before['line']} says {before[told]!r}: make them the same")
    return problems


#: File, key, and the column that is the same in all rows with that key.
_SAME = (("actors.csv", "actor", "kind"), ("actors.csv", "actor", "name"), ("labels.csv", "set", "referent"))
