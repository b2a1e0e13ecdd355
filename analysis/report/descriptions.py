"""Descriptions, in sentences: a corpus, what a study lacks, who is named, what tone varies with, and the methods."""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.errors import UnknownName
from analysis.report.components import Shown, escape, prose, share_with_interval
from analysis.report.findings import Finding, capitalized, label_sets, topic_name
from analysis.report.views import labels_by_outlet, sides
from analysis.results import margin, primary
from analysis.results.measures import language_of as spoken
from analysis.results.measures import match_sentence, untested_reasons
from analysis.scoring import INSTRUMENTS
from analysis.stats import inference
from analysis.stats.corpus import coverage
from analysis.stats.permutation import DRAWS_AT_MOST
from analysis.study import Study, selection
from analysis.study.selection import primary_of
from analysis.tables import VARIANTS, language_tag
from analysis.wording import ABSENT, day, language, listing, number, percent, plural

#: Points within which a difference of shares is called small.
SMALL = 15
NOTES, VALIDITY, METHODS = (
    Path(__file__).parents[1] / "instruments" / name for name in ("method_notes.toml", "validity.csv", "methods.bib")
)


def corpus_findings(study: Study) -> list[Finding]:
    """Sentences on what must be known of a corpus before anything is compared, and on days that were not observed."""
    articles, table = study.articles, coverage(study)
    start, end = study.settings.window
    days, total = (end - start).days + 1, len(articles)
    split = [f"{count} in {language(str(code))}" for code, count in articles["language"].value_counts().items()]
    per_day = articles.groupby("day").size().sort_values(ascending=False)
    half = int((per_day.cumsum() < total / 2).sum()) + 1
    outlets, tested = plural(articles["outlet"].nunique(), "outlet"), articles["outlet"].isin(study.tested).sum()
    have = "has" if len(study.tested) == 1 else "have"
    texts = [
        f"{outlets} published {plural(total, 'article')} on the event from {day(start)} to {day(end)}: "
        f"{listing(split)}.",
        *_subjects(study, articles),
        f"Half of the {total} articles appeared on {half} of the {days} days.",
        f"{len(study.tested)} of {outlets} {have} the {study.settings.min_articles} articles that a comparison needs; "
        f"{tested} of {total} articles are theirs.",
    ]
    bare, captions = (int((articles["body_kind"] == kind).sum()) for kind in ("none", "caption"))
    if bare or captions:
        why = [f"{plural(bare, 'has', 'have')} no text"] if bare else []
        why += [f"{captions if bare else plural(captions, 'has', 'have')} only a photo caption"] if captions else []
        are = "is" if bare + captions == 1 else "are"
        texts.append(f"{bare + captions} of {total} articles {are} compared by headline only: {', '.join(why)}.")
    shares = table[table["tested"] & (table["items"] > 0)]
    if len(shares):
        least, most = shares.loc[shares["share"].idxmin()], shares.loc[shares["share"].idxmax()]
        texts.append(
            f"The event was {most['observed_articles']:.0f} of {most['items']:,} items at {most['name']}, "
            f"{least['observed_articles']:.0f} of {least['items']:,} at {least['name']}: the most and the least."
        )
    silent = [study.throughout_note] if study.throughout_note else []
    partly = table[(table["observed_days"] < days) & (table["observed_days"] > 0)]
    if len(partly):
        missed = int((days - partly["observed_days"]).sum())
        silent.insert(
            0,
            f"What {plural(len(partly), 'outlet')} carried on the {missed:,} of {len(table) * days:,} outlet-days "
            "without observation cannot be known; comparisons leave those days out.",
        )
    return [Finding(text) for text in texts] + [Finding(text, "cannot tell") for text in silent]


