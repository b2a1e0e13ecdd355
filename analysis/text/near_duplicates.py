"""Near-duplicates (wire copy, reprints, republished feeds): MinHash signatures of texts (Broder 1997) → clusters.

Two texts' share of equal numbers in their signatures estimates the Jaccard similarity of their shingles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from analysis.text.arrays import Ints, map_array

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


def signature(tokens: Sequence[str], *, size: int = SHINGLE["text"]) -> list[int]:
    """MinHash of a text's shingles of `size` tokens, 128 numbers; empty where it has less than three of them."""
    _, signed = signatures(word_numbers(tokens), np.zeros(len(tokens), np.intp), size=size)
    numbers: list[int] = signed.ravel().tolist()
    return numbers


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


class Bands:
    """Index of signatures: each is cut into bands of which only a hash is kept; articles that share one may be copies.

    Locality-sensitive hashing, which misses a pair that is just alike enough once in 6,000 times.
    """

    def __init__(self) -> None:
        self._articles: list[str] = []
        self._owners: dict[str, list[npt.NDArray[np.int32]]] = {scope: [] for scope in SHINGLE}
        self._bands: dict[str, list[Signature]] = {scope: [] for scope in SHINGLE}

    def add(self, signatures: pa.Table) -> None:
        """Add signatures (SIGNATURES, Arrow) of articles that were not added before."""
        for batch in signatures.to_batches():
            names = batch["article"].unique()
            owners = pc.index_in(batch["article"], names).to_numpy() + len(self._articles)
            sizes = batch["minhash"].value_lengths().to_numpy()
            values = batch["minhash"].flatten().to_numpy().astype(np.uint64)
            for scope in SHINGLE:
                rows = pc.equal(batch["scope"], scope).to_numpy(zero_copy_only=False) & (sizes > 0)
                bands = values[np.repeat(rows, sizes)].reshape(-1, PERMUTATIONS // _BAND, _BAND)
                mixed = np.zeros(bands.shape[:2], np.uint64)
                for at in range(_BAND):
                    mixed = mixed * _FACTOR + bands[:, :, at]
                self._owners[scope].append(owners[rows].astype(np.int32))
                self._bands[scope].append(np.ascontiguousarray((mixed * _FACTOR >> _HALF).astype(np.uint32).T))
            self._articles.extend(names.to_pylist())

    def clusters(self, articles: pd.DataFrame, read: Callable[[set[str]], pd.DataFrame]) -> pd.DataFrame:
        """Clusters of copies among `articles` (REPRINTS), within an outlet and across; `head` is the earliest of one.

        Two articles are copies where their bodies are similar enough; their titles, where either body is too short to
        have a signature. Copies of copies are in one cluster. `read` gives the signatures of some articles.
        """
        pairs = {scope: self._candidates(scope) for scope in SHINGLE}
        wanted = {article for of_scope in pairs.values() for pair in of_scope for article in pair}
        known = articles[articles["article"].isin(wanted)].sort_values(["published", "article"])["article"]
        order = {article: number for number, article in enumerate(known)}
        copies = pd.DataFrame(_alike(pairs, read(wanted)), columns=["left", "right", "similarity"])
        there = copies[["left", "right"]].isin(known.to_list()).all(axis=1)
        copies = copies[there & (copies["similarity"] >= THRESHOLD)]
        nearest = pd.concat([copies.set_index(side)["similarity"] for side in ("left", "right")]).groupby(level=0).max()
        cells = np.ones(len(copies)), [copies[side].map(order).to_numpy(int) for side in ("left", "right")]
        labels = connected_components(sparse.coo_array(cells, shape=(len(order), len(order))), directed=False)[1]
        heads = known.groupby(labels).transform("first")  # the earliest comes first
        table = articles[["article"]].sort_values("article", ignore_index=True)
        own = table["article"]
        table["head"] = own.map(dict(zip(known, heads, strict=True))).astype(own.dtype).fillna(own)
        table["similarity"] = own.map(nearest).astype(float).fillna(0.0)
        return tables.check(table, tables.REPRINTS)

    def _candidates(self, scope: str) -> list[tuple[str, str]]:
        """Pairs that share a band, in order; where many share one, each with the first and with the next of them."""
        if not sum(map(len, self._owners[scope])):
            return []
        owners = np.concatenate(self._owners[scope])
        pairs: set[tuple[int, int]] = set()
        for number in range(PERMUTATIONS // _BAND):
            band = np.concatenate([block[number] for block in self._bands[scope]])
            order = np.argsort(band, kind="stable")
            ends = np.flatnonzero(np.diff(band[order], append=~band[order[-1]]))
            starts = np.concatenate([[0], ends[:-1] + 1])
            for at in np.flatnonzero(ends > starts):
                alike = owners[order[starts[at] : ends[at] + 1]].tolist()
                few = len(alike) <= _MANY
                pairs.update(combinations(alike, 2) if few else ((alike[0], other) for other in alike[1:]))
                pairs.update(() if few else pairwise(alike))
        named = ((self._articles[one], self._articles[other]) for one, other in pairs)
        return sorted((min(pair), max(pair)) for pair in named)


def _alike(pairs: dict[str, list[tuple[str, str]]], signatures: pd.DataFrame) -> Iterator[tuple[str, str, float]]:
    """Similarity of each pair, of bodies, and of titles where either body has no signature."""
    by_scope: dict[str, dict[str, Signature]] = {scope: {} for scope in SHINGLE}
    for row in signatures.itertuples():
        if len(row.minhash):
            by_scope[row.scope][row.article] = np.asarray(row.minhash, np.uint32)
    for scope, of_scope in pairs.items():
        for left, right in of_scope:
            if scope == "text" or left not in by_scope["text"] or right not in by_scope["text"]:
                yield left, right, float(np.mean(by_scope[scope][left] == by_scope[scope][right]))
