"""Articles as arrays, their sides permuted within strata, and whole clusters of them drawn again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import EmptyGroup, OverlappingGroups

_CHUNK = 1_000
#: Sets of draws kept: variants of the text have the same articles, raw and within periods, of one language and of all.
_KEPT = 6
#: Sums below this are what taking equal numbers from each other leaves.
_NOTHING = 1e-9


@dataclass(frozen=True)
class Design:
    """A comparison laid out as arrays: rows are articles, first dimension of every array.

    The group's rows come first, and each side's are sorted by stratum, so that what is summed together lies together.
    """

    article: np.ndarray  # (n,) ids
    value: np.ndarray  # (n, k) numerator
    weight: np.ndarray  # (n, k) denominator, or (n, 1) where it is the same for every feature
    side: np.ndarray  # (n,) 1 in the group, 0 in the reference
    stratum: np.ndarray  # (n,) 0 .. strata - 1
    block: np.ndarray  # (n,) 0 .. blocks - 1
    strata: int

    def unstratified(self) -> Design:
        """The same with a single stratum."""
        return replace(self, stratum=np.zeros_like(self.stratum), strata=1)

    @cached_property
    def rows(self) -> list[tuple[slice, slice]]:
        """Rows of the group and of the reference in each stratum."""
        group = int(self.side.sum())
        ends = [np.searchsorted(rows, range(self.strata + 1)) for rows in np.split(self.stratum, [group])]
        pairs = zip(pairwise(ends[0]), pairwise(group + ends[1]), strict=True)
        return [(slice(*inside), slice(*outside)) for inside, outside in pairs]

    @cached_property
    def distinct(self) -> tuple[np.ndarray, np.ndarray | slice]:
        """The weights that differ (n, w), and which of them each feature has: labels of one set share theirs."""
        if self.weight.shape[1] == 1:
            return self.weight, slice(None)
        seen: dict[bytes, int] = {}  # many times faster than np.unique over columns
        which = np.array([seen.setdefault(column.tobytes(), len(seen)) for column in self.weight.T], int)
        return self.weight[:, np.unique(which, return_index=True)[1]], which

    @cached_property
    def pseudo_weight(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Weight of a pseudo-article of the group and of the reference in each stratum.

        It weighs what the side's articles that have weight do on average, spread over strata as they are.
        """
        weight = self.distinct[0]
        using = [np.maximum((weight[self.side == side] > 0).sum(axis=0), 1) for side in (1, 0)]
        return [
            (weight[inside].sum(axis=0) / using[0], weight[outside].sum(axis=0) / using[1])
            for inside, outside in self.rows
        ]

    @cached_property
    def units(self) -> tuple[np.ndarray, np.ndarray]:
        """What moves together from side to side, articles of one block and side: unit of each row, first row of each.

        First is the row with the lowest id, whose stratum is the unit's.
        """
        order = np.argsort(self.article, kind="stable")
        unit = pd.factorize(self.block * 2 + self.side)[0]
        return unit, order[np.unique(unit[order], return_index=True)[1]]

    @cached_property
    def both(self) -> np.ndarray:
        """(n, k + w) values, and weights that differ; see `compact`."""
        return compact(np.hstack([self.value, self.distinct[0]]))

    @cached_property
    def apart(self) -> np.ndarray:
        """(n, k + strata · w) values, and weights that differ, stratum by stratum; see `compact`."""
        n, weight = len(self.side), self.distinct[0]
        apart = np.zeros((n, self.strata, weight.shape[1]))
        apart[np.arange(n), self.stratum] = weight
        return compact(np.hstack([self.value, apart.reshape(n, -1)]))

    @cached_property
    def mass(self) -> np.ndarray:
        """(strata, w) sums of the weights that differ."""
        k = self.value.shape[1]
        return np.asarray(self.apart[:, k:].sum(axis=0, dtype=float)).reshape(self.strata, self.distinct[0].shape[1])

    @cached_property
    def rate(self) -> np.ndarray:
        """(k, strata · w) value that each feature has in a stratum per weight; 0 for the weights of other features."""
        k, which = self.value.shape[1], np.arange(self.mass.shape[1])[self.distinct[1]]
        rate = np.zeros((k, *self.mass.shape))
        value = (np.arange(self.strata)[:, None] == self.stratum) @ self.value
        mass = self.mass[:, np.broadcast_to(which, k)]
        rate[np.arange(k), :, which] = np.divide(value, mass, out=np.zeros_like(value), where=mass > _NOTHING).T
        return rate.reshape(k, self.mass.size)


