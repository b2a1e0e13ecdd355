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

from analysis.collect.record import ArticleState, JsonLines, Record
from analysis.paths import digest
from analysis.readers import charset, clean, html
from analysis.readers.html import HtmlRefused, main_text
from analysis.readers.row import BadRow, parse_row

_NAME = re.compile(r"texts(?:-(\d+))?\.jsonl")
#: What the log says of a text: digests, never words.
_LOGGED = ("article", "version", "page_sha256", "extractor", "source_sha256", "text_sha256")
_NEEDED = ("article", "page_sha256", "extractor", "source_sha256", "text_sha256")


@dataclass(frozen=True)
class Source:
    """Fields of an article in the manifest, which its text keeps."""

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
        self._files: dict[int, JsonLines] = {}
        for path in sorted(record.folder.glob("texts*.jsonl")):
            if found := _NAME.fullmatch(path.name):
                self._files[int(found[1] or 1)] = JsonLines(path, _NEEDED)
        self._reconcile()

    def _reconcile(self) -> None:
        """Make the log and the files of texts agree, where a kill or a hand came between them. The files count."""
        written: dict[str, tuple[int, str]] = {}
        for number, lines in sorted(self._files.items()):
            for line in lines:
                written[line["article"]] = number, line["text_sha256"]
                state = self._record.state(line["article"])
                if state.version < number:  # written, but killed before the log said so
                    self._record.add(_event({**line, "version": number}, _change(state, line["page_sha256"])))
        for article, state in self._record.articles.items():
            number, text_sha256 = written.get(article, (0, ""))
            if state.version > number:  # gone: the page that was kept is to be taken apart again
                state.version, state.text_sha256, state.read_sha256 = number, text_sha256, ""

    def is_read(self, state: ArticleState) -> bool:
        """Whether the page kept last was taken apart by this version of the extraction."""
        return (state.read_sha256, state.extractor) == (state.page_sha256, self._extractor)

    def update(self, source: Source, page: bytes) -> str:
        """Take a page apart; add its text where it is another than the one there was.

        Parameters
        ----------
        source : Source
        page : bytes, the page kept last

        Returns
        -------
        str, a key of `outcomes.CHANGES`
        """
        state = self._record.state(source.article)
        found = self._text(source, state, page)
        reason = ""
        if isinstance(found, str):
            change, version, reason = "none", state.version, found
            found = {"source_sha256": "", "text_sha256": ""}
        elif found["text_sha256"] == state.text_sha256:
            change, version = "same", state.version
        else:
            change, version = _change(state, state.page_sha256), state.version + 1
        line = {"article": source.article, "version": version} | found
        line |= {"page_sha256": state.page_sha256, "extractor": self._extractor}
        if version > state.version:
            self._file(version).append(line)
        self._record.add(_event(line, change, reason))
        return change

    def _text(self, source: Source, state: ArticleState, page: bytes) -> dict[str, Any] | str:
        """The text of a page, with its digests, or why there is none."""
        try:
            found = main_text(page, url=source.url, charset=state.charset)
        except HtmlRefused as error:
            return f"HTML {error.reason}"
        handed = {**vars(source), "source": "page", "title": found.title, "body": found.body}
        row = parse_row(handed)
        if isinstance(row, BadRow):
            return row.reason
        if not row.body:  # a title alone is that of a page that asks for consent, money or patience
            return "no body was found"
        text = f"{row.title}\n{row.body}"
        return {**handed, "source_sha256": row.source_sha256, "text_sha256": digest(text.encode())}

    def _file(self, number: int) -> JsonLines:
        name = "texts.jsonl" if number == 1 else f"texts-{number}.jsonl"
        return self._files.setdefault(number, JsonLines(self._record.folder / name, _NEEDED))


def extractor() -> str:
    """Names and versions of all that turns a page into a text; the digest is of this library's own part."""
    own = digest(b"".join(Path(str(module.__file__)).read_bytes() for module in (html, clean, charset)))
    return f"trafilatura {version('trafilatura')}, lxml {version('lxml')}, castillo {own[:8]}"


def newest_first(folder: Path) -> Iterator[Path]:
    """Files of texts in the order in which annotate takes the newest version of each."""
    numbered = {int(found[1] or 1): path for path in folder.iterdir() if (found := _NAME.fullmatch(path.name))}
    for number in sorted(numbered, reverse=True):
        yield numbered[number]


def _change(state: ArticleState, page_sha256: str) -> str:
    """Why an article has a text that it did not have before."""
    if not state.version:
        return "new"
    return "extraction" if state.read_sha256 == page_sha256 else "page"


def _event(line: Mapping[str, Any], change: str, reason: str = "") -> dict[str, Any]:
    return {"event": "text", "change": change, "reason": reason} | {name: line[name] for name in _LOGGED}
