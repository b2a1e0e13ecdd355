"""What is counted and described: shares of articles, rates per 1,000 tokens, dispersion, shares within a set of labels.

Articles are the sampling unit throughout; tokens are not independent of one another.

`corpus` describes what a study holds, `supplement` the words of another source. Nothing here is tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

LEVEL = 0.95
#: Cells of a table of draws that is held at once: all 2,000 draws of 2,000 articles.
_CELLS = 4_000_000


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


def variance_shares(
    values: pd.Series, groupings: Mapping[str, pd.Series], *, draws: int = 2_000, seed: int = 0
) -> pd.DataFrame:
    """How much of the variance between articles goes with each grouping: omega squared, with bootstrap intervals.

    Omega squared allows for the number of groups, which plain shares of variance do not; it can fall below 0.
    Drawing articles again adds variance between groups that is not there, more with more groups, so each interval is
    moved back by the bootstrap's own bias: with 19 groups of no influence the plain one holds 0 in half the cases.

    Parameters
    ----------
    values : Series (article); articles with a missing value, or in no group, are left out
    groupings : name → Series (article)
    draws, seed : bootstrap samples of articles, the same for every grouping

    Returns
    -------
    DataFrame, one row per grouping and, where there are two, a row "difference" (first minus second)
        estimate, lower, upper (percentile, bias removed), articles, groups; index: name

    References
    ----------
    Hays (1963), Statistics for Psychologists; Olejnik & Algina (2003), Psychological Methods 8(4).
    """
    known = values.notna()
    for groups in groupings.values():
        known &= groups.notna()
    x = values[known].to_numpy(float)
    codes = {name: pd.factorize(groups[known], sort=True)[0] for name, groups in groupings.items()}
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in codes}
    for times in multinomial(len(x), draws, np.random.default_rng(seed)):
        for name, code in codes.items():
            drawn[name].append(_omega_squared(x, code, times.astype(float)))
    found, sizes = {}, {}
    for name, code in codes.items():
        found[name] = (_omega_squared(x, code, np.ones((1, len(x))))[0], np.concatenate(drawn[name]))
        sizes[name] = len(np.unique(code))
    if len(found) == 2:
        first, second = found.values()
        found["difference"] = (first[0] - second[0], first[1] - second[1])
    rows = {}
    for name, (estimate, boot) in found.items():
        ends = np.nanquantile(boot, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) - (np.nanmean(boot) - estimate)
        rows[name] = [estimate, *ends, len(x), sizes.get(name, np.nan)]
    columns = ["estimate", "lower", "upper", "articles", "groups"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).round(10)


def multinomial(size: int, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each of `size` things comes up in `size` draws with replacement, many times over.

    Yields
    ------
    array (some of the draws × size), of at most `_CELLS` cells or one draw
    """
    step = max(1, _CELLS // max(1, size))
    for start in range(0, draws, step):
        yield rng.multinomial(size, np.full(size, 1 / size), size=min(step, draws - start))


def _omega_squared(x: np.ndarray, code: np.ndarray, times: np.ndarray) -> np.ndarray:
    member = np.eye(code.max() + 1)[code]
    size, total = times @ member, times @ (member * x[:, None])
    n = times.sum(axis=1)
    mean = total.sum(axis=1) / n
    everything = times @ x**2 - n * mean**2
    with np.errstate(invalid="ignore", divide="ignore"):
        between = np.where(size > 0, total**2 / size, 0).sum(axis=1) - n * mean**2
        present = (size > 0).sum(axis=1)
        within = (everything - between) / (n - present)
        return np.asarray((between - (present - 1) * within) / (everything + within))


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
