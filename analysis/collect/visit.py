"""Pages of addresses, fetched politely: robots.txt, one request of a host at a time, pauses, redirects, patience.

robots.txt is read by Protego, which knows wildcards and lets the longest rule win, as RFC 9309 wants;
urllib.robotparser does not.
"""

import ipaddress
import math
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.metadata import version

import httpx
from protego import Protego

from analysis.collect import Options
from analysis.errors import AnalysisError
from analysis.readers.feed import host_of

NAME = "castillo-coverage"  # that robots.txt may call this program by
PAGES = ("text/html", "application/xhtml+xml")
_SILENCE = 20.0  # most seconds without a single byte
_MOST_REDIRECTS = 10
_NOT_NOW, _GONE = (408, 425, 429), (404, 410)


@dataclass(eq=False)
class FetchError(Exception):
    """A download that gave no page: an outcome of `OUTCOMES` and a reason for the log, which holds no words of a page.

    `again` says to try again in the same run; `wait` is how many seconds the server asked to wait before that.
    """

    outcome: str
    reason: str
    url: str = ""
    status: int | None = None
    again: bool = False
    wait: float | None = None


class Stopped(BaseException):
    """The run is to end; nothing is wrong with the article, so no handler of errors may catch this."""


@dataclass(frozen=True)
class Answer:
    """A page: its address after redirects, its bytes, and the encoding that the server names."""

    url: str
    page: bytes
    charset: str | None
    status: int = 200


@dataclass
class _Host:
    turn: threading.Lock = field(default_factory=threading.Lock)
    last: float = -math.inf  # when its last request ended
    until: float = -math.inf  # when it may be asked again, as it or its trouble wants
    pause: float = 0.0


