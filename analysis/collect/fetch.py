"""One request to one address, its answer held to limits of size and time. Redirects are left to the caller.

Content encodings are undone while a page comes in, never further than a page may be large: gzip bombs end here.
"""

from __future__ import annotations

import re
import ssl
import time
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import httpcore
import httpx

from analysis.collect.guard import Guard, GuardedNetwork
from analysis.collect.outcomes import FetchError

#: Kinds of content that are pages.
PAGES = ("text/html", "application/xhtml+xml")
#: Kinds of content that robots.txt may have: any.
ANY: tuple[str, ...] = ()
#: Most seconds without a single byte, of each of these steps.
_SILENCE = 20.0
_WAITS = ("connect", "read", "write", "pool")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
#: Messages of h11 that do not repeat what the server sent: that could be sentences.
_SAFE = ("peer closed connection", "Server disconnected", "Receive buffer too long")


@dataclass(frozen=True)
class Limits:
    """Limits of one download: seconds in all, bytes of the page, redirects in a row."""

    seconds: float = 60.0
    size: int = 8_000_000
    redirects: int = 10


@dataclass(frozen=True)
class Answer:
    """Answer of a server: the address asked, the status, headers, and the page where the status is 200."""

    url: str
    status: int
    headers: httpx.Headers
    page: bytes

    @property
    def charset(self) -> str | None:
        """Encoding that the server names."""
        found = _CHARSET.search(self.headers.get("content-type", ""))
        return found[1] if found else None


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    # Made once: it reads every root certificate.
    return httpx.create_ssl_context()


class Fetcher:
    """Asks one address at a time.

    Parameters
    ----------
    agent : str, the User-Agent
    guard : Guard
    limits : Limits
    context : SSLContext, the usual root certificates where not given
    """

    def __init__(
        self, agent: str, guard: Guard, limits: Limits | None = None, *, context: ssl.SSLContext | None = None
    ) -> None:
        self.agent, self.guard, self.limits = agent, guard, limits or Limits()
        self._context = context

    def get(self, url: str, *, kinds: Collection[str] = PAGES, cookies: httpx.Cookies | None = None) -> Answer:
        """Ask one address.

        Parameters
        ----------
        url : str, http or https
        kinds : kinds of content that are read; all where there are none
        cookies : cookies to send, and to which those of the answer are added

        Raises
        ------
        FetchError
        """
        self.guard.check(url)
        deadline = time.monotonic() + self.limits.seconds
        with (
            _as_fetch_error(url, self.limits.seconds),
            httpcore.ConnectionPool(
                ssl_context=self._context or _trusted(), network_backend=GuardedNetwork(self.guard, deadline)
            ) as pool,
        ):
            asked = httpx.Request("GET", url, headers=self._headers(kinds), cookies=cookies)
            target = httpcore.URL(
                scheme=asked.url.raw_scheme, host=asked.url.raw_host, port=asked.url.port, target=asked.url.raw_path
            )
            with pool.stream(
                "GET", target, headers=asked.headers.raw, extensions={"timeout": dict.fromkeys(_WAITS, _SILENCE)}
            ) as received:
                answer = httpx.Response(received.status, headers=received.headers, request=asked)
                page = self._page(answer.headers, received.iter_stream(), kinds) if received.status == 200 else b""
            if cookies is not None:
                cookies.extract_cookies(answer)
        return Answer(url, answer.status_code, answer.headers, page)

    def _headers(self, kinds: Collection[str]) -> dict[str, str]:
        accept = ",".join([*kinds, "*/*;q=0.1"]) if kinds else "*/*"
        return {"User-Agent": self.agent, "Accept": accept, "Accept-Encoding": "gzip, deflate", "Connection": "close"}

    def _page(self, headers: httpx.Headers, chunks: Iterable[bytes], kinds: Collection[str]) -> bytes:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kinds and kind and kind not in kinds:
            raise FetchError("refused", f"content type {kind[:60]!r} is no page", status=200)
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:20]) > self.limits.size:
            raise FetchError("refused", f"larger than {self.limits.size:,} bytes", status=200)
        try:
            return decoded(chunks, headers.get("content-encoding", ""), limit=self.limits.size)
        except FetchError as error:
            error.status = 200
            raise


@contextmanager
def _as_fetch_error(url: str, seconds: float) -> Iterator[None]:
    """Turn the errors of a connection into an outcome and a reason."""
    try:
        yield
    except FetchError as error:
        raise error.at(url) from None
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        certificate = isinstance(_root(error), ssl.SSLError)
        reason = f"no safe connection ({_short(error)})" if certificate else f"no connection ({_short(error)})"
        raise FetchError("unreachable", reason, again=not certificate).at(url) from error
    except httpcore.TimeoutException as error:
        raise FetchError("failed", f"too slow: silent for {_SILENCE:g} s, or more than {seconds:g} s in all").at(
            url
        ) from error
    except httpcore.NetworkError as error:
        raise FetchError("failed", f"the connection broke ({_short(error)})", again=True).at(url) from error
    except httpcore.ProtocolError as error:
        detail = _short(error) if str(error).startswith(_SAFE) else "not valid HTTP"
        raise FetchError("failed", f"the connection broke ({detail})", again=True).at(url) from error
    except (httpx.InvalidURL, httpcore.UnsupportedProtocol, UnicodeError) as error:
        raise FetchError("unsafe", f"not a valid address ({_short(error)})").at(url) from error


def _root(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:120]


#: Content-Encoding → window bits of zlib, which reads it. Others are not asked for.
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def decoded(chunks: Iterable[bytes], encoding: str, *, limit: int) -> bytes:
    """Bytes of a page without their content encoding.

    Parameters
    ----------
    chunks : the bytes as they come
    encoding : str, the value of Content-Encoding
    limit : int, most bytes of the page, encoded and decoded

    Raises
    ------
    FetchError
        refused: an encoding that was not asked for, several of them, or more bytes than the limit; failed: bytes that
        are not in that encoding, or that end too early.
    """
    name = encoding.strip().lower()
    if name not in ("", "identity", *_WINDOW):
        raise FetchError("refused", f"content encoding {name[:40]!r}, which was not asked for")
    held = _limited(chunks, limit)
    if name not in _WINDOW:
        return b"".join(held)
    try:
        return _inflated(held, _WINDOW[name], limit)
    except zlib.error as error:
        raise FetchError("failed", f"the page is not in the content encoding it names ({name})", again=True) from error


def _limited(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    received = 0
    for chunk in chunks:
        received += len(chunk)
        _check_size(received, limit)
        yield chunk


def _inflated(chunks: Iterable[bytes], window: int, limit: int) -> bytes:
    page = bytearray()
    stream: zlib._Decompress | None = None
    for chunk in chunks:
        while chunk:
            if stream is None:
                # Some servers send deflate without zlib's two bytes in front.
                bare = window == _WINDOW["deflate"] and (chunk[0] & 0x0F != 8 or chunk[0] >> 4 > 7)
                stream = zlib.decompressobj(-15 if bare else window)
            page += stream.decompress(chunk, limit - len(page) + 1)  # one byte over the limit is enough to know
            _check_size(len(page), limit)
            if not stream.eof:
                break
            # A gzip file may consist of several; bytes after a deflate stream are ignored.
            chunk, stream = (stream.unused_data, None) if window == _WINDOW["gzip"] else (b"", stream)
    if stream is not None and not stream.eof:
        raise FetchError("failed", "the page ends in the middle of its content encoding", again=True)
    return bytes(page)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise FetchError("refused", f"larger than {limit:,} bytes")
