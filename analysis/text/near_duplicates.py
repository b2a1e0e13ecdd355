"""Near-duplicates (wire copy, reprints, republished feeds): MinHash signatures of texts (Broder 1997) → clusters.

Two texts' share of equal numbers in their signatures estimates the Jaccard similarity of their shingles.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from analysis import tables
from analysis.text.tokens import Ints, map_array

PERMUTATIONS = 128
SEED = 1
#: Tokens per shingle; titles are short.
SHINGLE = {"title": 3, "text": 5}
#: Fewer shingles than this do not tell a copy from a common phrase ("Protests in Peru").
MIN_SHINGLES = 3
#: Two articles are copies from this similarity on.
THRESHOLD = 0.7
#: Numbers of a band: a pair alike at the threshold shares a band with p = 1 - (1 - 0.7**4)**32 = 0.9998.
_BAND = 4
#: Of more articles than this that share a band, not all pairs are compared.
_MANY = 30
#: An odd number without pattern (the golden ratio in 64 bits).
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)

Signature = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]


def word_numbers(tokens: Sequence[str]) -> Hashes:
    """Hash of 64 bits of each word, the same in any capitalisation."""
    return map_array(_number, tokens, np.uint64)


@lru_cache(maxsize=200_000)
def _number(token: str) -> int:
    return int.from_bytes(blake2b(token.casefold().replace("’", "'").encode(), digest_size=8).digest(), "little")


def signatures(words: Hashes, texts: Ints, *, size: int) -> tuple[Ints, Signature]:
    """MinHash of the shingles of many texts: the texts that have enough different shingles, and a row for each.

    The hashes of the words of all texts stand end to end, with the text that each word is in, ascending.
    """
    last = max(len(words) - size + 1, 0)
    within = texts[:last] == texts[len(texts) - last :]
    shingled = (texts[:last][within].astype(np.uint64) << _HALF) | _shingles(words, size, last)[within]
    shingled.sort()
    shingled = shingled.compress(np.diff(shingled, prepend=~shingled[:1]) != 0)
    owners, sizes = np.unique(shingled >> _HALF, return_counts=True)
    enough = sizes >= MIN_SHINGLES
    shingles, sizes = shingled.astype(np.uint32)[np.repeat(enough, sizes)], sizes[enough]
    signed = np.empty((len(sizes), PERMUTATIONS), np.uint32)
    if len(sizes):
        starts = np.cumsum(sizes) - sizes
        for at, (factor, added) in enumerate(zip(*_permutations(), strict=True)):
            signed[:, at] = np.minimum.reduceat(shingles * factor + added, starts)
    return owners[enough].astype(np.intp), signed


def _shingles(words: Hashes, size: int, count: int) -> Signature:
    """Hash of each run of `size` words: the upper half of a polynomial of the words' hashes, mixed."""
    runs = np.zeros(count, np.uint64)
    for at in range(size):
        runs = runs * _FACTOR + words[at : at + count]
    mixed = (runs >> _HALF).astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):  # MurmurHash3's finalizer
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    return mixed ^ (mixed >> np.uint32(16))


