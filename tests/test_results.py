"""Every comparison of a study in one table: families of q, variants, languages, and the cache."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis import results, tables
from analysis.results import (
    add_q_values,
    compare_variant,
    is_primary,
    is_significant,
    margin,
    pair_results,
)
from analysis.results.measures import equal_weights, measured
from analysis.stats.difference import compare
from analysis.stats.inference import adjust_p, build_design, observe
from analysis.study import load_study, selection

pytestmark = pytest.mark.slow
MEASURES = {
    "actor-share",
    "actor-rate",
    "label-share",
    "label-share-own",
    "sentiment",
    "targeted-sentiment",
    "term-share",
}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The cache's folder, of this test alone."""
    monkeypatch.setattr(results, "find_root", lambda: tmp_path)
    return tmp_path / ".cache" / "castillo" / "results"


def _one(table, **facts):
    facts = {"reference": "other outlets"} | facts
    rows = table[(table[list(facts)] == pd.Series(facts)).all(axis=1)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_all_measures_and_tested_outlets_are_there(small_study, small_results):
    assert MEASURES >= set(small_results["measure"])
    assert {"actor-share", "sentiment", "term-share"} <= set(small_results["measure"])
    assert set(small_study.tested) == set(small_results["group"])
    assert {"other outlets", "mean of other outlets"} == {r for r in small_results["reference"] if "without" not in r}
    key = ["measure", "feature", "group", "reference", "variant", "adjustment"]
    assert not small_results.duplicated(key).any()


def test_an_aggregator_is_compared_on_titles_only(small_results):
    assert {"title"} == set(small_results.loc[small_results["group"] == "portal", "variant"])
    assert {"title", "lede", "text"} == set(small_results.loc[small_results["group"] == "north", "variant"])


def test_references_hold_shared_days_of_referees_only(small_results):
    """North: three of east, six of south, two of wschod for actors; words of five of south (one has a caption)."""
    share = _one(
        small_results, measure="actor-share", group="north", variant="title", adjustment="raw", feature="pedro-castillo"
    )
    assert (8, 11, "mul") == (share["articles"], share["reference_articles"], share["language"])
    words = small_results[(small_results["measure"] == "term-share") & (small_results["group"] == "north")]
    words = words[(words["variant"] == "lede") & (words["adjustment"] == "raw")]
    assert {(8, 8, "en")} == set(
        words[["articles", "reference_articles", "language"]].itertuples(index=False, name=None)
    )


def test_q_is_of_one_family_of_primary_rows_over_all_outlets(small_study, small_results):
    """Lede of north and south, titles of portal, standardized; what can never pass is no part of it."""
    primary = small_results[is_primary(small_study, small_results)]
    assert {("north", "lede"), ("south", "lede"), ("portal", "title")} == set(
        primary[["group", "variant"]].drop_duplicates().itertuples(index=False, name=None)
    )
    assert (primary["adjustment"] == "standardized").all()
    others = small_results.drop(primary.index)
    for rows, keys in ((primary, ["measure"]), (others, ["measure", "variant", "adjustment"])):
        for _, family in rows.groupby(keys):
            able = (family["test"] != "cannot pass").to_numpy()
            np.testing.assert_allclose(family["q"], adjust_p(family["p"].where(able)), atol=1e-9)


def test_a_pair_is_a_family_by_itself_and_turned_round_turns_its_signs(small_study):
    table, turned = (pair_results(small_study, *pair) for pair in (("north", "south"), ("south", "north")))
    assert {("north", "south")} == set(table[["group", "reference"]].itertuples(index=False, name=None))
    shares = table[(table["measure"] == "actor-share") & is_primary(small_study, table)]
    assert 2 == len(shares)
    able = shares["test"] != "cannot pass"
    np.testing.assert_allclose(shares["q"], adjust_p(shares["p"].where(able)), atol=1e-9)
    assert {(6, 5)} == set(shares[["articles", "reference_articles"]].itertuples(index=False, name=None))
    key = ["measure", "feature", "variant", "adjustment"]
    one, two = (of.set_index(key)["estimate"].dropna().sort_index() for of in (table, turned))
    pd.testing.assert_series_equal(one, -two)


def test_across_languages_only_actors_are_compared(small_study):
    table = pair_results(small_study, "north", "wschod")
    assert {"actor-share"} == set(table["measure"])


def test_a_table_is_computed_once_and_kept_where_that_can_be(tmp_path):
    table = pd.DataFrame({"p": [0.25]})
    path = tmp_path / "results" / "one.parquet"
    for compute in (lambda: table, lambda: pytest.fail("computed again")):
        pd.testing.assert_frame_equal(table, results.kept(path, compute))
    (tmp_path / "file").write_text("no folder")
    pd.testing.assert_frame_equal(table, results.kept(tmp_path / "file" / "one.parquet", lambda: table))


def test_the_key_follows_settings_study_files_and_features(study_folder, edit):
    keys = [results.kept_at(load_study(study_folder))]
    assert keys == [results.kept_at(load_study(study_folder))]
    for name, old, new in (
        ("study.toml", "seed = 7", "seed = 8"),
        ("articles.csv", "publisher", "crawl"),
        ("labels.csv", "self-coup,any", "self-coup,exact"),
    ):
        edit(name, old, new)
        keys.append(results.kept_at(load_study(study_folder)))
    path = study_folder / "features" / "terms.parquet"
    pd.read_parquet(path).iloc[1:].to_parquet(path)
    keys.append(results.kept_at(load_study(study_folder)))
    assert len(keys) == len(set(keys))


def test_five_seeds_have_the_same_findings(monkeypatch):
    """Of drawn p, which alone hang on the seed: they move, and what is found stays."""
    monkeypatch.setattr(results, "_words", lambda *_: [])
    study = load_study("sample")
    todo = [(outlet, None, selection.primary_of(study, outlet)) for outlet in study.tested]
    table = pd.concat([compare_variant(study, one) for one in todo], ignore_index=True)
    seen, drawn = [], []
    for seed in (20221207, 1, 2, 3, 4):
        one = add_q_values(replace(study, settings=study.settings.model_copy(update={"seed": seed})), table)
        found = one[is_primary(study, one) & is_significant(one)]
        seen.append(sorted(zip(*(found[key] for key in ("measure", "group", "feature")), strict=True)))
        drawn.append(one.loc[one["test"] == "drawn", "p"].to_list())
    assert len(seen[0]) > 3
    assert [seen[0]] * 5 == seen
    assert drawn[0] != drawn[1]


def test_the_second_label_of_a_set_of_two_is_no_test_of_its_own(small_study, small_results):
    """Coup and self-coup are all there is of their set: one rises as the other falls."""
    row = (
        small_results[small_results["measure"] == "label-share"]
        .iloc[[0]]
        .assign(reference="other outlets", adjustment="standardized", variant="lede", test="moments", least=0.0)
    )
    table = pd.concat(
        [
            row.assign(group="north", feature="act:coup", estimate=0.3, p=0.03, measure="label-share"),
            row.assign(group="north", feature="act:self-coup", estimate=-0.3, p=0.03, measure="label-share"),
            row.assign(group="north", feature="crowd:mob", estimate=0.1, p=0.04, measure="label-share"),
        ]
    ).assign(test="exact")
    assert [0.04, 0.04, 0.04] == add_q_values(small_study, table)["q"].to_list()
    apart = table.assign(estimate=[0.3, -0.2, 0.1])
    assert [0.04] * 3 == add_q_values(small_study, apart.assign(p=[0.02, 0.03, 0.04]))["q"].to_list()
    alone = table.assign(p=[0.03, 0.03, 0.9])
    assert [0.06, 0.06, 0.9] == add_q_values(small_study, alone)["q"].to_list()


def test_what_can_never_pass_is_no_part_of_its_family(small_study, small_results):
    row = small_results[small_results["measure"] == "actor-share"].iloc[[0]]
    row = row.assign(reference="other outlets", adjustment="standardized", variant="lede", group="north", test="exact")
    table = pd.concat([row.assign(p=0.04, least=0.01), row.assign(p=0.6, least=0.3)])
    found = add_q_values(small_study, table)
    assert ["exact", "cannot pass"] == found["test"].to_list()
    assert 0.04 == found["q"][0]
    assert np.isnan(found["q"][1])


def test_what_draws_leave_undecided_is_not_significant():
    row = pd.Series({"q": 0.04, "lower": 0.1, "upper": 0.4, "test": "undecided"})
    assert not is_significant(row)
    assert is_significant(row.drop("test"))


@pytest.mark.parametrize(
    ("ends", "scale", "expected"),
    [((-0.02, 0.142), 100, 15), ((-0.15, 0.1), 100, 15), ((0.01, 0.07), 100, 7), ((-3.2, 1.0), 1, 4)],
)
def test_a_margin_is_the_smallest_whole_one_that_holds_the_interval(ends, scale, expected):
    row = pd.Series(dict(zip(("lower", "upper"), ends, strict=True)))
    assert expected == margin(row, scale=scale)
    assert np.isnan(margin(row * np.nan))


def test_an_outlet_that_shares_no_day_is_left_out_and_the_others_are_compared(study_folder, edit):
    edit("outlets.csv", "RSS,no,2022-12-08,2022-12-20", "RSS,no,2023-01-01,2023-01-02")
    study = load_study(study_folder)
    assert "south" not in study.tested  # of its articles none is from a day of steady observation
    assert len(compare_variant(study, ("north", None, "lede")))
    assert compare_variant(study, ("south", None, "lede")).empty
    table = pair_results(study, "south", "north")
    assert (tables.COMPARISON.names, 0) == (list(table), len(table))


def test_copies_and_equal_outlets_stand_beside_each_primary_row_without_p(small_study, small_results):
    primary = small_results[is_primary(small_study, small_results) & (small_results["measure"] == "actor-share")]
    keys = ["measure", "feature", "group", "variant"]
    beside = small_results[small_results["reference"] == "mean of other outlets"]
    joined = primary.merge(beside, on=keys, suffixes=("", "_beside"))
    variants = {"north": "lede", "south": "lede", "portal": "title"}
    able = {o for o, v in variants.items() if equal_weights(measured(small_study, "actor-share", v, o)) is not None}
    assert able
    assert len(joined) == primary["group"].isin(able).sum()
    assert beside[["p", "q", "detectable"]].isna().all(axis=None)
    copies = small_results[small_results["adjustment"] == "without copies"]
    assert len(copies)
    assert copies[["p", "q"]].isna().all(axis=None)


def test_what_is_significant_is_computed_again_without_each_other_outlet(small_study, small_results):
    """As if the study had never had it: the estimate is that of the articles left."""
    whole = small_results[is_primary(small_study, small_results) & (small_results["measure"] == "actor-share")]
    row = whole[whole["group"] == "north"].iloc[0]
    forced = small_results.assign(q=small_results["q"].where(small_results.index != row.name, 0.001))
    forced.loc[row.name, ["lower", "upper"]] = [0.1, 0.9]
    (headline,) = [one for one in results.headlines(small_study, forced) if one[::2] == ("north", "actor-share")]
    assert row["feature"] in headline[3]
    again = results.leave_one_out(small_study, headline)
    one = measured(small_study, "actor-share", "lede", "north")
    design, outlets = one.data.design, one.outlets
    others = set(outlets[design.sides[1]])
    assert {f"other outlets without {other}" for other in others} == set(again["reference"])
    for other in others:
        frame = again[again["reference"] == f"other outlets without {other}"].set_index("feature")
        kept = np.flatnonzero((design.side == 0) & (outlets != other))
        few = observe(build_design(np.flatnonzero(design.side), kept, design.stratum), one.data.value)
        expected = compare(few, one.features, "share", adjustments=["standardized"])
        numbers = ["feature", "estimate", "count", "reference_count", "articles", "reference_articles"]
        expected = expected[expected["feature"].isin(headline[3])][numbers].set_index("feature")
        np.testing.assert_allclose(expected.loc[frame.index], frame[numbers[1:]])


def test_q_of_a_made_table_by_hand(small_study, small_results):
    """Two outlets with p 0.01 and 0.04 are one family: 0.02 and 0.04; a variant does not enlarge it."""
    row = small_results[small_results["measure"] == "sentiment"].iloc[[0]]
    rows = [
        row.assign(group=group, variant=variant, adjustment="standardized", p=p, test="exact", least=0)
        for group, variant, p in (("north", "lede", 0.01), ("south", "lede", 0.04), ("north", "text", 0.03))
    ]
    assert [0.02, 0.04, 0.03] == add_q_values(small_study, pd.concat(rows))["q"].to_list()
