"""Strings as integers, and functions of them as arrays: each distinct string is looked at once."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

#: The characters that `\s` and str.split take for white space are all below this.
_BEYOND = 0x3001
_SPACE = np.array([chr(number).isspace() for number in range(_BEYOND + 1)])


class Vocabulary(dict[str, int]):
    """Strings → integers, in the order in which they are first asked for."""

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        return number


def factorize(strings: Iterable[str]) -> tuple[Ints, list[str]]:
    """Integer code of each string, and the distinct strings in the order of their codes."""
    vocabulary = Vocabulary()
    return np.fromiter(map(vocabulary.__getitem__, strings), dtype=np.intp), list(vocabulary)


def map_array(
    function: Callable[[Any], Any], items: Sequence[Any] | npt.NDArray[Any], dtype: Any = np.bool_
) -> npt.NDArray[Any]:
    """Array of a function's values."""
    return np.fromiter(map(function, items), dtype=dtype, count=len(items))


def take_lists(lists: Sequence[Sequence[int]], which: Ints) -> tuple[Ints, Ints]:
    """Values of some of the lists end to end, after the index in `which` that each value comes from."""
    sizes, values = map_array(len, lists, np.intp), np.fromiter(chain.from_iterable(lists), dtype=np.intp)
    starts, taken = np.cumsum(sizes) - sizes, sizes[which]
    owners = np.repeat(np.arange(len(which)), taken)
    shift = starts[which] - (np.cumsum(taken) - taken)
    return owners, values[np.arange(len(owners)) + shift[owners]]


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
