"""Things by number: what comes a thousand times is looked at once, and figures of all of them are arrays.

`pieces` cuts texts at white space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


class Numbers(dict[str, int]):
    """Numbers things as they are asked for; `new` are those that whoever asks has not yet seen to."""

    def __init__(self, *first: str) -> None:
        super().__init__(zip(first, range(len(first)), strict=True))
        self.new: list[str] = []

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        self.new.append(key)
        return number


def numbered(things: Iterable[str]) -> tuple[Ints, list[str]]:
    """A number for each of some things, the same for the same; and each thing once, in the order of the numbers."""
    known = Numbers()
    return np.fromiter(map(known.__getitem__, things), dtype=np.intp), known.new


def column(of: Callable[[Any], Any], things: Sequence[Any], kind: Any = np.bool_) -> npt.NDArray[Any]:
    """What a function says of each of some things."""
    return np.fromiter(map(of, things), dtype=kind, count=len(things))


class Lists(NamedTuple):
    """A list of numbers for each of many things, end to end; the list of thing n ends where that of n + 1 starts."""

    values: npt.NDArray[Any]
    starts: Ints

    @classmethod
    def made(cls, lists: Sequence[Sequence[int]]) -> Lists:
        """From lists of numbers."""
        return cls(np.empty(0, np.intp), np.zeros(1, np.intp)).extended(lists)

    def extended(self, lists: Sequence[Sequence[int]]) -> Lists:
        """These and more."""
        values = np.fromiter(chain.from_iterable(lists), dtype=self.values.dtype)
        ends = self.starts[-1] + np.cumsum([len(one) for one in lists], dtype=np.intp)
        return Lists(np.concatenate([self.values, values]), np.concatenate([self.starts, ends]))

    def owners(self) -> Ints:
        """Whose each of the values is."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def sizes(self, things: Ints) -> Ints:
        """How long the lists of some things are."""
        return self.starts[things + 1] - self.starts[things]

    def of(self, things: Ints) -> tuple[Ints, npt.NDArray[Any]]:
        """The lists of some things end to end: whose each value is, as a place in `things`, and the values."""
        sizes = self.sizes(things)
        whose = np.repeat(np.arange(len(things)), sizes)
        shift = self.starts[things] - (np.cumsum(sizes) - sizes)
        return whose, self.values[np.arange(len(whose)) + shift[whose]]
