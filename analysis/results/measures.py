"""What is compared of two sides: each measure as a table of articles, ready for `difference`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.errors import EmptyGroup
from analysis.stats.difference import LEAST, Kind, difference
from analysis.study import Study, selection
from analysis.study.selection import Selection

REST = "other outlets"
#: The reference in which each outlet weighs the same, however much it published.
EQUAL = "mean of other outlets"


@dataclass(frozen=True)
class Measured:
    """One measure of the articles on two sides.

    Attributes
    ----------
    measure, kind, values, weights : as in `difference`, a row for every article of the selection
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

    @cached_property
    def every(self) -> pd.Index:
        """Ids of the articles of both sides, the group's first."""
        return self.sides[0].append(self.sides[1])

    @cached_property
    def places(self) -> np.ndarray:
        """Their places in the selection."""
        return np.concatenate(indices_of(self.chosen, self.sides))

    def compare(self, study: Study, **options: Any) -> pd.DataFrame:
        """`difference` of the sides, periods as strata and clusters of copies as blocks."""
        weights = None if self.weights is None else self.weights.reset_index(drop=True)
        return self._difference(study, self.values.reset_index(drop=True), weights, **options)

    def _difference(self, study: Study, values: pd.DataFrame, weights: Any, **options: Any) -> pd.DataFrame:
        """`difference` of values and weights by place."""
        return difference(
            values,
            weights=weights,
            kind=self.kind,
            measure=self.measure,
            names=self.names,
            language=self.language,
            **plan(study, self.chosen, self.sides),
            **options,
        )

    def reweighted(self, study: Study, weight: pd.Series, features: Sequence[str], **facts: str) -> pd.DataFrame:
        """The standardized difference with articles weighed anew, 0 leaving one out: interval, no test.

        Parameters
        ----------
        study : Study
        weight : Series (article), for every article of both sides
        features : columns of values that are wanted
        **facts : columns to write into the table
        """
        weight = weight.loc[self.every].set_axis(self.places)
        values = self.values[list(features)].iloc[self.places].set_axis(self.places)
        mass: Any = 1.0 if self.weights is None else self.weights.iloc[self.places].set_axis(self.places)
        mass = mass[list(features)].mul(weight, axis=0) if isinstance(mass, pd.DataFrame) else weight * mass
        changed = values.mul(weight, axis=0)
        table = self._difference(study, changed, mass, adjustments=["standardized"], test=False)
        counted = values.notna() if self.kind == "mean" else values
        first = len(self.sides[0])
        for prefix, side in (("", slice(None, first)), ("reference_", slice(first, None))):
            left = (weight.iloc[side] > 0).to_numpy()
            table[f"{prefix}count"] = counted.iloc[side][left].sum().to_numpy(float)
            table[f"{prefix}articles"] = int(left.sum())
        return table.assign(effect=np.nan, **facts)


def plan(study: Study, chosen: Selection, sides: tuple[pd.Index, pd.Index]) -> dict[str, Any]:
    """What every comparison of these sides has in common, articles by their place in the selection."""
    group, reference = indices_of(chosen, sides)
    facts = layout(study, chosen)
    return {
        "group": group.tolist(),
        "reference": reference.tolist(),
        "strata": facts["stratum"],
        "blocks": facts["block"],
        "draws": study.settings.draws,
        "seed": study.settings.seed,
        "variant": chosen.variant,
    }


def layout(study: Study, chosen: Selection) -> pd.DataFrame:
    """Of each article of a selection, by its place, what comparisons go by.

    Returns
    -------
    DataFrame: stratum and block, numbers of the period and of the cluster of copies in the order of their names, and
    original, whether it is the earliest of its cluster
    """
    if "layout" not in chosen.counted:
        ids, head = chosen.articles.index, heads(study).loc[chosen.articles.index]
        numbers = {
            "stratum": pd.factorize(chosen.articles["period"].fillna(""), sort=True)[0],
            "block": pd.factorize(head, sort=True)[0],
            "original": (head == ids).to_numpy(),
        }
        chosen.counted["layout"] = pd.DataFrame(numbers)
    made: pd.DataFrame = chosen.counted["layout"]
    return made


