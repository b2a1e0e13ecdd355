"""Measures of news coverage: tokens, entities, sentiment, distinctive words, and fair comparisons of outlets.

Importing the package imports nothing heavy: each public name is loaded with its module when first used (PEP 562).
"""

import os
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: What says how many threads linear algebra takes; read when numpy is first imported.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# The matrices here are small: threads mostly wait for one another, and on a busy machine a notebook takes three times
# as long. Reports are made with one as well. Whoever has set a number keeps it.
for _name in THREADS:
    os.environ.setdefault(_name, "1")

#: Public name → module it lives in. On plain strings first, then on studies.
_HOME = {
    "split_sentences": "text.sentences",
    "tokenize": "text.tokens",
    "Gazetteer": "text.gazetteer",
    "find_mentions": "text.mentions",
    "kwic": "text.concordance",
    "sentiment": "scoring",
    "targeted_sentiment": "scoring",
    "polarity": "scoring",
    "entity_frequency": "stats.frequency",
    "dispersion": "stats.frequency",
    "keyness": "stats.keyness",
    "difference": "stats.difference",
    "read_texts": "readers",
    "annotate": "annotation.run",
    "load_study": "study",
    "Study": "study",
    "study_results": "results",
    "pair_results": "results",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"analysis.{_HOME[name]}"), name)
    raise AttributeError(f"module 'analysis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
