"""Sentiment instruments held to what people coded, and sentiment toward actors corrected for their errors.

The correction adds the instrument's mean error on the coded mentions to its mean over all mentions, weighted so that
the variance is smallest (PPI++: Angelopoulos, Duchi & Zrnic 2023). It holds however the instrument errs, and needs
coded mentions of the very outlet it is said of.
"""

from bisect import bisect_right
from collections import namedtuple
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis import tables
from analysis.errors import AnalysisError
from analysis.paths import text_digest
from analysis.readers import read_texts
from analysis.readers.feed import outlet_finder
from analysis.results import finished
from analysis.results.measures import heads
from analysis.scoring import polarity, study_instruments
from analysis.stats.agreement import classification
from analysis.study import Study
from analysis.text.sentences import split_sentences
from analysis.wording import interval, number, plural

CLASSES = (-1, 0, 1)
#: Kinds of actors whose mentions are coded: a place has no conduct to be for or against.
KINDS = ("person", "party", "institution", "state", "group")
#: Coded mentions from which a mean is corrected; with fewer the variance of the error is not known well enough.
ENOUGH = 30


#: A mean corrected by a coded sample, its standard error, 95 % interval, and the weight of the measured values.
Corrected = namedtuple("Corrected", "estimate error lower upper weight")


def coded_mentions(study: Study) -> pd.DataFrame:
    """The mentions coded by hand (article, entry, coded: -1, 0, 1) and the class the instrument gives each (measured).

    `sentence` is the class of VADER's score of its sentence. The two are missing where the features have no such
    mention.
    """
    coded = study.polarity[study.polarity["entry"].isin(_judged(study))]
    found = found_mentions(study, coded)
    own = study.store.sentence_sentiment(set(coded["article"]))
    own = own.reindex(pd.MultiIndex.from_arrays([coded["article"], found["sentence"]]))
    classes = coded["polarity"].map(dict(zip(tables.POLARITIES, CLASSES, strict=True)))
    measured = {"measured": polarity(found["sentiment"].to_numpy(float)), "sentence": polarity(own.to_numpy(float))}
    return coded[["article", "entry"]].assign(coded=classes, **measured).reset_index(drop=True)


def found_mentions(study: Study, coded: pd.DataFrame) -> pd.DataFrame:
    """Sentence and sentiment of the mention in the features that overlaps each coded one, if any."""
    frames = [tables.empty(tables.MENTIONS).drop(columns=["gazetteer", "entry"]).assign(entry="")]
    for entry in sorted(set(coded["entry"].dropna())):
        frames.append(study.store.entry_mentions("actors", entry).assign(entry=entry))
    mentions = pd.concat(frames)
    pairs = coded.reset_index(names="row").merge(mentions, on=["article", "entry"], suffixes=("", "_found"))
    return overlapping(pairs, coded)[["sentence", "sentiment"]]


def overlapping(pairs: pd.DataFrame, coded: pd.DataFrame) -> pd.DataFrame:
    """The first of what may be the coded `row` that overlaps it: an alias may since have grown or shrunk by a word."""
    pairs = pairs[(pairs["start_found"] < pairs["end"]) & (pairs["start"] < pairs["end_found"])]
    return pairs.drop_duplicates("row").set_index("row").reindex(coded.index)


def corrected_mean(all_measured: pd.DataFrame, coded: pd.DataFrame) -> Corrected:
    """Mean of the true values of all mentions, from what is measured of all and coded of some (PPI++).

    Both tables have a row per mention; the coded are a sample of the others. Linearized over clusters, so that they may
    be among them: with deviations a of the coded values and b of the measured ones from their means, the estimate's
    variance is that of a sum of a + weight · b.
    """
    clusters = pd.Index(coded["cluster"]).append(pd.Index(all_measured["cluster"])).unique()

    def deviations(table: pd.DataFrame, column: str) -> npt.NDArray[np.float64]:
        sums = (table[column] - table[column].mean()).groupby(table["cluster"].to_numpy()).sum() / len(table)
        return np.asarray(sums.reindex(clusters, fill_value=0), float)

    a, b = deviations(coded, "coded"), deviations(all_measured, "measured") - deviations(coded, "measured")
    weight = float(np.clip(-(a @ b) / (b @ b), 0, 1)) if b @ b > 0 else 0.0
    gap = all_measured["measured"].mean() - coded["measured"].mean()
    estimate = float(coded["coded"].mean() + weight * gap)
    degrees = coded["cluster"].nunique() - 1
    error = float(np.sqrt((degrees + 1) / degrees * ((a + weight * b) ** 2).sum())) if degrees else np.nan
    half = error * float(stats.t.isf(0.025, degrees)) if degrees else np.nan
    return Corrected(estimate, error, max(estimate - half, -1.0), min(estimate + half, 1.0), weight)


