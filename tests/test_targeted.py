"""Features toward targets: those of the slow form, one target at a time, and some told by hand."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle_targeted import features as slowly

from analysis.scoring import vocabulary
from analysis.scoring.connotation import code, word
from analysis.scoring.hashed import mix
from analysis.scoring.targeted import features

#: Words and marks that features ask for, so that they meet, among any others.
_WORDS = str.split(
    "accused praised was got by for not never n't said and but who that Ortega he his Senator 's ’s ' “ ” \" ; . , — ( "
    "corrupt honest stole thanked good lied isn't 2022 \n \t \x1c \u2028 É ß İ ﬁ 中 e\u0301",
    " ",
)
_PIECES = st.one_of(st.sampled_from(_WORDS), st.text(max_size=6))
_SENTENCES = st.lists(st.tuples(_PIECES, st.sampled_from(["", " ", " ", " ", "  "])), min_size=1, max_size=40).map(
    lambda parts: "".join(piece + space for piece, space in parts)
)


@st.composite
def _targets(draw):
    sentence = draw(_SENTENCES.filter(bool))
    start = draw(st.integers(0, len(sentence) - 1))
    return sentence, (start, draw(st.integers(start + 1, min(len(sentence), start + 12))))


def sets(sentences, spans):
    """The features of each target."""
    found = features(sentences, spans)
    return [set(part.tolist()) for part in np.split(found.values, found.starts[1:-1])][: len(sentences)]


def of(sentence, target):
    start = sentence.index(target)
    return sets([sentence], [(start, start + len(target))])[0]


@settings(max_examples=300, deadline=None)
@given(st.lists(_targets(), min_size=1, max_size=6))
@example([("x", (0, 1))])
@example([("honest", (3, 6))])
@example([("Ortega", (0, 6)), ("” “", (1, 2)), ("Ortega", (0, 6))])
@example([('a ” b “ c “ d ” e " f Ortega', (22, 28)), ("not a b c d e", (4, 5))])
def test_features_are_those_of_the_slow_form(targets):
    sentences, spans = zip(*targets, strict=True)
    assert [slowly(*target) for target in targets] == sets(sentences, spans)


@given(st.lists(_targets(), min_size=1, max_size=4))
def test_features_of_a_target_are_ascending_and_do_not_depend_on_the_others(targets):
    sentences, spans = zip(*targets, strict=True)
    together = features(sentences, spans)
    for row, (sentence, span) in enumerate(targets):
        alone = features([sentence], [span]).values
        np.testing.assert_array_equal(alone, together.values[together.starts[row] : together.starts[row + 1]])
        assert (np.diff(alone.astype(np.int64)) > 0).all()


def test_no_targets_have_no_features():
    found = features([], [])
    assert (0, [0]) == (len(found.values), found.starts.tolist())


def test_the_target_itself_is_masked():
    assert of("Voters accused Ortega of fraud.", "Ortega") == of("Voters accused Grace of fraud.", "Grace")


def test_deeds_done_to_the_target_are_told_from_its_own():
    subject, object_ = of("Ortega accused Salas.", "Ortega"), of("Ortega accused Salas.", "Salas")
    does = mix(mix(code("does"), 0, 0), code("blame"))
    done = mix(mix(mix(code("done"), 0), 0, 0), code("blame"))
    assert does in subject - object_
    assert done in object_ - subject
    assert code("does nothing") in object_ - subject


def test_a_passive_and_its_negation_are_part_of_the_deed():
    deed = word("accused").root
    assert mix(mix(code("does"), 1, 0), deed) in of("Ortega was accused.", "Ortega")
    assert mix(mix(code("does"), 1, 1), deed) in of("Ortega was hardly accused.", "Ortega")


def test_the_word_that_links_a_deed_to_the_target_counts():
    found = of("Salas was praised by Ortega.", "Ortega")
    assert mix(mix(code("done"), 1), word("praised").root, code("by")) in found
    assert mix(mix(mix(code("done"), 1), 0, 1), word("praised").root) in found


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Voters met him.", "him"),
        ("Voters met them.", "they"),
        ("Voters met Mr Ortega.", "names"),
        ("Voters met Ortega.", "name"),
        ("Voters met mayors.", "common"),
    ],
)
def test_kinds_of_mentions(sentence, kind):
    kinds = {code(name) for name in ("him", "they", "names", "name", "common")}
    assert {code(kind)} == kinds & of(sentence, sentence[len("Voters met ") : -1])


def test_who_speaks_who_owns_and_who_is_quoted():
    said, quoted = of('Ortega said: "No."', "Ortega"), of('She said "Ortega lied."', "Ortega")
    assert {code("speaks True"), code("quotes"), code("quotes True"), code("owns False")} <= said
    assert {code("quoted"), code("speaks False")} <= quoted
    assert code("owns True") in of("Ortega's friends left.", "Ortega")


def test_negation_and_side_are_told_of_stems():
    found = of("Ortega is not good.", "Ortega")
    root = word("good").root * 0x9E3779B1
    assert {(root + code(name)) % 2**32 for name in ("not", "side r", "near r", "clause r")} <= found
    assert (root + code("stem")) % 2**32 not in found


def test_words_are_read_the_same_when_the_table_is_begun_anew(monkeypatch):
    sentences = [f"Voters accused Ortega of fraud {number}x." for number in range(5)]
    spans = [(15, 21)] * 5
    expected = sets(sentences, spans)
    monkeypatch.setattr(vocabulary, "_LIMIT", 3)
    assert expected == [sets([sentence], [span])[0] for sentence, span in zip(sentences, spans, strict=True)]
