"""Findings: sentences on rows of COMPARISON. They take no stance; "cannot tell" is a finding."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis import tables
from analysis.instruments.function_words import function_words
from analysis.results import is_primary, is_significant, primary, without
from analysis.results.measures import EQUAL, REST, heads
from analysis.stats.difference import STABLE, first_places
from analysis.study import Study, selection
from analysis.wording import equals, interval, listing, number, percent, plural

FUNCTION_WORDS = "function words, which tell how a desk writes and not what it says,"


@dataclass(frozen=True)
class Finding:
    """A sentence or two in plain text, its verdict, and its status: confirmatory, exploratory or, untested, empty."""

    text: str
    verdict: str = "described"
    status: str = ""


@dataclass(frozen=True)
class Measure:
    """How comparisons of a measure are told: what is compared, the sentence after the outlet's name, and the unit."""

    subject: str
    sentence: str
    scale: float
    digits: int
    axis: str
    size: str
    difference: str

    def number(self, value: float, *, sign: bool = False) -> str:
        """A value of this measure."""
        return number(self.scale * value, self.digits, sign=sign)


#: Factor, decimals, and the unit on an axis, of a size that could be found, and of a difference.
_POINTS = (100, 0, "percentage points", "{} points", "{} points")
_RATE = (1, 1, "mentions per 1,000 words", "{} mentions per 1,000 words", "{}")
_SCALE = (1, 2, "sentiment, −1 to 1", "{} on the scale from −1 to 1", "{} on a scale from −1 to 1")
_MATCHED = "{difference} once periods are matched, 95 % interval {interval}"
_NAMING = (
    "names {name} in {count} of {articles} ({share}), {other} in {reference_count} of {reference_articles} "
    "({reference_share}): " + _MATCHED
)
_OFTEN = "names {name} {more} often per 1,000 words than {other}: " + _MATCHED
_LABEL = (
    "uses “{name}” for {referent}{own} {more} than {other}: {difference} of its uses of that set, 95 % interval "
    "{interval}, {count} uses against {reference_count}"
)
_TONE = "is worded {warmer}{toward} than {other}: " + _MATCHED + "{raw}"
#: Every measure that is told in sentences: all but words, which are listed.
MEASURES = {
    "actor-share": Measure("in how many articles name an actor", _NAMING, *_POINTS),
    "actor-rate": Measure("in how often an actor is named", _OFTEN, *_RATE),
    "label-share": Measure("in the share of a label", _LABEL, *_POINTS),
    "label-share-own": Measure("in the share of a label in the outlet's own voice", _LABEL, *_POINTS),
    "sentiment": Measure("in tone", _TONE, *_SCALE),
    "targeted-sentiment": Measure("in tone where an actor is named", _TONE, *_SCALE),
}


def label_sets(study: Study) -> dict[str, str]:
    """Sets of competing words → what they compete to name."""
    return dict(zip(study.labels["set"], study.labels["referent"], strict=True))


def feature_name(study: Study, measure: str, feature: str) -> str:
    """A feature as people read it."""
    if measure.startswith("label-share"):
        return feature.split(":", 1)[1].replace("-", " ")
    return "tone" if measure == "sentiment" else study.actor_names.get(feature, feature)


def reference_name(study: Study, row: pd.Series) -> str:
    """The other side of a comparison, as a sentence says it."""
    return study.outlet_names.get(row["reference"], "the other outlets")


def findings(
    study: Study, table: pd.DataFrame, *, measure: str, group: str | None = None, limit: int = 12
) -> list[Finding]:
    """Findings of a measure, of one outlet or all: the `limit` largest differences by |z|, then what cannot be told."""
    rows = primary(study, table, measure, group)
    untested = int(rows["q"].isna().sum())
    rows = rows[rows["q"].notna()]
    if rows.empty:
        return []
    significant = is_significant(rows)
    differing = _strongest(rows[significant], ["group", "feature"])
    sentences = [_difference(study, table, row) for _, row in differing[:limit].iterrows()]
    if len(differing) > limit:
        sentences.append(Finding(f"{len(differing) - limit} more such differences are in the table below."))
    if not significant.all():
        sentences.append(_cannot_tell(study, rows[~significant], len(rows), untested))
    return sentences