def corrected_tone(study: Study, *, language: str = "en") -> pd.DataFrame:
    """Mean polarity (-1 to 1) toward the actors that articles mention, as measured and as corrected.

    A row for all outlets together, then one per tested outlet with mentions in the language: articles, mentions, coded
    (of them, by hand), measured, and corrected with its 95 % interval, articles (copies together) as clusters. The
    corrected ones are missing with fewer than `ENOUGH` coded mentions. No row where nothing is coded.
    """
    articles, head = study.articles.set_index("article"), heads(study)
    spoken = articles["outlet"][articles["language"] == language]
    both = [
        table[table["article"].isin(spoken.index)].assign(
            outlet=table["article"].map(spoken), cluster=table["article"].map(head)
        )
        for table in (_measured(study), coded_mentions(study).dropna())
    ]
    if both[1].empty:
        return pd.DataFrame()
    rows = []
    for outlet, name in {"": "all outlets", **{one: study.outlet_names[one] for one in study.tested}}.items():
        every, coded = (table[table["outlet"] == outlet] if outlet else table for table in both)
        if every.empty:
            continue
        mean = Corrected(*[np.nan] * 5) if len(coded) < ENOUGH else corrected_mean(every, coded)
        row = {"group": outlet, "label": f"{name} ({len(every)})", "articles": every["article"].nunique()}
        row |= {"mentions": len(every), "coded": len(coded), "measured": every["measured"].mean()}
        row |= {"corrected": mean.estimate, "lower": mean.lower, "upper": mean.upper, "weight": mean.weight}
        rows.append(row)
    return finished(pd.DataFrame(rows), None)


def _judged(study: Study) -> list[str]:
    """Actors that can be for or against something."""
    kinds = study.actors.drop_duplicates("actor").set_index("actor")["kind"]
    return sorted(kinds.index[kinds.isin(KINDS)])


def _measured(study: Study) -> pd.DataFrame:
    """Every mention of `_judged` actors that has a sentiment: its article and the class the instrument gives it."""
    names, frames = study.articles["article"].to_numpy(), [pd.DataFrame({"article": [], "measured": []})]
    for actor in _judged(study):
        rows = study.store.mentions_of("actors", actor)
        frames.append(pd.DataFrame({"article": names[rows["article"]], "measured": polarity(rows["sentiment"])}))
    return pd.concat(frames[1:] or frames, ignore_index=True).dropna()


def correction_sentence(corrected: pd.DataFrame) -> str:
    """The corrected mean over all outlets in a sentence; empty where its interval holds 0 or nothing is corrected."""
    if corrected.empty or not (whole := corrected.iloc[0])["lower"] * whole["upper"] > 0:
        return ""
    size, ends = number(whole["corrected"], 2), interval(whole["lower"], whole["upper"], 2)
    return (
        f"Corrected for the instrument's errors on {plural(int(whole['coded']), 'mention')}, tone toward actors is "
        f"{size} on a scale from −1 to 1 ({ends})."
    )


def error_sentence(pairs: pd.DataFrame) -> str:
    """The instrument's errors on the mentions coded by hand, in a sentence; that they are unknown where none is."""
    known = pairs.dropna()
    if known.empty:
        return "No mention is coded, so the errors of tone toward actors are not known here."
    right = int((known["coded"] == known["measured"]).sum())
    neutral = known[known["coded"] == 0]
    harsh = int((neutral["measured"] == -1).sum())
    return (
        f"The instrument of tone toward an actor is right in {right} of {plural(len(known), 'coded mention')}; saying "
        f"“neutral” each time would be right in {len(neutral)}. It takes {harsh} of these for negative."
    )


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
