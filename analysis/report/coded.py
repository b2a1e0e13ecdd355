"""Reports on codes: sentences, heat maps, intervals and tables of how groups of outlets differ."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from analysis.report import style
from analysis.report.components import Shown, note, nothing, share_with_interval, show_figure, show_table, with_interval
from analysis.report.figures import FEWEST, Cell, heat_map
from analysis.report.findings import Finding, capitalized
from analysis.report.views import period_titles
from analysis.results.coded import coded_values, group_overlap, study_agreement, usable
from analysis.stats.inference import ALPHA
from analysis.study import Study
from analysis.wording import listing, percent, plural


def group_order(study: Study, by: str) -> list[str]:
    """Groups in the order of study.toml; empty where they are compared by something else."""
    return [rule.name for rule in study.settings.groups] if by == "group" else []


def portrait_order(study: Study, groups: pd.Series, outlet: str) -> list[str]:
    """The outlet's name and that of what it is set beside (`portrait_groups`)."""
    name = study.outlet_names[outlet]
    return [name, *(str(group) for group in groups.dropna().unique() if group != name)]


def _phrases(study: Study, variable: str) -> dict[str, str]:
    """Value → how a sentence says that pages have it: the codebook's phrase, or the value itself."""
    rows = study.codebook[study.codebook["variable"] == variable]
    known = dict(zip(rows["value"], rows["phrase"].fillna(""), strict=True))
    known |= {union.name: union.phrase for union in study.settings.combined if union.variable == variable}
    return {value: phrase or f"have “{value}” as {variable.replace('_', ' ')}" for value, phrase in known.items()}


def _begins(study: Study, group: str) -> str:
    """A group's name at the beginning of a sentence; an outlet's is never changed."""
    return group if group in study.outlet_names.values() else capitalized(group)


def _answer(row: Any) -> str:
    """Yes for a difference that is told: after correction, of a code that coders agree on, in every condition."""
    if row.adjusted_p > ALPHA or row.q > ALPHA:
        return "cannot tell"
    if row.verdict != "firm":
        return "tentative: coders agree only so far"
    return f"not {row.fails}" if row.fails else "yes"


def code_findings(study: Study, differences: pd.DataFrame, *, limit: int = 5) -> list[Finding]:
    """Sentences on the largest differences (`differences_of`) that are sure, strongest first, each value once."""
    if differences.empty:
        return []
    sure = differences[[_answer(row) == "yes" for row in differences.itertuples()]]
    if sure.empty:
        text = "Between pages on the same subject in the same period no difference of groups is sure enough to be told."
        return [Finding(text, "cannot tell", "exploratory")]
    best = sure.sort_values("difference", key=abs, ascending=False, kind="stable")
    found = []
    for row in best.drop_duplicates(["family", "value"]).head(limit).itertuples():
        here = f"{row.count} of {row.articles:,} pages ({percent(row.count / row.articles)})"
        share = percent(row.other_count / row.other_articles)
        there = f"{row.other_count} of the {row.other_articles:,} others ({share})"
        text = f"{_begins(study, row.group)}: {here} {_phrases(study, row.family)[row.value]}, against {there}."
        found.append(Finding(text, "more" if row.difference > 0 else "less", "exploratory"))
    return found


def common_finding(
    study: Study, variable: str, *, groups: pd.Series | None = None, group: str = "", most: int = 3
) -> Finding:
    """A sentence on the values of a variable that most pages, or those of one group, have, of those coders agree on."""
    firm = [value for value, verdict in usable(study, variable).items() if verdict == "firm"]
    values = coded_values(study)[variable]
    unsure = values.drop(columns=firm).sum().sort_values(ascending=False).index
    values = values[firm].dropna()
    values = values if groups is None else values[groups.reindex(values.index) == group]
    counts = values.sum().astype(int).sort_values(ascending=False, kind="stable").head(most)
    parts = [f"{n} ({percent(n / len(values))}) {_phrases(study, variable)[value]}" for value, n in counts.items()]
    if not parts:
        return Finding("No code of it is firm enough.")
    left = listing([value.replace("-", " ") for value in unsure[:5]])
    detail = f"Not counted, since coders agree too little on it: {left}." if left else ""
    return Finding(f"Of {plural(len(values), 'page')}{f' of {group}' * bool(group)} {listing(parts)}.", detail=detail)


def combined_findings(study: Study, shares: Mapping[str, pd.DataFrame], order: Sequence[str] = ()) -> list[Finding]:
    """Sentences on the values that study.toml combines: the two groups with most of each, and the one with least."""
    found = []
    for union in study.settings.combined:
        if union.variable in shares and len(rows := shares[union.variable].query("value == @union.name")):
            rows = rows.set_index("group").loc[_in_order(rows, order)]
            rows = rows.sort_values("share", ascending=False, kind="stable")
            first, *others = pd.concat([rows[:2], rows[2:][-1:]]).itertuples()
            here = f"{first.count} of {first.articles} pages ({percent(first.share)}) {union.phrase}"
            rest = [f"; {row.Index}: {row.count} of {row.articles}" for row in others]
            found.append(Finding(f"{_begins(study, first.Index)}: {here}{''.join(rest)}."))
    return found


