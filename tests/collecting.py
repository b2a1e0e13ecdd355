"""A throw-away study whose articles lie on loopback, and time that passes at once, for the tests of collecting."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ministudy import FILES
from webserver import Server

from analysis.collect import Options, collect
from analysis.collect.run import CollectSummary
from analysis.study import Study, load_study

HEADER = FILES["articles.csv"].partition("\n")[0].split(",")
FIRST = {
    "outlet": "herald",
    "language": "en",
    "published": "2022-12-07T15:00:00Z",
    "timestamp": "publisher",
    "source": "page",
}


class Clock:
    """In place of time.monotonic and of the event that ends a run: whoever waits has waited."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds since it was made."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += seconds

    def is_set(self) -> bool:
        """The run goes on."""
        return False


def make_study(folder: Path, addresses: Mapping[str, str], **changed: str) -> Study:
    """A study whose articles have these addresses."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    with (folder / "articles.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(FIRST | changed | {"article": article, "url": url} for article, url in addresses.items())
    return load_study(folder)


def study_of(tmp_path: Path, server: Server, paths: Iterable[str], **changed: str) -> Study:
    """A study of an article a path: a1, a2, …"""
    addresses = {f"a{n}": server.url(path) for n, path in enumerate(paths, start=1)}
    return make_study(tmp_path / "study", addresses, **changed)


def options(**changed: Any) -> Options:
    """Quick, on loopback, without an archive."""
    given = {"delay": 0.0, "seconds": 20.0, "patience": 2.0, "tries": 2, "archive": None}
    return Options(**given | {"allow": ("127.0.0.0/8", "::1")} | changed)


def run(study: Study, into: Path, **changed: Any) -> CollectSummary:
    """Collect it."""
    return collect(study, into, options(**changed))


def lines(path: Path, event: str | None = None) -> list[dict[str, Any]]:
    """Lines of a file of JSON, those of one event where it is a log."""
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in found if event is None or line["event"] == event]
