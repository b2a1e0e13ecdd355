"""Which text and which articles a comparison may use: the rules of fair comparison, in one place.

Primary text is the title and first paragraph, since feeds differ in how much they carry beyond that; a photo caption
is no lede; an aggregator's items are titles; two sides are compared on days when both were observed.

`spelling` folds spellings of one word into one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from analysis import tables
from analysis.errors import EmptyGroup
from analysis.selection.spelling import fold_spellings
from analysis.study import Study

#: Variant of the text → parts it holds.
PARTS_OF = {"title": ("title",), "lede": ("title", "lede"), "text": ("title", "lede", "rest")}


@dataclass(frozen=True)
class Selection:
    """A study's features, restricted to one variant of the text.

    Attributes
    ----------
    variant : title, lede or text
    articles : DataFrame, one row per article, index article; Study.articles with `tokens` those of the variant
    sentences, mentions : DataFrames after SENTENCES, MENTIONS, the variant's parts only
    every_term : DataFrame (TERMS), of the whole study, sorted by article
    """

    variant: str
    articles: pd.DataFrame
    sentences: pd.DataFrame
    every_term: pd.DataFrame
    mentions: pd.DataFrame
    counted: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)  # what was derived of it

    def __copy__(self) -> Selection:
        """The same with tables of its own: what is changed in them is not changed here."""
        return Selection(self.variant, *map(copy, (self.articles, self.sentences, self.every_term, self.mentions)))

    @property
    def terms(self) -> pd.DataFrame:
        """Rows after TERMS, the variant's parts only; taken anew when asked for, since they are by far the most."""
        kept = _keep(self.every_term, self.articles, self.variant)
        return kept.astype(dict.fromkeys(("article", "part", "term"), "str"))

    @cached_property
    def _by_name(self) -> pd.Index:
        # Arrow's strings are turned into Python's at every look-up.
        return self.articles.index.astype(object)

    def places(self, articles: pd.Index) -> np.ndarray:
        """Place of each of some articles in the selection: by number they are found in no time."""
        return np.asarray(self._by_name.get_indexer(articles.astype(object)))


def select(study: Study, variant: str | None = None, *, language: str | None = None) -> Selection:
    """Restrict a study to a variant of its texts, and to the articles that have it.

    Parameters
    ----------
    study : Study
    variant : title, lede or text; the study's primary variant where None
    language : str, articles in this language only; all where None

    Returns
    -------
    Selection, the same one where the same is asked of the same Study again
    """
    key = (variant or study.settings.primary, language)
    if key not in study.derived:
        study.derived[key] = _select(study, *key)
    chosen: Selection = study.derived[key]
    return chosen


def _select(study: Study, variant: str, language: str | None) -> Selection:
    articles = study.articles
    if language is not None:
        articles = articles[articles["language"] == language]
    if variant == "title":
        articles = articles[articles["title_tokens"] > 0]
    else:
        # A headline alone, or over a photo caption, names fewer people than one with its first paragraph: not alike.
        articles = articles[articles["body_kind"].isin(["summary", "full"])]
    sentences = _keep(study.features(tables.SENTENCES), articles, variant)
    mentions = study.features(tables.MENTIONS).merge(sentences[["article", "sentence", "part"]], how="inner")
    tokens = sentences.groupby("article")["tokens"].sum()
    sized = articles.set_index("article", drop=False)
    sized = sized.assign(tokens=tokens.reindex(sized.index, fill_value=0).astype("int64"))
    return Selection(variant, sized, sentences, study.features(tables.TERMS), mentions.drop(columns="part"))


def _keep(table: pd.DataFrame, articles: pd.DataFrame, variant: str) -> pd.DataFrame:
    kept = table["article"].isin(articles["article"]) & table["part"].isin(PARTS_OF[variant])
    return table[kept].reset_index(drop=True)


def primary_of(study: Study, outlet: str) -> str:
    """Variant on which an outlet is compared first: titles for an aggregator, else the study's primary variant."""
    return "title" if outlet in study.aggregators else study.settings.primary


def variants_of(study: Study, outlet: str) -> tuple[str, ...]:
    """Variants on which an outlet is compared at all."""
    return ("title",) if outlet in study.aggregators else ("title", "lede", "text")


def sides(
    study: Study, articles: pd.DataFrame, group: str, reference: Collection[str] | None = None
) -> tuple[pd.Index, pd.Index]:
    """Articles of an outlet and of its reference, on days when both sides were observed.

    An article of the reference counts where the group was observed on its day; one of the group where at least one
    outlet of the reference was. Articles from before an outlet's steady observation count on neither side.

    Parameters
    ----------
    study : Study
    articles : DataFrame, index article, with outlet, published, observed (Selection.articles)
    group : str, an outlet
    reference : collection of outlets; all that may stand in a reference, but the group, where None

    Returns
    -------
    (Index, Index)
        Article ids of the group and of the reference, disjoint, both in order.

    Raises
    ------
    EmptyGroup
    """
    others = [o for o in (study.referees if reference is None else reference) if o != group]
    days = articles["published"].dt.tz_localize(None).dt.normalize()
    seen = study.observed_days
    days_group = set(seen.loc[seen["outlet"] == group, "day"])
    days_others = set(seen.loc[seen["outlet"].isin(others), "day"])
    observed = articles["observed"]
    left = articles.index[(articles["outlet"] == group) & observed & days.isin(days_others)]
    right = articles.index[articles["outlet"].isin(others) & observed & days.isin(days_group)]
    for name, side, chosen in ((group, "group", left), ("the other outlets", "reference", right)):
        if not len(chosen):
            raise EmptyGroup(side, name)
    return left, right


