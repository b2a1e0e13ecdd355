"""Rows of texts that were set aside: a line each in rejected.jsonl (place and reason, no text), counted by reason."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import IO

from analysis.errors import told_if_not_written
from analysis.readers import Rejected

#: So many are kept to be shown, and so many reasons told apart; the file has all.
KEPT, _REASONS = 1000, 50
_DETAIL = re.compile(r"\s*\([^)]*\)|\s*'[^']*'")


class SetAside:
    """Takes rows as `read_texts` rejects them; memory does not grow with their number. A context.

    Parameters
    ----------
    path : Path of the file that is written; none is where there is no such row

    Attributes
    ----------
    count : int, rows
    first : the first of them
    reasons : reason without its details (values, columns, files) → rows
    """

    def __init__(self, path: Path) -> None:
        self.count, self.first, self.reasons = 0, list[Rejected](), Counter[str]()
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> SetAside:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, row: Rejected) -> None:
        """Take a row."""
        self.count += 1
        reason = _DETAIL.sub("", row.reason)
        self.reasons[reason if reason in self.reasons or len(self.reasons) < _REASONS else "other reasons"] += 1
        if len(self.first) < KEPT:
            self.first.append(row)
        with told_if_not_written(self._path):
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8", newline="\n")
            self._file.write(json.dumps(as_told(row), ensure_ascii=False) + "\n")


def as_told(row: Rejected) -> dict[str, object]:
    """What is published of a row: the file's name without its folders, the line, the reason."""
    return {"file": row.path.name, "line": row.line, "reason": row.reason}
