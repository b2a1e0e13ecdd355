"""Politeness toward hosts: one request at a time, pauses in between, and what robots.txt allows.

robots.txt is read by Protego, which knows wildcards and lets the longest rule win, as RFC 9309 wants;
urllib.robotparser does not.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from protego import Protego

from analysis.collect.fetch import Answer
from analysis.collect.outcomes import FetchError

#: The name that robots.txt may call this program by.
NAME = "castillo-coverage"
#: RFC 9309 asks for at least 500 KiB.
_SIZE = 512 * 1024
#: Seconds that rules hold (RFC 9309, 2.4), and that an unreadable robots.txt is left alone.
_HOLD, _HOLD_PROBLEM = 24 * 3600.0, 3600.0


class Stopped(Exception):
    """The run is to end; nothing is wrong with the article."""


@dataclass
class _Host:
    turn: threading.Lock = field(default_factory=threading.Lock)
    ready: float = 0.0
    pause: float = 0.0


class HostRateLimiter:
    """Requests to a host one at a time, with a pause after each. Threads share it.

    Parameters
    ----------
    delay : float, seconds between the end of a request and the beginning of the next to the same host
    longest : float, most seconds that a host which asks for patience is waited for
    stop : Event, ends every wait
    clock : function, seconds that only grow
    """

    def __init__(
        self,
        delay: float,
        *,
        longest: float = 300.0,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.delay, self.longest = delay, longest
        self._stop, self._clock = stop or threading.Event(), clock
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """Hold a host after its pause. A thread holds one host at a time, so there is no deadlock.

        Raises
        ------
        FetchError
            failed: where the host asked for more patience than `longest`.
        Stopped
        """
        entry = self._entry(host)
        while not entry.turn.acquire(timeout=0.5):
            self._check_stop()
        try:
            self._wait(entry)
            try:
                yield
            finally:
                entry.ready = max(entry.ready, self._clock() + max(self.delay, entry.pause))
        finally:
            entry.turn.release()

    def backoff(self, host: str, seconds: float) -> None:
        """Leave a host alone for so long."""
        entry = self._entry(host)
        entry.ready = max(entry.ready, self._clock() + seconds)

    def slow_down(self, host: str, pause: float) -> None:
        """Make the pauses of a host at least so long, from now on."""
        entry = self._entry(host)
        if pause > entry.pause:
            entry.pause = pause
            self.backoff(host, pause)

    def _entry(self, host: str) -> _Host:
        with self._lock:
            return self._hosts[host]

    def _wait(self, entry: _Host) -> None:
        while (left := entry.ready - self._clock()) > 0:
            if left > self.longest:
                reason = f"the host asks to be left alone for {left:.0f} s, more than {self.longest:g}"
                raise FetchError("failed", reason)
            self._stop.wait(left)
            self._check_stop()
        self._check_stop()

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise Stopped


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


@dataclass(frozen=True)
class Rules:
    """Rules of one site's robots.txt.

    Attributes
    ----------
    parsed : the rules, or None where there are none and all is allowed
    problem : FetchError, why it could not be read: nothing may be fetched for now
    """

    parsed: Protego | None = None
    problem: FetchError | None = None

    def check(self, url: str) -> None:
        """Raise FetchError where an address may not be fetched."""
        if self.problem is not None:
            # A host that cannot or may not be asked for its robots.txt cannot be asked for a page either.
            outcome = self.problem.outcome if self.problem.outcome in ("unreachable", "unsafe") else "failed"
            reason = f"robots.txt cannot be read, so nothing is fetched: {self.problem.reason}"
            raise FetchError(outcome, reason, status=self.problem.status).at(url)
        if self.parsed is not None and not self.parsed.can_fetch(url, NAME):
            raise FetchError("robots", "robots.txt does not allow it").at(url)

    @property
    def pause(self) -> float:
        """Seconds between requests that the site asks for; 0 where it does not."""
        if self.parsed is None:
            return 0.0
        rate = self.parsed.request_rate(NAME)
        return max(self.parsed.crawl_delay(NAME) or 0.0, rate.seconds / rate.requests if rate and rate.requests else 0)


class Robots:
    """Rules of every site asked, fetched once a day.

    Parameters
    ----------
    fetch : function of an address, returns the Answer after redirects, or raises FetchError
    clock : function, seconds that only grow
    """

    def __init__(self, fetch: Callable[[str], Answer], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._known: dict[str, tuple[Rules, float]] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def rules(self, url: str) -> Rules:
        """Rules of the site an address lies on."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc.lower()}"
        with self._lock:
            lock = self._locks[site]
        with lock:
            if site not in self._known or self._known[site][1] <= self._clock():
                rules = self._read(f"{site}/robots.txt")
                self._known[site] = rules, self._clock() + (_HOLD_PROBLEM if rules.problem else _HOLD)
            return self._known[site][0]

    def _read(self, url: str) -> Rules:
        try:
            answer = self._fetch(url)
        except FetchError as error:
            if error.outcome in ("gone", "denied"):  # RFC 9309, 2.3.1.3: no such file, no rules
                return Rules()
            return Rules(problem=error)
        return Rules(Protego.parse(answer.page[:_SIZE].decode("utf-8-sig", "replace")))
