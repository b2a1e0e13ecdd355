"""One request to one address, its answer held to limits of size and time. Redirects are left to the caller.

Content encodings are undone while a page comes in, never further than a page may be large: gzip bombs end here.
"""

from __future__ import annotations

import re
import ssl
import time
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

import httpcore
import httpx

from analysis.collect.guard import FetchError, Guard, GuardedNetwork

PAGES = ("text/html", "application/xhtml+xml")
_SILENCE = 20.0  # most seconds without a single byte, of each of these steps
_TIMEOUTS = dict.fromkeys(("connect", "read", "write", "pool"), _SILENCE)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
#: Messages of h11 that do not repeat what the server sent: that could be sentences.
_SAFE = ("peer closed connection", "Server disconnected", "Receive buffer too long")
_ERRORS = (
    *(httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException),
    *(httpcore.UnsupportedProtocol, httpx.InvalidURL, UnicodeError),
)
_PLAIN, _GZIP = ("", "identity"), ("gzip", "x-gzip")
_trusted_roots = cache(httpx.create_ssl_context)  # made once: it reads every root certificate


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
        charset = _CHARSET.search(answer.headers.get("content-type", ""))
        return Answer(url, answer.status_code, answer.headers, page, charset[1] if charset else None)

    def _ask(self, asked: httpx.Request, kinds: Collection[str]) -> tuple[httpx.Response, bytes]:
        url, network = asked.url, GuardedNetwork(self.guard, time.monotonic() + self.seconds)
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        with (
            httpcore.ConnectionPool(ssl_context=self.context or _trusted_roots(), network_backend=network) as pool,
            pool.stream("GET", target, headers=asked.headers.raw, extensions={"timeout": _TIMEOUTS}) as received,
        ):
            answer = httpx.Response(received.status, headers=received.headers, request=asked)
            return answer, self._page(answer.headers, received.iter_stream(), kinds) if received.status == 200 else b""

    def _page(self, headers: httpx.Headers, chunks: Iterable[bytes], kinds: Collection[str]) -> bytes:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        length = headers.get("content-length", "")
        if kinds and kind and kind not in kinds:
            raise FetchError("refused", f"content type {kind[:60]!r} is no page", status=200)
        if length.isascii() and length.isdigit() and int(length[:20]) > self.size:
            raise FetchError("refused", f"larger than {self.size:,} bytes", status=200)
        return decoded(chunks, headers.get("content-encoding", ""), limit=self.size)

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