def _commonest(shares: pd.DataFrame) -> pd.Series:
    """Pages that have each value, most first."""
    return shares.groupby("value")["count"].sum().sort_values(ascending=False, kind="stable")


def figure_of_code_shares(
    study: Study, shares: pd.DataFrame, variable: str, *, order: Sequence[str] = (), by: str = ""
) -> Shown:
    """Heat map of the share of each group's pages that have each value; n beside each group, intervals in tooltips.

    `by` says in the caption what the groups are, where that is something else than on the rest of the page.
    """
    question = _question(study, variable)
    if shares.empty:
        return nothing(question, "No code of it is firm enough, or no group has enough outlets.")
    groups, common = _in_order(shares, order), _commonest(shares)
    values = [str(value) for value in common.index if common[value] > 0]
    cells = []
    known = shares[shares["value"].isin(values) & shares["group"].isin(groups)]
    for row in known.sort_values(["group", "value"]).itertuples():
        share = share_with_interval(row.share, row.lower, row.upper)
        words = f"{row.group}, {row.value}: {row.count} of {row.articles} pages, {share}"
        shown = f"{100 * row.share:.0f}" if row.count >= FEWEST else "·"
        cells.append(Cell(values.index(row.value), groups.index(row.group), 0.04 + 0.96 * row.share, shown, words))
    sizes = shares.drop_duplicates("group").set_index("group")["articles"]
    titles = period_titles(study)
    several = study.codebook.loc[study.codebook["variable"] == variable, "values_per_article"].eq("multi").any()
    caption = f"{question}: % of pages{f' by {by}' if by else ''}. "
    caption += "In brackets, pages read; a dot stands for fewer than five pages. "
    caption += "A page can have several." if several else ""
    if (left := len(study.manifest) - int(sizes.sum())) > 0 and set(groups) <= set(titles):
        caption += f" {plural(left, 'page')} without a day in these periods are left out."
    return heat_map(
        cells,
        [f"{titles.get(group, group)} ({sizes[group]})" for group in groups],
        [value.replace("-", " ") for value in values],
        name=f"{by or 'heat'}-{variable}",
        caption=caption,
        size=(1.6 + 0.78 * len(values), 0.42 * len(groups) + 1.3),
        rotation=(40, None),
        high=0.92,
        fontsize=9,
    )


@style.styled
def figure_of_code_intervals(
    study: Study, shares: pd.DataFrame, variable: str, *, order: Sequence[str] = (), most: int = 5
) -> Shown:
    """Shares of the commonest values by group, as points with 95 % intervals, one block a value."""
    question, values = _question(study, variable), list(_commonest(shares).index[:most])
    rows = shares[shares["value"].isin(values) & (shares["count"] >= FEWEST)]
    if rows.empty:
        return nothing(question, "Too few pages have any of these.")
    groups = _in_order(rows, order)
    ax: Axes = plt.subplots(figsize=(7.6, 0.26 * (len(rows) + 2 * len(values)) + 0.8))[1]
    labels, told, y = {}, [], 0
    for value in values:
        block = rows[(rows["value"] == value) & rows["group"].isin(groups)]
        block = block.sort_values("group", key=lambda names: names.map(groups.index))
        if len(block):
            labels[y] = value.replace("-", " ")
            for row in block.itertuples():
                y += 1
                share = share_with_interval(row.share, row.lower, row.upper)
                told.append(f"{value}, {row.group}: {row.count} of {row.articles} pages, {share}")
                labels[y] = f"    {row.group}"
                x = [100 * end for end in (row.lower, row.share, row.upper)]
                style.draw_point(ax, y, x, told[-1], style.BLUE, filled=True, lw=1.3, ms=5)
            y += 2
    ax.set_yticks(list(labels), list(labels.values()))
    ax.set_ylim(y - 0.6, -0.8)
    ax.set_xlim(0, None)
    ax.set_xlabel("% of pages")
    caption = f"{question}: % of pages, with 95 % intervals."
    return show_figure(ax, name=f"intervals-{variable}", caption=caption, alt=f"Points. {'; '.join(told)}.")


