"""Files of a study folder, read so that each problem has its line: CSV, workbooks, and study.toml as text."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import tables
from analysis.errors import MissingLibrary, Problem, did_you_mean
from analysis.tables import Column, Schema, language_tag
from analysis.wording import unescape_formula

_MONTH = "[0-9]{4}-[0-9]{2}"
#: Line and cells of each row of a file.
Rows = list[tuple[int, list[str]]]


def read_utf8(path: Path, fix: str) -> tuple[str, list[Problem]]:
    """Text of a study file without a byte order mark, or the problem that it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"byte {error.object[error.start]:#04x} is not UTF-8; nothing was read"
        return "", [Problem(path, line, message, "Save the file as UTF-8")]
    except OSError as error:
        exists = not isinstance(error, FileNotFoundError)
        return "", [Problem(path, None, f"cannot be read ({error.strerror})" if exists else "does not exist", fix)]


def line_of(text: str, name: str, entry: int = 0) -> int | None:
    """1-based line of study.toml where a setting, or its table number `entry`, stands; None where there is none."""
    place = re.compile(rf"""^[ \t]*(\[\[?[ \t]*)?["']?{re.escape(name)}["']?[ \t]*[=\].]""", re.MULTILINE)
    table = re.search(r"^[ \t]*\[", text, re.MULTILINE)
    top = table.start() if table else len(text)  # a key below is one of that table
    starts = [match.start() for match in place.finditer(text) if match[1] or match.start() < top]
    return text.count("\n", 0, starts[entry if entry < len(starts) else 0]) + 1 if starts else None


def told_once(path: Path, faults: Mapping[int, tuple[str, str]]) -> list[Problem]:
    """A problem for each different fault (what is wrong, what to do) of lines: its first, and how many more have it."""
    counts, problems = Counter(faults.values()), dict[tuple[str, str], Problem]()
    for line, (message, fix) in faults.items():
        more = f" (and in {counts[message, fix] - 1} more rows)" if counts[message, fix] > 1 else ""
        problems.setdefault((message, fix), Problem(path, line, message + more, fix))
    return list(problems.values())


def read_table(path: Path, fix: str, separators: str = ",;\t") -> tuple[pd.DataFrame, list[Problem]]:
    """Cells of a CSV file or of the first visible sheet of a workbook, as text, by their line; and its problems.

    Blanks around cells and empty rows are left out. Without columns where nothing could be read.
    """
    is_workbook = path.suffix.lower() == ".xlsx"
    rows, problems = _workbook_rows(path) if is_workbook else _csv_rows(path, fix, separators)
    rows = [(line, cells) for line, cells in rows if any(cells)]
    (_, header), *rows = rows or [(1, [])]
    header = header[: max((place for place, name in enumerate(header, start=1) if name), default=0)]
    if not header:
        return pd.DataFrame(), problems or [Problem(path, 1, "is empty", fix)]
    names = [name.casefold() for name in header]
    faults = [(f"column {at} has no name", "Name it (do not merge cells)") for at, n in enumerate(names, 1) if not n]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if faults := faults + [(f"column {name!r} occurs twice", "Keep one of them") for name in twice]:
        return pd.DataFrame(), [*problems, *(Problem(path, 1, *fault) for fault in faults)]
    width, kept = len(header), {}
    for line, cells in rows:
        if any(cells[width:]) or (len(cells) < width and not is_workbook):
            message = f"has {len(cells)} fields where the first line has {width}"
            problems.append(Problem(path, line, message, "Put fields that hold a comma in quotation marks"))
        else:
            kept[line] = [*cells, *[""] * width][:width]
    return pd.DataFrame.from_dict(kept, orient="index", columns=header, dtype="str"), problems


