"""Pages of a study's articles from the web, fetched politely and kept in a folder of one's own.

    guard ─ transport ─ decode ─▶ fetch ─▶ polite, robots ─▶ visit ─▶ wayback ─▶ article ─▶ workers ─▶ run
                                                                    lines ─▶ record ─▶ texts ─▶

Everything heavy is imported when the function is called.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.collect.options import Options
from analysis.errors import MissingLibrary

if TYPE_CHECKING:
    from analysis.collect.sums import Collection
    from analysis.progress import Progress
    from analysis.study import Study

_NEEDED = ("httpcore", "httpx", "protego", "trafilatura")


def collect(
    study: Study, folder: Path, options: Options | None = None, *, progress: Progress | None = None
) -> Collection:
    """Download the pages that `articles.csv` has addresses of, and make texts of them.

    What was asked for is not asked for again: a run that was cut off goes on where it was. A new page or another
    version of the extraction never replaces a text; the new version lies beside it.

    Parameters
    ----------
    study : Study
    folder : Path, made where it does not exist; gets log.jsonl, pages/ and texts.jsonl
    options : Options
    progress : Progress, what a terminal shows

    Returns
    -------
    Collection

    Raises
    ------
    MissingLibrary
        Where the extra `collect` is not installed.
    AnalysisError
        Where the folder cannot be written, or holds what another study or no run of collect left.
    """
    for library in _NEEDED:
        if find_spec(library) is None:
            raise MissingLibrary(library, "collect", "castillo collect")
    from analysis.collect.run import run

    return run(study, Path(folder), options or Options(), progress=progress)


__all__ = ["Options", "collect"]
