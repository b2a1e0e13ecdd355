"""Charts of results, each with its caption and a text alternative that holds the numbers drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.errors import ParameterError
from analysis.report import figures
from analysis.report.components import SENTIMENT, Shown, Unit, note, nothing, show_figure
from analysis.report.views import label_sets, stacked, words_of
from analysis.study import Study
from analysis.wording import day, interval, listing, number, percent, plural, small

_PERCENT = Unit(100, 0, "per cent")


def figure_of_estimates(
    frame: pd.DataFrame,
    *,
    name: str,
    caption: str,
    what: str,
    unit: Unit,
    xlabel: str,
    columns: Sequence[str] = ("label", "estimate", "lower", "upper"),
    named: bool = True,
    panel: str | None = None,
    mark: str | None = None,
    zero: bool = False,
) -> Shown:
    """Points with intervals, and each number in the text alternative.

    Parameters
    ----------
    frame : DataFrame, a row per point
    name, caption : as in `show_figure`
    what : what is drawn, as the text alternative begins
    unit : Unit, named in the text alternative where `named`
    columns : of label, estimate and both ends of the interval
    panel : column with a panel for each of its values
    mark : column of booleans, filled where true
    zero : draw a line at 0
    """
    label, estimate, lower, upper = columns
    options: dict[str, Any] = {
        **{"label": label, "estimate": estimate, "lower": lower, "upper": upper, "mark": mark},
        **{"scale": unit.scale, "digits": unit.digits, "zero": zero, "xlabel": xlabel},
    }
    axes = figures.plot_panels(frame, panel=panel, **options) if panel else figures.plot_estimates(frame, **options)
    points = []
    for row in frame.dropna(subset=[estimate]).to_dict("records"):
        where = f"{row[panel]}, {row[label]}" if panel else row[label]
        ends = interval(row[lower], row[upper], unit.digits, scale=unit.scale)
        filled = ", filled" if mark and row[mark] else ""
        points.append(f"{where} {number(unit.scale * row[estimate], unit.digits)} ({ends}{filled})")
    suffix = f" in {unit.name}" if named else ""
    alt = f"{what}. Estimate and 95 % interval{suffix}: {'; '.join(points)}."
    return show_figure(axes, name=name, caption=caption, alt=alt)


def figure_of_differences(frame: pd.DataFrame, unit: Unit, *, name: str, caption: str, why: str = "") -> Shown:
    """Differences with intervals, filled where significant; a panel per group where there are several.

    Parameters
    ----------
    frame : DataFrame from `views.differences`
    unit : Unit
    name, caption : as in `show_figure`
    why : why there is nothing to show, said where that is so (`descriptions.why_untested`)
    """
    if frame.empty:
        return nothing(caption, why)
    several = frame["group_name"].nunique() > 1
    filled = " Filled points stand after correction for all comparisons of this kind, hollow ones do not."
    return figure_of_estimates(
        frame,
        name=name,
        caption=caption + filled,
        what="Differences as points with intervals" + (", one panel for each outlet" if several else ""),
        unit=unit,
        xlabel=unit.name,
        panel="group_name" if several else None,
        mark="found",
        zero=True,
    )


def figure_of_shares(frame: pd.DataFrame, *, name: str, caption: str, panel: str | None = None) -> Shown:
    """Shares of articles with Wilson intervals, as points; a panel for each value of `panel`."""
    if frame.empty:
        return nothing(caption)
    return figure_of_estimates(
        frame,
        name=name,
        caption=caption,
        what="Shares of articles as points",
        unit=_PERCENT,
        xlabel="% of articles",
        columns=("label", "share", "share_lower", "share_upper"),
        panel=panel,
    )


def figure_of_flow(coverage: pd.DataFrame) -> Shown:
    """The event's share of what each outlet carried; frame from `corpus.coverage`."""
    caption = (
        "The event's share of each outlet's observed items, with 95 % Wilson intervals. "
        "Filled: outlets with enough articles to be tested."
    )
    flow = coverage[coverage["items"] > 0].sort_values(["share", "name"], ascending=[False, True])
    if flow.empty:
        return nothing(caption, "observed.csv counts no items of any outlet.")
    return figure_of_estimates(
        flow,
        name="flow",
        caption=caption,
        what="Shares of flow as points",
        unit=Unit(100, 2, "per cent"),
        xlabel="% of the outlet's observed items",
        columns=("name", "share", "lower", "upper"),
        mark="tested",
    )