def compact(counts: np.ndarray) -> np.ndarray:
    """The same (n × columns), at half the cost in single precision where every sum of them is held exactly.

    That is so of integers below 2²⁴; drawn again, articles of large clusters add up to somewhat more than all do once.
    """
    small = len(counts) * np.abs(counts).max(initial=0) < 2**22
    return counts.astype(np.float32) if small and (counts == np.floor(counts)).all() else counts


def check_groups(group: Collection[Any], reference: Collection[Any], names: tuple[str, str]) -> None:
    """Refuse sides that share an article, and a side that has none."""
    if both := sorted(set(group) & set(reference)):
        raise OverlappingGroups([str(article) for article in both])
    for side, name, members in (("group", names[0], group), ("reference", names[1], reference)):
        if not len(members):
            raise EmptyGroup(side, name)


def build_design(
    values: pd.DataFrame,
    group: Collection[Any],
    reference: Collection[Any],
    weights: pd.DataFrame | pd.Series | None,
    strata: pd.Series | None,
    blocks: pd.Series | None,
    names: tuple[str, str],
) -> Design:
    check_groups(group, reference, names)
    ids = pd.Index([*sorted(group), *sorted(reference)])
    side = np.r_[np.ones(len(group), int), np.zeros(len(reference), int)]
    stratum = np.zeros(len(ids), int) if strata is None else pd.factorize(strata.loc[ids].fillna(""), sort=True)[0]
    order = np.lexsort((stratum, 1 - side))  # stable: ids stay in order within a stratum
    ids, side, stratum = ids[order], side[order], stratum[order]
    value = values.loc[ids].to_numpy(float)
    weight = np.ones(len(ids)) if weights is None else weights.loc[ids].to_numpy(float)
    weight = weight.reshape(len(ids), -1)
    if np.isnan(value).any():
        weight = weight * ~np.isnan(value)
    value = np.where(weight > 0, np.nan_to_num(value), 0.0)  # what has no weight has nothing to say
    block = np.arange(len(ids)) if blocks is None else pd.factorize(blocks.loc[ids], sort=True)[0]
    return Design(ids.to_numpy(), value, weight, side, stratum, block, int(stratum.max()) + 1)


def permuted_difference(plan: Design, label: np.ndarray) -> np.ndarray:
    """Mantel–Haenszel differences (k × draws) for draws of sides, `label` (n × draws); every article counts once.

    What is not on one side is on the other, so with N and D a stratum's value and weight, and n and d those of the
    group in it, its term (n (D - d) - (N - n) d) / D is n - d N / D: a sum over the group's articles.
    """
    k = plan.value.shape[1]
    found = (plan.apart.T @ label.astype(plan.apart.dtype)).astype(float)
    inside = found[k:].reshape(*plan.mass.shape, label.shape[1])
    whole = np.maximum(plan.mass, _NOTHING)[:, :, None]
    return _ratio(plan, found[:k] - plan.rate @ found[k:], (inside * (1 - inside / whole)).sum(axis=0))


def resampled_difference(plan: Design, times: np.ndarray, pseudo: np.ndarray | None = None) -> np.ndarray:
    """Mantel–Haenszel differences (k × draws) for draws of how often an article counts, `times` (n × draws).

    `pseudo` (4 × draws) holds how often the pseudo-articles with and without do, in the group and in the reference.
    """
    k, (distinct, which) = plan.value.shape[1], plan.distinct
    times = times.astype(plan.both.dtype)
    top = np.zeros((k, times.shape[1]))
    bottom = np.zeros((distinct.shape[1], times.shape[1]))
    for sides, extra in zip(plan.rows, plan.pseudo_weight, strict=True):
        sums = []
        for j, (rows, mass) in enumerate(zip(sides, extra, strict=True)):
            found = (plan.both[rows].T @ times[rows]).astype(float)
            value, weight = found[:k], found[k:]
            if pseudo is not None:
                value += mass[which, None] * pseudo[2 * j]
                weight += mass[:, None] * pseudo[2 * j : 2 * j + 2].sum(axis=0)
            sums.append((value, weight))
        (inside, group), (outside, reference) = sums
        usable = (group > _NOTHING) & (reference > _NOTHING)
        share = np.divide(1, group + reference, out=np.zeros_like(group), where=usable)
        top += inside * (reference * share)[which] - outside * (group * share)[which]
        bottom += group * reference * share
    return _ratio(plan, top, bottom)


