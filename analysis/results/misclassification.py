"""Errors of the instrument of tone in a study's own texts, and outlets' tone corrected for them.

A study may code a sample of its mentions by hand (polarity.csv). How often the instrument takes each coded class for
each other class there, its confusion, tells which coded classes the measured ones must have come from (Grassia &
Sundberg 1982; for two classes Rogan & Gladen 1978). The correction takes the confusion to be the same in all outlets.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import nnls

from analysis import tables
from analysis.results import finished
from analysis.results.measures import heads
from analysis.scoring import polarity
from analysis.stats.design import membership
from analysis.stats.frequency import multinomial
from analysis.study import Study
from analysis.wording import interval, number, percent

CLASSES = (-1, 0, 1)
#: Kinds of actors whose mentions are coded: a place has no conduct to be for or against.
KINDS = ("person", "party", "institution", "state", "group")
DRAWS = 2_000
#: Makes the shares of the classes sum to one, against which all else is light.
_SUM = 1e3

Numbers = npt.NDArray[np.float64]


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


def corrected_tone(study: Study, *, language: str = "en", draws: int = DRAWS) -> pd.DataFrame:
    """Polarity toward the actors an outlet mentions, as measured and corrected for misclassification.

    A row for all outlets together, then one per tested outlet with mentions in the language: negative (share) and
    measured (mean of -1, 0, 1), both also corrected, with the 95 % percentile interval of `corrected` over `draws`
    bootstrap samples of articles (copies together) and of the coded mentions. No row where nothing is coded, or a class
    was never coded.
    """
    pairs = coded_mentions(study).dropna()
    confusions = _confusions(pairs, draws, np.random.default_rng(study.settings.seed))
    if confusions is None:
        return pd.DataFrame()
    articles, counts = study.articles, _measured_counts(study)
    head = pd.factorize(heads(study)[articles["article"]], sort=True)[0]
    spoken = (articles["language"] == language).to_numpy() & counts.any(axis=1)
    rows = [_row("", "all outlets", counts[spoken], head[spoken], confusions, study.settings.seed)]
    for outlet in study.tested:
        if (own := spoken & (articles["outlet"] == outlet).to_numpy()).any():
            name = study.outlet_names[outlet]
            rows.append(_row(outlet, name, counts[own], head[own], confusions, study.settings.seed))
    return finished(pd.DataFrame(rows), None)


def _judged(study: Study) -> list[str]:
    """Actors that can be for or against something."""
    kinds = study.actors.drop_duplicates("actor").set_index("actor")["kind"]
    return sorted(kinds.index[kinds.isin(KINDS)])


def _measured_counts(study: Study) -> Numbers:
    """Mentions of `_judged` actors that the instrument takes for each class, in each article (articles × classes)."""
    found = np.zeros((len(study.articles), len(CLASSES)))
    for actor in _judged(study):
        rows = study.store.mentions.of(f"actors:{actor}")
        measured = polarity(rows["sentiment"])
        for column, one in enumerate(CLASSES):
            found[:, column] += np.bincount(rows["article"][measured == one], minlength=len(found))
    return found


def _mentions(study: Study, entries: Sequence[str], articles: Collection[str]) -> pd.DataFrame:
    """Mentions of some actors in some articles, with the class the instrument gives each, and its sentence."""
    judged = set(_judged(study))
    frames = [study.store.entry_mentions("actors", one).assign(entry=one) for one in entries if one in judged]
    mentions = pd.concat([tables.empty(tables.MENTIONS), *(one[one["article"].isin(articles)] for one in frames)])
    own = study.store.sentence_sentiment(articles).reindex(pd.MultiIndex.from_frame(mentions[["article", "sentence"]]))
    classes = {"measured": polarity(mentions["sentiment"].to_numpy()), "sentence": polarity(own.to_numpy())}
    return mentions[["article", "start", "end", "entry"]].assign(**classes)


def _confusions(pairs: pd.DataFrame, draws: int, rng: np.random.Generator) -> Numbers | None:
    """Share of each coded class (column) that the instrument takes for each class (row): first as it is, then drawn.

    Coded mentions are drawn again within their class, so that each class stays coded.
    """
    counts = pd.crosstab(pairs["coded"], pairs["measured"]).reindex(CLASSES, columns=CLASSES, fill_value=0).to_numpy()
    size = counts.sum(axis=1)
    if not size.all():
        return None
    drawn = [rng.multinomial(n, row / n, size=draws) for n, row in zip(size, counts, strict=True)]
    return np.stack([np.vstack([row, again]) / row.sum() for row, again in zip(counts, drawn, strict=True)], axis=2)


def _row(
    group: str, label: str, counts: Numbers, head: np.ndarray, confusions: Numbers, seed: int
) -> dict[str, object]:
    of_cluster, known = pd.factorize(head, sort=True)
    clusters = membership(of_cluster, len(known)) @ counts
    rng = np.random.default_rng(seed)
    again = [times @ clusters for times in multinomial(len(clusters), len(confusions) - 1, rng)]
    drawn = np.vstack([counts.sum(axis=0), *again])
    shares = drawn / drawn.sum(axis=1, keepdims=True)
    true = np.array([_coded_shares(*pair) for pair in zip(confusions, shares, strict=True)])
    means = true @ CLASSES
    lower, upper = np.percentile(means[1:], [2.5, 97.5])
    return {
        "group": group,
        "label": f"{label} ({int(counts.sum())})",
        "articles": len(counts),
        "mentions": int(counts.sum()),
        "negative": shares[0, 0],
        "measured": shares[0] @ CLASSES,
        "corrected_negative": true[0, 0],
        "corrected": means[0],
        "lower": lower,
        "upper": upper,
    }


def _coded_shares(confusion: Numbers, measured: Numbers) -> Numbers:
    """Shares of the coded classes, none below 0 and 1 together, that come nearest to giving the measured ones."""
    return np.asarray(nnls(np.vstack([confusion, np.full(3, _SUM)]), np.append(measured, _SUM))[0])


def correction_sentence(study: Study, pairs: pd.DataFrame, corrected: pd.DataFrame) -> str:
    """Errors of the instrument in this study, and what `corrected_tone` leaves to say, in a sentence or two."""
    if pairs.empty:
        return (
            "No mention of this study is coded by hand (polarity.csv), so how often the instrument of tone toward an "
            "actor is wrong here is not known."
        )
    known = pairs.dropna()
    right = int((known["coded"] == known["measured"]).sum())
    neutral = known[known["coded"] == 0]
    harsh = int((neutral["measured"] == -1).sum())
    text = (
        f"Of {len(known)} mentions coded by hand the instrument of tone toward an actor gives {right} their coded "
        f"class ({percent(right / len(known))}); of the {len(neutral)} neutral ones it takes {harsh} for negative"
    )
    if corrected.empty:
        return f"{text}. A class was never coded, so outlets' tone cannot be corrected for that."
    together, outlets = corrected.iloc[0], corrected.iloc[1:]
    apart = outlets[(outlets["lower"] > together["corrected"]) | (outlets["upper"] < together["corrected"])]
    text += (
        f". Corrected for that, polarity toward actors is {number(together['corrected'], 2)} over all outlets (95 % "
        f"interval {interval(together['lower'], together['upper'], 2)}) and not {number(together['measured'], 2)}"
    )
    if apart.empty:
        return (
            f"{text}, and the corrected interval of every tested outlet holds that value: with this instrument it "
            "cannot be told whether outlets differ in tone toward actors."
        )
    names = ", ".join(study.outlet_names[group] for group in apart["group"])
    return f"{text}; the corrected intervals of {len(apart)} of {len(outlets)} tested outlets leave it out ({names})."
