"""Turns: one request at a time to a host, and a pause before the next, as long as the host asks for."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from analysis.collect.trouble import Trouble


class Stopped(Exception):
    """The run is to end; nothing is wrong with the article."""


@dataclass
class _Host:
    turn: threading.Lock = field(default_factory=threading.Lock)
    ready: float = 0.0
    pause: float = 0.0


class Turns:
    """Who may ask which host when. Threads share it.

    Parameters
    ----------
    delay : float, seconds between the end of a request and the beginning of the next to the same host
    longest : float, seconds that are waited at most for a host that asks for patience; beyond, it is left alone
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
        """Hold a host: wait for its turn and its pause first. Nobody holds two, so nobody waits in a circle.

        Raises
        ------
        Trouble
            failed: where the host asked for more patience than `longest`.
        Stopped
        """
        entry = self._entry(host)
        while not entry.turn.acquire(timeout=0.5):
            self._alive()
        try:
            self._wait(entry)
            try:
                yield
            finally:
                entry.ready = max(entry.ready, self._clock() + max(self.delay, entry.pause))
        finally:
            entry.turn.release()

    def put_off(self, host: str, seconds: float) -> None:
        """Leave a host alone for so long."""
        entry = self._entry(host)
        entry.ready = max(entry.ready, self._clock() + seconds)

    def slow_down(self, host: str, pause: float) -> None:
        """Make the pauses of a host at least so long, from now on."""
        entry = self._entry(host)
        if pause > entry.pause:
            entry.pause = pause
            entry.ready = max(entry.ready, self._clock() + pause)

    def _entry(self, host: str) -> _Host:
        with self._lock:
            return self._hosts[host]

    def _wait(self, entry: _Host) -> None:
        while (left := entry.ready - self._clock()) > 0:
            if left > self.longest:
                raise Trouble("failed", f"the host asks to be left alone for {left:.0f} s, more than {self.longest:g}")
            self._stop.wait(left)
            self._alive()
        self._alive()

    def _alive(self) -> None:
        if self._stop.is_set():
            raise Stopped


def retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, written as seconds or as a date; None where it says nothing.

    References
    ----------
    RFC 9110, section 10.2.3
    """
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
