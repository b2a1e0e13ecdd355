"""Sentiment toward actors, as measured and corrected for the errors the instrument makes in a study's own texts.

A study may code a sample of its mentions by hand. The correction adds the instrument's mean error on
that sample to its mean over all mentions, weighted so that the variance is smallest (PPI++: Angelopoulos, Duchi & Zrnic
2023). It holds however the instrument errs, and needs coded mentions of the very outlet it is said of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

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

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Corrected:
    """A mean corrected by a coded sample, its standard error, 95 % interval, and the weight of the measured values."""

    estimate: float
    error: float
    lower: float
    upper: float
    weight: float


def coded_mentions(study: Study) -> pd.DataFrame:
    """The mentions coded by hand (article, entry, coded: -1, 0, 1) and the class the instrument gives each (measured).

    `sentence` is the class of VADER's score of its sentence. The two are missing where the features have no such
    mention.
    """
    coded = study.polarity
    mentions = _mentions(study, sorted(set(coded["entry"])), set(coded["article"]))
    coded = coded.assign(coded=coded["polarity"].map(dict(zip(tables.POLARITIES, CLASSES, strict=True))))
    pairs = coded.merge(mentions, on=["article", "entry"], how="left", suffixes=("", "_found"))
    # An alias may since have grown or shrunk by a word.
    same = (pairs["start_found"] < pairs["end"]) & (pairs["start"] < pairs["end_found"])
    pairs[["measured", "sentence"]] = pairs[["measured", "sentence"]].where(same)
    found = pairs.sort_values(["article", "start", "measured"], na_position="last", ignore_index=True)
    return found.drop_duplicates(["article", "start"])[["article", "entry", "coded", "measured", "sentence"]]


def corrected_mean(all_measured: pd.DataFrame, coded: pd.DataFrame) -> Corrected:
    """Mean of the true values of all mentions, from what is measured of all and coded of some (PPI++).

    Parameters
    ----------
    all_measured : DataFrame (cluster, measured), a row per mention
    coded : DataFrame (cluster, measured, coded), a row per coded mention, a sample of the others

    Notes
    -----
    Linearized over clusters, so that coded mentions may be among the others: with deviations a of the coded values and
    b of the measured ones from their means, the estimate's variance is that of a sum of a + weight · b.
    """
    clusters = pd.Index(coded["cluster"]).append(pd.Index(all_measured["cluster"])).unique()
    a = _deviations(coded["cluster"], coded["coded"], clusters)
    spread = _deviations(all_measured["cluster"], all_measured["measured"], clusters)
    b = spread - _deviations(coded["cluster"], coded["measured"], clusters)
    weight = float(np.clip(-(a @ b) / (b @ b), 0, 1)) if b @ b > 0 else 0.0
    gap = all_measured["measured"].mean() - coded["measured"].mean()
    estimate = float(coded["coded"].mean() + weight * gap)
    degrees = coded["cluster"].nunique() - 1
    error = float(np.sqrt((degrees + 1) / degrees * ((a + weight * b) ** 2).sum())) if degrees else np.nan
    half = error * float(stats.t.isf(0.025, degrees)) if degrees else np.nan
    return Corrected(estimate, error, max(estimate - half, -1.0), min(estimate + half, 1.0), weight)


def _deviations(cluster: pd.Series, values: pd.Series, clusters: pd.Index) -> Numbers:
    """Each cluster's contribution to the error of the values' mean."""
    sums = (values - values.mean()).groupby(cluster.to_numpy()).sum() / len(values)
    return np.asarray(sums.reindex(clusters, fill_value=0), float)


def corrected_tone(study: Study, *, language: str = "en") -> pd.DataFrame:
    """Mean polarity (-1 to 1) toward the actors that articles mention, as measured and as corrected.

    A row for all outlets together, then one per tested outlet with mentions in the language: articles, mentions, coded
    (of them, by hand), measured, and corrected with its 95 % interval, articles (copies together) as clusters. The
    corrected ones are missing with fewer than `ENOUGH` coded mentions. No row where nothing is coded.
    """
    coded, every = coded_mentions(study).dropna(), _measured(study)
    articles = study.articles.set_index("article")
    spoken = articles.index[articles["language"] == language]
    every, coded = (table[table["article"].isin(spoken)] for table in (every, coded))
    if coded.empty:
        return pd.DataFrame()
    head = heads(study)
    every, coded = (table.assign(cluster=table["article"].map(head)) for table in (every, coded))
    rows = [_row("", "all outlets", every, coded)]
    for outlet in study.tested:
        own = articles.index[articles["outlet"] == outlet]
        parts = [table[table["article"].isin(own)] for table in (every, coded)]
        if len(parts[0]):
            rows.append(_row(outlet, study.outlet_names[outlet], *parts))
    return finished(pd.DataFrame(rows), None)


def _row(group: str, label: str, every: pd.DataFrame, coded: pd.DataFrame) -> dict[str, object]:
    mean = Corrected(*[np.nan] * 5) if len(coded) < ENOUGH else corrected_mean(every, coded)
    return {
        **{"group": group, "label": f"{label} ({len(every)})", "articles": every["article"].nunique()},
        **{"mentions": len(every), "coded": len(coded), "measured": every["measured"].mean()},
        **{"corrected": mean.estimate, "lower": mean.lower, "upper": mean.upper, "weight": mean.weight},
    }


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


def _mentions(study: Study, entries: Sequence[str], articles: Collection[str]) -> pd.DataFrame:
    """Mentions of some actors in some articles, with the class the instrument gives each, and its sentence."""
    judged = set(_judged(study))
    frames = [study.store.entry_mentions("actors", one).assign(entry=one) for one in entries if one in judged]
    mentions = pd.concat([tables.empty(tables.MENTIONS), *(one[one["article"].isin(articles)] for one in frames)])
    own = study.store.sentence_sentiment(articles).reindex(pd.MultiIndex.from_frame(mentions[["article", "sentence"]]))
    classes = {"measured": polarity(mentions["sentiment"].to_numpy()), "sentence": polarity(own.to_numpy())}
    return mentions[["article", "start", "end", "entry"]].assign(**classes)


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
