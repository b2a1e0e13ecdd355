"""What is known of words: stems, groups, and what they can do in a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.valence.connotation import code, stem, word


@pytest.mark.parametrize(
    ("form", "groups", "deeds"),
    [
        ("accuses", {"blame"}, {"blame"}),
        ("Accused", {"blame"}, {"blame"}),
        ("praising", {"praise"}, {"praise"}),
        ("Ortega", set(), set()),
        ("honest", {"goodtrait"}, set()),
    ],
)
def test_groups_and_deeds_of_words(form, groups, deeds):
    known = word(form)
    assert {code(group) for group in groups} <= set(known.groups)
    assert {code(deed) for deed in deeds} == set(known.deeds)


@pytest.mark.parametrize(
    ("form", "can"),
    [
        ("not", "negator"),
        ("isn’t", "negator"),
        ("was", "auxiliary"),
        ("accused", "participle"),
        ("stolen", "participle"),
        ("because", "edge"),
        ("\n", "edge"),
        ("said", "says"),
    ],
)
def test_what_words_can_do(form, can):
    assert getattr(word(form), can)
    assert not getattr(word("table"), can)


def test_a_tone_is_a_group_where_there_is_no_other():
    assert code("tone+") in word("sunshine").groups
    assert word("sunshine").tone > 0
    assert word("sunshine").loaded
    assert not word("table").loaded


@pytest.mark.parametrize(("one", "two"), [("Ortega's", "ortega"), ("Ortega’s", "ortega"), ("1992", "7"), ("NO", "no")])
def test_forms_that_are_one_word(one, two):
    assert word(one).form == word(two).form


@given(st.text(min_size=1).filter(lambda form: form.strip()))
def test_any_form_is_a_word_of_hashes(form):
    known = word(form)
    assert 0 <= known.form < 2**32
    assert 0 <= known.root < 2**32
    assert set(known.deeds) <= set(known.groups)
    assert -1 <= known.warmth <= 1


@given(st.text(alphabet="abcdefghilmnorstuy", min_size=1, max_size=14))
def test_a_stem_is_never_empty_nor_longer_than_its_word_by_more_than_a_letter(low):
    assert 1 <= len(stem(low)) <= len(low) + 1
