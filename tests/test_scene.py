"""Sentences seen from a target: clause, negation, quotation and deeds, told by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.scoring.scene import see

_TARGET = "Ortega"


def seen(sentence, target=_TARGET):
    """A sentence's only scene, and its words as written."""
    start = sentence.index(target)
    scenes = see([sentence], [(start, start + len(target))])
    return scenes, sentence.split()


def told(flags, words):
    return " ".join(word for word, flag in zip(words, flags, strict=True) if flag)


@pytest.mark.parametrize(
    ("sentence", "negated"),
    [
        ("Ortega is not a very good old man", "a very good old"),
        ("Ortega did not win , voters say", "win , voters say"),
        ("Ortega did not win ; voters say", "win"),
        ("Never did Ortega lie", "did Ortega lie"),
        ("Ortega didn't lie", "lie"),
        ("not not a b c d e Ortega", "not a b c d"),
        ("good Ortega", ""),
    ],
)
def test_a_negation_reaches_four_words_and_over_no_stop(sentence, negated):
    scenes, words = seen(sentence)
    assert negated == told(scenes.negated, words)


@pytest.mark.parametrize(
    ("sentence", "clause"),
    [
        ("Salas left and Ortega stayed in Lima , voters say", "Ortega stayed in Lima"),
        ("Ortega stayed", "Ortega stayed"),
        ("Voters saw Ortega who left", "Voters saw Ortega"),
        ("but Ortega .", "Ortega"),
        ("Lima because because Ortega", "Ortega"),
    ],
)
def test_the_clause_ends_at_its_edges(sentence, clause):
    scenes, words = seen(sentence)
    assert clause == told(scenes.clause, words)


@pytest.mark.parametrize(
    ("sentence", "quoted"),
    [
        ("“ a b ” c Ortega “ d ”", [0, 1, 1, 0, 0, 0, 0, 2, 0]),
        ('" a " c Ortega " d', [0, 1, 0, 0, 0, 0, 2]),
        ("a b ” Ortega", [1, 1, 0, 0]),
        ("a “ b Ortega", [0, 0, 1, 1]),
        ("“ a “ b ” Ortega", [0, 1, 0, 2, 0, 0]),
        ("a ” Ortega ” b", [1, 0, 0, 0, 0]),
        ("a Ortega", [0, 0]),
    ],
)
def test_quotations_are_counted(sentence, quoted):
    scenes, _ = seen(sentence)
    assert quoted == scenes.quoted.tolist()


@pytest.mark.parametrize(
    ("sentence", "does", "done"),
    [
        ("Ortega accused Salas", "accused", ""),
        ("Salas accused Ortega", "", "accused"),
        ("Salas praised Ortega and attacked Quispe", "attacked", "praised"),
        ("Salas praised Ortega today and attacked Quispe", "", "praised"),
        ("Salas praised Quispe ; Ortega attacked", "attacked", ""),
        ("Ortega a b c d e f g attacked", "attacked", ""),
        ("Ortega a b c d e f g h attacked", "", ""),
        ("attacked a b c d e f Ortega", "", "attacked"),
        ("attacked a b c d e f g Ortega", "", ""),
    ],
)
def test_deeds_beside_the_target(sentence, does, done):
    scenes, words = seen(sentence)
    assert (does, done) == tuple(
        " ".join(words[place] for place in places) for _, places in (scenes.deeds_after, scenes.deeds_before)
    )


@pytest.mark.parametrize(
    ("sentence", "passive"),
    [
        ("Ortega was accused", True),
        ("Ortega was hardly ever accused", True),
        ("Ortega was a b c accused", False),
        ("Ortega accused Salas", False),
        ("Ortega got beaten", True),
        ("Ortega is attacking", False),
        ("Ortega was not accused", True),
    ],
)
def test_a_passive_is_a_participle_after_be_or_get(sentence, passive):
    scenes, _ = seen(sentence)
    assert [passive] == scenes.passive(scenes.deeds_after[1]).tolist()


def test_nothing_is_seen_beyond_the_sentence():
    """Neither a negation, a clause, a quotation, a deed nor an auxiliary of the sentence before."""
    texts = ["Ortega “ was not", "attacked Ortega", "accused it"]
    scenes = see(texts, [(0, 6), (9, 15), (8, 10)])
    assert [0, 4, 6] == scenes.first.tolist()
    assert [False] * 4 == scenes.negated[4:].tolist()
    assert [0] * 4 == scenes.quoted[4:].tolist()
    assert [True] * 4 == scenes.clause[4:].tolist()
    assert [] == scenes.deeds_after[0].tolist()
    assert [1, 2] == scenes.deeds_before[0].tolist()
    assert [False, False] == scenes.passive(scenes.deeds_before[1]).tolist()


@given(st.lists(st.tuples(st.text(max_size=20), st.text(min_size=1, max_size=5), st.text(max_size=20)), max_size=5))
def test_every_sentence_has_its_target_once(parts):
    sentences = ["".join(part) for part in parts]
    scenes = see(sentences, [(len(before), len(before + target)) for before, target, _ in parts])
    assert len(sentences) == len(scenes.at)
    assert (scenes.rows[scenes.at] == range(len(sentences))).all()
    assert ((scenes.first <= scenes.at) & (scenes.at < scenes.end)).all()
    assert scenes.clause[scenes.at].all()
