"""What people coded in a study's articles: the codes that count, and how far coders agree."""

from __future__ import annotations

import pandas as pd

from analysis.errors import AnalysisError
from analysis.stats.agreement import agreement
from analysis.study import Study
from analysis.study.codings import counted, in_order, spread


def coded_values(study: Study) -> pd.DataFrame:
    """Codes that count of each article: 1, 0, or missing where nobody who counts coded it.

    Index article, columns (variable, value) with the unions that study.toml names.
    """
    codes = spread(study.codings, study.codebook, study.settings.combined)
    return counted(codes, study.settings.coders)


def study_agreement(study: Study, column: str = "") -> pd.DataFrame:
    """Agreement of a study's coders on each variable and value (AGREEMENT), for all articles.

    Parameters
    ----------
    study : Study with codes
    column : column of articles.csv or outlets.csv; agreement is computed within each of its values as well

    Raises
    ------
    AnalysisError
        Where the study has no codes, no article was coded twice, or there is no such column.
    """
    if study.codings.empty:
        raise AnalysisError(
            f"{study.name} has no codes. Write codebook.csv and codings.csv (data/README.md says how), "
            f"then: castillo check {study.argument}"
        )
    articles = study.manifest.merge(study.outlets.drop(columns="language"), on="outlet").set_index("article")
    if column and column not in articles:
        raise AnalysisError(
            f"no column {column!r} in articles.csv or outlets.csv. There: {', '.join(articles.columns)}."
        )
    codes = in_order(spread(study.codings, study.codebook, study.settings.combined), study.settings.coders)
    kinds = study.codebook.drop_duplicates("variable").set_index("variable")["values_per_article"]
    table = agreement(
        codes,
        articles["outlet"],
        single={str(variable): kind == "single" for variable, kind in kinds.items()},
        groups=articles[column] if column else None,
        seed=study.settings.seed,
    )
    if table.empty:
        raise AnalysisError(f"no article of {study.name} was coded twice, so agreement cannot be measured")
    return table
