"""A study's supplement: words of another source, shown beside its own, described and never tested."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.study import Study


def press_words(study: Study, words: Sequence[str] = ()) -> pd.DataFrame:
    """How newspapers worded their tweets: for each word, week and newspaper its rank and count per 100 tweets.

    Parameters
    ----------
    words : which; the terms of the study's supplement where none is given

    Returns
    -------
    DataFrame
        week, word, then a column per newspaper: "4.5 (rank 3)", or "below 30" where it is not among the first thirty;
        no row where the study has no supplement.
    """
    table = _supplement(study)
    if table is None or study.settings.supplement is None:
        return pd.DataFrame(columns=["week", "word"])
    words = words or study.settings.supplement.terms
    table = table.assign(
        week=table["year"].astype(str) + "-W" + table["week"].astype(str).str.zfill(2),
        shown=[
            f"{100 * count / tweets:.1f} (rank {rank})"
            for count, tweets, rank in zip(table["count"], table["tweets"], table["rank"], strict=True)
        ],
    )
    every = pd.MultiIndex.from_product([sorted(table["week"].unique()), list(words)], names=["week", "word"])
    wide = table.pivot_table(index=["week", "word"], columns="newspaper", values="shown", aggfunc="first")
    return wide.reindex(every).fillna("below 30").reset_index()


def press_size(study: Study) -> pd.DataFrame:
    """Tweets per newspaper and week in the supplement; no row where there is none."""
    table = _supplement(study)
    if table is None:
        return pd.DataFrame(columns=["newspaper", "year", "week", "tweets"])
    return table[["newspaper", "year", "week", "tweets"]].drop_duplicates().reset_index(drop=True)


def about_supplement(study: Study) -> str:
    """What the study's supplement is, or that it has none."""
    return study.settings.supplement.about if study.settings.supplement else "This study has no such supplement."


def _supplement(study: Study) -> pd.DataFrame | None:
    return None if study.settings.supplement is None else study.supplement(study.settings.supplement.file)
