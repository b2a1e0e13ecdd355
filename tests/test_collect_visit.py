"""From an address to its page, against a server that misbehaves; time passes at once."""

from __future__ import annotations

import gzip
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
import webserver as web
from collecting import Clock, options
from webserver import article, in_turn, page, redirect, serving, status

from analysis.collect.run import archived
from analysis.collect.visit import FetchError, Stopped, Visitor, retry_after


@pytest.fixture
def clock(server):
    """What the server and every visitor have the time from."""
    server.clock = Clock()
    return server.clock


def visitor(clock: Clock | None = None, **changed) -> Visitor:
    """One that may ask this machine, and waits for a host five seconds."""
    clock = clock or Clock()
    return Visitor(options(**{"size": 300_000, "patience": 5.0, "tries": 3} | changed), clock, clock)  # type: ignore[arg-type]


def trouble(url: str, asking: Visitor | None = None) -> FetchError:
    """What goes wrong on the way to a page."""
    with pytest.raises(FetchError) as caught:
        (asking or visitor()).page(url)
    return caught.value


def test_a_page_comes_as_it_is_and_who_asks_is_told(server):
    squeezed = gzip.compress(article().encode())
    server.answers["/1?a=1&b=%C3%A9"] = page(squeezed, Content_Encoding="gzip")
    answer = visitor(contact="me@university.example").page(server.url("/1?a=1&b=%C3%A9#part"))
    assert (article().encode(), "utf-8") == (answer.page, answer.charset)
    assert ["/robots.txt", "/1?a=1&b=%C3%A9"] == [path for _, path, _ in server.seen]
    assert all("+me@university.example" in headers["User-Agent"] for _, _, headers in server.seen)


# What robots.txt allows.


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("User-agent: *\nDisallow: /news/", False),
        ("User-agent: castillo-coverage\nDisallow: /\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: *\nDisallow: /*.html$", False),
        ("User-agent: *\nDisallow: /news/\nAllow: /news/1", True),
        ("User-agent: other\nDisallow: /", True),
        ("\ufeffUser-agent: *\nDisallow: /", False),
        ("\x00\xff garbage", True),
    ],
)
def test_robots_txt_is_obeyed(server, rules, allowed):
    server.answers |= {"/robots.txt": page(rules, "text/plain"), "/news/1.html": page()}
    if allowed:
        assert 200 == visitor().page(server.url("/news/1.html")).status
    else:
        assert "robots" == trouble(server.url("/news/1.html")).outcome
    assert int(allowed) == server.hits["/news/1.html"]


@pytest.mark.parametrize("answer", [status(500), status(429), web.reset, web.endless, redirect("/robots.txt")])
def test_a_robots_txt_that_cannot_be_read_forbids_for_now(server, answer):
    server.answers |= {"/robots.txt": answer, "/1": page()}
    found = trouble(server.url("/1"))
    assert "failed" == found.outcome
    assert found.reason.startswith("robots.txt cannot be read, so nothing is fetched: ")
    assert 0 == server.hits["/1"]


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_where_there_is_no_robots_txt_all_is_allowed_and_it_is_asked_for_once(server, code):
    server.answers |= {"/robots.txt": status(code), "/1": page()}
    asking = visitor()
    assert [200, 200] == [asking.page(server.url("/1")).status for _ in range(2)]
    assert 1 == server.hits["/robots.txt"]


def test_a_redirect_is_held_to_the_robots_txt_of_where_it_leads(server):
    with serving() as other:
        other.answers |= {"/robots.txt": page("User-agent: *\nDisallow: /", "text/plain"), "/2": page()}
        server.answers["/1"] = redirect(other.url("/2"))
        assert "robots" == trouble(server.url("/1")).outcome
        assert 0 == other.hits["/2"]


# Pauses.


@pytest.mark.parametrize(("delay", "rule", "pause"), [(2.0, "", 2), (0.5, "Crawl-delay: 3", 3)])
def test_the_pause_between_two_pages_of_a_host_is_the_longer_one_of_ours_and_its(server, clock, delay, rule, pause):
    server.answers |= {"/robots.txt": page(f"User-agent: *\n{rule}", "text/plain"), "/1": page(), "/2": page()}
    asking = visitor(clock, delay=delay)
    asking.page(server.url("/1"))
    asking.page(server.url("/2"))
    assert [pause, pause] == [later - earlier for earlier, later in pairwise(server.moments())]


def test_one_request_at_a_time_to_a_host_however_many_ask(server):
    busy, at_once = threading.Semaphore(0), []

    def slow(handler):
        busy.release()
        time.sleep(0.02)
        at_once.append(busy._value)
        busy.acquire()
        page()(handler)

    server.otherwise = slow
    asking = visitor()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(asking.page, [server.url(f"/{n}") for n in range(4)]))
    assert {1} == set(at_once)


def test_who_asks_for_an_hour_is_left_alone_with_all_its_pages(server, clock):
    """In an answer, or by a Crawl-delay."""
    server.answers |= {"/1": status(429, Retry_After="3600"), "/2": page()}
    asking = visitor(clock)
    first, second = trouble(server.url("/1"), asking), trouble(server.url("/2"), asking)
    assert ("failed", "answered 429") == (first.outcome, first.reason)
    assert ("failed", "the host asks to be left alone for 3600 s, more than 5") == (second.outcome, second.reason)
    server.answers["/robots.txt"] = page("User-agent: *\nCrawl-delay: 3600", "text/plain")
    assert second.reason == trouble(server.url("/2")).reason
    assert (1, 0) == (server.hits["/1"], server.hits["/2"])


