"""Whether the comparisons of analysis/compare.py keep their promises: simulated studies of which the truth is known.

Run: python tests/benchmarks/calibration.py [--small] [--seed N]

The studies have the shape of castillo-2022: outlets of its sizes that watched at different times, a story that moves,
copies (more of them than there), lengths that differ. Replications are columns of one table where they can be, for
`difference` takes many at once; those of one corpus share its permutations, so the Monte-Carlo error (one standard
error) is taken from the spread between corpora.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.compare import Kind, adjust_p, difference, log_odds
from analysis.resample import lay_out, permuted_difference

TESTED = (50, 32, 29, 26, 25, 23, 20)
SMALL_OUTLETS = (16, 10, 8, 8, 7, 7, 6, 6, 6, 4, 3, 3)
#: 230 articles to compare a group with.
REFERENCE = (50, 32, 29, 26, 23, 20, 16, 10, 8, 8, 4, 4)
GROUP_SIZES = (8, 16, 20, 32, 50)
#: How the study's articles fall on its four periods.
PERIODS = np.array([0.15, 0.32, 0.43, 0.10])
FEATURES = 12
PLANTED, POINTS = 6, 0.35
ALPHA = 0.05
#: Mean and shape of an article's tokens.
LENGTH, SHAPE = 45, 3
#: Pseudo-counts of the words' prior, as in the study's own comparisons.
PRIOR = 500


@dataclass(frozen=True)
class Effort:
    """How much is simulated: corpora, replications in each, permutations and bootstrap samples."""

    families: tuple[int, int, int]
    intervals: tuple[int, int, int]
    words: tuple[int, int, int]  # the second: words
    groups: tuple[int, int, int]


# With too few draws for the size of a family BH can find nothing and would look well calibrated: 84 p want more than
# 84 / 0.05 = 1,680 draws, 300 words more than 6,000. The study itself draws 5,000 and for words 25,000.
SMALL = Effort(families=(8, 10, 2_000), intervals=(8, 100, 500), words=(8, 80, 2_000), groups=(10, 100, 500))
FULL = Effort(families=(80, 10, 2_000), intervals=(60, 100, 1_000), words=(60, 300, 8_000), groups=(60, 100, 1_000))


@dataclass(frozen=True)
class Figure:
    """One simulated rate, its standard error, and the bounds it should keep within (None: nothing promised)."""

    name: str
    value: float
    error: float = 0.0
    wanted: tuple[float, float] | None = None

    def __str__(self) -> str:
        line = f"  {self.name:<78}{100 * self.value:6.1f} % ± {100 * self.error:.1f}"
        if self.wanted is None:
            return line
        low, high = self.wanted
        if low <= self.value <= high:
            return f"{line}  kept"
        near = low - 2 * self.error <= self.value <= high + 2 * self.error
        return f"{line}  {'not told from kept' if near else 'NOT KEPT'}"


def figure(name: str, batches: Sequence[float], wanted: tuple[float, float] | None = None) -> Figure:
    """Mean over corpora with its standard error; corpora in which there was nothing to count are NaN."""
    known = np.asarray(batches, float)
    known = known[~np.isnan(known)]
    return Figure(name, float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known))), wanted)


@dataclass(frozen=True)
class Corpus:
    """Articles in order of outlet: where and when they appeared, and of which each is a copy (most: of none)."""

    outlet: np.ndarray
    period: np.ndarray
    source: np.ndarray

    @property
    def ids(self) -> np.ndarray:
        return np.array([f"{i:04}" for i in range(len(self.outlet))])

    def compare(self, values: np.ndarray, outlets: Sequence[int], draws: int, seed: int, kind: Kind) -> pd.DataFrame:
        """`difference` of some outlets from all others, over the columns of `values`."""
        ids, inside = self.ids, np.isin(self.outlet, outlets)
        return difference(
            pd.DataFrame(values, index=ids),
            group=list(ids[inside]),
            reference=list(ids[~inside]),
            strata=pd.Series(self.period, index=ids),
            blocks=pd.Series(self.source, index=ids),
            kind=kind,
            draws=draws,
            seed=seed,
        )


def corpus(rng: np.random.Generator, sizes: Sequence[int] = (*TESTED, *SMALL_OUTLETS)) -> Corpus:
    """Outlets of these sizes, three in ten watched late, 5 to 10 % of articles copied from another outlet."""
    outlet = np.repeat(np.arange(len(sizes)), sizes)
    since = rng.choice(3, size=len(sizes), p=[0.7, 0.2, 0.1])
    mix = rng.dirichlet(12 * PERIODS, size=len(sizes)) * (np.arange(4) >= since[:, None]) + 1e-12
    cut = np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1)
    period = np.minimum((rng.random((len(outlet), 1)) > cut[outlet]).sum(axis=1), 3)
    source = np.arange(len(outlet))
    copies = rng.random(len(outlet)) < rng.uniform(0.05, 0.10)
    for i in np.flatnonzero(copies):
        # Of the same days, and itself no copy.
        originals = np.flatnonzero(~copies & (period == period[i]) & (outlet != outlet[i]))
        if len(originals):
            source[i] = rng.choice(originals)
    return Corpus(outlet, period, source)


def moving(rng: np.random.Generator, base: np.ndarray) -> np.ndarray:
    """Rates (period × column) around a base rate each: the story moves by half or twice from period to period."""
    return np.clip(base * np.exp(rng.normal(0, 0.5, (4, len(base)))), 0.01, 0.6)


def articles_with(rng: np.random.Generator, at: Corpus, rates: np.ndarray, shift: np.ndarray, family: int) -> np.ndarray:
    """1 where an article has a feature: its period's rate, its outlet's shift, more often the longer it is.

    Columns of one family are of the same articles, of one length each: their features go together.
    """
    chance = np.clip(rates[at.period] + shift[at.outlet], 0, 0.97)
    tokens = rng.negative_binomial(SHAPE, SHAPE / (SHAPE + LENGTH), size=(len(chance), chance.shape[1] // family))
    longer = stats.nbinom.cdf(tokens, SHAPE, SHAPE / (SHAPE + LENGTH)) - 0.5
    # The mean over lengths stays what it was, and no chance leaves 0 to 1.
    chance = chance + chance * (1 - chance) * np.repeat(longer, family, axis=1)
    return (rng.random(chance.shape) < chance)[at.source].astype(float)


def families(rng: np.random.Generator, effort: tuple[int, int, int], planted: int) -> Iterator[tuple[np.ndarray, ...]]:
    """For each corpus p raw, p standardized, and where a difference was planted: replication × outlet × feature."""
    corpora, times, draws = effort
    shape = (times, len(TESTED), FEATURES)
    for _ in range(corpora):
        at = corpus(rng)
        real = rng.permuted(np.arange(len(TESTED) * FEATURES) < planted * np.ones((times, 1)), axis=1).reshape(shape)
        shift = np.zeros((at.outlet.max() + 1, times * FEATURES))
        shift[: len(TESTED)] = POINTS * real.swapaxes(0, 1).reshape(len(TESTED), -1)
        rates = moving(rng, rng.uniform(0.1, 0.4, times * FEATURES))
        values = articles_with(rng, at, rates, shift, FEATURES)
        seed = int(rng.integers(2**31))
        tables = [at.compare(values, [outlet], draws, seed, "share") for outlet in range(len(TESTED))]
        found = []
        for adjustment in ("raw", "standardized"):
            p = [table.loc[table["adjustment"] == adjustment, "p"].to_numpy() for table in tables]
            found.append(np.reshape(p, (len(TESTED), times, FEATURES)).swapaxes(0, 1))
        yield *found, real


def discoveries(p: np.ndarray) -> np.ndarray:
    """What BH finds in each replication's family of all tested outlets and features."""
    return np.array([adjust_p(family.ravel()).reshape(family.shape) <= ALPHA for family in p])