@cache
def _permutations() -> tuple[Signature, Signature]:
    """Factor (odd) and summand of each permutation; those of datasketch's scheme affine32."""
    random = np.random.RandomState(SEED)
    factors = random.randint(0, 1 << 31, PERMUTATIONS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, random.randint(0, 1 << 32, PERMUTATIONS, dtype=np.uint32)


def clusters(articles: pd.DataFrame, signatures: Callable[[str], Iterable[pa.Table]]) -> pd.DataFrame:
    """Clusters of copies among articles (REPRINTS), by their signatures; `head` is the earliest of a cluster.

    `signatures` gives the rows of SIGNATURES of a scope, a part at a time; only those that may be copies are held.

    Two articles are copies where their bodies are similar enough; their titles, where either body is too short to have
    a signature. Copies of copies are in one cluster.
    """
    order = articles.sort_values(["published", "article"])["article"].reset_index(drop=True)
    pairs = pd.concat(_alike(signatures, pd.Index(order)))
    pairs = pairs[pairs["similarity"] >= THRESHOLD]
    both = pd.concat([pairs.set_index(side)["similarity"] for side in ("left", "right")])
    cells = np.ones(len(pairs)), (pairs["left"].to_numpy(), pairs["right"].to_numpy())
    labels = connected_components(sparse.coo_array(cells, shape=(len(order), len(order))), directed=False)[1]
    nearest = both.groupby(level=0).max().reindex(order.index, fill_value=0.0)
    heads = order.groupby(labels).transform("first")  # the earliest comes first
    table = pd.DataFrame({"article": order, "head": heads, "similarity": nearest.astype(float)})
    return tables.check(table.sort_values("article", ignore_index=True), tables.REPRINTS)


def _alike(signatures: Callable[[str], Iterable[pa.Table]], order: pd.Index) -> Iterator[pd.DataFrame]:
    """Pairs of articles that may be copies, by their place in `order`, and their similarity: of bodies, and of titles
    where either body has no signature."""
    has_body = np.zeros(len(order), np.bool_)
    for scope in ("text", "title"):
        owners, bands = [np.zeros(0, np.intp)], [np.zeros((0, PERMUTATIONS // _BAND), np.uint32)]
        for own, minhash in _signed(signatures(scope), order):
            owners.append(own)
            bands.append(_bands(minhash))
        owner = np.concatenate(owners)
        left, right = np.array(sorted(_candidates(np.concatenate(bands))), np.intp).reshape(-1, 2).T
        wanted, of = np.zeros(len(order), np.bool_), dict[int, Signature]()
        wanted[owner[left]] = wanted[owner[right]] = True
        for own, minhash in _signed(signatures(scope), order) if len(left) else ():
            of |= {int(own[at]): minhash[at].copy() for at in np.flatnonzero(wanted[own])}
        pairs = pd.DataFrame({"left": owner[left], "right": owner[right]})
        similarity = [np.mean(of[one] == of[other]) for one, other in pairs.itertuples(index=False)]
        pairs["similarity"] = np.array(similarity, float)
        yield pairs[~(has_body[pairs["left"]] & has_body[pairs["right"]])]
        has_body[owner] = scope == "text"


def _signed(rows: Iterable[pa.Table], order: pd.Index) -> Iterator[tuple[Ints, Signature]]:
    """Articles that have a signature, by their place in `order`, and those signatures, a part at a time."""
    for part in rows:
        is_signed = pc.greater(pc.list_value_length(part["minhash"]), 0)
        minhash = pc.list_flatten(part["minhash"]).to_numpy().reshape(-1, PERMUTATIONS)
        yield order.get_indexer(part["article"].filter(is_signed).to_pandas()), minhash


def _bands(minhash: Signature) -> Signature:
    """Hash of each band of signatures, a column each."""
    mixed = np.zeros((len(minhash), PERMUTATIONS // _BAND), np.uint64)
    for number in range(_BAND):
        mixed = mixed * _FACTOR + minhash[:, number::_BAND]
    return (mixed >> _HALF).astype(np.uint32)


def _candidates(bands: Signature) -> set[tuple[int, int]]:
    """Pairs of signatures that share a band: locality-sensitive hashing, which misses a pair that is just alike enough
    once in 6,000 times. Where many share one, each is paired with the first and with the next of them."""
    pairs: set[tuple[int, int]] = set()
    for hashes in bands.T:
        order = np.argsort(hashes, kind="stable")
        bounds = np.flatnonzero(np.diff(hashes[order], prepend=~hashes[order[:1]], append=~hashes[order[-1:]]))
        for at in np.flatnonzero(np.diff(bounds) > 1):
            alike = order[bounds[at] : bounds[at + 1]].tolist()
            few = len(alike) <= _MANY
            pairs.update(combinations(alike, 2) if few else ((alike[0], other) for other in alike[1:]))
            pairs.update(() if few else pairwise(alike))
    return pairs