class Visitor:
    """Fetches pages politely and patiently; threads share it, and `stop` ends every wait."""

    def __init__(self, options: Options, stop: threading.Event, clock: Callable[[], float] = time.monotonic) -> None:
        self.agent = f"{NAME}/{version(NAME)} (news research; +{options.contact or 'no contact given'})"
        self._options, self._stop, self._clock = options, stop, clock
        try:
            self._allowed = [ipaddress.ip_network(network) for network in options.allow]
        except ValueError as error:
            raise AnalysisError(f"--allow-network: {error}. Write 127.0.0.0/8") from error
        self._patience = max(options.patience, options.delay * 2**options.tries)
        self._transport = httpx.HTTPTransport()
        self._hosts: dict[str, _Host] = {}
        self._robots = cache(self._read_robots)
        if options.archive:  # one small library answers for all sites
            self._host(options.archive).pause = 3 * options.delay

    def page(self, address: str, *, is_robots: bool = False) -> Answer:
        """The page at an address, after redirects, each held to the same rules; FetchError where there is none."""
        # Cookies last as long as one visit: some sites show a page only to who has their cookie.
        headers = {"User-Agent": self.agent, "Accept": ",".join([*PAGES, "*/*;q=0.1"])}
        timeout = min(_SILENCE, self._options.seconds)
        client = httpx.Client(transport=self._transport, headers=headers, timeout=timeout, trust_env=False)
        url = address
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                parsed = _parse(url)
                if not is_robots:
                    self._obey_robots(parsed)
                answer = self._ask(client, parsed, () if is_robots else PAGES)
                if isinstance(answer, Answer):
                    if parsed.path == "/" and _parse(address).path != "/":  # where lost articles lead
                        raise FetchError("gone", "leads to the front page", status=answer.status)
                    return answer
                url = answer
            raise FetchError("refused", f"more than {_MOST_REDIRECTS} redirects")
        except FetchError as error:
            error.url = error.url or url
            raise

    def _host(self, url: object) -> _Host:
        return self._hosts.setdefault(host_of(url), _Host())

    def _obey_robots(self, url: httpx.URL) -> None:
        """Refuse an address that its site's robots.txt does not allow; take the pause that it asks for."""
        rules = self._robots(str(url.join("/robots.txt")))
        if isinstance(rules, FetchError):
            # A host that cannot or may not be asked for its robots.txt cannot be asked for a page either.
            outcome = rules.outcome if rules.outcome in ("unreachable", "unsafe") else "failed"
            reason = f"robots.txt cannot be read, so nothing is fetched: {rules.reason}"
            raise FetchError(outcome, reason, status=rules.status)
        if not rules.can_fetch(str(url), NAME):
            raise FetchError("robots", "robots.txt does not allow it")
        host = self._host(url)
        host.pause = max(host.pause, rules.crawl_delay(NAME) or 0.0)

    def _read_robots(self, address: str) -> Protego | FetchError:
        """Rules of a robots.txt, which hold for the whole run, or why it could not be read."""
        try:
            text = self.page(address, is_robots=True).page
        except FetchError as error:
            if error.outcome not in ("gone", "denied"):
                return error
            text = b""  # RFC 9309, 2.3.1.3: no such file, no rules
        return Protego.parse(text.decode("utf-8-sig", "replace"))

    def _ask(self, client: httpx.Client, url: httpx.URL, kinds: tuple[str, ...]) -> Answer | str:
        """Answer of an address, when it is its host's turn; asked again where the host is in trouble for now."""
        host, attempt = self._host(url), 0
        while True:
            attempt += 1
            with host.turn:
                self._wait(host)
                try:
                    self._check_public(url.host)
                    return self._receive(client, url, kinds)
                except FetchError as error:
                    is_last = not error.again or attempt >= self._options.tries
                    wait = error.wait or (0.0 if is_last else self._options.delay * 2**attempt)
                    host.until = self._clock() + wait  # for the host's next article too
                    if is_last or wait > self._patience:
                        raise
                finally:
                    host.last = self._clock()

    def _wait(self, host: _Host) -> None:
        left = max(host.until, host.last + max(self._options.delay, host.pause)) - self._clock()
        if left > self._patience:
            reason = f"the host asks to be left alone for {left:.0f} s, more than {self._patience:g}"
            raise FetchError("failed", reason)
        if self._stop.wait(max(left, 0.0)):
            raise Stopped

    def _check_public(self, host: str) -> None:
        """Refuse a host outside of the public internet, unless its network was allowed.

        This is against accidents, such as a page that redirects to a machine of the local network. It is no defence
        against an attack: a moment later the name may resolve otherwise.
        """
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise FetchError("unreachable", f"the host's name does not resolve ({error})", again=True) from error
        for entry in found:
            address = ipaddress.ip_address(str(entry[4][0]).partition("%")[0])
            if not (address.is_global or any(address in network for network in self._allowed)):
                raise FetchError("unsafe", f"the host resolves to {address}, which is not in the public internet")

    def _receive(self, client: httpx.Client, url: httpx.URL, kinds: tuple[str, ...]) -> Answer | str:
        """The page of an address, held to the limits, or the address that it redirects to."""
        page, seconds, most = bytearray(), self._options.seconds, self._options.size
        end = time.monotonic() + seconds
        try:
            with client.stream("GET", url) as response:
                if response.next_request is not None:
                    return str(response.next_request.url)
                _check_head(response, kinds)
                for piece in response.iter_bytes():
                    page += piece
                    if len(page) > most:
                        raise FetchError("refused", f"larger than {most:,} bytes", status=200)
                    if time.monotonic() > end:
                        raise httpx.ReadTimeout("the whole transfer took too long")
                    if self._stop.is_set():
                        raise Stopped
                return Answer(str(url), bytes(page), response.charset_encoding)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise FetchError("unreachable", f"no connection ({error})", again=True) from error
        except httpx.TimeoutException as error:
            reason = f"too slow: silent for {_SILENCE:g} s, or more than {seconds:g} s in all"
            raise FetchError("failed", reason) from error
        except httpx.HTTPError as error:  # its message may repeat words of the page
            raise FetchError("failed", f"the connection broke ({type(error).__name__})", again=True) from error


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise FetchError("unsafe", f"not a valid address ({error})") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise FetchError("unsafe", "not an address of http or https")
    return parsed


def _check_head(response: httpx.Response, kinds: tuple[str, ...]) -> None:
    """Refuse what is no page: another status than 200, or another content type."""
    status, reason = response.status_code, f"answered {response.status_code}"
    if status in _NOT_NOW or status >= 500:
        wait = retry_after(response.headers.get("retry-after", ""))
        raise FetchError("failed", reason, status=status, again=True, wait=wait)
    if status != 200:
        outcome = "gone" if status in _GONE else "denied" if 400 <= status < 500 else "failed"
        raise FetchError(outcome, reason, status=status)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kinds and kind and kind not in kinds:
        raise FetchError("refused", f"content type {kind[:60]!r} is no page", status=status)


def retry_after(text: str) -> float | None:
    """Seconds that a Retry-After header (RFC 9110, 10.2.3) asks for, as seconds or date; None where it is neither."""
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
