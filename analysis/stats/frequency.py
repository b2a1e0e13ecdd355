"""Shares of articles, rates per 1,000 tokens, dispersion, shares of labels and of variance: described and not tested.

Articles, or whole outlets where several are described together, are the sampling unit; tokens are not independent.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis import tables
from analysis.study.words import check_texts
from analysis.text.gazetteer import Gazetteer
from analysis.text.mentions import parse, text_mentions
from analysis.text.tokens import is_word, map_array

LEVEL = 0.95
#: Below so many articles with or without a value an interval of clusters is Wilson's.
_RARE = 10


def wilson(count: np.ndarray, n: np.ndarray, *, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Wilson score interval of a share (1927, JASA 22(158)): two arrays in [0, 1], NaN where n is 0."""
    count, n = np.asarray(count, float), np.asarray(n, float)
    z = stats.norm.isf((1 - level) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = count / n
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def effective_clusters(sizes: np.ndarray) -> float:
    """Number of equally large clusters that would tell as much as these: (Σn)² / Σn² (Kish 1965)."""
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def clustered_share(y: np.ndarray, n: np.ndarray) -> tuple[float, float, float]:
    """Share of all articles with its 95 % interval, from each cluster's (outlet's) articles with a value, and all.

    The variance comes from leaving one cluster out at a time; with fewer than ten articles with or without the value
    the interval is Wilson's, of as many articles as tell as much as these (Korn & Graubard 1998).
    """
    count, articles, clusters = y.sum(), n.sum(), len(n)
    share = count / articles
    if clusters < 2:
        return share, np.nan, np.nan
    without = (count - y) / (articles - n)
    variance = (clusters - 1) / clusters * ((without - without.mean()) ** 2).sum()
    if min(count, articles - count) < _RARE:
        binomial = share * (1 - share) / articles
        worth = articles / max(variance / binomial, 1.0) if binomial else min(articles, effective_clusters(n))
        lower, upper = (float(end) for end in wilson(np.array(share * worth), np.array(worth)))
        return share, lower, upper
    half = stats.t.isf((1 - LEVEL) / 2, _freedom(y, n)) * np.sqrt(variance)
    return share, max(share - half, 0.0), min(share + half, 1.0)


def _freedom(y: np.ndarray, n: np.ndarray) -> float:
    """Degrees of freedom of a share's variance from leaving clusters out: Satterthwaite's, at least 1.

    Fewer the more articles of a cluster are alike (Bell & McCaffrey 2002, Survey Methodology 28(2)).
    """
    total = n.sum()
    share = y.sum() / total
    squares = ((y - share * n) ** 2).sum()
    alike = np.clip((squares / (share * (1 - share)) - total) / max((n**2).sum() - total, 1), 0, 1)
    spread = n * (1 + (n - 1) * alike)  # variances of the clusters' sums, but for a factor
    a, b = n / total / (total - n), spread / (total - n)
    # Covariance of the shares without each cluster.
    covariance = np.diag(b / (total - n)) - np.outer(a, b) - np.outer(b, a) + spread.sum() * np.outer(a, a)
    return float(max(np.trace(covariance) ** 2 / (covariance**2).sum(), 1.0))


def frequency(
    counts: pd.DataFrame, *, tokens: pd.Series, groups: pd.Series, outlets: pd.Series | None = None
) -> pd.DataFrame:
    """Share of articles with each feature and its rate per 1,000 tokens, a row per group × feature.

    Where `outlets` (of each article) are given, they are the unit of the intervals of a group that has several
    (`clustered_share`), since articles of one outlet are alike; else articles are (Wilson).
    """
    frames = []
    for group, members in groups.groupby(groups, sort=True).groups.items():
        uses, size = counts.loc[members], tokens.loc[members]
        facts = {"group": group, "feature": uses.columns, "articles": len(uses)}
        having, count = (uses > 0).sum().to_numpy(), uses.sum().to_numpy()
        lower, upper = wilson(having, np.full(len(having), len(uses)))
        if outlets is not None and (of := outlets[members]).nunique() > 1:
            held, sizes = (uses > 0).groupby(of).sum(), of.groupby(of).size().to_numpy(float)
            ends = [clustered_share(held[feature].to_numpy(float), sizes)[1:] for feature in held]
            lower, upper = np.reshape(ends, (-1, 2)).T
            uses, size = uses.groupby(of).sum(), size.groupby(of).sum()
        facts |= {"articles_with": having, "share": having / facts["articles"], "share_lower": lower}
        facts |= {"share_upper": upper, "count": count, "tokens": int(size.sum())}
        rate = rate_interval(uses.to_numpy(float), size.to_numpy(float))
        frames.append(pd.DataFrame(facts | dict(zip(("rate", "rate_lower", "rate_upper"), rate, strict=True))))
    return pd.concat(frames, ignore_index=True)


def entity_frequency(
    texts: Sequence[str], entities: Mapping[str, Sequence[str]], *, language: str = "en"
) -> pd.DataFrame:
    """Share of texts that name each entity, with Wilson intervals, and its mentions per 1,000 words.

    Parameters
    ----------
    texts : sequence of str, an article each
    entities : name of an entity → its aliases; one with a capital is found in that capitalisation only
    language : str, one of tables.LANGUAGES

    Returns
    -------
    DataFrame, one row per entity in the order given: entity, articles (that name it), share (of all texts), lower,
    upper (95 % Wilson interval), mentions, per_1000_words

    Raises
    ------
    GazetteerError
        Where an alias belongs to two entities.
    LanguageError

    Examples
    --------
    >>> texts = ["Pedro Castillo was removed. Castillo left.", "Congress met."]
    >>> table = entity_frequency(texts, {"Castillo": ["Pedro Castillo", "Castillo"], "Congress": ["Congress"]})
    >>> table[["entity", "articles", "share", "mentions", "per_1000_words"]]
         entity  articles  share  mentions  per_1000_words
    0  Castillo         1    0.5         2           250.0
    1  Congress         1    0.5         1           125.0
    """
    aliases = [
        {"actor": entity, "language": "*", "alias": alias, "case": "any" if alias == alias.lower() else "exact"}
        for entity, named in entities.items()
        for alias in check_texts(named)
    ]
    actors = pd.DataFrame(aliases, columns=tables.ACTORS_CSV.names)
    parsed = parse(list(check_texts(texts)), language=language)
    named = text_mentions(parsed, Gazetteer.from_tables(actors, tables.empty(tables.LABELS_CSV)))
    found = pd.DataFrame([(one.entry, one.text) for one in named], columns=["entity", "text"]).groupby("entity")["text"]
    mentions, articles = (
        of.reindex(list(entities), fill_value=0).to_numpy(int) for of in (found.size(), found.nunique())
    )
    lower, upper = wilson(articles, np.full(len(articles), len(texts)))
    words = int(map_array(is_word, parsed.tokens.forms)[parsed.tokens.numbers].sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        facts = {"share": articles / len(texts), "lower": lower, "upper": upper, "mentions": mentions}
        rate = 1000 * mentions / np.float64(words)
    return pd.DataFrame({"entity": list(entities), "articles": articles, **facts, "per_1000_words": rate}).round(10)


def rate_interval(values: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rate per 1,000 tokens of each feature of `values` (articles × features) with the ends of its 95 % interval.

    The interval is the ratio estimator's, articles as clusters (Cochran 1977, Sampling Techniques, ch. 6), cut at 0;
    where a feature never occurs the upper end is the exact Poisson bound.
    """
    n, total = len(size), size.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = values.sum(axis=0) / total
        squares = ((values - rate * size[:, None]) ** 2).sum(axis=0)
        half = stats.t.isf((1 - LEVEL) / 2, n - 1) * np.sqrt(np.divide(n, n - 1) * squares) / total
        never = rate == 0
        upper = np.where(never, stats.chi2.isf((1 - LEVEL) / 2, 2) / 2 / total, rate + half)
    return 1000 * rate, 1000 * np.where(never, 0, np.clip(rate - half, 0, None)), 1000 * upper


def means(values: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """Mean of the values (-1 to 1) in each group with its 95 % t interval, and how many articles have one; by group."""
    table = values.groupby(groups, sort=True).agg(["count", "mean", "sem"])
    half = stats.t.isf((1 - LEVEL) / 2, table["count"] - 1) * table["sem"]
    # t knows no ends: of two articles it may go far beyond what any article can have.
    lower, upper = (table["mean"] + sign * half for sign in (-1, 1))
    table = table.assign(lower=lower.clip(-1, 1), upper=upper.clip(-1, 1)).drop(columns="sem")
    return table.rename_axis("group").rename(columns={"count": "articles"}).reset_index()


def dispersion(counts: Sequence[float], sizes: Sequence[float]) -> float:
    """Gries' deviation of proportions: 0 for a term spread as the text is, towards 1 for one in a single part.

    Parameters
    ----------
    counts : occurrences of the term in each part
    sizes : sizes of the parts, same order

    Returns
    -------
    float in [0, 1], NaN where the term never occurs

    References
    ----------
    Gries (2008), International Journal of Corpus Linguistics 13(4).
    """
    observed, expected = np.asarray(counts, float), np.asarray(sizes, float)
    if observed.sum() == 0 or expected.sum() == 0:
        return float("nan")
    return float(np.abs(observed / observed.sum() - expected / expected.sum()).sum() / 2)


def label_shares(counts: pd.DataFrame, *, groups: pd.Series) -> pd.DataFrame:
    """Shares of the labels of one set (columns "set:label") in each group, with simultaneous intervals.

    The interval is Wilson's with the articles that use the set as n (uses in one article are not independent) and
    the error shared out over the labels of the set (Bonferroni).
    """
    level = 1 - (1 - LEVEL) / max(1, counts.shape[1])
    using = (counts.sum(axis=1) > 0).groupby(groups, sort=True).sum()
    table = counts.groupby(groups, sort=True).sum().rename_axis(index="group", columns="feature")
    table = table.stack().rename("uses").astype("int64").reset_index()
    table["set_uses"] = table.groupby("group")["uses"].transform("sum")
    table["articles"] = table["group"].map(using).astype("int64")
    table["share"] = (table["uses"] / table["set_uses"]).where(table["set_uses"] > 0).astype(float)
    table["lower"], table["upper"] = wilson(table["share"] * table["articles"], table["articles"], level=level)
    return table


def variance_shares(
    values: pd.Series, groupings: Mapping[str, pd.Series], *, draws: int = 2_000, seed: int = 0
) -> pd.DataFrame:
    """Omega squared of each grouping (estimate, lower, upper, articles, groups), and the difference of two of them.

    Omega squared, the share of variance between articles that goes with a grouping, allows for the number of groups and
    can fall below 0 (Olejnik & Algina 2003, Psychological Methods 8(4)). Drawing articles again adds variance between
    groups that is not there, so each bootstrap interval is moved back by its own bias.
    """
    known = pd.concat([values, *groupings.values()], axis=1).notna().all(axis=1)
    x, rng = values[known].to_numpy(float), np.random.default_rng(seed)
    codes = {name: pd.factorize(groups[known], sort=True)[0] for name, groups in groupings.items()}

    def shares(times: np.ndarray) -> list[float]:
        return [_omega_squared(x, code, times) for code in codes.values()]

    # First the articles as they are, then drawn again, the same for every grouping.
    drawn = (rng.multinomial(len(x), np.full(len(x), 1 / len(x))) for _ in range(draws))
    found = pd.DataFrame([shares(np.ones(len(x))), *map(shares, drawn)], columns=list(codes))
    sizes = pd.Series({name: code.max(initial=-1) + 1 for name, code in codes.items()}, dtype=float)
    single = sizes < 2  # of a single group nothing is known, and of no difference from it either
    if len(codes) == 2:
        found["difference"] = found.iloc[:, 0] - found.iloc[:, 1]
        single["difference"] = single.any()
    estimate, boot = found.iloc[0], found.iloc[1:]
    lower, upper = (boot.quantile(level) - (boot.mean() - estimate) for level in (0.025, 0.975))
    table = pd.DataFrame({"estimate": estimate, "lower": lower, "upper": upper})
    table.loc[single] = np.nan
    return table.assign(articles=len(x), groups=sizes).round(10)


def _omega_squared(x: np.ndarray, code: np.ndarray, times: np.ndarray) -> float:
    """Omega squared of groups, each value so many times there; missing where nothing varies."""
    size, total, n = np.bincount(code, times), np.bincount(code, times * x), times.sum()
    mean, present = total.sum() / n, size > 0
    everything = times @ x**2 - n * mean**2
    with np.errstate(invalid="ignore", divide="ignore"):
        between = (total[present] ** 2 / size[present]).sum() - n * mean**2
        within = (everything - between) / (n - present.sum())
        return float((between - (present.sum() - 1) * within) / (everything + within))
