"""castillo-coverage: measures news coverage and compares it fairly.

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

#: Public name → module it lives in.
_HOME = {
    "load_study": "study",
    "Study": "study",
    "read_texts": "readers",
    "split_sentences": "text.tokens",
    "tokenize": "text.tokens",
    "find_mentions": "text.mentions",
    "Gazetteer": "text.gazetteer",
    "sentiment": "scoring",
    "targeted_sentiment": "scoring",
    "polarity": "scoring",
    "annotate": "annotation",
    "reprint_clusters": "text.near_duplicates",
    "frequency": "stats.frequency",
    "dispersion": "stats.frequency",
    "label_shares": "stats.frequency",
    "log_odds": "stats.difference",
    "difference": "stats.difference",
    "adjust_p": "stats.difference",
    "study_results": "results",
    "pair_results": "results",
    "kwic": "report.kwic",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"analysis.{_HOME[name]}"), name)
    raise AttributeError(f"module 'analysis' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