def no_difference(rng: np.random.Generator, effort: Effort) -> list[Figure]:
    """(1) and first half of (4): outlets do not differ, the story moves."""
    raw, standardized, _ = zip(*families(rng, effort.families, 0), strict=True)
    wanted = (0.0, ALPHA)
    return [
        figure("families with a discovery, standardized", [any_in(p) for p in standardized], wanted),
        figure("families with a discovery, raw: the story taken for the outlet", [any_in(p) for p in raw]),
        figure("p ≤ 0.05, standardized", [np.mean(p <= ALPHA) for p in standardized], wanted),
        figure("p ≤ 0.05, raw", [np.mean(p <= ALPHA) for p in raw]),
    ]


def any_in(p: np.ndarray) -> float:
    return float(discoveries(p).any(axis=(1, 2)).mean())


def mixed(rng: np.random.Generator, effort: Effort) -> list[Figure]:
    """(2) Some outlets differ in some features by 35 points.

    Where one outlet differs the others do too, a little, from a rest that holds it: such comparisons are neither false
    nor planted, and are counted as false in a line of their own.
    """
    strict, loose, power, large, small = [], [], [], [], []
    for _, p, real in families(rng, effort.families, PLANTED):
        found = discoveries(p)
        total = np.maximum(found.sum(axis=(1, 2)), 1)
        apart = found & ~real.any(axis=1, keepdims=True)
        strict.append((apart.sum(axis=(1, 2)) / total).mean())
        loose.append(((found & ~real).sum(axis=(1, 2)) / total).mean())
        power.append(found[real].mean())
        for rates, outlet in ((large, 0), (small, len(TESTED) - 1)):
            planted = real[:, outlet]
            rates.append(found[:, outlet][planted].mean() if planted.any() else np.nan)
    return [
        figure("false discovery rate (features in which no outlet differs)", strict, (0.0, ALPHA)),
        figure("the same, all discoveries that were not planted", loose),
        figure(f"power for +35 points, q ≤ 0.05, {PLANTED} of 84 planted", power),
        figure(f"the same, the outlet of {TESTED[0]}", large),
        figure(f"the same, the outlet of {TESTED[-1]}", small),
    ]


