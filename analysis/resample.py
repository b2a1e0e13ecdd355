"""Articles as arrays, and what resampling does to them: sides permuted within strata, whole clusters drawn again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import EmptyGroup, OverlappingGroups

_CHUNK = 1_000


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


def lay_out(
    values: pd.DataFrame,
    group: Collection[str],
    reference: Collection[str],
    weights: pd.DataFrame | pd.Series | None,
    strata: pd.Series | None,
    blocks: pd.Series | None,
    names: tuple[str, str],
) -> Design:
    if both := sorted(set(group) & set(reference)):
        raise OverlappingGroups(both)
    for side, name, members in (("group", names[0], group), ("reference", names[1], reference)):
        if not len(members):
            raise EmptyGroup(side, name)
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


def weighted_difference(
    plan: Design, times: np.ndarray, label: np.ndarray, pseudo: np.ndarray | None = None
) -> np.ndarray:
    """Mantel–Haenszel difference for each draw: `times` an article counts, `label` its side (draws × n)."""
    top = np.zeros((len(times), plan.value.shape[1]))
    bottom = np.zeros((len(times), plan.weight.shape[1]))
    for stratum in range(plan.strata):
        rows = plan.stratum == stratum
        inside = times[:, rows] * label[:, rows]
        outside = times[:, rows] - inside
        num_in, den_in = inside @ plan.value[rows], inside @ plan.weight[rows]
        num_out, den_out = outside @ plan.value[rows], outside @ plan.weight[rows]
        if pseudo is not None:  # (draws, 4): with and without, in the group and in the reference
            for j, (num, den) in enumerate(((num_in, den_in), (num_out, den_out))):
                size = (plan.side[rows] == 1 - j).sum() / (plan.side == 1 - j).sum()
                num += size * pseudo[:, [2 * j]]
                den += size * pseudo[:, 2 * j : 2 * j + 2].sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            weight = den_in * den_out / (den_in + den_out)
            part = weight * (num_in / den_in - num_out / den_out)
        usable = (den_in > 0) & (den_out > 0)
        top += np.where(usable, part, 0)
        bottom += np.where(usable, weight, 0)
    with np.errstate(invalid="ignore"):
        return np.asarray(top / bottom)


def permuted(plan: Design, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Chunks (≤ 1,000 × n) of sides permuted within strata; articles of one block and side move together."""
    unit = pd.factorize(plan.block * 2 + plan.side)[0]
    first = np.unique(unit, return_index=True)[1]
    side, stratum = plan.side[first], plan.stratum[first]
    order = np.argsort(stratum, kind="stable")
    for start in range(0, draws, _CHUNK):
        n = min(_CHUNK, draws - start)
        # Sorting stratum + a random fraction shuffles within strata and leaves strata in place.
        shuffled = np.argsort(stratum[order] + rng.random((n, len(order))), axis=1)
        moved = np.empty((n, len(order)))
        moved[:, order] = side[order][shuffled]
        yield moved[:, unit]


def resampled(
    plan: Design, draws: int, rng: np.random.Generator, *, smooth: bool
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Chunks of how often each article counts, in samples of whole blocks.

    Blocks in the group, in the reference and in both are drawn apart. With `smooth`, each side's pool also holds a
    pseudo-article with and one without the feature; their counts come as the second array (draws × 4).
    """
    touches = np.zeros((plan.block.max() + 1, 2), bool)
    touches[plan.block, plan.side] = True
    pools = [np.flatnonzero((touches == sides).all(axis=1)) for sides in ((False, True), (True, False), (True, True))]
    for start in range(0, draws, _CHUNK):
        n = min(_CHUNK, draws - start)
        times = np.zeros((n, len(touches)))
        pseudo = np.ones((n, 4)) if smooth else None
        for which, pool in enumerate(pools):
            if not len(pool):
                continue
            extra = 2 if pseudo is not None and which < 2 else 0
            drawn = _with_replacement(len(pool) + extra, n, rng)
            times[:, pool] = drawn[:, : len(pool)]
            if pseudo is not None and extra:
                pseudo[:, 2 * which : 2 * which + 2] = drawn[:, len(pool) :]
        yield times[:, plan.block], pseudo


def _with_replacement(size: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `size` things comes up in `size` draws with replacement (draws × size)."""
    # Counting indices is many times faster here than rng.multinomial, and the same distribution.
    index = rng.integers(size, size=(draws, size)) + size * np.arange(draws)[:, None]
    return np.bincount(index.ravel(), minlength=draws * size).reshape(draws, size)
