"""JSON Lines: one JSON object per line, UTF-8."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from analysis.errors import TextsError
from analysis.readers.row import BadRow


def rows(path: Path) -> Iterator[tuple[int, Mapping[str, object] | BadRow]]:
    """Yield each line that is not blank: its 1-based number and its object, or what is wrong with it."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, _parse(line.rstrip(b"\r\n"))
    except OSError as error:
        raise TextsError(path, f"cannot be read ({error.strerror})") from error


def _parse(line: bytes) -> Mapping[str, object] | BadRow:
    try:
        # Some programs begin a UTF-8 file with a byte order mark.
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return BadRow(f"not UTF-8 (byte {error.start + 1} of the line)")
    except json.JSONDecodeError as error:
        return BadRow(f"broken JSON ({error.msg}, column {error.colno})")
    except (ValueError, RecursionError):
        # A number of thousands of digits, or brackets nested by the thousand.
        return BadRow("broken JSON")
    return found if isinstance(found, dict) else BadRow("not a JSON object")