def figure_of_means(
    frame: pd.DataFrame, *, name: str, caption: str, what: str, mark: str | None = None, panel: str | None = None
) -> Shown:
    """Mean sentiment with intervals, as points; frame from `corpus.sentiment_by` or `views.sentiment_by_period`."""
    drawn = frame.dropna(subset=["mean"])
    if frame.empty:
        return nothing(caption, "No article is in such a group: none coded, or no outlet with enough articles.")
    if drawn.empty:
        return nothing(caption, "No article has a tone: its language has no instrument, or it has no text to compare.")
    return figure_of_estimates(
        drawn,
        name=name,
        caption=caption,
        what=what,
        unit=SENTIMENT,
        named=False,
        xlabel="mean sentiment" if panel else "mean sentiment, −1 to 1",
        columns=("label", "mean", "lower", "upper"),
        panel=panel,
        mark=mark,
        zero=True,
    )


def figure_of_correction(corrected: pd.DataFrame) -> Shown:
    """Corrected mean polarity by outlet (`misclassification.corrected_tone`)."""
    caption = (
        "Mean polarity toward the persons and bodies an outlet mentions (mentions in brackets), corrected for what "
        "the instrument gets wrong, with 95 % bootstrap intervals over articles and coded mentions."
    )
    if corrected.empty:
        return nothing(caption, "Too few mentions of this study are coded by hand to correct by (polarity.csv).")
    return figure_of_estimates(
        corrected,
        name="corrected",
        caption=caption,
        what="Corrected mean polarity by outlet",
        unit=SENTIMENT,
        named=False,
        xlabel="mean polarity, −1 to 1, corrected",
        columns=("label", "corrected", "lower", "upper"),
        zero=True,
    )


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
    wide = stacked(shares)
    users = shares.drop_duplicates("group_name").set_index("group_name")["articles"].reindex(wide.index)
    rows = []
    for outlet, row in wide.iterrows():
        parts = [f"{label} {percent(share)}" for label, share in row.items() if share > 0]
        rows.append(f"{outlet}: {', '.join(parts)}")
    referent = label_sets(study)[label_set]
    return show_figure(
        figures.plot_stacked(wide, notes=[f"{n} art." for n in users]),
        name=f"set-{label_set}",
        caption=f"Words for {referent}: shares. At the end of each bar, the articles that use any of them.",
        alt=f"Stacked bars of the words for {referent}. {'; '.join(rows)}.",
    )


def figure_of_days(study: Study, days: pd.DataFrame) -> Shown:
    """Items per outlet and day, with the event's days; frame from `corpus.daily`, or some of its rows."""
    happenings = [(h.day, h.name) for h in study.settings.happenings]
    marks = "; ".join(f"{n} {name} ({day(when, year=False)})" for n, (when, name) in enumerate(happenings, start=1))
    rows = [
        f"{study.outlet_names.get(str(o), str(o))} {int(row.sum())} on {plural(int((row > 0).sum()), 'day')}, "
        f"{plural(int(row.isna().sum()), 'day')} not observed"
        for o, row in days.iterrows()
    ]
    return show_figure(
        figures.plot_timeline(days, names=study.outlet_names, happenings=happenings),
        name="days",
        caption=f"Items per day; a dash is a day not observed.{f' Orange: {marks}.' if marks else ''}",
        alt=f"Calendar of items per outlet and day. {'; '.join(rows)}.",
    )


def figure_of_subevents(study: Study, topics: pd.DataFrame) -> Shown:
    """Articles per outlet and sub-event; frame from `corpus.subevents`, or some of its rows."""
    topics = topics.fillna(0).astype("int64")
    if not topics.to_numpy().sum():
        return nothing("Articles by sub-event", "No sub-event of these articles is coded (articles.csv, subevent).")
    names = {**study.outlet_names, **{topic: topic.replace("-", " ") for topic in topics.columns}}
    rows = []
    for outlet, row in topics.iterrows():
        parts = [f"{names[str(topic)]} {int(count)}" for topic, count in row.items() if count]
        rows.append(f"{names.get(str(outlet), str(outlet))}: {', '.join(parts)}")
    return show_figure(
        figures.plot_matrix(topics, names=names),
        name="subevents",
        caption="Articles by sub-event; the stronger the blue, the larger the share of the row.",
        alt=f"Matrix of articles. {'; '.join(rows)}.",
    )


def often_used(sets: Mapping[str, pd.DataFrame], least: int) -> list[str]:
    """Names of the sets of competing words, each with its `labels_by_outlet`, that are used so often."""
    if not isinstance(least, int):
        raise ParameterError("wording", "least_uses", least, "is not a whole number")
    uses = {name: shares.loc[shares["group"] == "all outlets", "uses"].sum() for name, shares in sets.items()}
    return [name for name in sets if uses[name] >= least]


def note_of_rare_sets(study: Study, drawn: Sequence[str], least: int) -> Shown:
    """Which sets of competing words are used too rarely to be drawn."""
    sets = label_sets(study)
    thin = [sets[name] for name in sorted(sets) if name not in drawn]
    if not sets:
        return note("The study has no set of competing words (labels.csv).")
    return note(f"Too rare to draw, fewer than {least} uses: {listing(thin)}." if thin else "Every set is drawn.")
