"""What was done and what is kept: the log, the pages, and what both say of each article.

The log only grows and is the truth: a page counts once its line is in the log, whatever lies in the folder.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.collect.lines import Lines
from analysis.collect.trouble import KEPT
from analysis.errors import AnalysisError
from analysis.paths import digest
from analysis.publish.files import write

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(slots=True)
class Past:
    """What is known of an article.

    Attributes
    ----------
    round, url, outcome : of the last time it was asked for
    page, page_sha256, charset : the last page kept: its file, its digest, the encoding the server named
    read_sha256, extractor : the page that was last taken apart, and by which version of the extraction
    text_sha256, version : the last version of its text; 0 where there is none
    """

    round: int = 0
    url: str = ""
    outcome: str = ""
    page: str = ""
    page_sha256: str = ""
    charset: str | None = None
    read_sha256: str = ""
    extractor: str = ""
    text_sha256: str = ""
    version: int = 0

    def apply(self, line: Mapping[str, Any]) -> None:
        """Add what a line of the log says."""
        if line["event"] == "fetch":
            self.round, self.url, self.outcome = line["round"], line["url"], line["outcome"]
            if line["outcome"] in KEPT:
                self.page, self.page_sha256, self.charset = line["page"], line["sha256"], line["charset"]
        else:
            self.read_sha256, self.extractor = line["page_sha256"], line["extractor"]
            if line["version"] > self.version:
                self.text_sha256, self.version = line["text_sha256"], line["version"]


class Record:
    """A folder that pages are collected in.

    Parameters
    ----------
    folder : Path, exists
    study : str, name of the study

    Raises
    ------
    AnalysisError
        Where it holds pages of another study, or its log cannot be read.
    """

    def __init__(self, folder: Path, study: str) -> None:
        self.folder = folder
        self.articles: dict[str, Past] = {}
        self.round = 0
        self._log = Lines(folder / "log.jsonl", ("event",))
        for number, line in enumerate(self._log, start=1):
            try:
                self._apply(line, study)
            except (KeyError, TypeError) as error:
                place = f"{self._log.path}:{number}"
                raise AnalysisError(
                    f"{place}: is not a line that collect wrote. Mend it from a copy, or delete it"
                ) from error

    def _apply(self, line: Mapping[str, Any], study: str) -> None:
        if line["event"] == "run":
            if line["study"] != study:
                raise AnalysisError(
                    f"{self.folder} holds pages of the study {line['study']!r}, not of {study!r}. Name another folder"
                )
            self.round = line["round"]
        else:
            self.past(line["article"]).apply(line)

    def past(self, article: str) -> Past:
        """What is known of an article."""
        return self.articles.setdefault(article, Past())

    def add(self, line: Mapping[str, Any]) -> None:
        """Write a line of the log, and know it."""
        self._log.append(line)
        if line["event"] == "run":
            self.round = line["round"]
        else:
            self.past(line["article"]).apply(line)

    def keep(self, article: str, page: bytes) -> str:
        """Keep a page beside those that are there; returns its place in the folder. The same page is kept once."""
        place = f"pages/{digest(article.encode())[:2]}/{file_name(article)}--{digest(page)[:16]}.html.gz"
        if self._read(place) != page:
            write(self.folder / place, gzip.compress(page, mtime=0))
        return place

    def page(self, past: Past) -> bytes | None:
        """The page kept last; None where its file is gone or damaged."""
        page = self._read(past.page)
        return page if page is not None and digest(page) == past.page_sha256 else None

    def _read(self, place: str) -> bytes | None:
        try:
            return gzip.decompress((self.folder / place).read_bytes())
        except (OSError, EOFError, zlib.error):  # BadGzipFile is an OSError
            return None


def file_name(article: str) -> str:
    """A name that any file system takes, for any article id; two ids never have the same, whatever the capitals."""
    plain = _UNSAFE.sub("_", article)[:80]
    return plain if plain == article == article.lower() else f"{plain}-{digest(article.encode())[:12]}"
