"""Frames ready to show: results and frequencies with the names people read, in the order they read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis import tables
from analysis.instruments.function_words import function_words
from analysis.report.findings import reference_name, verdict
from analysis.results import is_primary, is_significant, primary, without
from analysis.results.measures import EQUAL, REST, comparable, language_of
from analysis.stats.frequency import dispersion, frequency, label_shares, means, spread_over, variance_shares
from analysis.study import Study, selection
from analysis.study.words import in_parts


def feature_name(study: Study, measure: str, feature: str) -> str:
    """A feature as people read it."""
    if measure.startswith("label-share"):
        return feature.split(":", 1)[1].replace("-", " ")
    if measure == "sentiment":
        return "tone"
    return study.actor_names.get(feature, feature)


def differences(study: Study, table: pd.DataFrame, measure: str, *, group: str | None = None) -> pd.DataFrame:
    """Primary rows of one measure with names, in the order of tested outlets and of study.toml's main actors.

    Returns
    -------
    DataFrame
        COMPARISON's columns and group_name, reference_name, label, found (q ≤ 0.05), verdict.
    """
    rows = primary(study, table, measure, group)
    rows = rows.assign(
        group_name=[study.outlet_names.get(g, g) for g in rows["group"]],
        reference_name=[reference_name(study, row) for _, row in rows.iterrows()],
        label=[feature_name(study, measure, f) for f in rows["feature"]],
        found=is_significant(rows),
        verdict=[verdict(row) for _, row in rows.iterrows()],
    )
    order = {actor: n for n, actor in enumerate(study.settings.main_actors)}
    place = rows["feature"].map(lambda f: order.get(f, len(order)))
    outlet = rows["group"].map({o: n for n, o in enumerate(study.tested)}).fillna(len(study.tested))
    return rows.assign(_o=outlet, _p=place).sort_values(["_o", "_p", "feature"]).drop(columns=["_o", "_p"])


def variants(study: Study, table: pd.DataFrame, measure: str, *, group: str | None = None) -> pd.DataFrame:
    """Every variant, adjustment and reference of comparisons: how far a conclusion depends on them.

    Returns
    -------
    DataFrame
        COMPARISON's columns and group_name, label, primary, against (the reference's name); of one group, or of all.
    """
    rows = table[table["measure"] == measure]
    if group is not None:
        rows = rows[rows["group"] == group]
    names = {without(outlet): f"{REST} without {name}" for outlet, name in study.outlet_names.items()}
    rows = rows.assign(
        label=[feature_name(study, measure, f) for f in rows["feature"]],
        group_name=rows["group"].map(study.outlet_names),
        primary=is_primary(study, rows).map({True: "primary", False: ""}),
        against=rows["reference"].map({**study.outlet_names, **names}).fillna(rows["reference"]),
    )
    order = rows["reference"].map({REST: 0, EQUAL: 1}).fillna(2)
    return (
        rows.assign(_r=order)
        .sort_values(["group_name", "label", "variant", "_r", "adjustment", "against"])
        .drop(columns="_r")
    )


def actor_frequency(
    study: Study, *, by: str | None = None, actors: Sequence[str] | None = None, variant: str | None = None
) -> pd.DataFrame:
    """How often actors are named: share of articles and mentions per 1,000 words, with intervals.

    Parameters
    ----------
    study : Study
    by : column of Study.articles (outlet, period, …); the whole corpus where None
    actors : which; every actor that occurs where None
    variant : title, lede or text; the study's primary variant where None

    Returns
    -------
    DataFrame: columns of `frequency`, with label (the actor's name), group_name, kind and dp (Gries' DP over outlets)
    """
    chosen = selection.select(study, variant)
    counts = selection.counts(chosen, "actors", actors)
    groups = chosen.articles[by] if by else pd.Series("all articles", index=chosen.articles.index)
    if counts.empty:  # no article with this text, or no actor
        return pd.DataFrame(columns=[*_FREQUENCY, "label", "group_name", "kind", "dp"])
    table = frequency(counts, tokens=chosen.articles["tokens"], groups=groups.dropna())
    titles = period_titles(study)
    if by == "period":  # in the order of the story, not of the alphabet
        table = pd.concat([table[table["group"] == period] for period in titles], ignore_index=True)
    outlets = chosen.articles["outlet"]
    sizes = chosen.articles["tokens"].groupby(outlets).sum()
    parts = counts.groupby(outlets).sum()
    spread = {actor: dispersion(parts[actor], sizes) for actor in counts.columns}
    kinds = dict(zip(study.actors["actor"], study.actors["kind"], strict=True))
    return table.assign(
        label=table["feature"].map(study.actor_names),
        group_name=table["group"].map(lambda g: {**study.outlet_names, **titles}.get(g, g)),
        kind=table["feature"].map(kinds),
        dp=table["feature"].map(spread),
    )


def period_titles(study: Study) -> dict[str, str]:
    """Periods in the order of the story → what heads a panel."""
    return {period.name: period.name.replace("-", " ").capitalize() for period in study.settings.periods}


#: Columns of `frequency`.
_FREQUENCY = (
    *("group", "feature", "articles", "articles_with", "share", "share_lower", "share_upper"),
    *("count", "tokens", "rate", "rate_lower", "rate_upper"),
)


def by_share(table: pd.DataFrame) -> pd.DataFrame:
    """A frequency table with what is most often named first, ties by name."""
    return table.assign(_m=-table["articles_with"]).sort_values(["_m", "label"]).drop(columns="_m")


def naming_articles(study: Study, actors: Sequence[str], *, outlet: str | None = None) -> dict[str, list[str]]:
    """For each actor's name the articles that name it, in the primary text; of one outlet, or of all."""
    chosen = selection.select(study)
    rows = chosen.articles.index if outlet is None else chosen.articles.index[chosen.articles["outlet"] == outlet]
    counts = selection.counts(chosen, "actors", actors).loc[rows]
    return {study.actor_names.get(a, a): counts.index[counts[a] > 0].to_list() for a in actors}