def _subjects(study: Study, articles: pd.DataFrame, who: str = "") -> list[str]:
    """A sentence on the two commonest sub-events of some articles; none where none is coded."""
    counts = articles["subevent"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    if counts.empty or counts.iloc[0] < 2:
        return []
    told = [f"{count} about {topic_name(study, topic)}" for topic, count in counts.head(2).items()]
    told[0] = told[0].replace(" about", " are mainly about", 1)
    return [f"Of {plural(int(counts.sum()), 'article')}{who}, {', '.join(told)}."]


def portrait(study: Study, outlet: str) -> list[Finding]:
    """Sentences on one outlet, with denominators, before anything is tested: subjects, names, dates and a word."""
    name, mine = study.outlet_names[outlet], study.articles[study.articles["outlet"] == outlet]
    texts = [*_names(study, outlet, len(mine)), *_subjects(study, mine, f" of {name}")]
    if len(mine):
        per_day = mine.groupby("day").size()
        busiest = per_day.idxmax()
        most = f", {per_day[busiest]} of them on {day(busiest, year=False)}" if per_day[busiest] > 1 else ""
        first, last = day(mine["day"].min()), day(mine["day"].max())
        texts.append(f"{name} published {plural(len(mine), 'article')} from {first} to {last}{most}.")
    return [Finding(text) for text in texts + _word(study, outlet)]


def pair_portrait(study: Study, left: str, right: str) -> list[Finding]:
    """Sentences on two outlets, with denominators: the subject and the actor most common in the two together."""
    names = [study.outlet_names[outlet] for outlet in (left, right)]
    texts = []
    verbs = {"reports mainly on {} in": 1, "names {} in": 2, "says “{}” in": 1}
    for (verb, most), side in zip(verbs.items(), sides(study, left, right), strict=True):
        total = (side["count_here"] + side["count_there"]).astype(float)  # of an empty table these are objects
        for row in side.assign(both=total).nlargest(most, "both").itertuples():
            if max(row.count_here, row.count_there) >= 2:
                here, there = f"{row.count_here:.0f} of {row.here:.0f}", f"{row.count_there:.0f} of {row.there:.0f}"
                unit = "cases" if verb.startswith("says") else "articles"
                texts.append(f"{names[0]} {verb.format(row.label)} {here} {unit}, {names[1]} in {there}.")
    counts = [(study.articles["outlet"] == outlet).sum() for outlet in (left, right)]
    texts.append(f"{names[0]} published {plural(counts[0], 'article')} on the event, {names[1]} {counts[1]}.")
    return [Finding(text) for text in texts]


def _told_names(named: pd.Series) -> str:
    """The three actors that most articles name, with how many: 12 name A, 7 B and 5 C."""
    return listing([f"{count:.0f} {actor}" for actor, count in named.head(3).items()]).replace(" ", " name ", 1)


def _names(study: Study, outlet: str, total: int) -> list[str]:
    """A sentence on the main actors that an outlet names most; it says which articles it leaves out."""
    variant, name = primary_of(study, outlet), study.outlet_names[outlet]
    chosen = selection.select(study, variant)
    mine = chosen.articles.index[chosen.articles["outlet"] == outlet]
    named = (selection.counts(chosen, "actors", list(study.settings.main_actors)).loc[mine] > 0).sum()
    named = named[named > 0].sort_values(ascending=False, kind="stable").rename(study.actor_names)
    if named.empty:
        return []
    having = f"{plural(len(mine), 'article')} of {name}"
    if len(mine) < total:
        having = f"the {len(mine)} {VARIANTS[variant].articles} (of {total} of {name})"
    return [f"Of {having}, {_told_names(named)}."]


def _word(study: Study, outlet: str, *, least: int = 5) -> list[str]:
    """A sentence on the competing word that an outlet uses most, of the set it uses most; none where it uses few."""
    tables = [labels_by_outlet(study, name, language=spoken(study, outlet)) for name in sorted(label_sets(study))]
    rows = pd.concat([table[table["group"] == outlet] for table in tables]) if tables else pd.DataFrame()
    if rows.empty or rows["set_uses"].max() < least:
        return []
    best = rows.sort_values(["set_uses", "uses", "feature"], ascending=[False, False, True]).iloc[0]
    referent = capitalized(label_sets(study)[best["feature"].split(":")[0]])
    uses = f"{best['uses']:.0f} of {best['set_uses']:.0f} cases"
    return [f"{referent}: {study.outlet_names[outlet]} says “{best['label']}” in {uses}."]


def corpus_sentence(study: Study, outlet: str) -> str:
    """A sentence on how far an outlet was observed, and on what it may be compared with."""
    row = coverage(study).set_index("outlet").loc[outlet]
    start, end = study.settings.window
    text = f"{row['name']} was observed on {row['observed_days']} of the {(end - start).days + 1} days of the window."
    if row["role"] == "aggregator":
        text += " It republishes others' articles: only its headlines are compared, and no outlet is compared with it."
    return text


def salience_findings(study: Study, overall: pd.DataFrame) -> list[Finding]:
    """Sentences on how often the actors of `overall` (`views.actor_frequency`, by share) are named in all articles."""
    if overall.empty:
        return [Finding("study.toml names no main actors, or no article has the text to be compared: none is counted.")]
    ends = [
        f"{row.label} {share_with_interval(row.share, row.share_lower, row.share_upper)}"
        for row in overall.head(2).itertuples()
    ]
    having = f"Of the {overall['articles'].iloc[0]} {VARIANTS[study.settings.primary].articles}"
    text = f"{having}, {_told_names(overall.set_index('label')['articles_with'])}."
    return [Finding(text, detail=f"Shares with 95 % intervals: {listing(ends)}.")]


def variance_sentence(shares: pd.DataFrame) -> str:
    """Tone by what is reported against tone by who reports (`views.variance_of_tone`); empty where neither is more."""
    if shares.empty or not (gap := shares.loc["difference"])["lower"] * gap["upper"] > 0:
        return ""
    event, outlet = (percent(max(shares.loc[name, "estimate"], 0)) for name in ("subevent", "outlet"))
    what, who = f"what is reported explains {event}", f"who reports it explains {outlet}"
    first, second = (what, who) if gap["upper"] > 0 else (who, what)
    total = f"{shares['articles'].iloc[0]:,.0f} articles"
    return f"{capitalized(first)} of the differences in tone between {total}, {second}."


def why_untested(study: Study, measure: str = "", *, outlets: Sequence[str] = ()) -> str:
    """Reason that nothing of a measure (any where empty) is compared: of an outlet, of two together, or of all."""
    if measure in ("actor-share", "actor-rate", "targeted-sentiment") and not study.settings.main_actors:
        return "study.toml names no main actors (main_actors), so none is compared."
    if measure.startswith("label-share") and study.labels.empty:
        return "labels.csv holds no words that compete for one thing, so none are compared."
    if study.observed_days.empty:
        return "observed.csv records no day on which an outlet was observed, so no articles can be compared."
    if not outlets and not study.tested:
        return f"No outlet has the {study.settings.min_articles} articles a test asks for."
    if measure.startswith("sentiment") and not set(study.articles["language"]) & _scored(study):
        return "No article is in a language that has an instrument of tone."
    if len(outlets) == 2:
        names = listing([study.outlet_names[outlet] for outlet in outlets])
        return f"{names} have no articles of days on which both were observed."
    return "No other outlet has articles of days on which both were observed that can be compared."


def comparison_limits(study: Study, table: pd.DataFrame, measure: str) -> str:
    """Sentences on comparisons of shares: how many differences are sure to be small, what was not tested or matched."""
    rows = primary(study, table, measure)
    known = margin(rows).dropna()
    texts = []
    if len(known):
        few = (known <= SMALL).sum()
        texts.append(f"In {few} of {len(known)} comparisons a difference of more than {SMALL} points can be ruled out.")
    if reasons := untested_reasons(rows):
        texts.append(f"Not tested: {reasons}.")
    return " ".join(filter(None, [*texts, match_sentence(study)]))


def language_of(study: Study, chosen: str, *, tone: bool = False) -> str:
    """The language chosen; where none is, the study's first, or its first with an instrument of tone."""
    languages, chosen = study.settings.languages, language_tag(chosen)
    if chosen and chosen not in languages:
        raise UnknownName("language", chosen, "is none of the study's", languages)
    able = [code for code in languages if not tone or code in _scored(study)]
    return chosen or (able or languages)[0]


def _scored(study: Study) -> set[str]:
    """Languages with an instrument of tone, built in or of study.toml."""
    return {*INSTRUMENTS, *(code for rule in study.settings.instruments for code in rule.languages)}


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
    parts, cited = [], []
    for instrument in instruments:
        told = notes()[instrument]
        own = study.settings.notes.get(instrument, "")
        text = told["text"] if "{study}" in told["text"] else f"{told['text']} {own}"
        if "how" in told:
            way = told["how"]["analytic" if len(study.articles) > inference.LARGE else "drawn"]
            text = text.replace("{how}", way.format(large=inference.LARGE, most=DRAWS_AT_MOST))
        text = text.replace("{study}", own)
        rows = measured[measured["instrument"] == instrument]
        items = "".join(f"<li>{escape(_validity(row))}</li>" for _, row in rows.iterrows())
        summary = f"<summary>{escape(told['title'])}</summary>"
        parts.append(f"<details>{summary}<p>{prose(text)}</p>{items and f'<ul>{items}</ul>'}</details>")
        cited += told.get("cites", ())
    record = {"kind": "text", "name": "methods"}
    entries = {entry.partition("{")[2].partition(",")[0]: entry for entry in METHODS.read_text("utf-8").split("\n\n")}
    if cited:
        record["bib"] = "\n\n".join(entries[key].strip() for key in dict.fromkeys(cited)) + "\n"
        summary = "<summary>The methods as BibTeX</summary>"
        parts.append(f'<details class="bibtex">{summary}<pre>{escape(record["bib"].rstrip())}</pre></details>')
    return Shown(f'<div class="method">{"".join(parts)}</div>', record)


def _validity(row: pd.Series) -> str:
    # Rates are at most 1; what is more, or nothing, is a count.
    value = ABSENT if pd.isna(row["value"]) else number(row["value"], 3 if 0 < row["value"] <= 1 else 0)
    measured = "" if pd.isna(row["command"]) else f", measured {row['date']} by {row['command']}"
    size = "" if pd.isna(row["n"]) else f", n = {number(row['n'], 0)}"
    return f"{row['measure']}: {value}; {row['who']}, {row['data']}{size}{measured}"


#: Sentiment instruments of validity.csv, as a sentence calls them.
_INSTRUMENTS = {"VADER": "tone of sentences (VADER)", "linear model": "tone toward actors (a linear model)"}


def limits_sentence() -> str:
    """The macro-F1 of both instruments of tone on news, from validity.csv."""
    table = pd.read_csv(VALIDITY)
    news = table[table["measure"].str.startswith("macro-F1 of polarity") & table["data"].str.startswith("NewsMTSC")]
    known = [
        f"{name} reaches {number(news.loc[news['who'].str.startswith(who), 'value'].iloc[0], 2)}"
        for who, name in _INSTRUMENTS.items()
    ]
    return f"On sentences of news coded by people (NewsMTSC), {' and '.join(known)} (macro F1, where 1 is perfect)."
