"""Arrays: what goes in comes back, in whatever order it is asked."""

import re
import sys

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.text.arrays import factorize, map_array, read_pieces, take_lists


@given(st.lists(st.text(max_size=2)))
def test_the_same_string_has_the_same_code_and_the_code_gives_the_string_back(strings):
    codes, distinct = factorize(strings)
    assert strings == [distinct[code] for code in codes]
    assert list(dict.fromkeys(strings)) == distinct


@given(st.lists(st.lists(st.integers(-9, 9), max_size=5), max_size=8), st.data())
def test_values_of_some_lists_are_theirs_in_the_order_asked(lists, data):
    """Of a list asked for twice they come twice; the owner is the place in what was asked, not the list."""
    asked = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=10)) if lists else []
    owners, values = take_lists(lists, np.array(asked, np.intp))
    expected = [(at, value) for at, number in enumerate(asked) for value in lists[number]]
    assert expected == list(zip(owners.tolist(), values.tolist(), strict=True))


def test_an_array_of_values_has_the_type_asked_for():
    assert [True, False] == map_array(str.isupper, ["A", "b"]).tolist()
    lengths = map_array(len, ["", "ab"], np.intp)
    assert ([0, 2], np.intp) == (lengths.tolist(), lengths.dtype)
    assert (0,) == map_array(len, []).shape


TEXTS = st.lists(st.text(st.characters()) | st.text("a \t\n\x1c\x85\u2028\u3000\ud800\U0001f5f3"), max_size=5)


@given(TEXTS)
@example([])
@example(["", ""])
@example([" a", "", "b "])
@example(["a\ud800", "\udc00b"])
@example(["".join(map(chr, range(sys.maxunicode + 1)))])
def test_pieces_and_their_places_are_those_of_runs_without_white_space_text_by_text(texts):
    pieces, starts, owners = read_pieces(texts)
    expected = [(run[0], run.start(), at) for at, text in enumerate(texts) for run in re.finditer(r"\S+", text)]
    assert expected == list(zip(pieces, starts.tolist(), owners.tolist(), strict=True))