def by_weight(*groups: list[Finding]) -> list[Finding]:
    """All findings, the differences that stand first (confirmatory before exploratory), then what cannot be told."""
    every = [finding for group in groups for finding in group]
    return sorted(every, key=lambda finding: (finding.verdict == "cannot tell", finding.status != "confirmatory"))


def _strongest(rows: pd.DataFrame, ties: list[str]) -> pd.DataFrame:
    return rows.assign(size=-rows["z"].abs()).sort_values(["size", *ties]).drop(columns="size")


def _status(study: Study, row: pd.Series) -> str:
    declared = row["reference"] == REST and row["measure"] in study.settings.confirmatory
    return "confirmatory" if declared else "exploratory"


def _difference(study: Study, table: pd.DataFrame, row: pd.Series) -> Finding:
    """One difference with its numbers, that it is the largest of all outlets, and where it does not hold."""
    measure, more = MEASURES[row["measure"]], row["estimate"] > 0
    name = feature_name(study, row["measure"], row["feature"])
    targeted = row["measure"] == "targeted-sentiment"
    sentence = measure.sentence.format(
        name=name,
        referent=label_sets(study).get(row["feature"].split(":", 1)[0]),
        own=" in its own voice" if row["measure"] == "label-share-own" else "",
        toward=f" where it names {name}" if targeted else "",
        raw=", not corrected for the instrument's errors" if targeted else "",
        more="more" if more else "less",
        warmer="warmer" if more else "more negative",
        other=reference_name(study, row),
        difference=measure.difference.format(measure.number(row["estimate"], sign=True)),
        interval=interval(row["lower"], row["upper"], measure.digits, scale=measure.scale, sign=True),
        count=number(row["count"], 0),
        articles=plural(row["articles"], "article"),
        share=percent(row["count"] / row["articles"]),
        reference_count=number(row["reference_count"], 0),
        reference_articles=number(row["reference_articles"], 0),
        reference_share=percent(row["reference_count"] / row["reference_articles"]),
    )
    where = "" if row["variant"] == study.settings.primary else f" in {tables.VARIANTS[row['variant']].label}"
    text = f"{study.outlet_names.get(row['group'], row['group'])} {sentence}{where} ({equals('q', row['q'])})."
    if row["measure"] == "actor-share" and row["reference"] == REST and more:
        text += _superlative(study, row)
    if weak := overturned(study, table, row):
        text += f" Fragile: it does not hold {listing(weak)}."
    return Finding(text, "more" if more else "less", _status(study, row))


def _superlative(study: Study, row: pd.Series) -> str:
    """That an outlet names an actor in the largest share of articles of all tested ones; empty where not stable."""
    selected = selection.select(study, row["variant"])
    outlet = selected.articles["outlet"]
    member = pd.DataFrame({one: (outlet == one).astype(float) for one in study.tested if (outlet == one).any()})
    naming = (selection.counts(selected, "actors", [row["feature"]])[row["feature"]] > 0).astype(float)
    sampled = {"blocks": heads(study), "draws": study.settings.draws, "seed": study.settings.seed}
    often = first_places(member.mul(naming, axis=0), member, **sampled)[row["group"]]
    if often < STABLE:
        return ""
    return f" That is the largest share of all tested outlets in {percent(often)} of bootstrap draws."


