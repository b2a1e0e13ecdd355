"""Coded articles with what is known of them, and the groups and units in which they are compared."""

import pandas as pd

from analysis.errors import UnknownName
from analysis.study import Study


def article_facts(study: Study) -> pd.DataFrame:
    """Articles with what is known of them and their outlets, and their period and group; index article.

    A month counts for a period that holds all of it.
    """
    facts = study.manifest.merge(study.outlets.drop(columns="language"), on="outlet").set_index("article")
    first = facts["published"].dt.tz_convert(study.settings.timezone).dt.tz_localize(None).dt.normalize()
    first = first.where(~facts["timestamp"].isin(["day", "month"]), facts["published"].dt.tz_localize(None))
    last = first.where(facts["timestamp"] != "month", first + pd.offsets.MonthEnd(0))
    facts["period"] = study.period_of(first).where(study.period_of(first) == study.period_of(last))
    facts["group"] = None
    for rule in reversed(study.settings.groups):
        allowed = {name: getattr(rule, name) for name in ("country", "language", "ownership", "medium")}
        fits = pd.DataFrame({name: facts[name].isin(values) for name, values in allowed.items() if values})
        facts.loc[fits.all(axis=1).reindex(facts.index, fill_value=True), "group"] = rule.name
    return facts


def portrait_groups(study: Study, outlet: str, other: str = "") -> pd.Series:
    """Names of the outlet and of what it is set beside, index article: another, or its country's in its language."""
    facts, name = article_facts(study), study.outlet_name(outlet)
    mine = facts["outlet"] == outlet
    alike = facts["country"].isin(facts["country"][mine]) & facts["language"].isin(facts["language"][mine])
    groups = pd.Series(None, index=facts.index, dtype="str")
    if other:
        groups[facts["outlet"] == other] = study.outlet_name(other)
    else:
        groups[alike] = "the country's other outlets"
    groups[mine] = name
    return groups


def of_outlets(by: str | pd.Series) -> bool:
    """True where single outlets are compared, so that their pages are the unit."""
    return not isinstance(by, str) or by == "outlet"


def groups_of(facts: pd.DataFrame, by: str | pd.Series) -> pd.Series:
    """The group of each page: a column of `article_facts`, or a Series of them; UnknownName where there is none."""
    if not isinstance(by, str):
        return by.reindex(facts.index)
    if by not in facts or facts[by].isna().all():
        where = "[[groups]] of study.toml" if by == "group" else "articles.csv or outlets.csv"
        raise UnknownName("grouping", by, f"is not in {where}", [str(name) for name in facts if name != by])
    return facts[by]


def units_of(facts: pd.DataFrame, by: str | pd.Series) -> pd.Series:
    """The outlet of each page, or the page itself where single outlets are compared."""
    return pd.Series(facts.index, index=facts.index) if of_outlets(by) else facts["outlet"]
