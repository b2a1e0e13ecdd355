"""Lists of words, rules and weights that texts are measured with; how well each measures, and whose method it is."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

#: Entry points by which other packages offer sentiment instruments, each a `scoring.Instrument`.
GROUP = "castillo_coverage.instruments"


@cache
def word_lists(file: str, language: str) -> Any:
    """Lists of a language in a file of this folder; the general ones (`*`) of a language without lists."""
    every = tomllib.loads(Path(__file__).with_name(file).read_text(encoding="utf-8"))
    return every.get(language, every["*"])


@cache
def function_words(language: str | None) -> frozenset[str]:
    """Articles, pronouns, prepositions, conjunctions and auxiliaries of a language; none where it has no list."""
    listed = tomllib.loads(Path(__file__).with_name("function_words.toml").read_text(encoding="utf-8"))
    return frozenset(listed.get((language or "").split("-")[0], "").split())
