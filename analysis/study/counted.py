"""Codes of articles as tables of 1 and 0, and which of several coders' codes count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
    rows = codings[codings["start"].isna()]
    columns = pd.MultiIndex.from_frame(codebook[["variable", "value"]])
    given = rows[rows["status"] == "coded"].assign(given=1.0)
    table = given.pivot(index=["article", "coder"], columns=["variable", "value"], values="given")
    index = pd.MultiIndex.from_frame(rows[["article", "coder"]].drop_duplicates().sort_values(["article", "coder"]))
    table = table.reindex(index=index, columns=columns)
    applies = rows[rows["status"] != "not-applicable"].assign(read=True)
    read = applies.drop_duplicates(["article", "coder", "variable"]).pivot(
        index=["article", "coder"], columns="variable", values="read"
    )
    for union in combined:
        table[(union.variable, union.name)] = table[[(union.variable, value) for value in union.values]].max(axis=1)
    order = {variable: place for place, variable in enumerate(codebook["variable"].unique())}
    table = table[sorted(table.columns, key=lambda column: order[column[0]])]
    known = read.reindex(index=index, columns=table.columns.get_level_values(0)).notna().to_numpy()
    return table.fillna(0.0).where(known)


def in_order(coded: pd.DataFrame, coders: Sequence[str]) -> pd.DataFrame:
    """Rows of `spread` by article and then by the precedence of coders: settled codes, those named, the others."""
    ranks = {coder: place for place, coder in enumerate([SETTLED, *coders])}
    rank = pd.Series([ranks.get(coder, len(ranks)) for coder in coded.index.get_level_values(1)], index=coded.index)
    order = pd.DataFrame({"article": coded.index.get_level_values(0), "rank": rank.to_numpy()})
    return coded.iloc[order.reset_index().sort_values(["article", "rank", "index"])["index"].to_numpy()]


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
    ranks = {coder: place for place, coder in enumerate([SETTLED, *coders])}
    rows = rows[rows["coder"].isin(list(ranks))] if coders else rows
    first = rows.assign(rank=rows["coder"].map(ranks).fillna(len(ranks))).sort_values("rank", kind="stable")
    first = first.drop_duplicates(["article", "start", "end"]).sort_values(["article", "start", "end"])
    named = first.rename(columns={"target": "entry", "value": variable})
    return named[["article", "start", "end", "entry", variable]].astype({"start": "int64", "end": "int64"})


def add_coded_facts(articles: pd.DataFrame, settings: Settings, codebook: pd.DataFrame, codings: pd.DataFrame) -> None:
    """Write the codes that count of genre, subevent and body_kind, as far as the codebook has them, into articles."""
    for variable in {"genre", "subevent", "body_kind"} & set(codebook["variable"]):
        own = codebook["variable"] == variable
        coded = counted(spread(codings[codings["variable"] == variable], codebook[own]), settings.coders)[
            variable
        ].dropna(how="all")
        codes = coded.idxmax(axis=1).where(coded.max(axis=1) > 0) if len(coded) else pd.Series(dtype="str")
        articles[variable] = articles["article"].map(codes).astype("str").fillna(articles[variable])
