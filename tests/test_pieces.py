"""Pieces between white space, against the regular expression they stand for."""

import re
import sys

from hypothesis import example, given
from hypothesis import strategies as st

from analysis.text.pieces import read_pieces

TEXTS = st.lists(st.text(st.characters()) | st.text("a \t\n\x1c\x85\u2028\u3000\ud800\U0001f5f3"), max_size=5)


@given(TEXTS)
@example([])
@example(["", ""])
@example([" a", "", "b "])
@example(["a\ud800", "\udc00b"])
def test_pieces_and_their_places_are_those_of_runs_without_white_space_text_by_text(texts):
    pieces, starts, owners = read_pieces(texts)
    expected = [(run[0], run.start(), at) for at, text in enumerate(texts) for run in re.finditer(r"\S+", text)]
    assert expected == list(zip(pieces, starts.tolist(), owners.tolist(), strict=True))


def test_every_character_there_is_counts_as_white_space_or_not_as_in_a_regular_expression():
    text = "".join(map(chr, range(sys.maxunicode + 1)))
    pieces, starts, _ = read_pieces([text])
    runs = list(re.finditer(r"\S+", text))
    assert [run[0] for run in runs] == pieces
    assert [run.start() for run in runs] == starts.tolist()
