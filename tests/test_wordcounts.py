"""Words taken some at a time are those of a plain group by of the whole table."""

import numpy as np
import pandas as pd
import pytest

from analysis import results
from analysis.stats.difference import log_odds
from analysis.study import selection, wordcounts
from analysis.study.wordcounts import HeldWords, in_parts


def oracle(study, variant):
    """Articles × words of a selection, made by pandas from the file."""
    terms = pd.read_parquet(study.features_folder / "terms.parquet")
    terms = terms[
        terms["part"].isin(selection.PARTS_OF[variant]) & terms["term"].isin(["coup", "lima", "peru", "protest"])
    ]
    wide = terms.pivot_table(index="article", columns="term", values="count", aggfunc="sum", fill_value=0)
    return wide.reindex(selection.select(study, variant).articles.index, fill_value=0)


@pytest.fixture(params=[1, 7, 1_000])
def few_at_once(request, monkeypatch):
    """So many rows at once."""
    monkeypatch.setattr(wordcounts, "ROWS", request.param)


def found_words(study, variant):
    chosen = selection.select(study, variant)
    return wordcounts.words_of(chosen.streamed.terms, chosen.place, chosen.parts, None)


@pytest.mark.parametrize("variant", ["title", "lede", "text"])
def test_words_are_those_of_a_plain_group_by(small_study, few_at_once, variant):
    found, expected = found_words(small_study, variant), oracle(small_study, variant)
    assert list(expected) == list(found.forms)
    assert expected.sum(axis=1).to_list() == found.tokens.tolist()
    assert expected.sum().to_list() == found.uses.tolist()
    np.testing.assert_array_equal(expected, found.matrix(np.arange(len(expected.columns))).toarray())
    side = np.arange(len(expected)) % 2
    np.testing.assert_array_equal([expected[side == one].sum() for one in (1, 0)], found.sums(side))


def test_words_of_some_articles_in_any_order(small_study, few_at_once):
    found, expected = found_words(small_study, "text"), oracle(small_study, "text")
    places = np.array([5, 0, 9])
    some = found.among(places)
    np.testing.assert_array_equal(expected.iloc[places], some.matrix(np.arange(4)).toarray())
    assert expected.iloc[places].sum(axis=1).to_list() == some.tokens.tolist()
    again = some.among(np.array([2, 1]))
    np.testing.assert_array_equal(expected.iloc[[9, 0], [3, 1]], again.matrix(np.array([3, 1])).toarray())
    frame = again.frame()
    assert expected.iloc[[9, 0]].to_numpy().sum() == frame["count"].sum()
    assert frame.equals(frame.sort_values(["term", "article"]))


def test_held_words_are_the_same_words(small_study):
    found, counts = found_words(small_study, "lede"), oracle(small_study, "lede")
    every = np.arange(len(found.forms))
    held = HeldWords(found.forms, found.matrix(every))
    side = (np.arange(len(counts)) < 3).astype(int)
    np.testing.assert_array_equal(found.sums(side), held.sums(side))
    np.testing.assert_array_equal(found.tokens, held.tokens)
    np.testing.assert_array_equal((counts > 0).sum(), held.rows)
    assert (held.rows <= found.rows).all()


@pytest.mark.parametrize("method", ["resampling", "analytic"])
def test_log_odds_of_words_are_those_of_their_frame(small_study, few_at_once, method):
    """Places are ids; an informative prior, permutations and samples."""
    found, counts = found_words(small_study, "lede"), oracle(small_study, "lede")
    options = {
        "target": list(range(8)),
        "reference": list(range(8, 16)),
        "prior": (counts.sum() / 10).to_dict(),
        "draws": 50,
        "method": method,
    }
    expected = log_odds(counts.reset_index(drop=True), **options)
    pd.testing.assert_frame_equal(expected, log_odds(found, **options), check_exact=True)


def test_comparisons_are_the_same_however_few_rows_are_taken_at_once(small_study, monkeypatch):
    at_once = results.compare_variant(small_study.copy(), ("north", None, "lede"))
    monkeypatch.setattr(wordcounts, "ROWS", 3)
    study = small_study.copy()
    study.derived.clear()
    assert (at_once["measure"] == "term-log-odds").sum() > 3
    pd.testing.assert_frame_equal(at_once, results.compare_variant(study, ("north", None, "lede")), check_exact=True)


def test_parts_are_cut_by_their_rows(monkeypatch):
    monkeypatch.setattr(wordcounts, "ROWS", 10)
    assert [[0, 1], [2], [3, 4]] == [part.tolist() for part in in_parts(np.array([4, 5, 20, 1, 2]))]
    assert [[]] == [part.tolist() for part in in_parts(np.array([], int))]


def test_a_selection_without_words_has_none(small_study):
    chosen = selection.select(small_study, "lede")
    nothing = wordcounts.words_of(chosen.streamed.terms, np.full_like(chosen.place, -1), 2, "en")
    assert (0, 0) == (len(nothing.forms), len(nothing.frame()))
