"""Codes of articles as tables of 1 and 0, and which of several coders' codes count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from analysis.study.settings import Combined, Settings

#: The coder whose codes count before all others'.
SETTLED = "settled"


def spread(codings: pd.DataFrame, codebook: pd.DataFrame, combined: Sequence[Combined] = ()) -> pd.DataFrame:
    """Codes of whole articles, 1 where a value was given and 0 where it was not.

    Parameters
    ----------
    codings : DataFrame (CODINGS)
    codebook : DataFrame (CODEBOOK_CSV)
    combined : unions of values under a name of their own

    Returns
    -------
    DataFrame, index (article, coder) sorted, columns (variable, value) in the codebook's order, combined values last
    within their variable; missing where the coder did not read the article or the variable does not apply
    """
    rows, unit = codings[codings["start"].isna()].assign(given=1.0), ["article", "coder"]
    columns = pd.MultiIndex.from_frame(codebook[["variable", "value"]])
    table = rows[rows["status"] == "coded"].pivot(index=unit, columns=["variable", "value"], values="given")
    index = pd.MultiIndex.from_frame(rows[unit].drop_duplicates().sort_values(unit))
    table = table.reindex(index=index, columns=columns)
    applies = rows[rows["status"] != "not-applicable"].drop_duplicates([*unit, "variable"])
    read = applies.pivot(index=unit, columns="variable", values="given")
    for union in combined:
        table[(union.variable, union.name)] = table[[(union.variable, value) for value in union.values]].max(axis=1)
    order = {variable: place for place, variable in enumerate(codebook["variable"].unique())}
    table = table[sorted(table.columns, key=lambda column: order[column[0]])]
    known = read.reindex(index=index, columns=table.columns.get_level_values(0)).notna().to_numpy()
    return table.fillna(0.0).where(known)


def in_order(coded: pd.DataFrame, coders: Sequence[str]) -> pd.DataFrame:
    """Rows of `spread` by article and then by the precedence of coders: settled codes, those named, the others."""
    articles, names = (coded.index.get_level_values(level) for level in (0, 1))
    return coded.iloc[np.lexsort((_ranks(names.to_series(), coders), articles))]


def _ranks(names: pd.Series, coders: Sequence[str]) -> pd.Series:
    """Precedence of coders: settled codes, those named, the others."""
    ranks = {coder: place for place, coder in enumerate([SETTLED, *coders])}
    return names.map(ranks).fillna(len(ranks))


def counted(coded: pd.DataFrame, coders: Sequence[str] = ()) -> pd.DataFrame:
    """The codes that count: of each article and variable, those of the first coder by precedence who coded it.

    Where `coders` are named, only their codes and the settled ones count. Index article.
    """
    if coders:
        coded = coded[coded.index.get_level_values(1).isin([SETTLED, *coders])]
    return in_order(coded, coders).groupby(level=0).first()


def counted_mentions(codings: pd.DataFrame, variable: str, coders: Sequence[str] = ()) -> pd.DataFrame:
    """Mentions with the code of a variable that counts: article, start, end, entry, and the variable."""
    rows = codings[codings["start"].notna() & (codings["variable"] == variable) & (codings["status"] == "coded")]
    rows = rows[rows["coder"].isin([SETTLED, *coders])] if coders else rows
    ranked = rows.assign(rank=_ranks(rows["coder"], coders)).sort_values(["article", "start", "end", "rank"])
    first = ranked.drop_duplicates(["article", "start", "end"])
    named = first.rename(columns={"target": "entry", "value": variable})
    return named[["article", "start", "end", "entry", variable]].astype({"start": "int64", "end": "int64"})


def add_coded_facts(articles: pd.DataFrame, settings: Settings, codebook: pd.DataFrame, codings: pd.DataFrame) -> None:
    """Write the codes that count of genre, subevent and body_kind, as far as the codebook has them, into articles."""
    for variable in {"genre", "subevent", "body_kind"} & set(codebook["variable"]):
        of, named = (table[table["variable"] == variable] for table in (codings, codebook))
        coded = counted(spread(of, named), settings.coders)[variable].dropna(how="all")
        codes = coded.idxmax(axis=1).where(coded.max(axis=1) > 0) if len(coded) else pd.Series(dtype="str")
        articles[variable] = articles["article"].map(codes).astype("str").fillna(articles[variable])
