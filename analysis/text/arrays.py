"""Strings as integers, and lists of integers as flat arrays: each distinct string is looked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

#: The characters that `\s` and str.split take for white space are all below this.
_BEYOND = 0x3001
_SPACE = np.array([chr(number).isspace() for number in range(_BEYOND + 1)])


class Vocabulary(dict[str, int]):
    """Strings → integers in the order in which they are first asked for; `new` are those added since it was emptied."""

    def __init__(self, *first: str) -> None:
        super().__init__(zip(first, range(len(first)), strict=True))
        self.new: list[str] = []

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        self.new.append(key)
        return number


def factorize(strings: Iterable[str]) -> tuple[Ints, list[str]]:
    """Integer code of each string, and the distinct strings in the order of their codes."""
    vocabulary = Vocabulary()
    return np.fromiter(map(vocabulary.__getitem__, strings), dtype=np.intp), vocabulary.new


def map_array(function: Callable[[Any], Any], items: Sequence[Any], dtype: Any = np.bool_) -> npt.NDArray[Any]:
    """Array of a function's values."""
    return np.fromiter(map(function, items), dtype=dtype, count=len(items))


class JaggedArray(NamedTuple):
    """Lists of numbers end to end; list n is values[starts[n] : starts[n + 1]]."""

    values: npt.NDArray[Any]
    starts: Ints

    @classmethod
    def from_lists(cls, lists: Sequence[Sequence[int]]) -> JaggedArray:
        """Jagged array of some lists."""
        return cls(np.empty(0, np.intp), np.zeros(1, np.intp)).extended(lists)

    def extended(self, lists: Sequence[Sequence[int]]) -> JaggedArray:
        """Jagged array of these lists and more."""
        values = np.fromiter(chain.from_iterable(lists), dtype=self.values.dtype)
        ends = self.starts[-1] + np.cumsum([len(one) for one in lists], dtype=np.intp)
        return JaggedArray(np.concatenate([self.values, values]), np.concatenate([self.starts, ends]))

    def owners(self) -> Ints:
        """Index of the list that each value is in."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def sizes(self, lists: Ints) -> Ints:
        """Lengths of some of the lists."""
        return self.starts[lists + 1] - self.starts[lists]

    def take(self, lists: Ints) -> tuple[Ints, npt.NDArray[Any]]:
        """Values of some of the lists end to end, after the index in `lists` that each value comes from."""
        sizes = self.sizes(lists)
        owners = np.repeat(np.arange(len(lists)), sizes)
        shift = self.starts[lists] - (np.cumsum(sizes) - sizes)
        return owners, self.values[np.arange(len(owners)) + shift[owners]]

    def of(self, lists: Ints) -> tuple[Ints, npt.NDArray[Any]]:
        """The first edition's name of `take`."""
        return self.take(lists)


def read_pieces(texts: Sequence[str]) -> tuple[list[str], Ints, Ints]:
    """Pieces of texts between white space, in a row; where each starts in its text; the index of its text."""
    text = "\n".join(texts)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    space = _SPACE[np.minimum(codes, _BEYOND)]
    begun = np.flatnonzero(~space & np.concatenate([[True], space[:-1]])[: len(space)])
    lengths = map_array(len, texts, np.intp) + 1
    bounds = np.cumsum(lengths) - lengths
    owners = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(begun, bounds), append=len(begun)))
    return text.split(), begun - bounds[owners], owners


# The first edition's names, for modules that still use them.
Numbers = Vocabulary
Lists = JaggedArray
numbered = factorize
column = map_array
