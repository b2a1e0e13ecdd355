"""Pieces: what stands between white space in a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.text.arrays import Ints, column

#: The characters that `\s` and str.split take for white space are all below this.
_BEYOND = 0x3001
_SPACE = np.array([chr(number).isspace() for number in range(_BEYOND + 1)])


def read_pieces(texts: Sequence[str]) -> tuple[list[str], Ints, Ints]:
    """What stands between white space in some texts, all in a row; where each piece begins in its text; in which."""
    text = "\n".join(texts)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    space = _SPACE[np.minimum(codes, _BEYOND)]
    begun = np.flatnonzero(~space & np.concatenate([[True], space[:-1]])[: len(space)])
    lengths = column(len, texts, np.intp) + 1
    bounds = np.cumsum(lengths) - lengths
    owners = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(begun, bounds), append=len(begun)))
    return text.split(), begun - bounds[owners], owners
