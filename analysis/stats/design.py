"""Designs: articles on two sides, in strata and clusters of copies, and what is observed of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.errors import EmptyGroup, OverlappingGroups


@dataclass(frozen=True)
class Design:
    """Articles of a group, then those of a reference, each side by stratum; blocks are clusters of copies."""

    article: np.ndarray  # (n,) indices
    side: np.ndarray  # (n,) 1 in the group, 0 in the reference
    stratum: np.ndarray  # (n,) 0 .. strata - 1
    block: np.ndarray  # (n,) 0 .. blocks - 1

    @property
    def strata(self) -> int:
        return int(self.stratum.max()) + 1

    @cached_property
    def unstratified(self) -> Design:
        return replace(self, stratum=np.zeros_like(self.stratum))

    @property
    def sides(self) -> tuple[slice, slice]:
        """Rows of the group and of the reference."""
        group = int(self.side.sum())
        return slice(0, group), slice(group, len(self.side))

    @cached_property
    def rows(self) -> list[tuple[slice, slice]]:
        """Rows of the group and of the reference in each stratum."""
        ends = [rows.start + np.searchsorted(self.stratum[rows], range(self.strata + 1)) for rows in self.sides]
        return [(slice(*inside), slice(*outside)) for inside, outside in zip(*map(pairwise, ends), strict=True)]

    @cached_property
    def units(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit of each row (articles of one block and side move together) and, for its stratum, first row of each."""
        order = np.argsort(self.article, kind="stable")
        unit = pd.factorize(self.block * 2 + self.side)[0]
        return unit, order[np.unique(unit[order], return_index=True)[1]]


def build_design(
    group: Sequence[int] | np.ndarray,
    reference: Sequence[int] | np.ndarray,
    strata: np.ndarray | None = None,
    blocks: np.ndarray | None = None,
) -> Design:
    """Design of two sides, given as indices of articles; stratum and block of every article are numbers."""
    article = np.r_[np.sort(group), np.sort(reference)]
    side = np.repeat([1, 0], [len(group), len(reference)])
    stratum = np.zeros_like(article) if strata is None else pd.factorize(strata[article], sort=True)[0]
    order = np.lexsort((stratum, 1 - side))  # stable: articles stay in order within a stratum
    article = article[order]
    block = np.arange(len(article)) if blocks is None else pd.factorize(blocks[article], sort=True)[0]
    return Design(article, side[order], stratum[order], block)


def check_groups(group: Collection[Any], reference: Collection[Any], names: tuple[str, str]) -> None:
    """Refuse sides that share an article, and a side that has none."""
    if both := sorted(set(group) & set(reference)):
        raise OverlappingGroups([str(article) for article in both])
    for side, name, members in (("group", names[0], group), ("reference", names[1], reference)):
        if not len(members):
            raise EmptyGroup(side, name)


@dataclass(frozen=True)
class Observations:
    """Values and weights of the articles of a design: numerators and denominators of k features."""

    design: Design
    value: np.ndarray  # (n, k)
    weight: np.ndarray  # (n, k), or (n, 1) where it is the same for every feature

    @cached_property
    def totals(self) -> np.ndarray:
        """(strata, 2, k + w) sums of values and weights of the group and of the reference in each stratum."""
        strata, code = self.design.strata, 2 * self.design.stratum + 1 - self.design.side
        return np.asarray(membership(code, 2 * strata) @ np.hstack([self.value, self.weight])).reshape(strata, 2, -1)

    @cached_property
    def pseudo_weight(self) -> np.ndarray:
        """(strata, 2, w) weight of a pseudo-article of the group and of the reference in each stratum.

        It weighs what the side's articles that have weight do on average, spread over strata as they are.
        """
        using = np.array([(self.weight[rows] > 0).sum(axis=0) for rows in self.design.sides])
        return np.asarray(self.totals[:, :, self.value.shape[1] :] / np.maximum(using, 1))


def observe(design: Design, values: np.ndarray, weights: np.ndarray | None = None) -> Observations:
    """Observations from values (a row per article) and weights (the same, one per article, or None: 1 each)."""
    value = values[design.article]
    weight = (np.ones(len(value)) if weights is None else weights[design.article]).reshape(len(value), -1)
    if (missing := np.isnan(value)).any():
        weight = weight * ~missing
    return Observations(design, np.where(weight > 0, np.nan_to_num(value), 0.0), weight)


def membership(code: np.ndarray, size: int) -> sparse.csr_array:
    """1 where a column's code is the row (size × n): times an array, sums over equal codes."""
    return sparse.csr_array((np.ones(len(code)), (code, np.arange(len(code)))), shape=(size, len(code)))


def subsets(size: int, members: int, draws: int, rng: np.random.Generator) -> np.ndarray:
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


def block_pools(side: np.ndarray, block: np.ndarray) -> list[np.ndarray]:
    """Blocks of the group only, of the reference only, and of both."""
    touches = np.zeros((block.max() + 1, 2), bool)
    touches[block, side] = True
    return [np.flatnonzero((touches == pair).all(axis=1)) for pair in ((False, True), (True, False), (True, True))]
