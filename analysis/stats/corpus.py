"""Descriptions of a corpus: outlets, days, flow, lengths, sub-events, gaps, and words of another source beside it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis import tables
from analysis.stats.frequency import means, wilson
from analysis.study import Study
from analysis.study.selection import article_sentiment, select


def coverage(study: Study) -> pd.DataFrame:
    """One row per outlet, most items first.

    Returns
    -------
    DataFrame
        outlet, name, country, language, ownership, articles, first, last (local days of its items), observed_days,
        items (on any topic, on observed days; 0 where not all of these are counted), observed_articles (those on
        observed days), share (of its flow), lower, upper (Wilson), tested (whether it has enough articles), role
        (aggregator, page, or empty).
    """
    if "coverage" not in study.derived:
        study.derived["coverage"] = _coverage(study)
    table: pd.DataFrame = study.derived["coverage"]
    return table.copy()


def _coverage(study: Study) -> pd.DataFrame:
    articles, outlets = study.articles, study.outlets.set_index("outlet")
    grouped = articles.groupby("outlet")
    table = outlets[["name", "country", "language", "ownership", "medium"]].assign(name=pd.Series(study.outlet_names))
    table["articles"] = grouped.size().reindex(table.index, fill_value=0)
    table["first"], table["last"] = grouped["day"].min(), grouped["day"].max()
    table["observed_days"] = study.observed_days.groupby("outlet").size().reindex(table.index, fill_value=0)
    counted = study.observed_days.merge(study.observed).groupby("outlet")["items"].agg(["sum", "size"])
    # Where the items of some days are not known, neither is the share of all of them.
    counted = counted[counted["size"] == table["observed_days"].reindex(counted.index)]
    table["items"] = counted["sum"].reindex(table.index).fillna(0).astype("int64")
    table["observed_articles"] = grouped["observed"].sum().reindex(table.index, fill_value=0)
    table["share"] = (table["observed_articles"] / table["items"]).where(table["items"] > 0)
    lower, upper = wilson(table["observed_articles"].to_numpy(), table["items"].to_numpy())
    table["lower"], table["upper"] = lower, upper
    table["tested"] = table.index.isin(study.tested)
    table["role"] = [_role(study, outlet) for outlet in table.index]
    order = table.assign(minus=-table["articles"]).sort_values(["minus", "outlet"]).index
    return table.loc[order].reset_index()


def _role(study: Study, outlet: str) -> str:
    if outlet in study.aggregators:
        return "aggregator"
    return "page" if outlet in study.settings.excluded_from_references else ""


def daily(study: Study) -> pd.DataFrame:
    """Items per outlet and local day.

    Returns
    -------
    DataFrame
        outlet × day over the whole window: 0 where the outlet was observed and carried nothing, NaN where it was not
        observed. Observation is recorded by UTC day; a local day counts as observed with its UTC namesake.
    """
    days = pd.date_range(*study.settings.window, freq="D")
    order = coverage(study)["outlet"]
    seen = study.observed_days.assign(seen=0.0).pivot_table(index="outlet", columns="day", values="seen")
    seen = seen.reindex(index=order, columns=days)
    items = study.articles.groupby(["outlet", "day"]).size().unstack().reindex(index=order, columns=days)
    return items.astype("float64").fillna(seen)


def subevents(study: Study) -> pd.DataFrame:
    """Articles per outlet (rows, most first) and sub-event (columns, as in study.toml, those that occur)."""
    articles = study.articles[study.articles["subevent"].notna()]
    table = pd.crosstab(articles["outlet"], articles["subevent"])
    order = [o for o in coverage(study)["outlet"] if o in table.index]
    return table.reindex(index=order, columns=[s for s in study.settings.subevents if s in table.columns])


def lengths(study: Study) -> pd.DataFrame:
    """Words per outlet: how many articles of each body kind, median tokens of title, first paragraph, whole text."""
    articles = study.articles
    kinds = pd.crosstab(articles["outlet"], articles["body_kind"]).reindex(
        columns=list(tables.BODY_KINDS), fill_value=0
    )
    medians = articles.groupby("outlet")[["title_tokens", "lede_tokens", "tokens"]].median()
    table = kinds.join(medians)
    return table.loc[[o for o in coverage(study)["outlet"] if o in table.index]].reset_index()


def sentiment_by(study: Study, column: str, *, language: str = "en", outlets: list[str] | None = None) -> pd.DataFrame:
    """Mean sentiment of articles by a column of Study.articles, primary text, one language.

    Columns of `frequency.means`, and label: the group's name with its number of articles.
    """
    chosen = select(study, language=language)
    articles = chosen.articles
    keep = articles[column].notna() & (articles["outlet"].isin(outlets) if outlets is not None else True)
    table = means(article_sentiment(chosen)[keep], articles.loc[keep, column])
    names = [study.outlet_names.get(group, group.replace("-", " ")) for group in table["group"]]
    return table.assign(label=[f"{name} ({n})" for name, n in zip(names, table["articles"], strict=True)])


def unusual(study: Study) -> pd.DataFrame:
    """What a reader must know is missing or thin: one row per kind of gap, with its articles.

    Returns
    -------
    DataFrame: gap, count, articles (list of ids)
    """
    articles = study.articles
    single = [o for o in coverage(study)["outlet"] if 0 < (articles["outlet"] == o).sum() < study.settings.min_articles]
    sentences = study.store.sentences
    gaps = {
        "no body: headline only": articles["body_kind"] == "none",
        "no title: its first paragraph stands alone": articles["title_tokens"] == 0,
        "body is a photo caption: only the headline is compared": articles["body_kind"] == "caption",
        "time stamp is the crawler's, not the publisher's": articles["timestamp"] == "crawl",
        "outside its outlet's steady observation: in no comparison": ~articles["observed"],
        "outside the study's window: not in the calendar of days": ~articles["day"].between(*_window(study)),
        "outside all periods: compared as if they were a period": articles["period"].isna(),
        "a whole page among feed items: in no reference": articles["source"] == "page",
        "no instrument for its language: no sentiment": sentences.present & (sentences.scored[:, -1] == 0),
        f"outlet has fewer than {study.settings.min_articles} articles: shown, never tested": articles["outlet"].isin(
            single
        ),
    }
    rows = [(gap, int(rows.sum()), articles.loc[rows, "article"].to_list()) for gap, rows in gaps.items()]
    return pd.DataFrame(rows, columns=["gap", "count", "articles"])


def _window(study: Study) -> tuple[pd.Timestamp, pd.Timestamp]:
    first, last = study.settings.window
    return pd.Timestamp(first), pd.Timestamp(last)


def set_aside(study: Study) -> pd.DataFrame:
    """Rows of the texts that are in no figure: those that could not be used, by reason, and what was no article.

    Returns
    -------
    DataFrame: what, rows; first the total of those that could not be used, which may be 0, then its reasons, most rows
    first, then what the files of texts held besides articles
    """
    reasons, kinds = study.set_aside()
    rows = [("set aside, all reasons", sum(reasons.values()))]
    rows += [(f"set aside: {reason}", count) for reason, count in sorted(reasons.items(), key=lambda r: (-r[1], r[0]))]
    rows += [(f"no article: {kind}", count) for kind, count in sorted(kinds.items(), key=lambda r: (-r[1], r[0]))]
    return pd.DataFrame(rows, columns=["what", "rows"])


def press_words(study: Study, words: Sequence[str] = ()) -> pd.DataFrame:
    """How newspapers worded their tweets: for each word, week and newspaper its rank and count per 100 tweets.

    Parameters
    ----------
    words : which; the terms of the study's supplement where none is given

    Returns
    -------
    DataFrame
        week, word, then a column per newspaper: "4.5 (rank 3)", or "below 30" where it is not among the first thirty;
        no row where the study has no supplement.
    """
    table = _supplement(study)
    if table is None or study.settings.supplement is None:
        return pd.DataFrame(columns=["week", "word"])
    words = words or study.settings.supplement.terms
    table = table.assign(
        week=table["year"].astype(str) + "-W" + table["week"].astype(str).str.zfill(2),
        shown=[
            f"{100 * count / tweets:.1f} (rank {rank})"
            for count, tweets, rank in zip(table["count"], table["tweets"], table["rank"], strict=True)
        ],
    )
    every = pd.MultiIndex.from_product([sorted(table["week"].unique()), list(words)], names=["week", "word"])
    wide = table.pivot_table(index=["week", "word"], columns="newspaper", values="shown", aggfunc="first")
    return wide.reindex(every).fillna("below 30").reset_index()


def press_size(study: Study) -> pd.DataFrame:
    """Tweets per newspaper and week in the supplement; no row where there is none."""
    table = _supplement(study)
    if table is None:
        return pd.DataFrame(columns=["newspaper", "year", "week", "tweets"])
    return table[["newspaper", "year", "week", "tweets"]].drop_duplicates().reset_index(drop=True)


def about_supplement(study: Study) -> str:
    """What the study's supplement is, or that it has none."""
    return study.settings.supplement.about if study.settings.supplement else "This study has no such supplement."


def _supplement(study: Study) -> pd.DataFrame | None:
    return None if study.settings.supplement is None else study.supplement(study.settings.supplement.file)
