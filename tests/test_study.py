"""A study as a whole: loaded, refused; periods, windows, features and their freshness."""

import re
import shlex

import pandas as pd
import pytest

from analysis import tables
from analysis.check import remarks
from analysis.errors import AnalysisError, FeaturesBroken, FeaturesMissing, StudyError, UnknownName
from analysis.study import load_study, preload

pytestmark = pytest.mark.slow


def test_a_study_loads_from_its_folder(small_study):
    assert "small" == small_study.name
    assert 28 == len(small_study.manifest)
    assert "line" not in small_study.outlets


def test_a_study_with_faults_is_refused_with_all_of_them(study_folder, edit):
    edit("articles.csv", "north-1,north", "north-1,nort")
    edit("observed.csv", "south,2022-12-06", "suth,2022-12-06")
    with pytest.raises(StudyError) as raised:
        load_study(study_folder)
    assert ["articles.csv", "observed.csv"] == [problem.path.name for problem in raised.value.args]
    assert 2 == len(str(raised.value).split("\n"))


def test_a_day_outside_the_periods_has_none_and_both_ends_of_a_period_are_in_it(study_folder, edit):
    edit("study.toml", "end = 2022-12-10", "end = 2022-12-09")
    edit("study.toml", "start = 2022-12-11", "start = 2022-12-13")
    articles = load_study(study_folder).articles.set_index("article")
    expected = ["removal", "removal", "removal", "removal", None, "protests", "protests", "protests"]
    found = articles.loc[[f"north-{n}" for n in range(8)], "period"]  # of the 7th, 7th, 8th, 9th, 12th, 13th, …
    assert expected == [None if pd.isna(name) else name for name in found]


def test_an_article_of_the_night_belongs_to_the_day_in_lima(study_folder, edit):
    """And the manifest's date counts, which is edited by hand, not the one that was annotated."""
    manifest = pd.read_csv(study_folder / "articles.csv").set_index("article")
    start = "north-4,north,en,"
    edit("articles.csv", start + manifest["published"]["north-4"], start + "2022-12-11T03:00:00Z")
    row = load_study(study_folder).articles.set_index("article").loc["north-4"]
    assert (pd.Timestamp("2022-12-10"), "removal") == (row["day"], row["period"])


def test_articles_before_steady_observation_are_marked(small_study):
    articles = small_study.articles.set_index("article")
    assert ["south-0"] == list(articles.index[~articles["observed"]])
    assert list(articles.index) == sorted(articles.index)


def test_a_day_without_items_and_days_outside_the_window_are_not_observed(study_folder, edit):
    edit("observed.csv", "east,2022-12-08,10", "east,2022-12-08,0")
    study = load_study(study_folder)
    seen = {(o, f"{d:%d}") for o, d in study.observed_days.itertuples(index=False)}
    assert ("east", "08") not in seen
    assert ("east", "06") in seen  # no window of its own: every day of the file counts
    assert {("south", "07"), ("south", "08")} & seen == {("south", "08")}
    assert not study.articles.set_index("article").loc["east-0", "observed"]


def test_tested_outlets_aggregators_and_referees(small_study):
    """Most articles first, ties by id: south has eight, but one before its steady observation and one without a lede.

    Aggregators and excluded outlets stand in no reference.
    """
    assert ["north", "portal", "south"] == small_study.tested
    assert ["portal"] == small_study.aggregators
    assert ["north", "south", "east", "wschod"] == small_study.reference_outlets


def test_features_are_checked_and_read_once(study_folder):
    study = load_study(study_folder)
    first = study.features(tables.TERMS)
    (study_folder / "features" / "terms.parquet").unlink()
    assert first is study.features(tables.TERMS)
    with pytest.raises(FeaturesMissing) as raised:
        load_study(study_folder).features(tables.TERMS)
    path = study_folder / "features" / "terms.parquet"
    assert f"{path} does not exist. Run: castillo annotate TEXTS --study {study_folder}" == str(raised.value)
    with pytest.raises(FeaturesMissing):
        assert load_study(study_folder).store.terms


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"inputs": 3}'])
def test_a_damaged_record_of_features_is_told_with_its_path(study_folder, content):
    path = study_folder / "features" / "meta.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FeaturesBroken, match="cannot be read"):
        load_study(study_folder).stale_features()


def test_a_row_deleted_from_the_manifest_is_told_with_both_ways_out(study_folder):
    path = study_folder / "articles.csv"
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(row for row in rows if not row.startswith("south-2,")), encoding="utf-8")
    with pytest.raises(FeaturesBroken) as raised:
        load_study(study_folder).check_features()
    expected = (
        f"{study_folder}/features/articles.parquet: holds 1 articles that articles.csv does not, first south-2: put "
        f"their rows back, or annotate again without their texts. Run: castillo annotate TEXTS --study "
    )
    assert f"{expected}{study_folder}" == str(raised.value)


