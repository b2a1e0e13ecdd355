"""The mixed logit of analysis/stats/pooling.py beside a sampler of the same model: do its approximations hold?

Run: python tests/benchmarks/pooling.py [--sweeps 40000] [STUDY]

The sampler: each component's levels by Metropolis steps (they are independent of one another, given the others), its
variance by Gibbs, the prior of its standard deviation being flat. Laplace's variances are single best values; the
sampler's posterior of them has a width, within which they should lie. With the variances fixed at these values both
have the same target, so means and standard deviations of outlet × actor should be equal.
"""

from __future__ import annotations

import argparse

import numpy as np

from analysis import load_study
from analysis.stats.pooling import MixedLogit, actor_cells


def sample(
    model: MixedLogit, fixed: np.ndarray, sweeps: int, seed: int, *, vary: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of standard deviations (sweeps × components) and of levels (the mean, and the deviation)."""
    rng, variance = np.random.default_rng(seed), fixed.copy()
    parts = [np.flatnonzero(model.component == k) for k in range(len(fixed))]
    code = [model.design[:, part].indices for part in parts]  # one level of each component in each cell
    u, step = np.zeros(len(model.component)), np.ones(len(model.component))
    eta, burn = np.zeros(len(model.y)), sweeps // 4
    deviations, one, two = [], np.zeros(len(u)), np.zeros(len(u))

    def loglik(at: np.ndarray) -> np.ndarray:
        return np.asarray(model.y * at - model.n * np.logaddexp(0, at))

    for sweep in range(sweeps + burn):
        for k, part in enumerate(parts):
            if variance[k] == 0:
                continue
            move = step[part] * rng.normal(size=len(part))
            gain = np.bincount(code[k], loglik(eta + move[code[k]]) - loglik(eta), len(part))
            gain += (u[part] ** 2 - (u[part] + move) ** 2) / (2 * variance[k])
            taken = np.log(rng.random(len(part))) < gain
            u[part] += move * taken
            eta += (move * taken)[code[k]]
            if sweep < burn:  # towards taking 44 % of the steps
                step[part] *= np.exp((taken - 0.44) / np.sqrt(1 + sweep))
            if vary and k:
                variance[k] = (u[part] ** 2).sum() / 2 / rng.gamma((len(part) - 1) / 2)
        if sweep >= burn:
            deviations.append(np.sqrt(variance))
            one, two = one + u, two + u**2
    mean = one / sweeps
    return np.array(deviations), np.stack([mean, np.sqrt(two / sweeps - mean**2)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="?", default="castillo-2022")
    parser.add_argument("--sweeps", type=int, default=40_000)
    arguments = parser.parse_args()
    cells = actor_cells(load_study(arguments.study))
    model = MixedLogit.of(cells)
    variance = model.fit()
    deviations, _ = sample(model, np.where(variance > 0, variance, 0.05), arguments.sweeps, 1, vary=True)
    print(f"{len(cells)} cells, {len(model.component)} levels, {arguments.sweeps} sweeps")
    for k, name in enumerate(model.names, start=1):
        low, middle, high = np.quantile(deviations[:, k], [0.05, 0.5, 0.95])
        print(f"{name:16} Laplace {np.sqrt(variance[k]):.2f}; sampler {middle:.2f} (90 %: {low:.2f} to {high:.2f})")
    (mode, inverse, _), own = model.mode(variance), model.component == [*model.names].index("outlet × actor") + 1
    error = np.sqrt(np.diag(inverse) * variance[model.component])
    mean, deviation = sample(model, variance, arguments.sweeps, 2, vary=False)[1]
    print(f"outlet × actor, these variances given: correlation {np.corrcoef(mode[own], mean[own])[0, 1]:.4f}")
    print(f"  largest gap of effects {np.abs(mode - mean)[own].max():.3f}, of their deviations ", end="")
    print(f"{np.abs(error[own] / deviation[own] - 1).max():.1%}; a median deviation is {np.median(deviation[own]):.2f}")


if __name__ == "__main__":
    main()
