"""Findings: sentences on comparisons and changes, with counts and denominators. They take no stance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from analysis import tables
from analysis.results import is_primary, is_significant, primary, without
from analysis.results.measures import EQUAL, REST, comparable
from analysis.stats.inference import ALPHA
from analysis.stats.pooling import outlet_differences
from analysis.study import Study, selection
from analysis.wording import day_range, equals, interval, listing, number, percent, plural

#: A smaller line under findings explains itself once, folded.
SMALL_PRINT = (
    "Matched difference: between the two sides, comparing articles of the same period only, so that it may not be that "
    "of the plain counts. 95 % interval: the range in which the true difference plausibly lies. q: the share of false "
    "alarms to expect among differences as clear as this one, here at most 0.05. Case: one use of any of the words for "
    "the same thing. Confirmatory: announced in study.toml before anybody looked; exploratory: noticed by looking. "
    "Fragile: another choice of text, period or outlets does not show it."
)
#: Share of articles by which the sentence on periods and outlets gives an example.
_EXAMPLE = 0.2


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
_WORD = "{outlet} uses “{name}” in {count} of {articles}, {other} in {reference_count} of {reference_articles}."
_LABEL = (
    "{referent}: {outlet}{own} says “{name}” in {count} of {uses}, {others} in {reference_count} of {reference_uses}."
)
_TONE = (
    "{outlet} is worded {warmer} than {other}{toward}: by {size} (scale −1 to 1) in {articles} against "
    "{reference_articles}."
)
MEASURES = {
    "actor-share": Measure(_NAMING, "{} points in who is named", *_POINTS),
    "actor-rate": Measure(_OFTEN, "{} mentions per 1,000 words", *_RATE),
    "label-share": Measure(_LABEL, "{} points in competing words", *_POINTS),
    "label-share-own": Measure(_LABEL, "{} points in competing words of the outlet's own", *_POINTS),
    "term-share": Measure(_WORD, "{} points in words", *_POINTS),
    "sentiment": Measure(_TONE, "{} in tone", *_SCALE),
    "targeted-sentiment": Measure(_TONE, "{} in tone toward an actor", *_SCALE),
}


def label_sets(study: Study) -> dict[str, str]:
    """Sets of competing words → what they compete to name."""
    return dict(zip(study.labels["set"], study.labels["referent"], strict=True))


def as_written(study: Study, text: str) -> str:
    """The text with names of several words as the study's actors and labels write them, where they agree."""
    known = {name for column in (study.actors["alias"], study.actors["name"], study.labels["term"]) for name in column}
    padded = f" {text} "
    for name in sorted(name for name in known if " " in name and f" {name.lower()} " in padded):
        if all(other == name for other in known if other.lower() == name.lower()):
            padded = padded.replace(f" {name.lower()} ", f" {name} ")
    return padded[1:-1]


def topic_name(study: Study, topic: str) -> str:
    """A sub-event as people read it."""
    return as_written(study, topic.replace("-", " "))


def feature_name(study: Study, measure: str, feature: str) -> str:
    """A feature as people read it."""
    if measure.startswith("label-share"):
        return feature.split(":", 1)[1].replace("-", " ")
    if measure == "term-share":
        return as_written(study, feature)
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
    uses = label_uses(study, chosen, row["feature"].split(":", 1)[0], own=row["measure"] == "label-share-own")
    total = uses.sum(axis=1).to_numpy()[design.article]
    return tuple(float(total[side].sum()) for side in design.sides)  # type: ignore[return-value]


def label_uses(study: Study, chosen: selection.Selection, name: str, *, own: bool = False) -> pd.DataFrame:
    """Uses of each word of a set in each of some articles; only in the outlet's own voice where `own`."""
    labels = study.labels.loc[study.labels["set"] == name, "label"]
    return selection.counts(chosen, "labels", sorted({f"{name}:{label}" for label in labels}), own=own)


def strongest(study: Study, table: pd.DataFrame, measures: Sequence[str], group: str | None = None) -> list[Finding]:
    """Differences of some measures, of one outlet or all, the clearest first, then what cannot be told.

    An actor, or a set of competing words, is told once for an outlet: by the first measure in which it differs.
    """
    rows = pd.concat([primary(study, table, measure, group) for measure in measures])
    rows = rows[rows["q"].notna()]
    significant = is_significant(rows)
    differing = rows.assign(
        size=-rows["z"].abs(),
        subject=rows["feature"].str.split(":").str[0],
        order=rows["measure"].map(list(measures).index),
        less=rows["estimate"] < 0,  # "coup" in 27 of 27 cases is easier to read than "dissolution" in none
    )[significant]
    clearest = ["size", "group", "feature"]
    differing = differing.sort_values(["order", "less", *clearest]).drop_duplicates(["group", "subject"])
    told = [difference_finding(study, table, row) for _, row in differing.sort_values(clearest).iterrows()]
    silent = [part for measure in measures if len(part := rows[~significant & (rows["measure"] == measure)])]
    return by_weight(told, [_cannot_tell(study, part) for part in silent])


