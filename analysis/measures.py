"""What is compared of two sides: each measure as a table of articles, ready for `difference`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis import selection, tables
from analysis.compare import LEAST, Kind, difference
from analysis.errors import EmptyGroup
from analysis.selection import Selection
from analysis.study import Study

REST = "other outlets"
#: The reference in which each outlet weighs the same, however much it published.
EQUAL = "mean of other outlets"


@dataclass(frozen=True)
class Measured:
    """One measure of the articles on two sides.

    Attributes
    ----------
    measure, kind, values, weights : as in `difference`
    sides : ids of the group's and of the reference's articles
    names : (str, str), what to call them
    chosen : Selection, whose articles these are
    language : str, mul where articles of all languages count
    """

    measure: str
    kind: Kind
    values: pd.DataFrame
    weights: pd.DataFrame | pd.Series | None
    sides: tuple[pd.Index, pd.Index]
    names: tuple[str, str]
    chosen: Selection
    language: str

    def compare(self, study: Study, **options: Any) -> pd.DataFrame:
        """`difference` of the sides, periods as strata and clusters of copies as blocks."""
        return difference(
            self.values,
            weights=self.weights,
            kind=self.kind,
            measure=self.measure,
            names=self.names,
            language=self.language,
            **plan(study, self.chosen, self.sides),
            **options,
        )

    def weighed(self, study: Study, weight: pd.Series, features: Sequence[str], **facts: str) -> pd.DataFrame:
        """The standardized difference with articles weighed anew, 0 leaving one out: interval, no test.

        Parameters
        ----------
        study : Study
        weight : Series (article), for every article of both sides
        features : columns of values that are wanted
        **facts : columns to write into the table
        """
        every = self.sides[0].append(self.sides[1])
        weight, values = weight.loc[every], self.values.loc[every, list(features)]
        mass: Any = 1.0 if self.weights is None else self.weights.loc[every]
        mass = mass[list(features)].mul(weight, axis=0) if isinstance(mass, pd.DataFrame) else weight * mass
        changed = replace(self, values=values.mul(weight, axis=0), weights=mass)
        table = changed.compare(study, adjustments=["standardized"], test=False)
        counted = values.notna() if self.kind == "mean" else values
        for prefix, side in zip(("", "reference_"), self.sides, strict=True):
            left = side[weight.loc[side] > 0]
            table[f"{prefix}count"] = counted.loc[left].sum().to_numpy(float)
            table[f"{prefix}articles"] = len(left)
        return table.assign(effect=np.nan, **facts)


def plan(study: Study, chosen: Selection, sides: tuple[pd.Index, pd.Index]) -> dict[str, Any]:
    """What every comparison of these sides has in common."""
    return {
        "group": list(sides[0]),
        "reference": list(sides[1]),
        "strata": chosen.articles["period"],
        "blocks": heads(study),
        "draws": study.settings.draws,
        "seed": study.settings.seed,
        "variant": chosen.variant,
    }


def heads(study: Study) -> pd.Series:
    """The earliest article of each article's cluster of copies; itself where it is no copy. Index article."""
    return study.features(tables.REPRINTS).set_index("article")["head"]


def measures(study: Study, variant: str, outlet: str, right: str | None = None) -> list[Measured]:
    """Every measure but words, of an outlet and its reference: the other outlets, or one other.

    Measures that need one language are left out where the other side has nothing in the outlet's.
    """
    reference = None if right is None else [right]
    names = (outlet, right or REST)
    actors = list(study.settings.main_actors)
    every = selection.select(study, variant)
    having = (selection.counts(every, "actors", actors) > 0).astype(float)
    sides = selection.sides(study, every.articles, outlet, reference)
    found = [Measured("actor-share", "share", having, None, sides, names, every, "mul")]
    try:
        same, sides = in_language(study, variant, outlet, right)
    except EmptyGroup:
        return found
    language = str(study.outlets.set_index("outlet")["language"][outlet])

    def add(measure: str, kind: Kind, values: pd.DataFrame, weights: pd.DataFrame | pd.Series | None = None) -> None:
        found.append(Measured(measure, kind, values, weights, sides, names, same, language))

    add("actor-rate", "ratio", selection.counts(same, "actors", actors), same.articles["tokens"] / 1000)
    for measure, own in (("label-share", False), ("label-share-own", True)):
        counts, whole = _label_uses(study, same, own, sides)
        if len(counts.columns):
            add(measure, "portion", counts, whole)
    add("valence", "mean", selection.article_valence(same).to_frame("valence"))
    add("valence-toward", "mean", selection.valence_toward(same, actors))
    return found


def in_language(
    study: Study, variant: str, outlet: str, right: str | None
) -> tuple[Selection, tuple[pd.Index, pd.Index]]:
    """Articles in the outlet's language, and its sides among them.

    Raises
    ------
    EmptyGroup
        Where the other side has none.
    """
    language = str(study.outlets.set_index("outlet")["language"][outlet])
    same = selection.select(study, variant, language=language)
    return same, selection.sides(study, same.articles, outlet, None if right is None else [right])


def _label_uses(
    study: Study, chosen: Selection, own: bool, sides: tuple[pd.Index, pd.Index]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Uses of each label that occurs five times or more on both sides together, and uses of its whole set."""
    labels = study.labels[["set", "label"]].drop_duplicates()
    entries = sorted(labels["set"] + ":" + labels["label"])
    counts = selection.counts(chosen, "labels", entries, own=own)
    seen = counts.columns[counts.loc[sides[0].append(sides[1])].sum() >= 5]
    of_set = counts.T.groupby([entry.split(":")[0] for entry in entries]).sum().T
    return counts[seen], pd.DataFrame({entry: of_set[entry.split(":")[0]] for entry in seen}, index=counts.index)


def equal_weights(one: Measured) -> pd.Series | None:
    """A weight per article that gives every outlet of the reference the same say; None where fewer than two have one.

    Outlets with fewer than five articles have none: their mean would be noise, and noise would weigh as the rest.
    """
    group, reference = one.sides
    outlet = one.chosen.articles["outlet"]
    size = outlet[reference].value_counts()
    size = size[size >= LEAST]
    if len(size) < 2:
        return None
    weight = pd.Series(1.0, index=group.append(reference))
    weight[reference] = (size.sum() / len(size) / outlet[reference].map(size)).fillna(0.0).to_numpy()
    return weight


def without_copies(study: Study, one: Measured) -> pd.Series | None:
    """A weight per article, 0 for each that is a copy of an earlier one; None where there is no copy on either side."""
    every = one.sides[0].append(one.sides[1])
    weight = (heads(study).loc[every] == every).astype(float)
    return None if weight.all() or not all(weight[side].any() for side in one.sides) else weight
