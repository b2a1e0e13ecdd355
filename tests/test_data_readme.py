"""data/README.md explains every table and column, as analysis/tables/columns.csv does."""

import csv
from pathlib import Path

import pytest
from data_dictionary import MARKS, README, dictionary

from analysis.report.descriptions import VALIDITY
from analysis.study import load_study

ROOT = Path(__file__).resolve().parents[1]


def test_the_data_dictionary_is_that_of_the_tables():
    assert dictionary().strip() == MARKS.search(README.read_text(encoding="utf-8"))[2].strip()


def test_agreement_shown_in_the_study_is_the_agreement_measured():
    page = (ROOT / "data" / "castillo-2022" / "README.md").read_text(encoding="utf-8")
    with VALIDITY.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["instrument"] == "sub-event"]
    assert 3 == len(rows)
    for row in rows:
        variable, disagreements = row["measure"].split(" of ")[1], row["who"].split(", ")[1].split()[0]
        assert f"| {variable} | {row['n']} | {disagreements} | {float(row['value']):.3f} |" in page


@pytest.mark.slow
def test_codes_that_count_are_those_both_coders_gave_or_that_were_settled():
    folder = ROOT / "data" / "castillo-2022" / "codings"
    codes = {}
    for name in ("coder-a", "coder-b", "settled"):
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            codes[name] = {(row["article"], row["start"], row["variable"]): row["value"] for row in rows}
    first, second = codes["coder-a"], codes["coder-b"]
    assert first.keys() == second.keys()
    assert {unit for unit in first if first[unit] != second[unit]} == codes["settled"].keys()
    expected = first | codes["settled"]
    study = load_study("castillo-2022")
    counted = {
        (row["article"], "", variable): row[variable]
        for row in study.manifest.to_dict("records")
        for variable in ("genre", "subevent", "body_kind")
    }
    counted |= {(row.article, str(row.start), "polarity"): row.polarity for row in study.polarity.itertuples()}
    assert expected == counted
