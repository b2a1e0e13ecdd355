"""Which machines may be asked, and that the connection goes to the very address that was judged."""

from __future__ import annotations

import ipaddress
import socket
import ssl

import pytest
import trustme
from httpx import Cookies
from hypothesis import given
from hypothesis import strategies as st
from webserver import page, serving

from analysis.collect.fetch import Answer, Fetcher, FetchError, Guard, check_url, is_public, parse_network

LOOPBACK = (parse_network("127.0.0.0/8"),)
PRIVATE = (
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "192.88.99.1", "::", "::1", "fe80::1", "fc00::1"),
    *("fec0::1", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a00:1"),
    *("64:ff9b:1::7f00:1", "2002:a00:1::1", "2002:7f00:1::", "2001:0:a00:1::1", "100::1"),
    "2001:0:808:808::80ff:fffe",  # Teredo whose client is 127.0.0.1
)
PUBLIC = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808")


def passes(*addresses: str, allowed=()) -> bool:
    """Whether a host with these addresses may be asked."""
    try:
        return list(addresses) == Guard(allowed, lambda host, port: list(addresses)).addresses("news.example", 80)
    except FetchError as error:
        assert "unsafe" == error.outcome
        assert "which is not in the public internet" in error.reason
        return False


def get(fetcher: Fetcher, url: str) -> Answer:
    """The answer of an address, asked without cookies."""
    return fetcher.get(url, Cookies())


@pytest.mark.parametrize("address", [*PRIVATE, *PUBLIC])
def test_what_is_not_public_is_refused_also_among_public_ones(address):
    assert (address in PUBLIC) == passes(address) == passes(PUBLIC[0], address)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_within_ipv6_as_it_is(address):
    expected = is_public(address)
    assert expected == passes(str(address))
    for prefix in (0xFFFF << 32, 0x64FF9B << 96):  # v4-mapped, NAT64
        assert expected == passes(str(ipaddress.IPv6Address(prefix | int(address))))


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "0"])
def test_odd_spellings_of_loopback_are_resolved_and_refused(host):
    with pytest.raises(FetchError, match="not in the public internet"):
        Guard().addresses(host, 80)


def test_a_network_that_was_allowed_passes_and_no_other():
    allowed = (parse_network("10.1.0.0/16"), parse_network("::1"))
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "::1"):
        assert passes(address, allowed=allowed)
    assert not passes("10.2.0.1", allowed=allowed)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://news.example/1", "scheme 'ftp' is neither http nor https"),
        ("//news.example/1", "scheme '' is neither http nor https"),
        ("http:///1", "address without a host"),
        ("http://me@news.example/", "address holds a user name"),
        ("http://[::1", "not a valid address"),
        ("http://news.example:99999/", "not a valid address"),
    ],
)
def test_the_form_of_an_address(url, reason):
    with pytest.raises(FetchError, match=reason) as caught:
        check_url(url)
    assert "unsafe" == caught.value.outcome


def test_the_connection_goes_to_the_address_that_was_judged():
    """A name that resolves otherwise the second time: there is no second time. Of several addresses each is tried."""
    answers, asked = [["127.0.0.99", "127.0.0.1"], ["10.0.0.1"]], []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    with serving() as server:
        server.answers["/1"] = page()
        assert 200 == get(Fetcher("agent", Guard(LOOPBACK, rebinding)), server.url("/1", "news.example")).status
        assert ["news.example"] == asked
        assert server.seen[0][2]["Host"].startswith("news.example:")


def test_certificates_are_held_to_the_name_not_to_the_address_and_to_who_signed_them():
    authority = trustme.CA()
    serves, trusts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("news.example").configure_cert(serves)
    authority.configure_trust(trusts)
    guard = Guard(LOOPBACK, lambda host, port: ["127.0.0.1"])
    with serving(serves) as server:
        server.answers["/1"] = page()
        assert 200 == get(Fetcher("agent", guard, context=trusts), server.url("/1", "news.example")).status
        for host, context, reason in (
            ("other.example", trusts, r"no safe connection \(.*(doesn't match|Hostname mismatch)"),
            ("news.example", None, "no safe connection .*certificate verify failed"),
        ):
            with pytest.raises(FetchError, match=reason) as caught:
                get(Fetcher("agent", guard, context=context), server.url("/1", host))
            assert ("unreachable", False) == (caught.value.outcome, caught.value.again)


def test_a_handshake_that_never_comes_ends_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(FetchError, match="no connection") as caught:
            get(Fetcher("agent", Guard(LOOPBACK), seconds=0.2), f"https://127.0.0.1:{silent.getsockname()[1]}/1")
        assert "unreachable" == caught.value.outcome
