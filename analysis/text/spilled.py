"""Columns of numbers kept in a file without a name, so that memory does not grow with them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt


class Columns:
    """Rows of 32-bit numbers, taken in block by block and given back column by column.

    Parameters
    ----------
    folder : Path, where the file is; it has no name there and is gone with `close`, or with the process
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (open until close)
        self._blocks: list[tuple[int, int]] = []  # where each begins, how many rows it has
        self._width = 0

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def __len__(self) -> int:
        return sum(rows for _, rows in self._blocks)

    @property
    def width(self) -> int:
        """How many columns there are; 0 before the first block."""
        return self._width

    def add(self, rows: npt.NDArray[np.uint32]) -> None:
        """Take in a block of rows, all of one width."""
        if len(rows):
            self._blocks.append((self._file.seek(0, 2), len(rows)))
            self._width = rows.shape[1]
            self._file.write(np.ascontiguousarray(rows.T).tobytes())

    def column(self, number: int) -> npt.NDArray[np.uint32]:
        """A column of all rows, in the order in which they came."""
        found = []
        for start, rows in self._blocks:
            self._file.seek(start + 4 * rows * number)
            found.append(np.frombuffer(self._file.read(4 * rows), np.uint32))
        return np.concatenate(found)
