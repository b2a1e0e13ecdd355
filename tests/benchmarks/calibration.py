"""Whether the comparisons of analysis/stats/ keep their promises: simulated studies of which the truth is known.

Run: python tests/benchmarks/calibration.py [--small] [--seed N]

The figures come with one standard error. Replications are columns of one table where they can be, for `difference`
takes many at once; those of one corpus share its articles, so the error is taken from the spread between corpora.
“Within error” is said of what is off by less than two of them. ± 0.0 of a rare thing says that no corpus had it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse, stats

from analysis.stats.inference import Kind, adjust_p, build_design, can_pass
from analysis.stats.keyness import background, compare_words, match_length
from analysis.study.words import Words

# Run as a script this folder is on the path; imported by a test it is the package `benchmarks`.
if __package__:
    from .simulated import LENGTH, SHAPE, SMALL_OUTLETS, TESTED, Corpus, articles_with, bursty, corpus, moving
else:
    from simulated import LENGTH, SHAPE, SMALL_OUTLETS, TESTED, Corpus, articles_with, bursty, corpus, moving

#: 230 articles to compare a group with.
REFERENCE = (50, 32, 29, 26, 23, 20, 16, 10, 8, 8, 4, 4)
GROUP_SIZES = (8, 16, 20, 32, 50)
FEATURES = 12
PLANTED, POINTS = 6, 0.35
ALPHA = 0.05


@dataclass(frozen=True)
class Effort:
    """How much is simulated: corpora, replications in each, and permutations of words."""

    families: tuple[int, int]
    intervals: tuple[int, int]
    words: tuple[int, int, int]  # the second: words
    groups: tuple[int, int]


# With too few draws for the size of a family BH can find nothing and would look well calibrated: 300 words want more
# than 300 / 0.05 = 6,000.
SMALL = Effort(families=(8, 10), intervals=(8, 100), words=(8, 80, 2_000), groups=(10, 100))
FULL = Effort(families=(120, 10), intervals=(60, 100), words=(250, 300, 8_000), groups=(60, 100))


@dataclass(frozen=True)
class Figure:
    """A rate, its standard error, and the bounds it should keep within (None: nothing promised)."""

    name: str
    value: float
    error: float
    wanted: tuple[float, float] | None = None

    def __str__(self) -> str:
        line = f"  {self.name:<70}{100 * self.value:6.1f} % ± {100 * self.error:.1f}"
        if self.wanted is None:
            return line
        low, high = self.wanted
        if low <= self.value <= high:
            return f"{line}  kept"
        near = low - 2 * self.error <= self.value <= high + 2 * self.error
        return f"{line}  {'within error' if near else 'NOT KEPT'}"


def figure(name: str, batches: Sequence[float], wanted: tuple[float, float] | None = None) -> Figure:
    """Mean over corpora with its standard error; corpora in which there was nothing to count are NaN."""
    known = np.asarray(batches, float)
    known = known[~np.isnan(known)]
    return Figure(name, float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known))), wanted)


@dataclass(frozen=True)
class Family:
    """Tests of a corpus (replication × outlet × feature): p, its smallest, and whether the interval leaves zero out."""

    p: np.ndarray
    least: np.ndarray
    apart: np.ndarray

    def q(self) -> np.ndarray:
        """q within each replication, of what can pass."""
        pairs = zip(self.p, self.least, strict=True)
        return np.array([adjust_p(np.where(can_pass(n.ravel()), p.ravel(), np.nan)).reshape(p.shape) for p, n in pairs])

    def discoveries(self) -> np.ndarray:
        """What is significant: it passes in its family, and its interval leaves zero out."""
        return (self.q() <= ALPHA) & self.apart


def families(rng: np.random.Generator, effort: tuple[int, int], planted: int) -> Iterator[tuple[Any, ...]]:
    """Tests of each corpus, raw and standardized, and what was planted (replication × outlet × feature)."""
    corpora, times = effort
    shape = (times, len(TESTED), FEATURES)
    for _ in range(corpora):
        at = corpus(rng)
        real = rng.permuted(np.arange(len(TESTED) * FEATURES) < planted * np.ones((times, 1)), axis=1).reshape(shape)
        shift = np.zeros((at.outlet.max() + 1, times * FEATURES))
        shift[: len(TESTED)] = POINTS * real.swapaxes(0, 1).reshape(len(TESTED), -1)
        rates = moving(rng, rng.uniform(0.1, 0.4, times * FEATURES))
        values = articles_with(rng, at, rates, shift, FEATURES)
        tables = [at.compare(values, [outlet], "share") for outlet in range(len(TESTED))]
        found = []
        for adjustment in ("raw", "standardized"):
            rows = [table[table["adjustment"] == adjustment] for table in tables]
            rows = [part.assign(apart=part["lower"] * part["upper"] > 0) for part in rows]
            parts = [[part[name].to_numpy() for part in rows] for name in ("p", "least", "apart")]
            found.append(Family(*(np.reshape(part, (len(TESTED), times, FEATURES)).swapaxes(0, 1) for part in parts)))
        yield *found, real


def no_difference(rng: np.random.Generator, effort: Effort) -> list[Figure]:
    """(1) and first half of (4): outlets do not differ, the story moves."""
    raw, standardized, _ = zip(*families(rng, effort.families, 0), strict=True)
    wanted = (0.0, ALPHA)
    found = [any_in(one.discoveries()) for one in raw]
    return [
        figure("families with a discovery, standardized", [any_in(one.discoveries()) for one in standardized], wanted),
        figure("the same by q alone", [any_in(one.q() <= ALPHA) for one in standardized], wanted),
        figure("families with a discovery, raw: the story taken for the outlet", found),
        figure("p ≤ 0.05, standardized", [np.mean(one.p <= ALPHA) for one in standardized], wanted),
        figure("p ≤ 0.05, raw", [np.mean(one.p <= ALPHA) for one in raw]),
    ]


def any_in(found: np.ndarray) -> float:
    return float(found.any(axis=(1, 2)).mean())


def mixed(rng: np.random.Generator, effort: Effort) -> list[Figure]:
    """(2) Some outlets differ in some features by 35 points; false is what is found where no outlet differs."""
    false, power = [], []
    for _, tests, real in families(rng, effort.families, PLANTED):
        found = tests.discoveries()
        apart = found & ~real.any(axis=1, keepdims=True)
        false.append((apart.sum(axis=(1, 2)) / np.maximum(found.sum(axis=(1, 2)), 1)).mean())
        power.append(found[real].mean())
    return [
        figure("false discovery rate (features in which no outlet differs)", false, (0.0, ALPHA)),
        figure(f"power for +35 points, q and interval, {PLANTED} of 84 planted", power),
    ]


def coverage(rng: np.random.Generator, effort: Effort) -> list[Figure]:
    """(3) How often the interval holds the true difference; a group of n beside 230."""
    lines = []
    shares = [(0.27, 0.0), (0.27, 0.2), (0.05, 0.0)]
    names = ["share 27 %, difference 0", "share 27 %, difference +20", "share 5 %, difference 0"]
    names += ["rate of 8 per 1,000 words, difference 0", "rate of 8 per 1,000 words, difference +8"]
    names += ["skewed mean, difference 0", "skewed mean, difference +0.5 sd", "normal mean, difference 0"]
    for n in GROUP_SIZES:
        batches = [hits(rng, n, shares, effort.intervals) for _ in range(effort.intervals[0])]
        for name, found in zip(names, zip(*batches, strict=True), strict=True):
            lines.append(figure(f"n = {n:2}, {name}", found, (0.93, 0.97)))
    return sorted(lines, key=lambda line: names.index(line.name.partition(", ")[2]))


def hits(rng: np.random.Generator, n: int, shares: list[tuple[float, float]], effort: tuple[int, int]) -> list[float]:
    """Of one corpus: share of intervals that hold the truth, per pair of base rate and difference, then of means."""
    _, times = effort
    at = corpus(rng, (n, *REFERENCE))
    own = (np.arange(at.outlet.max() + 1) == 0)[:, None]
    base, plus = (np.repeat(part, times) for part in zip(*shares, strict=True))
    rates, shift = moving(rng, base), own * plus
    found = held(at, articles_with(rng, at, rates, shift), rates, shift, "share")
    # Mentions come in bursts: each article's own rate is gamma around its period's, which moves as shares do.
    tokens = rng.negative_binomial(SHAPE, SHAPE / (SHAPE + LENGTH), len(at.outlet)) + 8.0
    rates, shift = moving(rng, np.full(2 * times, 0.03)) * 8 / 0.03, own * np.repeat([0, 8], times)
    mean = (rates[at.period] + shift[at.outlet]) * tokens[:, None] / 1000
    counts = rng.poisson(mean * rng.gamma(1, 1, mean.shape))
    size = tokens[at.source] / 1000
    found = np.r_[found, held(at, counts[at.source].astype(float), rates, shift, "ratio", size)]
    # Exponential values, of skewness 2, and normal ones; standard deviation 1, the period's mean moving by half of it.
    rates, shift = rng.normal(0, 0.5, (4, 3 * times)), own * np.repeat([0, 0.5, 0], times)
    noise = np.c_[rng.exponential(size=(len(at.outlet), 2 * times)) - 1, rng.normal(size=(len(at.outlet), times))]
    values = rates[at.period] + shift[at.outlet] + noise
    found = np.r_[found, held(at, values[at.source], rates, shift, "mean")]
    return [float(np.nanmean(part)) for part in np.split(found, len(shares) + 5)]


def held(
    at: Corpus, values: np.ndarray, rates: np.ndarray, shift: np.ndarray, kind: Kind, weights: np.ndarray | None = None
) -> np.ndarray:  # fmt: skip
    """1 where the interval holds the truth, 0 where not, NaN where there is none.

    The truth is the estimator of what was expected of each article: a copy is as its original, wherever it appeared.
    """
    expected = (rates[at.period] + shift[at.outlet])[at.source] * (1 if weights is None else weights[:, None])
    of_expected = at.compare(expected, [0], "mean" if kind == "share" else kind, weights).query(
        "adjustment == 'standardized'"
    )
    truth = of_expected["estimate"].to_numpy()
    table = at.compare(values, [0], kind, weights).query("adjustment == 'standardized'")
    inner = (table["lower"] <= truth + 1e-9) & (table["upper"] >= truth - 1e-9)
    return inner.astype(float).where(table["lower"].notna()).to_numpy()


def keyness(rng: np.random.Generator, effort: Effort) -> list[Figure]:
    """Second half of (4): words between halves, and between an outlet and the rest, that do not differ.

    In the study's items a word that is there is there 1.05 times; in whole articles it is repeated.
    """
    corpora, vocabulary = effort.words[:2]
    lines = []
    for name, repeats in (("halves, feed items", 0.05), ("halves, whole articles", 1.5), ("outlet, feed items", 0.05)):
        rows = []
        for _ in range(corpora):
            at = corpus(rng)
            inside = rng.permuted(np.arange(len(at.outlet)) % 2 == 0) if "halves" in name else at.outlet == 0
            rows.append(word_tests(at, bursty(rng, at, vocabulary, repeats), inside))
        kept = (0.0, ALPHA)
        tests = {"G² of tokens, p ≤ 0.05": None, "G² of tokens, q ≤ 0.05": None}
        tests |= {f"articles that hold the word, {test}": kept for test in ("p ≤ 0.05", "q ≤ 0.05", "any q ≤ 0.05")}
        for (test, wanted), found in zip(tests.items(), np.transpose(rows), strict=True):
            lines.append(figure(f"{name}: {test}", found, wanted))
    return lines


def word_tests(at: Corpus, counts: np.ndarray, inside: np.ndarray) -> list[float]:
    """Shares of words that G² and its q, and p and q of articles that hold them, call different; whether q any."""
    forms = np.array([str(word) for word in range(counts.shape[1])], object)
    words = Words(forms, sparse.csc_array(counts.astype(int)))
    design = build_design(np.flatnonzero(inside), np.flatnonzero(~inside), at.period, at.source)
    table = compare_words(words, match_length(design, words.tokens), prior=background(words))
    table = table[table["feature"] != str(counts.shape[1] - 1)]
    seen = np.stack([counts[side].sum(axis=0) for side in (inside, ~inside)])[:, table["feature"].astype(int)]
    size = np.array([counts[inside].sum(), counts[~inside].sum()])[:, None]
    expected = seen.sum(axis=0) * size / size.sum()
    # Dunning (1993) as Rayson & Garside (2000) use it; 0 · log 0 is 0.
    g = 2 * (seen * np.log(np.where(seen > 0, seen, 1) / expected) * (seen > 0)).sum(axis=0)
    p = stats.chi2.sf(g, 1)
    q = adjust_p(table["p"].where(can_pass(table["least"])))
    tests = [p <= ALPHA, adjust_p(p) <= ALPHA, table["p"] <= ALPHA, q <= ALPHA]
    return [*(float(np.mean(test)) for test in tests), float(tests[-1].any())]


def groups(rng: np.random.Generator, effort: Effort) -> list[Figure]:
    """(5) Six outlets against six drawn by lot, where outlets differ from one another and groups do not."""
    corpora, columns = effort.groups
    lines = []
    for spread in (0.0, 0.1):
        by_article = []
        for _ in range(corpora):
            at = corpus(rng, (*TESTED, *SMALL_OUTLETS[:5]))
            shift = rng.normal(0, spread, (12, columns)) if spread else np.zeros((12, columns))
            values = articles_with(rng, at, moving(rng, np.full(columns, 0.27)), shift)
            chosen = rng.choice(12, 6, replace=False)
            table = at.compare(values, list(chosen), "share")
            by_article.append((table.query("adjustment == 'standardized'")["p"] <= ALPHA).mean())
        promised = None if spread else (0.0, ALPHA)
        points = f"outlets differ by {100 * spread:.0f} points (sd)"
        lines.append(figure(f"{points}: articles permuted, p ≤ 0.05", by_article, promised))
    return lines


PARTS: dict[str, Callable[[np.random.Generator, Effort], list[Figure]]] = {
    "(1) no outlet differs, the story moves: 7 outlets × 12 features": no_difference,
    "(2) some differ": mixed,
    "(3) coverage of 95 % intervals, standardized, n beside 230": coverage,
    "(4) words that do not differ": keyness,
    "(5) six outlets against six": groups,
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
