"""What people coded in a study's articles: the codes that count, agreement of coders, and differences of outlets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import numpy as np
import pandas as pd

from analysis.dependencies import code_behind, content_digest
from analysis.errors import AnalysisError
from analysis.paths import cache_folder, code_files, digest, find_root, replace_file
from analysis.stats.agreement import agreement
from analysis.stats.inference import DIGITS
from analysis.stats.outlet_groups import add_family_q, compare_outlet_groups, outlet_shares
from analysis.study import Study
from analysis.study.codings import counted, in_order, spread
from analysis.study.settings import GroupRule


def coded_values(study: Study) -> pd.DataFrame:
    """Codes that count of each article: 1, 0, or missing where nobody who counts coded it.

    Index article, columns (variable, value) with the unions that study.toml names.
    """
    return counted(_spread(study), study.settings.coders)


def _spread(study: Study) -> pd.DataFrame:
    if study.codings.empty:
        raise AnalysisError(
            f"{study.name} has no codes. Write codebook.csv and codings.csv (data/README.md says how), "
            f"then: castillo check {study.argument}"
        )
    return spread(study.codings, study.codebook, study.settings.combined)


def article_facts(study: Study) -> pd.DataFrame:
    """Articles with what articles.csv and outlets.csv say of them, their period, group and sub-event; index article.

    A month counts for a period that holds all of it. A sub-event that is coded replaces that of articles.csv.
    """
    facts = study.manifest.merge(study.outlets.drop(columns="language"), on="outlet").set_index("article")
    first = facts["published"].dt.tz_convert(study.settings.timezone).dt.tz_localize(None).dt.normalize()
    first = first.where(~facts["timestamp"].isin(["day", "month"]), facts["published"].dt.tz_localize(None))
    last = first.where(facts["timestamp"] != "month", first + pd.offsets.MonthEnd(0))
    facts["period"] = study.period_of(first).where(study.period_of(first) == study.period_of(last))
    facts["group"] = None
    for rule in reversed(study.settings.groups):
        facts.loc[_belongs(facts, rule), "group"] = rule.name
    if "subevent" in set(study.codebook["variable"]):
        codes = coded_values(study)["subevent"]
        facts["subevent"] = codes.idxmax(axis=1).where(codes.max(axis=1) > 0).reindex(facts.index)
    return facts


def _belongs(facts: pd.DataFrame, rule: GroupRule) -> pd.Series:
    conditions = {
        "country": rule.country,
        "language": rule.language,
        "ownership": rule.ownership,
        "medium": rule.medium,
    }
    fits = pd.Series(True, index=facts.index)
    for column, allowed in conditions.items():
        fits &= facts[column].isin(allowed) if allowed else True
    return fits


def study_agreement(study: Study, column: str = "") -> pd.DataFrame:
    """Agreement of a study's coders on each variable and value (AGREEMENT), kept once it is computed.

    Parameters
    ----------
    study : Study with codes
    column : column of `article_facts`; agreement is computed within each of its values as well

    Raises
    ------
    AnalysisError
        Where the study has no codes, no article was coded twice, or there is no such column.
    """
    codes, facts = in_order(_spread(study), study.settings.coders), article_facts(study)
    if column and column not in facts:
        raise AnalysisError(f"no column {column!r} in articles.csv or outlets.csv. There: {', '.join(facts.columns)}.")
    files = [study.folder / name for name in ("study.toml", "codebook.csv", "articles.csv", "outlets.csv")]
    inputs = [column, *(content_digest(file) for file in (*files, *code_files(study.folder)))]
    key = digest(json.dumps([code_behind(__name__).digest, inputs]).encode())
    path = cache_folder(find_root()) / "results" / f"agreement-{key}.parquet"
    if path.exists():
        return pd.read_parquet(path)
    kinds = study.codebook.drop_duplicates("variable").set_index("variable")["values_per_article"]
    single = {str(variable): kind == "single" for variable, kind in kinds.items()}
    groups = facts[column] if column else None
    table = agreement(codes, facts["outlet"], single=single, groups=groups, seed=study.settings.seed).round(DIGITS)
    if table.empty:
        raise AnalysisError(f"no article of {study.name} was coded twice, so agreement cannot be measured")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, table.to_parquet)
    return table


def usable(study: Study, variable: str) -> dict[str, str]:
    """Values of a variable that may carry a finding, each with its verdict (firm or tentative)."""
    table = study_agreement(study)
    whole = table[(table["group"] == "") & (table["variable"] == variable)].set_index("value")["verdict"]
    values = [str(value) for value in coded_values(study)[variable].columns]
    verdicts = {value: str(whole.get(value, whole.get(""))) for value in values}
    return {value: verdict for value, verdict in verdicts.items() if verdict != "not used"}


def code_shares(study: Study, variable: str, by: str) -> pd.DataFrame:
    """Shares of pages that have each usable value of a variable, by a column of `article_facts`; see `outlet_shares`.

    Groups of fewer than five outlets are left out.
    """
    values, facts = coded_values(study)[variable][list(usable(study, variable))], article_facts(study)
    groups = facts[by].reindex(values.index).dropna()
    table = outlet_shares(values.loc[groups.index], facts["outlet"], groups)
    return table[table["outlets"] >= LEAST_OUTLETS].round(DIGITS)


#: Groups of fewer outlets are not shown.
LEAST_OUTLETS = 5


def code_differences(study: Study, variable: str, by: str) -> pd.DataFrame:
    """Differences between each group of outlets and the others in a variable, with what they survive.

    Columns of `compare_outlet_groups`, then `verdict` of the value and `fails`: the conditions in which the difference
    does not hold (its interval holds zero, or its sign turns), among them the pages coded twice, by either coder.
    """
    verdicts = usable(study, variable)
    values, facts = coded_values(study)[variable][list(verdicts)], article_facts(study)
    facts = facts.loc[values.index]
    within = None if by in ("group", "language") else facts["language"]
    compare = partial(_compare, study, by=by, within=within)
    table = compare(values, facts, draws=study.settings.draws)
    subsets = {
        "without aggregators": facts["aggregator"] != "yes",
        "without agency copy": facts["agency"].isna(),
        "with one page per outlet": ~facts["outlet"].duplicated(),
        "without the largest outlet of each group": ~facts["outlet"].isin(_largest(facts, by)),
    }
    kept = {name: compare(values[rows], facts[rows], draws=1) for name, rows in subsets.items()}
    twice = _signs_of_twice_coded(study, variable, facts[by])
    fails = []
    for row in table.itertuples():
        sign, wrong = np.sign(row.difference), []
        for name, other in kept.items():
            same = other[(other["value"] == row.value) & (other["group"] == row.group)]
            ends = same[["lower", "upper"]].to_numpy()
            if len(ends) and not (np.sign(ends) == sign).all():
                wrong.append(name)
        if not within_language(by) and (np.array(twice.get((row.value, row.group), ())) * sign < 0).any():
            wrong.append("on the pages coded twice")
        fails.append("; ".join(wrong))
    return table.assign(verdict=table["value"].map(verdicts), fails=fails).round(DIGITS)


def within_language(by: str) -> bool:
    """Whether groups are compared within one language: not where the groups are languages themselves."""
    return by not in ("group", "language")


def _compare(
    study: Study, values: pd.DataFrame, facts: pd.DataFrame, *, by: str, within: pd.Series | None, draws: int
) -> pd.DataFrame:
    known = facts[by].dropna().index
    strata = [facts[name] for name in study.settings.match if name in facts]
    return compare_outlet_groups(
        values.loc[known],
        facts["outlet"] + " " + facts[by],  # an outlet with pages in two languages is two
        facts[by],
        strata=strata,
        within=within,
        draws=draws,
        seed=study.settings.seed,
    )


def _largest(facts: pd.DataFrame, by: str) -> list[str]:
    """The outlet with most articles of each group."""
    counts = facts.groupby([by, "outlet"]).size()
    return [str(outlet) for _, outlet in counts.groupby(level=0).idxmax()]


def _signs_of_twice_coded(study: Study, variable: str, groups: pd.Series) -> dict[tuple[str, str], tuple[float, float]]:
    """Difference of shares between a group and the others on the pages coded twice, by the first and second coder."""
    codes = in_order(_spread(study), study.settings.coders)[variable]
    order = codes.groupby(level=0).cumcount()
    second = codes[order == 1].droplevel(1)
    parts = (codes[order == 0].droplevel(1).loc[second.index], second)
    of = groups.reindex(second.index)
    differences = {
        group: [part[of == group].mean() - part[of != group].mean() for part in parts] for group in set(of.dropna())
    }
    return {
        (str(value), str(group)): (float(first[value]), float(other[value]))
        for group, (first, other) in differences.items()
        for value in codes.columns
    }


def differences_of(study: Study, variables: Sequence[str], by: str) -> pd.DataFrame:
    """`code_differences` of several variables in one table, with the variable (`family`) and `q` over them."""
    return add_family_q({variable: code_differences(study, variable, by) for variable in variables}).round(DIGITS)
