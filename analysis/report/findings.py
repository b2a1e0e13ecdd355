"""Findings: sentences on rows of COMPARISON, with counts and denominators. They take no stance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis import tables
from analysis.results import is_primary, is_significant, primary, without
from analysis.results.measures import EQUAL, REST, comparable
from analysis.study import Study, selection
from analysis.wording import equals, interval, listing, number, plural

#: A smaller line under findings explains itself once, folded.
SMALL_PRINT = (
    "Matched difference: between the two sides, comparing articles of the same period only, so that it may not be that "
    "of the plain counts. 95 % interval: the range in which the true difference plausibly lies. q: the share of false "
    "alarms to expect among differences as clear as this one, here at most 0.05. Case: one use of any of the words for "
    "the same thing. Confirmatory: announced in study.toml before anybody looked; exploratory: noticed by looking. "
    "Fragile: another choice of text, period or outlets does not show it."
)


@dataclass(frozen=True)
class Finding:
    """A sentence with its numbers, its verdict, its status: confirmatory, exploratory or, untested, empty.

    `detail` is the small print; `limit` the size of difference that would have been seen, of a verdict "cannot tell".
    """

    text: str
    verdict: str = "described"
    status: str = ""
    detail: str = ""
    limit: str = ""


@dataclass(frozen=True)
class Measure:
    """Wording of the comparisons of a measure: the sentence, the unit, and what a difference is a difference in."""

    sentence: str
    limit: str
    scale: float
    digits: int
    axis: str
    difference: str

    def number(self, value: float, *, sign: bool = False) -> str:
        """A value of this measure."""
        return number(self.scale * value, self.digits, sign=sign)


#: Factor, decimals, the unit on an axis, and a difference with its unit.
_POINTS = (100, 0, "percentage points", "{} points")
_RATE = (1, 1, "mentions per 1,000 words", "{} mentions per 1,000 words")
_SCALE = (1, 2, "sentiment, −1 to 1", "{}")
_NAMING = "{outlet} names {name} in {count} of {articles}, {other} in {reference_count} of {reference_articles}."
_OFTEN = "{outlet} names {name} {count} times in {articles}, {other} {reference_count} times in {reference_articles}."
_LABEL = (
    "{referent}: {outlet}{own} says “{name}” in {count} of {uses}, {others} in {reference_count} of {reference_uses}."
)
_TONE = (
    "{outlet} is worded {warmer} than {other}{toward}: by {size} (scale −1 to 1) in {articles} against "
    "{reference_articles}."
)
#: Every measure that is told in sentences: all but words, which are listed.
MEASURES = {
    "actor-share": Measure(_NAMING, "{} points in who is named", *_POINTS),
    "actor-rate": Measure(_OFTEN, "{} mentions per 1,000 words", *_RATE),
    "label-share": Measure(_LABEL, "{} points in competing words", *_POINTS),
    "label-share-own": Measure(_LABEL, "{} points in competing words of the outlet's own", *_POINTS),
    "sentiment": Measure(_TONE, "{} in tone", *_SCALE),
    "targeted-sentiment": Measure(_TONE, "{} in tone toward an actor", *_SCALE),
}


def label_sets(study: Study) -> dict[str, str]:
    """Sets of competing words → what they compete to name."""
    return dict(zip(study.labels["set"], study.labels["referent"], strict=True))


def feature_name(study: Study, measure: str, feature: str) -> str:
    """A feature as people read it."""
    if measure.startswith("label-share"):
        return feature.split(":", 1)[1].replace("-", " ")
    return "tone" if measure == "sentiment" else study.actor_names.get(feature, feature)


def capitalized(text: str) -> str:
    """The text with a capital letter first, as a sentence begins."""
    return text[:1].upper() + text[1:]


def reference_name(study: Study, row: pd.Series) -> str:
    """The other side of a comparison, as a sentence says it."""
    return study.outlet_names.get(row["reference"], "the other outlets")


def denominators(study: Study, row: pd.Series) -> tuple[float, float]:
    """Number that each side's count is out of: its articles, or its uses of the word's whole set."""
    if not row["measure"].startswith("label-share"):
        return row["articles"], row["reference_articles"]
    right = None if row["reference"] not in study.outlet_names else row["reference"]
    language = None if row["language"] == "mul" else row["language"]
    chosen, design = comparable(study, row["variant"], row["group"], right, language=language)
    name = row["feature"].split(":", 1)[0]
    entries = sorted({f"{name}:{label}" for label in study.labels.loc[study.labels["set"] == name, "label"]})
    own = row["measure"] == "label-share-own"
    uses = selection.counts(chosen, "labels", entries, own=own).sum(axis=1).to_numpy()[design.article]
    return tuple(float(uses[side].sum()) for side in design.sides)  # type: ignore[return-value]


def findings(
    study: Study, table: pd.DataFrame, *, measure: str, group: str | None = None, limit: int = 12
) -> list[Finding]:
    """Findings of a measure, of one outlet or all: the `limit` largest differences by |z|, then what cannot be told."""
    rows = primary(study, table, measure, group)
    rows = rows[rows["q"].notna()]
    significant = is_significant(rows)
    differing = _strongest(rows[significant], ["group", "feature"])
    sentences = [_difference(study, table, row) for _, row in differing.head(limit).iterrows()]
    return sentences + ([] if significant.all() else [_cannot_tell(study, rows[~significant])])


def strongest(study: Study, table: pd.DataFrame, measures: Sequence[str], group: str | None = None) -> list[Finding]:
    """Differences of several measures, the clearest first, then what cannot be told.

    An actor, or a set of competing words, is told once for an outlet: by the first measure in which it differs.
    """
    rows = pd.concat([primary(study, table, measure, group) for measure in measures])
    differing = _strongest(rows[is_significant(rows)], ["group", "feature"])
    subject = differing["feature"].str.split(":").str[0]
    differing = differing.assign(subject=subject, order=differing["measure"].map(list(measures).index))
    # "Coup" in 27 of 27 cases is easier to read than "dissolution" in none.
    differing = differing.assign(less=differing["estimate"] < 0).sort_values(["order", "less"], kind="stable")
    differing = differing.drop_duplicates(["group", "subject"])
    told = [_difference(study, table, row) for _, row in _strongest(differing, ["group", "feature"]).iterrows()]
    return by_weight(told, *[findings(study, table, measure=one, group=group, limit=0) for one in measures])


def by_weight(*groups: list[Finding]) -> list[Finding]:
    """All findings: confirmatory differences, exploratory ones, descriptions, then what cannot be told."""
    every = [finding for group in groups for finding in group]
    order = {"confirmatory": 0, "exploratory": 1}
    return sorted(every, key=lambda finding: (finding.verdict == "cannot tell", order.get(finding.status, 2)))


def _strongest(rows: pd.DataFrame, ties: list[str]) -> pd.DataFrame:
    return rows.assign(size=-rows["z"].abs()).sort_values(["size", *ties]).drop(columns="size")


def _status(study: Study, row: pd.Series) -> str:
    declared = row["reference"] == REST and row["measure"] in study.settings.confirmatory
    return "confirmatory" if declared else "exploratory"


def _difference(study: Study, table: pd.DataFrame, row: pd.Series) -> Finding:
    """One difference: who and how often, then in small print its interval, and where it does not hold."""
    measure, more = MEASURES[row["measure"]], row["estimate"] > 0
    name = feature_name(study, row["measure"], row["feature"])
    targeted = row["measure"] == "targeted-sentiment"
    uses, reference_uses = denominators(study, row)
    difference = measure.difference.format(measure.number(row["estimate"], sign=True))
    text = measure.sentence.format(
        outlet=study.outlet_names.get(row["group"], row["group"]),
        name=name,
        referent=capitalized(label_sets(study).get(row["feature"].split(":", 1)[0], "")),
        others=study.outlet_names.get(row["reference"], "others"),
        own=" itself" if row["measure"] == "label-share-own" else "",
        toward=f" where it names {name}" if targeted else "",
        warmer="warmer" if more else "more negative",
        other=reference_name(study, row),
        size=measure.number(abs(row["estimate"])),
        count=number(row["count"], 0),
        articles=plural(int(row["articles"]), "article"),
        uses=plural(int(uses), "case"),
        reference_uses=number(reference_uses, 0),
        reference_count=number(row["reference_count"], 0),
        reference_articles=number(row["reference_articles"], 0),
    )
    ends = interval(row["lower"], row["upper"], measure.digits, scale=measure.scale, sign=True)
    detail = f"Matched difference {difference}, 95 % interval {ends}; {equals('q', row['q'])}; {_status(study, row)}."
    if row["variant"] != study.settings.primary:
        detail += f" Compared on {tables.VARIANTS[row['variant']].label}."
    if targeted:
        detail += " Not corrected for the instrument's errors."
    if weak := overturned(study, table, row):
        detail += f" Fragile: it does not hold {listing(weak)}."
    return Finding(text, "more" if more else "less", _status(study, row), detail)


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


def _cannot_tell(study: Study, silent: pd.DataFrame) -> Finding:
    """The size of difference that would have been seen in half of the comparisons without a sure difference."""
    measure = MEASURES[silent["measure"].iloc[0]]
    limit = measure.limit.format(measure.number(silent["detectable"].median()))
    text = f"Only differences larger than about {limit} would have shown."
    return Finding(text, "cannot tell", _status(study, silent.iloc[0]), limit=limit)
