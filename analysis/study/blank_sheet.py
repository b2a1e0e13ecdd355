"""Blank coding sheets: a row per article, drawn at random within outlets, to be filled in and read by `codings`."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError, MissingLibrary, did_you_mean, write_errors
from analysis.paths import replace_file
from analysis.study import Study
from analysis.study.codings import Variable, variables

#: Columns that are filled in already.
_FIXED = ("article", "outlet", "published", "url", "coder")


def write_blank_sheet(
    study: Study, coder: str, *, output: Path | None = None, sample: int | None = None, seed: int | None = None
) -> tuple[Path, int]:
    """Write a sheet to code articles in, and return its path and how many articles it has.

    It is CSV, or a workbook with lists to choose from where `output` ends in .xlsx; without an `output` it is
    codings/CODER.csv of the study, never a file that exists. So many articles are drawn (`sample`; None: all), the same
    for coders with the same sample and seed. AnalysisError where there is no codebook, or no sheet can be named so.
    """
    path = output or study.folder / "codings" / f"{coder}.csv"
    if study.codebook.empty:
        fix = "Write codebook.csv first, a row per value of a variable (data/README.md says how)"
        raise AnalysisError(f"{study.folder / 'codebook.csv'} holds no variable to code. {fix}.")
    if Path(coder).name != coder or coder.startswith((".", "~")) or not coder.strip():
        raise AnalysisError(f"coder {coder!r} cannot name a sheet that is read. Use letters and digits.")
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise AnalysisError(f"{path} is neither .csv nor .xlsx{did_you_mean(path.suffix, ['.csv', '.xlsx'])}.")
    if path.exists():
        raise AnalysisError(f"{path} exists, and may hold codes. Name another file with --output, or delete it.")
    articles = draw_articles(study.manifest, sample, study.settings.seed if seed is None else seed)
    columns = _columns(variables(study.codebook).values())
    days = articles["published"].dt.strftime("%Y-%m-%d")  # by which an article without address is found
    sheet = articles[["article", "outlet", "url"]].assign(published=days, coder=coder)
    sheet = sheet.reindex(columns=[*_FIXED, *columns, "note"])
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        is_workbook = path.suffix.lower() == ".xlsx"
        content = _workbook(sheet, columns, study.codebook) if is_workbook else sheet.to_csv(index=False).encode()
        replace_file(path, content)
    return path, len(sheet)


def draw_articles(articles: pd.DataFrame, size: int | None, seed: int) -> pd.DataFrame:
    """A random sample of articles in which each outlet has its share, in random order; all where `size` is None."""
    rng = np.random.default_rng(seed)
    drawn = articles.sort_values("article").iloc[rng.permutation(len(articles))]
    by_outlet = drawn.groupby("outlet", sort=True)["article"]
    start = pd.Series(rng.random(by_outlet.ngroups), index=sorted(set(drawn["outlet"])))
    # Evenly spaced within each outlet, from a random start: every article is as likely to be drawn.
    order = (by_outlet.cumcount() + drawn["outlet"].map(start)) / by_outlet.transform("size")
    return drawn.loc[order.sort_values(kind="stable").index].head(len(drawn) if size is None else size)


def _columns(book: Iterable[Variable]) -> dict[str, list[str]]:
    """Columns to be filled in, and what may be chosen: one of a variable with a single value, else one per value."""
    columns = {}
    for variable in book:
        values = list(variable.values.values())
        if variable.single:
            columns[variable.name] = [*values, "n/a"]
        else:
            columns |= {f"{variable.name}: {value}": ["yes", "no", "n/a"] for value in values}
    return columns


def _workbook(sheet: pd.DataFrame, columns: Mapping[str, list[str]], codebook: pd.DataFrame) -> bytes:
    """A workbook: the sheet to fill in, one that explains each value, and a hidden one of what may be chosen."""
    try:
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.datavalidation import DataValidation
    except ImportError:
        raise MissingLibrary("openpyxl", "readers", "Writing .xlsx") from None
    file, choices = io.BytesIO(), pd.DataFrame({name: pd.Series(values) for name, values in columns.items()})
    with pd.ExcelWriter(file, engine="openpyxl") as writer:
        sheet.to_excel(writer, sheet_name="coding", index=False, freeze_panes=(1, 1))
        codebook.to_excel(writer, sheet_name="codebook", index=False)
        choices.to_excel(writer, sheet_name="lists", index=False, header=False)
        writer.sheets["lists"].sheet_state = "hidden"
        for place, values in enumerate(columns.values(), start=1):
            listed, cells = get_column_letter(place), get_column_letter(place + len(_FIXED))
            rule = DataValidation("list", formula1=f"lists!${listed}$1:${listed}${len(values)}", allow_blank=True)
            rule.add(f"{cells}2:{cells}{len(sheet) + 1}")
            writer.sheets["coding"].add_data_validation(rule)
    return file.getvalue()
