"""Blank sheets: what a coder fills in is read back as it is, and the sample is fair to outlets."""

from __future__ import annotations

import csv
import re

import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.study import load_study
from analysis.study.blank_sheet import draw_articles, write_blank_sheet

pytestmark = pytest.mark.slow
CODEBOOK = """variable,values_per_article,question,value,definition
genre,single,what is it,news,
genre,single,what is it,opinion,
act,multi,which words,coup,
act,multi,which words,removal,
"""


@pytest.fixture
def coded_folder(study_folder):
    (study_folder / "codebook.csv").write_text(CODEBOOK, encoding="utf-8")
    return study_folder


def fill(path, codes) -> None:
    """Write codes (column → text) into the first rows of a sheet, as a coder does."""
    if path.suffix == ".xlsx":
        openpyxl = pytest.importorskip("openpyxl")
        workbook = openpyxl.load_workbook(path)
        sheet = workbook.worksheets[0]
        columns = [cell.value for cell in sheet[1]]
        for line, row in enumerate(codes, start=2):
            for name, text in row.items():
                sheet.cell(line, columns.index(name) + 1, text)
        workbook.save(path)
        return
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, texts in zip(rows, codes, strict=False):
        row.update(texts)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_filled_sheet_is_read_back_as_it_is_and_an_empty_one_holds_no_code(coded_folder, suffix):
    path, articles = write_blank_sheet(
        load_study(coded_folder), "ann", output=coded_folder / "codings" / f"ann.{suffix}", sample=4
    )
    assert 4 == articles
    assert load_study(coded_folder).codes.empty
    fill(path, [{"genre": "News", "act: coup": "yes"}, {"genre": "n/a", "act: removal": "no"}, {"note": "unsure"}])
    codings = load_study(coded_folder).codes[["article", "coder", "variable", "value", "status"]].fillna("")
    assert {
        ("genre", "news", "coded"),
        ("act", "coup", "coded"),
        ("genre", "", "not-applicable"),
        ("act", "", "nothing"),
    } == {*codings[["variable", "value", "status"]].itertuples(index=False, name=None)}
    assert {"ann"} == set(codings["coder"])
    assert 2 == codings["article"].nunique()


def test_a_workbook_offers_what_may_be_chosen(coded_folder, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    path, _ = write_blank_sheet(load_study(coded_folder), "ann", output=tmp_path / "ann.xlsx")
    workbook = openpyxl.load_workbook(path)
    sheet = workbook.worksheets[0]
    columns = [cell.value for cell in sheet[1]]
    assert ["article", "outlet", "published", "url", "coder", "genre", "act: coup", "act: removal", "note"] == columns
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", sheet.cell(row, 3).value) for row in range(2, sheet.max_row + 1))
    assert "hidden" == workbook["lists"].sheet_state
    lists = {}
    for validation in sheet.data_validations.dataValidation:
        reference = validation.formula1.partition("!")[2].replace("$", "")
        choices = [cell.value for (cell,) in workbook["lists"][reference]]
        lists |= {columns[area.min_col - 1]: choices for area in validation.sqref.ranges}
    assert ["news", "opinion", "n/a"] == lists["genre"]
    assert ["yes", "no", "n/a"] == lists["act: removal"]


def test_coders_with_one_seed_get_the_same_articles_of_every_outlet_by_its_size():
    sizes = {"big": 60, "middle": 30, "small": 10}
    articles = pd.DataFrame([(f"{outlet}-{n}", outlet) for outlet, size in sizes.items() for n in range(size)])
    articles.columns = ["article", "outlet"]
    drawn = draw_articles(articles, 20, 1)
    assert drawn.equals(draw_articles(articles.sample(frac=1, random_state=3), 20, 1))
    counts = drawn["outlet"].value_counts()
    assert all(abs(counts[outlet] - size / 5) <= 1 for outlet, size in sizes.items())
    assert set(articles["article"]) == set(draw_articles(articles, None, 1)["article"])
    often = pd.concat(draw_articles(articles, 20, seed) for seed in range(150))["article"].value_counts()
    assert 150 * 0.2 == pytest.approx(often.reindex(articles["article"], fill_value=0).mean())
    assert often.reindex(articles["article"], fill_value=0).between(10, 55).all()


@pytest.mark.parametrize(
    ("coder", "name", "message"),
    [
        ("ann", "ann.ods", "ann.ods is neither .csv nor .xlsx"),
        ("ann", "articles.csv", "articles.csv exists, and may hold codes. Name another file with --output"),
    ],
)
def test_what_cannot_be_written_is_told(coded_folder, coder, name, message):
    with pytest.raises(AnalysisError) as raised:
        write_blank_sheet(load_study(coded_folder), coder, output=coded_folder / name)
    assert message in str(raised.value)


def test_a_study_without_codebook_is_told(study_folder):
    with pytest.raises(AnalysisError, match=r"holds no variable to code\. Write codebook\.csv first"):
        write_blank_sheet(load_study(study_folder), "ann")


@pytest.mark.parametrize("coder", ["team/ann", ".ann", " "])
def test_a_sheet_that_would_not_be_read_again_is_not_written(coded_folder, coder):
    with pytest.raises(AnalysisError, match="cannot name a sheet that is read"):
        write_blank_sheet(load_study(coded_folder), coder)
    assert not (coded_folder / "codings").exists()
