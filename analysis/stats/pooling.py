"""All outlets at once: tests of whether they differ at all, and whom they name by partial pooling (a mixed logit)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy import optimize, sparse, special, stats

from analysis.stats.inference import DIGITS, LEAST, membership
from analysis.study import Study, selection
from analysis.tables import REPRINTS

#: Component → what its levels are crossed of.
COMPONENTS = {
    "actor": ["actor"],
    "outlet": ["outlet"],
    "period × actor": ["period", "actor"],
    "outlet × actor": ["outlet", "actor"],
    "outlet × period": ["outlet", "period"],
}
#: Variance of the intercept (log-odds), so large that it is not drawn towards 0; decimals of what is returned, fewer
#: than an optimum differs in on another processor.
_FLAT, _DIGITS = 25.0, 4
#: Outlets that are pooled, those with most articles: time grows with the cube of their number.
MOST_OUTLETS = 40


def omnibus_p(values: pd.DataFrame, groups: pd.Series, strata: pd.Series) -> float:
    """p of no difference between groups in any column of `values`, articles exchanged within strata.

    The statistic is that of a permutational analysis of variance (Anderson 2001, Austral Ecology 26(1)). Its
    distribution under exchange is a sum of chi-squares with the exact variances of the groups' sums, taken for the
    Pearson III curve of the same mean, variance and skewness. NaN where nothing can differ.
    """
    group, stratum = (pd.factorize(codes, sort=True)[0] for codes in (groups, strata))
    size = np.bincount(group)
    sums = np.zeros((len(size), values.shape[1]))
    covariance = np.zeros((sums.size, sums.size))
    for one in np.unique(stratum):
        rows = stratum == one
        x = values.to_numpy(float)[rows]
        x = x - x.mean(axis=0)
        member = np.eye(len(size))[group[rows]] / np.sqrt(size)
        sums += member.T @ x
        if len(x) > 1:
            share = member.sum(axis=0)
            between = member.T @ member - np.outer(share, share) / len(x)
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

    Counted are `comparable_articles` of the primary text, of outlets that have five of them.
    """
    chosen = selection.select(study)
    articles = chosen.articles
    named = selection.counts(chosen, "actors", list(study.settings.main_actors)) > 0
    subevents = pd.get_dummies(articles["subevent"]).where(articles["subevent"].notna(), axis=0)
    tables = {"actors": named, "subevents": subevents, "sentiment": selection.article_sentiment(chosen).to_frame()}
    rows = {}
    for name, table in tables.items():
        values, p = table.astype(float).dropna(), float("nan")
        known = comparable_articles(study, articles.loc[values.index])
        known = known[known.groupby("outlet")["outlet"].transform("size") >= LEAST]
        if values.shape[1] and known["outlet"].nunique() > 1:
            p = omnibus_p(values.loc[known.index], known["outlet"], known["period"].fillna(""))
        rows[name] = {"p": p, "articles": len(known), "outlets": known["outlet"].nunique()}
    return pd.DataFrame.from_dict(rows, orient="index")


def comparable_articles(study: Study, articles: pd.DataFrame) -> pd.DataFrame:
    """The articles whose outlets may stand in a reference, while observed; copies within an outlet once."""
    known = articles[articles["outlet"].isin(study.reference_outlets) & articles["observed"]]
    head = study.features(REPRINTS).set_index("article")["head"][known.index]
    return known[~known.assign(head=head)[["head", "outlet"]].duplicated()]


@dataclass(frozen=True)
class Pooled:
    """Standard deviations of components (log-odds), and effects: a row per outlet and actor.

    Their columns are outlet, actor, articles, named, effect (log-odds of outlet × actor), sd (of its posterior) and
    points (what the effect adds to the share of the outlet's articles that name the actor).
    """

    sd: Mapping[str, float]
    effects: pd.DataFrame


def pooled_actors(study: Study) -> Pooled | None:
    """Mixed logit of whether an article names each main actor; None with fewer than two outlets, or actors."""
    cells = actor_cells(study)
    return fit(cells) if (cells[["outlet", "actor"]].nunique() > 1).all() else None


def actor_cells(study: Study) -> pd.DataFrame:
    """Articles of each outlet (that may stand in a reference) and period, and how many `named` each main actor."""
    chosen = selection.select(study)
    articles = comparable_articles(study, chosen.articles)
    articles = articles[articles["outlet"].isin(articles["outlet"].value_counts().index[:MOST_OUTLETS])]
    named = selection.counts(chosen, "actors", list(study.settings.main_actors)).loc[articles.index] > 0
    keys = articles[["outlet", "period"]].fillna("").rename_axis(None)
    long = keys.join(named.loc[:, named.any()]).melt(["outlet", "period"], var_name="actor", value_name="named")
    return long.groupby(["outlet", "actor", "period"])["named"].agg(articles="size", named="sum").reset_index()


