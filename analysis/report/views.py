"""Frames ready to show: results and frequencies with the names people read, in the order they read them."""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pandas as pd
from scipy import stats

from analysis import tables
from analysis.errors import EmptyGroup
from analysis.report.findings import denominators, feature_name, label_sets, label_uses, reference_name, topic_name
from analysis.results import is_primary, is_significant, primary, without
from analysis.results.measures import EQUAL, REST, comparable, language_of
from analysis.stats.frequency import dispersion, frequency, label_shares, means, variance_shares
from analysis.study import Study, selection
from analysis.wording import day_range


def differences(study: Study, table: pd.DataFrame, measure: str, *, group: str | None = None) -> pd.DataFrame:
    """Primary rows of a measure with names and verdicts, in the order of tested outlets and of main actors."""
    rows = primary(study, table, measure, group)
    found = is_significant(rows)
    rows = rows.assign(
        group_name=[study.outlet_names.get(outlet, outlet) for outlet in rows["group"]],
        reference_name=[reference_name(study, row) for _, row in rows.iterrows()],
        label=[feature_name(study, measure, feature) for feature in rows["feature"]],
        found=found,
        verdict=np.where(found, np.where(rows["estimate"] > 0, "more", "less"), "cannot tell"),
    )
    rows[["of", "reference_of"]] = [denominators(study, row) for _, row in rows.iterrows()] or np.empty((0, 2))
    if measure.startswith("label-share"):
        rows["set"] = rows["feature"].str.split(":").str[0].map(label_sets(study))
    order = {"group": study.tested, "feature": study.settings.main_actors}
    place = {column: {name: n for n, name in enumerate(names)} for column, names in order.items()}
    rows = rows.sort_values("feature")
    return rows.sort_values([*order], key=lambda names: names.map(place[names.name]).fillna(np.inf))


def variants(study: Study, table: pd.DataFrame, measure: str, *, group: str | None = None) -> pd.DataFrame:
    """Every variant, adjustment and reference of comparisons with names, of one outlet or of all."""
    rows = table[(table["measure"] == measure) & (True if group is None else table["group"] == group)]
    names = {without(outlet): f"{REST} without {name}" for outlet, name in study.outlet_names.items()}
    rows = rows.assign(
        label=[feature_name(study, measure, feature) for feature in rows["feature"]],
        group_name=rows["group"].map(study.outlet_names),
        primary=is_primary(study, rows).map({True: "primary", False: ""}),
        against=rows["reference"].map({**study.outlet_names, **names}).fillna(rows["reference"]),
        order=rows["reference"].map({REST: 0, EQUAL: 1}).fillna(2),
    )
    order = ["group_name", "label", "variant", "order", "adjustment", "against"]
    return rows.sort_values(order).drop(columns="order")


def actor_frequency(study: Study, *, by: str | None = None, actors: Sequence[str] | None = None) -> pd.DataFrame:
    """`frequency` of some actors, or of all, by a column of Study.articles, with names, kind and dispersion."""
    chosen = selection.select(study)
    counts, articles = selection.counts(chosen, "actors", actors), chosen.articles
    if counts.empty:  # no article with this text, or no actor
        return pd.DataFrame(columns=["label", "articles_with"])
    groups = articles[by] if by else pd.Series("all articles", index=articles.index)
    table = frequency(counts, tokens=articles["tokens"], groups=groups.dropna(), outlets=articles["outlet"])
    sizes, parts = (counted.groupby(articles["outlet"]).sum() for counted in (articles["tokens"], counts))
    return table.assign(
        label=table["feature"].map(study.actor_names),
        group_name=table["group"].replace(study.outlet_names),
        kind=table["feature"].map(dict(zip(study.actors["actor"], study.actors["kind"], strict=True))),
        dp=table["feature"].map({actor: dispersion(parts[actor], sizes) for actor in counts.columns}),
    )


