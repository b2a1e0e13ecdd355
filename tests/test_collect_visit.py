"""From an address to its page, against a server that misbehaves."""

from __future__ import annotations

import gzip
import threading
import time
import tracemalloc
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webserver import (
    Server,
    article,
    bomb,
    drip,
    drip_headers,
    endless,
    huge_headers,
    in_turn,
    later,
    no_http,
    page,
    redirect,
    reset,
    serving,
    squeezed,
    status,
)

from analysis.collect.fetch import Answer, Fetcher, Limits, decoded
from analysis.collect.guard import Guard, parse_networks
from analysis.collect.outcomes import OUTCOMES, FetchError
from analysis.collect.politeness import HostRateLimiter, Robots, Stopped, retry_after
from analysis.collect.visit import Visitor, archived, copy_address

LIMITS = Limits(seconds=20.0, size=300_000, redirects=5)
#: For servers that hold on.
SHORT = replace(LIMITS, seconds=1.0)
NAMES = {"one.example": "127.0.0.1", "two.example": "127.0.0.1"}


@pytest.fixture
def server():
    with serving() as made:
        yield made


def visitor(*, delay: float = 0.0, patience: float = 5.0, tries: int = 3, limits: Limits = LIMITS) -> Visitor:
    """One that may ask this machine."""
    guard = Guard(parse_networks(["127.0.0.0/8"]), resolve=lambda host, port: [NAMES.get(host, host)])
    return Visitor(
        Fetcher("castillo-coverage/test", guard, limits), HostRateLimiter(delay, longest=patience), tries=tries
    )


def trouble(url: str, **options: object) -> FetchError:
    """What goes wrong on the way to a page."""
    with pytest.raises(FetchError) as caught:
        visitor(**options).page(url)  # type: ignore[arg-type]
    return caught.value


def test_a_page_comes_as_it_is(server):
    server.answers["/1?a=1&b=%C3%A9"] = page()
    answer = visitor().page(server.url("/1?a=1&b=%C3%A9#part"))
    assert article().encode() == answer.page
    assert "utf-8" == answer.charset


def test_who_asks_is_told(server):
    server.answers["/1"] = page()
    visitor().page(server.url("/1"))
    assert ["/robots.txt", "/1"] == [path for _, path, _ in server.seen]
    assert {"castillo-coverage/test"} == {headers["User-Agent"] for _, _, headers in server.seen}


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
        ("", True),
    ],
)
def test_robots_txt_is_obeyed(server, rules, allowed):
    server.answers |= {"/robots.txt": page(rules, "text/plain"), "/news/1.html": page()}
    if allowed:
        assert 200 == visitor().page(server.url("/news/1.html")).status
    else:
        assert "robots" == trouble(server.url("/news/1.html")).outcome
    assert int(allowed) == server.hits["/news/1.html"]


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_without_a_robots_txt_all_is_allowed(server, code):
    server.answers |= {"/robots.txt": status(code), "/1": page()}
    assert 200 == visitor().page(server.url("/1")).status


@pytest.mark.parametrize("answer", [status(500), status(503), status(429), reset, endless, redirect("/robots.txt")])
def test_a_robots_txt_that_cannot_be_read_forbids_for_now(server, answer):
    server.answers |= {"/robots.txt": answer, "/1": page()}
    found = trouble(server.url("/1"), tries=2)
    assert "failed" == found.outcome
    assert found.reason.startswith("robots.txt cannot be read, so nothing is fetched: ")
    assert 0 == server.hits["/1"]


def test_robots_txt_is_asked_for_once(server):
    server.answers |= {"/1": page(), "/2": page()}
    asking = visitor()
    asking.page(server.url("/1"))
    asking.page(server.url("/2"))
    assert 1 == server.hits["/robots.txt"]


@pytest.mark.parametrize(("problem", "hours"), [(None, 24), (FetchError("failed", "answered 503"), 1)])
def test_rules_are_asked_for_again_after_a_day_and_after_an_hour_where_there_was_trouble(problem, hours):
    now, asked = [0.0], []

    def fetch(url: str) -> Answer:
        asked.append(url)
        if problem is not None:
            raise problem
        return Answer(url, 200, httpx.Headers(), b"User-agent: *\nDisallow: /")

    robots = Robots(fetch, clock=lambda: now[0])
    for moment, expected in ((0, 1), (hours * 3600 - 1, 1), (hours * 3600, 2)):
        now[0] = moment
        robots.rules("http://one.example/1")
        assert expected == len(asked)
    assert {"http://one.example/robots.txt"} == set(asked)