def by_weight(*groups: list[Finding]) -> list[Finding]:
    """All findings: confirmatory differences, exploratory ones, descriptions, then what cannot be told."""
    every = [finding for group in groups for finding in group]
    order = {"confirmatory": 0, "exploratory": 1}
    return sorted(every, key=lambda finding: (finding.verdict == "cannot tell", order.get(finding.status, 2)))


def _status(study: Study, row: pd.Series) -> str:
    declared = row["reference"] == REST and row["measure"] in study.settings.confirmatory
    return "confirmatory" if declared else "exploratory"


def difference_finding(study: Study, table: pd.DataFrame, row: pd.Series) -> Finding:
    """One difference: who and how often, then in small print its interval, and where it does not hold."""
    measure, more = MEASURES[row["measure"]], row["estimate"] > 0
    name = feature_name(study, row["measure"], row["feature"])
    targeted = row["measure"] == "targeted-sentiment"
    uses, reference_uses = denominators(study, row)
    text = measure.sentence.format(
        outlet=study.outlet_names.get(row["group"], row["group"]),
        name=name,
        referent=capitalized(label_sets(study).get(row["feature"].split(":", 1)[0], "")),
        other=reference_name(study, row),
        others=study.outlet_names.get(row["reference"], "others"),
        own=" itself" if row["measure"] == "label-share-own" else "",
        toward=f" where it names {name}" if targeted else "",
        warmer="warmer" if more else "more negative",
        size=measure.number(abs(row["estimate"])),
        articles=plural(int(row["articles"]), "article"),
        uses=plural(int(uses), "case"),
        reference_uses=number(reference_uses, 0),
        **{key: number(row[key], 0) for key in ("count", "reference_count", "reference_articles")},
    )
    difference = measure.difference.format(measure.number(row["estimate"], sign=True))
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
    adjusted = fallen["adjustment"].where(fallen["adjustment"] == "without copies", "with periods not matched")
    varied = "on " + fallen["variant"].map(lambda variant: tables.VARIANTS[variant].label)
    shown = fallen["reference"].map(told).fillna(adjusted.where(fallen["variant"] == row["variant"], varied))
    if single.sum() > 3:
        return [*shown[~single].unique(), f"without any one of {single.sum()} other outlets"]
    return list(shown.unique())


def _cannot_tell(study: Study, silent: pd.DataFrame) -> Finding:
    """The size of difference that would have been seen in half of the comparisons without a sure difference."""
    measure = MEASURES[silent["measure"].iloc[0]]
    limit = measure.limit.format(measure.number(silent["detectable"].median()))
    text = f"Only differences larger than about {limit} would have shown."
    return Finding(text, "cannot tell", _status(study, silent.iloc[0]), limit=limit)


def period_days(study: Study) -> dict[str, str]:
    """Periods → their days, as a sentence says them."""
    return {period.name: day_range(period.start, period.end) for period in study.settings.periods}


def period_findings(study: Study, table: pd.DataFrame, *, limit: int = 1) -> list[Finding]:
    """Sentences on the actors whose share changes most between periods (`corpus.actors_by_period`), largest first."""
    changed, days = [], period_days(study)
    for _, rows in table[table["q"] <= ALPHA].groupby("actor", sort=False):
        ends = rows.loc[sorted({rows["share"].idxmax(), rows["share"].idxmin()})]
        first, last = ends.iloc[0], ends.iloc[-1]
        text = (
            f"{capitalized(first['label'])} is named in {first['named']} of {first['articles']} articles from "
            f"{days[first['period']]}, in {last['named']} of {last['articles']} from {days[last['period']]}."
        )
        changed.append((abs(first["share"] - last["share"]), Finding(text)))
    changed.sort(key=lambda pair: -pair[0])
    return [finding for _, finding in changed[:limit]]


def omnibus_findings(study: Study) -> list[Finding]:
    """Sentences on outlets that differ in whom they name or what they report on; none where that is not sure."""
    tested = outlet_differences(study)
    verbs = {"actors": "whom they name", "subevents": "what they report on"}
    return [
        Finding(
            f"Outlets differ in {verbs[what]}, also among articles of one period: {row['articles']:.0f} articles of "
            f"{row['outlets']:.0f} outlets ({equals('p', row['p'])})."
        )
        for what, row in tested.loc[list(verbs)].iterrows()
        if row["p"] <= ALPHA
    ]


def spread_sentence(sd: Mapping[str, float]) -> str:
    """Sentence on what matters more for whom articles name, period or outlet; empty where there is one period."""
    period, outlet = sd.get("period × actor"), sd.get("outlet × actor")
    if period is None or outlet is None:
        return ""
    first = "When an article appeared says more about whom it names than who published it."
    if outlet > period:
        first = "Who published an article says more about whom it names than when it appeared."
    over = []
    for spread, unit in ((period, "periods"), (outlet, "outlets")):
        low, high = special.expit(special.logit(_EXAMPLE) + np.array([-spread, spread]))
        reach = f"from {number(100 * low, 0)} to {percent(high)}" if spread > 0 else "not at all"
        over.append(f"{reach} over {unit}")
    base = f"For an actor in {percent(_EXAMPLE)} of articles"
    return f"{first} {base}, the share would typically range {' and '.join(over)}."
