"""Descriptions, in sentences: a corpus, what a study lacks, who is named, what tone varies with, and the methods."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.errors import UnknownName
from analysis.report.components import Shown, escape, prose
from analysis.report.findings import Finding
from analysis.results import WORD_DRAWS
from analysis.results.measures import heads
from analysis.scoring import INSTRUMENTS
from analysis.stats.corpus import coverage
from analysis.stats.difference import STABLE, first_places
from analysis.stats.inference import LARGE, is_analytic
from analysis.stats.permutation import DRAWS_AT_MOST
from analysis.study import Study, selection
from analysis.tables import VARIANTS
from analysis.wording import ABSENT, day, interval, language, listing, number, percent, plural

NOTES, VALIDITY, METHODS = (
    Path(__file__).parents[1] / "instruments" / name for name in ("method_notes.toml", "validity.csv", "methods.bib")
)


def corpus_findings(study: Study) -> list[Finding]:
    """What must be known of a corpus before anything is compared, as sentences."""
    articles, table = study.articles, coverage(study)
    start, end = study.settings.window
    days = (end - start).days + 1
    languages = articles["language"].value_counts().items()
    split = listing([f"{count} in {language(str(code))}" for code, count in languages])
    per_day = articles.groupby("day").size().sort_values(ascending=False)
    half = int((per_day.cumsum() < len(articles) / 2).sum()) + 1
    texts = [
        f"The corpus holds {plural(len(articles), 'article')} of {plural(articles['outlet'].nunique(), 'outlet')} from "
        f"{day(start)} to {day(end)} ({split}); {plural(len(study.tested), 'outlet has', 'outlets have')} the "
        f"{study.settings.min_articles} articles that a test asks for.",
        f"Half of the articles fall on {half} of the {days} days of the window.",
    ]
    bare, captions = (int((articles["body_kind"] == kind).sum()) for kind in ("none", "caption"))
    if bare or captions:
        texts.append(
            f"{plural(bare, 'item carries', 'items carry')} a headline and nothing else, "
            f"{plural(captions, 'has', 'have')} a photo caption for a body; these count where headlines are compared, "
            f"and nowhere else."
        )
    shares = table.loc[table["tested"] & (table["items"] > 0), "share"]
    if len(shares):
        texts.append(
            f"Among the tested outlets the event made up {percent(shares.min(), 1)} to {percent(shares.max(), 1)} of "
            f"all items observed on the feed."
        )
    result = [Finding(text) for text in texts]
    partly = table[(table["observed_days"] < days) & (table["observed_days"] > 0)]
    if len(partly):
        text = (
            f"What {listing(sorted(partly['name']))} carried on the days on which the collection holds nothing of them "
            f"({int((days - partly['observed_days']).sum())} outlet-days) cannot be known; those days are left out of "
            f"comparisons."
        )
        result.append(Finding(text, "cannot tell"))
    return result


def corpus_sentence(study: Study, outlet: str) -> str:
    """How many articles of an outlet there are, from when, and how far it was observed."""
    row = coverage(study).set_index("outlet").loc[outlet]
    start, end = study.settings.window
    dates = f" from {day(row['first'])} to {day(row['last'])}" if row["articles"] else ""
    text = (
        f"{row['name']}: {plural(int(row['articles']), 'article')}{dates}, observed on {row['observed_days']} of the "
        f"{(end - start).days + 1} days of the window."
    )
    if row["role"] == "aggregator":
        text += " It republishes others' articles, so it is compared on titles only and stands in no reference."
    return text


def salience_findings(study: Study, overall: pd.DataFrame) -> list[Finding]:
    """How often the first six actors of `overall` (`views.actor_frequency`) are named in the whole corpus."""
    if overall.empty:
        return [Finding("study.toml names no main actors, or no article has the text to be compared: none is counted.")]
    named = [(row.label, _with_ends(row.share, row.share_lower, row.share_upper)) for row in overall.itertuples()]
    (name, share), *rest = named[:6]
    having = VARIANTS[study.settings.primary].articles
    text = f"{name} is named in {share} of the {overall['articles'].iloc[0]} {having} (95 % intervals in brackets)"
    text += f", {listing([f'{other} in {often}' for other, often in rest])}." if rest else "."
    naming = (selection.counts(selection.select(study), "actors", list(overall["feature"])) > 0).astype(float)
    draws = study.settings.draws
    often = first_places(naming, blocks=heads(study), draws=draws, seed=study.settings.seed).iloc[0]
    if often >= STABLE:
        text += f" {name} is named most often: so in {percent(often)} of {draws:,} bootstrap draws."
    return [Finding(text)]


def variance_sentence(shares: pd.DataFrame) -> str:
    """How much of the variance in tone goes with the sub-event, how much with the outlet (`views.variance_of_tone`)."""
    if shares.empty:
        return (
            "Too few articles have both a tone and a coded sub-event, or their tone does not vary, to tell how much of "
            "the variance in tone goes with the event and how much with the outlet."
        )
    ends = shares[["estimate", "lower", "upper"]].clip(lower=0)
    event, outlet = (_with_ends(*ends.loc[name]) for name in ("subevent", "outlet"))
    text = (
        f"Of the variance in tone between {shares['articles'].iloc[0]:.0f} articles {event} goes with the sub-event "
        f"reported and {outlet} with the outlet (omega squared, 95 % intervals)"
    )
    gap = shares.loc["difference"]
    apart = f"(difference {interval(gap['lower'], gap['upper'], 0, scale=100, sign=True)} points)"
    if gap["lower"] > 0:
        return f"{text}: what can be explained of tone is more the event than the outlet {apart}."
    if gap["upper"] < 0:
        return f"{text}: tone goes with the outlet more than with the event {apart}."
    return f"{text}; which of the two matters more cannot be told {apart}."


def _with_ends(share: float, lower: float, upper: float) -> str:
    return f"{percent(share)} ({interval(lower, upper, 0, scale=100)} %)"


def why_untested(study: Study, measure: str = "", *, outlets: Sequence[str] = ()) -> str:
    """Why nothing of a measure (any where empty) is compared, of an outlet, of two with each other, or of all."""
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
    """The language chosen; where none is, the study's first, or its first with an instrument of tone."""
    languages = study.settings.languages
    if chosen and chosen not in languages:
        raise UnknownName("language", chosen, "is none of the study's", languages)
    able = [code for code in languages if not tone or code in INSTRUMENTS]
    return chosen or (able or languages)[0]


