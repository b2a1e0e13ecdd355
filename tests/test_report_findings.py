"""From rows of results to sentences: what may be claimed, and nothing beyond."""

import math

import pandas as pd
import pytest

from analysis import tables
from analysis.report.findings import (
    MEASURES,
    Finding,
    as_written,
    by_weight,
    overturned,
    period_findings,
    spread_sentence,
    strongest,
)
from analysis.report.views import differences
from analysis.results.measures import EQUAL
from analysis.stats.corpus import actors_by_period

STANCE = {
    *("biased", "hostile", "favourable", "slanted", "unfair", "neutral", "critical", "sympathetic", "propaganda"),
    *("objective", "partisan", "prejudice", "loaded", "distorted", "most", "least", "best", "worst", "strongest"),
}
ROW = {
    "measure": "actor-share", "feature": "pedro-castillo", "group": "north", "reference": "other outlets",
    "language": "mul", "variant": "lede", "adjustment": "standardized", "estimate": 0.25, "lower": 0.05,
    "upper": 0.45, "z": 2.5, "p": 0.001, "q": 0.012, "effect": 0.5, "detectable": 0.28, "count": 15,
    "reference_count": 30, "articles": 20, "reference_articles": 60,
}  # fmt: skip


def _table(*rows):
    return tables.check(pd.DataFrame([{**ROW, **row} for row in rows]), tables.COMPARISON)


def _found(study, *rows, measure="actor-share", group=None):
    return strongest(study, _table(*rows), [measure], group)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "more"),
        ({"q": 0.0501}, "cannot tell"),
        ({"q": math.nan}, "cannot tell"),
        ({"estimate": -0.25, "lower": -0.45, "upper": -0.05}, "less"),
        ({"lower": -0.01}, "cannot tell"),
        ({"lower": math.nan, "upper": math.nan}, "cannot tell"),
    ],
)
def test_q_and_interval_together_decide(small_study, row, expected):
    assert [expected] == differences(small_study, _table(row), "actor-share")["verdict"].to_list()
    assert {expected} >= {found.verdict for found in _found(small_study, row)}


def test_what_is_open_is_one_sentence_with_what_could_have_been_found(small_study):
    rows = [{"feature": f, "q": 0.5, "detectable": d} for f, d in (("a", 0.2), ("b", 0.3), ("c", 0.4))]
    (found,) = _found(small_study, *rows)
    assert ("cannot tell", "confirmatory") == (found.verdict, found.status)
    assert "Only differences larger than about 30 points in who is named would have shown." == found.text
    assert "30 points in who is named" == found.limit


def test_differences_come_by_z_each_actor_and_set_once_and_what_is_open_last(small_study):
    rate = {"measure": "actor-rate", "language": "en"}
    labels = {"measure": "label-share", "language": "en"}
    less = {**labels, "feature": "act:coup", "z": -9.0, "estimate": -0.5, "lower": -0.9, "upper": -0.1}
    sets = [less, {**labels, "feature": "act:self-coup", "z": 8.0}]
    table = _table({}, {**rate, "z": 9.0}, {**rate, "feature": "dina-boluarte"}, *sets, {"feature": "open", "q": 0.9})
    told = strongest(small_study, table, ["actor-share", "label-share", "actor-rate"], "north")
    assert ["more"] * 3 + ["cannot tell"] == [f.verdict for f in told]
    texts = " ".join(finding.text for finding in told[:3])
    assert [] == [part for part in ("“self coup”", "Castillo in 15", "Boluarte 15 times") if part not in texts]
    rows = [{"feature": f"a{n}", "z": z} for n, z in enumerate((2.0, -5.0, 3.0, 4.0))]
    told = [finding.text.split()[3] for finding in _found(small_study, *rows)]
    assert ["a1", "a3", "a2", "a0"] == told


