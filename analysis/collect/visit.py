"""Pages of addresses, from their sites or from the Internet Archive: robots.txt, turns, redirects, patience.

`/web/<time>id_/<address>` of the Wayback Machine leads to the copy nearest to a time, without the archive's own frame.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

import httpx

from analysis.collect.fetch import ANY, PAGES, Answer, Fetcher
from analysis.collect.outcomes import FetchError
from analysis.collect.politeness import HostRateLimiter, Robots, retry_after

_REDIRECTS = (301, 302, 303, 307, 308)
#: Client errors that say "not now".
_NOT_NOW = (408, 425, 429)
_GONE = (404, 410)
_FIRST_PAUSE = 1.0
#: The Internet Archive's copies have the time they were taken at in their address.
_COPY = re.compile(r"/web/(\d{14})(?:id_)?/")
#: A copy older than the article by more than this cannot be of it: feeds date an article a little late at times.
_BEFORE = timedelta(days=1)


class Visitor:
    """Fetches pages politely and patiently.

    Parameters
    ----------
    fetcher : Fetcher
    limiter : HostRateLimiter
    tries : int, how often an address is asked at most before it is set aside for now
    """

    def __init__(self, fetcher: Fetcher, limiter: HostRateLimiter, *, tries: int = 3) -> None:
        self.limiter, self._fetcher, self._tries = limiter, fetcher, tries
        self._robots = Robots(self._robots_txt)

    def page(self, url: str) -> Answer:
        """The page at an address, after its redirects.

        Raises
        ------
        FetchError, Stopped
        """
        answer = self._patiently(url, lambda: self._followed(url, PAGES, self._allowed))
        if _is_front(answer.url) and not _is_front(url):  # sites send readers there from articles they no longer have
            raise FetchError("gone", "leads to the front page", status=answer.status).at(answer.url)
        return answer

    def _robots_txt(self, url: str) -> Answer:
        return self._patiently(url, lambda: self._followed(url, ANY, lambda _: None))

    def _patiently(self, url: str, ask: Callable[[], Answer]) -> Answer:
        """Ask until there is an answer, the error is no passing one, or it was asked often enough."""
        for attempt in range(1, self._tries + 1):
            try:
                return ask()
            except FetchError as error:
                host = host_of(error.url or url)
                if error.wait is not None:  # also where it is not asked again: the host's next article waits
                    self.limiter.backoff(host, error.wait)
                if not error.again or attempt == self._tries or (error.wait or 0) > self.limiter.longest:
                    raise
                if error.wait is None:
                    self.limiter.backoff(
                        host, max(self.limiter.delay, _FIRST_PAUSE * bool(self.limiter.delay)) * 2**attempt
                    )
        raise AssertionError("tries is at least 1")

    def _followed(self, url: str, kinds: Collection[str], allowed: Callable[[str], None]) -> Answer:
        cookies, seen = httpx.Cookies(), set()
        for _ in range(self._fetcher.limits.redirects + 1):
            self._fetcher.guard.check(url)
            allowed(url)
            # A site may send a reader back to the same address with a cookie, and only then show the page.
            state = (url, tuple(sorted((cookie.name, cookie.value) for cookie in cookies.jar)))
            if state in seen:
                raise FetchError("refused", "a redirect leads back to where it came from").at(url)
            seen.add(state)
            with self.limiter.turn(host_of(url)):
                answer = self._fetcher.get(url, kinds=kinds, cookies=cookies)
            target = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not target:
                return _checked(answer)
            url = _joined(url, target)
        raise FetchError("refused", f"more than {self._fetcher.limits.redirects} redirects").at(url)

    def _allowed(self, url: str) -> None:
        rules = self._robots.rules(url)
        rules.check(url)
        self.limiter.slow_down(host_of(url), rules.pause)


def _checked(answer: Answer) -> Answer:
    """The answer where it is a page; the error that its status stands for otherwise."""
    status, reason = answer.status, f"answered {answer.status}"
    if status == 200:
        return answer
    if status in _GONE:
        raise FetchError("gone", reason, status=status).at(answer.url)
    if status in _NOT_NOW or status >= 500:
        wait = retry_after(answer.headers.get("retry-after"))
        raise FetchError("failed", reason, status=status, again=True, wait=wait).at(answer.url)
    outcome = "denied" if 400 <= status < 500 else "failed"
    raise FetchError(outcome, reason, status=status).at(answer.url)


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target.strip()).partition("#")[0]
    except ValueError as error:
        raise FetchError("unsafe", f"redirects to what is no address ({error})").at(url) from error


def _is_front(url: str) -> bool:
    return urlsplit(url).path in ("", "/")


def host_of(url: str) -> str:
    """Host of an address; empty where it has none that can be read."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


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
    FetchError
        gone: where the archive holds no copy, or only one from before the article.
    """
    answer = visitor.page(copy_address(base, url, published))
    found = _COPY.match(answer.url.removeprefix(base.rstrip("/")))
    if found is None:
        raise FetchError("gone", "no copy in the archive: it leads elsewhere").at(answer.url)
    try:
        taken = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise FetchError("gone", "no copy in the archive: its time cannot be read").at(answer.url) from error
    if taken < published - _BEFORE:
        raise FetchError("gone", f"the archive's copy is older than the article ({taken:%Y-%m-%d})").at(answer.url)
    return Copy(answer, taken)
