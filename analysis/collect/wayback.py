"""Pages that are gone, from the Internet Archive: the copy nearest to the article's date, as the publisher served it.

`/web/<time>id_/<address>` of the Wayback Machine leads to the copy nearest to a time, without the archive's own frame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from analysis.collect.fetch import Answer
from analysis.collect.trouble import Trouble
from analysis.collect.visit import Visitor

BASE = "https://web.archive.org"
_COPY = re.compile(r"/web/(\d{14})(?:id_)?/")
#: A copy older than the article by more than this cannot be of it: feeds date an article a little late at times.
_BEFORE = timedelta(days=1)


@dataclass(frozen=True)
class Copy:
    """An archived page: the answer, and when the archive took it."""

    answer: Answer
    taken: datetime


def copy_address(base: str, url: str, published: datetime) -> str:
    """Address of the copy nearest to a moment."""
    return f"{base.rstrip('/')}/web/{published.astimezone(UTC):%Y%m%d%H%M%S}id_/{url.partition('#')[0]}"


def archived(visitor: Visitor, base: str, url: str, published: datetime) -> Copy:
    """Fetch the archive's copy of an article.

    Parameters
    ----------
    visitor : Visitor, which treats the archive as any host: its robots.txt, its pauses
    base : str, the archive's address
    url : str, the article's own address
    published : datetime, when it was published

    Raises
    ------
    Trouble
        gone: where the archive holds no copy, or only one from before the article.
    """
    answer = visitor.page(copy_address(base, url, published))
    found = _COPY.match(answer.url.removeprefix(base.rstrip("/")))
    if found is None:
        raise Trouble("gone", "no copy in the archive: it leads elsewhere").at(answer.url)
    try:
        taken = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise Trouble("gone", "no copy in the archive: its time cannot be read").at(answer.url) from error
    if taken < published - _BEFORE:
        raise Trouble("gone", f"the archive's copy is older than the article ({taken:%Y-%m-%d})").at(answer.url)
    return Copy(answer, taken)
