"""robots.txt: what a site allows this program to fetch, and how slowly.

Read by Protego, which knows wildcards and lets the longest rule win, as RFC 9309 wants; urllib.robotparser does not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from protego import Protego

from analysis.collect.fetch import Answer
from analysis.collect.trouble import Trouble

#: The name that robots.txt may call this program by.
NAME = "castillo-coverage"
#: RFC 9309 asks for at least 500 KiB.
_SIZE = 512 * 1024
#: Seconds that rules hold, as RFC 9309 asks (2.4), and that a robots.txt that could not be read is not asked for again.
_HOLD, _HOLD_PROBLEM = 24 * 3600.0, 3600.0


@dataclass(frozen=True)
class Rules:
    """What one site's robots.txt says.

    Attributes
    ----------
    parsed : the rules, or None where there are none and all is allowed
    problem : Trouble, why it could not be read: nothing may be fetched for now
    """

    parsed: Protego | None = None
    problem: Trouble | None = None

    def check(self, url: str) -> None:
        """Raise Trouble where an address may not be fetched."""
        if self.problem is not None:
            # A host that cannot or may not be asked for its robots.txt cannot be asked for a page either.
            outcome = self.problem.outcome if self.problem.outcome in ("unreachable", "unsafe") else "failed"
            reason = f"robots.txt cannot be read, so nothing is fetched: {self.problem.reason}"
            raise Trouble(outcome, reason, status=self.problem.status).at(url)
        if self.parsed is not None and not self.parsed.can_fetch(url, NAME):
            raise Trouble("robots", "robots.txt does not allow it").at(url)

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
    fetch : function of an address, gives the Answer after redirects, or raises Trouble
    clock : function, seconds that only grow
    """

    def __init__(self, fetch: Callable[[str], Answer], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._known: dict[str, tuple[Rules, float]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def rules(self, url: str) -> Rules:
        """Rules of the site an address lies on."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc.lower()}"
        with self._lock:
            lock = self._locks.setdefault(site, threading.Lock())
        with lock:
            if site not in self._known or self._known[site][1] <= self._clock():
                rules = self._read(f"{site}/robots.txt")
                self._known[site] = rules, self._clock() + (_HOLD_PROBLEM if rules.problem else _HOLD)
            return self._known[site][0]

    def _read(self, url: str) -> Rules:
        try:
            answer = self._fetch(url)
        except Trouble as trouble:
            if trouble.outcome in ("gone", "denied"):  # RFC 9309, 2.3.1.3: no such file, no rules
                return Rules()
            return Rules(problem=trouble)
        return Rules(Protego.parse(answer.page[:_SIZE].decode("utf-8-sig", "replace")))