def _ratio(plan: Design, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Top / bottom, the latter by weights that differ; NaN where the two sides share no stratum."""
    bottom = np.broadcast_to(bottom[plan.distinct[1]], top.shape)
    return np.asarray(np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > _NOTHING))


def permuted(plan: Design, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Chunks (n × ≤ 1,000) of sides permuted within strata; articles of one block and side move together."""
    unit, first = plan.units
    yield from _permuted(plan.side[first].tobytes(), plan.stratum[first].tobytes(), unit.tobytes(), draws, seed)


@lru_cache(maxsize=_KEPT)
def _permuted(sides: bytes, strata: bytes, units: bytes, draws: int, seed: int) -> list[np.ndarray]:
    # The measures of one comparison share articles, periods, copies and seed, hence their permutations.
    side, stratum, unit = (np.frombuffer(data, dtype=np.int64) for data in (sides, strata, units))
    places = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    rng = np.random.default_rng([seed, 1])
    chunks = []
    for n in _chunks(draws):
        moved = np.empty((len(side), n), np.int8)  # kept: small
        for place in places:
            moved[place] = _subsets(len(place), int(side[place].sum()), n, rng)
        chunks.append(_kept(moved[unit]))
    return chunks


def _subsets(size: int, members: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Subsets of `members` out of `size` things, each as likely as any other (size × draws, 1 in the subset).

    Floyd's algorithm (Bentley & Floyd 1987, CACM 30(9)), for all draws at once: as many steps as the smaller of subset
    and rest has members, where shuffling takes as many as there are things.
    """
    few = min(members, size - members)
    taken = np.zeros((size, draws), np.int8)
    draw = np.arange(draws)
    for last in range(size - few, size):
        at = rng.integers(last, size=draws, endpoint=True)
        at[taken[at, draw] == 1] = last
        taken[at, draw] = 1
    return taken if few == members else 1 - taken


def resampled(plan: Design, draws: int, seed: int, *, smooth: bool) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Chunks (n × ≤ 1,000) of how often each article counts, in samples of whole blocks.

    Blocks in the group, in the reference and in both are drawn apart. With `smooth`, each side's pool also holds a
    pseudo-article with and one without the feature; their counts come as the second array (4 × draws).
    """
    yield from _resampled(plan.side.tobytes(), plan.block.tobytes(), draws, seed, smooth)


@lru_cache(maxsize=_KEPT)
def _resampled(
    sides: bytes, blocks: bytes, draws: int, seed: int, smooth: bool
) -> list[tuple[np.ndarray, np.ndarray | None]]:
    side, block = (np.frombuffer(data, dtype=np.int64) for data in (sides, blocks))
    touches = np.zeros((block.max() + 1, 2), bool)
    touches[block, side] = True
    pools = [np.flatnonzero((touches == pair).all(axis=1)) for pair in ((False, True), (True, False), (True, True))]
    rng = np.random.default_rng([seed, 2])
    chunks = []
    for n in _chunks(draws):
        times = np.zeros((len(touches), n), np.int16)  # kept: small
        pseudo = np.ones((4, n)) if smooth else None
        for which, pool in enumerate(pools):
            extra = 2 if pseudo is not None and which < 2 else 0
            if not len(pool) + extra:
                continue
            drawn = with_replacement(len(pool) + extra, n, rng).T
            times[pool] = drawn[: len(pool)]
            if pseudo is not None and extra:
                pseudo[2 * which : 2 * which + 2] = drawn[len(pool) :]
        chunks.append((_kept(times[block]), pseudo))
    return chunks


def _kept(draws: np.ndarray) -> np.ndarray:
    """The same, not to be written into: other measures are given them too."""
    draws.flags.writeable = False
    return draws


def _chunks(draws: int) -> Iterator[int]:
    for start in range(0, draws, _CHUNK):
        yield min(_CHUNK, draws - start)


def with_replacement(size: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `size` things comes up in `size` draws with replacement (draws × size)."""
    # Counting indices is many times faster here than rng.multinomial, and the same distribution.
    index = rng.integers(size, size=(draws, size)) + size * np.arange(draws)[:, None]
    return np.bincount(index.ravel(), minlength=draws * size).reshape(draws, size)
