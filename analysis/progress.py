"""What a person at a terminal sees while something long goes on: one line for the batch and its parts."""

from __future__ import annotations

import sys
from typing import Any, TextIO


class Progress:
    """A bar over all cells of a build's reports, or all articles of a study; nothing is drawn without a terminal.

    Parameters
    ----------
    stream : file to draw on; none, or none that is a terminal, and only lines are written
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None and stream.isatty() else None
        self._bar: Any = None

    def begin(self, parts: int, name: str = "cells") -> None:
        """So many cells are to be run, or so many of what `name` says are to be done."""
        if self._stream is not None and parts:
            from tqdm import tqdm

            self._bar = tqdm(total=parts, desc=name, unit="", file=self._stream, dynamic_ncols=True, leave=False)

    def cell(self) -> None:
        """A cell was begun, or another part is done."""
        if self._bar is not None:
            self._bar.update()

    def line(self, text: str) -> None:
        """Write a line, above the bar where there is one."""
        if self._bar is not None:
            self._bar.write(text, file=sys.stdout)
        else:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
