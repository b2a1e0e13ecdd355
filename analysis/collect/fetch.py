"""One request to one address: only in the public internet or a network that was allowed, its answer held to limits.

A page that redirects to 169.254.169.254, or a name that resolves to 10.0.0.1, would have this program read what only
this machine may read. So a name is resolved once, every address it has is judged, and the connection goes to the very
address that was judged: a name that resolves otherwise a moment later changes nothing. The host's name stays in the
Host header and in TLS. Every read waits no longer than is left of the whole transfer, so a server that sends a byte a
second cannot hold it. Content encodings are undone while a page comes in, never further than a page may be large.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from analysis.errors import AnalysisError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: IPv6 addresses whose last 32 bits are the IPv4 address that a gateway goes on to (NAT64, RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
#: Public by the letter, but no place where pages lie: relays, site-local and documentation addresses.
_NEVER = tuple(map(ipaddress.ip_network, ("192.88.99.0/24", "fec0::/10", "2001:db8::/32", "3fff::/20", "5f00::/16")))
PAGES = ("text/html", "application/xhtml+xml")
_SILENCE = 20.0  # most seconds without a single byte, of each of these steps
_TIMEOUTS = dict.fromkeys(("connect", "read", "write", "pool"), _SILENCE)
#: Messages of h11 that do not repeat what the server sent: that could be sentences.
_SAFE = ("peer closed connection", "Server disconnected", "Receive buffer too long")
_ERRORS = (
    *(httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException),
    *(httpcore.UnsupportedProtocol, httpx.InvalidURL, UnicodeError),
)
_PLAIN, _GZIP = ("", "identity"), ("gzip", "x-gzip")
_trusted_roots = cache(httpx.create_ssl_context)  # made once: it reads every root certificate


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

    def __str__(self) -> str:
        return self.reason


def parse_network(text: str) -> Network:
    """A network written as 127.0.0.0/8 or 127.0.0.1."""
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError as error:
        raise AnalysisError(f"--allow-network {text!r} is no network ({error}). Write 127.0.0.0/8") from error


def check_url(url: str) -> None:
    """Refuse an address that is not http or https, has no host, or holds a user's name; nothing is resolved yet."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise FetchError("unsafe", f"not a valid address ({error})") from error
    if parts.scheme not in ("http", "https"):
        raise FetchError("unsafe", f"scheme {parts.scheme[:20]!r} is neither http nor https")
    if not host:
        raise FetchError("unsafe", "address without a host")
    if parts.username is not None:
        raise FetchError("unsafe", "address holds a user name")


def is_public(address: Address) -> bool:
    """True for an address in the public internet, where those that a tunnel would go on to (6to4, Teredo) are too."""
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    if any(address in network for network in _NEVER):
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return all(is_public(end) for end in (address.sixtofour, *(address.teredo or ())) if end is not None)


def _unmapped(address: Address) -> Address:
    """The IPv4 address where an IPv6 address is only another way to write one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def _resolve(host: str, port: int) -> list[str]:
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


@dataclass(frozen=True)
class Guard:
    """Resolves names, and lets pass what is public or in a network that was allowed."""

    allowed: tuple[Network, ...] = ()
    resolve: Callable[[str, int], list[str]] = _resolve

    def addresses(self, host: str, port: int) -> list[str]:
        """Addresses of a host, all of which may be asked.

        One private address among public ones is enough to refuse the host: no news site has that.
        """
        try:
            found = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "not a valid name"
            raise FetchError("unreachable", f"the host's name does not resolve ({why})", again=True) from error
        for text in found:
            address = _unmapped(ipaddress.ip_address(text.partition("%")[0]))
            if not (is_public(address) or any(address in network for network in self.allowed)):
                raise FetchError("unsafe", f"the host resolves to {address}, which is not in the public internet")
        return found


@dataclass
class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends with the deadline."""

    inner: httpcore.NetworkStream
    deadline: float

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, _left(self.deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, _left(self.deadline, timeout))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self.inner.start_tls(ssl_context, server_hostname, _left(self.deadline, timeout))
        return _Stream(inner, self.deadline)


