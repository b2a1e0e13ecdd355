"""Findings: sentences on rows of COMPARISON. They take no stance; "cannot tell" is a finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from analysis import tables
from analysis.instruments.function_words import function_words
from analysis.results import is_primary, is_significant, primary, without
from analysis.results.measures import EQUAL, REST, heads
from analysis.stats.difference import STABLE, first_places
from analysis.study import Study, selection
from analysis.wording import equals, interval, listing, number, percent, plural, points

FUNCTION_WORDS = "function words, which tell how a desk writes and not what it says,"


@dataclass(frozen=True)
class Finding:
    """One sentence or two, and how it came out.

    Attributes
    ----------
    text : str, plain text
    verdict : more, less, cannot tell, described, or not tested
    status : confirmatory, exploratory, or empty where nothing was tested
    """

    text: str
    verdict: str = "described"
    status: str = ""


def reference_name(study: Study, row: pd.Series) -> str:
    """What a row is compared with, as a sentence says it."""
    return study.outlet_names.get(row["reference"], "the other outlets")


def _actor_share(study: Study, row: pd.Series) -> str:
    return (
        f"names {study.actor_names.get(row['feature'], row['feature'])} in {row['count']:.0f} of "
        f"{plural(row['articles'], 'article')} ({percent(row['count'] / row['articles'])}), "
        f"{reference_name(study, row)} in {row['reference_count']:.0f} of {row['reference_articles']} "
        f"({percent(row['reference_count'] / row['reference_articles'])}): {points(row['estimate'])} once periods "
        f"are matched, 95 % interval {interval(row['lower'], row['upper'], 0, scale=100, sign=True)}"
    )


def _actor_rate(study: Study, row: pd.Series) -> str:
    return (
        f"names {study.actor_names.get(row['feature'], row['feature'])} {_more(row)} often per 1,000 words than "
        f"{reference_name(study, row)}: {number(row['estimate'], 1, sign=True)} once periods are matched, 95 % "
        f"interval {interval(row['lower'], row['upper'], 1, sign=True)}"
    )


def _label_share(study: Study, row: pd.Series) -> str:
    name, label = row["feature"].split(":", 1)
    own = " in its own voice" if row["measure"] == "label-share-own" else ""
    referent = study.labels.loc[study.labels["set"] == name, "referent"].iloc[0]
    return (
        f"uses “{label.replace('-', ' ')}” for {referent}{own} {_more(row)} than {reference_name(study, row)}: "
        f"{points(row['estimate'])} of its uses of that set, 95 % interval "
        f"{interval(row['lower'], row['upper'], 0, scale=100, sign=True)}, {row['count']:.0f} uses against "
        f"{row['reference_count']:.0f}"
    )


def _sentiment(study: Study, row: pd.Series) -> str:
    warmer = "warmer" if row["estimate"] > 0 else "more negative"
    toward = raw = ""
    if row["measure"] == "targeted-sentiment":
        toward = f" where it names {study.actor_names.get(row['feature'], row['feature'])}"
        raw = ", not corrected for the instrument's errors"
    return (
        f"is worded {warmer}{toward} than {reference_name(study, row)}: {number(row['estimate'], 2, sign=True)} on a "
        f"scale from −1 to 1 once periods are matched, 95 % interval "
        f"{interval(row['lower'], row['upper'], 2, sign=True)}{raw}"
    )


def _more(row: pd.Series) -> str:
    return "more" if row["estimate"] > 0 else "less"


@dataclass(frozen=True)
class Measure:
    """How comparisons of a measure are worded: body of the sentence, unit, factor and decimals, what is compared."""

    body: Callable[[Study, pd.Series], str]
    unit: str
    scale: float
    digits: int
    subject: str


_SCALE = "on the scale from −1 to 1"
#: Every measure that is told in sentences: all but words, which are listed.
MEASURES = {
    "actor-share": Measure(_actor_share, "points", 100, 0, "in how many articles name an actor"),
    "actor-rate": Measure(_actor_rate, "mentions per 1,000 words", 1, 1, "in how often an actor is named"),
    "label-share": Measure(_label_share, "points", 100, 0, "in the share of a label"),
    "label-share-own": Measure(_label_share, "points", 100, 0, "in the share of a label in the outlet's own voice"),
    "sentiment": Measure(_sentiment, _SCALE, 1, 2, "in tone"),
    "targeted-sentiment": Measure(_sentiment, _SCALE, 1, 2, "in tone where an actor is named"),
}


def verdict(row: pd.Series) -> str:
    """More, less or cannot tell: q must be small and the interval must leave out zero, or nothing is claimed."""
    if not is_significant(row):
        return "cannot tell"
    return "more" if row["estimate"] > 0 else "less"


def overturned(study: Study, table: pd.DataFrame, row: pd.Series) -> list[str]:
    """What the comparison of `row` does not survive: in these it turns round, or its interval spans zero."""
    keys = ["measure", "feature", "group"]
    same = table[(table[keys] == row[keys]).all(axis=1)]
    pair = same["reference"].isin(study.outlet_names)
    same = same[~pair] if row["reference"] == REST else same[same["reference"] == row["reference"]]
    sign = 1 if row["estimate"] > 0 else -1
    fallen = same[(sign * same["estimate"] <= 0) | (same["lower"] * same["upper"] <= 0)]
    shown = [condition(study, row["variant"], other) for _, other in fallen[~is_primary(study, fallen)].iterrows()]
    single = [name for name in shown if name.startswith("without ") and name != "without copies"]
    if len(single) > 3:
        shown = [name for name in shown if name not in single] + [f"without any one of {len(single)} other outlets"]
    return list(dict.fromkeys(shown))


def condition(study: Study, variant: str, row: pd.Series) -> str:
    """In what a comparison differs from the primary one, which is of `variant`, as a sentence says it."""
    for outlet, name in study.outlet_names.items():
        if row["reference"] == without(outlet):
            return f"without {name}"
    if row["reference"] == EQUAL:
        return "with every other outlet weighing the same"
    if row["variant"] != variant:
        return f"on {tables.VARIANTS[row['variant']].label}"
    return "without copies" if row["adjustment"] == "without copies" else "with periods not matched"


def findings(
    study: Study, table: pd.DataFrame, *, measure: str, group: str | None = None, limit: int = 12
) -> list[Finding]:
    """Findings of one measure: each difference that q lets stand, then one sentence on what cannot be told.

    Parameters
    ----------
    study : Study
    table : DataFrame (COMPARISON), all variants, from `study_results` or `pair_results`
    measure : actor-share, actor-rate, label-share, label-share-own, sentiment or targeted-sentiment
    group : an outlet; all where None
    limit : int, at most so many sentences on differences, by |z|

    Returns
    -------
    list of Finding, empty where the measure has no row
    """
    rows = primary(study, table, measure, group)
    untested = int(rows["q"].isna().sum())
    rows = rows[rows["q"].notna()]
    if rows.empty:
        return []
    significant = is_significant(rows)
    differing = rows[significant]
    order = differing.assign(size=-differing["z"].abs()).sort_values(["size", "group", "feature"]).index
    sentences = [_sentence(study, table, rows.loc[i]) for i in order[:limit]]
    if len(order) > limit:
        sentences.append(Finding(f"{len(order) - limit} more such differences are in the table below."))
    if not significant.all():
        sentences.append(_cannot_tell(study, rows[~significant], len(rows), untested))
    return sentences


def by_weight(*groups: list[Finding]) -> list[Finding]:
    """All findings, the differences that stand first (confirmatory before exploratory), then what cannot be told."""

    def weight(finding: Finding) -> tuple[bool, bool]:
        return finding.verdict == "cannot tell", finding.status != "confirmatory"

    return sorted([finding for group in groups for finding in group], key=weight)


def _status(study: Study, row: pd.Series) -> str:
    rest = row["reference"] == "other outlets"
    return "confirmatory" if rest and row["measure"] in study.settings.confirmatory else "exploratory"


def _sentence(study: Study, table: pd.DataFrame, row: pd.Series) -> Finding:
    body = MEASURES[row["measure"]].body(study, row)
    where = "" if row["variant"] == study.settings.primary else f" in {tables.VARIANTS[row['variant']].label}"
    text = f"{study.outlet_names.get(row['group'], row['group'])} {body}{where} ({equals('q', row['q'])})."
    text += _superlative(study, row)
    if weak := overturned(study, table, row):
        text += f" Fragile: it does not hold {listing(weak)}."
    return Finding(text, verdict(row), _status(study, row))


def _superlative(study: Study, row: pd.Series) -> str:
    """Whether an outlet names an actor in the largest share of articles of all tested ones; empty where not stable."""
    if row["measure"] != "actor-share" or row["reference"] != REST or row["estimate"] < 0:
        return ""
    selected = selection.select(study, row["variant"])
    outlet = selected.articles["outlet"]
    member = pd.DataFrame({one: (outlet == one).astype(float) for one in study.tested if (outlet == one).any()})
    naming = (selection.counts(selected, "actors", [row["feature"]])[row["feature"]] > 0).astype(float)
    settings = study.settings
    often = first_places(
        member.mul(naming, axis=0), member, blocks=heads(study), draws=settings.draws, seed=settings.seed
    )[row["group"]]
    if often < STABLE:
        return ""
    return f" That is the largest share of all tested outlets in {percent(often)} of bootstrap draws."


def _cannot_tell(study: Study, silent: pd.DataFrame, tested: int, untested: int) -> Finding:
    measure = MEASURES[silent["measure"].iloc[0]]
    size = f"{number(measure.scale * silent['detectable'].median(), measure.digits)} {measure.unit}"
    which = f"all {tested} comparisons" if len(silent) == tested else f"{len(silent)} of {tested} comparisons"
    which = "the one comparison" if tested == 1 else which
    power = (
        f"One of about {size} would have been found four times in five by a test of its own."
        if len(silent) == 1
        else f"In half of them only one beyond about {size} would have been found four times in five, even by "
        f"a test of its own."
    )
    text = (
        f"{which[:1].upper() + which[1:]} {measure.subject} {'leaves' if len(silent) == 1 else 'leave'} open whether "
        f"there is a difference. {power}"
    )
    if untested:
        text += f" {plural(untested, 'more has', 'more have')} too few articles, or no variation, to be tested at all."
    return Finding(text, "cannot tell", _status(study, silent.iloc[0]))


def word_findings(study: Study, table: pd.DataFrame, group: str, *, limit: int = 8) -> list[Finding]:
    """Words by which an outlet differs from its reference, as q over permuted articles lets them stand.

    Function words come apart, after the others.
    """
    words = table[(table["measure"] == "term-log-odds") & (table["group"] == group)]
    rows = primary(study, words, "term-log-odds")
    if rows.empty:
        return []
    name, other = study.outlet_names.get(group, group), reference_name(study, rows.iloc[0])
    result = []
    standing = rows[is_significant(rows)]
    small = standing["feature"].isin(function_words(str(rows.iloc[0]["language"])))
    for sign, amount in ((1, "more"), (-1, "less")):
        side = sign * standing["estimate"] > 0
        texts = [
            f"{name} uses these {what} {amount} than {other}: {_listed_words(study, words, standing[hits], limit)}"
            for what, hits in (("words", side & ~small), (FUNCTION_WORDS, side & small))
            if hits.any()
        ]
        if texts:
            result.append(Finding(" ".join(texts), amount, "exploratory"))
    if not result:
        text = (
            f"None of the {len(rows)} words used five times or more sets {name} apart from {other} once "
            f"articles are permuted and the rate of false discoveries is held at 5 % "
            f"(smallest {equals('q', rows['q'].min())})."
        )
        result.append(Finding(text, "cannot tell", "exploratory"))
    return result


def _listed_words(study: Study, words: pd.DataFrame, hits: pd.DataFrame, limit: int) -> str:
    """The strongest of some words with their q, and on which of them another variant throws doubt."""
    hits = hits.assign(size=-hits["z"].abs()).sort_values(["size", "feature"]).head(limit)
    weak = [
        f"“{row['feature']}” does not hold {listing(fallen)}"
        for _, row in hits.iterrows()
        if (fallen := overturned(study, words, row))
    ]
    listed = listing([f"“{row.feature}” ({equals('q', row.q)})" for row in hits.itertuples()])
    doubt = f" Fragile: {'; '.join(weak)}." if weak else ""
    return f"{listed}.{doubt}"
