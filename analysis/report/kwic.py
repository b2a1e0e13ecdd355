"""Keyword in context: each mention with the words around it, where the texts are at hand. Never published."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import tables
from analysis.errors import AnalysisError
from analysis.paths import text_digest
from analysis.readers import read_texts
from analysis.readers.outlets import outlet_finder
from analysis.study import Study
from analysis.text.sentences import Span
from analysis.text.tokens import tokenize

COLUMNS = ("article", "outlet", "left", "keyword", "right", "voice")


def kwic(
    study: Study,
    entry: str,
    *,
    gazetteer: str = "labels",
    width: int = 8,
    outlets: Sequence[str] | None = None,
    limit: int | None = None,
) -> pd.DataFrame:
    """Mentions of an actor or a label with the words around them (Luhn 1960).

    Parameters
    ----------
    study : Study, with features, whose study.toml says where its texts are
    entry : str, an actor, or set:label
    gazetteer : "labels" or "actors"
    width : int ≥ 0, tokens on either side
    outlets : ids of outlets, all where not given
    limit : int ≥ 0, at most so many rows

    Returns
    -------
    DataFrame with article, outlet, left, keyword, right, voice, by article and place in it

    Raises
    ------
    AnalysisError
        Where the texts are not at hand or are not the ones that the features were made from, or the entry is unknown.
    """
    if not study.settings.texts:
        raise AnalysisError(
            f"the texts of {study.name} are not at hand. Name their files in study.toml: texts = [...]."
        )
    mentions = _mentions(study, entry, gazetteer, outlets)
    mentions = mentions if limit is None else mentions.head(limit)
    texts = _texts(study, set(mentions["article"]))
    rows = [_row(mention, *texts[mention.article], width) for mention in mentions.itertuples(index=False)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype("str")


def _mentions(study: Study, entry: str, gazetteer: str, outlets: Sequence[str] | None) -> pd.DataFrame:
    known = _entries(study, gazetteer)
    if entry not in known:
        close = difflib.get_close_matches(entry, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise AnalysisError(f"no entry {entry!r} in {gazetteer}.csv.{hint}")
    found = study.store.entry_mentions(gazetteer, entry)
    found = found.merge(study.features(tables.ARTICLES)[["article", "outlet"]], on="article")
    if outlets is not None:
        found = found[found["outlet"].isin(list(outlets))]
    return found.sort_values(["article", "start"])


def _entries(study: Study, gazetteer: str) -> list[str]:
    if gazetteer == "actors":
        return sorted(set(study.actors["actor"]))
    if gazetteer == "labels":
        return sorted(set(study.labels["set"] + ":" + study.labels["label"]))
    raise AnalysisError(f"gazetteer is {gazetteer!r}; it is labels or actors.")


def _texts(study: Study, wanted: Iterable[str]) -> dict[str, tuple[str, list[Span]]]:
    """Cleaned text and tokens of each wanted article, held to the digest in the features."""
    articles = study.features(tables.ARTICLES).set_index("article")["text_sha256"]
    left = set(wanted)
    found: dict[str, tuple[str, list[Span]]] = {}
    for chunk in _read(study):
        for row in chunk[chunk["article"].isin(left)].itertuples(index=False):
            text = f"{row.title}\n{row.body}"
            if text_digest(text) != articles[row.article]:
                raise AnalysisError(
                    f"the text of {row.article} is not the one its features were made from. Annotate again."
                )
            found[row.article] = (text, tokenize(text, language=row.language).spans)
    if missing := sorted(left - set(found)):
        raise AnalysisError(f"the texts hold nothing of {len(missing)} articles, first {missing[0]}.")
    return found


def _read(study: Study) -> Iterator[pd.DataFrame]:
    """Texts of the study, read as they are when they are annotated."""
    return read_texts(
        [Path(study.folder, path) for path in study.settings.texts],
        columns=study.settings.columns,
        outlet_of=outlet_finder(study.outlets),
        languages=study.settings.languages,
    )


def _row(mention: Any, text: str, tokens: Sequence[Span], width: int) -> tuple[str, ...]:
    before = [start for start, end in tokens if end <= mention.start]
    after = [end for start, end in tokens if start >= mention.end]
    first = before[-width] if width and len(before) >= width else (0 if width else mention.start)
    last = after[width - 1] if width and len(after) >= width else (len(text) if width else mention.end)
    pieces = (text[first : mention.start], text[mention.start : mention.end], text[mention.end : last])
    left, keyword, right = (" ".join(piece.split()) for piece in pieces)
    return mention.article, mention.outlet, left, keyword, right, mention.voice
