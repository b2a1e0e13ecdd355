"""Measures of two sides, each as values and weights of articles, ready for `compare`."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import tables
from analysis.errors import EmptyGroup
from analysis.stats.difference import compare
from analysis.stats.inference import LEAST, Design, Kind, Observations, build_design, observe
from analysis.study import Study, selection
from analysis.study.selection import Selection
from analysis.wording import listing

REST = "other outlets"
#: The reference in which each outlet weighs the same, however much it published.
EQUAL = "mean of other outlets"
#: Every measure but words → its kind.
_KINDS: dict[str, Kind] = {
    "actor-share": "share",
    "actor-rate": "ratio",
    "label-share": "portion",
    "label-share-own": "portion",
    "sentiment": "mean",
    "targeted-sentiment": "mean",
}
#: Columns that articles are matched by, as a sentence names them.
_COLUMN_NAMES = {"subevent": "sub-event", "body_kind": "kind of text"}
#: Why a comparison has no p, as COMPARISON's `test` has it, and as a sentence says it after how many there are.
_REASONS = {
    "not matched": "without articles of both sides to match",
    "few articles": "in too few articles",
    "no variation": "alike in every article",
    "cannot pass": "too rare to show any difference",
}


def heads(study: Study) -> pd.Series:
    """The earliest article of each article's cluster of copies; itself where it is no copy. Index article."""
    return study.features(tables.REPRINTS).set_index("article")["head"]


def language_of(study: Study, outlet: str) -> str:
    """Language of an outlet."""
    return str(study.outlets.set_index("outlet")["language"][outlet])


def comparable(
    study: Study, variant: str, outlet: str, right: str | None, *, language: str | None = None
) -> tuple[Selection, Design]:
    """Articles of a language (None: of all), and which of them are an outlet's and its reference's.

    The reference is one other outlet, or all (None). What study.toml matches by makes strata, clusters of copies are
    blocks; EmptyGroup is raised where a side has no such article.
    """
    chosen = selection.select(study, variant, language=language)
    if chosen.counted.get("compared") != (outlet, right):  # the last one is kept: measures come one after another
        if "strata" not in chosen.counted:
            chosen.counted["strata"] = selection.strata(study, chosen.articles)
            chosen.counted["blocks"] = pd.factorize(heads(study)[chosen.articles.index], sort=True)[0]
        sides = selection.group_indices(study, chosen.articles, outlet, None if right is None else [right])
        design = build_design(*sides, chosen.counted["strata"], chosen.counted["blocks"])
        chosen.counted.update(compared=(outlet, right), design=design)
    return chosen, chosen.counted["design"]


@dataclass(frozen=True)
class Measured:
    """One measure of the articles on two sides; `facts` are the columns of COMPARISON that name it."""

    kind: Kind
    features: list[str]
    data: Observations
    outlets: np.ndarray  # outlet of each article of the design
    articles: pd.DataFrame  # all that were measured
    facts: dict[str, str]

    def compare(self) -> pd.DataFrame:
        """Differences of the sides, as `difference` has them."""
        return compare(self.data, self.features, self.kind).assign(**self.facts)

    def of_features(self, features: Sequence[str]) -> Observations:
        """Observations of some features."""
        return self.data.some([self.features.index(feature) for feature in features])

    def reweighted(self, weight: np.ndarray, features: Sequence[str], **facts: str) -> pd.DataFrame:
        """Standardized differences in some features, articles weighed anew (0 leaves one out): interval, no test."""
        one = self.of_features(features)
        data = Observations(one.design, one.value * weight[:, None], one.weight * weight[:, None])
        table = compare(data, features, self.kind, adjustments=["standardized"], test=False)
        counted = np.broadcast_to(one.weight > 0, one.value.shape) if self.kind == "mean" else one.value
        for prefix, rows in zip(("", "reference_"), data.design.sides, strict=True):
            left = weight[rows] > 0
            table[f"{prefix}count"] = counted[rows][left].sum(axis=0).astype(float)
            table[f"{prefix}articles"] = int(left.sum())
        return table.assign(effect=np.nan, **(self.facts | facts))


