"""A web server on loopback that misbehaves as told: what `castillo collect` is tested against."""

from __future__ import annotations

import http.server
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[["Handler"], None]


def article(words: str = "The harbour council met on Tuesday", *, title: str = "Council meets", head: str = "") -> str:
    """An invented page, long enough that the extraction takes it for an article."""
    rest = "and spoke at length about the old quay, its lamps and the price of rope."
    paragraphs = "".join(f"<p>{words}, number {number}, {rest}</p>" for number in range(1, 6))
    body = f"<body><article><h1>{title}</h1>{paragraphs}</article></body>"
    return f"<html><head>{head}<title>{title}</title></head>{body}</html>"


class Handler(http.server.BaseHTTPRequestHandler):
    """Looks its answer up by path."""

    server: Server

    def do_GET(self) -> None:
        """Count, note, answer."""
        with self.server.lock:
            self.server.hits[self.path] += 1
            self.server.seen.append((self.server.clock(), self.path, dict(self.headers)))
        with suppress(OSError):  # the other side has had enough
            self.server.answers.get(self.path, self.server.otherwise)(self)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


class Server(http.server.ThreadingHTTPServer):
    """Answers by path.

    answers: path → what is answered.
    hits: how often each path was asked.
    seen: moment of `clock`, path and headers of each request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {"/robots.txt": status(404)}
        self.otherwise: Answer = status(404)
        self.hits: Counter[str] = Counter()
        self.seen: list[tuple[float, str, dict[str, str]]] = []
        self.clock: Callable[[], float] = time.monotonic
        self.lock = threading.Lock()

    def url(self, path: str = "", host: str = "127.0.0.1") -> str:
        """Address of a path."""
        return f"http://{host}:{self.server_address[1]}{path}"

    def moments(self, *paths: str) -> list[float]:
        """When these paths were asked, or all."""
        return [moment for moment, path, _ in self.seen if not paths or path in paths]

    def handle_error(self, *_: object) -> None:
        """A client that leaves is no error."""


def _head(handler: Handler, code: int, headers: dict[str, str]) -> None:
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def page(body: bytes | str = article(), kind: str = "text/html; charset=utf-8", **headers: str) -> Answer:
    """A page, status 200; a header's underscore is a hyphen."""
    data = body.encode() if isinstance(body, str) else body

    def answer(handler: Handler) -> None:
        _head(handler, 200, {"Content_Type": kind, "Content_Length": str(len(data))} | headers)
        handler.wfile.write(data)

    return answer


def status(code: int, **headers: str) -> Answer:
    """A status with an empty body."""
    return lambda handler: _head(handler, code, {"Content_Length": "0"} | headers)


def redirect(target: str, code: int = 302, **headers: str) -> Answer:
    """A redirect."""
    return status(code, Location=target, **headers)


def in_turn(*answers: Answer) -> Answer:
    """One answer after the other; the last one stays."""
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def _forever(piece: bytes, pause: float) -> Answer:
    def answer(handler: Handler) -> None:
        _head(handler, 200, {"Content_Type": "text/html"})
        while True:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause)

    return answer


#: A page byte by byte without end; and a page without end, as fast as it is read.
drip, endless = _forever(b"x", 0.05), _forever(b"<p>on and on</p>" * 4096, 0)


def no_http(handler: Handler) -> None:
    """Words where a status should be."""
    handler.wfile.write(b"<p>a sentence that no log may hold</p>\r\n\r\n")


def reset(handler: Handler) -> None:
    """The connection is torn down."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


@contextmanager
def serving() -> Iterator[Server]:
    """A server for the time of a test."""
    with Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
