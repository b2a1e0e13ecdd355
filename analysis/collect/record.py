"""Record of a folder of pages: its log, its pages, and the state of each article.

The log only grows and is the truth: a page counts once its line is in the log, whatever lies in the folder.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.collect.outcomes import KEPT
from analysis.errors import AnalysisError, told_if_not_written
from analysis.paths import digest
from analysis.publish.state import write

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


class JsonLines:
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


@dataclass(slots=True)
class ArticleState:
    """State of an article in the log.

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
        """Apply a line of the log."""
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
        self.articles: dict[str, ArticleState] = {}
        self.round = 0
        self._log = JsonLines(folder / "log.jsonl", ("event",))
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
            self.state(line["article"]).apply(line)

    def state(self, article: str) -> ArticleState:
        """State of an article."""
        return self.articles.setdefault(article, ArticleState())

    def add(self, line: Mapping[str, Any]) -> None:
        """Write a line of the log, and know it."""
        self._log.append(line)
        if line["event"] == "run":
            self.round = line["round"]
        else:
            self.state(line["article"]).apply(line)

    def keep(self, article: str, page: bytes) -> str:
        """Keep a page beside those that are there; returns its place in the folder. The same page is kept once."""
        place = f"pages/{digest(article.encode())[:2]}/{file_name(article)}--{digest(page)[:16]}.html.gz"
        if self._read(place) != page:
            write(self.folder / place, gzip.compress(page, mtime=0))
        return place

    def page(self, state: ArticleState) -> bytes | None:
        """The page kept last; None where its file is gone or damaged."""
        page = self._read(state.page)
        return page if page is not None and digest(page) == state.page_sha256 else None

    def _read(self, place: str) -> bytes | None:
        try:
            return gzip.decompress((self.folder / place).read_bytes())
        except (OSError, EOFError, zlib.error):  # BadGzipFile is an OSError
            return None


def file_name(article: str) -> str:
    """A name that any file system takes, for any article id; two ids never have the same, whatever the capitals."""
    plain = _UNSAFE.sub("_", article)[:80]
    return plain if plain == article == article.lower() else f"{plain}-{digest(article.encode())[:12]}"