def counts(
    selection: Selection, gazetteer: str, entries: Sequence[str] | None = None, *, own: bool = False
) -> pd.DataFrame:
    """How often each article mentions each entry.

    Parameters
    ----------
    selection : Selection
    gazetteer : actors or labels
    entries : columns wanted, in order; every entry that occurs where None
    own : only mentions in the outlet's own voice

    Returns
    -------
    DataFrame of integers, a row for every article of the selection (index article), a column per entry
    """
    key = (gazetteer, None if entries is None else tuple(entries), own)
    if key not in selection.counted:
        selection.counted[key] = _counts(selection, gazetteer, entries, own)
    return selection.counted[key].copy(deep=False)


def _counts(selection: Selection, gazetteer: str, entries: Sequence[str] | None, own: bool) -> pd.DataFrame:
    mentions = selection.mentions
    mentions = mentions[(mentions["gazetteer"] == gazetteer) & mentions["entry"].notna()]
    if own:
        mentions = mentions[mentions["voice"] == "own"]
    columns = pd.Index(sorted(mentions["entry"].unique()) if entries is None else entries, dtype="str", name="entry")
    index = selection.articles.index
    # Row and column in one number: ten times as fast as a cross table where there are many articles.
    row, column = index.get_indexer(mentions["article"]), columns.get_indexer(mentions["entry"])
    known = (row >= 0) & (column >= 0)
    places = row[known] * len(columns) + column[known]
    found = np.bincount(places, minlength=len(index) * len(columns)).reshape(len(index), len(columns))
    return pd.DataFrame(found.astype("int64"), index=index, columns=columns)


def article_valence(selection: Selection) -> pd.Series:
    """Mean valence of each article's sentences; missing where no sentence has one. Index article."""
    means = selection.sentences.groupby("article")["valence"].mean()
    return means.reindex(selection.articles.index)


def valence_toward(selection: Selection, actors: Sequence[str]) -> pd.DataFrame:
    """Mean valence toward each actor in each article that mentions it, else missing. Index article."""
    mentions = selection.mentions
    mentions = mentions[(mentions["gazetteer"] == "actors") & mentions["entry"].isin(actors)]
    means = mentions.groupby(["article", "entry"])["valence"].mean().unstack()
    return means.reindex(index=selection.articles.index, columns=list(actors)).astype("float64")


def words(selection: Selection, *, language: str | None = None) -> pd.DataFrame:
    """How often each article uses each word form of at least two letters; spellings of one word are one.

    Returns
    -------
    DataFrame: article, term, count; a row per article and term that occurs, in order
        article and term are categoricals; an article's number is its place in the selection.
    """
    if ("words", language) not in selection.counted:
        selection.counted["words", language] = _words(selection, language)
    return selection.counted["words", language].copy(deep=False)


def _words(selection: Selection, language: str | None) -> pd.DataFrame:
    article, part, term = (selection.every_term[name].astype("category").cat for name in ("article", "part", "term"))
    place = selection.articles.index.get_indexer(article.categories).astype("int32")
    inside = part.categories.isin(PARTS_OF[selection.variant])
    kept = (place[article.codes] >= 0) & inside[part.codes]
    form, forms = _forms(term.categories, term.codes.to_numpy()[kept], language)
    kept &= form[term.codes] >= 0
    # As a matrix, which rows sorted by article are already: what stands in several parts or spellings is added up
    # without a string being looked at.
    shape = (len(selection.articles), len(forms))
    starts = np.append(0, np.bincount(place[article.codes.to_numpy()[kept]], minlength=shape[0]).cumsum())
    cells = (selection.every_term["count"].to_numpy()[kept], form[term.codes.to_numpy()[kept]], starts)
    found = sparse.csr_array(cells, shape=shape)
    found.sum_duplicates()
    number = np.repeat(np.arange(shape[0], dtype="int32"), np.diff(found.indptr))
    return pd.DataFrame(
        {
            "article": pd.Categorical.from_codes(number, categories=selection.articles.index),
            "term": pd.Categorical.from_codes(found.indices, categories=forms),
            "count": found.data,
        },
        copy=False,
    )


def _forms(terms: pd.Index, used: np.ndarray, language: str | None) -> tuple[np.ndarray, pd.Index]:
    """Number of the form under which each of the `terms` is counted, -1 where it is no word; the forms, in order."""
    present = np.bincount(used, minlength=len(terms)) > 0
    every = terms.to_series(index=range(len(terms)))
    wanted = every[present & (every.str.count(r"[^\W\d_]") >= 2) & ~every.str.match(r"['’]")]
    folded = fold_spellings(wanted, language=language)
    spelled = pd.Index([folded.get(term, term) for term in wanted], dtype="str")
    forms = spelled.unique().sort_values()
    number = np.full(len(terms), -1, dtype="int32")
    number[wanted.index] = forms.get_indexer(spelled)
    return number, forms
