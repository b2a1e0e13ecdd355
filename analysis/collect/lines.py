"""Files of JSON lines that only grow. A kill leaves at most half a line at the end, which is cut off."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from analysis.errors import AnalysisError, told_if_not_written


class Lines:
    """A file of JSON objects, one a line, to which lines are appended so that they are on the disk when it returns.

    Parameters
    ----------
    path : Path, need not exist
    needed : names that every object has

    Raises
    ------
    AnalysisError
        Where it cannot be written, or on reading where a line is no JSON object, or lacks what is needed.
    """

    def __init__(self, path: Path, needed: Collection[str]) -> None:
        self.path, self._needed = path, frozenset(needed)
        if path.exists():
            with told_if_not_written(path):
                _cut_half_line(path)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield self._parsed(line, number)

    def append(self, line: Mapping[str, Any]) -> None:
        """Add a line."""
        data = json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with told_if_not_written(self.path), self.path.open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _parsed(self, line: bytes, number: int) -> dict[str, Any]:
        with suppress(ValueError):  # also bytes that are not UTF-8
            found = json.loads(line)
            if isinstance(found, dict) and self._needed <= found.keys():
                return found
        place = f"{self.path}:{number}"
        raise AnalysisError(f"{place}: is not a line that collect wrote. Mend it from a copy, or delete it")


def _cut_half_line(path: Path) -> None:
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            if (last := file.read(end - start).rfind(b"\n")) >= 0:
                end = start + last + 1
                break
            end = start
        file.truncate(end)
