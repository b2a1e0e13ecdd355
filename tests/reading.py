"""What the tests of the readers share."""

from collections import Counter
from pathlib import Path

import pandas as pd

from analysis import tables
from analysis.readers import read_texts

EN = "The chamber met in the morning and voted on the motion before noon."
ES = "El pleno votó por la mañana sobre la moción presentada por varias bancadas."
POLISH = "Sędziowie zebrali się rano, a świadkowie już odjechali."


def read(
    path: Path | list[Path], content: str | bytes | None = None, **options: object
) -> tuple[pd.DataFrame, list[tuple[str, int, str]], Counter[str]]:
    """Everything a file gives, once it has that content: TEXTS, what was set aside (file, line, reason), skipped."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    rejected, skipped = [], Counter()
    options = {"languages": ("en", "es"), **options}
    chunks = list(read_texts(path, rejected=rejected, skipped=skipped, **options))
    table = pd.concat(chunks, ignore_index=True) if chunks else tables.empty(tables.TEXTS)
    return table, [(row.path.name, row.line, row.reason) for row in rejected], skipped
