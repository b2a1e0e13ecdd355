"""Figures and tables of results. A figure's text alternative holds the numbers drawn, a table's CSV its whole frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from analysis.report import figures
from analysis.report.components import Shown, note, nothing, show_figure, show_table
from analysis.report.findings import MEASURES, Measure, label_sets
from analysis.report.views import stacked, words_of
from analysis.study import Study
from analysis.wording import day, interval, listing, number, percent, plural, small

_COUNT, _RATE, _SHARE = partial(number, digits=0), partial(number, digits=1), partial(percent, digits=1)
_PER_CENT = "Estimate and 95 % interval in per cent"

#: Columns of `views.actor_frequency` that a page shows, beside those that name a row.
FREQUENCY: Any = {
    **{"articles": "articles", "articles_with": "named in"},
    **{"share": ("share", _SHARE), "share_lower": ("from", _SHARE), "share_upper": ("to", _SHARE), "count": "mentions"},
    **{"rate": ("per 1,000 words", _RATE), "rate_lower": ("from", _RATE), "rate_upper": ("to", _RATE)},
    "dp": "dispersion over outlets",
}
#: Columns of `misclassification.corrected_tone` that a page shows.
CORRECTION: Any = {
    **{"label": "outlet (mentions)", "articles": "articles"},
    **{"negative": ("negative, measured", percent), "corrected_negative": ("negative, corrected", percent)},
    **{"measured": "mean, measured", "corrected": "mean, corrected", "lower": "from", "upper": "to"},
}
_LABELS: Any = {
    **{"group_name": "outlet", "label": "word", "uses": "uses", "set_uses": "of", "articles": "in articles"},
    **{"share": ("share", percent), "lower": ("from", percent), "upper": ("to", percent)},
}


def figure_of_estimates(
    frame: pd.DataFrame, what: str, *, name: str, caption: str, why: str = "", **drawn: Any
) -> Shown:
    """Points with intervals, drawn by `plot_estimates` and told after `what`; `why` where there are none."""
    if frame.empty:
        return nothing(caption, why)
    panel, mark = drawn.get("panel"), drawn.get("mark")
    scale, digits = drawn.get("scale", 1), drawn.get("digits", 2)
    points = []
    for row in frame.dropna(subset=["estimate"]).to_dict("records"):
        where = f"{row[panel]}, {row['label']}" if panel else row["label"]
        ends = interval(row["lower"], row["upper"], digits, scale=scale)
        filled = ", filled" if mark and row[mark] else ""
        points.append(f"{where} {number(scale * row['estimate'], digits)} ({ends}{filled})")
    axes = figures.plot_estimates(frame, **drawn)
    return show_figure(axes, name=name, caption=caption, alt=f"{what}: {'; '.join(points)}.")


def figure_of_differences(frame: pd.DataFrame, *, caption: str, **shown: Any) -> Shown:
    """Differences from `views.differences`, filled where significant; a panel per outlet where there are several."""
    measure = _measure_of(frame)
    shown |= {"scale": measure.scale, "digits": measure.digits, "xlabel": measure.axis, "mark": "found", "zero": True}
    what = "Differences as points with intervals"
    if frame["group_name"].nunique() > 1:
        shown["panel"], what = "group_name", f"{what}, one panel for each outlet"
    if len(frame):
        caption += " Filled points stand after correction for all comparisons of this kind, hollow ones do not."
    return figure_of_estimates(frame, f"{what}. Estimate and 95 % interval in {measure.axis}", caption=caption, **shown)


def figure_of_shares(frame: pd.DataFrame, **shown: Any) -> Shown:
    """Shares of articles with Wilson intervals from `views.actor_frequency`."""
    frame = frame.rename(columns={"share": "estimate", "share_lower": "lower", "share_upper": "upper"})
    shown |= {"scale": 100, "digits": 0, "xlabel": "% of articles"}
    return figure_of_estimates(frame, f"Shares of articles as points. {_PER_CENT}", **shown)


def figure_of_flow(coverage: pd.DataFrame, **shown: Any) -> Shown:
    """The event's share of what each outlet carried, filled where tested; frame from `corpus.coverage`."""
    flow = coverage[coverage["items"] > 0].sort_values(["share", "name"], ascending=[False, True])
    flow = flow.rename(columns={"name": "label", "share": "estimate"})
    shown |= {"scale": 100, "xlabel": "% of the outlet's observed items", "mark": "tested"}
    shown["why"] = "observed.csv counts no items of any outlet."
    return figure_of_estimates(flow, f"Shares of flow as points. {_PER_CENT}", **shown)


