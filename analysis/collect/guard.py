"""Guard of connections: only addresses in the public internet, and networks that were allowed by name.

A page that redirects to 169.254.169.254, or a name that resolves to 10.0.0.1, would have this program read what only
this machine may read. So a name is resolved once, every address it has is looked at, and the connection goes to the
very address that was looked at: a name that resolves otherwise a moment later changes nothing. The host's name stays in
the Host header and in TLS. Every read waits no longer than is left of the whole transfer, so a server that sends a byte
a second, in its headers or in the page, cannot hold it.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from analysis.collect.outcomes import FetchError
from analysis.errors import AnalysisError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: IPv6 addresses whose last 32 bits are the IPv4 address that a gateway goes on to (NAT64, RFC 6052).
_GATEWAY = ipaddress.IPv6Network("64:ff9b::/96")
#: Public by the letter, but no place where pages lie: relays, site-local and documentation addresses.
_NEVER = tuple(map(ipaddress.ip_network, ("192.88.99.0/24", "fec0::/10", "2001:db8::/32", "3fff::/20", "5f00::/16")))


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks written as 127.0.0.0/8 or 127.0.0.1.

    Raises
    ------
    AnalysisError
    """
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text.strip()))
        except ValueError as error:
            raise AnalysisError(f"--allow-network {text!r} is no network ({error}). Write 127.0.0.0/8") from error
    return tuple(found)


def is_public(address: Address) -> bool:
    """Whether an address lies in the public internet, and so do all that it holds within it."""
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return all(map(is_public, _within(address)))


def _within(address: Address) -> Iterator[Address]:
    """IPv4 addresses that a tunnel would go on to: 6to4, Teredo."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


def _plain(address: Address) -> Address:
    """The IPv4 address where an IPv6 address is only another way to write one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _GATEWAY:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Resolves names and lets pass only what may be asked.

    Parameters
    ----------
    allowed : networks that may be asked although they are not public
    resolve : function of host and port, gives addresses as text; the system's where not given
    """

    def __init__(self, allowed: Iterable[Network] = (), *, resolve: Callable[[str, int], list[str]] = _resolve) -> None:
        self._allowed, self._resolve = tuple(allowed), resolve

    def check(self, url: str) -> SplitResult:
        """Parts of an address whose form allows it to be asked; nothing is resolved yet.

        Raises
        ------
        FetchError
            Where the scheme is not http or https, there is no host, or it holds a user's name.
        """
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise FetchError("unsafe", f"not a valid address ({error})").at(url) from error
        if parts.scheme not in ("http", "https"):
            raise FetchError("unsafe", f"scheme {parts.scheme[:20]!r} is neither http nor https").at(url)
        if not host:
            raise FetchError("unsafe", "address without a host").at(url)
        if parts.username is not None:
            raise FetchError("unsafe", "address holds a user name").at(url)
        return parts

    def addresses(self, host: str, port: int) -> list[str]:
        """Addresses of a host, all of which may be asked. How long a name may take is the system's setting.

        Raises
        ------
        FetchError
            Where the name does not resolve, or one of its addresses may not be asked: a name of which one address is
            public and another private is nothing that a news site has.
        """
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            told = error.strerror if isinstance(error, OSError) and error.strerror else "not a valid name"
            raise FetchError("unreachable", f"the host's name does not resolve ({told})", again=True) from error
        for text in found:
            address = _plain(ipaddress.ip_address(text.partition("%")[0]))
            if not is_public(address) and not self._allows(address):
                raise FetchError("unsafe", f"the host resolves to {address}, which is not in the public internet")
        if not found:
            raise FetchError("unreachable", "the host's name has no address", again=True)
        return found

    def _allows(self, address: Address) -> bool:
        return any(address in network for network in self._allowed if network.version == address.version)


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


class GuardedNetwork(httpcore.NetworkBackend):
    """A network that connects only to addresses which the guard let pass, until a moment of time.monotonic().

    No proxy is used: behind one, no address could be looked at.
    """

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


def _left(deadline: float, timeout: float | None, late: type[Exception]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the whole transfer took too long")
    return left if timeout is None else min(timeout, left)
