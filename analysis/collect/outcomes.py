"""Outcomes of a download, the error that carries one, and the summary of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: Outcome → its words in a summary. `page` and `archived` gave a page.
OUTCOMES = {
    "page": "fetched",
    "archived": "fetched from the Internet Archive",
    "gone": "gone (404, 410) and not in the archive",
    "denied": "denied by the site (401, 403 and others)",
    "robots": "not allowed by robots.txt",
    "unsafe": "at an address that is not asked: not public, or not http",
    "refused": "refused here: too large, no HTML, redirects without end",
    "no-address": "without an address in articles.csv",
    "unreachable": "unreachable for now",
    "failed": "failed for now",
}
#: Outcomes that gave a page.
KEPT = ("page", "archived")
#: Outcomes that another day may change: `--retry` asks again.
FOR_NOW = ("unreachable", "failed")
#: Kind of change of a text → its words in a summary.
CHANGES = {
    "new": "new",
    "same": "unchanged",
    "page": "changed, because the page did",
    "extraction": "changed, because the extraction did",
    "none": "missing: the page holds none",
}


class FetchError(Exception):
    """A download that gave no page.

    Parameters
    ----------
    outcome : str, a key of `OUTCOMES`
    reason : str, for the log; never holds what a page says
    status : int, HTTP status of the answer, or None without one
    again : bool, whether to try again in the same run
    wait : float, seconds the server asked to wait before that, or None
    """

    def __init__(
        self, outcome: str, reason: str, *, status: int | None = None, again: bool = False, wait: float | None = None
    ) -> None:
        self.outcome, self.reason, self.status, self.again, self.wait = outcome, reason, status, again, wait
        self.url = ""
        super().__init__(reason)

    def at(self, url: str) -> FetchError:
        """The same error with the address it happened at."""
        self.url = self.url or url
        return self


@dataclass
class CollectSummary:
    """State of a folder of pages after a run.

    Attributes
    ----------
    folder : Path
    asked : int, articles asked for in this run
    outcomes : Counter, outcome → articles of the study, as of their last request
    texts : Counter, kind of change → articles extracted in this run
    with_text : int, articles of the study that have a text
    changed_pages : int, articles of this run whose page differs from the one kept before
    files : files of texts, in the order in which annotate takes the newest version of each
    """

    folder: Path
    asked: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    with_text: int = 0
    changed_pages: int = 0
    files: tuple[Path, ...] = ()

    def lines(self) -> Iterator[str]:
        """Lines to print: each outcome with its number, then the changes of texts."""
        articles = self.outcomes.total()
        yield f"{self.folder}: {articles} articles, {self.with_text} with a text; {self.asked} asked for now"
        for outcome, meaning in OUTCOMES.items():
            if self.outcomes[outcome]:
                hint = "; --retry asks again" if outcome in FOR_NOW else ""
                yield f"{self.outcomes[outcome]:>7} {meaning}{hint}"
        if self.changed_pages:
            yield f"{self.changed_pages:>7} pages differ from those kept before; both are kept"
        for change, meaning in CHANGES.items():
            if self.texts[change]:
                yield f"{self.texts[change]:>7} texts {meaning}"
        if len(self.files) > 1:
            yield "Texts that changed lie beside the earlier ones; annotate takes the first it reads"
