"""Pages of addresses, fetched politely: robots.txt, one request of a host at a time, pauses, redirects, patience.

robots.txt is read by Protego, which knows wildcards and lets the longest rule win, as RFC 9309 wants;
urllib.robotparser does not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import httpx
from protego import Protego

from analysis.collect.fetch import PAGES, Answer, Fetcher, FetchError, check_url
from analysis.readers.feed import host_of

NAME = "castillo-coverage"  # that robots.txt may call this program by
_ROBOTS_SIZE = 512 * 1024  # RFC 9309 asks for at least 500 KiB
#: Seconds that rules hold (RFC 9309, 2.4), and that an unreadable robots.txt is left alone.
_HOLD, _HOLD_PROBLEM = 24 * 3600.0, 3600.0
_REDIRECTS, _MOST_REDIRECTS = (301, 302, 303, 307, 308), 10
_NOT_NOW, _GONE = (408, 425, 429), (404, 410)
_FIRST_PAUSE, _FRONT = 1.0, ("", "/")


class Stopped(BaseException):
    """The run is to end; nothing is wrong with the article, so no handler of errors may catch this."""


@dataclass
class _Host:
    turn: threading.Lock = field(default_factory=threading.Lock)
    ready: float = 0.0
    pause: float = 0.0


@dataclass
class HostRateLimiter:
    """Requests to a host one at a time, with a pause of `delay` seconds or more after each. Threads share it.

    A host that asks for more than `longest` seconds of patience is not waited for. `stop` ends every wait.
    """

    delay: float
    longest: float = 300.0
    stop: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], float] = time.monotonic
    _hosts: dict[str, _Host] = field(default_factory=dict)

    @contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """Hold a host after its pause. A thread holds one host at a time, so there is no deadlock."""
        entry = self._hosts.setdefault(host, _Host())
        with entry.turn:
            while (left := entry.ready - self.clock()) > 0 and not self.stop.is_set():
                if left > self.longest:
                    reason = f"the host asks to be left alone for {left:.0f} s, more than {self.longest:g}"
                    raise FetchError("failed", reason)
                self.stop.wait(left)
            if self.stop.is_set():
                raise Stopped
            try:
                yield
            finally:
                entry.ready = max(entry.ready, self.clock() + max(self.delay, entry.pause))

    def backoff(self, host: str, seconds: float) -> None:
        """Leave a host alone for so long."""
        entry = self._hosts.setdefault(host, _Host())
        entry.ready = max(entry.ready, self.clock() + seconds)

    def slow_down(self, host: str, pause: float) -> None:
        """Make the pauses of a host at least so long, from now on."""
        entry = self._hosts.setdefault(host, _Host())
        if pause > entry.pause:
            entry.pause = pause
            self.backoff(host, pause)


def retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header (RFC 9110, 10.2.3) asks for, as seconds or date; None where it is neither."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


@dataclass
class _Site:
    """Rules of a site's robots.txt, or why it could not be read, until a moment when it is asked for again."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    rules: Protego = field(default_factory=lambda: Protego.parse(""))
    problem: FetchError | None = None
    until: float = -1.0


class Visitor:
    """Fetches pages politely and patiently: an address is asked `tries` times at most."""

    def __init__(self, fetcher: Fetcher, limiter: HostRateLimiter, *, tries: int = 3) -> None:
        self._fetcher, self._limiter, self._tries = fetcher, limiter, tries
        self._sites: dict[str, _Site] = {}

    def page(self, url: str) -> Answer:
        """The page at an address, after its redirects."""
        answer = self._patiently(url)
        if urlsplit(answer.url).path in _FRONT and urlsplit(url).path not in _FRONT:  # where lost articles lead
            raise FetchError("gone", "leads to the front page", url=answer.url, status=answer.status)
        return answer

    def _patiently(self, url: str, *, robots_txt: bool = False) -> Answer:
        """Ask until there is an answer, the error is no passing one, or it was asked often enough."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._followed(url, robots_txt)
            except FetchError as error:
                host = host_of(error.url)
                if error.wait is not None:  # also where it is not asked again: the host's next article waits
                    self._limiter.backoff(host, error.wait)
                if not error.again or attempt >= self._tries or (error.wait or 0) > self._limiter.longest:
                    raise
                if error.wait is None and (delay := self._limiter.delay):
                    self._limiter.backoff(host, max(delay, _FIRST_PAUSE) * 2**attempt)

    def _followed(self, url: str, robots_txt: bool) -> Answer:
        cookies, seen = httpx.Cookies(), set()
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                check_url(url)
                if not robots_txt:
                    self._limiter.slow_down(host_of(url), self._pause(url))
                # A site may send a reader back to the same address with a cookie, and only then show the page.
                state = (url, tuple(sorted((cookie.name, cookie.value) for cookie in cookies.jar)))
                if state in seen:
                    raise FetchError("refused", "a redirect leads back to where it came from")
                seen.add(state)
                with self._limiter.turn(host_of(url)):
                    answer = self._fetcher.get(url, cookies, kinds=() if robots_txt else PAGES)
                target = answer.headers.get("location", "")
                if answer.status not in _REDIRECTS or not target:
                    return _checked(answer)
                url = _joined(url, target)
            raise FetchError("refused", f"more than {_MOST_REDIRECTS} redirects")
        except FetchError as error:
            error.url = error.url or url
            raise

    def _pause(self, url: str) -> float:
        """Seconds between requests that robots.txt asks for; FetchError where the address may not be fetched."""
        parts = urlsplit(url)
        address = f"{parts.scheme}://{parts.netloc.lower()}/robots.txt"
        site = self._sites.setdefault(address, _Site())
        with site.lock:
            if site.until <= self._limiter.clock():
                self._read_robots(site, address)
            rules, problem = site.rules, site.problem
        if problem is not None:
            # A host that cannot or may not be asked for its robots.txt cannot be asked for a page either.
            outcome = problem.outcome if problem.outcome in ("unreachable", "unsafe") else "failed"
            reason = f"robots.txt cannot be read, so nothing is fetched: {problem.reason}"
            raise FetchError(outcome, reason, status=problem.status)
        if not rules.can_fetch(url, NAME):
            raise FetchError("robots", "robots.txt does not allow it")
        rate = rules.request_rate(NAME)
        return max(rules.crawl_delay(NAME) or 0.0, rate.seconds / rate.requests if rate and rate.requests else 0)

    def _read_robots(self, site: _Site, address: str) -> None:
        text, site.problem = b"", None
        try:
            text = self._patiently(address, robots_txt=True).page[:_ROBOTS_SIZE]
        except FetchError as error:
            if error.outcome not in ("gone", "denied"):  # RFC 9309, 2.3.1.3: no such file, no rules
                site.problem = error
        site.rules = Protego.parse(text.decode("utf-8-sig", "replace"))
        site.until = self._limiter.clock() + (_HOLD_PROBLEM if site.problem else _HOLD)


def _checked(answer: Answer) -> Answer:
    """The answer where it is a page; the error that its status stands for otherwise."""
    status, reason = answer.status, f"answered {answer.status}"
    if status == 200:
        return answer
    if status in _NOT_NOW or status >= 500:
        wait = retry_after(answer.headers.get("retry-after"))
        raise FetchError("failed", reason, status=status, again=True, wait=wait)
    outcome = "gone" if status in _GONE else "denied" if 400 <= status < 500 else "failed"
    raise FetchError(outcome, reason, status=status)


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target.strip()).partition("#")[0]
    except ValueError as error:
        raise FetchError("unsafe", f"redirects to what is no address ({error})") from error
