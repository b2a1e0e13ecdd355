"""Sentiment toward actors, as measured and corrected for the errors the instrument makes in a study's own texts.

The correction adds the instrument's mean error on the coded mentions to its mean over all mentions, weighted so that
the variance is smallest (PPI++: Angelopoulos, Duchi & Zrnic 2023). It holds however the instrument errs, and needs
coded mentions of the very outlet it is said of.
"""

from collections import namedtuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis import tables
from analysis.results import finished
from analysis.results.measures import heads
from analysis.scoring import polarity
from analysis.study import Study
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
