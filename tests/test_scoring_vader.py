"""VADER here is vaderSentiment, bit for bit: rule by rule by hand, then on sentences made up and found."""

import pytest
from benchmarks.fuzzed import ORACLE, PIECES, SPACES
from hypothesis import given
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import B_INCR, C_INCR, N_SCALAR, normalize

from analysis.scoring.vader import compound

GOOD, BAD, NO = 1.9, -2.5, -1.2


def _oracle(sentence):
    return ORACLE.polarity_scores(sentence)["compound"]


@pytest.mark.parametrize(
    ("sentence", "total"),
    [
        # The sum of the lexicon's ratings, white space and marks aside.
        ("", 0.0), (" \u3000\n", 0.0), ("a table", 0.0), ("a good day", GOOD), ("a\u2003'good'\x1cday", GOOD),
        ("a “good” day", 0.0), ("good and bad", GOOD + BAD), ("the day :) table", 2.0),
        ("a good😂 day", GOOD - 0.9 + 2.8),  # face with tears of joy
        ("a good😂day", GOOD - 0.9),  # a space is put before the name, none after it
        # Capitals, where not all are.
        ("a GOOD day", GOOD + C_INCR),
        ("A GOOD DAY", GOOD),
        ("a BAD day", BAD - C_INCR),
        # Boosters, by distance.
        ("very good", GOOD + B_INCR),
        ("very bad", BAD - B_INCR),
        ("VERY good", GOOD + B_INCR + C_INCR),
        ("very big good", GOOD + B_INCR * 0.95),
        ("very big old good", GOOD + B_INCR * 0.9),
        ("slightly good", GOOD - B_INCR),
        ("kind of good", GOOD),
        ("it was kind of good", GOOD - B_INCR),
        ("very", 0.0),
        # Negations, among the three words before.
        ("not good", GOOD * N_SCALAR),
        ("it isn't good", GOOD * N_SCALAR),
        ("it isn’t good", GOOD),
        ("not a good day", GOOD * N_SCALAR),
        ("not by any means good", GOOD),
        ("never so good", (GOOD + B_INCR) * 1.25),
        ("never this good", GOOD * 1.25),
        ("not by this good", GOOD * 1.25),
        ("without a doubt good", -1.5 * N_SCALAR + GOOD),
        ("without doubt good", -1.5 * N_SCALAR + GOOD),
        # Least.
        ("least good", GOOD * N_SCALAR),
        ("the least good", GOOD * N_SCALAR),
        ("at least good", GOOD),
        ("the very least good", GOOD + B_INCR * 0.95),
        # No, by itself and of what follows.
        ("no", NO),
        ("no table", NO),
        ("no good", GOOD * N_SCALAR),
        ("NO good", -C_INCR + GOOD * N_SCALAR),
        ("no table good", NO + GOOD * N_SCALAR),
        ("no bad or good", BAD * N_SCALAR + GOOD * N_SCALAR),
        # But, which changes the first of equal values, even if it was changed before: awards is 2, trustee 1.
        ("awards but trustee", 2.0 * 0.5 * 0.5 + 1.0),
        ("good but bad", GOOD * 0.5 + BAD * 1.5),
        ("good table but good", GOOD * 0.5 + GOOD * 1.5),
        ("good good but bad", GOOD * 0.5 + GOOD * 0.5 + BAD * 1.5),
        ("bad but good good", BAD * 0.5 + GOOD * 1.5 + GOOD * 1.5),
        # Phrases, only from the fourth word on.
        ("the bomb", -2.2),
        ("here it was the bomb", 3.0),
        ("he was a bad ass", 1.5 + 1.5),
    ],
)
def test_rules_by_hand(sentence, total):
    assert round(normalize(total), 4) == compound(sentence) == _oracle(sentence)


@pytest.mark.parametrize(
    ("marks", "emphasis"),
    [("!", 0.292), ("!!!!!", 4 * 0.292), ("?", 0.0), ("??", 0.36), ("????", 0.96), ("!??", 0.652)],
)
def test_marks_emphasize_either_way(marks, emphasis):
    assert round(normalize(GOOD + emphasis), 4) == compound(f"good{marks}") == _oracle(f"good{marks}")
    assert round(normalize(BAD - emphasis), 4) == compound(f"bad{marks}") == _oracle(f"bad{marks}")


_pieces = st.sampled_from(sorted({*ORACLE.lexicon, *(piece for _, pieces in PIECES for piece in pieces)}))
_words = st.tuples(_pieces | st.text(max_size=6), st.sampled_from([str, str.upper, str.title]), st.sampled_from(SPACES))


@given(st.lists(_words, max_size=12))
def test_any_sentence_has_the_packages_score(words):
    sentence = "".join(case(piece) + space for piece, case, space in words)
    assert _oracle(sentence) == compound(sentence)


@pytest.mark.parametrize("words", ["not very good but ", "good bad but ", "GOOD! great but awful "])
def test_many_scored_words_after_but_have_the_packages_score(words):
    assert _oracle(words * 60) == compound(words * 60)
