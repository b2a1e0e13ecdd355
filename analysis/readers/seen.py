"""Which article ids were read, and where, in little memory."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

#: So many ids are kept in a dictionary before they go to the arrays; of many, an eighth of them.
_FEW = 4096


class Seen:
    """Ids and where each was read.

    Of an id only a digest of 16 bytes is kept: of a million ids two share one with a probability of 10**-27. Most lie
    in sorted arrays, a sixth of what strings in a dictionary would take.
    """

    def __init__(self) -> None:
        self._recent: dict[bytes, int] = {}
        self._digests = np.empty(0, "S16")
        self._places = np.empty(0, np.int64)

    def get(self, article: str) -> int | None:
        """Where an id was read; None where it was not."""
        digest = _digest(article)
        if (place := self._recent.get(digest)) is not None:
            return place
        stored = np.array([digest], "S16")[0]  # without noughts at its end, as in an array
        at = int(np.searchsorted(self._digests, stored))
        found = at < len(self._digests) and self._digests[at] == stored
        return int(self._places[at]) if found else None

    def add(self, article: str, place: int) -> None:
        """Keep an id that was not there."""
        self._recent[_digest(article)] = place
        if len(self._recent) > max(_FEW, len(self._digests) // 8):
            digests = np.concatenate([self._digests, np.array([*self._recent], "S16")])
            places = np.concatenate([self._places, np.array([*self._recent.values()], np.int64)])
            order = np.argsort(digests)
            self._digests, self._places, self._recent = digests[order], places[order], {}


def _digest(article: str) -> bytes:
    return blake2b(article.encode(), digest_size=16).digest()