def test_a_redirect_is_held_to_the_robots_txt_of_where_it_leads(server):
    with serving() as other:
        other.answers |= {"/robots.txt": page("User-agent: *\nDisallow: /", "text/plain"), "/2": page()}
        server.answers["/1"] = redirect(other.url("/2"))
        assert "robots" == trouble(server.url("/1")).outcome
        assert 0 == other.hits["/2"]


def test_the_pause_between_two_pages_of_a_host(server):
    server.answers |= {"/1": page(), "/2": page()}
    asking = visitor(delay=0.15)
    asking.page(server.url("/1"))
    asking.page(server.url("/2"))
    moments = [moment for moment, _, _ in server.seen]
    assert all(later - earlier >= 0.14 for earlier, later in pairwise(moments))


@pytest.mark.parametrize("rule", ["Crawl-delay: 0.3", "Request-rate: 10/3s"])
def test_robots_txt_may_ask_for_longer_pauses(server, rule):
    server.answers |= {"/robots.txt": page(f"User-agent: *\n{rule}", "text/plain"), "/1": page(), "/2": page()}
    asking = visitor()
    asking.page(server.url("/1"))
    asking.page(server.url("/2"))
    moments = [moment for moment, _, _ in server.seen]
    assert all(later - earlier >= 0.29 for earlier, later in pairwise(moments))


def test_a_crawl_delay_of_a_day_is_obeyed_by_not_asking(server):
    server.answers |= {"/robots.txt": page("User-agent: *\nCrawl-delay: 86400", "text/plain"), "/1": page()}
    found = trouble(server.url("/1"))
    assert ("failed", 0) == (found.outcome, server.hits["/1"])
    assert "the host asks to be left alone for 86400 s, more than 5" == found.reason


