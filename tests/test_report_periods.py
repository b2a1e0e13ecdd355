"""Actors over the periods, as sentences and slopes."""

import pandas as pd
import pytest

from analysis.report.periods import figure_of_periods, period_findings
from analysis.stats.corpus import actors_by_period
from analysis.study import load_study


@pytest.fixture(scope="module")
def study():
    return load_study("castillo-2022")


@pytest.fixture(scope="module")
def table(study):
    return actors_by_period(study)


def test_the_largest_change_comes_first_with_its_counts_in_at_most_25_words(study, table):
    first, *others = [finding.text for finding in period_findings(study, table, limit=9)]
    assert (
        "Pedro Castillo is named in 31 of 35 articles from 5 to 10 December, in 5 of 30 from 1 to 28 February."
        == first
    )
    assert 0 < len(others) < table["actor"].nunique() - 1
    assert all(len(text.split()) <= 25 for text in (first, *others))


def test_nothing_is_said_where_nothing_changes(study, table):
    assert [] == period_findings(study, table.assign(q=0.2))
    assert [] == period_findings(study, table[:0])


def test_the_figure_tells_every_share_or_why_there_is_none(study, table):
    shown = figure_of_periods(study, table)
    assert "Pedro Castillo 31 of 35 (89 %), 49 of 89 (55 %), 28 of 122 (23 %), 5 of 30 (17 %);" in shown.record["text"]
    assert "31 of 35 (89" in shown.html
    assert "Fewer than two periods" in figure_of_periods(study, pd.DataFrame()).html
