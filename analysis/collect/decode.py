"""Content encodings undone while a page comes in, never further than a page may be large: gzip bombs end here."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from analysis.collect.trouble import Trouble

#: Content-Encoding → window bits of zlib, which reads it. Others are not asked for.
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def decoded(chunks: Iterable[bytes], encoding: str, *, limit: int) -> bytes:
    """Bytes of a page without their content encoding.

    Parameters
    ----------
    chunks : the bytes as they come
    encoding : str, what Content-Encoding says
    limit : int, most bytes of the page, encoded and decoded

    Raises
    ------
    Trouble
        refused: an encoding that was not asked for, several of them, or more bytes than the limit; failed: bytes that
        are not in that encoding, or that end too early.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _joined(chunks, limit)
    if name not in _WINDOW:
        raise Trouble("refused", f"content encoding {name[:40]!r}, which was not asked for")
    try:
        return _inflated(chunks, _WINDOW[name], limit)
    except zlib.error as error:
        raise Trouble("failed", f"the page is not in the content encoding it names ({name})", again=True) from error


def _joined(chunks: Iterable[bytes], limit: int) -> bytes:
    page = bytearray()
    for chunk in chunks:
        page += chunk
        _hold(len(page), limit)
    return bytes(page)


def _inflated(chunks: Iterable[bytes], window: int, limit: int) -> bytes:
    page, received = bytearray(), 0
    stream: zlib._Decompress | None = None
    for chunk in chunks:
        received += len(chunk)
        _hold(received, limit)
        while chunk:
            if stream is None:
                stream = zlib.decompressobj(_window(window, chunk))
            # A byte more than may be is enough to know.
            page += stream.decompress(chunk, limit - len(page) + 1)
            _hold(len(page), limit)
            if not stream.eof:
                break
            # A gzip file may consist of several; what follows a deflate stream is not looked at.
            chunk, stream = (stream.unused_data, None) if window == _WINDOW["gzip"] else (b"", stream)
    if received and stream is not None and not stream.eof:
        raise Trouble("failed", "the page ends in the middle of its content encoding", again=True)
    return bytes(page)


def _window(window: int, chunk: bytes) -> int:
    # Some servers send deflate without zlib's two bytes in front.
    bare = window == _WINDOW["deflate"] and (chunk[0] & 0x0F != 8 or chunk[0] >> 4 > 7)
    return -15 if bare else window


def _hold(size: int, limit: int) -> None:
    if size > limit:
        raise Trouble("refused", f"larger than {limit:,} bytes")