def label_sets(study: Study) -> dict[str, str]:
    """Sets of competing words → what they compete to name."""
    return dict(zip(study.labels["set"], study.labels["referent"], strict=True))


def labels_by_outlet(
    study: Study, name: str, *, language: str = "en", own: bool = False, outlets: Sequence[str] | None = None
) -> pd.DataFrame:
    """Shares of a set's labels by outlet and over all outlets, primary text, one language; see `label_shares`."""
    chosen = selection.select(study, language=language)
    chosen_outlets = list(study.tested if outlets is None else outlets)
    entries = sorted({f"{name}:{label}" for label in study.labels.loc[study.labels["set"] == name, "label"]})
    counts = selection.counts(chosen, "labels", entries, own=own)
    counts = counts.loc[:, counts.sum() > 0]
    every = pd.Series("all outlets", index=counts.index)
    tested = chosen.articles.loc[chosen.articles["outlet"].isin(chosen_outlets), "outlet"]
    table = pd.concat([label_shares(counts, groups=every), label_shares(counts, groups=tested)], ignore_index=True)
    return table.assign(
        label=[f.split(":", 1)[1].replace("-", " ") for f in table["feature"]],
        group_name=[study.outlet_names.get(g, g) for g in table["group"]],
    )


def stacked(shares: pd.DataFrame, *, most: int = 6) -> pd.DataFrame:
    """Label shares as a row per outlet and a column per label; the rarer labels together as "all others".

    Rows without a use of the set are left out: they have no shares.
    """
    wide = shares[shares["set_uses"] > 0].pivot_table(index="group_name", columns="label", values="share", sort=False)
    whole = shares[shares["group"] == "all outlets"].sort_values(["uses", "label"], ascending=[False, True])
    kept = list(whole["label"].head(most))
    others = [label for label in wide.columns if label not in kept]
    table = wide[kept].copy()
    if others:
        table["all others"] = wide[others].sum(axis=1)
    return table


def voices(study: Study, *, language: str = "en") -> pd.DataFrame:
    """For each set and outlet tested: label uses in the outlet's own voice, attributed, and quoted."""
    chosen = selection.select(study, language=language)
    spoken = np.array(tables.VOICES, object)
    outlet = chosen.articles["outlet"].astype("category")
    frames = []
    for entry in chosen.entries("labels"):
        place, rows = chosen.mentions("labels", entry)
        found = pd.DataFrame({"outlet": outlet.iloc[place].array, "voice": spoken[rows["voice"]]})
        frames.append(found.value_counts().reset_index(name="uses").assign(set=entry.split(":")[0]))
    uses = pd.concat([pd.DataFrame(columns=["set", "outlet", "voice", "uses"]), *filter(len, frames)])
    table = (
        uses[uses["uses"] > 0]
        .astype({"outlet": "str", "uses": int})
        .pivot_table(index=["set", "outlet"], columns="voice", values="uses", aggfunc="sum", fill_value=0)
    )
    table = table.reindex(columns=list(tables.VOICES), fill_value=0).reset_index()
    table = table[table["outlet"].isin(study.tested)]
    return table.assign(outlet=table["outlet"].map(study.outlet_names), set=table["set"].map(label_sets(study)))