@pytest.mark.parametrize(
    ("answers", "pauses"), [([status(429, Retry_After="4")], [4]), ([status(503), status(502)], [1, 2])]
)
def test_a_server_in_trouble_is_given_the_time_it_asks_for_or_longer_each_time(server, clock, answers, pauses):
    server.answers["/1"] = in_turn(*answers, page())
    assert 200 == visitor(clock, delay=0.5).page(server.url("/1")).status
    assert pauses == [later - earlier for earlier, later in pairwise(server.moments("/1"))]


def test_a_wait_ends_when_the_run_does(server):
    server.answers |= {"/1": status(503, Retry_After="60")}
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Stopped):
        Visitor(options(patience=100.0), stop).page(server.url("/1"))


def test_retry_after():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < retry_after(date) <= 90
    expected = {"120": 120.0, " 0 ": 0.0, "Mon, 05 Dec 2022 00:00:00 GMT": 0.0}
    expected |= dict.fromkeys(("soon", "-5", "", "1.5", "Mon, 99 Foo 2022 00:00:00 GMT"))
    assert expected == {text: retry_after(text) for text in expected}


# What goes wrong.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "outcome", "reason", "asked"),
    [
        *((status(code), "gone", f"answered {code}", 1) for code in (404, 410)),
        *((status(code), "denied", f"answered {code}", 1) for code in (401, 403, 451)),
        *((status(code), "failed", f"answered {code}", 1) for code in (204, 302)),
        (status(500), "failed", "answered 500", 3),
        (web.drip, "failed", "too slow: silent for 20 s, or more than 0.3 s in all", 1),
        (lambda handler: time.sleep(1), "failed", "too slow: ", 1),
        (web.endless, "refused", "larger than 300,000 bytes", 1),
        (page(gzip.compress(bytes(1_000_000)), Content_Encoding="gzip"), "refused", "larger than 300,000 bytes", 1),
        (page(Content_Encoding="gzip"), "failed", "the connection broke (DecodingError)", 3),
        (page(kind="application/pdf"), "refused", "content type 'application/pdf' is no page", 1),
        (page(Content_Length="5000"), "failed", "the connection broke (RemoteProtocolError)", 3),
        (web.reset, "failed", "the connection broke", 3),
        (web.no_http, "failed", "the connection broke (RemoteProtocolError)", 3),
        (redirect("/1"), "refused", "more than 10 redirects", 11),
        (redirect("http://169.254.169.254/latest/meta-data/"), "unsafe", "resolves to 169.254.169.254, which is", 1),
        (redirect("http://[fe80::1]/"), "unsafe", "resolves to fe80::1, which is not in the public internet", 1),
        (redirect("http://moved.invalid/"), "unreachable", "does not resolve", 1),
        (redirect("http://127.0.0.1:1/"), "unreachable", "no connection ([Errno 111] Connection refused)", 1),
        (redirect("file:///etc/passwd"), "unsafe", "not an address of http or https", 1),
        (redirect("/"), "gone", "leads to the front page", 1),
    ],
)
def test_what_goes_wrong_has_an_outcome_and_a_reason(server, answer, outcome, reason, asked):
    server.answers |= {"/1": answer, "/": page()}
    found = trouble(server.url("/1"), visitor(seconds=0.3 if reason.startswith("too slow") else 20.0))
    assert (outcome, asked) == (found.outcome, server.hits["/1"])
    assert reason in found.reason
    assert "no log may hold" not in found.reason


@pytest.mark.parametrize("url", ["ftp://news.example/1", "//news.example/1", "http:///1", "http://[::1", "http://x:y/"])
def test_what_is_no_address_of_the_web_is_not_asked(url):
    assert "unsafe" == trouble(url).outcome


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.1.1", "::1", "::ffff:127.0.0.1", "fc00::1"])
def test_a_host_with_one_private_address_among_public_ones_is_not_asked(monkeypatch, address):
    found = [(None, None, None, "", (place, 0)) for place in ("93.184.215.14", address)]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    assert "which is not in the public internet" in trouble("http://news.example/1", visitor(allow=())).reason


def test_a_redirect_that_only_sets_a_cookie_is_followed_and_the_cookie_forgotten(server):
    def answer(handler):
        (page() if "seen=yes" in handler.headers.get("Cookie", "") else redirect("/1", Set_Cookie="seen=yes"))(handler)

    server.answers |= {"/1": answer}
    asking = visitor()
    assert [200, 200] == [asking.page(server.url("/1")).status for _ in range(2)]
    assert 4 == server.hits["/1"]


def test_redirects_lead_to_the_page(server):
    server.answers |= {"/1": redirect("news/2", 301), "/news/2": redirect(server.url("/3", "localhost"), 308)}
    server.answers["/3"] = page()
    assert server.url("/3", "localhost") == visitor().page(server.url("/1")).url


# The archive.

ARTICLE, PUBLISHED = "https://gone.example/1?a=1", datetime(2022, 12, 7, 15, 54, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (f"/web/20220101000000id_/{ARTICLE}", "the archive's copy is older than the article"),
        ("/elsewhere", "no copy in the archive: it leads elsewhere"),
    ],
)
def test_a_copy_that_is_not_of_the_article_is_none(server, target, reason):
    server.answers |= {f"/web/20221207155407id_/{ARTICLE}": redirect(target), target: page()}
    with pytest.raises(FetchError, match=reason) as caught:
        archived(visitor(), server.url("/"), f"{ARTICLE}#x", PUBLISHED)
    assert "gone" == caught.value.outcome
