"""A connection for one request: to an address that the guard let pass, and with an end in time.

httpcore is handed a network of its own. It names the host; the guard resolves it, looks at every address and this
module connects to one of those. The host's name stays in the Host header and in TLS. Every read waits no longer than
is left of the whole transfer, so a server that sends a byte a second, in its headers or in the page, cannot hold it.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx

from analysis.collect.guard import Guard


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends with the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._deadline, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    """Connects to addresses that the guard let pass, and to no other."""

    def __init__(self, guard: Guard, deadline: float) -> None:
        self._guard, self._deadline, self._inner = guard, deadline, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in self._guard.addresses(host, port):
            left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
            try:
                return _Stream(self._inner.connect_tcp(address, port, left, local_address), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None  # there is at least one address
        raise failure

    def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise httpcore.ConnectError(f"no pages come from the socket {path}")


class Transport(httpx.BaseTransport):
    """What httpx sends a single request through. No proxy is used: behind one, no address could be looked at.

    Parameters
    ----------
    guard : Guard
    deadline : float, moment of time.monotonic() at which all ends
    context : SSLContext, which checks certificates
    """

    def __init__(self, guard: Guard, deadline: float, context: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, max_keepalive_connections=0, network_backend=_Network(guard, deadline)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises httpcore's exceptions, and FetchError where the guard refuses."""
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _left(deadline: float, timeout: float | None, late: type[Exception]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the whole transfer took too long")
    return left if timeout is None else min(timeout, left)
