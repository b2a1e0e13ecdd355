"""One request: content encodings undone within the limit, and any answer at all a page or an outcome."""

from __future__ import annotations

import gzip
import tracemalloc

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webserver import article, bomb, raw, serving, squeezed

from analysis.collect.fetch import Fetcher, FetchError, Guard, decoded, parse_network
from analysis.collect.run import OUTCOMES

FETCHER = Fetcher("agent", Guard((parse_network("127.0.0.1"),)), 20.0, 300_000)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZIP ", "identity", ""])
def test_encodings_undone_in_any_pieces(encoding):
    text = article().encode() * 3
    data = text if encoding in ("", "identity") else gzip.compress(text[:999]) + gzip.compress(text[999:])
    for size in (1, 7, 1000, len(data)):
        chunks = (data[at : at + size] for at in range(0, len(data), size))
        assert text == decoded(chunks, encoding, limit=len(text)), size


def test_a_bomb_is_not_blown_up_beyond_the_limit():
    """Not even for a moment: memory is that of the limit, though all came in one piece."""
    data = bomb(20)
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="larger than 100,000 bytes"):
            decoded([data], "gzip", limit=100_000)
        assert 1_000_000 > tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def server():
    with serving() as made:
        yield made


HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
BYTES = HTTP + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (squeezed()[:90], squeezed()[90:], b""))


def fetched(server, answer: bytes) -> bytes:
    """The page of a server that answers with these bytes."""
    server.answers["/1"] = raw(answer)
    return FETCHER.get(server.url("/1"), httpx.Cookies()).page


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_answer_is_a_page_or_an_outcome(server, data):
    """An answer with bytes changed, left out and put in, anywhere; the unharmed one is a page."""
    assert article().encode() == fetched(server, BYTES)
    said = bytearray(BYTES)
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(said)))
        said[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    try:
        assert len(fetched(server, bytes(said))) <= FETCHER.size
    except FetchError as found:
        assert found.outcome in OUTCOMES
        assert "harbour" not in found.reason
