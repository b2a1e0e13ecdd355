"""Arrays: what goes in comes back, in whatever order it is asked."""

import re
import sys

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.text.arrays import JaggedArray, Vocabulary, factorize, map_array, read_pieces

LISTS = st.lists(st.lists(st.integers(-9, 9), max_size=5), max_size=8)


def _back(lists):
    return [part.tolist() for part in np.split(lists.values, lists.starts[1:-1])][: len(lists.starts) - 1]


@given(st.lists(st.text(max_size=2)))
def test_the_same_thing_has_the_same_number_and_the_number_gives_the_thing_back(things):
    numbers, each = factorize(things)
    assert things == [each[number] for number in numbers]
    assert list(dict.fromkeys(things)) == each


def test_only_what_was_not_known_is_new():
    numbers = Vocabulary("a", "b")
    assert [1, 2, 0, 3, 2] == [numbers[thing] for thing in "bcadc"]
    assert ["c", "d"] == numbers.new
    numbers.new = []
    assert (2, 4) == (numbers["c"], numbers["e"])
    assert ["e"] == numbers.new


@given(LISTS, LISTS)
def test_lists_come_back_as_they_were_also_when_they_were_extended(first, more):
    assert first == _back(JaggedArray.from_lists(first))
    assert first + more == _back(JaggedArray.from_lists(first).extended(more))
    assert [*[0] * len(first), *[1] * len(more)] == JaggedArray.from_lists(
        [[0] * len(first), [1] * len(more)]
    ).values.tolist()


@given(LISTS, st.data())
def test_lists_of_some_things_are_theirs_in_the_order_asked(lists, data):
    """Of a thing asked twice they come twice; `whose` is the place in what was asked, not the thing."""
    asked = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=10)) if lists else []
    made, things = JaggedArray.from_lists(lists), np.array(asked, np.intp)
    whose, values = made.take(things)
    expected = [(at, value) for at, thing in enumerate(asked) for value in lists[thing]]
    assert expected == list(zip(whose.tolist(), values.tolist(), strict=True))
    assert [len(lists[thing]) for thing in asked] == made.sizes(things).tolist()


@given(LISTS)
def test_each_value_has_the_owner_whose_list_it_is_in(lists):
    made = JaggedArray.from_lists(lists)
    assert [owner for owner, one in enumerate(lists) for _ in one] == made.owners().tolist()


def test_extending_keeps_the_kind_of_the_values():
    """Hashes above 2**31 stay what they are."""
    hashes = JaggedArray(np.empty(0, np.uint32), np.zeros(1, np.intp)).extended([[2**32 - 1], [], [7]])
    assert np.uint32 == hashes.values.dtype
    assert [[2**32 - 1], [], [7]] == _back(hashes)


def test_a_column_has_the_kind_asked_for_and_a_place_for_each_thing():
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