def coverage(rng: np.random.Generator, effort: Effort) -> list[Figure]:
    """(3) How often the interval holds the true difference; a group of n beside 230."""
    lines = []
    shares = [(0.27, 0.0), (0.27, 0.2), (0.05, 0.0)]
    names = ["share 27 %, difference 0", "share 27 %, difference +20", "share 5 %, difference 0"]
    names += ["skewed mean, difference 0", "skewed mean, difference +0.5 sd"]
    for n in GROUP_SIZES:
        batches = [hits(rng, n, shares, effort.intervals) for _ in range(effort.intervals[0])]
        for name, found in zip(names, zip(*batches, strict=True), strict=True):
            lines.append(figure(f"n = {n:2}, {name}", found, (0.93, 0.97)))
    return sorted(lines, key=lambda line: names.index(line.name.partition(", ")[2]))


def hits(
    rng: np.random.Generator, n: int, shares: list[tuple[float, float]], effort: tuple[int, int, int]
) -> list[float]:
    """Of one corpus: share of intervals that hold the truth, per pair of base rate and difference, then of means."""
    _, times, draws = effort
    at, seed = corpus(rng, (n, *REFERENCE)), int(rng.integers(2**31))
    own = (np.arange(at.outlet.max() + 1) == 0)[:, None]
    base, plus = (np.repeat(part, times) for part in zip(*shares, strict=True))
    rates, shift = moving(rng, base), own * plus
    found = held(at, articles_with(rng, at, rates, shift, 1), rates, shift, draws, seed, "share")
    # Exponential values: skewness 2, standard deviation 1, the period's mean moving by half of it.
    rates, shift = rng.normal(0, 0.5, (4, 2 * times)), own * np.repeat([0, 0.5], times)
    values = rates[at.period] + shift[at.outlet] + rng.exponential(size=(len(at.outlet), 2 * times)) - 1
    found = np.r_[found, held(at, values[at.source], rates, shift, draws, seed, "mean")]
    return [float(np.nanmean(part)) for part in np.split(found, len(shares) + 2)]


def held(
    at: Corpus, values: np.ndarray, rates: np.ndarray, shift: np.ndarray, draws: int, seed: int, kind: Kind
) -> np.ndarray:
    """1 where the interval holds the truth, 0 where not, NaN where there is none.

    The truth is the estimator of what was expected of each article: a copy is as its original, wherever it appeared.
    """
    ids, inside = at.ids, at.outlet == 0
    expected = pd.DataFrame((rates[at.period] + shift[at.outlet])[at.source], index=ids)
    period = pd.Series(at.period, index=ids)
    plan = lay_out(expected, list(ids[inside]), list(ids[~inside]), None, period, None, ("", ""))
    truth = permuted_difference(plan, plan.side[None, :].astype(float))[0]
    table = at.compare(values, [0], draws, seed, kind).query("adjustment == 'standardized'")
    inner = (table["lower"] <= truth + 1e-9) & (table["upper"] >= truth - 1e-9)
    return inner.astype(float).where(table["lower"].notna()).to_numpy()


