"""A study's own coded sample against its sentiment instruments: how good each is on the very texts it is used on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import tables
from analysis.annotation.run import study_instruments
from analysis.errors import AnalysisError
from analysis.paths import text_digest
from analysis.readers import read_texts
from analysis.readers.feed import outlet_finder
from analysis.scoring import polarity
from analysis.scoring.registry import Instrument
from analysis.stats.classification import classification
from analysis.study import Study
from analysis.text.sentences import split_sentences


def validation(study: Study, texts: Sequence[str | Path] = ()) -> pd.DataFrame:
    """Each instrument against the polarity that people coded, by language.

    Parameters
    ----------
    study : Study, with codings of `polarity`: of mentions, or of sentences where a coding has no target
    texts : files of its texts, which every instrument of the study scores; without them, what the features hold counts,
        which is by one instrument for each language and kind

    Returns
    -------
    DataFrame: instrument, version, scores, language and the columns of `classification`, and `missing`, codings without
    a score, as where a text is not given or not the one that was annotated

    Raises
    ------
    AnalysisError
        Where nothing is coded.
    """
    coded = study.polarity.assign(
        language=study.polarity["article"].map(study.manifest.set_index("article")["language"])
    )
    if coded.empty:
        raise AnalysisError(
            f"{study.name} has no coded polarity. Code a sample of mentions or sentences: the variable polarity of "
            "codebook.csv, with article, start, end and target in a sheet of codings/ (data/README.md)."
        )
    parts = []
    for instrument, language, rows, scores in (_by_texts if texts else _by_features)(study, coded, texts):
        known = np.isfinite(scores)
        classes = pd.Series(polarity(scores[known])).map(dict(zip((-1, 0, 1), tables.POLARITIES, strict=True)))
        own = rows[known].reset_index(drop=True)
        table = classification(own["polarity"], classes, own["article"], seed=study.settings.seed)
        facts = {"instrument": instrument.name, "version": instrument.version, "scores": instrument.scores}
        parts.append(pd.DataFrame({**facts, "language": language}, index=table.index).join(table))
        parts[-1]["missing"] = int((~known).sum())
    if not parts:
        raise AnalysisError(f"no instrument of {study.name} measures {', '.join(sorted(set(coded['language'])))}.")
    return pd.concat(parts, ignore_index=True)


Scored = Iterator[tuple[Instrument, str, pd.DataFrame, np.ndarray]]


def _pairs(study: Study, coded: pd.DataFrame) -> Iterator[tuple[Instrument, str, pd.DataFrame]]:
    """Each instrument with each language it measures and the codings it can be held to."""
    for instrument in study_instruments(study):
        for language, rows in coded.groupby("language"):
            rows = rows if instrument.scores == "sentence" else rows[rows["entry"].notna()]
            if language in instrument.languages and len(rows):
                yield instrument, str(language), rows


def _by_features(study: Study, coded: pd.DataFrame, _: Sequence[str | Path]) -> Scored:
    """Scores of the coded mentions and sentences in the features."""
    articles, done = set(coded["article"]), set()
    own = {schema: study.features(schema) for schema in (tables.SENTENCES, tables.MENTIONS)}
    own = {schema: table[table["article"].isin(articles)] for schema, table in own.items()}
    for instrument, language, rows in _pairs(study, coded):
        if (instrument.scores, language) in done:  # the features are by the first
            continue
        done.add((instrument.scores, language))
        is_target = instrument.scores == "target"
        keys = ["article", "entry"] if is_target else ["article"]
        table = own[tables.MENTIONS if is_target else tables.SENTENCES]
        found = rows.reset_index(names="row").merge(table, on=keys, suffixes=("", "_found"))
        # An alias may since have grown or shrunk by a word.
        found = found[(found["start_found"] < found["end"]) & (found["start"] < found["end_found"])]
        scores = found.drop_duplicates("row").set_index("row")["sentiment"].reindex(rows.index)
        yield instrument, language, rows, scores.to_numpy(float)


def _by_texts(study: Study, coded: pd.DataFrame, paths: Sequence[str | Path]) -> Scored:
    """Scores by every instrument of the sentences that hold what is coded."""
    sentences, spans = _sentences(study, coded, paths)
    for instrument, language, rows in _pairs(study, coded):
        known = rows.index[rows.index.isin(list(sentences))]
        scores = pd.Series(np.nan, index=rows.index)
        scores[known] = instrument.measure([sentences[row] for row in known], [spans[row] for row in known])
        yield instrument, language, rows, scores.to_numpy()


def _sentences(
    study: Study, coded: pd.DataFrame, paths: Sequence[str | Path]
) -> tuple[dict[int, str], dict[int, tuple[int, int]]]:
    """Sentence of each coding whose text is given, by its row, and where in the sentence it is."""
    sentences, spans = {}, {}
    annotated = study.features(tables.ARTICLES).set_index("article")["text_sha256"] if study.annotated else {}
    settings, by_article = study.settings, dict(iter(coded.groupby("article")))
    outlets, languages = outlet_finder(study.outlets), settings.languages
    for chunk in read_texts(paths, columns=settings.columns, outlet_of=outlets, languages=languages):
        for given in chunk[chunk["article"].isin(by_article)].itertuples():
            text = f"{given.title}\n{given.body}"
            if annotated.get(given.article, digest := text_digest(text)) != digest:
                continue
            places = split_sentences(text, language=given.language)
            for row in by_article[given.article].itertuples():
                start, end = places[max(bisect_right(places, (row.start, len(text))) - 1, 0)]
                if start <= row.start < min(row.end, end):
                    sentences[row.Index] = text[start:end]
                    spans[row.Index] = (row.start - start, min(row.end, end) - start)
    return sentences, spans
