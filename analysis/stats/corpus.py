"""Descriptions of a corpus: outlets, days, flow, lengths, sub-events, gaps, and words of another source beside it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis import tables
from analysis.stats.frequency import means, wilson
from analysis.stats.inference import DIGITS, LEAST, adjust_p
from analysis.study import Study
from analysis.study.selection import article_sentiment, counts, select


def coverage(study: Study) -> pd.DataFrame:
    """Outlets, most articles first: their articles, days observed, share of all items observed (Wilson) and role.

    `first` and `last` are local days; `items` are on any topic, 0 where not all of the observed days' are counted.
    """
    outlets, grouped = study.outlets.set_index("outlet"), study.articles.groupby("outlet")
    table = outlets[["name", "country", "language", "ownership", "medium"]].assign(name=pd.Series(study.outlet_names))
    table["articles"] = grouped.size().reindex(table.index, fill_value=0)
    table["first"], table["last"] = grouped["day"].min(), grouped["day"].max()
    table["observed_days"] = study.observed_days.groupby("outlet").size().reindex(table.index, fill_value=0)
    counted = study.observed_days.merge(study.observed).groupby("outlet")["items"].agg(["sum", "size"])
    # Where the items of some days are not known, neither is the share of all of them.
    counted = counted[counted["size"] == table["observed_days"].reindex(counted.index)]
    table["items"] = counted["sum"].reindex(table.index, fill_value=0).astype("int64")
    table["observed_articles"] = grouped["observed"].sum().reindex(table.index, fill_value=0)
    table["share"] = (table["observed_articles"] / table["items"]).where(table["items"] > 0)
    table["lower"], table["upper"] = wilson(table["observed_articles"], table["items"])
    table["tested"] = table.index.isin(study.tested)
    roles = dict.fromkeys(study.settings.excluded_from_references, "page")
    roles |= dict.fromkeys(study.aggregators, "aggregator")
    table["role"] = [roles.get(outlet, "") for outlet in table.index]
    return table.reset_index().sort_values(["articles", "outlet"], ascending=[False, True], ignore_index=True)


def _in_order(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """A table by outlet, in the order of `coverage`; outlets that it lacks stay away."""
    return table.loc[[outlet for outlet in coverage(study)["outlet"] if outlet in table.index]]


def daily(study: Study) -> pd.DataFrame:
    """Items per outlet and local day of the window, 0 where it was observed and carried none, NaN where it was not.

    Observation is recorded by UTC day; a local day counts as observed with its UTC namesake.
    """
    items = study.articles.groupby(["outlet", "day"]).size().unstack()
    seen = study.observed_days.assign(seen=0.0).pivot_table(index="outlet", columns="day", values="seen")
    days, order = pd.date_range(*study.settings.window, freq="D"), coverage(study)["outlet"]
    items, seen = (table.reindex(index=order, columns=days) for table in (items, seen))
    return items.astype("float64").fillna(seen)


def subevents(study: Study) -> pd.DataFrame:
    """Articles per outlet (rows, most first) and sub-event (columns, as in study.toml, those that occur)."""
    articles = study.articles[study.articles["subevent"].notna()]
    table = pd.crosstab(articles["outlet"], articles["subevent"])
    return _in_order(study, table)[[name for name in study.settings.subevents if name in table]]


def actors_by_period(study: Study) -> pd.DataFrame:
    """Share of articles that name each main actor in each period (95 %, Wilson), and whether it changes at all.

    p is that of `change_p`, copies of an article counted once; q is Benjamini–Hochberg over the actors. Periods with
    fewer than five articles are left out; no row where fewer than two are left, or no actor is chosen.
    """
    chosen = select(study)
    period = chosen.articles["period"].dropna()
    sizes = period.value_counts()
    names = [one.name for one in study.settings.periods if sizes.get(one.name, 0) >= LEAST]
    named = counts(chosen, "actors", list(study.settings.main_actors)) > 0
    head = study.features(tables.REPRINTS).set_index("article")["head"][period.index]
    originals = period[period.isin(names) & ~head.duplicated().to_numpy()]
    actors = list(named) if len(names) > 1 else []
    p = {actor: change_p(named.loc[originals.index, actor].to_numpy(), originals.to_numpy()) for actor in actors}
    q = dict(zip(p, adjust_p([*p.values()]), strict=True))
    rows = []
    for actor in actors:
        facts = {"actor": actor, "label": study.actor_names.get(actor, actor)}
        uses = named[actor].groupby(period).sum()
        rows += [{**facts, "period": one, "articles": sizes[one], "named": uses[one], "p": p[actor]} for one in names]
    table = pd.DataFrame(rows, columns=["actor", "label", "period", "articles", "named", "p"])
    lower, upper = wilson(table["named"], table["articles"])
    shares = {"share": table["named"] / table["articles"], "lower": lower, "upper": upper}
    return table.assign(**shares, q=table["actor"].map(q)).round(DIGITS)


def change_p(named: np.ndarray, period: np.ndarray) -> float:
    """p of equal shares in all periods: chi-square times (n − 1) / n, so that its mean is that of permuted articles.

    NaN where all articles name it, or none.
    """
    table = pd.crosstab(period, named)
    if min(table.shape) < 2:
        return float("nan")
    chi, n = stats.chi2_contingency(table, correction=False)[0], len(named)
    return float(stats.chi2.sf(chi * (n - 1) / n, len(table) - 1))


def lengths(study: Study) -> pd.DataFrame:
    """Articles of each body kind per outlet, and its median tokens of title, first paragraph and whole text."""
    articles = study.articles
    kinds = pd.crosstab(articles["outlet"], articles["body_kind"])
    kinds = kinds.reindex(columns=list(tables.BODY_KINDS), fill_value=0)
    medians = articles.groupby("outlet")[["title_tokens", "lede_tokens", "tokens"]].median()
    return _in_order(study, kinds.join(medians)).reset_index()


def sentiment_by(study: Study, column: str, *, language: str = "en", outlets: list[str] | None = None) -> pd.DataFrame:
    """Mean sentiment by a column of Study.articles (`means`), primary text; labels are names with their articles."""
    chosen = select(study, language=language)
    articles = chosen.articles
    keep = articles[column].notna() & (articles["outlet"].isin(outlets) if outlets is not None else True)
    table = means(article_sentiment(chosen)[keep], articles.loc[keep, column])
    names = [study.outlet_names.get(group, group.replace("-", " ")) for group in table["group"]]
    return table.assign(label=[f"{name} ({n})" for name, n in zip(names, table["articles"], strict=True)])


def unusual(study: Study) -> pd.DataFrame:
    """Gaps that a reader must know of: each kind with the number and the list of its articles."""
    articles, sentences, least = study.articles, study.store.sentences, study.settings.min_articles
    first, last = map(pd.Timestamp, study.settings.window)
    gaps = {
        "no body: headline only": articles["body_kind"] == "none",
        "no title: its first paragraph stands alone": articles["title_tokens"] == 0,
        "body is a photo caption: only the headline is compared": articles["body_kind"] == "caption",
        "time stamp is the crawler's, not the publisher's": articles["timestamp"] == "crawl",
        "outside its outlet's steady observation: in no comparison": ~articles["observed"],
        "outside the study's window: not in the calendar of days": ~articles["day"].between(first, last),
        "outside all periods: compared as if they were a period": articles["period"].isna(),
        "a whole page among feed items: in no reference": (
            (articles["source"] == "page") & articles["outlet"].isin(study.settings.excluded_from_references)
        ),
        "no instrument for its language: no sentiment": sentences.present & (sentences.scored.sum(axis=1) == 0),
        f"outlet has fewer than {least} articles: shown, never tested": (
            articles.groupby("outlet")["article"].transform("size") < least
        ),
    }
    rows = [(gap, int(rows.sum()), articles.loc[rows, "article"].to_list()) for gap, rows in gaps.items()]
    return pd.DataFrame(rows, columns=["gap", "count", "articles"])


def set_aside(study: Study) -> pd.DataFrame:
    """Rows of the texts that are in no figure: those that could not be used (all, then by reason), and no articles."""
    reasons, kinds = study.set_aside()
    rows = [("set aside, all reasons", sum(reasons.values()))]
    for what, sizes in (("set aside", reasons), ("no article", kinds)):
        rows += [(f"{what}: {name}", n) for name, n in sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0]))]
    return pd.DataFrame(rows, columns=["what", "rows"])


def press_words(study: Study, words: Sequence[str] = ()) -> pd.DataFrame:
    """Rank and count per 100 tweets of each word, week and newspaper ("4.5 (rank 3)"), a column per newspaper.

    The words are the terms of the study's supplement where none is given; no row where it has no supplement. "below 30"
    stands where a word is not among a newspaper's first thirty.
    """
    table = _supplement(study)
    if table is None or study.settings.supplement is None:
        return pd.DataFrame(columns=["week", "word"])
    per_hundred = (100 * table["count"] / table["tweets"]).map("{:.1f}".format)
    table = table.assign(
        week=table["year"].astype(str) + "-W" + table["week"].astype(str).str.zfill(2),
        shown=per_hundred + " (rank " + table["rank"].astype(str) + ")",
    )
    weeks, words = sorted(table["week"].unique()), list(words or study.settings.supplement.terms)
    wide = table.pivot_table(index=["week", "word"], columns="newspaper", values="shown", aggfunc="first")
    every = pd.MultiIndex.from_product([weeks, words], names=["week", "word"])
    return wide.reindex(every).fillna("below 30").reset_index()


def press_size(study: Study) -> pd.DataFrame:
    """Tweets per newspaper and week in the supplement; no row where there is none."""
    columns = ["newspaper", "year", "week", "tweets"]
    table = _supplement(study)
    return pd.DataFrame(columns=columns) if table is None else table[columns].drop_duplicates(ignore_index=True)


def about_supplement(study: Study) -> str:
    """Sentence on the study's supplement, or that it has none."""
    return study.settings.supplement.about if study.settings.supplement else "This study has no such supplement."


def _supplement(study: Study) -> pd.DataFrame | None:
    return None if study.settings.supplement is None else study.supplement(study.settings.supplement.file)
