"""Sheets of rows that people filled in: CSV as spreadsheets save it, or XLSX."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

from analysis.errors import MissingLibrary, Problem
from analysis.paths import read_file
from analysis.study.studyfiles import read_utf8


class Row(NamedTuple):
    """A row of a sheet: its line, and its cells by column, stripped."""

    line: int
    cells: dict[str, str]


def read_sheet(path: Path) -> tuple[list[str], list[Row], list[Problem]]:
    """Columns and rows of a sheet, with empty columns and rows left out, or why it cannot be read."""
    lines, problems = (_lines_of_xlsx if path.suffix.lower() == ".xlsx" else _lines_of_csv)(path)
    lines = [line for line in lines if any(line[1])]
    if not lines:
        return [], [], problems or [Problem(path, 1, "is empty", "Write the columns into the first line", unread=True)]
    (_, first), *rest = lines
    used = {place for _, cells in rest for place, cell in enumerate(cells) if cell}
    header = {place: _folded(name) for place, name in enumerate(first) if name or place in used}
    header |= dict.fromkeys(used - header.keys(), "")
    places: dict[str, int] = {}
    for place, name in sorted(header.items()):
        message, fix = f"column {_letter(place)} has no name", "Name it (do not merge cells)"
        if name and (other := places.setdefault(name, place)) != place:
            message, fix = f"column {name!r} occurs twice ({_letter(other)} and {_letter(place)})", "Keep one of them"
        if not name or other != place:
            problems.append(Problem(path, 1, message, fix, unread=True))
    rows = [
        Row(line, {name: "".join(cells[place : place + 1]) for place, name in header.items()}) for line, cells in rest
    ]
    return list(header.values()), rows, problems


def _folded(name: str) -> str:
    """Name of a column, whatever its capitals and the sign between a variable and its value."""
    return re.sub(r"\s*[:=]\s*", ": ", name.casefold())


def _letter(place: int) -> str:
    """Letter of a column in a spreadsheet."""
    return (chr(64 + place // 26) if place >= 26 else "") + chr(65 + place % 26)


def _lines_of_csv(path: Path) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    """Lines of a CSV file, whichever of comma, semicolon and tab separates its first one."""
    raw, problems = read_utf8(path, "Restore it")
    text = raw.decode()
    if head := re.match("sep=(.)\r?\n", text):
        text = "\n" + text[head.end() :]
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = head[1] if head else max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines = []
    start = 1
    try:
        for cells in reader:
            lines.append((start, [cell.strip() for cell in cells]))
            start = reader.line_num + 1
    except csv.Error as error:
        fix = "Close the quotation marks of this row"
        problems.append(Problem(path, start, f"broken CSV ({error}); no row was read", fix, unread=True))
    return lines, problems


def _lines_of_xlsx(path: Path) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    """Lines of the first visible sheet of a workbook."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise MissingLibrary("openpyxl", "readers", "Reading .xlsx") from None
    try:
        workbook = load_workbook(io.BytesIO(read_file(path, root=path.parent)))
        table = next(sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible")
    except Exception as error:  # whatever a damaged archive makes its parsers raise
        message = f"is no workbook that can be read ({error})"
        return [], [Problem(path, None, message, "Save it anew as .xlsx", unread=True)]
    lines, problems = [], []
    for row in table.iter_rows():
        for cell in row:
            if cell.data_type == "f":
                message = f"cell {cell.coordinate} holds a formula, {cell.value!r}"
                problems.append(Problem(path, cell.row, message, "Paste its value in its place", unread=True))
        lines.append((int(row[0].row or 0), [_text(cell.value) for cell in row]))
    return lines, problems


def _text(value: object) -> str:
    """A cell of a workbook as it would be written in CSV."""
    is_whole = isinstance(value, float) and value.is_integer()
    return "" if value is None else f"{value:.0f}" if is_whole else str(value).strip()
