"""Groups of outlets compared in whom they name: outlets are the unit, and too few of them are refused."""

import pandas as pd
import pytest

from analysis import load_study
from analysis.report.estimates import table_of_groups
from analysis.results.groups import group_differences, group_sentence
from analysis.stats import outlet_groups
from analysis.study import selection


@pytest.fixture
def few_outlets_do(monkeypatch):
    """As if one outlet with one article were enough on each side."""
    for name in ("LEAST_TESTED_OUTLETS", "LEAST_ARTICLES", "LEAST_WITH_VALUE"):
        monkeypatch.setattr(outlet_groups, name, 1)


def test_seventeen_outlets_cannot_stand_for_their_countries():
    study = load_study("castillo-2022")
    table = group_differences(study, "country")
    assert table.empty
    text = group_sentence(study, "country", table)
    assert text.startswith("Whether country matters cannot be tested: that takes 10 outlets with 20 articles on each")
    assert "GB (" in text and "US (" in text
    assert table_of_groups(study, table) is None


def test_counts_are_those_of_observed_articles_of_outlets_in_a_reference(small_study, few_outlets_do):
    table = group_differences(small_study, "country")
    assert len(table)
    chosen = selection.select(small_study)
    countries = small_study.outlets.set_index("outlet")["country"]
    named = selection.counts(chosen, "actors", ["pedro-castillo"])["pedro-castillo"] > 0
    row = table[table["value"] == "pedro-castillo"].iloc[0]
    counts = {True: [0, 0], False: [0, 0]}
    for article, outlet, observed in chosen.articles[["outlet", "observed"]].itertuples():
        if observed and outlet in small_study.reference_outlets:
            counts[countries[outlet] == row["group"]][0] += named[article]
            counts[countries[outlet] == row["group"]][1] += 1
    assert [*counts[True], *counts[False]] == list(row[["count", "articles", "other_count", "other_articles"]])
    assert "here" in table_of_groups(small_study, table).html


def test_what_differs_is_named_and_what_does_not_is_counted(small_study):
    rows = {"group": ["US", "GB"], "value": ["pedro-castillo", "dina-boluarte"], "adjusted_p": [0.01, 0.4]}
    table = pd.DataFrame(rows)
    assert "Groups by country that differ from the others: US in Pedro Castillo." == group_sentence(
        small_study, "country", table
    )
    assert "No difference by country is sure, in 1 comparison." == group_sentence(small_study, "country", table[1:])
