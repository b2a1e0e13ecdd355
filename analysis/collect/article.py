"""One article: its page from the site or, where that is gone, from the Internet Archive; else why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from analysis.collect.fetch import Answer
from analysis.collect.outcomes import FetchError
from analysis.collect.texts import Source
from analysis.collect.visit import Visitor, archived
from analysis.paths import digest
from analysis.readers.row import read_date


def now() -> str:
    """This moment, UTC."""
    return _written(datetime.now(UTC))


def _written(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


@dataclass(frozen=True)
class FetchResult:
    """Result of asking for an article.

    Attributes
    ----------
    source : Source
    outcome, reason : as in the log
    status : int, HTTP status of the last answer, None where there was none
    url : str, the address that answered last
    page : bytes, where there is one
    more : further fields of a page in the log: charset, archived
    time : str, when it came, UTC
    """

    source: Source
    outcome: str
    reason: str = ""
    status: int | None = None
    url: str = ""
    page: bytes | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    time: str = field(default_factory=now)

    def line(self, round_: int, place: str) -> dict[str, Any]:
        """Its line in the log."""
        kept = self.page is not None
        return {
            "event": "fetch",
            "round": round_,
            "time": self.time,
            "article": self.source.article,
            "url": self.source.url,
            "final_url": self.url,
            "status": self.status,
            "bytes": len(self.page) if self.page is not None else None,
            "sha256": digest(self.page) if self.page is not None else None,
            "outcome": self.outcome,
            "reason": self.reason,
            **({"page": place, **self.more} if kept else {}),
        }


def get_article(source: Source, visitor: Visitor, archive: str | None) -> FetchResult:
    """Fetch an article.

    Parameters
    ----------
    source : Source, with an address
    visitor : Visitor
    archive : str, address of the archive to ask where the page is gone or its host unreachable; None asks none

    Raises
    ------
    Stopped
    """
    try:
        return _with_page(source, "page", visitor.page(source.url))
    except FetchError as error:
        published = read_date(source.published)
        if archive is None or published is None or error.outcome not in ("gone", "unreachable"):
            return _without(source, error)
        return _from_archive(source, visitor, archive, published.moment, error)


def _from_archive(
    source: Source, visitor: Visitor, archive: str, published: datetime, error: FetchError
) -> FetchResult:
    try:
        copy = archived(visitor, archive, source.url, published)
    except FetchError as second:
        # Only an archive that is in trouble itself may answer otherwise another day.
        outcome = second.outcome if second.outcome in ("unreachable", "failed") else error.outcome
        reason = f"{error.reason}; archive: {second.reason}"
        return _without(source, FetchError(outcome, reason, status=error.status).at(error.url))
    return _with_page(source, "archived", copy.answer, reason=error.reason, taken=copy.taken)


def _with_page(
    source: Source, outcome: str, answer: Answer, *, reason: str = "", taken: datetime | None = None
) -> FetchResult:
    more = {"charset": answer.charset, "archived": None if taken is None else _written(taken)}
    return FetchResult(source, outcome, reason, answer.status, answer.url, answer.page, more)


def _without(source: Source, error: FetchError) -> FetchResult:
    return FetchResult(source, error.outcome, error.reason, error.status, error.url or source.url)
