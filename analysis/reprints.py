"""Copies of one text (wire copy, reprints, republished feeds): MinHash signatures → clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis import tables

PERMUTATIONS = 128
SEED = 1
#: Tokens per shingle; titles are short.
SHINGLE = {"title": 3, "text": 5}
#: Fewer shingles than this do not tell a copy from a common phrase ("Protests in Peru").
FEWEST_SHINGLES = 3

#: Of more articles than this that share a band, not all pairs are looked at.
_MANY = 30
#: An odd number without pattern (the golden ratio in 64 bits).
_FACTOR = np.uint64(0x9E3779B97F4A7C15)

Signature = npt.NDArray[np.uint32]


def signature(tokens: Sequence[str], *, size: int = SHINGLE["text"]) -> list[int]:
    """MinHash of a text's shingles (Broder 1997).

    Parameters
    ----------
    tokens : sequence of str, the text's word tokens
    size : int, tokens per shingle

    Returns
    -------
    list of 128 int in [0, 2**32), the same for the same words in any capitalisation; empty where the text is too
    short for three different shingles
    """
    if len(tokens) < size:
        return []
    shingles = np.unique(_shingles(np.fromiter(map(_number, tokens), np.uint64, len(tokens)), size))
    if len(shingles) < FEWEST_SHINGLES:
        return []
    factors, added = _permutations()
    found: list[int] = (factors * shingles + added).min(axis=1).tolist()
    return found


def _shingles(words: npt.NDArray[np.uint64], size: int) -> npt.NDArray[np.uint32]:
    """A number for each run of `size` words: a polynomial of the words' numbers, its upper half, mixed well."""
    count = len(words) - size + 1
    runs = np.zeros(count, np.uint64)
    for at in range(size):
        runs = runs * _FACTOR + words[at : at + count]
    mixed = (runs >> np.uint64(32)).astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):  # MurmurHash3's finalizer
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    return mixed ^ (mixed >> np.uint32(16))


@lru_cache(maxsize=200_000)
def _number(token: str) -> int:
    """A word's number, 64 bits, the same in any capitalisation."""
    return int.from_bytes(blake2b(token.casefold().replace("’", "'").encode(), digest_size=8).digest(), "little")


def reprint_clusters(signatures: pd.DataFrame, articles: pd.DataFrame, *, threshold: float = 0.7) -> pd.DataFrame:
    """Which articles are copies of each other, within an outlet and across.

    Two articles are copies where the estimated Jaccard similarity of their bodies' shingles reaches `threshold`; of
    their titles', where either body is too short to have a signature. Copies of copies are in one cluster. Candidates
    come from locality-sensitive hashing, which misses a pair at the default threshold once in 6,000 times.

    Parameters
    ----------
    signatures : DataFrame (SIGNATURES); scope `text` is the body's signature
    articles : DataFrame (ARTICLES), of which article and published are used
    threshold : float in [0.3, 1]

    Returns
    -------
    DataFrame (REPRINTS), a row per row of `articles`, sorted by article; `head` is the earliest of its cluster, ties
    by article

    Raises
    ------
    ValueError
        Where the threshold is outside its range.
    """
    index = Bands(threshold)
    index.add(signatures)
    return index.clusters(articles, lambda wanted: signatures[signatures["article"].isin(wanted)])


