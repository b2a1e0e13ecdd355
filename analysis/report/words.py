"""Words that set outlets apart, and words that compete to name one thing: sentences, figures and tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from analysis.errors import ParameterError
from analysis.instruments import function_words
from analysis.report import style
from analysis.report.components import Shown, note, nothing, show_figure, show_panels, show_table
from analysis.report.figures import FEWEST, beside
from analysis.report.findings import Finding, as_written, difference_finding, label_sets, reference_name
from analysis.results import is_significant, primary
from analysis.results.measures import REST, comparable, language_of
from analysis.stats.inference import ALPHA, DIGITS, LEAST
from analysis.study import Study, selection
from analysis.text.voice import lower
from analysis.wording import interval, listing, percent


def telling_words(study: Study, table: pd.DataFrame, group: str) -> pd.DataFrame:
    """Words of an outlet that may be shown, the furthest apart first.

    Left out are function words, the outlet's own name and what `exclude_words` of study.toml names: they tell how a
    desk writes, or that a page was copied with its furniture, and not what is said. The CSV has them all.
    """
    rows = primary(study, table, "term-share", group)
    if rows.empty:
        return rows
    own = lower(study.outlet_names.get(group, group)).split()
    silent = {*function_words(str(rows["language"].iloc[0])), *own, *map(lower, study.settings.exclude_words)}
    rows = rows[~rows["feature"].isin(silent) & (rows["count"] >= LEAST)]
    return rows.assign(size=-rows["z"].abs()).sort_values(["size", "feature"]).drop(columns="size")


def word_findings(study: Study, table: pd.DataFrame, group: str, *, limit: int = 8) -> list[Finding]:
    """Sentences on the words that an outlet holds in more, or fewer, of its articles than its reference."""
    rows = telling_words(study, table, group)
    standing = rows[is_significant(rows)].head(limit)
    if len(rows) and standing.empty:
        name = study.outlet_names.get(group, group)
        return [Finding(f"No word is reliably typical of {name}.", "cannot tell", "exploratory")]
    return [difference_finding(study, table, row) for _, row in standing.iterrows()]


def untypical(study: Study, table: pd.DataFrame, outlets: list[str]) -> Finding:
    """Sentence that names the outlets of which no word is typical; empty where there is none."""
    silent = [
        study.outlet_names[outlet]
        for outlet in outlets
        if [finding.verdict for finding in word_findings(study, table, outlet)] == ["cannot tell"]
    ]
    return Finding(f"No word is reliably typical of {listing(silent)}." if silent else "", "cannot tell")


def figure_of_words(study: Study, table: pd.DataFrame, *groups: str, each: int = 10) -> Shown | None:
    """Words most typical of some outlets, a panel for each: how many articles hold each."""
    panels, any_sure = [], False
    names = {"count": "count_here", "articles": "here", "reference_count": "count_there", "reference_articles": "there"}
    for group in groups:
        rows = telling_words(study, table, group)
        more = rows["count"] / rows["articles"] > rows["reference_count"] / rows["reference_articles"]
        rows = rows[more & (rows["estimate"] > 0) & (rows["p"] <= ALPHA)].head(each)
        if len(rows):
            sure = is_significant(rows)
            any_sure |= bool(sure.any())
            words = [as_written(study, word) for word in rows["feature"]]
            side = rows.rename(columns=names).assign(label=words + sure.map({True: " ●", False: ""}))
            panels.append(
                beside(side, study.outlet_names[group], study.outlet_names[group], reference_name(study, rows.iloc[0]))
            )
    if not panels:
        return None
    sure = "No word is sure once all words and outlets are compared: each may be chance."
    if any_sure:
        sure = "●: sure once all words and outlets are compared; the others may be chance."
    caption = (
        "Words most typical of each outlet, in % of articles that contain them: the outlet's (blue) and those it is "
        f"compared with (orange). Beside each word: the outlet's count. {sure}"
    )
    return show_panels(panels, name="words", caption=caption)


def words_compared(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Words as they are tested, by outlet and |z|, with their dispersion (Gries' DP) over the outlet's articles."""
    rows = primary(study, table, "term-share")
    frames = []
    for (outlet, reference), mine in rows.groupby(["group", "reference"], sort=False):
        right = None if reference == REST else str(reference)
        language = language_of(study, str(outlet))
        chosen, design = comparable(study, str(mine["variant"].iloc[0]), str(outlet), right, language=language)
        words, places = selection.words(chosen, language=language), design.article[design.sides[0]]
        spread = words.dispersion(places, chosen.articles["tokens"].to_numpy(float)[places]).round(DIGITS)
        frames.append(mine.assign(dp=mine["feature"].map(dict(zip(words.forms, spread, strict=True)))))
    found = pd.concat(frames, ignore_index=True) if frames else rows.assign(dp=0.0)
    return found.assign(group_name=found["group"].map(study.outlet_names))


