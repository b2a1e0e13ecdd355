"""Every number is rounded before it is written, so that no processor's last bits show: wording.rounded."""

from __future__ import annotations

import csv
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pandas as pd
import pytest
from lxml import html

from analysis.report.components import csv_of, show_table
from analysis.report.estimates import figure_of_estimates
from analysis.wording import DIGITS

#: Decimals that sentences, cells and tooltips have at most; that a coordinate of a figure has.
PROSE, DRAWN = 3, 6
FRAME = pd.DataFrame({"label": ["a"], "estimate": [1 / 3], "lower": [-2e-17 / 3], "upper": [2 / 3 * 1e-9 + 1]})


def decimals(text: str) -> int:
    """The most decimals of any number in a text."""
    return max((len(found) for found in re.findall(r"\d\.(\d+)(?![\d.]*\.\d)", text)), default=0)


def csv_decimals(text: str) -> int:
    """The most decimals of any cell that is a number."""
    most = 0
    for cell in (cell for row in csv.reader(text.splitlines()) for cell in row):
        try:
            most = max(most, -int(Decimal(cell).as_tuple().exponent))
        except (InvalidOperation, ValueError):  # text
            continue
    return most


def check_page(source: str) -> None:
    """Prose and tables of a page, the texts of its figures, and what these draw."""
    page = html.document_fromstring(source)
    for hidden in page.xpath("//style | //details[contains(@class, 'code') or @class = 'bibtex'] | //footer"):
        hidden.drop_tree()
    assert PROSE >= decimals(" ".join(page.itertext()))
    for figure in page.xpath("//*[local-name()='svg']"):
        drawn = (value for mark in figure.iter() for name, value in mark.items() if "id" not in name)
        assert DRAWN >= decimals(" ".join(drawn))


def test_numbers_of_a_page_a_csv_and_a_figure_are_rounded(closed_figures: None) -> None:
    """Also small ones, those of mixed columns, and those that no format is given for."""
    frame = FRAME.assign(mixed=pd.Series([2 / 3], dtype=object))
    assert "label,estimate,lower,upper,mixed\na,0.3333333333,-0.0,1.0000000007,0.6666666667\n" == csv_of(frame)
    assert DIGITS == csv_decimals(csv_of(frame))
    figure = figure_of_estimates(FRAME, "Points", name="f", caption="F.", xlabel="x")
    check_page(figure.html + show_table(frame, name="t", caption="T.").html)
    assert "0.33 (0.00 to 1.00)" in figure.record["text"]


@pytest.mark.slow
@pytest.mark.parametrize("study", ["sample", "castillo-2022"])
def test_numbers_of_built_reports_are_rounded(built, study: str) -> None:  # type: ignore[no-untyped-def]
    """In every page, CSV and figure."""
    folder: Path = built(study)
    pages, files = sorted(folder.glob("*.html")), sorted(folder.glob("*.csv"))
    assert pages
    assert files
    for page in pages:
        check_page(page.read_text(encoding="utf-8"))
    assert {} == {
        path.name: most for path in files if (most := csv_decimals(path.read_text(encoding="utf-8"))) > DIGITS
    }
