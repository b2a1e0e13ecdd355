"""Descriptions: sentences on a corpus, on what a study lacks, on who is named, on what tone varies with."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.errors import UnknownName
from analysis.report.findings import Finding
from analysis.results.measures import heads
from analysis.scoring import INSTRUMENTS
from analysis.stats.corpus import coverage
from analysis.stats.difference import STABLE, first_places
from analysis.study import Study, selection
from analysis.tables import VARIANTS
from analysis.wording import day, interval, language, listing, percent, plural


def corpus_findings(study: Study) -> list[Finding]:
    """What must be known of a corpus before anything is compared."""
    articles, table = study.articles, coverage(study)
    start, end = study.settings.window
    languages = articles["language"].value_counts()
    split = listing([f"{count} in {language(str(code))}" for code, count in languages.items()])
    per_day = articles.groupby("day").size().sort_values(ascending=False)
    half = int((per_day.cumsum() < len(articles) / 2).sum()) + 1
    days = (end - start).days + 1
    kinds = articles["body_kind"].value_counts()
    tested = table[table["tested"] & (table["items"] > 0)]
    outlets, able = articles["outlet"].nunique(), len(study.tested)
    bare, captions = int(kinds.get("none", 0)), int(kinds.get("caption", 0))
    texts = [
        f"The corpus holds {plural(len(articles), 'article')} of {plural(outlets, 'outlet')} from {day(start)} to "
        f"{day(end)} ({split}); {plural(able, 'outlet has', 'outlets have')} the {study.settings.min_articles} "
        f"articles that a test asks for.",
        f"Half of the articles fall on {half} of the {days} days of the window.",
    ]
    if bare or captions:
        texts.append(
            f"{plural(bare, 'item carries', 'items carry')} a headline and nothing else, "
            f"{plural(captions, 'has', 'have')} a photo caption for a body; these count where headlines "
            f"are compared, and nowhere else."
        )
    if len(tested):
        texts.append(
            f"Among the tested outlets the event made up {percent(tested['share'].min(), 1)} to "
            f"{percent(tested['share'].max(), 1)} of all items observed on the feed."
        )
    result = [Finding(text) for text in texts]
    partly = table[(table["observed_days"] < days) & (table["observed_days"] > 0)]
    if len(partly):
        names = listing(sorted(partly["name"]))
        text = (
            f"What {names} carried on the days on which the collection holds nothing of them "
            f"({int((days - partly['observed_days']).sum())} outlet-days) cannot be known; those days are left out of "
            f"comparisons."
        )
        result.append(Finding(text, "cannot tell"))
    return result


def corpus_sentence(study: Study, outlet: str) -> Finding:
    """How many articles of an outlet there are, from when, and how far it was observed."""
    row = coverage(study).set_index("outlet").loc[outlet]
    start, end = study.settings.window
    text = f"{row['name']}: {plural(int(row['articles']), 'article')}"
    if row["articles"]:
        text += f" from {day(row['first'])} to {day(row['last'])}"
    text += f", observed on {row['observed_days']} of the {(end - start).days + 1} days of the window."
    if row["role"] == "aggregator":
        text += " It republishes others' articles, so it is compared on titles only and stands in no reference."
    return Finding(text)


def salience_findings(study: Study, overall: pd.DataFrame, *, most: int = 6) -> list[Finding]:
    """Which of the main actors are named how often in the whole corpus: described, nothing tested.

    Parameters
    ----------
    overall : DataFrame, from `views.actor_frequency` without groups, in the order to name them
    """
    if overall.empty:
        return [Finding("study.toml names no main actors, or no article has the text to be compared: none is counted.")]
    shares = [
        f"{percent(row.share)} ({interval(row.share_lower, row.share_upper, 0, scale=100)} %)"
        for row in overall.head(most).itertuples()
    ]
    names = list(overall["label"].head(most))
    having = VARIANTS[study.settings.primary].articles
    rest = [f"{name} in {share}" for name, share in zip(names[1:], shares[1:], strict=True)]
    first = f"{names[0]} is named in {shares[0]} of the {overall['articles'].iloc[0]} {having}"
    text = f"{', '.join([f'{first} (95 % intervals in brackets)', *([listing(rest)] if rest else [])])}."
    having_actor = (selection.counts(selection.select(study), "actors", list(overall["feature"])) > 0).astype(float)
    places = first_places(having_actor, blocks=heads(study), draws=study.settings.draws, seed=study.settings.seed)
    if (often := float(places[overall["feature"].iloc[0]])) >= STABLE:
        text += f" {names[0]} is named most often: so in {percent(often)} of {study.settings.draws:,} bootstrap draws."
    return [Finding(text)]


def variance_sentence(shares: pd.DataFrame) -> str:
    """Whether the variance in tone goes with the sub-event more than with the outlet, as far as the data tell.

    Parameters
    ----------
    shares : DataFrame from `frequency.variance_shares`, rows subevent, outlet and difference (of the two), or none
    """
    if shares.empty:
        return (
            "Too few articles have both a tone and a coded sub-event, or their tone does not vary, to tell how much of "
            "the variance in tone goes with the event and how much with the outlet."
        )
    event, outlet, gap = (shares.loc[name] for name in ("subevent", "outlet", "difference"))
    text = (
        f"Of the variance in tone between {event['articles']:.0f} articles {_share(event)} goes with the sub-event "
        f"reported and {_share(outlet)} with the outlet (omega squared, 95 % intervals)"
    )
    ends = f"difference {interval(gap['lower'], gap['upper'], 0, scale=100, sign=True)} points"
    if gap["lower"] > 0:
        return f"{text}: what can be explained of tone is more the event than the outlet ({ends})."
    if gap["upper"] < 0:
        return f"{text}: tone goes with the outlet more than with the event ({ends})."
    return f"{text}; which of the two matters more cannot be told ({ends})."


def _share(row: pd.Series) -> str:
    lower, upper = max(row["lower"], 0), max(row["upper"], 0)
    return f"{percent(max(row['estimate'], 0))} ({interval(lower, upper, 0, scale=100)} %)"


def why_untested(study: Study, measure: str = "", *, outlets: Sequence[str] = ()) -> str:
    """Why nothing of a measure is compared, in a sentence; said where there is nothing to show.

    Parameters
    ----------
    measure : as in COMPARISON; any where empty
    outlets : the outlet, or the two, that were to be compared; each tested outlet with the others where empty
    """
    settings = study.settings
    if measure in ("actor-share", "actor-rate", "targeted-sentiment") and not settings.main_actors:
        return "study.toml names no main actors (main_actors), so none is compared."
    if measure.startswith("label-share") and study.labels.empty:
        return "labels.csv holds no words that compete for one thing, so none are compared."
    if not outlets and not study.tested:
        return f"No outlet has the {settings.min_articles} articles a test asks for."
    if study.observed_days.empty:
        return "observed.csv records no day on which an outlet was observed, so no articles can be compared."
    if measure.startswith("sentiment") and not set(study.articles["language"]) & set(INSTRUMENTS):
        return "No article is in a language that has an instrument of tone."
    if len(outlets) == 2:
        names = [study.outlet_names.get(outlet, outlet) for outlet in outlets]
        return f"{listing(names)} have no articles of days on which both were observed."
    return "No other outlet has articles of days on which both were observed that can be compared."


def language_of(study: Study, chosen: str, *, tone: bool = False) -> str:
    """The language chosen; where none is, the study's first, or its first with an instrument of tone.

    Raises
    ------
    UnknownName
    """
    if chosen and chosen not in study.settings.languages:
        raise UnknownName("language", chosen, "is none of the study's", study.settings.languages)
    able = [language for language in study.settings.languages if not tone or language in INSTRUMENTS]
    return chosen or (able or study.settings.languages)[0]


def sized(rows: pd.DataFrame, name: str, other: str) -> str:
    """Both sides of a comparison with their articles, as a caption has them."""
    if rows.empty:
        return f"{name} minus {other}"
    first = rows.iloc[0]
    return f"{name} ({plural(first['articles'], 'article')}) minus {other} ({first['reference_articles']})"