def overturned(study: Study, table: pd.DataFrame, row: pd.Series) -> list[str]:
    """Conditions under which the comparison of `row` does not hold: turned round, zero in its interval, or none."""
    keys = ["measure", "feature", "group"]
    same = table[(table[keys] == row[keys]).all(axis=1)]
    pair = same["reference"].isin(study.outlet_names)
    same = same[~pair if row["reference"] == REST else same["reference"] == row["reference"]]
    sign = 1 if row["estimate"] > 0 else -1
    # What cannot be compared under a condition, for want of articles, has not survived it either.
    fallen = same[~((sign * same["estimate"] > 0) & (same["lower"] * same["upper"] > 0))]
    fallen = fallen[~is_primary(study, fallen)]
    told = {without(outlet): f"without {name}" for outlet, name in study.outlet_names.items()}
    single = fallen["reference"].isin(told)
    told[EQUAL] = "with every other outlet weighing the same"
    adjusted = fallen["adjustment"].map({"without copies": "without copies"}).fillna("with periods not matched")
    varied = adjusted.where(
        fallen["variant"] == row["variant"],
        "on " + fallen["variant"].map(lambda variant: tables.VARIANTS[variant].label),
    )
    shown = fallen["reference"].map(told).fillna(varied)
    if single.sum() > 3:
        return [*shown[~single].unique(), f"without any one of {single.sum()} other outlets"]
    return list(shown.unique())


def _cannot_tell(study: Study, silent: pd.DataFrame, tested: int, untested: int) -> Finding:
    measure = MEASURES[silent["measure"].iloc[0]]
    size = f"about {measure.size.format(measure.number(silent['detectable'].median()))}"
    which = "The one comparison" if tested == 1 else f"{len(silent)} of {tested} comparisons"
    if 1 < len(silent) == tested:
        which = f"All {tested} comparisons"
    leave, power = "leave", f"In half of them only one beyond {size} would have been found four times in five, even"
    if len(silent) == 1:
        leave, power = "leaves", f"One of {size} would have been found four times in five"
    text = f"{which} {measure.subject} {leave} open whether there is a difference. {power} by a test of its own."
    if untested:
        text += f" {plural(untested, 'more has', 'more have')} too few articles, or no variation, to be tested at all."
    return Finding(text, "cannot tell", _status(study, silent.iloc[0]))


def word_findings(study: Study, table: pd.DataFrame, group: str, *, limit: int = 8) -> list[Finding]:
    """Words by which an outlet differs from its reference; function words come apart, after the others."""
    words = table[(table["measure"] == "term-share") & (table["group"] == group)]
    rows = primary(study, words, "term-share")
    if rows.empty:
        return []
    name, other = study.outlet_names.get(group, group), reference_name(study, rows.iloc[0])
    standing = rows[is_significant(rows)]
    if standing.empty:
        text = (
            f"None of the {len(rows)} words used five times or more sets {name} apart from {other} once articles are "
            f"permuted and the rate of false discoveries is held at 5 % (smallest {equals('q', rows['q'].min())})."
        )
        return [Finding(text, "cannot tell", "exploratory")]
    small = standing["feature"].isin(function_words(str(rows.iloc[0]["language"])))
    result = []
    for amount, side in (("more", standing["estimate"] > 0), ("less", standing["estimate"] < 0)):
        texts = [
            f"{name} uses these {kind} {amount} than {other}: {_listed_words(study, words, standing[hits], limit)}"
            for kind, hits in (("words", side & ~small), (FUNCTION_WORDS, side & small))
            if hits.any()
        ]
        if texts:
            result.append(Finding(" ".join(texts), amount, "exploratory"))
    return result


def _listed_words(study: Study, words: pd.DataFrame, hits: pd.DataFrame, limit: int) -> str:
    """The strongest of some words with their q, and on which of them another variant throws doubt."""
    hits = _strongest(hits, ["feature"]).head(limit)
    fallen = {row["feature"]: overturned(study, words, row) for _, row in hits.iterrows()}
    weak = [f"“{word}” does not hold {listing(under)}" for word, under in fallen.items() if under]
    listed = listing([f"“{row.feature}” ({equals('q', row.q)})" for row in hits.itertuples()])
    return f"{listed}." + (f" Fragile: {'; '.join(weak)}." if weak else "")