def period_titles(study: Study) -> dict[str, str]:
    """Periods in the order of the story → what heads a panel: Removal (5 to 10 December)."""
    return {
        period.name: f"{period.name.replace('-', ' ').capitalize()} ({day_range(period.start, period.end)})"
        for period in study.settings.periods
    }


def by_share(table: pd.DataFrame) -> pd.DataFrame:
    """A frequency table with what is most often named first, ties by name."""
    return table.sort_values(["articles_with", "label"], ascending=[False, True])


def naming_articles(study: Study, actors: Sequence[str], *, outlet: str | None = None) -> dict[str, list[str]]:
    """For each actor's name the articles that name it, in the primary text; of one outlet, or of all."""
    chosen = selection.select(study)
    counts = selection.counts(chosen, "actors", actors)
    if outlet is not None:
        counts = counts[chosen.articles["outlet"] == outlet]
    return {study.actor_names.get(a, a): counts.index[counts[a] > 0].to_list() for a in actors}


def pooled_effects(study: Study, effects: pd.DataFrame) -> pd.DataFrame:
    """Effects of `pooling` with names and the chance that the difference is above 0, largest outlets first."""
    chance = stats.norm.cdf(np.nan_to_num(effects["effect"] / effects["sd"].where(effects["sd"] > 0)))
    table = effects.assign(
        actor=pd.Categorical(effects["actor"], study.settings.main_actors),  # sorts in this order
        outlet_name=effects["outlet"].map(study.outlet_names),
        actor_name=effects["actor"].map(study.actor_names),
        chance_above=np.round(chance, 4),
    )
    return table.sort_values(["articles", "outlet", "actor"], ascending=[False, True, True])


def labels_by_outlet(study: Study, name: str, *, language: str = "en") -> pd.DataFrame:
    """`label_shares` of a set over all outlets and by tested outlet, primary text, one language."""
    chosen = selection.select(study, language=language)
    counts = label_uses(study, chosen, name)
    counts = counts.loc[:, counts.sum() > 0]
    outlet = chosen.articles["outlet"]
    groupings = pd.Series("all outlets", index=counts.index), outlet[outlet.isin(study.tested)]
    table = pd.concat([label_shares(counts, groups=groups) for groups in groupings], ignore_index=True)
    return table.assign(
        label=[feature_name(study, "label-share", feature) for feature in table["feature"]],
        group_name=[study.outlet_names.get(group, group) for group in table["group"]],
    )


def voices(study: Study, *, language: str = "en") -> pd.DataFrame:
    """Label uses of each set and tested outlet: in the outlet's own voice, attributed, and quoted."""
    chosen = selection.select(study, language=language)
    outlet, spoken = chosen.articles["outlet"], np.array(tables.VOICES, object)
    frames = [pd.DataFrame(columns=["set", "outlet", "voice"])]
    for entry in chosen.entries("labels"):
        place, rows = chosen.mentions("labels", entry)
        facts = {"set": entry.split(":")[0], "outlet": outlet.iloc[place].array, "voice": spoken[rows["voice"]]}
        frames.append(pd.DataFrame(facts))
    uses = pd.concat(frames)
    uses = uses[uses["outlet"].isin(study.tested)]
    table = pd.crosstab([uses["set"], uses["outlet"]], uses["voice"])
    table = table.reindex(columns=list(tables.VOICES), fill_value=0).reset_index()
    return table.assign(outlet=table["outlet"].map(study.outlet_names), set=table["set"].map(label_sets(study)))


def unresolved(study: Study) -> pd.DataFrame:
    """Surnames that fit several actors, none of them named in full nearby: surname, mentions, articles."""
    lost = study.store.entry_mentions("actors", "").rename(columns={"alias": "surname"}).groupby("surname")
    return lost.agg(mentions=("article", "size"), articles=("article", "nunique")).reset_index()


