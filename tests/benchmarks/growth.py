"""How time grows with the length of a text: each step from text to features on patterns that are hard for it.

Run: python tests/benchmarks/growth.py [--size CHARACTERS] [--only WORD]

Prints per step and pattern the exponent of growth (1 is linear) from two doublings and the seconds for 1 MB, the worst
first; exit 1 where an exponent is above 1.15 and the time matters, or 1 MB takes more than 5 seconds of one core.
Another step or pattern is a line in the tables below.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable

from analysis.text.concordance import kwic
from analysis.text.gazetteer import Gazetteer
from analysis.text.mentions import parse, text_mentions
from analysis.text.near_duplicates import signature
from analysis.text.sentences import split_sentences
from analysis.text.tokens import tokenize
from analysis.text.voice import quoted_spans, reported

EXPONENT, SECONDS = 1.15, 5.0
#: Shorter times than this say nothing of growth.
NOISE = 0.1
NAMES = Gazetteer({"Castillo": ["Pedro Castillo", "Castillo"], "Rivas": ["Ada Rivas", "Rivas", "Rivas Inc."]})

STEPS: dict[str, Callable[[str], object]] = {
    "sentences": lambda text: split_sentences(text, language="en"),
    "tokens": lambda text: tokenize(text, language="en"),
    "mentions": lambda text: text_mentions(parse([text], language="en"), NAMES),
    "mentions, Polish": lambda text: text_mentions(parse([text], language="pl"), NAMES),
    "quotations": quoted_spans,
    "voice": lambda text: reported(text.split(), language="en"),
    "signatures": lambda text: signature(text.split()),
    "concordance": lambda text: kwic([text], "castillo", language="en"),
}
#: Repeated to the length.
PATTERNS = (
    *(
        "Dr. 😀 ",
        "said Castillo ",
        "Castillo said, ",
        "according to Castillo ",
        "demanding Castillo ",
        "a",
        "a ",
        "Aa. ",
    ),
    *(
        "Aa. ",
        ".",
        ". ",
        "...",
        "… ",
        "e.g. ",
        "No. 2 ",
        "p. m. ",
        "etc. Monday ",
        "A.",
        "U.S. ",
        "x)",
        "“",
        "“a",
        "“a” ",
    ),
    *(
        "”",
        "'a",
        "' ",
        "``",
        ",,",
        '"',
        '" ',
        "«»",
        "? “Why ",
        "http://",
        "@a",
        "#Castillo",
        "Rivas-Castillo ",
        "-",
        "a-",
    ),
    *("-", "a-", "don't", "'s", " ", "\n", "\n\n.", "😀", "1,", "Rivas Inc. ", "Pedro Castillo met Castillo "),
    *(
        "według Castillo ",
        "CASTILLO ",
        "not very good but ",
        "é",
        "e\u0301",
        "word, word; ",
        "a/b",
        "a.b.",
        "<p>",
        "\u200b",
        "_",
        "O'",
    ),
)


def seconds(step: Callable[[str], object], text: str) -> float:
    """Processor time of a step."""
    begun = time.process_time()
    step(text)
    return time.process_time() - begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    for step in STEPS.values():  # lists and NLTK are loaded
        step("Castillo said no. “A coup,” he wrote.")
    rows = []
    for name, step in STEPS.items():
        for pattern in PATTERNS if options.only in name else ():
            text = pattern * (options.size // len(pattern))
            short, long = (seconds(step, text[: len(text) // part]) for part in (4, 1))
            exponent = math.log2(max(long, 1e-9) / max(short, 1e-9)) / 2 if long > NOISE else 1.0
            rows.append((exponent, long * 1e6 / options.size, name, pattern))
    bad = [row for row in rows if row[0] > EXPONENT or row[1] > SECONDS]
    for exponent, took, name, pattern in sorted(rows, reverse=True)[:25]:
        print(f"{exponent:5.2f} {took:7.2f} s/MB  {name}: {pattern!r}")
    print(f"{len(rows)} measured, {len(bad)} above {EXPONENT} or {SECONDS:.0f} s/MB: {[row[2:] for row in bad]}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
