"""Sets of hashed features for many targets at once, and the hashes (32 bits, the same in every process)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.text.arrays import Ints, Lists

Hashes = npt.NDArray[np.uint32]

_ONE, _TWO, _MASK = 0x9E3779B1, 0x85EBCA77, 0xFFFFFFFF
_HALF = np.uint64(32)


class Found:
    """Features as they are found."""

    def __init__(self) -> None:
        # The target is the upper half of a number, the key the lower: to sort numbers is to sort both.
        self._parts = [np.empty(0, np.uint64)]

    def add(self, rows: Ints, *keys: Hashes) -> None:
        """Features of some targets, arrays whose last axis is aligned with `rows`; a feature may be added again."""
        upper = rows.astype(np.uint64) << _HALF
        self._parts += [(upper | key).ravel() for key in keys]

    def sets(self, targets: int) -> Lists:
        """The features of each target, each once, in ascending order."""
        found = np.concatenate(self._parts)
        found.sort()
        found = found.compress(np.concatenate([[True], found[1:] != found[:-1]])[: len(found)])
        starts = np.searchsorted(found, np.arange(targets + 1, dtype=np.uint64) << _HALF)
        return Lists(found.astype(np.uint32), starts)


def pair(one: Any, two: Any) -> Any:
    """A hash of two hashes in their order; whole numbers give a whole number, arrays an array."""
    mixed = _times(one, _ONE) + _times(two, _TWO)
    # Arrays wrap around by themselves.
    mixed = mixed & _MASK if isinstance(mixed, int) else mixed
    return mixed ^ (mixed >> 15)


def mix(*parts: Any) -> Any:
    """A hash of hashes in their order, likewise."""
    mixed: Any = 0x7F4A7C15
    for part in parts:
        mixed = pair(mixed, part)
    return mixed


def _times(part: Any, odd: int) -> Any:
    return part * odd & _MASK if isinstance(part, int) else np.asarray(part, np.uint32) * np.uint32(odd)
