"""What a folder holds after a run, in numbers and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from analysis.collect.texts import CHANGES
from analysis.collect.trouble import FOR_NOW, OUTCOMES


@dataclass
class Collection:
    """What a folder holds after a run.

    Attributes
    ----------
    folder : Path
    asked : int, articles asked for in this run
    outcomes : Counter, outcome → articles of the study, after their last time
    texts : Counter, kind of change → articles taken apart in this run
    with_text : int, articles of the study that have a text
    changed_pages : int, articles of this run whose page is another than the one kept before
    files : files of texts, in the order in which annotate takes the newest version of each
    """

    folder: Path
    asked: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    with_text: int = 0
    changed_pages: int = 0
    files: tuple[Path, ...] = ()

    def lines(self) -> Iterator[str]:
        """What to tell: every outcome with its number, and what became of the texts."""
        articles = self.outcomes.total()
        yield f"{self.folder}: {articles} articles, {self.with_text} with a text; {self.asked} asked for now"
        for outcome, meaning in OUTCOMES.items():
            if self.outcomes[outcome]:
                hint = "; --retry asks again" if outcome in FOR_NOW else ""
                yield f"{self.outcomes[outcome]:>7} {meaning}{hint}"
        if self.changed_pages:
            yield f"{self.changed_pages:>7} pages are others than were kept before; both are kept"
        for change, meaning in CHANGES.items():
            if self.texts[change]:
                yield f"{self.texts[change]:>7} texts {meaning}"
        if len(self.files) > 1:
            yield "Texts that changed lie beside those that were there; annotate takes the first it reads"