def test_one_request_at_a_time_to_a_host_however_many_ask(server):
    def slow(handler):
        with server.busy():
            time.sleep(0.05)
        page()(handler)

    server.otherwise = slow
    asking = visitor()
    threads = [threading.Thread(target=asking.page, args=(server.url(f"/{n}"),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (7, 1) == (sum(server.hits.values()), server.most)


@pytest.mark.parametrize("wait", [lambda: "1", lambda: later(2)])
def test_429_with_retry_after_in_seconds_or_as_a_date(server, wait):
    server.answers["/1"] = in_turn(status(429, Retry_After=wait()), page())
    assert 200 == visitor().page(server.url("/1")).status
    first, second = (moment for moment, path, _ in server.seen if path == "/1")
    assert 0.5 <= second - first <= 3


def test_who_asks_for_an_hour_is_left_alone_with_all_its_pages(server):
    server.answers |= {"/1": status(429, Retry_After="3600"), "/2": page()}
    asking = visitor()
    for path, expected in (("/1", "answered 429"), ("/2", "left alone for 3[56].. s, more than 5")):
        with pytest.raises(FetchError, match=expected) as caught:
            asking.page(server.url(path))
        assert "failed" == caught.value.outcome
    assert (1, 0) == (server.hits["/1"], server.hits["/2"])


def test_503_then_a_page(server):
    server.answers["/1"] = in_turn(status(503), status(502), page())
    assert 200 == visitor().page(server.url("/1")).status
    assert 3 == server.hits["/1"]


def test_pauses_grow_where_a_server_is_in_trouble(server):
    server.answers["/1"] = status(503)
    assert "failed" == trouble(server.url("/1"), delay=0.05, patience=20, tries=2).outcome
    first, second = (moment for moment, path, _ in server.seen if path == "/1")
    assert second - first >= 1.9


@pytest.mark.parametrize(
    ("answer", "outcome", "reason", "asked"),
    [
        (status(404), "gone", "answered 404", 1),
        (status(410), "gone", "answered 410", 1),
        (status(401), "denied", "answered 401", 1),
        (status(403), "denied", "answered 403", 1),
        (status(451), "denied", "answered 451", 1),
        (status(500), "failed", "answered 500", 3),
        (status(204), "failed", "answered 204", 1),
        (status(302), "failed", "answered 302", 1),
        (drip, "failed", "too slow: silent for 20 s, or more than 1 s in all", 1),
        (drip_headers, "failed", "too slow: silent for 20 s, or more than 1 s in all", 1),
        (lambda handler: time.sleep(3), "failed", "too slow: ", 1),
        (endless, "refused", "larger than 300,000 bytes", 1),
        (page(Content_Length="999999999"), "refused", "larger than 300,000 bytes", 1),
        (page(bomb(), Content_Encoding="gzip"), "refused", "larger than 300,000 bytes", 1),
        (page(bomb(), Content_Encoding="gzip, gzip"), "refused", "content encoding 'gzip, gzip', which was not", 1),
        (page(b"\x8b\x03\x80abc\x03", Content_Encoding="br"), "refused", "content encoding 'br', which was not", 1),
        (page(Content_Encoding="rot13"), "refused", "content encoding 'rot13', which was not asked for", 1),
        (page(Content_Encoding="gzip"), "failed", "not in the content encoding it names (gzip)", 3),
        (page(squeezed()[:-20], Content_Encoding="gzip"), "failed", "ends in the middle of its content encoding", 3),
        (page(kind="application/pdf"), "refused", "content type 'application/pdf' is no page", 1),
        (page(kind="image/jpeg"), "refused", "content type 'image/jpeg' is no page", 1),
        (page(Content_Length="5000"), "failed", "peer closed connection without sending complete message", 3),
        (reset, "failed", "the connection broke", 3),
        (huge_headers, "failed", "the connection broke (Receive buffer too long)", 3),
        (no_http, "failed", "the connection broke (not valid HTTP)", 3),
        (lambda handler: None, "failed", "the connection broke (Server disconnected", 3),
        (redirect("/1"), "refused", "a redirect leads back to where it came from", 1),
        (redirect("http://169.254.169.254/latest/meta-data/"), "unsafe", "resolves to 169.254.169.254, which is", 1),
        (redirect("http://10.0.0.1/"), "unsafe", "resolves to 10.0.0.1, which is not in the public internet", 1),
        (redirect("http://[::1]:80/"), "unsafe", "resolves to ::1, which is not in the public internet", 1),
        (redirect("http://[::ffff:10.0.0.1]/"), "unsafe", "resolves to 10.0.0.1, which is not", 1),
        (redirect("http://moved.nip/"), "unreachable", "does not resolve", 1),
        (redirect("file:///etc/passwd"), "unsafe", "scheme 'file' is neither http nor https", 1),
        (redirect("gopher://one.example/"), "unsafe", "scheme 'gopher' is neither http nor https", 1),
        (redirect("http://[bad"), "unsafe", "redirects to what is no address", 1),
        (redirect("/"), "gone", "leads to the front page", 1),
    ],
)
def test_what_goes_wrong_has_an_outcome_and_a_reason(server, answer, outcome, reason, asked):
    def resolve(host: str, port: int) -> list[str]:
        if host.endswith(".nip"):
            raise OSError(-2, "Name or service not known")
        return [NAMES.get(host, host)]

    server.answers |= {"/1": answer, "/": page()}
    guard = Guard(parse_networks(["127.0.0.1"]), resolve=resolve)
    limits = SHORT if reason.startswith("too slow") else LIMITS
    began = time.monotonic()
    with pytest.raises(FetchError) as caught:
        Visitor(Fetcher("agent", guard, limits), HostRateLimiter(0)).page(server.url("/1"))
    assert 15 > time.monotonic() - began
    assert outcome == caught.value.outcome
    assert reason in caught.value.reason
    assert asked == server.hits["/1"]
    assert "no log may hold" not in caught.value.reason


def test_redirects_have_an_end(server):
    server.answers |= {f"/{n}": redirect(f"/{n + 1}") for n in range(1, 9)}
    found = trouble(server.url("/1"))
    assert ("refused", "more than 5 redirects") == (found.outcome, found.reason)


def test_a_circle_of_two_is_a_circle(server):
    server.answers |= {"/1": redirect("/2"), "/2": redirect("/1")}
    assert "a redirect leads back to where it came from" == trouble(server.url("/1")).reason


def test_a_redirect_that_only_sets_a_cookie_is_no_circle(server):
    def answer(handler):
        (page() if "seen=yes" in handler.headers.get("Cookie", "") else redirect("/1", Set_Cookie="seen=yes"))(handler)

    server.answers["/1"] = answer
    assert 200 == visitor().page(server.url("/1")).status


def test_redirects_lead_to_the_page(server):
    server.answers |= {"/1": redirect("news/2", 301), "/news/2": redirect(server.url("/3", "two.example"), 308)}
    server.answers["/3"] = page()
    assert server.url("/3", "two.example") == visitor().page(server.url("/1", "one.example")).url


def test_a_host_that_does_not_answer_is_unreachable():
    with serving() as gone:
        url = gone.url("/1")
    found = trouble(url, tries=1)
    assert "unreachable" == found.outcome
    assert "no connection ([Errno 111] Connection refused)" in found.reason


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
def test_gzip_is_undone(server, encoding):
    server.answers["/1"] = page(squeezed(), Content_Encoding=encoding)
    assert article().encode() == visitor().page(server.url("/1")).page


def test_encodings_undone_in_any_pieces():
    text = article().encode() * 3
    bare = zlib.compressobj(wbits=-15)
    forms = {
        "gzip": gzip.compress(text[:999]) + gzip.compress(text[999:]),
        "deflate": zlib.compress(text),
        "Deflate": bare.compress(text) + bare.flush(),
        "identity": text,
    }
    for encoding, data in forms.items():
        for size in (1, 7, 1000, len(data)):
            chunks = (data[at : at + size] for at in range(0, len(data), size))
            assert text == decoded(chunks, encoding, limit=len(text)), (encoding, size)


def test_a_bomb_is_not_blown_up_beyond_the_limit():
    """Not even for a moment: memory is that of the limit, though all came in one piece."""
    data = bomb(50)
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="larger than 100,000 bytes"):
            decoded([data], "gzip", limit=100_000)
        assert 1_000_000 > tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@given(st.lists(st.binary(min_size=1, max_size=300)), st.sampled_from(["gzip", "deflate", "br", "", "gzip, br"]))
def test_any_bytes_end_within_the_limit_or_in_an_outcome(chunks, encoding):
    try:
        assert len(decoded(chunks, encoding, limit=500)) <= 500
    except FetchError as found:
        assert found.outcome in ("refused", "failed")


HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
BYTES = HTTP + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (squeezed()[:90], squeezed()[90:], b""))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_answer_is_a_page_or_an_outcome(server, data):
    """An answer with bytes changed, left out and put in, anywhere."""
    said = bytearray(BYTES)
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(said)))
        said[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    server.answers["/1"] = lambda handler: handler.wfile.write(bytes(said))
    fetcher = Fetcher("agent", Guard(parse_networks(["127.0.0.1"])), LIMITS)
    try:
        fetcher.get(server.url("/1"))
    except FetchError as found:
        assert found.outcome in OUTCOMES
        assert "harbour" not in found.reason


def test_the_unharmed_answer_of_that_test_is_a_page(server):
    server.answers["/1"] = lambda handler: handler.wfile.write(BYTES)
    assert article().encode() == visitor().page(server.url("/1")).page


def test_retry_after():
    now = datetime(2022, 12, 7, 12, tzinfo=UTC)
    date = format_datetime(now + timedelta(seconds=90), usegmt=True)
    past = format_datetime(now - timedelta(days=1), usegmt=True)
    expected = {"120": 120.0, " 0 ": 0.0, date: 90.0, past: 0.0}
    expected |= dict.fromkeys(("soon", "-5", "", "٣", "1.5", "Mon, 99 Foo 2022 00:00:00 GMT"))
    assert expected == {text: retry_after(text, now) for text in expected}
    assert retry_after(None) is None


def test_a_wait_ends_when_the_run_does():
    stop = threading.Event()
    turns = HostRateLimiter(0, stop=stop)
    turns.backoff("one.example", 60)
    threading.Timer(0.1, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Stopped), turns.turn("one.example"):
        pass
    assert 5 > time.monotonic() - began


# The archive.

PUBLISHED = datetime(2022, 12, 7, 15, 54, 7, tzinfo=UTC)
ARTICLE = "https://gone.example/1?a=1"


def copy(server: Server) -> Answer:
    """The archive's copy of an article that is gone."""
    return archived(visitor(), server.url(), ARTICLE, PUBLISHED).answer


def test_the_copy_nearest_to_the_date_is_asked_for(server):
    asked = copy_address(server.url(), ARTICLE + "#x", PUBLISHED)
    assert server.url("/web/20221207155407id_/https://gone.example/1?a=1") == asked
    near = "/web/20221208010203id_/https://gone.example/1?a=1"
    server.answers |= {asked.removeprefix(server.url()): redirect(near), near: page()}
    found = archived(visitor(), server.url(), ARTICLE, PUBLISHED)
    assert datetime(2022, 12, 8, 1, 2, 3, tzinfo=UTC) == found.taken
    assert article().encode() == found.answer.page


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (None, "answered 404"),
        ("/web/20220101000000id_/https://gone.example/1?a=1", "the archive's copy is older than the article"),
        ("/web/99999999999999id_/https://gone.example/1?a=1", "no copy in the archive: its time cannot be read"),
        ("/elsewhere", "no copy in the archive: it leads elsewhere"),
    ],
)
def test_no_copy(server, target, reason):
    if target is not None:
        asked = copy_address(server.url(), ARTICLE, PUBLISHED).removeprefix(server.url())
        server.answers |= {asked: redirect(target), target: page()}
    with pytest.raises(FetchError, match=reason) as caught:
        copy(server)
    assert "gone" == caught.value.outcome
