"""A study's own coded sample against its sentiment instruments: how good each is on the very texts it is used on."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from analysis import tables
from analysis.errors import AnalysisError
from analysis.paths import text_digest
from analysis.readers import read_texts
from analysis.readers.feed import outlet_finder
from analysis.results.misclassification import CLASSES, found_mentions, overlapping
from analysis.scoring import polarity, study_instruments
from analysis.stats.agreement import classification
from analysis.study import Study
from analysis.text.sentences import split_sentences


def validation(study: Study, texts: Sequence[str | Path] = ()) -> pd.DataFrame:
    """Each instrument against the polarity that people coded, of mentions or of sentences, by language.

    Every instrument of the study scores the texts in some files; without them the scores in the features count, which
    are by one instrument for each language and kind. To instrument, version, scores, language and the columns of
    `classification` comes `missing`, codings without a score, as where a text is not given or not the one annotated.
    AnalysisError where nothing is coded.
    """
    languages = study.manifest.set_index("article")["language"]
    coded = study.polarity.assign(language=study.polarity["article"].map(languages))
    if coded.empty:
        raise AnalysisError(
            f"{study.name} has no coded polarity. Code a sample of mentions or sentences: the variable polarity of "
            "codebook.csv, with article, start, end and target in a sheet of codings/ (data/README.md)."
        )
    parts = list(_validated(study, coded, texts))
    if not parts:
        raise AnalysisError(f"no instrument of {study.name} measures {', '.join(sorted(set(coded['language'])))}.")
    return pd.concat(parts, ignore_index=True)


def unmeasured(study: Study, table: pd.DataFrame) -> dict[str, int]:
    """Codings in each language that no instrument in a table of `validation` measures."""
    languages = study.polarity["article"].map(study.manifest.set_index("article")["language"])
    counts = languages[~languages.isin(table["language"])].value_counts()
    return {str(language): int(count) for language, count in sorted(counts.items())}


def _validated(study: Study, coded: pd.DataFrame, texts: Sequence[str | Path]) -> Iterator[pd.DataFrame]:
    """Rows of `validation` for each instrument and language; by features, of the first instrument of a kind alone."""
    given, done = _given_sentences(study, coded, texts) if texts else None, set()
    for instrument in study_instruments(study.settings.instruments, study.folder):
        for language, rows in coded.groupby("language"):
            rows = rows if instrument.scores == "sentence" else rows[rows["entry"].notna()]
            if language not in instrument.languages or rows.empty or (instrument.scores, language) in done:
                continue
            if given is None:
                done.add((instrument.scores, language))
                scores = _feature_scores(study, rows, instrument.scores)
            else:
                own = given.loc[given.index.intersection(rows.index)]
                measured = instrument.measure(own["sentence"].to_list(), own["span"].to_list())
                scores = pd.Series(measured, index=own.index, dtype=float).reindex(rows.index)
            known = rows[scores.notna()].reset_index(drop=True)
            classes = pd.Series(polarity(scores.dropna())).map(dict(zip(CLASSES, tables.POLARITIES, strict=True)))
            table = classification(known["polarity"], classes, known["article"], seed=study.settings.seed)
            facts = {"instrument": instrument.name, "version": instrument.version, "scores": instrument.scores}
            facts = pd.DataFrame({**facts, "language": language}, index=table.index)
            yield facts.join(table).assign(missing=len(rows) - len(known))


def _feature_scores(study: Study, rows: pd.DataFrame, kind: str) -> pd.Series:
    """Sentiment in the features of each coded mention, or of the sentence that it is in; index as of `rows`."""
    if kind == "target":
        return found_mentions(study, rows)["sentiment"].astype(float)
    sentences = study.features(tables.SENTENCES)
    sentences = sentences[sentences["article"].isin(rows["article"])]
    pairs = rows.reset_index(names="row").merge(sentences, on="article", suffixes=("", "_found"))
    return overlapping(pairs, rows)["sentiment"].astype(float)


def _given_sentences(study: Study, coded: pd.DataFrame, paths: Sequence[str | Path]) -> pd.DataFrame:
    """Sentence of each coding whose text is given, and where in it (`span`) the coding is; index as of `coded`."""
    found = {}
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
                    found[row.Index] = (text[start:end], (row.start - start, min(row.end, end) - start))
    return pd.DataFrame.from_dict(found, orient="index", columns=["sentence", "span"])


VALIDITY = Path(__file__).parents[1] / "instruments" / "validity.csv"
#: Sentiment instruments as validity.csv calls them.
_CALLED = {"vader": "VADER on the whole sentence", "targeted": "linear model around the target"}


def sentiment_validity(instrument: str) -> pd.DataFrame:
    """Rows of validity.csv on a sentiment instrument on texts of no study here; empty where nobody has looked."""
    table = pd.read_csv(VALIDITY)
    called = _CALLED.get(instrument)
    return table[table["who"].str.startswith(called) & (table["study"] == "*")] if called else table[:0]
