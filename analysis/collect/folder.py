"""Folder of a study's pages: the log of what was done, pages as they came, and their texts, ready for annotate.

The log only grows and is the truth about pages: one counts once its line is in the log, whatever lies in the folder.
`texts.jsonl` holds the first version of each article's text, `texts-2.jsonl` the second of those that have one, and so
on. Each holds an article at most once and only grows. What tells versions apart is `text_sha256`, the digest of the
cleaned title and body, the same that features carry.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.collect.fetch import Answer, FetchError
from analysis.errors import AnalysisError, write_errors
from analysis.paths import digest, text_digest
from analysis.publish.state import write
from analysis.readers import charset, clean, html
from analysis.readers.html import main_text
from analysis.readers.row import BadRow, parse_row

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_TEXTS = re.compile(r"texts(?:-(\d+))?\.jsonl")
#: What the log says of a text: digests, never words.
_LOGGED = ("article", "version", "page_sha256", "extractor", "source_sha256", "text_sha256")
#: What is known of the page of an article that none was kept of.
_NO_PAGE: dict[str, Any] = {"page": "", "sha256": "", "charset": None}


@dataclass(frozen=True)
class Source:
    """Fields of an article in the manifest, which its text keeps."""

    article: str
    outlet: str
    language: str
    published: str
    url: str


def utc_text(moment: datetime | None = None) -> str:
    """A moment in UTC, or this one, as the log has it."""
    return f"{moment or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Fetched:
    """Outcome of asking for an article: the answer with its page, or the error in place of one."""

    source: Source
    outcome: str
    reason: str
    answer: Answer | FetchError
    taken: datetime | None = None  # when the Internet Archive took its copy
    time: str = field(default_factory=utc_text)


class Folder:
    """The folder that the pages of a study are collected in; AnalysisError where it holds those of another.

    Of each article it knows the log's last line of a fetch, with the page that was kept last, and of a text.
    """

    def __init__(self, path: Path, study: str) -> None:
        self.path, self.round = path, 0
        self.fetches = dict[str, dict[str, Any]]()
        self.versions = dict[str, int]()  # article → texts of it in the files
        self._texts, self._newest = dict[str, dict[str, Any]](), dict[str, str]()
        self._study, self._log, self._extractor = study, path / "log.jsonl", extractor()
        _read_lines(self._log, self._apply)
        for file in reversed(self.text_files()):  # whatever the log says: a kill or a hand may have come between
            _read_lines(file, self._apply_text)

    def text_files(self) -> list[Path]:
        """Files of texts in the order in which annotate takes the newest version of each."""
        return sorted((path for path in self.path.iterdir() if _number(path)), key=_number, reverse=True)

    def add(self, line: Mapping[str, Any]) -> None:
        """Write a line of the log, and know it."""
        _append_line(self._log, line)
        self._apply(line)

    def _apply(self, line: Mapping[str, Any]) -> None:
        if line["event"] == "run":
            if line["study"] != self._study:
                there = f"pages of the study {line['study']!r}, not of {self._study!r}"
                raise AnalysisError(f"{self.path} holds {there}. Name another folder")
            self.round = line["round"]
        elif line["event"] == "fetch":
            page = line if "page" in line else {**_NO_PAGE, **self.fetches.get(line["article"], {})}
            known = {name: line[name] for name in ("round", "url", "outcome")}
            self.fetches[line["article"]] = known | {name: page[name] for name in _NO_PAGE}
        else:
            self._texts[line["article"]] = {name: line[name] for name in ("version", "page_sha256", "extractor")}

    def _apply_text(self, line: Mapping[str, Any]) -> None:
        self.versions[line["article"]], self._newest[line["article"]] = line["version"], line["text_sha256"]

    def keep(self, fetched: Fetched, more: Mapping[str, Any]) -> bytes | None:
        """Keep a page beside those that are there, the same page once, and log its outcome; the page, if any."""
        article, answer = fetched.source.article, fetched.answer
        line = {"event": "fetch", "round": self.round, "time": fetched.time, "article": article}
        line |= {"url": fetched.source.url, "final_url": answer.url, "status": answer.status}
        line |= {"bytes": None, "sha256": None, "outcome": fetched.outcome, "reason": fetched.reason}
        if isinstance(answer, Answer):
            sha256 = digest(answer.page)
            place = f"pages/{digest(article.encode())[:2]}/{file_name(article)}--{sha256[:16]}.html.gz"
            write(self.path / place, gzip.compress(answer.page, mtime=0))
            line |= {"bytes": len(answer.page), "sha256": sha256, "page": place, "charset": answer.charset}
            line["archived"] = None if fetched.taken is None else utc_text(fetched.taken)
        self.add({**line, **more})
        return answer.page if isinstance(answer, Answer) else None

    def unread_page(self, article: str) -> bytes | None:
        """The page of an article kept last, where this version of the extraction has not taken it apart."""
        fetch = self.fetches.get(article, _NO_PAGE)
        if not fetch["page"] or self._read(article) == (fetch["sha256"], self._extractor):
            return None
        with suppress(OSError, EOFError, zlib.error):  # BadGzipFile is an OSError
            page = gzip.decompress((self.path / fetch["page"]).read_bytes())
            if digest(page) == fetch["sha256"]:
                return page
        self.fetches[article] = fetch | {"page": ""}  # gone or damaged: it is to be asked for again
        return None

    def _read(self, article: str) -> tuple[str, str]:
        """Digest of the page that was taken apart last, and by which extraction; empty where its text is gone."""
        text = self._texts.get(article)
        if text is None or text["version"] > self.versions.get(article, 0):
            return "", ""
        return text["page_sha256"], text["extractor"]

    def extract(self, source: Source, page: bytes) -> str:
        """Take the page kept last apart, and add its text where it is a new one; the key of `CHANGES` for that."""
        article, sha256, version = source.article, digest(page), self.versions.get(source.article, 0)
        text, reason = _text(source, page, self.fetches[article]["charset"])
        if reason:
            change = "none"
        elif text["text_sha256"] == self._newest.get(article):
            change = "same"
        else:
            change = "new" if not version else "extraction" if self._read(article)[0] == sha256 else "page"
        version += change not in ("none", "same")
        line = {"article": article, "version": version, **text, "page_sha256": sha256, "extractor": self._extractor}
        if version > self.versions.get(article, 0):
            _append_line(self.path / ("texts.jsonl" if version == 1 else f"texts-{version}.jsonl"), line)
            self._apply_text(line)
        self.add({"event": "text", "change": change, "reason": reason, **{name: line[name] for name in _LOGGED}})
        return change


def _text(source: Source, page: bytes, charset: str | None) -> tuple[dict[str, str], str]:
    """Fields of the text of a page, with its digests, or why there is none."""
    none = {"source_sha256": "", "text_sha256": ""}
    try:
        found = main_text(page, url=source.url, charset=charset)
        fields = {**vars(source), "source": "page", "title": found.title, "body": found.body}
        row = parse_row(fields)
    except BadRow as bad:
        return none, bad.reason
    if not row.body:  # a title alone is that of a page that asks for consent, money or patience
        return none, "no body was found"
    return fields | {"source_sha256": row.source_sha256, "text_sha256": text_digest(f"{row.title}\n{row.body}")}, ""


def extractor() -> str:
    """Names and versions of all that turns a page into a text; the digest is of this library's own part."""
    own = digest(b"".join(Path(str(module.__file__)).read_bytes() for module in (html, clean, charset)))
    return f"trafilatura {version('trafilatura')}, lxml {version('lxml')}, castillo {own[:8]}"


def file_name(article: str) -> str:
    """A name that any file system takes, for any article id; two ids never have the same, whatever the capitals."""
    plain = _UNSAFE.sub("_", article)[:80]
    return plain if plain == article == article.lower() else f"{plain}-{digest(article.encode())[:12]}"


def _number(path: Path) -> int:
    """Number of a file of texts, 0 of another file."""
    found = _TEXTS.fullmatch(path.name)
    return int(found[1] or 1) if found else 0


def _read_lines(path: Path, use: Callable[[dict[str, Any]], None]) -> None:
    """Hand the object of each line to a function; half a line at the end, which a kill leaves, is cut off."""
    if not path.exists():
        return
    with write_errors(path), path.open("rb+") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                file.truncate(file.tell() - len(line))
                return
            try:
                use(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:  # ValueError: no JSON, or no UTF-8
                told = "is not a line that collect wrote. Mend it from a copy, or delete it"
                raise AnalysisError(f"{path}:{number}: {told}") from error


def _append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Add an object to a file, so that it is on the disk afterwards."""
    data = json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    with write_errors(path), path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
