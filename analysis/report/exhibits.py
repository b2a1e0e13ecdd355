"""The exhibits that reports share: a figure or a table for each kind of result, made the same way everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.report import figures
from analysis.report.display import Format, Shown, alt_estimates, note, show_figure, show_table
from analysis.report.views import label_sets, stacked, words_of
from analysis.study import Study
from analysis.wording import day, listing, number, percent, plural, small


@dataclass(frozen=True)
class Unit:
    """How values of a measure are shown: factor, decimals, and what they are called on an axis."""

    scale: float
    digits: int
    name: str

    def form(self, *, sign: bool = False) -> Format:
        """Formatter of a value in this unit."""
        return lambda value: number(self.scale * value, self.digits, sign=sign)


POINTS = Unit(100, 0, "percentage points")
RATE = Unit(1, 1, "mentions per 1,000 words")
VALENCE = Unit(1, 2, "valence, −1 to 1")


def nothing(caption: str, why: str = "") -> Shown:
    """What stands in the place of an exhibit that has nothing to show, and why."""
    return note(f"{caption.split('. ')[0].rstrip('.')}: nothing to show. {why}".rstrip())


def figure_of_differences(frame: pd.DataFrame, unit: Unit, *, name: str, caption: str, why: str = "") -> Shown:
    """Differences with intervals, filled where they stand; a panel per group where there are several.

    Parameters
    ----------
    frame : DataFrame from `views.differences`
    unit : Unit
    name, caption : as in `show_figure`
    why : why there is nothing to show, said where that is so (`views.why_untested`)
    """
    if frame.empty:
        return nothing(caption, why)
    several = frame["group_name"].nunique() > 1
    options: dict[str, Any] = {
        "scale": unit.scale,
        "digits": unit.digits,
        "zero": True,
        "mark": "found",
        "xlabel": unit.name,
    }
    if several:
        axes = figures.plot_panels(frame, panel="group_name", label="label", titles={}, **options)
    else:
        axes = figures.plot_estimates(frame, **options)
    alt = alt_estimates(
        frame,
        what="Differences as points with intervals" + (", one panel for each outlet" if several else ""),
        scale=unit.scale,
        digits=unit.digits,
        unit=f"in {unit.name}",
        panel="group_name" if several else None,
        mark="found",
    )
    filled = " Filled points stand after correction for all comparisons of this kind, hollow ones do not."
    return show_figure(axes, name=name, caption=caption + filled, alt=alt)


def table_of_differences(
    frame: pd.DataFrame, unit: Unit, *, name: str, caption: str, first: Mapping[str, str], fold: bool = True
) -> Shown:
    """Differences with intervals, q, what could have been found, and the counts on both sides.

    Parameters
    ----------
    frame : DataFrame from `views.differences` or `views.variants`
    unit : Unit
    name, caption, fold : as in `show_table`
    first : column → heading, for what names a row
    """
    rounded = {"count": ("counted", _whole), "reference_count": ("other side: counted", _whole)}
    columns: dict[str, tuple[str, Format | None]] = {
        **{column: (title, None) for column, title in first.items()},
        **rounded,
        "articles": ("articles", None),
        "reference_articles": ("other side: articles", None),
        "estimate": (f"difference, {unit.name}", unit.form(sign=True)),
        "lower": ("from", unit.form(sign=True)),
        "upper": ("to", unit.form(sign=True)),
        "q": ("q", small),
        "detectable": ("detectable", unit.form()),
    }
    return show_table(frame, name=name, caption=caption, columns=columns, fold=fold)


def _whole(value: float) -> str:
    return number(value, 0)


def table_of_groups(study: Study, *tables: pd.DataFrame) -> Shown | None:
    """Differences between groups of outlets (`groups.group_differences`), folded; None where there are none."""
    if not (some := [table for table in tables if len(table)]):
        return None
    every = pd.concat(some, ignore_index=True)
    return table_of_differences(
        every.assign(label=every["feature"].map(study.actor_names)),
        POINTS,
        name="groups",
        caption="Share of articles naming each main actor, periods taken off: mean over the outlets of a group minus "
        "mean over all others; counted are outlets. Intervals are Welch's over outlets.",
        first={"group": "group", "label": "actor", "variant": "text"},
    )


def table_of_frequencies(frame: pd.DataFrame, *, name: str, caption: str, first: Mapping[str, str]) -> Shown:
    """Shares of articles and rates per 1,000 words with their intervals, folded; frame from `actor_frequency`."""
    columns: dict[str, tuple[str, Format | None]] = {
        **{column: (title, None) for column, title in first.items()},
        "articles": ("articles", None),
        "articles_with": ("named in", None),
        "share": ("share", lambda v: percent(v, 1)),
        "share_lower": ("from", lambda v: percent(v, 1)),
        "share_upper": ("to", lambda v: percent(v, 1)),
        "count": ("mentions", None),
        "rate": ("per 1,000 words", RATE.form()),
        "rate_lower": ("from", RATE.form()),
        "rate_upper": ("to", RATE.form()),
        "dp": ("dispersion over outlets", lambda v: number(v, 2)),
    }
    return show_table(frame, name=name, caption=caption, columns=columns, fold=True)


def figure_of_shares(frame: pd.DataFrame, *, name: str, caption: str, panel: str | None = None) -> Shown:
    """Shares of articles with Wilson intervals, as points; a panel for each value of `panel`."""
    if frame.empty:
        return nothing(caption)
    ends: dict[str, Any] = {
        "estimate": "share",
        "lower": "share_lower",
        "upper": "share_upper",
        "scale": 100.0,
        "digits": 0,
    }
    options: dict[str, Any] = {**ends, "xlabel": "% of articles"}
    if panel:
        axes = figures.plot_panels(frame, panel=panel, label="label", titles={}, **options)
    else:
        axes = figures.plot_estimates(frame, **options)
    alt = alt_estimates(frame, what="Shares of articles as points", unit="in per cent", panel=panel, **ends)
    return show_figure(axes, name=name, caption=caption, alt=alt)


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


def table_of_labels(study: Study, shares: pd.DataFrame, label_set: str) -> Shown:
    """Uses and shares of a set's words with simultaneous intervals, folded; frame from `views.labels_by_outlet`."""
    columns: dict[str, tuple[str, Format | None]] = {
        "group_name": ("outlet", None),
        "label": ("word", None),
        "uses": ("uses", None),
        "set_uses": ("of", None),
        "articles": ("in articles", None),
        "share": ("share", percent),
        "lower": ("from", percent),
        "upper": ("to", percent),
    }
    caption = f"Words for {label_sets(study)[label_set]}: uses and shares, simultaneous 95 % intervals."
    shown = shares[shares["set_uses"] > 0]
    return show_table(shown, name=f"set-{label_set}", caption=caption, columns=columns, fold=True)


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


