"""Words are those of a plain group by of the whole table; spellings of one word are one row."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from analysis.stats.frequency import dispersion
from analysis.study import load_study, selection, words
from analysis.study.words import count_words, fold_spellings
from analysis.tables import VARIANTS

EXPECTED = ["coup", "lima", "peru", "protest"]


def oracle(study, variant):
    """Articles × words of a selection, made by pandas from the file."""
    terms = pd.read_parquet(study.features_folder / "terms.parquet")
    terms = terms[terms["part"].isin(VARIANTS[variant].parts) & terms["term"].isin(EXPECTED)]
    wide = terms.pivot_table(index="article", columns="term", values="count", aggfunc="sum", fill_value=0)
    return wide.reindex(selection.select(study, variant).articles.index, fill_value=0)


def counted(study, variant, language=None):
    chosen = selection.select(study, variant)
    return count_words(chosen.store.terms, chosen.number, chosen.parts, language)


@pytest.mark.parametrize("variant", ["title", "lede", "text"])
def test_words_are_those_of_a_plain_group_by(small_study, variant):
    found, expected = counted(small_study, variant), oracle(small_study, variant)
    assert EXPECTED == list(expected) == list(found.forms)
    assert expected.sum(axis=1).to_list() == found.tokens.tolist()
    assert expected.sum().to_list() == found.uses.tolist()
    assert (expected > 0).sum().to_list() == np.diff(found.counts.indptr).tolist()
    np.testing.assert_array_equal(expected, found.counts.toarray())
    side = np.arange(len(expected)) % 2
    some = np.array([5, 0, 9, 7])
    for held, wanted in ((False, expected), (True, expected > 0)):
        sums = found.sums(some, side[some], 2, held=held)
        np.testing.assert_array_equal([wanted.iloc[some[side[some] == one]].sum() for one in (0, 1)], sums)


@pytest.mark.parametrize("cells", [1, 5, 10**6])
def test_dispersion_is_that_of_articles_as_parts_however_many_are_read_at_once(cells, monkeypatch):
    monkeypatch.setattr(words, "CELLS", cells)
    rng = np.random.default_rng(5)
    wide, sizes, some = rng.poisson(0.6, (12, 4)), rng.integers(5, 80, 8), np.array([3, 1, 9, 4, 11, 6, 0, 7])
    found = words.Words(np.array(list("wxyz"), object), sparse.csc_array(wide)).dispersion(some, sizes)
    assert pytest.approx([dispersion(wide[some, term], sizes) for term in range(4)]) == found


def test_counts_that_need_more_than_a_byte_are_not_cut_off(study_folder):
    path = study_folder / "features" / "terms.parquet"
    pd.read_parquet(path).assign(count=200).replace({"term": {"coup": "labour", "protest": "labor"}}).to_parquet(path)
    found = counted(load_study(study_folder), "text", "en")
    assert {"labor", "lima", "peru"} == set(found.forms)
    assert 600 == found.counts.max()
    first = dict(zip(found.forms, found.sums(np.array([0]), np.array([0]), 1)[0], strict=True))
    assert 200 * 3 == first["peru"]


def test_a_selection_without_words_has_none(small_study):
    nothing = count_words(small_study.store.terms, np.array([], int), [0, 1], "en")
    assert (0, (0, 0), 0) == (len(nothing.forms), nothing.counts.shape, nothing.uses.size)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (["cuzco", "cusco"], {"cuzco": "cusco"}),
        (["cuzco"], {"cuzco": "cusco"}),
        (["anti-government", "antigovernment"], {"anti-government": "antigovernment"}),
        (["anti-government"], {}),  # the closed form is nobody's
        (["tear-gas", "teargas"], {"tear-gas": "teargas"}),
        (["left-wing", "leftwing"], {}),  # no listed beginning
        (["criticised", "mobilisation"], {"criticised": "criticized", "mobilisation": "mobilization"}),
        (["four", "our", "rise", "wise", "promise", "arise", "labour"], {"labour": "labor"}),
        (["re-organise", "reorganise"], {"re-organise": "reorganise"}),
    ],
)
def test_spellings_by_hand(terms, expected):
    assert expected == fold_spellings(terms, language="en")


def test_a_list_is_of_its_language():
    assert {"cuzco": "cusco"} == fold_spellings(["cuzco", "labour", "centre"], language="pl")
    assert {"perú": "peru"} == fold_spellings(["perú", "criticised"], language=None)


@given(st.lists(st.sampled_from(["re-use", "reuse", "cuzco", "cusco", "anti-a", "antia", "labour", "x-y", "-", "re-"])))
def test_folding_twice_is_folding_once(terms):
    once = fold_spellings(terms, language="en")
    assert {} == fold_spellings([once.get(term, term) for term in terms], language="en")


def test_phrases_are_words_that_stand_together_more_often_than_by_chance():
    """Twenty articles: "tear gas" is always together, "castillo said" as often as both words make likely."""
    forms = ["castillo", "castillo said", "gas", "other", "said", "tear", "tear gas"]
    counts = np.zeros((20, 7), int)
    counts[:6, [2, 5, 6]] = 1
    counts[:, [0, 4]] = 3
    counts[:8, 1] = 1
    counts[:, 3] = 10
    kept = words.collocations(np.array(forms, object), counts.sum(axis=0))
    assert [form != "castillo said" for form in forms] == kept.tolist()
    expected = np.log2(6 / 332) - 2 * np.log2(6 / 332)  # by hand: 6 of 332 words each, always together
    assert expected > words._INFORMATION[2]


def test_a_part_of_a_phrase_and_a_phrase_cut_off_are_told_apart():
    forms = ["boluarte", "dina", "dina boluarte", "new", "new president dina", "president", "vote"]
    counts = sparse.csc_array(np.array([[9, 9, 9, 5, 4, 20, 3]]))
    parts = words.Words(np.array(forms, object), counts).is_part
    expected = ["boluarte", "dina", "new", "new president dina"]
    assert expected == [form for form, part in zip(forms, parts, strict=True) if part]


def test_articles_without_a_word_have_none_each():
    """As where texts are all numbers: they are still articles, of no length."""
    none = words.Words(np.array([], object), sparse.csc_array((3, 0), dtype=np.uint8))
    assert [0, 0, 0] == none.tokens.tolist()
    assert (2, 0) == none.sums(np.arange(3), np.array([0, 1, 1]), 2).shape
