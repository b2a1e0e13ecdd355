"""p of Mantel–Haenszel differences if articles could change sides: exact for shares, elsewhere by draws or moments.

The numerator of the difference is what the group has beyond its share of each stratum's sum. Of it there is the whole
distribution (shares), as many draws as a decision takes (`draw_until_clear`), or three moments (many articles).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pandas as pd
from scipy import sparse, special, stats

from analysis.stats.inference import ALPHA, LARGE, Arrays, Observations, adjust_p, drawn_moments, membership, tail_p

#: In larger designs still drawn: so many units with weight are too few for moments.
FEW = 500
#: Outcomes of a share that are looked at one by one; with more of them their distribution is smooth.
SUPPORT = 1_000
#: Rounds of draws, the first of so many, each of twice as many as the one before.
FIRST_DRAWS, ROUNDS = 1_000, 12
DRAWS_AT_MOST = FIRST_DRAWS * (2**ROUNDS - 1)
#: Chance that a whole family holds a decision that all arrangements would turn round.
RISK = 0.001
#: Outcomes whose chances differ by less than this share are equally likely, as in R's fisher.test.
_TIE = 1e-7
#: Draws times units that are held at once.
_CELLS = 2_000_000


@dataclass(frozen=True)
class Units:
    """Units that change sides, the copies of a text on a side as one: values and weights in k features."""

    side: np.ndarray  # (u,) 1 in the group
    stratum: np.ndarray  # (u,)
    value: np.ndarray  # (u, k)
    weight: np.ndarray  # (u, k) or (u, 1)

    @cached_property
    def sums(self) -> sparse.csr_array:
        """(strata × u) sums of numbers of units over strata, when multiplied with them."""
        return membership(self.stratum, int(self.stratum.max()) + 1)

    @cached_property
    def sizes(self) -> tuple[np.ndarray, np.ndarray]:
        """(strata, k or 1) units that have weight, of both sides and of the group."""
        used = (self.weight > 0).astype(float)
        return np.asarray(self.sums @ used), np.asarray(self.sums @ (used * self.side[:, None]))

    @property
    def compared(self) -> np.ndarray:
        """(k or 1) units that have weight on the smaller side, in strata in which both sides have some."""
        size, group = self.sizes
        usable = (group > 0) & (group < size)
        return np.asarray(np.minimum((group * usable).sum(axis=0), ((size - group) * usable).sum(axis=0)))

    @cached_property
    def residual(self) -> np.ndarray:
        """(u, k) values beyond what their weights make at the rate of their stratum."""
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = np.nan_to_num((self.sums @ self.value) / (self.sums @ self.weight))
        expected = self.weight * rate[self.stratum]
        residual = self.value - expected
        # What taking equal numbers from each other leaves is nothing.
        return np.where(np.abs(residual) > 1e-12 * (np.abs(self.value) + np.abs(expected)), residual, 0.0)


def units_of(data: Observations, *, once: bool) -> Units:
    """Units of a design: the sums of their articles or, if each cluster counts `once`, their earliest article."""
    unit, first = data.design.units
    rows = [data.value[first], data.weight[first]]
    if not once and len(first) < len(unit):
        member = membership(unit, len(first))
        rows = [member @ data.value, member @ data.weight]
    return Units(data.design.side[first], data.design.stratum[first], *rows)


def exact_p(seen: np.ndarray, events: np.ndarray, drawn: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exact p of k sums of hypergeometric counts, and the smallest p that each could have had.

    `seen` (k,) are units of the group that have the feature; `events`, `drawn`, `size` (strata, k) units that have it,
    units of the group, all units. p sums the outcomes no likelier than the one seen (Fisher; over strata Birch 1964,
    JRSS B 26(2)). Missing where there are more than `SUPPORT` outcomes.
    """
    low, high = np.maximum(0, drawn + events - size), np.minimum(drawn, events)
    p, least = np.full((2, len(seen)), np.nan)
    chances = cache(_hypergeometric)  # of many words equally many units have each
    for k in np.flatnonzero((high - low).sum(axis=0) <= SUPPORT):
        chance = np.ones(1)
        for n in np.flatnonzero(high[:, k] > low[:, k]):
            chance = np.convolve(chance, chances(*(of[n, k] for of in (low, high, events, drawn, size))))
        at = round(seen[k] - low[:, k].sum())
        p[k], least[k] = (chance[chance <= one * (1 + _TIE)].sum() for one in (chance[at], chance.min()))
    return np.minimum(p, 1.0), np.minimum(least, 1.0)


def _hypergeometric(low: float, high: float, events: float, drawn: float, size: float) -> np.ndarray:
    """Chances of `low` to `high` events among `drawn` of `size`; many times faster than scipy's for few of them."""
    x = np.arange(low, high + 1)
    ways = special.gammaln([events + 1, size - events + 1])
    chosen = special.gammaln(x + 1) + special.gammaln(events - x + 1)
    rest = special.gammaln(drawn - x + 1) + special.gammaln(size - events - drawn + x + 1)
    chance = np.exp(
        ways.sum() - chosen - rest - special.gammaln(size + 1) + special.gammaln([drawn + 1, size - drawn + 1]).sum()
    )
    return np.asarray(chance / chance.sum())