def sentiment_by_period(study: Study, *, language: str = "en") -> pd.DataFrame:
    """Mean sentiment of each tested outlet in each period, primary text; see `frequency.means`."""
    chosen = selection.select(study, language=language)
    articles = chosen.articles[chosen.articles["outlet"].isin(study.tested)]
    sentiment = selection.article_sentiment(chosen)
    frames = [pd.DataFrame(columns=["group", "articles", "mean", "lower", "upper", "period"])]
    for period, title in period_titles(study).items():
        outlets = articles.loc[articles["period"] == period, "outlet"]
        if len(outlets):
            frames.append(means(sentiment[outlets.index], outlets).assign(period=title))
    table = pd.concat(frames[1:] or frames, ignore_index=True)
    return table.assign(label=table["group"].map(study.outlet_names))


def variance_of_tone(study: Study, *, language: str = "en") -> pd.DataFrame:
    """`variance_shares` of tone by sub-event and outlet; none where too few articles have both, or tone is constant."""
    chosen = selection.select(study, language=language)
    # The small outlets too: nothing is said of any single one.
    articles = chosen.articles[chosen.articles["outlet"].isin(study.reference_outlets)]
    sentiment = selection.article_sentiment(chosen)[articles.index]
    known = sentiment[sentiment.notna() & articles["subevent"].notna()]
    if len(known) < study.settings.min_articles or known.nunique() < 2:
        return pd.DataFrame()
    groupings = {column: articles[column] for column in ("subevent", "outlet")}
    return variance_shares(sentiment, groupings, seed=study.settings.seed)


def sides(study: Study, outlet: str, right: str | None = None) -> list[pd.DataFrame]:
    """Subjects, main actors and competing words of an outlet beside another, or all others: label, counts, totals.

    Of the articles that are compared with each other. A frame is empty where either side has fewer than five articles,
    or cases, to take shares of.
    """
    variant = selection.primary_of(study, outlet, right or REST)
    rows: list[list[tuple[str, float, float, float, float]]] = [[], [], []]
    with suppress(EmptyGroup):
        chosen, design = comparable(study, variant, outlet, right)
        topics = pd.get_dummies(chosen.articles["subevent"].dropna()).reindex(chosen.articles.index)
        actors = selection.counts(chosen, "actors", list(study.settings.main_actors)) > 0
        for found, table in zip(rows, (topics, actors), strict=False):
            here, there = (table.iloc[design.article[side]].dropna() for side in design.sides)
            for name in table:
                label = topic_name(study, name) if table is topics else study.actor_names.get(name, name)
                found.append((label, len(here), len(there), here[name].sum(), there[name].sum()))
            found.sort(key=lambda row: -row[3])
        chosen, design = comparable(study, variant, outlet, right, language=language_of(study, outlet))
        for name in sorted(set(study.labels["set"])):
            uses = label_uses(study, chosen, name)
            here, there = (uses.iloc[design.article[side]].sum() for side in design.sides)
            for word in dict.fromkeys((here.idxmax(), there.idxmax())):
                label = feature_name(study, "label-share", word)
                rows[2].append((label, here.sum(), there.sum(), here[word], there[word]))
        rows[2].sort(key=lambda row: -row[1])
    columns = ["label", "here", "there", "count_here", "count_there"]
    shown = [[row for row in found if min(row[1:3]) >= 5 and sum(row[3:]) > 0][:8] for found in rows]
    return [pd.DataFrame(found, columns=columns) for found in shown]


def against_rest(table: pd.DataFrame, outlet: str) -> pd.DataFrame:
    """Rows of a table by outlet: one outlet, 0 where it is not there, and the sum of the others where there are any."""
    others = table.drop(index=outlet, errors="ignore")
    rows = {outlet: table.loc[outlet] if outlet in table.index else 0 * table.sum()}
    if len(others):
        rows["the other outlets"] = others.sum(min_count=1)
    return pd.DataFrame(rows).T
