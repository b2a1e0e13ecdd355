"""data/README.md explains every table and column, as analysis/tables/__init__.py does."""

import csv
from pathlib import Path

from data_dictionary import MARKS, README

from analysis.report.descriptions import VALIDITY
from analysis.tables.dictionary import dictionary

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


def test_settled_codes_are_those_of_the_manifest():
    folder = ROOT / "data" / "castillo-2022"
    with (folder / "articles.csv").open(encoding="utf-8", newline="") as file:
        manifest = {row["article"]: row for row in csv.DictReader(file)}
    coded = {}
    for coder in ("a", "b"):
        with (folder / "coding" / f"coder-{coder}.csv").open(encoding="utf-8", newline="") as file:
            coded[coder] = {row["article"]: row for row in csv.DictReader(file)}
    with (folder / "coding" / "settled.csv").open(encoding="utf-8", newline="") as file:
        settled = {(row["article"], row["variable"]): row["settled"] for row in csv.DictReader(file)}
    assert set(manifest) == set(coded["a"]) == set(coded["b"])
    for article, row in manifest.items():
        for variable in ("genre", "subevent", "body_kind"):
            first, second = coded["a"][article][variable], coded["b"][article][variable]
            expected = first if first == second else settled[article, variable]
            assert expected == row[variable], (article, variable)
