"""Codes of a study's articles: those that count, agreement of coders, and differences of outlets."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.errors import AnalysisError, UnknownName
from analysis.paths import code_files
from analysis.results import cache_file, kept
from analysis.results.groups import article_facts, groups_of, of_outlets, units_of
from analysis.stats.agreement import agreement
from analysis.stats.inference import DIGITS
from analysis.stats.outlet_groups import (
    LEAST_ARTICLES,
    LEAST_TESTED_OUTLETS,
    add_family_q,
    compare_outlet_groups,
    outlet_shares,
)
from analysis.study import Study
from analysis.study.codings import SETTLED, counted, in_order, spread

#: Groups of fewer outlets are not shown.
LEAST_SHOWN_OUTLETS = 5
#: Fewest pages coded twice, on either side, by which a difference is corrected.
LEAST_TWICE_CODED = 10
#: Groups that differ in language, so that first coders, who worked by language, differ with them.
_LANGUAGES = ("group", "language")


def coded_values(study: Study) -> pd.DataFrame:
    """Codes that count of each article: 1, 0, or missing where nobody who counts coded it.

    Index article, columns (variable, value) with the unions that study.toml names.
    """
    return counted(_spread(study), study.settings.coders)


def _spread(study: Study) -> pd.DataFrame:
    """Codes by each coder, as `coded_values`."""
    if study.codes.empty:
        raise AnalysisError(
            f"{study.name} has no codes. Write codebook.csv and codings.csv (data/README.md says how), "
            f"then: castillo check {study.argument}"
        )
    return spread(study.codes, study.codebook, study.settings.combined)


def study_agreement(study: Study, column: str = "") -> pd.DataFrame:
    """Agreement of a study's coders on each variable and value (AGREEMENT), kept once it is computed.

    With a column of `article_facts` also within each of its values. AnalysisError where there are no codes, no article
    was coded twice, or there is no such column.
    """
    codes, facts = in_order(_spread(study), study.settings.coders), article_facts(study)
    groups = groups_of(facts, column) if column else None

    def compute() -> pd.DataFrame:
        kinds = study.codebook.drop_duplicates("variable").set_index("variable")["values_per_article"]
        single = {str(variable): kind == "single" for variable, kind in kinds.items()}
        own = codes.drop(index=SETTLED, level=1, errors="ignore")  # not what coders agreed on afterwards
        table = agreement(own, facts["outlet"], single=single, groups=groups, seed=study.settings.seed).round(DIGITS)
        return table[table["articles"] > 0].reset_index(drop=True)  # not what only mentions were coded for

    files = [study.folder / name for name in ("study.toml", "codebook.csv", "articles.csv", "outlets.csv")]
    table = kept(cache_file(__name__, [*files, *code_files(study.folder)], column), compute)
    if table.empty:
        raise AnalysisError(
            f"no article of {study.name} was coded twice, so agreement cannot be measured. Let a second coder code "
            f"some: castillo sheet {study.argument} --coder NAME --sample 40"
        )
    return table


def usable(study: Study, variable: str) -> dict[str, str]:
    """Values of a variable that may carry a finding, each with its verdict (firm or tentative)."""
    known = list(dict.fromkeys(study.codebook["variable"]))
    if variable not in known:
        raise UnknownName("variable", variable, f"is not in codebook.csv of {study.name}", known)
    table = study_agreement(study)
    whole = table[(table["group"] == "") & (table["variable"] == variable)].set_index("value")["verdict"]
    values = [str(value) for value in coded_values(study)[variable].columns]
    verdicts = {value: str(whole.get(value, whole.get(""))) for value in values}
    return {value: verdict for value, verdict in verdicts.items() if verdict != "not used"}


def code_shares(study: Study, variable: str, by: str | pd.Series) -> pd.DataFrame:
    """Shares of pages that have each usable value of a variable, by group (`outlet_shares`).

    Groups are a column of `article_facts`, or a Series (`portrait_groups`). Those of fewer than five outlets are left
    out; where outlets are what is compared pages are the unit, and groups have twenty of them.
    """
    firm = list(usable(study, variable))
    values, facts = coded_values(study)[variable][firm], article_facts(study)
    groups = groups_of(facts, by).reindex(values.index).dropna()
    table = outlet_shares(values.loc[groups.index], units_of(facts, by), groups)
    return table[table["outlets"] >= (LEAST_ARTICLES if of_outlets(by) else LEAST_SHOWN_OUTLETS)].round(DIGITS)


def code_differences(study: Study, variable: str, by: str | pd.Series) -> pd.DataFrame:
    """Differences between each group (as of `code_shares`) and the others in a variable, with what they survive.

    To the columns of `compare_outlet_groups` come `verdict` of the value and `fails`: the conditions in which the
    difference does not hold (its interval holds zero, or its sign turns), among them the pages coded twice.
    """
    verdicts = usable(study, variable)
    values, facts = coded_values(study)[variable][list(verdicts)], article_facts(study)
    facts = facts.loc[values.index]
    groups, units = groups_of(facts, by), units_of(facts, by)
    strata = [facts[name] for name in study.settings.match if name in facts]
    within = facts["language"] if within_language(by) else None

    def compare(rows: pd.Series, draws: int) -> pd.DataFrame:
        own = groups[rows].dropna()
        outlets = units[own.index] + " " + own  # an outlet with pages in two languages is two
        seed = study.settings.seed
        return compare_outlet_groups(
            values.loc[own.index], outlets, own, strata=strata, within=within, draws=draws, seed=seed
        )

    table = compare(groups.notna(), study.settings.draws)
    subsets = {"without aggregators": facts["aggregator"] != "yes", "without agency copy": facts["agency"].isna()}
    if not of_outlets(by):
        subsets["with one page per outlet"] = ~facts["outlet"].duplicated()
        sizes = facts["outlet"].groupby([groups, facts["outlet"]]).size()
        largest = [outlet for _, outlet in sizes.groupby(level=0).idxmax()]
        subsets["without the largest outlet of each group"] = ~facts["outlet"].isin(largest)
    others = {name: compare(rows, 1) for name, rows in subsets.items()}
    codes = in_order(_spread(study), study.settings.coders)[variable].dropna()
    place = codes.groupby(level=0).cumcount()  # of the coder, on the pages coded twice
    second = codes[place == 1].droplevel(1)
    first = codes[place == 0].droplevel(1).loc[second.index]
    twice = groups.reindex(first.index)
    fails = []
    for row in table.itertuples():
        wrong = []
        for name, other in others.items():
            ends = other.loc[(other["value"] == row.value) & (other["group"] == row.group), ["lower", "upper"]]
            if len(ends) and not (np.sign(ends) == np.sign(row.difference)).all(axis=None):
                wrong.append(name)
        wrong += _fails_on_twice_coded(row, first, second, twice, languages=not within_language(by))
        fails.append("; ".join(wrong))
    return table.assign(verdict=table["value"].map(verdicts), fails=fails).round(DIGITS)


def within_language(by: str | pd.Series) -> bool:
    """True where groups are compared within one language: not where the groups are languages themselves."""
    return not (isinstance(by, str) and by in _LANGUAGES)


def _fails_on_twice_coded(
    row: Any, first: pd.DataFrame, second: pd.DataFrame, groups: pd.Series, *, languages: bool
) -> list[str]:
    """Conditions on the pages coded twice in which a difference does not hold; none where they are too few.

    The mean change from first to second codes is added to the difference, and its variance to that of the difference
    (a difference estimator of two-phase sampling: Cochran 1977, ch. 12).
    """
    sides = groups == row.group, groups.notna() & (groups != row.group)
    if min(side.sum() for side in sides) < LEAST_TWICE_CODED:
        return []
    (here, there), wrong = ([codes.loc[side, row.value] for codes in (first, second)] for side in sides), []
    sign, changes = np.sign(row.difference), [after - before for before, after in (here, there)]
    estimate = row.difference + changes[0].mean() - changes[1].mean()
    variance = sum(change.var() / len(change) for change in changes)
    half = np.hypot((row.upper - row.lower) / 2, norm.isf(0.025) * np.sqrt(variance))
    if not (np.sign([estimate - half, estimate + half]) == sign).all():
        wrong.append("corrected by the second coders' codes")
    if languages and any((a.mean() - b.mean()) * sign < 0 for a, b in zip(here, there, strict=True)):
        wrong.append("on the pages coded twice")
    return wrong


def group_overlap(study: Study, by: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """Outlets and pages of each country × language × ownership × kind; groups → why they have no test."""
    facts = article_facts(study)
    parts = ["country", "language", "ownership", "medium"]
    table = facts.groupby(parts)["outlet"].agg(outlets="nunique", pages="size").reset_index()
    table = table.sort_values(["pages", *parts], ascending=[False, *[True] * 4], ignore_index=True)
    known = facts.dropna(subset=by)
    several = known.groupby("language")[by].transform("nunique") > 1
    reasons = {}
    for group, pages in known.groupby(by):
        few_outlets = pages["outlet"].nunique() < LEAST_TESTED_OUTLETS and not of_outlets(by)
        if few_outlets or len(pages) < LEAST_ARTICLES:
            reasons[str(group)] = "few"
        elif within_language(by) and not several[pages.index].any():
            reasons[str(group)] = "collinear"
    return table, reasons


def differences_of(study: Study, variables: Sequence[str], by: str | pd.Series) -> pd.DataFrame:
    """`code_differences` of several variables in one table, with the variable (`family`) and `q` over them."""
    return add_family_q({variable: code_differences(study, variable, by) for variable in variables}).round(DIGITS)
