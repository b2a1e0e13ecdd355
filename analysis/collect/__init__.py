"""Pages of a study's articles from the web, fetched politely and kept in a folder of one's own.

`visit` goes from an address to its page, `folder` keeps pages and texts, `run` does all of it.
Everything heavy is imported when `collect` is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import AnalysisError, MissingLibrary

if TYPE_CHECKING:
    from analysis.collect.run import CollectSummary
    from analysis.study import Study


@dataclass(frozen=True)
class Options:
    """Options of a run of collect; these defaults are those of the program."""

    contact: str = ""  # a mail address or page that site owners can turn to; sent with every request
    delay: float = 2.0  # least seconds between requests to a host; robots.txt may ask for more
    hosts: int = 4  # hosts at once
    seconds: float = 60.0  # most seconds for one page in all
    size: int = 8_000_000  # most bytes of a page
    patience: float = 300.0  # most seconds that a host which asks for patience is waited for
    tries: int = 3  # how often a page is asked for in one run
    archive: str | None = "https://web.archive.org"  # address of the Internet Archive; None does without
    allow: tuple[str, ...] = ()  # networks that may be asked although they are not public
    retry: bool = False  # ask again for what failed for now
    again: bool = False  # ask again for everything, and report what changed

    def __post_init__(self) -> None:
        if not (self.contact.isascii() and self.contact.isprintable()):
            raise AnalysisError(f"--contact {self.contact[:60]!r} is not plain text. Give a mail address or https://…")
        if self.archive and not self.archive.startswith(("https://", "http://")):
            raise AnalysisError(f"--archive {self.archive!r} is no address. Write https://…")


def collect(study: Study, folder: Path, options: Options | None = None) -> CollectSummary:
    """Download the pages that `articles.csv` has addresses of, extract their texts, and return the folder's state.

    Pages already fetched are not asked for again: a run that was cut off continues. A new page or another version
    of the extraction never replaces a text; the new version lies beside it.
    """
    for library in ("httpx", "protego", "trafilatura"):
        if find_spec(library) is None:
            raise MissingLibrary(library, "collect", "castillo collect")
    from analysis.collect.run import run

    return run(study, Path(folder), options or Options())