def share_p(units: Units) -> tuple[np.ndarray, np.ndarray]:
    """p of the shares of units, and the smallest they could have had; where outcomes are many p by moments alone."""
    shape = units.sums.shape[0], units.value.shape[1]
    size, drawn = (np.broadcast_to(part, shape) for part in units.sizes)
    p, least = exact_p(units.side @ units.value, units.sums @ units.value, drawn, size)
    many = np.isnan(p)
    if many.any():
        p[many] = moments_p(units)[0][many]
    return p, least


def moments_p(units: Units) -> tuple[np.ndarray, np.ndarray]:
    """p of the numerators by three moments of sums drawn without replacement, and the difference's null deviation.

    Mielke & Berry (2007), Permutation Methods, ch. 2.
    """
    residual = units.residual
    # A power of three is taken by multiplying: NumPy's takes as long as all the rest together.
    powers = [np.asarray(units.sums @ power) for power in (residual, residual**2, residual**2 * residual)]
    moments = drawn_moments(*units.sizes, powers)
    with np.errstate(invalid="ignore", divide="ignore"):
        mass = units.sums @ units.weight
        expected = np.nan_to_num(units.sizes[1] / units.sizes[0] * mass)
        usual = np.nan_to_num(expected * (mass - expected) / mass).sum(axis=0)
        return tail_p(units.side @ residual, *moments), np.sqrt(moments[1]) / usual


def extreme_draws(units: Units, draws: int, seed: tuple[int, ...]) -> np.ndarray:
    """Number of permutations, of so many, with a numerator (k,) at least as far from 0; NaN where units are too many.

    Units that have weight in a feature change sides within their stratum. The draws of a feature are the same whatever
    else is asked for.
    """
    hits = np.full(units.value.shape[1], np.nan)
    having = units.weight > 0
    of = pd.factorize(np.array([column.tobytes() for column in having.T], object))[0]
    for number in range(of.max(initial=-1) + 1):
        used, features = having[:, np.argmax(of == number)], np.flatnonzero(np.broadcast_to(of == number, hits.shape))
        if used.sum() > (LARGE if len(used) <= LARGE else FEW):
            continue
        residual, side, rng = units.residual[used][:, features], units.side[used], np.random.default_rng([*seed, 1])
        bound = np.abs(side @ residual) - 1e-10 * np.abs(residual).sum(axis=0)
        strata = [np.flatnonzero(units.stratum[used] == one) for one in np.unique(units.stratum[used])]
        hits[features], step = 0, max(1, _CELLS // len(side))
        for start in range(0, draws, step):
            some, numerator = min(step, draws - start), np.zeros((1, 1))
            for members in strata:
                inside = _subsets(len(members), int(side[members].sum()), some, rng)
                numerator = numerator + residual[members].T @ inside.astype(float)
            hits[features] += (np.abs(numerator) >= bound[:, None]).sum(axis=1)
    return hits


def _subsets(size: int, members: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Subsets of `members` out of `size` things, each as likely as any other (size × draws, 1 in the subset).

    Floyd's algorithm (Bentley & Floyd 1987, CACM 30(9)), for all draws at once: fewer steps than shuffling.
    """
    few = min(members, size - members)
    taken = np.zeros((size, draws), np.int8)
    draw = np.arange(draws)
    for last in range(size - few, size):
        at = rng.integers(last, size=draws, endpoint=True)
        at[taken[at, draw] == 1] = last
        taken[at, draw] = 1
    return taken if few == members else 1 - taken


def draw_until_clear(
    p: np.ndarray | pd.Series,
    wanted: np.ndarray | pd.Series,
    family: np.ndarray | pd.Series,
    count: Callable[[np.ndarray, int, int], np.ndarray],
) -> Arrays:
    """p by draws until each test's side of its Benjamini–Hochberg threshold is clear; which p, which are undecided.

    Those `wanted` are replaced: `count` gives, of indices of tests, a number of draws and a round, how many draws are
    as extreme; NaN keeps the p. A test is decided where Benjamini–Hochberg comes to the same with the lower and with
    the upper limits of all p of its family (Gandy & Hahn 2014, Scandinavian Journal of Statistics 41(4)). Limits are
    Clopper and Pearson's, at such a level that a family has a false decision in at most `RISK` of cases.
    """
    p, family = np.array(p, float), np.asarray(family, object)
    wanted = np.array(wanted, bool) & ~np.isnan(p)
    hits, draws, unclear = np.zeros(len(p)), np.zeros(len(p)), wanted.copy()
    for number in range(ROUNDS):
        if not (at := np.flatnonzero(unclear)).size:
            break
        size = FIRST_DRAWS * 2**number
        hits[at] += count(at, size, number)
        draws[at] += size
        wanted &= ~np.isnan(hits)
        p[wanted] = (hits[wanted] + 1) / (draws[wanted] + 1)
        unclear &= wanted
        for one in np.unique(family[unclear]):
            some = (family == one) & ~np.isnan(p)
            risk = RISK / (2 * ROUNDS * some.sum())
            x, n, drawn = hits[some], draws[some], wanted[some]
            lower = np.where(drawn, np.nan_to_num(stats.beta.ppf(risk, x, n - x + 1)), p[some])
            upper = np.where(drawn, np.nan_to_num(stats.beta.isf(risk, x + 1, n - x), nan=1.0), p[some])
            unclear[some] &= (adjust_p(lower) <= ALPHA) & (adjust_p(upper) > ALPHA)
    return p, wanted, unclear