def test_an_outlet_that_is_chosen_has_its_name_or_is_told_the_choices(small_study):
    assert "The North" == small_study.outlet_name("north", tested=True)
    with pytest.raises(UnknownName) as raised:
        small_study.outlet_name("nort")
    known = "There: north, south, east, portal, wschod, single."
    assert f"outlet 'nort' is none of small (did you mean 'north'?). {known}" == str(raised.value)
    with pytest.raises(UnknownName) as raised:
        small_study.outlet_name("east", tested=True)
    few = "has fewer than the 6 articles that a test asks for, or is excluded"
    assert f"outlet 'east' {few}. There: north, portal, south." == str(raised.value)


def test_with_outlets_observed_throughout_every_day_counts(study_folder, edit):
    """From an outlet's first day of observation to its last, whatever observed.csv has."""
    path = study_folder / "observed.csv"
    path.write_text("outlet,day,items\n", encoding="utf-8")
    assert not load_study(study_folder).articles["observed"].any()
    edit("study.toml", "seed = 7", "seed = 7\nobserved_throughout = true")
    study = load_study(study_folder)
    days = study.observed_days.groupby("outlet")["day"].agg(["min", "max", "size"])
    assert (pd.Timestamp("2022-12-08"), pd.Timestamp("2022-12-20"), 13) == tuple(days.loc["south"])
    assert (pd.Timestamp("2022-12-05"), pd.Timestamp("2022-12-20"), 16) == tuple(days.loc["east"])
    assert ["south-0"] == list(study.articles.loc[~study.articles["observed"], "article"])


def test_a_study_says_no_more_than_it_must(study_folder, edit):
    """Without periods there is one, the window; without observed.csv all its days count, and that is said once."""
    before = load_study(study_folder)
    path = study_folder / "study.toml"
    text = re.sub(r"\[\[periods\]\].*?(?=\[\[happenings)", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    path.write_text(text, encoding="utf-8")
    (study_folder / "observed.csv").unlink()
    before.outlets[["outlet", "name", "language"]].to_csv(study_folder / "outlets.csv", index=False)
    study = load_study(study_folder)
    window = before.settings.window
    assert [window] == [(period.start, period.end) for period in study.settings.periods]
    assert study.articles["period"].notna().all() and study.articles["observed"].all()
    assert set(study.observed_days["day"]) == set(pd.date_range(*window))
    assert [] == study.aggregators
    note = "Each outlet counts as observed on all days of the window"
    assert ("", note) == (before.throughout_note, study.throughout_note.partition(":")[0])
    (said,) = [line for line in remarks(study_folder) if note in line]
    assert "there is no observed.csv" in said
    edit("study.toml", "seed = 7", "seed = 7\nobserved_throughout = false")
    with pytest.raises(StudyError, match=r"observed\.csv: does not exist"):
        load_study(study_folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("actors.csv", "Dina Boluarte,exact", "Boluarte,exact", ["actors.csv"]),
        ("labels.csv", "mob,any", "mobs,any", ["labels.csv"]),
        ("articles.csv", "arrest,summary", "arrest,caption", ["articles.csv (language, body_kind)"]),
        ("articles.csv", "publisher", "crawl", []),
        ("study.toml", "seed = 7", "seed = 8", []),
    ],
)
def test_stale_features_names_the_file_that_changed(study_folder, edit, name, old, new, expected):
    """Only files that features are made with: a coding or a seed makes none stale."""
    assert [] == load_study(study_folder).stale_features()
    edit(name, old, new)
    assert expected == load_study(study_folder).stale_features()


def test_what_is_changed_in_memory_stays_there_and_what_was_preloaded_is_shared_until_a_file_changes(
    study_folder, edit
):
    first = load_study(study_folder)
    first.outlets.loc[0, "country"] = "changed"
    second = load_study(study_folder)
    assert "changed" != second.outlets.loc[0, "country"]
    held, loaded = preload(second), load_study(study_folder)
    assert held.store.mentions is loaded.store.mentions
    assert held.read_at < loaded.read_at
    name = second.outlets.loc[0, "name"]
    edit("outlets.csv", name, "New Name")
    assert "New Name" == load_study(study_folder).outlets.loc[0, "name"]


def test_a_table_of_features_may_be_asked_for_by_its_name_in_any_case(small_study):
    assert small_study.features(tables.TERMS) is small_study.features("terms") is small_study.features("Terms")
    with pytest.raises(
        AnalysisError, match=r"no table of features 'termz' \(did you mean 'terms'\?\)\. There: articles"
    ):
        small_study.features("termz")


def test_codes_of_a_variable_are_plain_rows():
    study = load_study("castillo-2022-world")
    assert {"deaths"} == set(study.codings("deaths")["variable"])
    with pytest.raises(AnalysisError, match=r"variable 'death' is not in codebook\.csv"):
        study.codings("death")


def test_a_study_s_argument_can_be_pasted_into_a_command(study_folder):
    spaced = study_folder.rename(study_folder.with_name("my study; 'x'"))
    assert [str(spaced)] == shlex.split(load_study(spaced).argument)


def test_a_bare_date_of_a_publisher_is_that_day_in_the_study_s_zone(study_folder, edit):
    edit("articles.csv", "2022-12-09T15:03:00Z,publisher", "2022-12-09,publisher")
    row = load_study(study_folder).manifest.set_index("article").loc["north-3"]
    assert "day" == row["timestamp"]
