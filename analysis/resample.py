"""Articles as arrays, and what resampling does to them: sides permuted within strata, whole clusters drawn again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from analysis.errors import EmptyGroup, OverlappingGroups

_CHUNK = 1_000
#: Sets of draws kept: variants of the text have the same articles, raw and within periods, of one language and of all.
_KEPT = 6
#: Sums below this are what taking equal numbers from each other leaves.
_NOTHING = 1e-9

_Sums = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Design:
    """A comparison laid out as arrays: rows are articles, first dimension of every array."""

    value: np.ndarray  # (n, k) numerator
    weight: np.ndarray  # (n, k) denominator, or (n, 1) where it is the same for every feature
    side: np.ndarray  # (n,) 1 in the group, 0 in the reference
    stratum: np.ndarray  # (n,) 0 .. strata - 1
    block: np.ndarray  # (n,) 0 .. blocks - 1
    strata: int

    def unstratified(self) -> Design:
        return Design(self.value, self.weight, self.side, np.zeros_like(self.stratum), self.block, 1)


def check_sides(group: Collection[str], reference: Collection[str], names: tuple[str, str]) -> None:
    """Refuse sides that share an article, and a side that has none."""
    if both := sorted(set(group) & set(reference)):
        raise OverlappingGroups(both)
    for side, name, members in (("group", names[0], group), ("reference", names[1], reference)):
        if not len(members):
            raise EmptyGroup(side, name)


def lay_out(
    values: pd.DataFrame,
    group: Collection[str],
    reference: Collection[str],
    weights: pd.DataFrame | pd.Series | None,
    strata: pd.Series | None,
    blocks: pd.Series | None,
    names: tuple[str, str],
) -> Design:
    check_sides(group, reference, names)
    ids = [*sorted(group), *sorted(reference)]
    value = values.loc[ids].to_numpy(float)
    weight = np.ones(len(ids)) if weights is None else weights.loc[ids].to_numpy(float)
    weight = weight.reshape(len(ids), -1)
    if np.isnan(value).any():
        weight = weight * ~np.isnan(value)
    stratum = np.zeros(len(ids), int) if strata is None else pd.factorize(strata.loc[ids].fillna(""), sort=True)[0]
    block = np.arange(len(ids)) if blocks is None else pd.factorize(blocks.loc[ids], sort=True)[0]
    side = np.r_[np.ones(len(group), int), np.zeros(len(reference), int)]
    return Design(np.nan_to_num(value), weight, side, stratum, block, int(stratum.max()) + 1)


def permuted_difference(plan: Design, label: np.ndarray) -> np.ndarray:
    """Mantel–Haenszel difference for each draw of sides, `label` (draws × n); every article counts once."""

    def sums(stratum: np.ndarray) -> _Sums:
        both = np.c_[plan.value[stratum], plan.weight[stratum]]
        inside = (label if stratum.all() else label[:, stratum]) @ both
        # What is not on one side is on the other.
        outside = both.sum(axis=0) - inside
        k = plan.value.shape[1]
        return inside[:, :k], inside[:, k:], outside[:, :k], outside[:, k:]

    return _mantel_haenszel(plan, len(label), sums, None)


def resampled_difference(plan: Design, times: np.ndarray, pseudo: np.ndarray | None = None) -> np.ndarray:
    """Mantel–Haenszel difference for each draw of how often an article counts, `times` (draws × n)."""

    def sums(stratum: np.ndarray) -> _Sums:
        found = []
        for side in (1, 0):
            rows = np.flatnonzero(stratum & (plan.side == side))
            found += [times[:, rows] @ plan.value[rows], times[:, rows] @ plan.weight[rows]]
        return found[0], found[1], found[2], found[3]

    return _mantel_haenszel(plan, len(times), sums, pseudo)


def _mantel_haenszel(
    plan: Design, draws: int, sums: Callable[[np.ndarray], _Sums], pseudo: np.ndarray | None
) -> np.ndarray:
    top = np.zeros((draws, plan.value.shape[1]))
    bottom = np.zeros((draws, plan.weight.shape[1]))
    for stratum in range(plan.strata):
        rows = plan.stratum == stratum
        num_in, den_in, num_out, den_out = sums(rows)
        if pseudo is not None:  # (draws, 4): with and without, in the group and in the reference
            for j, (num, den) in enumerate(((num_in, den_in), (num_out, den_out))):
                # A pseudo-article weighs what the side's articles do on average, spread over strata as they are.
                mass = plan.weight[rows & (plan.side == 1 - j)].sum(axis=0) / _using(plan, 1 - j)
                num += mass * pseudo[:, [2 * j]]
                den += mass * pseudo[:, 2 * j : 2 * j + 2].sum(axis=1, keepdims=True)
        usable = (den_in > _NOTHING) & (den_out > _NOTHING)
        share = np.divide(1, den_in + den_out, out=np.zeros_like(den_in), where=usable)
        top += (num_in * den_out - num_out * den_in) * share
        bottom += den_in * den_out * share
    with np.errstate(invalid="ignore"):
        return np.asarray(top / bottom)


def _using(plan: Design, side: int) -> np.ndarray:
    """Articles of a side that have weight, at least 1, per feature."""
    return np.asarray(np.maximum((plan.weight[plan.side == side] > 0).sum(axis=0), 1))


def permuted(plan: Design, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Chunks (≤ 1,000 × n) of sides permuted within strata; articles of one block and side move together."""
    for chunk in _permuted(plan.side.tobytes(), plan.stratum.tobytes(), plan.block.tobytes(), draws, seed):
        yield chunk.astype(float)


