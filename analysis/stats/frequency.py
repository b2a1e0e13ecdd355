"""Shares of articles, rates per 1,000 tokens, dispersion, and shares within a set of labels, described and not tested.

Articles are the sampling unit throughout; tokens are not independent of one another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from analysis import tables
from analysis.study.words import check_texts
from analysis.text.arrays import map_array
from analysis.text.gazetteer import Gazetteer
from analysis.text.mentions import parse, text_mentions
from analysis.text.tokens import is_word

LEVEL = 0.95


def wilson(count: np.ndarray, n: np.ndarray, *, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Wilson score interval of a share.

    Parameters
    ----------
    count, n : arrays of the same shape, successes and trials
    level : float, confidence level

    Returns
    -------
    (lower, upper)
        Arrays in [0, 1]; NaN where n is 0.

    References
    ----------
    Wilson (1927), JASA 22(158); Brown, Cai & DasGupta (2001), Statistical Science 16(2).
    """
    count, n = np.asarray(count, float), np.asarray(n, float)
    z = stats.norm.isf((1 - level) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = count / n
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def frequency(counts: pd.DataFrame, *, tokens: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """Share of articles with each feature and its rate per 1,000 tokens, in each group.

    Parameters
    ----------
    counts : DataFrame (article × feature), occurrences
    tokens : Series (article), word tokens in the same text
    groups : Series (article), the group (outlet, period, …) of each article

    Returns
    -------
    DataFrame, one row per group × feature
        group, feature, articles, articles_with, share, share_lower, share_upper (Wilson), count, tokens,
        rate (per 1,000 tokens), rate_lower, rate_upper (see `rate_interval`).

    References
    ----------
    Cochran (1977), Sampling Techniques, ch. 6 (ratio estimator with articles as clusters).
    """
    rows = []
    for group, members in groups.groupby(groups, sort=True).groups.items():
        table, size = counts.loc[members], tokens.loc[members].to_numpy(float)
        having = (table > 0).sum().to_numpy()
        lower, upper = wilson(having, np.full(len(having), len(table)))
        rate, rate_lower, rate_upper = rate_interval(table.to_numpy(float), size)
        rows.append(
            pd.DataFrame(
                {
                    "group": group,
                    "feature": table.columns,
                    "articles": len(table),
                    "articles_with": having,
                    "share": having / len(table),
                    "share_lower": lower,
                    "share_upper": upper,
                    "count": table.sum().to_numpy(),
                    "tokens": int(size.sum()),
                    "rate": rate,
                    "rate_lower": rate_lower,
                    "rate_upper": rate_upper,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


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
    in_texts: dict[str, list[int]] = {entity: [] for entity in entities}
    for mention in named:
        in_texts.get(mention.entry or "", []).append(mention.text)
    mentions = np.array([len(numbers) for numbers in in_texts.values()], int)
    articles = np.array([len(set(numbers)) for numbers in in_texts.values()], int)
    lower, upper = wilson(articles, np.full(len(articles), len(texts)))
    words = int(map_array(is_word, parsed.tokens.forms)[parsed.tokens.numbers].sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        facts = {"share": articles / len(texts), "lower": lower, "upper": upper, "mentions": mentions}
        rate = 1000 * mentions / np.float64(words)
    return pd.DataFrame({"entity": list(entities), "articles": articles, **facts, "per_1000_words": rate}).round(10)


def rate_interval(values: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rate per 1,000 tokens with a 95 % interval, articles as clusters.

    The interval is the ratio estimator's (linearized variance, t with n - 1 degrees of freedom), cut at 0. Where a
    feature never occurs it has no variance to go by: the upper end is then the exact Poisson bound.

    Parameters
    ----------
    values : array (n, k), occurrences; size : array (n,), tokens

    Returns
    -------
    (rate, lower, upper), arrays (k,), NaN where there are no tokens
    """
    n, total = len(size), size.sum()
    if total == 0:
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing.copy(), nothing.copy()
    rate = values.sum(axis=0) / total
    residual = values - rate * size[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(n / (n - 1) * (residual**2).sum(axis=0)) / total if n > 1 else np.full_like(rate, np.nan)
    half = stats.t.isf((1 - LEVEL) / 2, n - 1) * error if n > 1 else error
    never = values.sum(axis=0) == 0
    upper = np.where(never, stats.chi2.isf((1 - LEVEL) / 2, 2) / 2 / total, rate + half)
    return 1000 * rate, 1000 * np.where(never, 0, np.clip(rate - half, 0, None)), 1000 * upper


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean of the values that are there, with its 95 % t interval; NaN ends for fewer than two values."""
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    if not len(known):
        return np.nan, np.nan, np.nan
    mean = float(known.mean())
    if len(known) < 2:
        return mean, np.nan, np.nan
    half = float(stats.t.isf((1 - LEVEL) / 2, len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known)))
    return mean, mean - half, mean + half


def means(values: pd.Series, groups: pd.Series, *, scale: tuple[float, float] = (-1.0, 1.0)) -> pd.DataFrame:
    """Mean of `values` in each group with its 95 % interval.

    Parameters
    ----------
    values : Series (article)
    groups : Series (article)
    scale : ends of the scale the values lie on, that of valence by default; intervals end there

    Returns
    -------
    DataFrame: group, articles (with a value), mean, lower, upper; sorted by group
    """
    rows = []
    for group, members in groups.groupby(groups, sort=True).groups.items():
        part = values.loc[members].to_numpy(float)
        mean, lower, upper = mean_interval(part)
        # t knows no ends: of two articles it may go far beyond what any article can have.
        rows.append((group, int((~np.isnan(part)).sum()), mean, *np.clip([lower, upper], *scale)))
    return pd.DataFrame(rows, columns=["group", "articles", "mean", "lower", "upper"])


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


def spread_over(counts: pd.DataFrame, tokens: pd.Series) -> pd.DataFrame:
    """How each term is spread over articles.

    Parameters
    ----------
    counts : DataFrame (article, term, count), a row for each article and term that occurs
    tokens : Series (article), tokens of every article, also of those without a term

    Returns
    -------
    DataFrame, index term: articles_with, dp (`dispersion` with articles as parts)
    """
    expected = counts["article"].map(tokens / tokens.sum())
    observed = counts["count"] / counts.groupby("term")["count"].transform("sum")
    # Each article without the term adds its expected share, which is one minus what the others have.
    beyond = ((observed - expected).abs() - expected).groupby(counts["term"]).sum()
    return pd.DataFrame({"articles_with": counts.groupby("term").size(), "dp": ((beyond + 1) / 2).round(10)})


def label_shares(counts: pd.DataFrame, *, groups: pd.Series) -> pd.DataFrame:
    """Shares of competing labels within their set, in each group, with simultaneous intervals.

    The interval is Wilson's with the articles that use the set as n (uses in one article are not independent) and
    the error shared out over the labels of the set (Bonferroni), so that all of a group's hold together in 95 %.

    Parameters
    ----------
    counts : DataFrame (article × label), columns "set:label" of one set only
    groups : Series (article)

    Returns
    -------
    DataFrame: group, feature, uses, set_uses, articles (that use the set), share, lower, upper
    """
    level = 1 - (1 - LEVEL) / max(1, counts.shape[1])
    rows = []
    for group, members in groups.groupby(groups, sort=True).groups.items():
        table = counts.loc[members]
        uses, total = table.sum().to_numpy(float), float(table.to_numpy().sum())
        using = int((table.sum(axis=1) > 0).sum())
        share = uses / total if total else np.full(len(uses), np.nan)
        lower, upper = wilson(share * using, np.full(len(uses), using), level=level)
        for i, feature in enumerate(table.columns):
            rows.append((group, feature, int(uses[i]), int(total), using, share[i], lower[i], upper[i]))
    columns = ["group", "feature", "uses", "set_uses", "articles", "share", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)
