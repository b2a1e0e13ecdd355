"""MinHash signatures of texts (Broder 1997): two texts' share of equal numbers estimates how alike they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from analysis.text.arrays import Ints, column

PERMUTATIONS = 128
SEED = 1
#: Tokens per shingle; titles are short.
SHINGLE = {"title": 3, "text": 5}
#: Fewer shingles than this do not tell a copy from a common phrase ("Protests in Peru").
FEWEST_SHINGLES = 3

#: An odd number without pattern (the golden ratio in 64 bits).
FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)

Signature = npt.NDArray[np.uint32]
Numbers = npt.NDArray[np.uint64]


def signature(tokens: Sequence[str], *, size: int = SHINGLE["text"]) -> list[int]:
    """MinHash of a text's shingles.

    Parameters
    ----------
    tokens : sequence of str, the text's word tokens
    size : int, tokens per shingle

    Returns
    -------
    list of 128 int in [0, 2**32), the same for the same words in any capitalisation; empty where the text is too
    short for three different shingles
    """
    _, (*found,) = signatures(word_numbers(tokens), np.zeros(len(tokens), np.intp), size=size)
    return [int(number) for row in found for number in row]


def word_numbers(tokens: Sequence[str]) -> Numbers:
    """A number of 64 bits for each word, the same in any capitalisation."""
    return column(_number, tokens, np.uint64)


def signatures(words: Numbers, texts: Ints, *, size: int) -> tuple[Ints, Signature]:
    """MinHash of the shingles of many texts.

    Parameters
    ----------
    words : array of int, the numbers of the words of all texts, end to end
    texts : array of int, aligned, ascending: which text each word is in
    size : int, words per shingle

    Returns
    -------
    the texts that have enough different shingles, ascending; and a row of 128 numbers for each of them
    """
    last = max(len(words) - size + 1, 0)
    within = texts[:last] == texts[len(texts) - last :]
    found = (texts[:last][within].astype(np.uint64) << _HALF) | _shingles(words, size, last)[within]
    found.sort()
    found = found.compress(np.diff(found, prepend=~found[:1]) != 0)
    owners, sizes = np.unique(found >> _HALF, return_counts=True)
    enough = sizes >= FEWEST_SHINGLES
    shingles, sizes = found.astype(np.uint32)[np.repeat(enough, sizes)], sizes[enough]
    signed = np.empty((len(sizes), PERMUTATIONS), np.uint32)
    if len(sizes):
        starts = np.cumsum(sizes) - sizes
        for at, (factor, added) in enumerate(zip(*_permutations(), strict=True)):
            signed[:, at] = np.minimum.reduceat(shingles * factor + added, starts)
    return owners[enough].astype(np.intp), signed


def _shingles(words: Numbers, size: int, count: int) -> npt.NDArray[np.uint32]:
    """A number for each run of `size` words: a polynomial of the words' numbers, its upper half, mixed well."""
    runs = np.zeros(count, np.uint64)
    for at in range(size):
        runs = runs * FACTOR + words[at : at + count]
    mixed = (runs >> _HALF).astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):  # MurmurHash3's finalizer
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    return mixed ^ (mixed >> np.uint32(16))


@lru_cache(maxsize=200_000)
def _number(token: str) -> int:
    return int.from_bytes(blake2b(token.casefold().replace("’", "'").encode(), digest_size=8).digest(), "little")


@cache
def _permutations() -> tuple[Signature, Signature]:
    """Factor and summand of each permutation."""
    from datasketch import MinHash

    # The scheme is named because the default changed with datasketch 2.0, and the numbers are published.
    factors, added = MinHash(num_perm=PERMUTATIONS, seed=SEED, scheme="affine32").permutations
    return factors, added
