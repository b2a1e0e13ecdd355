"""Pages → texts.jsonl, ready for `castillo annotate`; a text that changed lies beside the one that was there.

`texts.jsonl` holds the first version of each article's text, `texts-2.jsonl` the second of those that have one, and so
on. Each file holds an article at most once and only grows. What tells versions apart is `text_sha256`, the digest of
the cleaned title and body, the same that features carry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.collect.lines import Lines
from analysis.collect.record import Past, Record
from analysis.places import digest
from analysis.readers.html import HtmlRefused, main_text
from analysis.readers.row import BadRow, parse_row

_NAME = re.compile(r"texts(?:-(\d+))?\.jsonl")
#: What the log says of a text: digests, never words.
_LOGGED = ("article", "version", "page_sha256", "extractor", "source_sha256", "text_sha256")
_NEEDED = ("article", "page_sha256", "extractor", "source_sha256", "text_sha256")
#: Kind of change → what it says to the reader of a summary.
CHANGES = {
    "new": "new",
    "same": "unchanged",
    "page": "changed, because the page did",
    "extraction": "changed, because the extraction did",
    "none": "missing: the page holds none",
}


@dataclass(frozen=True)
class Source:
    """What the manifest says of an article, which its text keeps."""

    article: str
    outlet: str
    language: str
    published: str
    url: str


class Texts:
    """The files of texts in a folder.

    Parameters
    ----------
    record : Record
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._extractor = extractor()
        self._files: dict[int, Lines] = {}
        for path in sorted(record.folder.glob("texts*.jsonl")):
            if found := _NAME.fullmatch(path.name):
                self._files[int(found[1] or 1)] = Lines(path, _NEEDED)
        self._reconcile()

    def _reconcile(self) -> None:
        """Make the log and the files of texts agree, where a kill or a hand came between them. The files count."""
        written: dict[str, tuple[int, str]] = {}
        for number, lines in sorted(self._files.items()):
            for line in lines:
                written[line["article"]] = number, line["text_sha256"]
                past = self._record.past(line["article"])
                if past.version < number:  # written, but killed before the log said so
                    self._record.add(_event({**line, "version": number}, _change(past, line["page_sha256"])))
        for article, past in self._record.articles.items():
            number, text_sha256 = written.get(article, (0, ""))
            if past.version > number:  # gone: the page that was kept is to be taken apart again
                past.version, past.text_sha256, past.read_sha256 = number, text_sha256, ""

    def is_read(self, past: Past) -> bool:
        """Whether the page kept last was taken apart by this version of the extraction."""
        return (past.read_sha256, past.extractor) == (past.page_sha256, self._extractor)

    def update(self, source: Source) -> str:
        """Take the page kept last apart; add its text where it is another than the one there was.

        Returns
        -------
        str, a key of `CHANGES`
        """
        past = self._record.past(source.article)
        text = self._text(source, past)
        if text is None:
            change, line = "none", {**_nothing(source, past), "extractor": self._extractor, "version": past.version}
        elif text["text_sha256"] == past.text_sha256:
            change, line = "same", {**text, "version": past.version}
        else:
            change = _change(past, past.page_sha256)
            line = {**text, "version": past.version + 1}
            self._file(past.version + 1).append(line)
        self._record.add(_event(line, change))
        return change

    def _text(self, source: Source, past: Past) -> dict[str, Any] | None:
        page = self._record.page(past)
        try:
            found = main_text(page, url=source.url, charset=_fitting(past.charset, page))
        except HtmlRefused:
            return None
        handed = {**vars(source), "source": "page", "title": found.title, "body": found.body}
        row = parse_row(handed)
        if isinstance(row, BadRow):
            return None
        return {
            **handed,
            "source_sha256": row.source_sha256,
            "text_sha256": digest(f"{row.title}\n{row.body}".encode()),
            "page_sha256": past.page_sha256,
            "extractor": self._extractor,
        }

    def _file(self, number: int) -> Lines:
        name = "texts.jsonl" if number == 1 else f"texts-{number}.jsonl"
        return self._files.setdefault(number, Lines(self._record.folder / name, _NEEDED))


def extractor() -> str:
    """Name and version of the extraction."""
    return f"trafilatura {version('trafilatura')}"


def newest_first(folder: Path) -> Iterator[Path]:
    """Files of texts in the order in which annotate takes the newest version of each."""
    numbered = {int(found[1] or 1): path for path in folder.iterdir() if (found := _NAME.fullmatch(path.name))}
    for number in sorted(numbered, reverse=True):
        yield numbered[number]


def _change(past: Past, page_sha256: str) -> str:
    """Why an article has a text that it did not have before."""
    if not past.version:
        return "new"
    return "extraction" if past.read_sha256 == page_sha256 else "page"


def _event(line: Mapping[str, Any], change: str) -> dict[str, Any]:
    return {"event": "text", "change": change} | {name: line[name] for name in _LOGGED}


def _nothing(source: Source, past: Past) -> dict[str, Any]:
    return {"article": source.article, "page_sha256": past.page_sha256, "source_sha256": "", "text_sha256": ""}


def _fitting(charset: str | None, page: bytes) -> str | None:
    """The encoding to read a page in, where its bytes tell; None leaves it to the page's own word.

    What is UTF-8 beyond ASCII is UTF-8, whatever a server says: text in another encoding hardly ever happens to be.
    """
    for name in ("utf-8", charset or ""):
        try:
            page.decode(name)
        except (LookupError, ValueError):
            continue
        if not page.isascii():
            return name
    return None