def keyness(rng: np.random.Generator, effort: Effort) -> list[Figure]:
    """Second half of (4): bursty words between halves, and between an outlet and the rest, that do not differ."""
    corpora, vocabulary, draws = effort.words
    lines = []
    for name in ("random halves", "outlet of 50 and the rest, story moving"):
        rows = []
        for _ in range(corpora):
            at = corpus(rng)
            inside = at.outlet == 0 if "outlet" in name else rng.permuted(np.arange(len(at.outlet)) % 2 == 0)
            rows.append(word_tests(at, bursty(rng, at, vocabulary), inside, draws, int(rng.integers(2**31))))
        g, g_q, z, p, q = np.array(rows).T
        lines += [
            figure(f"{name}: G² of tokens, p ≤ 0.05", g),
            figure(f"{name}: G² of tokens, q ≤ 0.05", g_q),
            figure(f"{name}: |z| of log_odds > 1.96 (tokens, as Monroe)", z),
            figure(f"{name}: log_odds, articles permuted, p ≤ 0.05", p, (0.0, ALPHA)),
            figure(f"{name}: log_odds, articles permuted, q ≤ 0.05", q, (0.0, ALPHA)),
        ]
    return lines


def bursty(rng: np.random.Generator, at: Corpus, vocabulary: int) -> np.ndarray:
    """Counts (article × word): most articles lack a word, those about it repeat it; the last column is all others."""
    about = moving(rng, np.exp(rng.uniform(np.log(0.03), np.log(0.2), vocabulary)))[at.period]
    length = rng.gamma(SHAPE, 1 / SHAPE, (len(about), 1))
    counts = (rng.random(about.shape) < about) * rng.negative_binomial(1, 1 / (1 + 2 * length), about.shape)
    return np.c_[counts, rng.poisson(LENGTH * length)][at.source].astype(float)


def word_tests(at: Corpus, counts: np.ndarray, inside: np.ndarray, draws: int, seed: int) -> list[float]:
    """Shares of words that G², its q, Monroe's z, and p and q of permuted articles call different."""
    ids = at.ids
    table = log_odds(
        pd.DataFrame(counts, index=ids, columns=[str(word) for word in range(counts.shape[1])]),
        target=list(ids[inside]),
        reference=list(ids[~inside]),
        prior=dict(zip(map(str, range(counts.shape[1])), counts.sum(axis=0) / counts.sum() * PRIOR, strict=True)),
        strata=pd.Series(at.period, index=ids),
        blocks=pd.Series(at.source, index=ids),
        draws=draws,
        seed=seed,
    )
    table = table[table["feature"] != str(counts.shape[1] - 1)]
    seen = np.stack([table["count"], table["reference_count"]]).astype(float)
    size = np.array([counts[inside].sum(), counts[~inside].sum()])[:, None]
    expected = seen.sum(axis=0) * size / size.sum()
    # Dunning (1993) as Rayson & Garside (2000) use it; 0 · log 0 is 0.
    g = 2 * (seen * np.log(np.where(seen > 0, seen, 1) / expected) * (seen > 0)).sum(axis=0)
    p = stats.chi2.sf(g, 1)
    tests = [p <= ALPHA, adjust_p(p) <= ALPHA, table["z"].abs() > 1.96, table["p"] <= ALPHA, table["q"] <= ALPHA]
    return [float(np.mean(test)) for test in tests]


