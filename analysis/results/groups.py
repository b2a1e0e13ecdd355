"""Groups of outlets (by country, by ownership), compared in whom their articles name, with the outlet as the unit."""

import pandas as pd

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
