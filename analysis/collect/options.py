"""What a run may be told, and with which values it begins."""

from __future__ import annotations

import math
from dataclasses import dataclass

from analysis.errors import AnalysisError


@dataclass(frozen=True)
class Options:
    """How to collect.

    Attributes
    ----------
    contact : str, a mail address or page that site owners can turn to; sent with every request
    delay : float, seconds between requests to a host, at least; robots.txt may ask for more
    hosts : int, hosts at once
    seconds : float, most time for one page in all
    size : int, most bytes of a page
    patience : float, most seconds that are waited where a host asks to
    tries : int, how often a page is asked for in one run
    archive : str, address of the Internet Archive; None does without
    allow : networks that may be asked although they are not public
    retry : bool, ask again for what failed for now
    again : bool, ask again for everything, and tell what changed
    """

    contact: str = ""
    delay: float = 2.0
    hosts: int = 4
    seconds: float = 60.0
    size: int = 8_000_000
    patience: float = 300.0
    tries: int = 3
    archive: str | None = "https://web.archive.org"
    allow: tuple[str, ...] = ()
    retry: bool = False
    again: bool = False

    def __post_init__(self) -> None:
        for name in ("delay", "hosts", "seconds", "size", "patience", "tries"):
            value, least = getattr(self, name), 1 if name in ("hosts", "tries") else 0
            if not (math.isfinite(value) and value >= least):
                raise AnalysisError(f"{name} is {value}. Give a number from {least}")
        if not (self.contact.isascii() and self.contact.isprintable() and len(self.contact) <= 200):
            raise AnalysisError(f"--contact {self.contact[:60]!r} is not plain text. Give a mail address or https://…")