def figure_of_means(frame: pd.DataFrame, *, what: str, **shown: Any) -> Shown:
    """Mean sentiment with intervals; frame from `corpus.sentiment_by` or `views.sentiment_by_period`."""
    why = "No article has a tone: its language has no instrument, or it has no text to compare."
    if frame.empty:
        why = "No article is in such a group: none coded, or no outlet with enough articles."
    shown |= {"why": why, "xlabel": f"mean sentiment{'' if 'panel' in shown else ', −1 to 1'}", "zero": True}
    drawn = frame.dropna(subset=["mean"]).rename(columns={"mean": "estimate"})
    return figure_of_estimates(drawn, f"{what}. Estimate and 95 % interval", **shown)


def figure_of_correction(corrected: pd.DataFrame, **shown: Any) -> Shown:
    """Corrected mean polarity by outlet (`misclassification.corrected_tone`)."""
    shown["why"] = "Too few mentions of this study are coded by hand to correct by (polarity.csv)."
    shown |= {"xlabel": "mean polarity, −1 to 1, corrected", "zero": True}
    drawn = corrected.rename(columns={"corrected": "estimate"})
    return figure_of_estimates(drawn, "Corrected mean polarity by outlet. Estimate and 95 % interval", **shown)


def figure_of_words(study: Study, results: pd.DataFrame, group: str, *, each: int = 10) -> Shown | None:
    """Words that set an outlet apart from its reference; None where nothing in its language can be compared."""
    words = words_of(study, results, group, each=each)
    if words.empty:
        return None
    row, name = words.iloc[0], study.outlet_names[group]
    other = study.outlet_names.get(row["reference"], "the other outlets")
    listed = [f"{w.feature} {number(w.z, 1, sign=True)} (q {small(w.q)})" for w in words.itertuples()]
    return show_figure(
        figures.plot_words(words, left=other, right=name),
        name=f"words-{group}",
        caption=f"{name} ({row['articles']} articles) against {other} ({row['reference_articles']}): words with the "
        f"largest and smallest z of the log-odds ratio, function words left out. Filled points stand after correction.",
        alt=f"Words with their z, positive for {name}: {'; '.join(listed)}.",
    )


def figure_of_labels(study: Study, shares: pd.DataFrame, label_set: str) -> Shown:
    """Shares of a set's words as one bar per outlet; frame from `views.labels_by_outlet`."""
    wide, referent = stacked(shares), label_sets(study)[label_set]
    users = shares.drop_duplicates("group_name").set_index("group_name")["articles"].reindex(wide.index)
    rows = wide.apply(
        lambda row: ", ".join(f"{label} {percent(share)}" for label, share in row.items() if share), axis=1
    )
    return show_figure(
        figures.plot_stacked(wide, notes=[f"{n} art." for n in users]),
        name=f"set-{label_set}",
        caption=f"Words for {referent}: shares. At the end of each bar, the articles that use any of them.",
        alt=f"Stacked bars of the words for {referent}. {_by_row(rows)}.",
    )


