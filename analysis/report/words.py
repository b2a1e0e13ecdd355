"""Words that set outlets apart, as sentences, figures and a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.instruments.function_words import function_words
from analysis.report.components import Shown, show_panels
from analysis.report.figures import beside
from analysis.report.findings import Finding, overturned, reference_name
from analysis.results import is_significant, primary
from analysis.results.measures import REST, comparable, language_of
from analysis.stats.frequency import spread_over
from analysis.stats.inference import ALPHA, LEAST
from analysis.study import Study, selection
from analysis.study.words import in_parts
from analysis.text.voice import lower
from analysis.wording import equals, interval, listing, number, plural


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
    if rows.empty:
        return []
    name, other = study.outlet_names.get(group, group), reference_name(study, rows.iloc[0])
    standing = rows[is_significant(rows)].head(limit)
    if standing.empty:
        return [Finding(f"No word is reliably typical of {name}.", "cannot tell", "exploratory")]
    words = table[(table["measure"] == "term-share") & (table["group"] == group)]
    return [_sentence(study, words, row, name, other) for _, row in standing.iterrows()]


def _sentence(study: Study, words: pd.DataFrame, row: pd.Series, name: str, other: str) -> Finding:
    text = (
        f"{name} uses “{row['feature']}” in {row['count']:.0f} of {plural(int(row['articles']), 'article')}, "
        f"{other} in {row['reference_count']:.0f} of {row['reference_articles']:.0f}."
    )
    ends = interval(row["lower"], row["upper"], 0, scale=100, sign=True)
    size = number(100 * row["estimate"], 0, sign=True)
    detail = f"Matched difference {size} points, 95 % interval {ends}; {equals('q', row['q'])}; exploratory."
    if weak := overturned(study, words, row):
        detail += f" Fragile: it does not hold {listing(weak)}."
    return Finding(text, "more" if row["estimate"] > 0 else "less", "exploratory", detail)


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
    for group in groups:
        rows = telling_words(study, table, group)
        more = rows["count"] / rows["articles"] > rows["reference_count"] / rows["reference_articles"]
        rows = rows[more & (rows["estimate"] > 0) & (rows["p"] <= ALPHA)].head(each)
        if len(rows):
            counts = {"count": "count_here", "articles": "here", "reference_count": "count_there"}
            side = rows.rename(columns=counts | {"reference_articles": "there"})
            sure = is_significant(rows).map({True: " ●", False: ""})
            any_sure |= bool(is_significant(rows).any())
            name, other = study.outlet_names[group], reference_name(study, rows.iloc[0])
            axes, alt = beside(side.assign(label=side["feature"] + sure), name, other)
            panels.append((axes, name, alt))
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
        every = selection.words(chosen, language=language)
        places = design.article[design.sides[0]]
        used, tokens = every.among(places), chosen.articles["tokens"].iloc[places].reset_index(drop=True)
        some = np.flatnonzero(np.isin(every.forms, mine["feature"].astype(object)))
        spread = pd.concat([spread_over(used.frame(some[part]), tokens) for part in in_parts(used.articles[some])])
        frames.append(mine.join(spread[["dp"]], on="feature"))
    found = pd.concat(frames, ignore_index=True) if frames else rows.assign(dp=0.0)
    return found.assign(group_name=found["group"].map(study.outlet_names))


def compared_in_words(study: Study, table: pd.DataFrame, *, language: str) -> list[str]:
    """Tested outlets of a language whose words could be compared."""
    words = table[(table["measure"] == "term-share") & (table["language"] == language)]
    return [outlet for outlet in study.tested if (words["group"] == outlet).any()]
