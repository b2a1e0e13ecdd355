"""Measured validity of each instrument."""

from pathlib import Path

import pandas as pd

VALIDITY = Path(__file__).with_name("validity.csv")
#: Sentiment instruments as validity.csv calls them.
_CALLED = {"vader": "VADER on the whole sentence", "targeted": "linear model around the target"}


def sentiment_validity(instrument: str) -> pd.DataFrame:
    """Rows of validity.csv on a sentiment instrument on texts of no study here; empty where nobody has looked."""
    table = pd.read_csv(VALIDITY)
    called = _CALLED.get(instrument)
    return table[table["who"].str.startswith(called) & (table["study"] == "*")] if called else table[:0]
