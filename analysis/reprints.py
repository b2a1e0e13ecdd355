"""Copies of one text (wire copy, reprints, republished feeds): MinHash signatures → clusters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

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
    words = [token.casefold().replace("’", "'") for token in tokens]
    shingles = {"\n".join(words[at : at + size]) for at in range(len(words) - size + 1)}
    if len(shingles) < FEWEST_SHINGLES:
        return []
    minhash = _empty().copy()
    minhash.update_batch([shingle.encode() for shingle in sorted(shingles)])
    return [int(value) for value in minhash.hashvalues]


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
    if not 0.3 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold!r}; it lies between 0.3 and 1")
    by_scope = {scope: _by_article(signatures, scope) for scope in SHINGLE}
    order = articles.sort_values(["published", "article"])["article"].to_list()
    heads = {article: article for article in order}
    nearest = dict.fromkeys(order, 0.0)
    # Earlier articles first, so that a union keeps the earlier head.
    place = {article: number for number, article in enumerate(order)}
    for left, right, similarity in _pairs(by_scope, set(order), threshold):
        nearest[left], nearest[right] = max(nearest[left], similarity), max(nearest[right], similarity)
        first, second = sorted((_head(heads, left), _head(heads, right)), key=place.__getitem__)
        heads[second] = first
    rows = [(article, _head(heads, article), nearest[article]) for article in sorted(order)]
    return tables.check(pd.DataFrame(rows, columns=tables.REPRINTS.names), tables.REPRINTS)


def similarity(left: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Estimated Jaccard similarity of two signatures: the share of equal numbers."""
    return float(np.mean(np.asarray(left) == np.asarray(right)))


def _by_article(signatures: pd.DataFrame, scope: str) -> dict[str, Signature]:
    rows = signatures[signatures["scope"] == scope]
    values = zip(rows["article"], rows["minhash"], strict=True)
    return {article: np.asarray(value, dtype=np.uint32) for article, value in values if len(value)}


def _pairs(
    by_scope: Mapping[str, Mapping[str, Signature]], known: set[str], threshold: float
) -> Iterator[tuple[str, str, float]]:
    bodies = by_scope["text"]
    for scope, found in by_scope.items():
        for left, right in _candidates({name: found[name] for name in sorted(found) if name in known}, threshold):
            comparable = scope == "text" or left not in bodies or right not in bodies
            if comparable and (alike := similarity(found[left], found[right])) >= threshold:
                yield left, right, alike


def _candidates(signatures: Mapping[str, Signature], threshold: float) -> Iterable[tuple[str, str]]:
    from datasketch import MinHashLSH

    # Bands of 4: a pair alike at 0.7 shares one with p = 1 - (1 - 0.7**4)**32 = 0.9998; of 2 for lower thresholds.
    index = MinHashLSH(num_perm=PERMUTATIONS, params=(32, 4) if threshold >= 0.6 else (64, 2))
    pairs: set[tuple[str, str]] = set()
    for name, values in signatures.items():
        minhash = _minhash(values)
        pairs.update((other, name) for other in index.query(minhash))
        index.insert(name, minhash)
    return sorted(pairs)


def _head(heads: dict[str, str], article: str) -> str:
    while heads[article] != article:
        heads[article] = article = heads[heads[article]]
    return article


def _minhash(values: Signature) -> Any:
    minhash = _empty().copy()
    minhash.hashvalues = values
    return minhash


@cache
def _empty() -> Any:
    from datasketch import MinHash

    # The scheme is named because the default changed with datasketch 2.0, and the numbers are published.
    return MinHash(num_perm=PERMUTATIONS, seed=SEED, scheme="affine32")