def figure_of_flow(coverage: pd.DataFrame) -> Shown:
    """The event's share of what each outlet carried; frame from `corpus.coverage`."""
    caption = (
        "The event's share of each outlet's observed items, with 95 % Wilson intervals. "
        "Filled: outlets with enough articles to be tested."
    )
    flow = coverage[coverage["items"] > 0].sort_values(["share", "name"], ascending=[False, True])
    if flow.empty:
        return nothing(caption, "observed.csv counts no items of any outlet.")
    columns: dict[str, Any] = {"label": "name", "estimate": "share", "scale": 100, "digits": 2}
    return show_figure(
        figures.plot_estimates(flow, **columns, mark="tested", xlabel="% of the outlet's observed items"),
        name="flow",
        caption=caption,
        alt=alt_estimates(flow, **columns, what="Shares of flow as points", unit="in per cent", mark="tested"),
    )


def note_of_rare_sets(study: Study, drawn: Sequence[str], least: int) -> Shown:
    """Which sets of competing words are used too rarely to be drawn."""
    sets = label_sets(study)
    thin = [sets[name] for name in sorted(sets) if name not in drawn]
    if not sets:
        return note("The study has no set of competing words (labels.csv).")
    return note(f"Too rare to draw, fewer than {least} uses: {listing(thin)}." if thin else "Every set is drawn.")
