"""The manifest of a study, articles.csv: articles not yet in it are appended, what is there is never rewritten."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from analysis.tables import ARTICLES_CSV


def manifest_rows(texts: pd.DataFrame) -> list[dict[str, str]]:
    """Rows of articles.csv for texts: facts only, nothing coded.

    Parameters
    ----------
    texts : DataFrame (TEXTS)

    Returns
    -------
    list of dict, column → cell; the time stamp is the crawler's where it carries microseconds, else the publisher's
    """
    rows = []
    for text in texts.itertuples(index=False):
        published = text.published.tz_localize(None)
        row = dict.fromkeys(ARTICLES_CSV.names, "")
        row |= {name: str(getattr(text, name)) for name in ("article", "outlet", "language", "url", "source")}
        row["published"] = f"{published.isoformat()}Z"
        row["timestamp"] = "crawl" if published.microsecond else "publisher"
        rows.append(row)
    return rows


def append_rows(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Append rows to articles.csv, in the order of its own columns; all of them or, where that fails, none.

    Parameters
    ----------
    path : Path of articles.csv
    rows : of `manifest_rows`
    """
    before = path.read_bytes()
    header = next(csv.reader(io.StringIO(before.decode("utf-8-sig"), newline="")))
    line_end = "\r\n" if b"\r\n" in before else "\n"
    added = io.StringIO(newline="")
    writer = csv.writer(added, lineterminator=line_end)
    writer.writerows([row[name] for name in header] for row in rows)
    gap = b"" if before.endswith(b"\n") else line_end.encode()
    neighbour = path.with_name(f".{path.name}.new")
    neighbour.write_bytes(before + gap + added.getvalue().encode())
    shutil.copymode(path, neighbour)
    neighbour.replace(path)
