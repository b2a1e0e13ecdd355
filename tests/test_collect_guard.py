"""Which machines may be asked, and that the connection goes to the very address that was looked at."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time

import pytest
import trustme
from httpx import Cookies
from hypothesis import given
from hypothesis import strategies as st
from webserver import page, serving

from analysis.collect.fetch import Fetcher
from analysis.collect.guard import FetchError, Guard, check_url, is_public, parse_network

from analysis.errors import AnalysisError

LOOPBACK = parse_network(["127.0.0.0/8"])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "192.88.99.1",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::7f00:1",
        "2002:a00:1::1",
        "2002:7f00:1::",
        "2001:0:a00:1::1",
        "2001:0:808:808::80ff:fffe",  # Teredo whose client is 127.0.0.1
        "100::1",
    ],
)
def test_what_is_not_public_is_refused(address):
    guard = Guard(resolve=lambda host, port: [address])
    with pytest.raises(FetchError, match="which is not in the public internet") as caught:
        guard.addresses("news.example", 80)
    assert "unsafe" == caught.value.outcome


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"])
def test_what_is_public_passes(address):
    assert [address] == Guard(resolve=lambda host, port: [address]).addresses("news.example", 443)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_within_ipv6_as_it_is(address):
    number = int(address)
    expected = is_public(address)
    assert expected == _passes(str(address))
    for prefix in (0xFFFF << 32, 0x64FF9B << 96):  # v4-mapped, NAT64
        assert expected == _passes(str(ipaddress.IPv6Address(prefix | number)))


def _passes(address: str) -> bool:
    try:
        Guard(resolve=lambda host, port: [address]).addresses("news.example", 80)
    except FetchError:
        return False
    return True


def test_one_private_address_among_public_ones_is_enough():
    guard = Guard(resolve=lambda host, port: ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(FetchError, match=r"resolves to 10\.0\.0\.1, which is not in the public internet"):
        guard.addresses("news.example", 80)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "0"])
def test_odd_spellings_of_loopback_are_resolved_and_refused(host):
    with pytest.raises(FetchError) as caught:
        Guard().addresses(host, 80)
    assert "unsafe" == caught.value.outcome


def test_a_network_that_was_allowed_passes_and_no_other():
    guard = Guard(parse_network(["10.1.0.0/16", "::1"]), resolve=lambda host, port: [host])
    assert ["10.1.2.3"] == guard.addresses("10.1.2.3", 80)
    assert ["::ffff:10.1.2.3"] == guard.addresses("::ffff:10.1.2.3", 80)
    assert ["::1"] == guard.addresses("::1", 80)
    with pytest.raises(FetchError):
        guard.addresses("10.2.0.1", 80)


@pytest.mark.parametrize("text", ["127.0.0.1/8", "nowhere", ""])
def test_a_network_that_is_none_is_told(text):
    with pytest.raises(AnalysisError, match=f"--allow-network '{text}' is no network"):
        parse_network([text])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "scheme 'file' is neither http nor https"),
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


def test_a_name_without_an_address_is_unreachable():
    def nothing(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(FetchError, match="does not resolve") as caught:
        Guard(resolve=nothing).addresses("gone.example", 80)
    assert "unreachable" == caught.value.outcome


def test_the_connection_goes_to_the_address_that_was_looked_at():
    """A name that resolves to another address the second time: there is no second time."""
    with serving() as server:
        server.answers["/1"] = page()
        answers = [["127.0.0.1"], ["10.0.0.1"]]
        asked = []

        def rebinding(host: str, port: int) -> list[str]:
            asked.append(host)
            return answers.pop(0)

        answer = Fetcher("agent", Guard(LOOPBACK, resolve=rebinding)).get(server.url("/1", "news.example"), Cookies())
        assert 200 == answer.status
        assert ["news.example"] == asked
        assert server.seen[0][2]["Host"].startswith("news.example:")


def test_the_second_address_is_tried_where_the_first_does_not_answer():
    with serving() as server:
        server.answers["/1"] = page()
        guard = Guard(LOOPBACK, resolve=lambda host, port: ["127.0.0.99", "127.0.0.1"])
        assert 200 == Fetcher("agent", guard).get(server.url("/1", "news.example"), Cookies()).status


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs certificates here."""
    return trustme.CA()


def _serving_tls(authority: trustme.CA, name: str):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return serving(context=context)


def _trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_a_certificate_is_held_to_the_name_and_not_to_the_address(authority):
    with _serving_tls(authority, "news.example") as server:
        server.answers["/1"] = page()
        guard = Guard(LOOPBACK, resolve=lambda host, port: ["127.0.0.1"])
        fetcher = Fetcher("agent", guard, context=_trusting(authority))
        assert 200 == fetcher.get(server.url("/1", "news.example"), Cookies()).status
        with pytest.raises(FetchError, match=r"no safe connection \(.*doesn't match|Hostname mismatch") as caught:
            fetcher.get(server.url("/1", "other.example"), Cookies())
        assert ("unreachable", False) == (caught.value.outcome, caught.value.again)


def test_a_certificate_that_nobody_trusts_is_no_connection(authority):
    with _serving_tls(authority, "news.example") as server:
        guard = Guard(LOOPBACK, resolve=lambda host, port: ["127.0.0.1"])
        with pytest.raises(FetchError, match=r"no safe connection .*certificate verify failed") as caught:
            Fetcher("agent", guard).get(server.url("/1", "news.example"), Cookies())
        assert "unreachable" == caught.value.outcome


def test_a_handshake_that_never_comes_ends_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(FetchError, match="no connection") as caught:
            fetcher = Fetcher("agent", Guard(LOOPBACK), seconds=0.3)
            fetcher.get(f"https://127.0.0.1:{silent.getsockname()[1]}/1", Cookies())
        assert 5 > time.monotonic() - began
        assert "unreachable" == caught.value.outcome