def indices_of(chosen: Selection, sides: tuple[pd.Index, pd.Index]) -> tuple[np.ndarray, np.ndarray]:
    """Places in a selection of the articles of two sides of it."""
    # All measures of a comparison have the very same sides.
    key = "places", id(sides)
    if key not in chosen.counted:
        chosen.counted[key] = sides, (chosen.places(sides[0]), chosen.places(sides[1]))
    found: tuple[np.ndarray, np.ndarray] = chosen.counted[key][1]
    return found


def _sides(study: Study, chosen: Selection, outlet: str, right: str | None) -> tuple[pd.Index, pd.Index]:
    """`selection.sides` of an outlet and the other outlets, or one other; looked for once."""
    key = "sides", outlet, right
    if key not in chosen.counted:
        places = selection.group_indices(study, chosen.articles, outlet, None if right is None else [right])
        ids = chosen.articles.index
        chosen.counted[key] = ids[places[0]], ids[places[1]]
        chosen.counted["places", id(chosen.counted[key])] = chosen.counted[key], places  # need not be looked for
    found: tuple[pd.Index, pd.Index] = chosen.counted[key]
    return found


def heads(study: Study) -> pd.Series:
    """The earliest article of each article's cluster of copies; itself where it is no copy. Index article."""
    return study.features(tables.REPRINTS).set_index("article")["head"]


def measures(study: Study, variant: str, outlet: str, right: str | None = None) -> list[Measured]:
    """Every measure but words, of an outlet and its reference: the other outlets, or one other.

    Measures that need one language are left out where the other side has nothing in the outlet's.
    """
    names = (outlet, right or REST)
    actors = list(study.settings.main_actors)
    every = selection.select(study, variant)
    having = (selection.counts(every, "actors", actors) > 0).astype(float)
    sides = _sides(study, every, outlet, right)
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
    add("sentiment", "mean", selection.article_sentiment(same).to_frame("sentiment"))
    add("targeted-sentiment", "mean", selection.targeted_sentiment_by_actor(same, actors))
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
    return same, _sides(study, same, outlet, right)


def _label_uses(
    study: Study, chosen: Selection, own: bool, sides: tuple[pd.Index, pd.Index]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Uses of each label that occurs five times or more on both sides together, and uses of its whole set."""
    labels = study.labels[["set", "label"]].drop_duplicates()
    entries = sorted(labels["set"] + ":" + labels["label"])
    counts = selection.counts(chosen, "labels", entries, own=own)
    seen = counts.columns[counts.iloc[np.concatenate(indices_of(chosen, sides))].sum() >= 5]
    of_set = counts.T.groupby([entry.split(":")[0] for entry in entries]).sum().T
    return counts[seen], pd.DataFrame({entry: of_set[entry.split(":")[0]] for entry in seen}, index=counts.index)


def equal_weights(one: Measured) -> pd.Series | None:
    """A weight per article that gives every outlet of the reference the same say; None where fewer than two have one.

    Outlets with fewer than five articles have none: their mean would be noise, and noise would weigh as the rest.
    """
    group = len(one.sides[0])
    outlet = one.chosen.articles["outlet"].iloc[one.places[group:]]
    size = outlet.value_counts()
    size = size[size >= LEAST]
    if len(size) < 2:
        return None
    weight = (size.sum() / len(size) / outlet.map(size)).fillna(0.0)
    return pd.Series(np.concatenate([np.ones(group), weight]), index=one.every)


def without_copies(study: Study, one: Measured) -> pd.Series | None:
    """A weight per article, 0 for each that is a copy of an earlier one; None where there is no copy on either side."""
    weight = layout(study, one.chosen)["original"].to_numpy(float)[one.places]
    some = all(side.any() for side in np.split(weight, [len(one.sides[0])]))
    return pd.Series(weight, index=one.every) if some and not weight.all() else None