def measured(study: Study, measure: str, variant: str, outlet: str, right: str | None = None) -> Measured:
    """One measure of an outlet and its reference; all but actor-share are of articles in the outlet's language.

    EmptyGroup is raised where a side has no such article.
    """
    language = None if measure == "actor-share" else language_of(study, outlet)
    chosen, design = comparable(study, variant, outlet, right, language=language)
    values, weights = _values(study, measure, chosen, design)
    data = observe(design, values.to_numpy(float), None if weights is None else weights.to_numpy(float))
    outlets = chosen.articles["outlet"].to_numpy(object)[design.article]
    facts = {"measure": measure, "group": outlet, "reference": right or REST}
    facts |= {"language": language or "mul", "variant": variant}
    return Measured(_KINDS[measure], list(values.columns), data, outlets, chosen.articles, facts)


def _values(
    study: Study, measure: str, chosen: Selection, design: Design
) -> tuple[pd.DataFrame, pd.DataFrame | pd.Series | None]:
    """Values and weights of a measure, a row for every article of a selection.

    Of labels those that occur five times or more on both sides together; their weights are uses of the whole set.
    """
    if measure.startswith("label-share"):
        entries = sorted(set(study.labels["set"] + ":" + study.labels["label"]))
        counts = selection.counts(chosen, "labels", entries, own=measure == "label-share-own")
        whole = counts.T.groupby(counts.columns.str.split(":").str[0]).transform("sum").T
        seen = counts.columns[counts.iloc[design.article].sum() >= 5]
        return counts[seen], whole[seen]
    if measure == "sentiment":
        return selection.article_sentiment(chosen).to_frame("sentiment"), None
    actors = list(study.settings.main_actors)
    if measure == "targeted-sentiment":
        return selection.targeted_sentiment_by_actor(chosen, actors), None
    counts = selection.counts(chosen, "actors", actors)
    return (counts > 0, None) if measure == "actor-share" else (counts, chosen.articles["tokens"] / 1000)


def measures(study: Study, variant: str, outlet: str, right: str | None = None) -> Iterator[Measured]:
    """Every measure but words, of an outlet and its reference, that has features and articles on both sides."""
    for measure in _KINDS:
        with suppress(EmptyGroup):
            one = measured(study, measure, variant, outlet, right)
            if one.features:
                yield one


def equal_weights(one: Measured) -> np.ndarray | None:
    """A weight per article that gives every outlet of the reference with five articles the same say; None for one."""
    inside, outside = one.data.design.sides
    outlet = pd.Series(one.outlets[outside])
    size = outlet.value_counts().loc[lambda size: size >= LEAST]
    if len(size) < 2:
        return None
    return np.concatenate([np.ones(inside.stop), (size.sum() / len(size) / outlet.map(size)).fillna(0.0)])


def without_copies(study: Study, one: Measured) -> np.ndarray | None:
    """A weight per article, 0 for each that copies an earlier one on either side; None where none does."""
    design = one.data.design
    later = (heads(study)[one.articles.index] != one.articles.index).to_numpy()[design.article]
    # The earliest of those compared: that of all may stand on neither side.
    order = np.lexsort((one.articles["published"].astype("int64").to_numpy()[design.article], later))
    weight = np.zeros(len(order))
    weight[order[np.unique(design.block[order], return_index=True)[1]]] = 1
    some = all(weight[rows].any() for rows in design.sides)
    return weight if some and not weight.all() else None


def untested_reasons(rows: pd.DataFrame) -> str:
    """Reasons that comparisons were not tested, with how many for each; empty where the table does not say."""
    counts = rows["test"].value_counts() if "test" in rows else {}
    return listing([f"{counts[test]} {reason}" for test, reason in _REASONS.items() if test in counts])


def match_sentence(study: Study) -> str:
    """Sentence on articles of tested outlets that no article of another outlet matches; empty where there is none."""
    parts = []
    for outlet in study.tested:
        with suppress(EmptyGroup):
            design = comparable(study, selection.primary_of(study, outlet), outlet, None)[1]
            own, others = (design.stratum[side] for side in design.sides)
            if lost := int((~np.isin(own, others)).sum()):
                parts.append(f"{lost} of {len(own)} of {study.outlet_names[outlet]}")
    if not parts:
        return ""
    by = listing([_COLUMN_NAMES.get(column, column.replace("_", " ")) for column in study.settings.match])
    start = f"Articles are compared with others of the same {by}. For some there are none, so they do not count"
    return f"{start}: {listing(parts)}."