@lru_cache(maxsize=_KEPT)
def _permuted(sides: bytes, strata: bytes, blocks: bytes, draws: int, seed: int) -> list[np.ndarray]:
    # The measures of one comparison share articles, periods, copies and seed, hence their permutations.
    all_sides, all_strata, block = (np.frombuffer(data, dtype=np.int64) for data in (sides, strata, blocks))
    unit = pd.factorize(block * 2 + all_sides)[0]
    first = np.unique(unit, return_index=True)[1]
    side, stratum = all_sides[first], all_strata[first]
    places = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    rng = np.random.default_rng([seed, 1])
    chunks = []
    for n in _chunks(draws):
        moved = np.empty((n, len(side)), np.int8)  # kept: small
        for place in places:
            moved[:, place] = rng.permuted(np.tile(side[place].astype(np.int8), (n, 1)), axis=1)
        chunks.append(moved[:, unit])
    return chunks


def resampled(plan: Design, draws: int, seed: int, *, smooth: bool) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Chunks of how often each article counts, in samples of whole blocks.

    Blocks in the group, in the reference and in both are drawn apart. With `smooth`, each side's pool also holds a
    pseudo-article with and one without the feature; their counts come as the second array (draws × 4).
    """
    for times, pseudo in _resampled(plan.side.tobytes(), plan.block.tobytes(), draws, seed, smooth):
        yield times.astype(float), pseudo


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
        times = np.zeros((n, len(touches)), np.int16)  # kept: small
        pseudo = np.ones((n, 4)) if smooth else None
        for which, pool in enumerate(pools):
            extra = 2 if pseudo is not None and which < 2 else 0
            if not len(pool) + extra:
                continue
            drawn = with_replacement(len(pool) + extra, n, rng)
            times[:, pool] = drawn[:, : len(pool)]
            if pseudo is not None and extra:
                pseudo[:, 2 * which : 2 * which + 2] = drawn[:, len(pool) :]
        chunks.append((times[:, block], pseudo))
    return chunks


def _chunks(draws: int) -> Iterator[int]:
    for start in range(0, draws, _CHUNK):
        yield min(_CHUNK, draws - start)


def with_replacement(size: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `size` things comes up in `size` draws with replacement (draws × size)."""
    # Counting indices is many times faster here than rng.multinomial, and the same distribution.
    index = rng.integers(size, size=(draws, size)) + size * np.arange(draws)[:, None]
    return np.bincount(index.ravel(), minlength=draws * size).reshape(draws, size)
