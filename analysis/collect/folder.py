"""Folder of a study's pages: the log of what was done, pages as they came, and their texts, ready for annotate.

The log only grows and is the truth about pages: one counts once its line is in the log, whatever lies in the folder.
`texts.jsonl` holds the first version of each article's text, `texts-2.jsonl` the second of those that have one, and so
on. What tells versions apart is `text_sha256`, the digest of the cleaned title and body, the same that features carry.
"""

import gzip
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from analysis.collect.visit import Answer, FetchError
from analysis.errors import AnalysisError, write_errors
from analysis.paths import digest, text_digest
from analysis.readers import charset, clean, html
from analysis.readers.html import main_text
from analysis.readers.row import BadRow, parse_row

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


class Source(NamedTuple):
    """Fields of an article in the manifest, which its text keeps."""

    article: str
    outlet: str
    language: str
    published: str
    url: str


class Fetched(NamedTuple):
    """Outcome of asking for an article, and the page or the error; when the Internet Archive took its copy."""

    outcome: str
    reason: str
    answer: Answer | FetchError
    taken: datetime | None = None


class Folder:
    """The folder that the pages of a study are collected in; AnalysisError where it holds those of another."""

    def __init__(self, path: Path, study: str) -> None:
        self.path, self.round, self._extractor = path, 0, extractor()
        self.fetches = dict[str, dict[str, Any]]()  # article → the log's last line of a fetch
        self.pages = dict[str, dict[str, Any]]()  # the same, of the last that gave a page
        self._extracted = dict[str, dict[str, Any]]()  # the log's last line of a text
        self.texts = dict[str, tuple[int, str]]()  # version and digest of the newest text in the files
        for line in _read_lines(path / "log.jsonl"):
            if line.get("study", study) != study:
                there = f"pages of the study {line['study']!r}, not of {study!r}"
                raise AnalysisError(f"{path} holds {there}. Name another folder")
            self._apply(line)
        for file in reversed(self.text_files()):  # whatever the log says: a kill may have come between
            for line in _read_lines(file):
                self.texts[line["article"]] = line["version"], line["text_sha256"]

    def text_files(self) -> list[Path]:
        """Files of texts in the order in which annotate takes the newest version of each."""
        found = itertools.takewhile(Path.exists, map(self._text_file, itertools.count(1)))
        return list(found)[::-1]

    def _text_file(self, number: int) -> Path:
        return self.path / ("texts.jsonl" if number == 1 else f"texts-{number}.jsonl")

    def log(self, event: str, **fields: Any) -> None:
        """Write a line of the log, and know it."""
        line = {"event": event, **fields}
        _append_line(self.path / "log.jsonl", line)
        self._apply(line)

    def _apply(self, line: dict[str, Any]) -> None:
        if line["event"] == "run":
            self.round = line["round"]
        elif line["event"] == "text":
            self._extracted[line["article"]] = line
        else:
            self.fetches[line["article"]] = line
            if line.get("page"):
                self.pages[line["article"]] = line

    def keep(self, source: Source, fetched: Fetched, **more: Any) -> None:
        """Keep a page beside those that are there, the same page once, and log its outcome."""
        answer, about = fetched.answer, dict[str, Any](bytes=None, sha256=None)
        if isinstance(answer, Answer):
            about = {"bytes": len(answer.page), "sha256": digest(answer.page), "charset": answer.charset}
            folder, name = digest(source.article.encode())[:2], file_name(source.article)
            about["page"] = f"pages/{folder}/{name}--{about['sha256'][:16]}.html.gz"
            about["archived"] = None if fetched.taken is None else utc_text(fetched.taken)
            path = self.path / about["page"]
            with write_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(gzip.compress(answer.page, mtime=0))
        asked = {"url": source.url, "final_url": answer.url, "status": answer.status}
        done = {"outcome": fetched.outcome, "reason": fetched.reason, **more}
        self.log("fetch", round=self.round, time=utc_text(), article=source.article, **asked, **about, **done)

    def unread_page(self, article: str) -> bytes | None:
        """The page of an article kept last, where this version of the extraction has not taken it apart."""
        page, text = self.pages.get(article), self._extracted.get(article, {})
        if page is None or not (self.path / page["page"]).exists():  # deleted by somebody: its text stays as it is
            return None
        is_there = text.get("version", 0) <= self.texts.get(article, (0, ""))[0]  # or was deleted
        if is_there and (text.get("page_sha256"), text.get("extractor")) == (page["sha256"], self._extractor):
            return None
        return gzip.decompress((self.path / page["page"]).read_bytes())

    def extract(self, source: Source, page: bytes) -> str:
        """Take the page kept last apart, and add its text where it is a new one; the key of `CHANGES` for that."""
        article, sha256 = source.article, digest(page)
        number, newest = self.texts.get(article, (0, ""))
        text, reason = _text(source, page, self.pages[article]["charset"])
        if reason:
            change = "none"
        elif text["text_sha256"] == newest:
            change = "same"
        else:
            same_page = self._extracted.get(article, {}).get("page_sha256") == sha256
            change = "new" if not number else "extraction" if same_page else "page"
            number += 1
            line = {"article": article, "version": number, **text, "page_sha256": sha256, "extractor": self._extractor}
            _append_line(self._text_file(number), line)
            self.texts[article] = number, text["text_sha256"]
        digests = {name: text.get(name, "") for name in ("source_sha256", "text_sha256")}
        made = {"version": number, "page_sha256": sha256, "extractor": self._extractor, **digests}
        self.log("text", article=article, **made, change=change, reason=reason)
        return change


def _text(source: Source, page: bytes, charset: str | None) -> tuple[dict[str, str], str]:
    """Fields of the text of a page, with its digests, or why there is none."""
    try:
        found = main_text(page, url=source.url, charset=charset)
        fields = {**source._asdict(), "source": "page", "title": found.title, "body": found.body}
        row = parse_row(fields)
    except BadRow as bad:
        return {}, bad.reason
    if not row.body:  # a title alone is that of a page that asks for consent, money or patience
        return {}, "no body was found"
    return fields | {"source_sha256": row.source_sha256, "text_sha256": text_digest(f"{row.title}\n{row.body}")}, ""


def utc_text(moment: datetime | None = None) -> str:
    """A moment in UTC, or this one, as the log has it."""
    return f"{moment or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def extractor() -> str:
    """Names and versions of all that turns a page into a text; the digest is of this library's own part."""
    own = digest(b"".join(Path(str(module.__file__)).read_bytes() for module in (html, clean, charset)))
    return f"trafilatura {version('trafilatura')}, lxml {version('lxml')}, castillo {own[:8]}"


def file_name(article: str) -> str:
    """A name that any file system takes, for any article id; two ids never have the same, whatever the capitals."""
    plain = _UNSAFE.sub("_", article)[:80]
    return plain if plain == article == article.lower() else f"{plain}-{digest(article.encode())[:12]}"


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a file's lines; half a line at the end, which a kill leaves, is cut off."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                file.truncate(file.tell() - len(line))
                return
            try:
                read = json.loads(line)
                read["round" if read.get("event") == "run" else "article"]
            except (ValueError, KeyError, AttributeError) as error:  # ValueError: no JSON, or no UTF-8
                told = "is not a line that collect wrote. Mend it from a copy, or delete it"
                raise AnalysisError(f"{path}:{number}: {told}") from error
            yield read


def _append_line(path: Path, line: Mapping[str, Any]) -> None:
    with write_errors(path), path.open("ab") as file:
        file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
