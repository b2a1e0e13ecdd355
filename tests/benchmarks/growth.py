"""How time grows with the length of a text: each step from bytes to features on patterns that are hard for it.

Run: python tests/benchmarks/growth.py [--size CHARACTERS] [--only WORD]

Prints per step and pattern, as it is measured, the exponent of growth (1 is linear) from a text of half the length to
one of the length, and the seconds of processor time per MB; "features", all steps together, and what comes after it are
measured on 1 MB. Exit 1 where an exponent is above 1.15 and the time counts, or 1 MB takes more than 5 seconds.
Another step or pattern is a line in the tables below.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import time
from collections.abc import Callable
from itertools import islice

import pandas as pd

from analysis.annotation.features import chunk_features
from analysis.readers.clean import clean_body
from analysis.scoring import sentiment, targeted_sentiment
from analysis.text.concordance import kwic
from analysis.text.gazetteer import Gazetteer
from analysis.text.mentions import parse, text_mentions
from analysis.text.near_duplicates import signature
from analysis.text.sentences import split_sentences
from analysis.text.tokens import tokenize
from analysis.text.voice import quoted_spans, reported

EXPONENT, SECONDS, MEGABYTE = 1.15, 5.0, 1_000_000
#: Shorter times than this say nothing of growth.
NOISE = 0.05
NAMES = Gazetteer({"Castillo": ["Pedro Castillo", "Castillo"], "Rivas": ["Ada Rivas", "Rivas", "Rivas Inc."]})


def toward(text: str) -> object:
    """Sentiment toward every name in the text, taken for one sentence."""
    spans = [name.span() for name in re.finditer("Castillo|Rivas", text)]
    return targeted_sentiment([text] * len(spans), spans, language="en")


def features(text: str) -> object:
    """Everything that annotate keeps of an article."""
    article = {"article": "a", "outlet": "o", "language": "en", "published": pd.Timestamp("2022-12-07", tz="UTC")}
    rows = pd.DataFrame([{**article, "title": "", "body": text, "source": "html", "source_sha256": "0" * 64}])
    return chunk_features(rows.assign(body_kind=""), NAMES)


STEPS: dict[str, Callable[[str], object]] = {
    "sentences": lambda text: split_sentences(text, language="en"),
    "tokens": lambda text: tokenize(text, language="en"),
    "mentions": lambda text: text_mentions(parse([text], language="en"), NAMES),
    "mentions, Polish": lambda text: text_mentions(parse([text], language="pl"), NAMES),
    "quotations": quoted_spans,
    "voice": lambda text: reported(text.split(), language="en"),
    "sentiment": lambda text: sentiment(text, language="en"),
    "targeted sentiment": toward,
    "signatures": lambda text: signature(text.split()),
    "concordance": lambda text: kwic([text], "castillo", language="en"),
    "cleaning": clean_body,
    "features": features,
}


def dense(size: int) -> str:
    """A sentence in which every second word is a mention, each amid other words."""
    words = (f"{name} w{number % 977}{mark} " for number in range(size) for name, mark in NAMES_AND_MARKS)
    return "".join(islice(words, size // 10))[:size]


NAMES_AND_MARKS = (("Castillo", ","), ("Rivas", ""), ("Castillo's", ""), ("pro-Rivas", " said"))
#: Texts of another kind that are hard for some.
OTHERS: dict[str, tuple[Callable[[str], object], Callable[[int], str]]] = {
    "targeted sentiment, mentions amid other words": (toward, dense),
    "features, mentions amid other words": (features, dense),
}
#: Repeated to the length; between two bars each.
HARD = r"""
Dr. 😀 |said Castillo |Castillo said, |according to Castillo |demanding Castillo |a|a |Aa. |.|. |...|… |e.g. |No. 2 |
p. m. |etc. Monday |A.|U.S. |x)|“|“a|“a” |”|'a|' |``|,,|"|" |«»|? “Why |http://|@a|#Castillo|a-|Rivas-Castillo |-|don't|
's| |😀|1,|Rivas Inc. |Pedro Castillo met Castillo |według Castillo |CASTILLO |not very good but |é|word, word; |a/b|
a.b.|<p>|&amp;|_|O'|good bad """
PATTERNS = (*HARD.replace("\n", "").split("|"), "\n", "\n\n.", "\u200b", "e\u0301")


def seconds(step: Callable[[str], object], text: str) -> float:
    """Processor time of a step."""
    begun = time.process_time()
    step(text)
    return time.process_time() - begun


def measure(name: str, step: Callable[[str], object], text: str, label: str) -> str | None:
    """Print a row; returns it where it is above a bar."""
    short, long = (seconds(step, text[: len(text) // part]) for part in (2, 1))
    exponent = math.log2(long / max(short, 1e-9)) if long > NOISE else math.nan
    for _ in range(4 if exponent > EXPONENT else 0):  # again: another process may have had the caches
        short, long = (min(took, seconds(step, text[: len(text) // part])) for took, part in ((short, 2), (long, 1)))
        exponent = math.log2(long / short)
    row = f"{exponent:5.2f} {long * MEGABYTE / len(text):7.2f} s/MB  {name}: {label}"
    bad = exponent > EXPONENT or (len(text) > MEGABYTE / 2 and long > SECONDS)
    print(f"{row}{'  ABOVE' * bad}", flush=True)
    return row if bad else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=40_000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    for step in STEPS.values():  # lists and NLTK are loaded
        step("Castillo said no. “A coup,” he wrote.")
    size, bad = options.size, []
    for name, step in STEPS.items():
        for pattern in PATTERNS if options.only in name else ():
            length = MEGABYTE if name == "features" else size
            bad.append(measure(name, step, pattern * (length // len(pattern)), repr(pattern)))
    for name, (step, text) in OTHERS.items():
        if options.only in name:
            bad.append(measure(name, step, text(MEGABYTE), ""))
    found = list(filter(None, bad))
    print(f"{len(bad)} measured, {len(found)} above {EXPONENT} or {SECONDS:.0f} s for 1 MB", *found, sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
