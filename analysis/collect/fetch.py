"""One request: an address asked once, its answer held to limits of size and time. Follows no redirect."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import httpcore
import httpx

from analysis.collect.decode import decoded
from analysis.collect.guard import Guard
from analysis.collect.transport import Transport
from analysis.collect.trouble import Trouble

#: Kinds of content that are pages.
PAGES = ("text/html", "application/xhtml+xml")
#: Kinds of content that robots.txt may have: any.
ANY: tuple[str, ...] = ()
#: Most seconds without a single byte.
_SILENCE = 20.0
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
#: What h11 says without repeating what the server sent: that could be sentences.
_SAFE = ("peer closed connection", "Server disconnected", "Receive buffer too long")


@dataclass(frozen=True)
class Limits:
    """What one download may take: seconds in all, bytes of the page, redirects in a row."""

    seconds: float = 60.0
    size: int = 8_000_000
    redirects: int = 10


@dataclass(frozen=True)
class Answer:
    """What a server answered: the address asked, the status, headers, and the page where the status is 200."""

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
        Trouble
        """
        self.guard.check(url)
        deadline = time.monotonic() + self.limits.seconds
        with _told(url, self.limits.seconds):
            transport = Transport(self.guard, deadline, self._context or _trusted())
            with httpx.Client(transport=transport, cookies=cookies, trust_env=False) as client:
                asked = client.build_request("GET", url, headers=self._headers(kinds), timeout=_SILENCE)
                answer = client.send(asked, stream=True)
                try:
                    page = self._page(answer, kinds) if answer.status_code == 200 else b""
                finally:
                    answer.close()
                if cookies is not None:
                    cookies.update(client.cookies)
        return Answer(url, answer.status_code, answer.headers, page)

    def _headers(self, kinds: Collection[str]) -> dict[str, str]:
        accept = ",".join([*kinds, "*/*;q=0.1"]) if kinds else "*/*"
        return {"User-Agent": self.agent, "Accept": accept, "Accept-Encoding": "gzip, deflate", "Connection": "close"}

    def _page(self, answer: httpx.Response, kinds: Collection[str]) -> bytes:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kinds and kind and kind not in kinds:
            raise Trouble("refused", f"content type {kind[:60]!r} is no page", status=200)
        length = answer.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:20]) > self.limits.size:
            raise Trouble("refused", f"larger than {self.limits.size:,} bytes", status=200)
        encoding = answer.headers.get("content-encoding", "")
        try:
            return decoded(answer.iter_raw(), encoding, limit=self.limits.size)
        except Trouble as trouble:
            trouble.status = 200
            raise


@contextmanager
def _told(url: str, seconds: float) -> Iterator[None]:
    """Turn what a connection can do wrong into an outcome and a reason."""
    try:
        yield
    except Trouble as trouble:
        raise trouble.at(url) from None
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        certificate = isinstance(_root(error), ssl.SSLError)
        reason = f"no safe connection ({_short(error)})" if certificate else f"no connection ({_short(error)})"
        raise Trouble("unreachable", reason, again=not certificate).at(url) from error
    except httpcore.TimeoutException as error:
        raise Trouble("failed", f"too slow: silent for {_SILENCE:g} s, or more than {seconds:g} s in all").at(
            url
        ) from error
    except httpcore.NetworkError as error:
        raise Trouble("failed", f"the connection broke ({_short(error)})", again=True).at(url) from error
    except httpcore.ProtocolError as error:
        told = _short(error) if str(error).startswith(_SAFE) else "not valid HTTP"
        raise Trouble("failed", f"the connection broke ({told})", again=True).at(url) from error
    except (httpx.InvalidURL, httpcore.UnsupportedProtocol, UnicodeError) as error:
        raise Trouble("unsafe", f"not a valid address ({_short(error)})").at(url) from error


def _root(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:120]
