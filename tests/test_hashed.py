"""Hashed features: sets of them by target, and hashes that are the same for numbers and arrays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.scoring.hashed import Found, mix, pair

HASH = st.integers(0, 2**32 - 1)


def _sets(found, targets):
    lists = found.sets(targets)
    return [part.tolist() for part in np.split(lists.values, lists.starts[1:-1])][:targets]


@given(st.lists(HASH, min_size=1, max_size=4))
def test_hashes_of_arrays_are_those_of_numbers(parts):
    arrays = [np.array([part], np.uint32) for part in parts]
    assert [mix(*parts)] == mix(*arrays).tolist()
    assert [mix(*parts, 7)] == mix(*arrays, 7).tolist()
    assert [pair(parts[0], 7)] == pair(arrays[0], 7).tolist()


@given(st.lists(HASH, min_size=1, max_size=4))
def test_hashes_have_32_bits(parts):
    assert 0 <= mix(*parts) < 2**32
    assert np.uint32 == mix(*(np.array([part], np.uint32) for part in parts)).dtype


def test_hashes_depend_on_the_order_and_meet_no_more_often_than_by_chance():
    """Pairs of 300 near numbers with 300 others, 90,000² / 2³³ = 0.94 meetings expected of chance."""
    small = np.arange(300, dtype=np.uint32)
    pairs = pair(small[:, None], small[None, :])
    assert pairs.size - len(np.unique(pairs)) <= 8
    assert mix(1, 2, 3) not in (mix(3, 2, 1), mix(1, 3, 2), mix(2, 1, 3), mix(1, 2), mix(0, 1, 2, 3))


def test_a_bit_of_what_is_hashed_changes_a_quarter_of_the_hash_at_least():
    """On average, and of either part: else likely features would share a place."""
    numbers = np.random.default_rng(1).integers(0, 2**32, 2000, dtype=np.uint32)
    for bit in range(0, 16, 3):
        turned = numbers ^ np.uint32(1 << bit)
        for one, other in ((pair(numbers, 5), pair(turned, 5)), (pair(5, numbers), pair(5, turned))):
            assert np.unpackbits((one ^ other).view(np.uint8)).mean() > 0.25


@given(st.lists(st.tuples(st.integers(0, 3), HASH), max_size=20))
def test_what_is_found_again_counts_once(pairs):
    found = Found()
    for row, key in pairs * 2:
        found.add(np.array([row]), np.array([key], np.uint32))
    assert [sorted({key for row, key in pairs if row == own}) for own in range(4)] == _sets(found, 4)


def test_many_keys_of_many_targets_are_added_at_once():
    """A row of keys for each kind of feature, aligned with the targets; the largest hash stays with its target."""
    found, last = Found(), 2**32 - 1
    found.add(np.array([2, 0, 2]), np.array([[5, last, 9], [6, 0, 5]], np.uint32), np.array([1, 2, 3], np.uint32))
    assert [[0, 2, last], [], [1, 3, 5, 6, 9]] == _sets(found, 3)


def test_targets_without_a_feature_have_an_empty_set():
    assert [[], []] == _sets(Found(), 2)
    assert [0] == Found().sets(0).starts.tolist()
