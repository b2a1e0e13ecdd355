"""Copies of one text (wire copy, reprints, republished feeds): MinHash signatures → clusters.

`minhash` makes the signatures; `spilled` keeps them in a file while they wait.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis import tables
from analysis.text.minhash import FACTOR, PERMUTATIONS, SHINGLE, Signature
from analysis.text.spilled import Columns

#: SIGNATURES in Arrow.
SIGNED = pa.schema({"article": pa.large_string(), "scope": pa.large_string(), "minhash": pa.list_(pa.uint32())})
#: Of more articles than this that share a band, not all pairs are looked at.
_MANY = 30


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
    with Bands(threshold) as index:
        index.add(pa.Table.from_pandas(signatures[tables.SIGNATURES.names], schema=SIGNED, preserve_index=False))
        return index.clusters(articles, lambda wanted: signatures[signatures["article"].isin(wanted)])


class Bands:
    """Signatures cut into bands, of which only a number each is kept: articles that share one may be copies.

    Parameters
    ----------
    threshold : float in [0.3, 1]
    folder : Path, where they are kept meanwhile; the system's for such files where it is not given
    """

    def __init__(self, threshold: float = 0.7, folder: Path | None = None) -> None:
        if not 0.3 <= threshold <= 1:
            raise ValueError(f"threshold is {threshold!r}; it lies between 0.3 and 1")
        self.threshold = threshold
        # Bands of 4: a pair alike at 0.7 shares one with p = 1 - (1 - 0.7**4)**32 = 0.9998; of 2 for lower thresholds.
        self._size = 4 if threshold >= 0.6 else 2
        # As bytes: small Arrow arrays that stay would hold the large pages on which they lie.
        self._articles: list[bytes] = []
        self._count = 0
        self._places: dict[str, list[npt.NDArray[np.int32]]] = {scope: [] for scope in SHINGLE}
        # In a file: they are most of what would grow with the number of articles.
        self._bands = {scope: Columns(folder) for scope in SHINGLE}

    def __enter__(self) -> Bands:
        return self

    def __exit__(self, *_: object) -> None:
        for bands in self._bands.values():
            bands.close()

    def add(self, signatures: pa.Table) -> None:
        """Take in signatures (SIGNATURES, Arrow), of articles not taken in before."""
        for batch in signatures.to_batches():
            names = batch["article"].unique()
            place = pc.index_in(batch["article"], names).to_numpy() + self._count
            scopes, sizes = batch["scope"], batch["minhash"].value_lengths().to_numpy()
            values = batch["minhash"].flatten().to_numpy().astype(np.uint64)
            for scope in SHINGLE:
                of = pc.equal(scopes, scope).to_numpy(zero_copy_only=False) & (sizes > 0)
                self._places[scope].append(place[of].astype(np.int32))
                self._bands[scope].add(self._mixed(values[np.repeat(of, sizes)].reshape(-1, PERMUTATIONS)))
            self._articles.append(json.dumps(names.to_pylist()).encode())
            self._count += len(names)

    def _mixed(self, signed: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
        """A number for each band of each signature."""
        bands = signed.reshape(len(signed), signed.shape[1] // self._size, self._size)
        mixed = np.zeros(bands.shape[:2], np.uint64)
        for at in range(self._size):
            mixed = mixed * FACTOR + bands[:, :, at]
        return (mixed * FACTOR >> np.uint64(32)).astype(np.uint32)

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
        if not len(self._bands[scope]):
            return []
        places = np.concatenate(self._places[scope])
        pairs: set[tuple[int, int]] = set()
        for number in range(self._bands[scope].width):
            band = self._bands[scope].column(number)
            order = np.argsort(band, kind="stable")
            ends = np.flatnonzero(np.diff(band[order], append=~band[order[-1]]))
            starts = np.concatenate([[0], ends[:-1] + 1])
            for at in np.flatnonzero(ends > starts):
                alike = places[order[starts[at] : ends[at] + 1]].tolist()
                few = len(alike) <= _MANY
                pairs.update(combinations(alike, 2) if few else ((alike[0], other) for other in alike[1:]))
                pairs.update(() if few else pairwise(alike))
        articles = [name for names in self._articles for name in json.loads(names)] if pairs else []
        named = ((articles[one], articles[other]) for one, other in pairs)
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