def fit(cells: pd.DataFrame) -> Pooled:
    """Mixed logit of a row per outlet, actor and period: its `articles`, and how many of them `named` the actor.

    Levels are normal around 0 with the variances of greatest marginal likelihood, by Laplace's approximation (as in
    lme4: Bates et al. 2015, Journal of Statistical Software 67(1)).
    """
    cells = cells.sort_values(["outlet", "actor", "period"], ignore_index=True)
    model = MixedLogit.of(cells)
    variance = model.fit()
    mode, inverse, _ = model.mode(variance)
    own = model.design * (model.component == [*model.names].index("outlet × actor") + 1)
    effect = own @ mode
    error, eta = own @ np.sqrt(np.diag(inverse) * variance[model.component]), model.design @ mode
    points = (special.expit(eta) - special.expit(eta - effect)) * cells["articles"]
    rows = cells[["outlet", "actor", "articles", "named"]].assign(effect=effect, sd=error, points=points)
    adding = dict.fromkeys(("articles", "named", "points"), "sum")
    effects = rows.groupby(["outlet", "actor"], as_index=False).agg(adding | dict.fromkeys(("effect", "sd"), "first"))
    effects["points"] /= effects["articles"]
    sd = dict(zip(model.names, np.sqrt(variance[1:]).round(_DIGITS - 1).tolist(), strict=True))
    return Pooled(sd, effects.round(_DIGITS))


@dataclass(frozen=True)
class MixedLogit:
    """Counts y of n, and indicators of levels (cells × levels) of components: 0 is the intercept, others are named."""

    y: np.ndarray
    n: np.ndarray
    design: sparse.csr_array
    component: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def of(cls, cells: pd.DataFrame) -> Self:
        """The model of `fit`; of components that cannot be told apart, as where there is one period, the first."""
        codes = {"": np.zeros(len(cells), np.int64)}
        for name, keys in COMPONENTS.items():
            code = pd.factorize(pd.MultiIndex.from_frame(cells[keys]))[0]
            if not any((code == other).all() for other in codes.values()):
                codes[name] = code
        sizes = [code.max() + 1 for code in codes.values()]
        levels = [membership(code, size) for code, size in zip(codes.values(), sizes, strict=True)]
        y, n = (cells[name].to_numpy(float) for name in ("named", "articles"))
        design = sparse.csr_array(sparse.vstack(levels).T)
        return cls(y, n, design, np.repeat(np.arange(len(sizes)), sizes), tuple(codes)[1:])

    def mode(self, variance: np.ndarray, start: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Levels of greatest posterior density, sought from `start`, (I + VA)⁻¹, and A, the counts' information.

        V are the variances; (I + VA)⁻¹ V is the levels' covariance. Penalized iteratively reweighted least squares, so
        written that a variance may be 0.
        """
        v = variance[self.component]
        u = np.zeros(len(v)) if start is None else start
        for _ in range(100):
            p = special.expit(self.design @ u)
            weighted = self.design * (self.n * p * (1 - p))[:, None]
            information = np.asarray((self.design.T @ weighted).todense())
            score = self.design.T @ (self.y - self.n * p)
            system = np.eye(len(u)) + v[:, None] * information
            step = np.linalg.solve(system, v * (information @ u + score)) - u
            # A step of more than 2 in a log-odds may lead away.
            u = u + step / max(1.0, np.abs(self.design @ step).max() / 2)
            if np.abs(step).max() < 1e-10:
                break
        return u, np.linalg.inv(system), information

    def likelihood(self, variance: np.ndarray, start: np.ndarray | None = None) -> tuple[float, np.ndarray, np.ndarray]:
        """Log marginal likelihood of the counts by Laplace's approximation, its derivatives by variances, the mode."""
        v = variance[self.component]
        u, inverse, information = self.mode(variance, start)
        p = special.expit(eta := self.design @ u)
        score = self.design.T @ (self.y - self.n * p)
        value = self.y @ eta - self.n @ np.logaddexp(0, eta) - u @ score / 2 + np.linalg.slogdet(inverse)[1] / 2
        leverage = ((self.design @ (inverse * v)) * self.design.toarray()).sum(axis=1)
        # The weights move with the mode, which moves by `inverse @ score` of a component.
        moving = (leverage * self.n * p * (1 - p) * (1 - 2 * p)) @ (self.design @ inverse)
        by_level = score**2 - np.einsum("ij,ji->i", information, inverse) - moving * score
        return float(value), np.bincount(self.component, by_level) / 2, u

    def fit(self) -> np.ndarray:
        """Variances (the intercept's first) of greatest marginal likelihood."""
        start: np.ndarray | None = None

        def loss(variance: np.ndarray) -> tuple[float, np.ndarray]:
            nonlocal start
            value, slope, start = self.likelihood(np.r_[_FLAT, variance], start)
            return -value, -slope[1:]

        first, options = np.full(len(self.names), 0.25), {"ftol": 0, "gtol": 1e-7, "maxiter": 200}
        bounds = [(0, 25)] * len(first)
        found = optimize.minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        return np.array([_FLAT, *found.x.round(_DIGITS)])  # equal on all processors, and with it the levels