def sized(rows: pd.DataFrame, name: str, other: str) -> str:
    """Both sides of a comparison with their articles, as a caption has them."""
    if rows.empty:
        return f"{name} minus {other}"
    first = rows.iloc[0]
    return f"{name} ({plural(first['articles'], 'article')}) minus {other} ({first['reference_articles']})"


@cache
def notes() -> dict[str, dict[str, Any]]:
    """Title, text and keys of methods.bib (`cites`) of each instrument."""
    return tomllib.loads(NOTES.read_text(encoding="utf-8"))


def method_note(study: Study, *instruments: str) -> Shown:
    """Notes of the instruments a report uses, each with its measured validity, and what to cite for them, folded."""
    measured = pd.read_csv(VALIDITY)
    measured = measured[measured["study"].isin(["*", study.name])]
    parts = []
    for instrument in instruments:
        text = notes()[instrument]["text"]
        text = text.replace("{how}", _how(study)) if "{how}" in text else text
        if instrument in study.settings.notes:
            text += f" {study.settings.notes[instrument]}"
        parts.append(f"<h3>{escape(notes()[instrument]['title'])}</h3><p>{prose(text)}</p>")
        if len(rows := measured[measured["instrument"] == instrument]):
            parts.append(f"<ul>{''.join(f'<li>{escape(_validity(row))}</li>' for _, row in rows.iterrows())}</ul>")
    entries = {entry.partition("{")[2].partition(",")[0]: entry for entry in METHODS.read_text("utf-8").split("\n\n")}
    if cited := dict.fromkeys(key for instrument in instruments for key in notes()[instrument].get("cites", ())):
        bibtex = escape("\n\n".join(entries[key].strip() for key in cited))
        summary = "<summary>The methods as BibTeX</summary>"
        parts.append(f'<details class="bibtex">{summary}<pre>{bibtex}</pre></details>')
    return Shown(f'<div class="method">{"".join(parts)}</div>', {"kind": "text", "name": "method"})


def _how(study: Study) -> str:
    facts = {"words": WORD_DRAWS * study.settings.draws, "seed": study.settings.seed}
    facts |= {"large": LARGE, "most": DRAWS_AT_MOST}
    way = "analytic" if is_analytic("auto", len(study.articles)) else "resampled"
    text: str = notes()["comparison"]["how"][way]
    return text.format(**facts)


def _validity(row: pd.Series) -> str:
    # Rates are at most 1; what is more, or nothing, is a count.
    value = ABSENT if pd.isna(row["value"]) else number(row["value"], 3 if 0 < row["value"] <= 1 else 0)
    measured = "" if pd.isna(row["command"]) else f", measured {row['date']} by {row['command']}"
    size = "" if pd.isna(row["n"]) else f", n = {number(row['n'], 0)}"
    return f"{row['measure']}: {value}; {row['who']}, {row['data']}{size}{measured}"
