"""Designs: articles on two sides, in strata and clusters of copies, and what is observed of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

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
    def unstratified(self) -> Self:
        return replace(self, stratum=np.zeros_like(self.stratum))

    @property
    def sides(self) -> tuple[slice, slice]:
        """Rows of the group and of the reference."""
        group = int(self.side.sum())
        return slice(0, group), slice(group, len(self.side))

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
    def totals(self) -> tuple[np.ndarray, np.ndarray]:
        """Sums of values and of weights in each stratum and side: group, reference (strata × 2 × k)."""
        strata, code = self.design.strata, 2 * self.design.stratum + 1 - self.design.side
        sums = np.asarray(membership(code, 2 * strata) @ np.hstack([self.value, self.weight])).reshape(strata, 2, -1)
        return sums[:, :, : self.value.shape[1]], sums[:, :, self.value.shape[1] :]


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
