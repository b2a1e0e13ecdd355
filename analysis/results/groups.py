"""Groups of outlets (by country, by ownership) and of coded articles, and the units in which they are compared."""

import pandas as pd

from analysis.errors import UnknownName
from analysis.stats.inference import ALPHA, DIGITS
from analysis.stats.outlet_groups import LEAST_ARTICLES, LEAST_TESTED_OUTLETS, compare_outlet_groups
from analysis.study import Study, selection
from analysis.wording import listing, plural


def group_differences(study: Study, column: str) -> pd.DataFrame:
    """Each group of outlets by a column of outlets.csv against all others, in the share of articles naming each actor.

    Of the outlets that may stand in a reference, on days when they were observed, in the study's primary text; empty
    where no group has enough outlets.
    """
    chosen = selection.select(study)
    groups = chosen.articles["outlet"].map(study.outlets.set_index("outlet")[column])
    counted = chosen.articles["observed"] & chosen.articles["outlet"].isin(study.reference_outlets) & groups.notna()
    articles = chosen.articles[counted]
    named = selection.counts(chosen, "actors", list(study.settings.main_actors)).loc[articles.index] > 0
    strata = pd.Series(selection.strata(study, articles), articles.index)
    seeds = {"draws": study.settings.draws, "seed": study.settings.seed}
    table = compare_outlet_groups(named.astype(float), articles["outlet"], groups[counted], strata=[strata], **seeds)
    return table.round(DIGITS)


def group_sentence(study: Study, column: str, table: pd.DataFrame) -> str:
    """Sentence on what `group_differences` found, or on why nothing could be compared."""
    if table.empty:
        sizes = study.outlets[study.outlets["outlet"].isin(study.reference_outlets)][column].value_counts()
        if sizes.empty:
            return f"outlets.csv gives no {column} of outlets, so groups by it cannot be compared."
        named = listing([f"{group} ({count})" for group, count in sizes.items()])
        return (
            f"Whether {column} matters cannot be tested: that takes {LEAST_TESTED_OUTLETS} outlets with "
            f"{LEAST_ARTICLES} articles on each side. Outlets by {column}: {named}."
        )
    sure = table[table["adjusted_p"] <= ALPHA]
    names = [f"{row.group} in {study.actor_names.get(row.value, row.value)}" for row in sure.itertuples()]
    if names:
        return f"Groups by {column} that differ from the others: {listing(names)}."
    return f"No difference by {column} is sure, in {plural(len(table), 'comparison')}."


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
