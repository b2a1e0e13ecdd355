"""Codes in reports: what is told as a finding and what is not, and figures that hold the numbers drawn."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis import load_study
from analysis.errors import UnknownName
from analysis.report import coded
from analysis.report.coded import code_findings, figure_of_code_intervals, figure_of_code_shares
from analysis.results.coded import code_shares, group_overlap
from analysis.results.groups import article_facts, portrait_groups

#: What needs the agreement of coders, which takes ten seconds to compute once.
AGREEMENT = pytest.mark.slow


@pytest.fixture(scope="module")
def world():
    return load_study("castillo-2022-world")


SURE = {
    **{"value": "ouster", "group": "English", "count": 156, "articles": 359, "other_count": 58, "other_articles": 1095},
    **{"difference": 0.34, "lower": 0.28, "upper": 0.40, "p": 0.001, "adjusted_p": 0.01, "family_p": 0.01, "q": 0.01},
    **{"verdict": "firm", "fails": "", "family": "congress_act_own"},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("group", "begins"),
    [
        ("English", "English: "),
        ("other Spanish", "Other Spanish: "),
        ("the country's others", "The country's others: "),
    ],
)
def test_a_finding_has_its_numbers_and_denominators_and_begins_with_a_capital(world, group, begins):
    (found,) = code_findings(world, pd.DataFrame([SURE | {"group": group}]))
    expected = "156 of 359 pages (43 %) say that Castillo was ousted, against 58 of the 1,095 others (5 %)."
    assert (begins + expected, "more", "exploratory") == (found.text, found.verdict, found.status)


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({}, "yes"),
        ({"adjusted_p": 0.06}, "cannot tell"),
        ({"q": 0.06}, "cannot tell"),
        ({"verdict": "tentative"}, "tentative: coders agree only so far"),
        ({"fails": "without aggregators"}, "not without aggregators"),
    ],
)
def test_what_is_not_sure_in_every_way_is_no_finding_and_the_table_says_why(world, change, answer):
    table = pd.DataFrame([SURE | change])
    (found,) = code_findings(world, table)
    assert ("more" if answer == "yes" else "cannot tell") == found.verdict
    html = coded.table_of_code_differences(world, table, "congress_act_own").html
    assert [] == [cell for cell in ("156 of 359", "58 of 1095", "+34 (+28 to +40)", answer) if cell not in html]


def test_the_largest_differences_come_first_and_each_value_once(world):
    rows = [SURE, SURE | {"group": "Peru", "difference": -0.5}, SURE | {"value": "removal", "difference": 0.4}]
    first, second = (finding.text for finding in code_findings(world, pd.DataFrame(rows)))
    assert ("Peru: ", "English: ") == (first[:6], second[:9])
    assert "write “removed”" in second
    assert [] == code_findings(world, pd.DataFrame(columns=list(SURE)))
    empty = coded.table_of_code_differences(world, pd.DataFrame(columns=list(SURE)), "congress_act_own").html
    assert "no value is in enough pages of enough outlets" in empty


@AGREEMENT
def test_what_is_common_is_told_as_a_plain_count_has_it(world):
    sources = world.codings("sources")
    given = sources[sources["coder"].str.startswith("a")]
    pages, boluarte = given["article"].nunique(), (given["value"] == "boluarte").sum()
    expected = f"Of {pages:,} pages {boluarte} ({boluarte / pages:.0%}) quote Boluarte".replace("%)", " %)")
    assert coded.common_finding(world, "sources").text.startswith(expected)


def test_what_study_toml_combines_is_told_of_the_two_groups_with_most_and_the_one_with_least(world):
    names = {"value": "any-coup", "articles": 40, "lower": 0, "upper": 1}
    counts = {"Peru": 10, "other Spanish": 30, "English": 5, "Portuguese": 20}
    union = world.settings.combined[0]
    rows = [names | {"value": union.name, "group": g, "count": n, "share": n / 40} for g, n in counts.items()]
    (found,) = coded.combined_findings(world, {union.variable: pd.DataFrame(rows)})[:1]
    expected = f"Other Spanish: 30 of 40 pages (75 %) {union.phrase}; Portuguese: 20 of 40; English: 5 of 40."
    assert expected == found.text


@AGREEMENT
def test_a_heat_map_tells_every_cell_and_draws_no_share_of_few_pages(world, closed_figures):
    shares = code_shares(world, "congress_act_own", "group")
    shown = figure_of_code_shares(world, shares, "congress_act_own", order=coded.group_order(world, "group"))
    for told in ("Peru, removal: 12 of 361 pages, 3 % (", "English, ouster: 156 of 359 pages, 43 % ("):
        assert told in shown.record["text"]
        assert f"<title>{told}" in shown.html
    assert "Peru (361)" in shown.html
    assert "·" in shown.html  # Peru's ousters are fewer than five


@AGREEMENT
def test_points_are_of_the_commonest_values_and_nothing_is_said_where_there_are_none(world, closed_figures):
    shares = code_shares(world, "crowd", "group")
    shown = figure_of_code_intervals(world, shares, "crowd", most=2)
    assert shown.record["text"].startswith("Points. protesters, ")
    assert "rioters" not in shown.record["text"]
    for figure in (figure_of_code_shares, figure_of_code_intervals):
        assert "nothing to show" in figure(world, shares.iloc[:0], "crowd").html


@AGREEMENT
def test_agreement_is_shown_with_its_verdict(world):
    html = coded.table_of_agreement(world, ["trigger"]).html
    assert [] == [words for words in ("0.717 (", "tentative", "415 pages coded twice") if words not in html]


def test_facts_of_pages_have_their_group_their_sub_event_and_the_period_of_a_month_that_lies_in_it(world):
    facts = article_facts(world)
    months = facts[facts["timestamp"] == "month"].groupby("published")["period"].unique()
    assert [["none"], ["january-deaths"], ["february"]] == [[str(p) if p == p else "none" for p in ps] for ps in months]
    assert facts.loc[facts["published"].isna(), "period"].isna().all()
    assert {"Peru"} == set(facts.loc[facts["country"] == "PE", "group"])
    assert {"English"} == set(facts.loc[(facts["country"] != "PE") & (facts["language"] == "en"), "group"])


@AGREEMENT
def test_a_portrait_sets_an_outlet_beside_the_others_of_its_country_or_one_other(world):
    beside_all = portrait_groups(world, "larepublica-pe").value_counts()
    assert {"La República": 81, "the country's other outlets": 279} == beside_all.to_dict()
    groups = portrait_groups(world, "larepublica-pe", "elcomercio-pe")
    assert {"La República": 81, "El Comercio": 38} == groups.value_counts().to_dict()
    shares = code_shares(world, "sources", groups).set_index(["value", "group"])
    assert (31, 81) == tuple(shares.loc[("protesters", "La República"), ["count", "articles"]])


@AGREEMENT
def test_groups_without_a_test_are_told_with_the_reason_and_an_unknown_one_with_those_that_are_there(world):
    table, reasons = group_overlap(world, "country")
    assert len(world.manifest) == table["pages"].sum()
    assert "few" == reasons["JP"] and "PE" not in reasons
    for variable, by, message in (("sorces", "group", r"did you mean 'sources'\?"), ("sources", "nation", "grouping")):
        with pytest.raises(UnknownName, match=message):
            code_shares(world, variable, by)