def table_of_code_differences(study: Study, differences: pd.DataFrame, variable: str) -> Shown:
    """Differences of a variable between each group and the others, folded: the largest first."""
    question = _question(study, variable)
    part = differences[differences["family"] == variable] if len(differences) else differences
    if part.empty:
        return note(f"{question}: no value is in enough pages of enough outlets to be tested.")
    shown = part.assign(
        here=[f"{row.count} of {row.articles}" for row in part.itertuples()],
        there=[f"{row.other_count} of {row.other_articles}" for row in part.itertuples()],
        matched=[with_interval(row, "difference", 0, 100, sign=True) for row in part.to_dict("records")],
        answer=[_answer(row) for row in part.itertuples()],
    )
    shown = shown.sort_values("difference", key=abs, ascending=False, kind="stable")
    columns = {
        **{"group": "pages", "value": "word", "here": "have it", "there": "others have it"},
        **{"matched": "difference, points (95 %)", "answer": "is it sure?"},
    }
    caption = f"{question}: each group against all others, pages on the same sub-event and period compared."
    return show_table(shown, name=f"differences-{variable}", caption=caption, columns=columns, fold=True)


def table_of_agreement(study: Study, variables: Sequence[str] = ()) -> Shown:
    """Agreement of coders on each variable and value, folded."""
    table = _of_variables(study_agreement(study), variables)
    shown = table.assign(
        same=table["agreement"].map(percent),
        alpha_with_interval=[
            "undefined" if pd.isna(row.alpha) else f"{row.alpha:.3f} ({row.lower:.2f} to {row.upper:.2f})"
            for row in table.itertuples()
        ],
    )
    columns = {
        **{"code": "variable: value", "first": "first coder", "second": "second coder", "same": "coded the same"},
        **{"alpha_with_interval": "Krippendorff's alpha (95 %)", "verdict": "use"},
    }
    caption = (
        f"Agreement of two coders on {plural(int(table['articles'].max()), 'page')} coded twice. Firm: alpha of .8 and "
        "more; tentative: of .667 and more; the rest, and what either coder gave to fewer than five pages, carries no "
        "finding."
    )
    return show_table(shown, name="agreement", caption=caption, columns=columns, fold=True)


def table_of_agreement_by_group(study: Study, variables: Sequence[str], by: str, *, most: int = 5) -> Shown:
    """Krippendorff's alpha within the groups with most pages coded twice, a column each, folded."""
    table = _of_variables(study_agreement(study, by), variables)
    table = table[table["group"] != ""]
    sizes = table.groupby("group")["articles"].max().sort_values(ascending=False, kind="stable").head(most)
    alphas = table.pivot(index="code", columns="group", values="alpha").reindex(list(dict.fromkeys(table["code"])))
    shown = alphas[[group for group in group_order(study, by) or sizes.index if group in sizes.index]]
    columns: dict[str, Any] = {"code": "variable: value"}
    columns |= {group: (f"{group} ({sizes[group]})", "{:.2f}".format) for group in shown.columns}
    caption = (
        "Agreement within each group: Krippendorff's alpha. In brackets, pages coded twice; an empty cell: all codes "
        "are the same, so alpha is undefined."
    )
    return show_table(shown.reset_index(), name="agreement-by-group", caption=caption, columns=columns, fold=True)


def _of_variables(table: pd.DataFrame, variables: Sequence[str]) -> pd.DataFrame:
    """Rows of AGREEMENT of some variables, or of all, with a column `code` that names variable and value."""
    table = table[table["variable"].isin(list(variables))] if variables else table
    return table.assign(code=table["variable"] + (": " + table["value"]).where(table["value"] != "", ""))


def table_of_overlap(study: Study, by: str, *, most: int = 40) -> Shown:
    """Country, language, ownership and kind of outlets together, folded, and which groups are not compared and why."""
    table, reasons = group_overlap(study, by)
    small, alone = ([group for group, why in reasons.items() if why == kind] for kind in ("few", "collinear"))
    parts = []
    if small:
        named = f" ({listing(small)})" if len(small) <= 5 else ""
        least = "twenty pages" if by == "outlet" else "ten outlets or twenty pages"
        parts.append(f"{plural(len(small), 'group')}{named} with fewer than {least}")
    if alone:
        parts.append(f"{listing(alone)}, since no other group has pages in the same language")
    untested = f" Not compared: {'; '.join(parts)}." if parts else ""
    caption = (
        f"Pages by country, language, ownership and kind of outlet: what goes together cannot be told apart. The "
        f"largest {min(most, len(table))} of {plural(len(table), 'combination')}.{untested}"
    )
    columns = dict(zip(shown := ["country", "language", "ownership", "medium", "outlets", "pages"], shown, strict=True))
    columns["medium"] = "kind"
    return show_table(table.head(most), name="overlap", caption=caption, columns=columns, fold=True)


def _question(study: Study, variable: str) -> str:
    """Question of a variable, as a caption begins."""
    return capitalized(study.codebook.loc[study.codebook["variable"] == variable, "question"].iloc[0])


def _in_order(shares: pd.DataFrame, order: Sequence[str]) -> list[str]:
    """Groups in a given order, or by how many pages they have."""
    sizes = shares.groupby("group")["articles"].max().sort_values(ascending=False, kind="stable")
    return [group for group in order if group in sizes.index] or [str(group) for group in sizes.index]