def groups(rng: np.random.Generator, effort: Effort) -> list[Figure]:
    """(5) Six outlets against six drawn by lot, where outlets differ from one another and groups do not."""
    corpora, columns, draws = effort.groups
    splits = np.array([np.isin(range(12), chosen) for chosen in combinations(range(12), 6)]) / 3 - 1 / 6
    lines = []
    for spread in (0.0, 0.1):
        by_article, by_outlet = [], []
        for _ in range(corpora):
            at = corpus(rng, (*TESTED, *SMALL_OUTLETS[:5]))
            shift = rng.normal(0, spread, (12, columns)) if spread else np.zeros((12, columns))
            values = articles_with(rng, at, moving(rng, np.full(columns, 0.27)), shift, 1)
            chosen = rng.choice(12, 6, replace=False)
            table = at.compare(values, list(chosen), draws, int(rng.integers(2**31)), "share")
            by_article.append((table.query("adjustment == 'standardized'")["p"] <= ALPHA).mean())
            frame = pd.DataFrame(values)
            rest = frame - frame.groupby(at.period).transform("mean")
            means = rest.groupby(at.outlet).mean().to_numpy()
            null, seen = np.abs(splits @ means), np.abs((np.isin(range(12), chosen) / 3 - 1 / 6) @ means)
            by_outlet.append(((null >= seen - 1e-9).mean(axis=0) <= ALPHA).mean())
        promised = None if spread else (0.0, ALPHA)
        points = f"outlets differ by {100 * spread:.0f} points (sd)"
        lines.append(figure(f"{points}: articles permuted, p ≤ 0.05", by_article, promised))
        lines.append(figure(f"{points}: outlets permuted, p ≤ 0.05", by_outlet, (0.0, ALPHA)))
    return lines


def detectable(rng: np.random.Generator, effort: Effort) -> list[Figure]:
    """(6) What `difference` calls detectable for 20 beside 250 at 27 %, and what is, by enumeration."""
    sizes, base = (20, *REFERENCE, 20), 0.27
    lines = []
    for name, flat in (("story standing still", True), ("story moving", False)):
        found: dict[str, list[float]] = {"raw": [], "standardized": []}
        for _ in range(effort.groups[0]):
            at = corpus(rng, sizes)
            rates = np.full((4, 50), base) if flat else moving(rng, np.full(50, base))
            table = at.compare(articles_with(rng, at, rates, np.zeros((14, 50)), 1), [0], 500, 1, "share")
            for adjustment, rows in found.items():
                rows.append(table.loc[table["adjustment"] == adjustment, "detectable"].mean())
        lines += [figure(f"`detectable` in points, {name}, {kind}", rows) for kind, rows in found.items()]
    rejected = exact_p(20, 250) <= ALPHA
    reference = stats.binom.pmf(np.arange(251), 250, base)

    def power(rate: float) -> float:
        return float(stats.binom.pmf(np.arange(21), 20, rate) @ rejected @ reference)

    up = next(rate for rate in np.arange(base, 1, 0.001) if power(rate) >= 0.8)
    down = [rate for rate in np.arange(0, base, 0.001) if power(rate) >= 0.8]
    return [
        *lines,
        Figure("exact, upward: points for power 0.8", up - base),
        Figure("exact, downward: points for power 0.8 (NaN: not even 0 of 20)", base - max(down, default=np.nan)),
        Figure("exact power at a true share of 0 %", power(0.0)),
        Figure("exact rate of rejection with no difference", power(base), wanted=(0.0, ALPHA)),
    ]


def exact_p(n: int, m: int) -> np.ndarray:
    """p of every table (with it of n × with it of m): two-sided, by size of difference, all arrangements counted."""
    p = np.ones((n + 1, m + 1))
    for total in range(n + m + 1):
        x = np.arange(max(0, total - m), min(n, total) + 1)
        size = np.abs(x / n - (total - x) / m)
        p[x, total - x] = (size[None, :] >= size[:, None] - 1e-9) @ stats.hypergeom.pmf(x, n + m, total, n)
    return p


PARTS: dict[str, Callable[[np.random.Generator, Effort], list[Figure]]] = {
    "(1) no outlet differs, the story moves: 7 outlets × 12 features": no_difference,
    "(2) some differ": mixed,
    "(3) coverage of 95 % intervals, standardized, n beside 230": coverage,
    "(4) words that do not differ": keyness,
    "(5) six outlets against six": groups,
    "(6) smallest difference found with power 0.8, 20 beside 250 at 27 %": detectable,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a minute at most, larger Monte-Carlo error")
    parser.add_argument("--seed", type=int, default=20221207)
    arguments = parser.parse_args()
    effort = SMALL if arguments.small else FULL
    print(effort)
    for number, (title, part) in enumerate(PARTS.items()):
        start = time.perf_counter()
        lines = part(np.random.default_rng([arguments.seed, number]), effort)
        print(f"\n{title}  ({time.perf_counter() - start:.0f} s)", *lines, sep="\n", flush=True)


if __name__ == "__main__":
    main()
