"""MinHash signatures: those of datasketch, and estimates of the Jaccard similarity counted by hand."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.text import minhash
from analysis.text.minhash import signature, signatures, word_numbers

WORDS = [f"w{number}" for number in range(60)]
TEXTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), max_size=6)


def _shingles(words, size):
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def _jaccard(left, right, size=5):
    one, other = _shingles(left, size), _shingles(right, size)
    return len(one & other) / len(one | other)


def _similarity(left, right):
    return np.mean(np.array(signature(left)) == np.array(signature(right)))


def test_a_signature_is_128_numbers_that_do_not_look_at_capitals():
    found = signature(WORDS)
    assert 128 == len(found)
    assert all(0 <= number < 2**32 for number in found)
    assert found == signature([word.upper() for word in WORDS])
    assert signature(["the", "mayor's", *WORDS]) == signature(["The", "mayor’s", *WORDS])


@pytest.mark.parametrize(("words", "size", "expected"), [(6, 5, 0), (7, 5, 128), (4, 3, 0), (5, 3, 128), (0, 3, 0)])
def test_a_text_of_less_than_three_shingles_has_none(words, size, expected):
    assert expected == len(signature(WORDS[:words], size=size))


def test_a_phrase_said_over_and_over_is_too_short():
    assert signature(["no"] * 50) == []


def test_a_signature_is_the_library_s():
    """MinHash of datasketch over the same shingles, hashed by us."""
    from datasketch import MinHash

    tokens = [*WORDS, *WORDS[:9], *reversed(WORDS)]
    runs = []
    for at in range(len(tokens) - 4):
        number = 0
        for token in tokens[at : at + 5]:
            number = (number * 0x9E3779B97F4A7C15 + minhash._number(token)) % 2**64
        runs.append(number >> 32)
    expected = MinHash(num_perm=128, seed=1, scheme="affine32", hashfunc=int)
    expected.update_batch(runs)
    assert expected.hashvalues.tolist() == signature(tokens)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 50), st.randoms(use_true_random=False))
def test_similarity_estimates_jaccards(changed, chance):
    left = list(WORDS)
    right = [*WORDS[: 60 - changed], *chance.sample([f"v{number}" for number in range(60)], changed)]
    # Five standard errors of a share of 128.
    assert abs(_jaccard(left, right) - _similarity(left, right)) <= 5 * 0.5 / np.sqrt(128)


@pytest.mark.parametrize("shared", [15, 30, 50])
def test_the_estimate_is_unbiased_and_has_the_standard_error_of_128_independent_numbers(shared):
    """300 pairs of texts: errors average to nothing, and their square to J(1 - J)/128."""
    chance, errors, variances = random.Random(shared), [], []
    for _ in range(300):
        words = [f"{chance.getrandbits(40):x}" for _ in range(60 + 60 - shared)]
        left, right = words[:60], [*words[:shared], *words[60:]]
        exact = _jaccard(left, right)
        errors.append(_similarity(left, right) - exact)
        variances.append(exact * (1 - exact) / 128)
    assert abs(np.mean(errors)) <= 4 * np.sqrt(np.mean(variances) / 300)
    assert pytest.approx(1, abs=0.35) == np.mean(np.square(errors)) / np.mean(variances)


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(1, 5))
def test_texts_signed_together_have_the_signatures_they_have_alone(texts, size):
    """No shingle reaches from one text into the next; texts without one are left out."""
    words = [word for text in texts for word in text]
    owners = np.repeat(np.arange(len(texts), dtype=np.intp), [len(text) for text in texts])
    whose, found = signatures(word_numbers(words), owners, size=size)
    alone = {number: signed for number, text in enumerate(texts) if (signed := signature(text, size=size))}
    assert alone == dict(zip(whose.tolist(), found.tolist(), strict=True))
    assert list(alone) == whose.tolist()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("abcd"), max_size=12), st.integers(1, 5))
def test_texts_of_at_least_three_different_shingles_have_a_signature(text, size):
    assert (len(_shingles(text, size)) >= 3) == bool(signature(text, size=size))


def test_pythons_hash_seed_changes_nothing():
    code = "from analysis.text.minhash import signature; print(signature('a b c d e f g h i'.split()))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert 1 == len(outputs)
