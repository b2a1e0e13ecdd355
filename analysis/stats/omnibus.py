"""Tests of whether groups of articles differ at all, in anything: one p each, before any single comparison."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, stats

from analysis.stats.inference import DIGITS, LEAST
from analysis.study import Study, selection
from analysis.tables import REPRINTS

Numbers = npt.NDArray[np.float64]


def omnibus_p(values: pd.DataFrame, groups: pd.Series, strata: pd.Series) -> float:
    """p of no difference between groups in any column of `values`, articles exchanged within strata.

    The statistic is that of a permutational analysis of variance (Anderson 2001, Austral Ecology 26(1)): squared
    distances of the groups' means, each stratum's mean taken off, weighed by their articles. Its distribution under
    exchange is a sum of chi-squares with the exact variances of the groups' sums, taken for the Pearson III curve of
    the same mean, variance and skewness, so that no draw decides. NaN where nothing can differ.
    """
    group, stratum = (pd.factorize(codes, sort=True)[0] for codes in (groups, strata))
    size = np.bincount(group)
    sums = np.zeros((len(size), values.shape[1]))
    covariance = np.zeros((sums.size, sums.size))
    for one in np.unique(stratum):
        rows = stratum == one
        x = values.to_numpy(float)[rows]
        x = x - x.mean(axis=0)
        member = sparse.csr_array(np.eye(len(size))[group[rows]] / np.sqrt(size))
        sums += member.T @ x
        if len(x) > 1:
            share = np.asarray(member.sum(axis=0))
            between = (member.T @ member).toarray() - np.outer(share, share) / len(x)
            covariance += np.kron(between, x.T @ x / (len(x) - 1))
    squared = covariance @ covariance
    mean, variance = np.trace(covariance), 2 * np.trace(squared)
    if variance < 10**-DIGITS:
        return float("nan")
    skewness = 8 * np.sum(squared * covariance) / variance**1.5
    z = ((sums**2).sum() - mean) / np.sqrt(variance)
    return round(float(stats.pearson3.sf(z, skewness)), DIGITS)


def outlet_differences(study: Study) -> pd.DataFrame:
    """Tests of whether outlets differ in the main actors they name, in sub-events and in sentiment, within periods.

    Index actors, subevents, sentiment; p (NaN where nothing can differ), articles and outlets. Counted are articles
    of the primary text whose outlets have five of them and may stand in a reference; copies within an outlet once.
    """
    chosen = selection.select(study)
    articles = chosen.articles
    named = selection.counts(chosen, "actors", list(study.settings.main_actors)) > 0
    subevents = pd.get_dummies(articles["subevent"]).where(articles["subevent"].notna(), axis=0)
    tone = selection.article_sentiment(chosen).to_frame()
    table = {"actors": named, "subevents": subevents, "sentiment": tone}
    rows = {name: _tested(study, articles, values.astype(float).dropna()) for name, values in table.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def comparable_articles(study: Study, articles: pd.DataFrame) -> pd.DataFrame:
    """The articles whose outlets may stand in a reference, while observed; copies within an outlet once."""
    known = articles[articles["outlet"].isin(study.reference_outlets) & articles["observed"]]
    head = study.features(REPRINTS).set_index("article")["head"][known.index]
    return known[~known.assign(head=head)[["head", "outlet"]].duplicated()]


def _tested(study: Study, articles: pd.DataFrame, values: pd.DataFrame) -> Mapping[str, float]:
    known = comparable_articles(study, articles.loc[values.index])
    known = known[known.groupby("outlet")["outlet"].transform("size") >= LEAST]
    p = float("nan")
    if values.shape[1] and known["outlet"].nunique() > 1:
        p = omnibus_p(values.loc[known.index], known["outlet"], known["period"].fillna(""))
    return {"p": p, "articles": len(known), "outlets": known["outlet"].nunique()}
