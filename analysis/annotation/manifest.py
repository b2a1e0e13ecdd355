"""The manifest of a study, articles.csv: articles not yet in it are appended, what is there is never rewritten."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pandas as pd

from analysis.errors import told_if_not_written
from analysis.tables import ARTICLES_CSV


def manifest_rows(texts: pd.DataFrame) -> list[dict[str, str]]:
    """Rows of articles.csv for texts: facts only, nothing coded.

    Parameters
    ----------
    texts : DataFrame (TEXTS)

    Returns
    -------
    list of dict, column → cell; a day without a time is written as one
    """
    rows = []
    for text in texts.itertuples(index=False):
        published = text.published.tz_localize(None)
        row = dict.fromkeys(ARTICLES_CSV.names, "")
        row |= {name: str(getattr(text, name)) for name in ("article", "outlet", "language", "url", "source")}
        row["published"] = f"{published.date() if text.timestamp == 'day' else f'{published.isoformat()}Z'}"
        row["timestamp"] = text.timestamp
        rows.append(row)
    return rows


class NewRows:
    """Rows to append to articles.csv: collected beside it, appended all or, where that fails, none.

    Used as a context: what is not finished is thrown away.

    Parameters
    ----------
    path : Path of articles.csv
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open(encoding="utf-8-sig", newline="") as file:
            self._header = next(csv.reader(file))
        with path.open("rb") as file:
            self._line_end = "\r\n" if file.readline().endswith(b"\r\n") else "\n"
        self._neighbour = path.with_name(f".{path.name}.new")
        self._start: int | None = None  # where the new rows begin in the neighbour; None before the first

    def __enter__(self) -> NewRows:
        return self

    def __exit__(self, *_: object) -> None:
        self._neighbour.unlink(missing_ok=True)

    def add(self, texts: pd.DataFrame) -> None:
        """Collect the rows of texts (TEXTS), in the order of the file's own columns."""
        if texts.empty:
            return
        with told_if_not_written(self._path):
            if self._start is None:
                self._start = self._begin()
            with self._neighbour.open("a", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator=self._line_end)
                writer.writerows([row[name] for name in self._header] for row in manifest_rows(texts))

    def _begin(self) -> int:
        shutil.copy(self._path, self._neighbour)
        if not self._path.read_bytes().endswith(b"\n"):
            with self._neighbour.open("ab") as file:
                file.write(self._line_end.encode())
        return self._neighbour.stat().st_size

    def finish(self) -> pd.DataFrame:
        """Put them in their place; returns article and language of each."""
        added = pd.DataFrame({"article": [], "language": []})
        if self._start is not None:
            # Read again, not kept: memory is not to grow with the articles.
            kept = ["article", "language"]
            with told_if_not_written(self._path):
                with self._neighbour.open("rb") as file:
                    file.seek(self._start)
                    added = pd.read_csv(file, names=self._header, usecols=kept, dtype=str, keep_default_na=False)
                self._neighbour.replace(self._path)
        return added[["article", "language"]]