@dataclass
class GuardedNetwork(httpcore.NetworkBackend):
    """A network that connects only to addresses which the guard let pass, until a moment of time.monotonic().

    No proxy is used: behind one, no address could be judged.
    """

    guard: Guard
    deadline: float

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in self.guard.addresses(host, port):
            try:
                inner = httpcore.SyncBackend().connect_tcp(address, port, _left(self.deadline, timeout))
                return _Stream(inner, self.deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("the host's name has no address")


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the whole transfer took too long")
    return left if timeout is None else min(timeout, left)


@dataclass(frozen=True)
class Answer:
    """Answer of a server: the page where the status is 200, and the encoding that the server names."""

    url: str
    status: int
    headers: httpx.Headers
    page: bytes
    charset: str | None


@dataclass(frozen=True)
class Fetcher:
    """Asks one address at a time, as `agent`, for at most so many seconds and bytes of a page."""

    agent: str
    guard: Guard
    seconds: float = 60.0
    size: int = 8_000_000
    context: ssl.SSLContext | None = None

    def get(self, url: str, cookies: httpx.Cookies, kinds: Collection[str] = PAGES) -> Answer:
        """The answer of one address; a page of another kind of content than `kinds` is refused, where there are any.

        Cookies are sent, and those of the answer added to them.
        """
        accept = ",".join([*kinds, "*/*;q=0.1"]) if kinds else "*/*"
        headers = {"User-Agent": self.agent, "Accept": accept, "Accept-Encoding": "gzip"}
        try:
            asked = httpx.Request("GET", url, headers=headers | {"Connection": "close"}, cookies=cookies)
            answer, page = self._ask(asked, kinds)
        except _ERRORS as error:
            raise self._fetch_error(error) from error
        cookies.extract_cookies(answer)
        return Answer(url, answer.status_code, answer.headers, page, answer.charset_encoding)

    def _ask(self, asked: httpx.Request, kinds: Collection[str]) -> tuple[httpx.Response, bytes]:
        url, network = asked.url, GuardedNetwork(self.guard, time.monotonic() + self.seconds)
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        with (
            httpcore.ConnectionPool(ssl_context=self.context or _trusted_roots(), network_backend=network) as pool,
            pool.stream("GET", target, headers=asked.headers.raw, extensions={"timeout": _TIMEOUTS}) as received,
        ):
            answer = httpx.Response(received.status, headers=received.headers, request=asked)
            if answer.status_code != 200:
                return answer, b""
            kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            length = answer.headers.get("content-length", "")
            if kinds and kind and kind not in kinds:
                raise FetchError("refused", f"content type {kind[:60]!r} is no page", status=200)
            if length.isascii() and length.isdigit() and int(length[:20]) > self.size:
                raise FetchError("refused", f"larger than {self.size:,} bytes", status=200)
            encoding = answer.headers.get("content-encoding", "")
            return answer, decoded(received.iter_stream(), encoding, limit=self.size)

    def _fetch_error(self, error: Exception) -> FetchError:
        """Outcome and reason that the error of a connection stands for."""
        said = (str(error) or type(error).__name__)[:120]
        if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout):
            if isinstance(error.__context__, ssl.SSLError):
                return FetchError("unreachable", f"no safe connection ({said})")
            return FetchError("unreachable", f"no connection ({said})", again=True)
        if isinstance(error, httpcore.TimeoutException):
            return FetchError("failed", f"too slow: silent for {_SILENCE:g} s, or more than {self.seconds:g} s in all")
        if isinstance(error, httpcore.NetworkError | httpcore.ProtocolError):
            if isinstance(error, httpcore.ProtocolError) and not said.startswith(_SAFE):
                said = "not valid HTTP"
            return FetchError("failed", f"the connection broke ({said})", again=True)
        return FetchError("unsafe", f"not a valid address ({said})")


def decoded(chunks: Iterable[bytes], encoding: str, *, limit: int) -> bytes:
    """Bytes of a page of status 200 without their content encoding; no more than the limit are read or made."""
    name = encoding.strip().lower()
    if name not in (*_PLAIN, *_GZIP):
        raise FetchError("refused", f"content encoding {name[:40]!r}, which was not asked for", status=200)
    page, received = bytearray(), 0
    stream: zlib._Decompress | None = None
    try:
        for chunk in chunks:
            received += len(chunk)
            while chunk:
                if name in _PLAIN:
                    page, chunk = page + chunk, b""
                else:
                    stream = stream or zlib.decompressobj(wbits=31)
                    page += stream.decompress(chunk, limit - len(page) + 1)  # a byte over the limit is enough to know
                    chunk, stream = stream.unused_data, None if stream.eof else stream  # gzip may consist of several
                if max(received, len(page)) > limit:
                    raise FetchError("refused", f"larger than {limit:,} bytes", status=200)
    except zlib.error as error:
        reason = f"the page is not in the content encoding it names ({name})"
        raise FetchError("failed", reason, status=200, again=True) from error
    if stream is not None:
        raise FetchError("failed", "the page ends in the middle of its content encoding", status=200, again=True)
    return bytes(page)
