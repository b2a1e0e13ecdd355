"""A study's tables of features that have several rows of an article, as comparisons need them: never held whole."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import tables
from analysis.study.batches import Source
from analysis.study.grouped import Grouped, grouped
from analysis.study.sentencesums import SentenceSums, sentence_sums
from analysis.tables import Schema

#: What is laid by entry beside an article's number and of what its mentions tell.
_OF_MENTIONS = ("sentence", "start", "end", "alias", "voice", "valence")


class Streamed:
    """Words, mentions and sentences of a study; each is read when it is first asked for.

    Parameters
    ----------
    folder : Path, of the features
    articles : Series, ids in order; an article's number is its place
    reading : context in which a file is read; it raises FeaturesMissing and FeaturesBroken
    """

    def __init__(
        self, folder: Path, articles: pd.Series, reading: Callable[[Path], AbstractContextManager[None]]
    ) -> None:
        self.articles = articles
        self._folder, self._reading = folder, reading

    def __copy__(self) -> Streamed:
        """The same: nothing of it is ever changed."""
        return self

    def _source(self, schema: Schema) -> Source:
        return Source(self._folder / f"{schema.name.lower()}.parquet", schema, self.articles.to_list())

    def _grouped(self, schema: Schema, first: str, text: str, *values: str) -> Grouped:
        source = self._source(schema)
        with self._reading(source.path):
            name = f"{self._folder.parent.name}-{schema.name.lower()}"
            return grouped(source, first, text, values, name=name)

    @cached_property
    def terms(self) -> Grouped:
        """TERMS by part and term."""
        return self._grouped(tables.TERMS, "part", "term", "count")

    @cached_property
    def mentions(self) -> Grouped:
        """MENTIONS by gazetteer and entry, "" where the entry is missing."""
        return self._grouped(tables.MENTIONS, "gazetteer", "entry", *_OF_MENTIONS)

    @cached_property
    def sentences(self) -> SentenceSums:
        """Sums over SENTENCES."""
        source = self._source(tables.SENTENCES)
        with self._reading(source.path):
            return sentence_sums(source)

    def sentence_valence(self, articles: Collection[str]) -> pd.Series:
        """Valence of each sentence of a few articles, index article and sentence."""
        source, found = self._source(tables.SENTENCES), [tables.empty(tables.SENTENCES)]
        with self._reading(source.path):
            for batch in source.batches("article", "sentence", "valence"):
                few = batch[batch["article"].isin(articles)]
                found += [few.astype({"article": "str"})] * bool(len(few))
        return pd.concat(found).set_index(["article", "sentence"])["valence"]

    def check(self, schema: Schema) -> None:
        """Hold every value of a table, any of the features, to its schema; none is kept.

        Raises
        ------
        FeaturesMissing, FeaturesBroken
        """
        source = self._source(schema)
        with self._reading(source.path):
            for _ in source.checked(*schema.names):
                pass

    def read(self) -> None:
        """Read everything now."""
        assert self.terms and self.mentions and self.sentences

    def entry_mentions(self, gazetteer: str, entry: str) -> pd.DataFrame:
        """Mentions of an entry: MENTIONS without gazetteer and entry, sorted by article."""
        rows = self.mentions.of(gazetteer, entry)
        found = pd.DataFrame({name: rows[name] for name in rows.dtype.names or ()})
        for name, words in self.mentions.words.items():
            found[name] = pd.Series(np.array(words, object)[rows[name]], dtype="str")
        return found.assign(article=self.articles.to_numpy()[rows["article"]]).astype({"article": "str"})
