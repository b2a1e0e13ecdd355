"""Blank coding sheets: a row per article, drawn at random within outlets, to be filled in and read by `codings`."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError, MissingLibrary, did_you_mean, write_errors
from analysis.paths import replace_file
from analysis.study.codings import Variable, variables

if TYPE_CHECKING:
    from analysis.study import Study

_OF_ARTICLE = ("article", "outlet", "url")


def write_blank_sheet(
    study: Study, coder: str, *, output: Path | None = None, sample: int | None = None, seed: int | None = None
) -> tuple[Path, int]:
    """Write a sheet to code articles in: CSV, or a workbook with lists to choose from where `output` ends in .xlsx.

    Parameters
    ----------
    study : Study with a codebook
    coder : name of the coder; without an `output` the sheet is codings/CODER.csv of the study
    output : Path, never one that exists
    sample, seed : int; how many articles are drawn (None: all), and by which draw. Coders with the same sample and
        seed get the same articles

    Returns
    -------
    (Path, int), the file and its number of articles

    Raises
    ------
    AnalysisError
        Where the study has no codebook or no article, or the file exists.
    """
    path = output or study.folder / "codings" / f"{coder}.csv"
    if study.codebook.empty:
        fix = "Write codebook.csv first, a row per value of a variable (data/README.md says how)"
        raise AnalysisError(f"{study.folder / 'codebook.csv'} holds no variable to code. {fix}.")
    if study.manifest.empty:
        raise AnalysisError(f"{study.folder / 'articles.csv'} holds no article to code. Add their rows first.")
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise AnalysisError(f"{path} is neither .csv nor .xlsx{did_you_mean(path.suffix, ['.csv', '.xlsx'])}.")
    if Path(coder).name != coder or coder.startswith((".", "~")) or not coder.strip():
        raise AnalysisError(f"coder {coder!r} cannot name a file. Use letters and digits.")
    if path.exists():
        raise AnalysisError(f"{path} exists, and may hold codes. Name another file with --output, or delete it.")
    book = variables(study.codebook).values()
    articles = draw_articles(study.manifest, sample, study.settings.seed if seed is None else seed)
    rows = articles[list(_OF_ARTICLE)].assign(coder=coder).fillna("").to_numpy().tolist()
    write = _workbook if path.suffix.lower() == ".xlsx" else _csv
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, write([*_OF_ARTICLE, "coder"], rows, list(book), study.codebook))
    return path, len(rows)


def draw_articles(articles: pd.DataFrame, size: int | None, seed: int) -> pd.DataFrame:
    """A random sample of articles in which each outlet has its share, in random order; all where `size` is None."""
    rng = np.random.default_rng(seed)
    drawn = articles.sort_values("article").iloc[rng.permutation(len(articles))]
    by_outlet = drawn.groupby("outlet", sort=True)["article"]
    start = pd.Series(rng.random(by_outlet.ngroups), index=sorted(set(drawn["outlet"])))
    # Evenly spaced within each outlet, from a random start: every article is as likely to be drawn.
    order = (by_outlet.cumcount() + drawn["outlet"].map(start)) / by_outlet.transform("size")
    return drawn.loc[order.sort_values(kind="stable").index].head(len(drawn) if size is None else size)


def _columns(book: list[Variable]) -> list[tuple[str, Variable]]:
    """Columns to be filled in: one of a variable with a single value, else one for each value."""
    values = {variable.name: [""] if variable.single else variable.values.values() for variable in book}
    return [(": ".join(filter(None, (v.name, value))), v) for v in book for value in values[v.name]]


def _csv(fixed: list[str], rows: list[list[str]], book: list[Variable], codebook: pd.DataFrame) -> bytes:
    columns = [name for name, _ in _columns(book)]
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(
        [[*fixed, *columns, "note"], *([*row, *[""] * (len(columns) + 1)] for row in rows)]
    )
    return file.getvalue().encode()


def _workbook(fixed: list[str], rows: list[list[str]], book: list[Variable], codebook: pd.DataFrame) -> bytes:
    """A workbook: the sheet to fill in, one that explains each value, and a hidden one of what may be chosen."""
    try:
        from openpyxl import Workbook
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.datavalidation import DataValidation
    except ImportError:
        raise MissingLibrary("openpyxl", "readers", "Writing .xlsx") from None
    workbook = Workbook()
    sheet, explained, lists = workbook.active, workbook.create_sheet("codebook"), workbook.create_sheet("lists")
    sheet.title, lists.sheet_state = "coding", "hidden"
    columns = _columns(book)
    _append(sheet, [[*fixed, *(name for name, _ in columns), "note"], *rows])
    facts = ["variable", "values_per_article", "question", "value", "definition"]
    _append(explained, [facts, *codebook.reindex(columns=facts).fillna("").to_numpy().tolist()])
    for place, (_, variable) in enumerate(columns, start=len(fixed) + 1):
        letter, choice = get_column_letter(place), [*variable.values.values()] if variable.single else ["yes", "no"]
        choice.append("n/a")
        for line, value in enumerate(choice, start=1):
            lists.cell(line, place, value)
        listed = DataValidation("list", formula1=f"lists!${letter}$1:${letter}${len(choice)}", allow_blank=True)
        listed.showErrorMessage, listed.error = True, f"It takes: {', '.join(choice)}"[:250]
        listed.add(f"{letter}2:{letter}{len(rows) + 1}")
        sheet.add_data_validation(listed)
    sheet.freeze_panes = sheet.cell(2, 2)
    for place in range(1, len(fixed) + len(columns) + 2):
        sheet.column_dimensions[get_column_letter(place)].width = 16
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def _append(sheet: Any, rows: list[list[str]]) -> None:
    for row in rows:
        sheet.append([text or None for text in row])
        for cell in filter(lambda cell: cell.value, sheet[sheet.max_row]):
            cell.data_type = "s"  # an address or a name is never a formula