def words_compared(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Words as they are tested, by outlet and |z|, and how they are spread over the outlet's articles.

    Returns
    -------
    DataFrame
        COMPARISON's columns and group_name, articles_with (articles of the group that use the word) and dp (Gries' DP
        over them: near 0 where the word is spread as the text is, near 1 where one article has it all).
    """
    rows = primary(study, table, "term-log-odds")
    frames = []
    for (outlet, reference), mine in rows.groupby(["group", "reference"], sort=False):
        right = None if reference == REST else str(reference)
        language = language_of(study, str(outlet))
        chosen, design = comparable(study, str(mine["variant"].iloc[0]), str(outlet), right, language=language)
        every = selection.words(chosen, language=language)
        places = design.article[design.sides[0]]
        used, tokens = every.among(places), chosen.articles["tokens"].iloc[places].reset_index(drop=True)
        some = np.flatnonzero(np.isin(every.forms, mine["feature"].astype(object)))
        spread = pd.concat([spread_over(used.frame(some[part]), tokens) for part in in_parts(used.articles[some])])
        frames.append(mine.join(spread, on="feature").fillna({"articles_with": 0}))
    found = pd.concat(frames, ignore_index=True) if frames else rows.assign(articles_with=0, dp=0.0)
    return found.assign(group_name=found["group"].map(study.outlet_names))


def words_of(study: Study, table: pd.DataFrame, group: str, *, each: int = 12) -> pd.DataFrame:
    """The words of an outlet that stand furthest apart, from most its own to most its reference's; no function words.

    Those tell how a desk writes and not what it says (see `findings.word_findings`, where they come apart).
    """
    rows = primary(study, table, "term-log-odds", group)
    if rows.empty:
        return rows
    rows = rows[~rows["feature"].isin(function_words(str(rows["language"].iloc[0])))]
    rows = rows.sort_values(["z", "feature"], ascending=[False, True])
    top, bottom = rows[rows["z"] > 0].head(each), rows[rows["z"] < 0].tail(each)
    return pd.concat([top, bottom])


def unresolved(study: Study) -> pd.DataFrame:
    """Surnames that fit several actors, none of them named in full nearby: alias, mentions, articles."""
    lost = study.store.entry_mentions("actors", "")
    table = lost.groupby("alias").agg(mentions=("alias", "size"), articles=("article", "nunique"))
    return table.reset_index().rename(columns={"alias": "surname"})


def sentiment_by_period(study: Study, *, language: str = "en") -> pd.DataFrame:
    """Mean sentiment of each tested outlet in each period, primary text; see `frequency.means`."""
    frames = []
    chosen = selection.select(study, language=language)
    sentiment = selection.article_sentiment(chosen)
    for period, title in period_titles(study).items():
        rows = chosen.articles[(chosen.articles["period"] == period) & chosen.articles["outlet"].isin(study.tested)]
        if len(rows):
            frames.append(means(sentiment[rows.index], rows["outlet"]).assign(period=title))
    if not frames:
        return pd.DataFrame(columns=["group", "articles", "mean", "lower", "upper", "period", "label"])
    table = pd.concat(frames, ignore_index=True)
    return table.assign(label=table["group"].map(study.outlet_names))


def variance_of_tone(study: Study, *, language: str = "en") -> pd.DataFrame:
    """How much of the variance in tone goes with the sub-event, how much with the outlet; see `variance_shares`.

    All outlets that may stand in a reference count, the small ones too: nothing is said of any single one. No row
    where fewer articles than a test asks for have a tone and a sub-event, or where their tone does not vary.
    """
    chosen = selection.select(study, language=language)
    articles = chosen.articles[chosen.articles["outlet"].isin(study.reference_outlets)]
    sentiment = selection.article_sentiment(chosen)[articles.index]
    groupings = {column: articles[column] for column in ("subevent", "outlet")}
    known = sentiment[sentiment.notna() & articles["subevent"].notna()]
    if len(known) < study.settings.min_articles or known.nunique() < 2:
        return pd.DataFrame(columns=["estimate", "lower", "upper", "articles", "groups"])
    return variance_shares(sentiment, groupings, seed=study.settings.seed)


def compared_in_words(study: Study, table: pd.DataFrame, *, language: str) -> list[str]:
    """Tested outlets of a language whose words could be compared."""
    words = table[(table["measure"] == "term-log-odds") & (table["language"] == language)]
    return [outlet for outlet in study.tested if (words["group"] == outlet).any()]


def against_rest(table: pd.DataFrame, outlet: str) -> pd.DataFrame:
    """Two rows of a table by outlet: one outlet, and the sum of the others (missing where all of them are).

    One row where there are no others; an outlet that is not in the table has nothing of what it counts.
    """
    others = table.drop(index=outlet, errors="ignore")
    rows = {outlet: table.loc[outlet] if outlet in table.index else 0 * table.sum()}
    if len(others):
        rows["the other outlets"] = others.sum(min_count=1)
    return pd.DataFrame(rows).T
