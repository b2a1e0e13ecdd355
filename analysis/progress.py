"""Progress of something long, for a person at a terminal: one line for the batch and its parts."""

import sys
from typing import Any, TextIO


class Progress:
    """A bar over all cells of a build, or all articles of a study, drawn on a stream that is a terminal; else lines."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None and stream.isatty() else None
        self._bar: Any = None

    def begin(self, parts: int, name: str = "cells") -> None:
        """Draw a bar for so many parts."""
        if self._stream is not None and parts:
            from tqdm import tqdm

            tqdm.monitor_interval = 0  # its thread would stand in the way of a build that forks
            self._bar = tqdm(total=parts, desc=name, unit="", file=self._stream, dynamic_ncols=True, leave=False)

    def cell(self) -> None:
        """Draw another part as done."""
        if self._bar is not None:
            self._bar.update()

    def line(self, text: str) -> None:
        """Write a line, above the bar where there is one."""
        if self._bar is not None:
            self._bar.write(text, file=sys.stdout)
        else:
            print(text, flush=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