class Bands:
    """Signatures cut into bands, of which only a number each is kept: articles that share one may be copies.

    Parameters
    ----------
    threshold : float in [0.3, 1]
    """

    def __init__(self, threshold: float = 0.7) -> None:
        if not 0.3 <= threshold <= 1:
            raise ValueError(f"threshold is {threshold!r}; it lies between 0.3 and 1")
        self.threshold = threshold
        # Bands of 4: a pair alike at 0.7 shares one with p = 1 - (1 - 0.7**4)**32 = 0.9998; of 2 for lower thresholds.
        self._size = 4 if threshold >= 0.6 else 2
        self._articles: list[str] = []
        self._places: dict[str, list[npt.NDArray[np.int32]]] = {scope: [] for scope in SHINGLE}
        self._bands: dict[str, list[npt.NDArray[np.uint32]]] = {scope: [] for scope in SHINGLE}

    def add(self, signatures: pd.DataFrame) -> None:
        """Take in signatures (SIGNATURES), of articles not taken in before."""
        names = list(dict.fromkeys(signatures["article"]))
        place = {name: at for at, name in enumerate(names, len(self._articles))}
        self._articles += names
        for scope in SHINGLE:
            if found := _by_article(signatures, scope):
                values = np.stack(list(found.values())).astype(np.uint64).reshape(len(found), -1, self._size)
                mixed = np.zeros(values.shape[:2], np.uint64)
                for at in range(self._size):
                    mixed = mixed * _FACTOR + values[:, :, at]
                self._places[scope].append(np.array([place[name] for name in found], np.int32))
                self._bands[scope].append((mixed * _FACTOR >> np.uint64(32)).astype(np.uint32))

    def clusters(self, articles: pd.DataFrame, read: Callable[[set[str]], pd.DataFrame]) -> pd.DataFrame:
        """Clusters of copies among `articles`, as `reprint_clusters`; `read` gives the signatures of some of them."""
        pairs = {scope: self._candidates(scope) for scope in SHINGLE}
        wanted = {article for found in pairs.values() for pair in found for article in pair}
        known = articles[articles["article"].isin(wanted)].sort_values(["published", "article"])["article"]
        # Earlier articles first, so that a union keeps the earlier head.
        place = {article: number for number, article in enumerate(known)}
        candidates = {
            scope: [pair for pair in found if pair[0] in place and pair[1] in place] for scope, found in pairs.items()
        }
        heads: dict[str, str] = {}
        nearest: dict[str, float] = {}
        for left, right, alike in _alike(candidates, read(wanted), self.threshold):
            for article in (left, right):
                heads.setdefault(article, article)
                nearest[article] = max(nearest.get(article, 0.0), alike)
            first, second = sorted((_head(heads, left), _head(heads, right)), key=place.__getitem__)
            heads[second] = first
        table = articles[["article"]].sort_values("article", ignore_index=True)
        own = table["article"]
        table["head"] = own.map({article: _head(heads, article) for article in heads}).astype(own.dtype).fillna(own)
        table["similarity"] = own.map(nearest).astype(float).fillna(0.0)
        return tables.check(table, tables.REPRINTS)

    def _candidates(self, scope: str) -> list[tuple[str, str]]:
        """Pairs that share a band, in order; where many share one, each with the first and with the next of them."""
        if not self._bands[scope]:
            return []
        places = np.concatenate(self._places[scope])
        pairs: set[tuple[int, int]] = set()
        for band in np.concatenate(self._bands[scope]).T:
            order = np.argsort(band, kind="stable")
            ends = np.flatnonzero(np.diff(band[order], append=~band[order[-1]]))
            starts = np.concatenate([[0], ends[:-1] + 1])
            for at in np.flatnonzero(ends > starts):
                alike = places[order[starts[at] : ends[at] + 1]].tolist()
                few = len(alike) <= _MANY
                pairs.update(combinations(alike, 2) if few else ((alike[0], other) for other in alike[1:]))
                pairs.update(() if few else pairwise(alike))
        named = ((self._articles[one], self._articles[other]) for one, other in pairs)
        return sorted((min(pair), max(pair)) for pair in named)


def _alike(
    candidates: Mapping[str, Sequence[tuple[str, str]]], signatures: pd.DataFrame, threshold: float
) -> Iterator[tuple[str, str, float]]:
    by_scope = {scope: _by_article(signatures, scope) for scope in SHINGLE}
    bodies = by_scope["text"]
    for scope, pairs in candidates.items():
        for left, right in pairs:
            comparable = scope == "text" or left not in bodies or right not in bodies
            if comparable and (alike := similarity(by_scope[scope][left], by_scope[scope][right])) >= threshold:
                yield left, right, alike


def similarity(left: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Estimated Jaccard similarity of two signatures: the share of equal numbers."""
    return float(np.mean(np.asarray(left) == np.asarray(right)))


def _by_article(signatures: pd.DataFrame, scope: str) -> dict[str, Signature]:
    rows = signatures[signatures["scope"] == scope]
    values = zip(rows["article"], rows["minhash"], strict=True)
    return {article: np.asarray(value, dtype=np.uint32) for article, value in values if len(value)}


def _head(heads: dict[str, str], article: str) -> str:
    while heads[article] != article:
        heads[article] = article = heads[heads[article]]
    return article


@cache
def _permutations() -> tuple[Signature, Signature]:
    """Factor and summand of each permutation, in columns."""
    from datasketch import MinHash

    # The scheme is named because the default changed with datasketch 2.0, and the numbers are published.
    factors, added = MinHash(num_perm=PERMUTATIONS, seed=SEED, scheme="affine32").permutations
    return factors.reshape(-1, 1), added.reshape(-1, 1)