def figure_of_days(study: Study, days: pd.DataFrame) -> Shown:
    """Items per outlet and day, with the event's days; frame from `corpus.daily`, or some of its rows."""
    days = days.rename(index=study.outlet_names)
    happenings = [(happening.day, happening.name) for happening in study.settings.happenings]
    marks = "; ".join(f"{n} {name} ({day(when, year=False)})" for n, (when, name) in enumerate(happenings, start=1))
    rows = [
        f"{outlet} {int(row.sum())} on {plural(int((row > 0).sum()), 'day')}, "
        f"{plural(int(row.isna().sum()), 'day')} not observed"
        for outlet, row in days.iterrows()
    ]
    return show_figure(
        figures.plot_timeline(days, happenings=happenings),
        name="days",
        caption=f"Items per day; a dash is a day not observed.{f' Orange: {marks}.' if marks else ''}",
        alt=f"Calendar of items per outlet and day. {'; '.join(rows)}.",
    )


def figure_of_subevents(study: Study, topics: pd.DataFrame) -> Shown:
    """Articles per outlet and sub-event; frame from `corpus.subevents`, or some of its rows."""
    topics = topics.fillna(0).astype("int64")
    if not topics.to_numpy().sum():
        return nothing("Articles by sub-event", "No sub-event of these articles is coded (articles.csv, subevent).")
    topics = topics.rename(index=study.outlet_names, columns=lambda topic: topic.replace("-", " "))
    rows = topics.apply(lambda row: ", ".join(f"{topic} {count}" for topic, count in row.items() if count), axis=1)
    return show_figure(
        figures.plot_matrix(topics),
        name="subevents",
        caption="Articles by sub-event; the stronger the blue, the larger the share of the row.",
        alt=f"Matrix of articles. {_by_row(rows)}.",
    )


def _by_row(texts: pd.Series) -> str:
    return "; ".join(f"{outlet}: {text}" for outlet, text in texts.items())


def note_of_rare_sets(study: Study, drawn: Sequence[str], least: int) -> Shown:
    """The sets of competing words that are used too rarely to be drawn."""
    sets = label_sets(study)
    thin = [sets[name] for name in sorted(sets) if name not in drawn]
    if not sets:
        return note("The study has no set of competing words (labels.csv).")
    return note(f"Too rare to draw, fewer than {least} uses: {listing(thin)}." if thin else "Every set is drawn.")


def _measure_of(frame: pd.DataFrame) -> Measure:
    return MEASURES["actor-share" if frame.empty else frame["measure"].iloc[0]]


def table_of_differences(frame: pd.DataFrame, *, first: Mapping[str, str], fold: bool = True, **shown: Any) -> Shown:
    """Differences from `views.differences` or `views.variants`, with q, what could have been found, and both counts.

    `first` are the columns that name a row, with their headings.
    """
    measure = _measure_of(frame)
    signed = partial(measure.number, sign=True)
    columns: Any = {
        **first,
        **{"count": ("counted", _COUNT), "reference_count": ("other side: counted", _COUNT)},
        **{"articles": "articles", "reference_articles": "other side: articles"},
        **{"estimate": (f"difference, {measure.axis}", signed), "lower": ("from", signed), "upper": ("to", signed)},
        **{"q": ("q", small), "detectable": ("detectable", measure.number)},
    }
    return show_table(frame, columns=columns, fold=fold, **shown)


def table_of_groups(study: Study, *tables: pd.DataFrame) -> Shown | None:
    """Differences between groups of outlets (`groups.group_differences`), folded; None where there are none."""
    if not (some := [table for table in tables if len(table)]):
        return None
    every = pd.concat(some, ignore_index=True)
    every["label"] = every["feature"].map(study.actor_names)
    caption = (
        "Share of articles naming each main actor, periods taken off: mean over the outlets of a group minus mean over "
        "all others; counted are outlets. Intervals are Welch's over outlets."
    )
    first = {"group": "group", "label": "actor", "variant": "text"}
    return table_of_differences(every, name="groups", caption=caption, first=first)


def table_of_labels(study: Study, shares: pd.DataFrame, label_set: str) -> Shown:
    """Uses and shares of a set's words with simultaneous intervals, folded; frame from `views.labels_by_outlet`."""
    caption = f"Words for {label_sets(study)[label_set]}: uses and shares, simultaneous 95 % intervals."
    used = shares[shares["set_uses"] > 0]
    return show_table(used, name=f"set-{label_set}", caption=caption, columns=_LABELS, fold=True)
