"""The language of a text that does not say it, by py3langid (Lui & Baldwin 2012, ACL System Demonstrations).

Offline, 4.5 MB, a naive Bayes model of 97 languages: the same text has the same language on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

from analysis.errors import MissingLibrary
from analysis.readers.row import BadRow

#: Fewer letters tell no language; more than so many characters tell no more.
_LEAST, _MOST = 20, 4000
#: Least probability of a language that is believed.
_SURE = 0.6


def detector(languages: Collection[str]) -> Callable[[str], str | BadRow]:
    """A function of a text: its language where that is one of `languages`, else why it is set aside.

    All languages the model knows are weighed, not only the study's: an article in none of them is to be noticed.

    Raises
    ------
    MissingLibrary
        By the function, where py3langid is not installed.
    """
    known = ", ".join(languages)

    def detect(text: str) -> str | BadRow:
        if sum(map(str.isalpha, text[:_MOST])) < _LEAST:
            return BadRow("language is missing, and the text is too short to tell it")
        found, probability = _model().classify(text[:_MOST])
        if probability < _SURE:
            return BadRow("language is missing, and the text does not tell it")
        if found not in languages:
            return BadRow(f"language is missing; detected {found}, none of the study's ({known})")
        return str(found)

    return detect


@lru_cache(maxsize=1)
def _model() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise MissingLibrary("py3langid", "readers", "telling the language of texts") from error
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
