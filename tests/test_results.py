"""Every comparison of a study in one table: families of q, variants, languages, and the cache."""

import numpy as np
import pandas as pd
import pytest

from analysis import results, tables
from analysis.results import add_q_values, is_primary, pair_results, primary_variant, study_results
from analysis.results.measures import equal_weights, measured
from analysis.stats.difference import compare
from analysis.stats.inference import adjust_p, monte_carlo_error
from analysis.stats.resampling import build_design, observe
from analysis.study import load_study

MEASURES = {
    "actor-share",
    "actor-rate",
    "label-share",
    "label-share-own",
    "sentiment",
    "targeted-sentiment",
    "term-log-odds",
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
    assert {"actor-share", "sentiment", "term-log-odds"} <= set(small_results["measure"])
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
    words = small_results[(small_results["measure"] == "term-log-odds") & (small_results["group"] == "north")]
    words = words[(words["variant"] == "lede") & (words["adjustment"] == "raw")]
    assert {(8, 8, "en")} == set(
        words[["articles", "reference_articles", "language"]].itertuples(index=False, name=None)
    )


def test_a_rate_counts_mentions_and_is_told_per_thousand_words(small_results):
    """North names Castillo once in each title of ten words."""
    row = _one(
        small_results, measure="actor-rate", group="north", variant="title", adjustment="raw", feature="pedro-castillo"
    )
    assert 8 == row["count"]
    assert pytest.approx(1000 * (8 / 80 - row["reference_count"] / 90)) == row["estimate"]


def test_q_is_of_one_family_of_primary_rows_over_all_outlets(small_study, small_results):
    """Lede of north and south, titles of portal, standardized; words raw."""
    primary = small_results[is_primary(small_study, small_results)]
    assert {("north", "lede"), ("south", "lede"), ("portal", "title")} == set(
        primary[["group", "variant"]].drop_duplicates().itertuples(index=False, name=None)
    )
    assert (primary["adjustment"] == "standardized").eq(primary["measure"] != "term-log-odds").all()
    others = small_results.drop(primary.index)
    for rows, keys in ((primary, ["measure"]), (others, ["measure", "variant", "adjustment"])):
        for _, family in rows.groupby(keys):
            np.testing.assert_allclose(family["q"], adjust_p(family["p"]), atol=1e-9)


def test_q_of_a_made_table_by_hand(small_study, small_results):
    """Two outlets with p 0.01 and 0.04 are one family: 0.02 and 0.04; a variant does not enlarge it."""
    row = small_results[small_results["measure"] == "sentiment"].iloc[[0]]
    rows = [
        row.assign(group=group, variant=variant, adjustment="standardized", p=p)
        for group, variant, p in (("north", "lede", 0.01), ("south", "lede", 0.04), ("north", "text", 0.03))
    ]
    assert [0.02, 0.04, 0.03] == add_q_values(small_study, pd.concat(rows))["q"].to_list()


def test_primary_variant_of_outlets_and_pairs(small_study):
    assert "lede" == primary_variant(small_study, "north", "other outlets")
    assert "title" == primary_variant(small_study, "portal", "other outlets")
    assert "title" == primary_variant(small_study, "north", "portal")
    assert "lede" == primary_variant(small_study, "north", "south")


def test_a_pair_is_a_family_by_itself(small_study):
    table = pair_results(small_study, "north", "south")
    assert {("north", "south")} == set(table[["group", "reference"]].itertuples(index=False, name=None))
    shares = table[(table["measure"] == "actor-share") & is_primary(small_study, table)]
    assert 2 == len(shares)
    np.testing.assert_allclose(shares["q"], adjust_p(shares["p"]), atol=1e-9)
    assert {(6, 5)} == set(shares[["articles", "reference_articles"]].itertuples(index=False, name=None))


def test_a_pair_turned_round_turns_its_signs(small_study):
    key = ["measure", "feature", "variant", "adjustment"]
    one, two = (
        pair_results(small_study, *pair).set_index(key)["estimate"].dropna().sort_index()
        for pair in (("north", "south"), ("south", "north"))
    )
    pd.testing.assert_series_equal(one, -two)


def test_across_languages_only_actors_are_compared(small_study):
    table = pair_results(small_study, "north", "wschod")
    assert {"actor-share"} == set(table["measure"])


def test_the_second_call_reads_what_the_first_has_kept(study_folder, cache, monkeypatch):
    study = load_study(study_folder)
    first = study_results(study)
    assert 1 == len(list(cache.iterdir()))
    monkeypatch.setattr(results, "compare_variant", lambda *_: pytest.fail("computed again"))
    pd.testing.assert_frame_equal(first, study_results(load_study(study_folder)), check_exact=True)


def test_a_cache_that_cannot_be_written_costs_no_result(study_folder, tmp_path, monkeypatch, small_results):
    (tmp_path / ".cache").write_text("a file, no folder")
    monkeypatch.setattr(results, "find_root", lambda: tmp_path)
    pd.testing.assert_frame_equal(small_results, study_results(load_study(study_folder)))


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


def test_another_seed_gives_other_intervals_and_the_same_estimates(study_folder, edit, cache, small_results):
    edit("study.toml", "seed = 7", "seed = 8")
    first, other = (
        table[~table["reference"].str.contains("without")]  # which are there depends on what is significant
        for table in (small_results, study_results(load_study(study_folder)))
    )
    pd.testing.assert_series_equal(first["estimate"], other["estimate"])
    assert (first["lower"].dropna() != other["lower"].dropna()).any()
    assert 1 == len(list(cache.iterdir()))


def test_an_outlet_that_shares_no_day_is_left_out_and_the_others_are_compared(study_folder, edit, cache):
    edit("outlets.csv", "RSS,no,2022-12-08,2022-12-20", "RSS,no,2023-01-01,2023-01-02")
    study = load_study(study_folder)
    assert "south" in study.tested
    assert {"north", "portal"} == set(study_results(study)["group"])
    assert tables.COMPARISON.names == list(pair_results(study, "south", "north"))
    assert 0 == len(pair_results(study, "south", "north"))


def test_a_study_without_tested_outlets_has_an_empty_table(study_folder, edit, cache):
    edit("study.toml", "min_articles = 6", "min_articles = 60")
    table = study_results(load_study(study_folder))
    assert tables.COMPARISON.names == list(table)
    assert 0 == len(table)


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
        expected = compare(few, one.features, "share", draws=10, seed=1, adjustments=["standardized"])
        numbers = ["feature", "estimate", "count", "reference_count", "articles", "reference_articles"]
        expected = expected[expected["feature"].isin(headline[3])][numbers].set_index("feature")
        np.testing.assert_allclose(expected.loc[frame.index], frame[numbers[1:]])


def test_two_seeds_agree_within_the_error_that_is_stated(small_study):
    """Six standard errors of a p from 5,000 draws, for all p of a comparison, twice drawn."""
    one = measured(small_study, "actor-share", "lede", "north")
    first, second = (
        compare(one.data, one.features, "share", draws=5_000, seed=seed)["p"].dropna().to_numpy() for seed in (1, 2)
    )
    assert len(first)
    error = np.hypot([monte_carlo_error(p, 5_000) for p in first], 1 / 5_000)
    assert (np.abs(first - second) <= 6 * error).all()