def test_only_primary_rows_of_the_measure_and_group_speak(small_study):
    others = [{"variant": "text"}, {"adjustment": "raw"}, {"measure": "sentiment"}, {"group": "south"}]
    assert 1 == len(_found(small_study, {}, *others, group="north"))
    assert 2 == len(_found(small_study, {}, *others))
    assert [] == _found(small_study, {}, *others, measure="label-share")
    (found,) = _found(small_study, {"group": "portal", "variant": "title"})  # an aggregator
    assert "Compared on titles only." in found.detail


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"variant": "title", "lower": -0.1}, ["on titles only"]),
        ({"variant": "text", "estimate": -0.1, "lower": -0.3, "upper": -0.05}, ["on whole text"]),
        ({"adjustment": "raw", "lower": -0.1}, ["with periods not matched"]),
        ({"adjustment": "without copies", "lower": -0.1}, ["without copies"]),
        ({"reference": EQUAL, "upper": 0.3, "lower": -0.1}, ["with every other outlet weighing the same"]),
        ({"reference": "other outlets without south", "lower": -0.1}, ["without The South"]),
        ({"reference": "other outlets without south"}, []),
        ({"variant": "text", "lower": math.nan, "upper": math.nan}, ["on whole text"]),
        ({"variant": "text", "lower": -0.1, "feature": "dina-boluarte"}, []),
        ({"variant": "text", "lower": -0.1, "reference": "south"}, []),
    ],
)
def test_what_another_variant_overturns_is_called_fragile(small_study, other, expected):
    table = _table({}, other)
    assert expected == overturned(small_study, table, table.iloc[0])
    text = strongest(small_study, table, ["actor-share"])[0].detail
    assert (f"Fragile: it does not hold {expected[0]}." in text) if expected else ("Fragile" not in text)


def test_many_single_outlets_are_counted_and_a_pair_is_held_to_its_own_comparisons(small_study):
    """A difference that any of many outlets can overturn hangs by a thread, not on one of them."""
    names = ["south", "east", "wschod", "portal"]
    table = _table({}, *({"reference": f"other outlets without {name}", "lower": -0.1} for name in names))
    assert ["without any one of 4 other outlets"] == overturned(small_study, table, table.iloc[0])
    assert 3 == len(overturned(small_study, table.iloc[:4], table.iloc[0]))
    pair = {"reference": "south"}
    whole = [{**pair, "variant": "text", "lower": -1, "adjustment": a} for a in ("raw", "standardized")]
    table = _table(pair, {"lower": -0.1}, *whole)
    assert ["on whole text"] == overturned(small_study, table, table.iloc[0])


@pytest.mark.slow
@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("sign", [1, -1])
def test_no_sentence_takes_a_stance_or_ranks(small_study, measure, sign):
    feature = "act:self-coup" if measure.startswith("label") else "pedro-castillo"
    lower, upper = sorted((sign * 0.05, sign * 0.45))
    row = {"measure": measure, "feature": feature, "estimate": sign * 0.25, "lower": lower, "upper": upper}
    found = _found(small_study, {**row, "q": 0.01}, {**row, "q": 0.9, "group": "south"}, measure=measure)
    assert [{1: "more", -1: "less"}[sign], "cannot tell"] == [f.verdict for f in found]
    for finding in found:
        words = finding.text.lower().replace(",", " ").replace(".", " ").split()
        assert not set(words) & {*STANCE, "nan"}


def test_confirmatory_differences_open_and_what_is_open_closes():
    statuses = {"a": ("cannot tell", "confirmatory"), "b": ("more", "exploratory"), "c": ("less", "confirmatory")}
    a, b, c = (Finding(text, *status) for text, status in statuses.items())
    assert [c, b, a] == by_weight([a], [b, c])


