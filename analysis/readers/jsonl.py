"""JSON Lines: one JSON object per line, UTF-8; also gzipped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from analysis.readers.row import BadRow, Reading
from analysis.readers.stream import MAX_LINE, Source


def rows(path: Path, reading: Reading | None = None) -> Iterator[tuple[int, Mapping[str, object] | BadRow]]:
    """Yield each line that is not blank: its 1-based number and its object, or what is wrong with it."""
    with Source(path) as source:
        number = 0
        for number, line in enumerate(source.lines(), start=1):
            if source.damage:
                yield number, BadRow(source.damage.pop())
            if line is None:
                yield number, BadRow(f"line of more than {MAX_LINE:,} bytes")
            elif line.strip():
                yield number, _parse(line.rstrip(b"\r\n"))
        for reason in source.damage:
            yield number + 1, BadRow(reason)


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
