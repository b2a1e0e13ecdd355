"""Articles, and the part of their text, that a comparison may use: the rules of fair comparison.

Primary text is the title and first paragraph, since feeds differ in how much they carry beyond that; a photo caption
is no lede; an aggregator's items are titles; two sides are compared on days when both were observed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.errors import EmptyGroup
from analysis.study import Study
from analysis.study.store import FeatureStore
from analysis.study.words import Words, count_words
from analysis.tables import PARTS, VARIANTS, VOICES


@dataclass(frozen=True)
class Selection:
    """A study's features, restricted to one variant of the text.

    `articles` are those of Study.articles that have it, index article, `tokens` those of the variant; `number` is each
    one's number in the study, by which `store` knows it.
    """

    variant: str
    articles: pd.DataFrame
    number: np.ndarray
    store: FeatureStore
    counted: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)  # what was derived of it

    @property
    def parts(self) -> list[int]:
        """Parts of the text it holds, by their place in PARTS."""
        return parts_of(self.variant)

    @cached_property
    def index(self) -> np.ndarray:
        """Index here of each article of the study; -1 where it is left out."""
        index = np.full(len(self.store.articles), -1, np.int32)
        index[self.number] = np.arange(len(self.number))
        return index

    def entries(self, gazetteer: str) -> list[str]:
        """Entries of a gazetteer that are mentioned anywhere in the study, in order."""
        keys = (key.partition(":") for key in self.store.mentions)
        return [entry for of, _, entry in keys if of == gazetteer and entry]

    def mentions(self, gazetteer: str, entry: str, *, own: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Mentions of an entry, if `own` those in the outlet's own voice: indices of their articles, and their rows."""
        rows = self.store.mentions_of(gazetteer, entry)
        kept = self.index[rows["article"]] >= 0
        kept &= self.store.sentences.within(rows["article"], rows["sentence"], self.parts)
        if own:
            kept &= rows["voice"] == VOICES.index("own")
        return self.index[rows["article"][kept]], rows[kept]


def parts_of(variant: str) -> list[int]:
    """Parts that a variant of the text holds, by their place in PARTS."""
    return [PARTS.index(part) for part in VARIANTS[variant].parts]


def select(study: Study, variant: str | None = None, *, language: str | None = None) -> Selection:
    """A study restricted to a variant of its texts (None: the primary one), and to the articles that have it.

    The same one where the same is asked of the same Study again.
    """
    key = variant, language = variant or study.settings.primary, language
    if key not in study.derived:
        articles, parts = study.articles, parts_of(variant)
        # A headline alone, or over a photo caption, names fewer people than one with its first paragraph: not alike.
        kept = articles["title_tokens"] > 0 if variant == "title" else articles["body_kind"].isin(["summary", "full"])
        if language is not None:
            kept &= articles["language"] == language
        number = np.flatnonzero(kept)
        tokens = study.store.sentences.tokens[number][:, parts].sum(axis=1)
        chosen = articles[kept].set_index("article", drop=False).assign(tokens=tokens)
        study.derived[key] = Selection(variant, chosen, number, study.store)
    return cast(Selection, study.derived[key])


def primary_of(study: Study, *outlets: str) -> str:
    """Variant that what is said of some outlets rests on: titles if one is an aggregator, else the primary one."""
    return "title" if set(outlets) & set(study.aggregators) else study.settings.primary


def variants_of(study: Study, outlet: str) -> tuple[str, ...]:
    """Variants on which an outlet is compared at all."""
    return ("title",) if outlet in study.aggregators else tuple(VARIANTS)


def group_indices(
    study: Study, articles: pd.DataFrame, group: str, reference: Collection[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Places of the articles of an outlet and of its reference, in order, on days when both sides were observed.

    An article of the reference counts where the group was observed on its day; one of the group where at least one
    outlet of the reference was. Articles from before an outlet's steady observation count on neither side. Where no
    `reference` is given, it is all outlets that may stand in one, but the group. EmptyGroup where a side has none.
    """
    others = [o for o in (study.reference_outlets if reference is None else reference) if o != group]
    days = articles["published"].dt.tz_localize(None).dt.normalize()
    seen = study.observed_days
    days_group = set(seen.loc[seen["outlet"] == group, "day"])
    days_others = set(seen.loc[seen["outlet"].isin(others), "day"])
    left = (articles["outlet"] == group) & articles["observed"] & days.isin(days_others)
    right = articles["outlet"].isin(others) & articles["observed"] & days.isin(days_group)
    for name, side, chosen in ((group, "group", left), ("the other outlets", "reference", right)):
        if not chosen.any():
            raise EmptyGroup(side, name)
    return np.flatnonzero(left), np.flatnonzero(right)


def strata(study: Study, articles: pd.DataFrame) -> np.ndarray:
    """Number of the stratum of each article: alike in all that study.toml matches by; what lacks a value is alike."""
    if not (columns := list(study.settings.match)):
        return np.zeros(len(articles), np.int64)
    return np.asarray(articles.groupby(columns, dropna=False).ngroup(), np.int64)


def counts(
    selection: Selection, gazetteer: str, entries: Sequence[str] | None = None, *, own: bool = False
) -> pd.DataFrame:
    """Mentions of each entry (columns: as given, or all that occur) in each article (index); `own`: in its voice."""
    key = gazetteer, None if entries is None else tuple(entries), own
    if key not in selection.counted:  # kept without the zeros, which are most of it
        named = selection.entries(gazetteer) if entries is None else list(entries)
        places = [selection.mentions(gazetteer, entry, own=own)[0] for entry in named]
        column = np.repeat(np.arange(len(named)), np.array([len(place) for place in places], int))
        cells = np.ones(len(column), np.int64), (np.concatenate([np.zeros(0, int), *places]), column)
        table = sparse.csc_array(cells, shape=(len(selection.articles), len(named)))
        kept = np.flatnonzero(np.diff(table.indptr)) if entries is None else np.arange(len(named))
        columns = pd.Index([named[place] for place in kept], dtype="str", name="entry")
        selection.counted[key] = table[:, kept], columns
    table, columns = selection.counted[key]
    return pd.DataFrame(table.toarray(), index=selection.articles.index, columns=columns)


def article_sentiment(selection: Selection) -> pd.Series:
    """Mean sentiment of each article's sentences; missing where no sentence has one. Index article."""
    means = selection.store.sentences.mean_sentiment(selection.parts)[selection.number]
    return pd.Series(means, index=selection.articles.index, name="sentiment")


def targeted_sentiment_by_actor(selection: Selection, actors: Sequence[str]) -> pd.DataFrame:
    """Mean sentiment toward each actor in each article that mentions it, else missing. Index article."""
    means = np.full((len(selection.articles), len(actors)), np.nan)
    for column, actor in enumerate(actors):
        place, rows = selection.mentions("actors", actor)
        known = ~np.isnan(rows["sentiment"])
        sums = np.bincount(place[known], rows["sentiment"][known], len(means))
        with np.errstate(invalid="ignore"):
            means[:, column] = sums / np.bincount(place[known], minlength=len(means))
    columns = pd.Index(list(actors), dtype="str", name="entry")
    return pd.DataFrame(means, index=selection.articles.index, columns=columns)


def words(selection: Selection, *, language: str | None = None) -> Words:
    """Uses of each word form of at least two letters in each article; spellings of one word are one."""
    key = "words", language
    if key not in selection.counted:
        selection.counted[key] = count_words(selection.store.terms, selection.number, selection.parts, language)
    return cast(Words, selection.counted[key])
