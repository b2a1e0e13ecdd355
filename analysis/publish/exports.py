"""Figures and tables of the pages in a folder as files for a paper; no part of a build, the same bytes each time."""

import io
import re
import zipfile
from collections.abc import Collection, Iterator
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
from lxml import html

from analysis.errors import MissingLibrary
from analysis.publish.reports import slug
from analysis.publish.state import write
from analysis.report.components import csv_of
from analysis.report.style import COLOURS, ON_PAPER
from analysis.wording import plural

_FIGURE = re.compile(r'<figure class="chart" id="figure-([^"]+)">.*?(<svg .*?</svg>)', re.DOTALL)
#: What LaTeX has no letter for, or would break.
_LATEX: Any = {"−": "$-$", "\N{NO-BREAK SPACE}": "~", "\N{NARROW NO-BREAK SPACE}": "~", "\u2068": "", "\u2069": ""}


def write_exports(reports: Path, figures: Collection[str], tables: Collection[str]) -> Iterator[str]:
    """Lines on the figures and tables that are written in these formats."""
    for name, formats, writer in (("figure", figures, write_figures), ("table", tables, write_tables)):
        if formats:
            yield f"{reports / f'{name}s'}: {plural(len(writer(reports, formats)), name)}"


def write_figures(reports: Path, formats: Collection[str] = ("svg",)) -> list[Path]:
    """Paths of figures/<report>.<figure>.* of the pages in a folder: SVG is written here, and the numbers told as CSV.

    Other formats are drawn while reports are made. Files of figures that no page has are deleted.
    """
    folder, names = reports / "figures", set()
    for page in _pages(reports):
        for name, svg in _FIGURE.findall(page.read_text(encoding="utf-8")):
            path = folder / f"{page.stem}.{slug(name)}.csv"
            names.add(path.stem)
            drawn = reports / path.name  # of a figure of one's own the page has its numbers already
            write(path, drawn.read_bytes() if drawn.is_file() else _told(svg).encode())
            if "svg" in formats:
                write(path.with_suffix(".svg"), standalone(svg).encode())
    return _kept(folder, names, formats)


def write_tables(reports: Path, formats: Collection[str]) -> list[Path]:
    """Paths of tables/<report>.<table>.*: every table of the pages in a folder as a reader sees it there."""
    folder, names = reports / "tables", set()
    writers = {"csv": lambda table, *_: csv_of(table).encode(), "tex": _tex, "docx": _docx}
    for page in _pages(reports):
        for table in html.fromstring(page.read_bytes()).xpath("//main//table[starts-with(@id, 'table-')]"):
            name = f"{page.stem}.{slug(table.get('id').removeprefix('table-'))}"
            names.add(name)
            head, *rows = [[" ".join(c.text_content().split()) for c in row] for row in table.iter("tr")]
            caption = " ".join(table.findtext("caption").split())
            for kind in formats:
                write(folder / f"{name}.{kind}", writers[kind](pd.DataFrame(rows, columns=head), caption, name))
    return _kept(folder, names, formats)


def _pages(reports: Path) -> list[Path]:
    return sorted(set(reports.glob("*.html")) - {reports / "index.html"})


def _kept(folder: Path, names: set[str], formats: Collection[str]) -> list[Path]:
    """Files of a folder in these formats, after those of what no page has were deleted."""
    for path in folder.glob("*.*"):
        if path.stem not in names and path.suffix in (".svg", ".png", ".pdf", ".csv", ".tex", ".docx"):
            path.unlink()
    return sorted(path for kind in formats for path in folder.glob(f"*.{kind}"))


def _told(svg: str) -> str:
    """The text alternative of a figure as a table: each thing told, and its numbers."""
    text = unescape(svg.partition("<desc")[2].partition(">")[2].partition("</desc>")[0]).rstrip(".")
    parts = [part.rpartition(": ") for part in re.split(r"; |\. (?=\S)", text)]
    return csv_of(pd.DataFrame([(name, value) for name, _, value in parts], columns=["of", "value"]))


def _tex(table: pd.DataFrame, caption: str, name: str) -> bytes:
    escaped = table.rename(columns=_escape).map(_escape)
    text = escaped.to_latex(index=False, escape=False, caption=_escape(caption), label=f"tab:{name}")
    return str(text).encode()


def _escape(text: str) -> str:
    text = re.sub(r"[&%$#_{}]", r"\\\g<0>", text.replace("\\", " "))
    text = text.replace("~", r"\textasciitilde{}").replace("^", r"\textasciicircum{}")
    return text.translate(str.maketrans(_LATEX))


def _docx(table: pd.DataFrame, caption: str, name: str) -> bytes:
    try:
        from docx import Document
    except ImportError as error:
        raise MissingLibrary("python-docx", "exports", "--tables docx") from error
    document: Any = Document()
    document.core_properties.created = document.core_properties.modified = datetime(2000, 1, 1)
    document.add_paragraph(caption, style="Caption")
    # One cell after the other by its address takes minutes.
    cells = document.add_table(len(table) + 1, len(table.columns), style="Table Grid")._cells
    for cell, text in zip(cells, [*table.columns, *table.to_numpy().ravel()], strict=True):
        cell.text = text
    document.save(saved := io.BytesIO())
    with zipfile.ZipFile(saved) as read, zipfile.ZipFile(dated := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as zipped:
        for entry in read.namelist():  # of the first day the format knows: each has the time of its writing otherwise
            zipped.writestr(zipfile.ZipInfo(entry), read.read(entry), zipfile.ZIP_DEFLATED)
    return dated.getvalue()


def standalone(svg: str) -> str:
    """An inline figure as a file: fixed colours, its own size and font, a white ground."""
    for drawn, shown in COLOURS.items():
        svg = svg.replace(shown, ON_PAPER[drawn])
    width, height = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    size = f'width="{width}" height="{height}" font-family="sans-serif"'
    svg = re.sub(r'style="width:100%[^"]*"', size, svg, count=1)
    ground = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    svg = svg.replace("</desc>", f"</desc>{ground}", 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'
