"""Lists end to end and numbers for things: what goes in comes back, whatever is asked in whatever order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.text.arrays import Lists, Numbers, column, numbered

LISTS = st.lists(st.lists(st.integers(-9, 9), max_size=5), max_size=8)


def _back(lists):
    return [part.tolist() for part in np.split(lists.values, lists.starts[1:-1])][: len(lists.starts) - 1]


@given(st.lists(st.text(max_size=2)))
def test_the_same_thing_has_the_same_number_and_the_number_gives_the_thing_back(things):
    numbers, each = numbered(things)
    assert things == [each[number] for number in numbers]
    assert list(dict.fromkeys(things)) == each


def test_only_what_was_not_known_is_new():
    numbers = Numbers("a", "b")
    assert [1, 2, 0, 3, 2] == [numbers[thing] for thing in "bcadc"]
    assert ["c", "d"] == numbers.new
    numbers.new = []
    assert (2, 4) == (numbers["c"], numbers["e"])
    assert ["e"] == numbers.new


@given(LISTS, LISTS)
def test_lists_come_back_as_they_were_also_when_they_were_extended(first, more):
    assert first == _back(Lists.made(first))
    assert first + more == _back(Lists.made(first).extended(more))
    assert [*[0] * len(first), *[1] * len(more)] == Lists.made([[0] * len(first), [1] * len(more)]).values.tolist()


@given(LISTS, st.data())
def test_lists_of_some_things_are_theirs_in_the_order_asked(lists, data):
    """Of a thing asked twice they come twice; `whose` is the place in what was asked, not the thing."""
    asked = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=10)) if lists else []
    made, things = Lists.made(lists), np.array(asked, np.intp)
    whose, values = made.of(things)
    expected = [(at, value) for at, thing in enumerate(asked) for value in lists[thing]]
    assert expected == list(zip(whose.tolist(), values.tolist(), strict=True))
    assert [len(lists[thing]) for thing in asked] == made.sizes(things).tolist()


@given(LISTS)
def test_each_value_has_the_owner_whose_list_it_is_in(lists):
    made = Lists.made(lists)
    assert [owner for owner, one in enumerate(lists) for _ in one] == made.owners().tolist()


def test_extending_keeps_the_kind_of_the_values():
    """Hashes above 2**31 stay what they are."""
    hashes = Lists(np.empty(0, np.uint32), np.zeros(1, np.intp)).extended([[2**32 - 1], [], [7]])
    assert np.uint32 == hashes.values.dtype
    assert [[2**32 - 1], [], [7]] == _back(hashes)


def test_a_column_has_the_kind_asked_for_and_a_place_for_each_thing():
    assert [True, False] == column(str.isupper, ["A", "b"]).tolist()
    lengths = column(len, ["", "ab"], np.intp)
    assert ([0, 2], np.intp) == (lengths.tolist(), lengths.dtype)
    assert (0,) == column(len, []).shape