RATE = {"measure": "actor-rate", "estimate": 3.24, "lower": 1.0, "upper": 5.45, "feature": "dina-boluarte"}
LABEL = {"measure": "label-share", "feature": "act:self-coup", "language": "en", "count": 3, "reference_count": 5}
DOWN = {"estimate": -0.25, "lower": -0.45, "upper": -0.05, "reference": "south"}
SENTENCES = {
    "names Pedro Castillo in 15 of 20 articles, the other outlets in 30 of 60.": ({}, "+25 points, 95 % interval +5"),
    "names Pedro Castillo in 1 of 1 article, The South in 30 of 60.": (
        {"estimate": -0.004, "lower": -0.3, "upper": -0.001, "reference": "south", "articles": 1, "count": 1.0},
        "0 points, 95 % interval −30 to 0",
    ),
    "names Dina Boluarte 15 times in 20 articles, the other outlets 30 times in 60.": (
        RATE,
        "+3.2 mentions per 1,000 words, 95 % interval +1.0 to +5.5",
    ),
    # Of the study as it was made: North has 8 uses of the set, the others 11 in English where observed.
    "says “self coup” in 3 of 8 cases, others in 5 of": (LABEL, "+25 points"),
    "uses “Dina Boluarte” in 15 of 20 articles, the other outlets in 30 of 60.": (
        {"measure": "term-share", "feature": "dina boluarte"},
        "+25 points, 95 % interval +5 to",
    ),
    "is worded warmer than the other outlets: by 0.25 (scale −1 to 1) in 20 articles against 60.": (
        {"measure": "sentiment", "feature": "sentiment"},
        "+0.25, 95 % interval +0.05 to +0.45",
    ),
    "is worded more negative than The South where it names Pedro Castillo: by 0.25 (": (
        {"measure": "targeted-sentiment", **DOWN},
        "−0.25, 95 % interval −0.45 to −0.05; q = 0.012; exploratory. Not corrected for the instrument's errors.",
    ),
}


@pytest.mark.parametrize("expected", SENTENCES)
def test_a_sentence_holds_counts_and_denominators_and_the_small_print_the_rest(small_study, expected):
    row, detail = SENTENCES[expected]
    (found,) = _found(small_study, row, measure=row.get("measure", "actor-share"))
    assert ("less" if row.get("estimate", 1) < 0 else "more") == found.verdict
    assert ("exploratory" if row.keys() & {"measure", "reference"} else "confirmatory") == found.status
    assert f"The North {expected}" in found.text
    assert found.detail.replace("\N{NO-BREAK SPACE}", " ").startswith(f"Matched difference {detail}")
    assert len(found.text.split()) <= 25


def test_every_measure_is_told_in_sentences_and_shares_in_points():
    assert set(tables.MEASURES) == set(MEASURES)
    assert ["share" in name for name in MEASURES] == [measure.scale == 100 for measure in MEASURES.values()]
    numbers = [MEASURES[name].number(-0.12, sign=True) for name in ("label-share", "actor-rate", "sentiment")]
    assert ["−12", "−0.1", "−0.12"] == numbers


def test_names_of_several_words_are_shown_as_the_study_writes_them(small_study):
    """Of words alone, of names in other words and of names written in two ways nothing is changed."""
    expected = "protests of Dina Boluarte and boluarte"
    assert expected == as_written(small_study, "protests of dina boluarte and boluarte")
    both = pd.concat([small_study.actors, small_study.actors.assign(alias="dina Boluarte")])
    small_study = type("Study", (), {"actors": both, "labels": small_study.labels})()
    assert "dina boluarte" == as_written(small_study, "dina boluarte")


def test_the_largest_change_between_periods_comes_first_with_its_counts_in_at_most_25_words(event_study):
    table = actors_by_period(event_study)
    first, *others = [finding.text for finding in period_findings(event_study, table, limit=9)]
    expected = "Pedro Castillo is named in 31 of 35 articles from 5 to 10 December, in 5 of 30 from 1 to 28 February."
    assert expected == first
    assert 0 < len(others) < table["actor"].nunique() - 1
    assert all(len(text.split()) <= 25 for text in (first, *others))
    assert [] == period_findings(event_study, table.assign(q=0.2)) == period_findings(event_study, table[:0])


def test_the_sentence_on_spread_says_which_matters_more_in_shares_of_articles():
    """logit .2 is −1.386; a deviation of 1 to either side gives .084 and .405, of .4 .144 and .272."""
    expected = (
        "When an article appeared says more about whom it names than who published it. For an actor in 20 % of "
        "articles, the share would typically range from 8 to 40 % over periods and from 14 to 27 % over outlets."
    )
    assert expected == spread_sentence({"period × actor": 1.0, "outlet × actor": 0.4})
    other = spread_sentence({"period × actor": 0.0, "outlet × actor": 0.4})
    assert other.startswith("Who published an article says more about whom it names than when it appeared.")
    assert "range not at all over periods and from 14 to 27 % over outlets" in other
    assert "" == spread_sentence({"actor": 1.0, "outlet × actor": 0.4})
