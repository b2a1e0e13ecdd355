"""From an address to its page: robots.txt, turns, redirects one by one, and patience with servers in trouble."""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import urljoin, urlsplit

import httpx

from analysis.collect.fetch import ANY, PAGES, Answer, Fetcher
from analysis.collect.polite import Turns, retry_after
from analysis.collect.robots import Robots
from analysis.collect.trouble import Trouble

_REDIRECTS = (301, 302, 303, 307, 308)
#: Client errors that say "not now".
_NOT_NOW = (408, 425, 429)
_GONE = (404, 410)
_FIRST_PAUSE = 1.0


class Visitor:
    """Fetches pages as one should.

    Parameters
    ----------
    fetcher : Fetcher
    turns : Turns
    tries : int, how often an address is asked at most before it is set aside for now
    """

    def __init__(self, fetcher: Fetcher, turns: Turns, *, tries: int = 3) -> None:
        self.turns, self._fetcher, self._tries = turns, fetcher, tries
        self._robots = Robots(self._robots_txt)

    def page(self, url: str) -> Answer:
        """The page at an address, after its redirects.

        Raises
        ------
        Trouble, Stopped
        """
        answer = self._patiently(url, lambda: self._followed(url, PAGES, self._allowed))
        if _is_front(answer.url) and not _is_front(url):  # sites send readers there from articles they no longer have
            raise Trouble("gone", "leads to the front page", status=answer.status).at(answer.url)
        return answer

    def _robots_txt(self, url: str) -> Answer:
        return self._patiently(url, lambda: self._followed(url, ANY, lambda _: None))

    def _patiently(self, url: str, ask: Callable[[], Answer]) -> Answer:
        """Ask until there is an answer, the trouble is no passing one, or it was asked often enough."""
        for attempt in range(1, self._tries + 1):
            try:
                return ask()
            except Trouble as trouble:
                host = host_of(trouble.url or url)
                if trouble.wait is not None:  # also where it is not asked again: the host's next article waits
                    self.turns.put_off(host, trouble.wait)
                if not trouble.again or attempt == self._tries or (trouble.wait or 0) > self.turns.longest:
                    raise
                if trouble.wait is None:
                    self.turns.put_off(host, max(self.turns.delay, _FIRST_PAUSE * bool(self.turns.delay)) * 2**attempt)
        raise AssertionError("tries is at least 1")

    def _followed(self, url: str, kinds: Collection[str], allowed: Callable[[str], None]) -> Answer:
        cookies, seen = httpx.Cookies(), set()
        for _ in range(self._fetcher.limits.redirects + 1):
            self._fetcher.guard.check(url)
            allowed(url)
            # A site may send a reader back to the same address with a cookie, and only then show the page.
            state = (url, tuple(sorted((cookie.name, cookie.value) for cookie in cookies.jar)))
            if state in seen:
                raise Trouble("refused", "a redirect leads back to where it came from").at(url)
            seen.add(state)
            with self.turns.turn(host_of(url)):
                answer = self._fetcher.get(url, kinds=kinds, cookies=cookies)
            target = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not target:
                return _held(answer)
            url = _joined(url, target)
        raise Trouble("refused", f"more than {self._fetcher.limits.redirects} redirects").at(url)

    def _allowed(self, url: str) -> None:
        rules = self._robots.rules(url)
        rules.check(url)
        self.turns.slow_down(host_of(url), rules.pause)


def _held(answer: Answer) -> Answer:
    """The answer where it is a page; what its status means where it is none."""
    status, told = answer.status, f"answered {answer.status}"
    if status == 200:
        return answer
    if status in _GONE:
        raise Trouble("gone", told, status=status).at(answer.url)
    if status in _NOT_NOW or status >= 500:
        wait = retry_after(answer.headers.get("retry-after"))
        raise Trouble("failed", told, status=status, again=True, wait=wait).at(answer.url)
    outcome = "denied" if 400 <= status < 500 else "failed"
    raise Trouble(outcome, told, status=status).at(answer.url)


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target.strip()).partition("#")[0]
    except ValueError as error:
        raise Trouble("unsafe", f"redirects to what is no address ({error})").at(url) from error


def _is_front(url: str) -> bool:
    return urlsplit(url).path in ("", "/")


def host_of(url: str) -> str:
    """Host of an address; empty where it has none that can be read."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