def compared_in_words(study: Study, table: pd.DataFrame, *, language: str) -> list[str]:
    """Tested outlets of a language whose words could be compared."""
    words = table[(table["measure"] == "term-share") & (table["language"] == language)]
    return [outlet for outlet in study.tested if (words["group"] == outlet).any()]


@style.styled
def figure_of_labels(study: Study, shares: pd.DataFrame, label_set: str, *, most: int = 6) -> Shown:
    """Shares of a set's words (`views.labels_by_outlet`), a bar per outlet; beyond the commonest, "all others"."""
    referent = label_sets(study)[label_set]
    users = shares.drop_duplicates("group_name").set_index("group_name")["articles"]
    wide = shares[shares["set_uses"] > 0].pivot_table(index="group_name", columns="label", values="share", sort=False)
    whole = shares[shares["group"] == "all outlets"].sort_values(["uses", "label"], ascending=[False, True])
    kept, others = wide[whole["label"].head(most)], wide.drop(columns=whole["label"].head(most))
    wide = kept.assign(**{"all others": others.sum(axis=1)}) if len(others.columns) else kept
    wide = wide[users.reindex(wide.index) >= FEWEST]
    if wide.empty:
        return nothing(f"Words for {referent}", f"Fewer than {FEWEST} articles of any outlet use one.")
    height = 0.34 * len(wide) + 0.17 * -(-len(wide.columns) // 2) + 0.9  # of bars, of the legend's lines, of the scale
    ax: Axes = plt.subplots(figsize=(style.NARROW, height))[1]
    left = np.zeros(len(wide))
    for part, colour, ink in zip(wide, style.PARTS, style.ON_PARTS, strict=False):
        if part == "all others":
            colour, ink = style.MUTED, style.PAPER
        width = wide[part].to_numpy(float)
        bars = ax.barh(range(len(wide)), 100 * width, left=100 * left, height=0.72, color=colour, label=part, lw=0)
        for y, (x, w, bar) in enumerate(zip(left, width, bars, strict=True)):
            marks: list[Artist] = [bar]
            if w * 100 >= 1.9 * len(part) and w >= 0.1:  # there is room for the name
                marks.append(ax.text(100 * (x + w / 2), y, part, color=ink, fontsize=8, **style.INSIDE))
            style.tell(f"{wide.index[y]}: {part}, {percent(w)}", *marks)
        left = left + width
    for y, articles in enumerate(users.reindex(wide.index)):
        ax.text(101.5, y, f"{articles} art.", va="center", color=style.INK, fontsize=8.5)
    style.name_rows(ax, wide.index)
    ax.set_xlim(0, 100)
    ax.set_xlabel("% of the set's uses")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=8.5, handlelength=1)
    caption = f"Words for {referent}. At the end of each bar, the articles that use any of them."
    if few := [f"{outlet} ({articles})" for outlet, articles in users.items() if 0 < articles < FEWEST]:
        caption += f" Too few to draw: {', '.join(few)}."
    rows = [
        f"{outlet}: {', '.join(f'{part} {percent(w)}' for part, w in row.items() if w > 0)}"
        for outlet, row in wide.iterrows()
    ]
    alt = f"Stacked bars of the words for {referent}. {'; '.join(rows)}."
    return show_figure(ax, name=f"set-{label_set}", caption=caption, alt=alt)


def table_of_labels(study: Study, shares: pd.DataFrame, label_set: str) -> Shown:
    """Uses and shares of a set's words with simultaneous intervals, folded; frame from `views.labels_by_outlet`."""
    columns: Any = {
        **{"group_name": "outlet", "label": "word", "articles": "in articles"},
        "of": ("uses", lambda row: f"{row['uses']} of {row['set_uses']}"),
        "ends": (
            "share (95 % interval)",
            lambda row: f"{percent(row['share'])} ({interval(row['lower'], row['upper'], 0, scale=100)})",
        ),
    }
    caption = f"Words for {label_sets(study)[label_set]}: uses and shares; the intervals of a set hold together."
    used = shares[shares["set_uses"] > 0]
    return show_table(used, name=f"set-{label_set}", caption=caption, columns=columns, fold=True)


def often_used(sets: Mapping[str, pd.DataFrame], least: int) -> list[str]:
    """Names of the sets of competing words, each with its `labels_by_outlet`, that are used so often."""
    if not isinstance(least, int):
        raise ParameterError("wording", "least_uses", least, "is not a whole number")
    uses = {name: shares.loc[shares["group"] == "all outlets", "uses"].sum() for name, shares in sets.items()}
    return [name for name in sets if uses[name] >= least]


def note_of_rare_sets(study: Study, drawn: Sequence[str], least: int) -> Shown:
    """The sets of competing words that are used too rarely to be drawn."""
    sets = label_sets(study)
    thin = [sets[name] for name in sorted(sets) if name not in drawn]
    if not sets:
        return note("The study has no set of competing words (labels.csv).")
    return note(f"Too rare to draw, fewer than {least} uses: {listing(thin)}." if thin else "Every set is drawn.")
