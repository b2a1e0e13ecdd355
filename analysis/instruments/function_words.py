"""Function words of each language, which tell how a desk writes and not what it writes about."""

import tomllib
from functools import cache
from pathlib import Path

FUNCTION_WORDS = Path(__file__).with_name("function_words.toml")


@cache
def function_words(language: str | None) -> frozenset[str]:
    """Articles, pronouns, prepositions, conjunctions and auxiliaries of a language, in small letters.

    Parameters
    ----------
    language : str, BCP 47; None where it is not one

    Returns
    -------
    frozenset of str, empty for a language that has no list
    """
    listed = tomllib.loads(FUNCTION_WORDS.read_text(encoding="utf-8"))
    return frozenset(listed.get((language or "").split("-")[0], "").split())
