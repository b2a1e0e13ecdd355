"""Figures, frames and text of cells, as every cell of a report shows them, in whatever engine it runs."""

import re
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from IPython import get_ipython
from IPython.display import display
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from analysis.errors import AnalysisError
from analysis.report.components import Columns, Shown, csv_of, note, own_name, show_figure, show_table
from analysis.report.style import STYLE
from analysis.wording import listing, number

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CELL_FILE = re.compile(r"\S*ipykernel_\d+[/\\]\d+\.py|<ipython-input-\d+-\w+>")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_PART = r"[^\s/\\:*?\"'<>|()\[\],;]+"
_POSIX = re.compile(rf"(?<![\w:/.~<-])(?:/{_PART})+/({_PART})")
_WINDOWS = re.compile(rf"\b[A-Za-z]:\\(?:{_PART}\\)*({_PART})")
#: Rows of a table that are shown folded, and that are shown at all: its CSV holds every one.
FOLDED, MOST_ROWS = 30, 1000


def plain(text: str, root: Path | None = None) -> str:
    """Text of a cell or a traceback as it is on every machine: no colours, controls, paths, addresses in memory.

    Paths of files in `root`, the project's folder, are relative to it.
    """
    text = _CONTROLS.sub("", _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))
    text = _CELL_FILE.sub("cell", text)
    paths = sysconfig.get_paths()
    folders = {paths["purelib"], paths["platlib"], paths["stdlib"], sys.prefix, str(root or sys.prefix)}
    for folder in sorted(folders, key=lambda folder: (-len(folder), folder)):
        text = text.replace(f"{folder}/", "").replace(f"{folder}\\", "")
    text = _WINDOWS.sub(r"…\\\1", _POSIX.sub(r"…/\1", text))
    return _ADDRESS.sub("0x…", text)


def show_as_reports() -> None:
    """Have this process show figures and frames as reports do, drawn in their style unless the notebook has its own."""
    mpl.rcParams.update({name: value for name, value in STYLE.items() if name != "text.parse_math"})
    with suppress(AttributeError):
        del AnalysisError._render_traceback_  # a failure is told with its whole traceback
    formatter: Any = get_ipython().display_formatter
    for kind in (Figure, Axes):
        formatter.ipython_display_formatter.for_type(kind, lambda drawn: display(show_figure(drawn)))  # type: ignore[no-untyped-call]
    formatter.ipython_display_formatter.for_type(Artist, lambda part: None)  # a part of the figure that is shown
    for kind in (pd.DataFrame, pd.Series, Styler):
        formatter.mimebundle_formatter.for_type(kind, lambda frame: show_frame(frame)._repr_mimebundle_())


def show_frame(given: pd.DataFrame | pd.Series | Styler) -> Shown:
    """A table of any frame, its index included; the caption is a Styler's, or a frame's attrs["caption"]."""
    frame: Any = given.data if isinstance(given, Styler) else given
    caption = (isinstance(given, Styler) and given.caption) or frame.attrs.get("caption") or ""
    flat = _flat(frame.to_frame() if isinstance(frame, pd.Series) else frame)
    name = own_name("table")
    caption = str(caption) or f"{name.replace('-', ' ').capitalize()}: {listing(list(flat.columns))}"
    if not flat.columns.size:
        return note("A table without columns.")
    if isinstance(given, Styler) and list(flat.columns) == list(frame.columns):
        given = given.hide(axis="index")  # it only numbers the rows
    shown = _formatted(given) if isinstance(given, Styler) else flat
    if len(shown) > MOST_ROWS:
        caption += f". The first {MOST_ROWS:,} of {len(shown):,} rows; the CSV holds all"
    top = shown.head(MOST_ROWS)
    table = show_table(top, name=name, caption=caption, columns=_columns(top), fold=len(shown) > FOLDED)
    return Shown(table.html, {**table.record, "csv": csv_of(flat)}) if len(flat) else table


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with its index as columns, one line of headings of which no two are alike, and cells that can be told."""
    if not (isinstance(frame.index, pd.RangeIndex) and frame.index.name is None):
        index = frame.index.to_frame(index=False)
        index.columns = pd.Index([name or "" for name in frame.index.names])
        frame = pd.concat([index, frame.reset_index(drop=True)], axis=1)
    names = [" · ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    flat = frame.set_axis(_distinct(names), axis=1)
    return flat.apply(lambda column: column if pd.api.types.is_numeric_dtype(column) else column.map(_cell))


def _distinct(names: list[str]) -> list[str]:
    names = [name or "row" for name in names]
    return [f"{name} ({n})" if (n := names[:place].count(name) + 1) > 1 else name for place, name in enumerate(names)]


def _cell(value: Any) -> Any:
    """A value that a table can hold: text, a number, a day; anything else as its text."""
    if isinstance(value, str | bool | int | float | None) or value is pd.NaT or value is pd.NA:
        return value
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return f"{value:%Y-%m-%d}"
    return plain(str(value))


def _columns(frame: pd.DataFrame) -> Columns:
    """Headings, and for columns of fractions as many digits as tell its largest number by three."""
    return {name: (name, _digits(column)) if column.dtype.kind == "f" else name for name, column in frame.items()}


def _digits(column: pd.Series) -> Any:
    sizes = column.abs().replace([0, np.inf], np.nan).dropna()
    fractions = len(sizes) and (sizes % 1).any()
    digits = min(6, max(0, 2 - int(np.floor(np.log10(sizes.max()))))) if fractions else 0
    return lambda value: number(value, digits)


def _formatted(styler: Styler) -> pd.DataFrame:
    """Text that a Styler writes in each cell, without its colours: the reader's screen may be dark."""
    written = styler._translate(False, False)
    rows = [[str(cell["display_value"]) for cell in row if cell["is_visible"]] for row in written["body"]]
    heads = [[str(cell["display_value"]) for cell in row if cell["is_visible"]] for row in written["head"]]
    names = [
        " · ".join(filter(None, dict.fromkeys(part.replace("&nbsp;", "") for part in parts)))
        for parts in zip(*heads, strict=False)
    ]
    return pd.DataFrame(rows, columns=_distinct(names))