def _csv_rows(path: Path, fix: str, separators: str) -> tuple[Rows, list[Problem]]:
    """Rows of a CSV file, whichever of some separators its first line has most of."""
    text, problems = read_utf8(path, fix)
    if head := re.match("sep=(.)\r?\n", text):
        text, separators = "\n" + text[head.end() :], head[1]
    first = text.lstrip("\r\n").partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(separators, key=first.count), strict=True)
    rows, line = [], 1
    try:
        for cells in reader:
            rows.append((line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
    except csv.Error as error:  # an open quotation mark runs on: the line is where its row starts
        message, close = f"broken CSV ({error}); no row was read", "Close the quotation marks of this row"
        return [], [Problem(path, line, message, close)]
    return rows, problems


def _workbook_rows(path: Path) -> tuple[Rows, list[Problem]]:
    """Rows of the first visible sheet of a workbook, cells as they would be written in CSV."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise MissingLibrary("openpyxl", "readers", "Reading .xlsx") from None
    try:
        sheet = next(sheet for sheet in load_workbook(path).worksheets if sheet.sheet_state == "visible")
    except Exception as error:  # whatever a damaged archive makes its parsers raise
        return [], [Problem(path, None, f"is no workbook that can be read ({error})", "Save it anew as .xlsx")]
    rows, problems = [], []
    for line, row in enumerate(sheet.iter_rows(), start=1):
        for cell in row:
            if cell.data_type == "f":
                message = f"cell {cell.coordinate} holds a formula, {cell.value!r}"
                problems.append(Problem(path, line, message, "Paste its value in its place"))
        values = ("" if cell.value is None else cell.value for cell in row)
        rows.append((line, [f"{v:.0f}" if isinstance(v, float) and v.is_integer() else str(v).strip() for v in values]))
    return ([], problems) if problems else (rows, [])


def read_csv(path: Path, schema: Schema) -> tuple[pd.DataFrame, list[Problem]]:
    """Rows of a CSV file that have no problem, with a last column `line` (from 1), and every problem of the others."""
    table, problems = read_table(path, f"Create it with the columns {','.join(schema.names)}", separators=",")
    faults = _header_faults(list(table), schema) if len(table.columns) else []
    if faults or not len(table.columns):
        return tables.empty(schema).assign(line=0), problems + [Problem(path, 1, *fault) for fault in faults]
    own = [Column(name, "text", "", "what you write", (), True) for name in table if name not in schema.names]
    columns = {column.name: column for column in (*schema.columns, *own)}
    table, values = table.reindex(columns=list(columns), fill_value=""), {}
    right = pd.Series(True, index=table.index)
    for name, column in columns.items():
        values[name], wrong = _parse(table[name].unique(), column)
        if wrong:
            told = {line: wrong[text] for line, text in table[name].items() if text in wrong}
            problems += told_once(path, told)
            right &= ~table[name].isin(list(wrong))
    table = table[right]
    twice = table.duplicated(list(schema.key))
    keys, firsts = table[list(schema.key)], dict[tuple[str, ...], int]()
    for line, *cells in keys.itertuples(name=None):
        if (first := firsts.setdefault(tuple(cells), line)) != line:
            fix = f"Delete one of the two rows (the first is line {first})"
            problems.append(Problem(path, line, f"{' + '.join(keys)} {', '.join(cells)!r} occurs twice", fix))
    table = table[~twice]
    parsed = {name: list(map(values[name].__getitem__, table[name].tolist())) for name in columns}
    dtypes = {name: tables.DTYPES[column.kind] for name, column in columns.items()}
    frame = pd.DataFrame(parsed, dtype=object).astype(dtypes)
    if "timestamp" in frame:
        # A bare date is a day, whoever gave it: as midnight UTC it could be the day before.
        written = table["published"].reset_index(drop=True)
        bare = written.str.fullmatch(f"{_MONTH}-[0-9]{{2}}") & (frame["timestamp"] == "publisher")
        frame["timestamp"] = frame["timestamp"].mask(bare, "day").mask(written.str.fullmatch(_MONTH), "month")
    problems.sort(key=lambda problem: problem.line or 0)
    return frame.assign(line=table.index.astype("int64")), problems


def _header_faults(header: list[str], schema: Schema) -> list[tuple[str, str]]:
    """Everything wrong with the columns of a first line: what, and what to do."""
    if len(header) == 1 and re.search("[;\t]", header[0]):
        return [("its cells are not separated by commas", "Save it as CSV with commas")]
    faults = []
    for name in (column.name for column in schema.columns if not column.extra and column.name not in header):
        hint = did_you_mean(name, [other for other in header if other not in schema.names])
        faults.append((f"column {name!r} is missing", f"Add it to the first line{hint}"))
    for name in (name for name in header if name not in schema.names):
        hint = did_you_mean(name, [other for other in schema.names if other not in header])
        if schema is not tables.ARTICLES_CSV or hint:  # articles may have columns of the study's own
            faults.append((f"column {name!r} is unknown", f"Rename or delete it{hint}"))
    return faults


def _parse(texts: Iterable[str], column: Column) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
    """Values of different cells of a column, and what is wrong with the others, by what is written."""
    values, faults = {}, {}
    for text in texts:
        try:
            values[text] = parse_cell(text, column)
        except ValueError as error:
            faults[text] = f"{column.name} {f'{text!r} ' if text else ''}{error}", f"It holds: {column.meaning}"
    return values, faults


def parse_cell(text: str, column: Column) -> Any:
    """Value of a CSV cell for a column, None where it is empty; ValueError says why it does not fit."""
    if not text:
        if column.optional:
            return None
        raise ValueError("is empty")
    if column.allowed and text not in column.allowed:
        raise ValueError(f"is none of {', '.join(column.allowed)}{did_you_mean(text, column.allowed)}")
    if column.kind == "integer":
        if not re.fullmatch("[0-9]{1,18}", text):  # int() would also read 1_0 and -1
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
