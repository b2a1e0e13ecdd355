"""What is known of words: stems, groups, and what they can do in a sentence."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.instruments.function_words import function_words
from analysis.scoring.connotation import code, stem, word
from analysis.scoring.stance import MODEL

GROUPS = {
    group: frozenset(words.split())
    for group, words in tomllib.loads((MODEL.parent / "connotation.toml").read_text(encoding="utf-8"))["groups"].items()
}


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


@pytest.mark.parametrize("form", sorted(function_words("en") | {"not", "no", "never", "nor"}))
def test_a_word_of_grammar_has_no_tone_and_does_nothing(form):
    """Whatever longer words look like it: not and noted, with and wither, will and willing, both and bother."""
    known = word(form)
    assert (0, ()) == (known.warmth, known.deeds)
    listed = {code(group) for group, words in GROUPS.items() if form in words}
    assert set(known.groups) <= listed | {code("tone+"), code("tone-")}


@pytest.mark.parametrize(
    ("base", "forms"),
    [
        ("note", "notes noted noting"),
        ("deny", "denies denied denying"),
        ("free", "frees freed freeing"),
        ("lie", "lies lied lying"),
        ("stab", "stabs stabbed stabbing"),
        ("acquit", "acquits acquitted acquitting"),
        ("visit", "visits visited visiting"),
        ("mimic", "mimics mimicked mimicking"),
        ("veto", "vetoes vetoed vetoing"),
        ("punch", "punches punched punching"),
        ("steal", "steals stole stolen stealing"),
        ("tragedy", "tragedies"),
        ("cruel", "cruelly"),
        ("greedy", "greedily greediness"),
        ("noble", "nobly"),
        ("heroic", "heroically"),
    ],
)
def test_the_inflections_of_a_word_are_in_its_groups(base, forms):
    """All of what it does; where it does nothing, of what it is."""
    expected = set(word(base).deeds or word(base).groups) - {code("tone+"), code("tone-")}
    assert expected
    for form in forms.split():
        assert expected <= set(word(form).groups), form


@pytest.mark.parametrize(
    "forms",
    [
        "wither with",
        "willing will",
        "rat rate",
        "bar barr",
        "caring car",
        "senator senate",
        "wit witness",
        "corpse corps",
        "late later",
        "walk walker",
        "mean means",
        "cause caused",
        "found find",
        "hat hate",
    ],
)
def test_words_that_look_alike_share_no_group(forms):
    """Neither a word that is cut like another, nor one that another is made of, nor a noun like a verb."""
    one, other = forms.split()
    shared = set(word(one).groups) & set(word(other).groups) - {code("tone+"), code("tone-")}
    assert not shared


def test_a_stem_is_no_word_of_grammar_but_of_that_word():
    grammar = function_words("en") | {"not", "nor", "no", "never"}
    made = grammar - {"her", "here"}  # of which no word is made
    longer = [f"{short}{ending}" for short in made for ending in ("e", "ed", "ing", "er", "es", "s", "ly")]
    assert [] == [(form, stem(form)) for form in longer if form not in grammar and stem(form) in grammar]


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
