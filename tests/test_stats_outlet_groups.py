"""Outlets as the unit: formulas by hand, brute force on small cases, and error rates where the truth is known."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.stats import outlet_groups
from analysis.stats.outlet_groups import add_family_q, compare_outlet_groups, outlet_shares


def articles(counts: dict[str, tuple[int, int]]) -> tuple[pd.DataFrame, pd.Series]:
    """Values of articles of outlets, each with how many have the value and how many there are."""
    rows = [(outlet, float(n < y)) for outlet, (y, size) in counts.items() for n in range(size)]
    frame = pd.DataFrame(rows, columns=["outlet", "word"], index=[f"a{n}" for n in range(len(rows))])
    return frame[["word"]], frame["outlet"]


def test_share_of_a_group_by_hand():
    """Leave one outlet out; t with the degrees of freedom that the covariance matrix of these changes gives."""
    counts = {"a": (10, 30), "b": (5, 20), "c": (15, 20)}
    values, outlets = articles(counts)
    (row,) = outlet_shares(values, outlets, outlets.map(lambda _: "all")).to_dict("records")
    y, n = np.array(list(counts.values()), float).T
    without = (30 - y) / (70 - n)
    alike = (((y - 3 / 7 * n) ** 2).sum() / (12 / 49) - 70) / ((n**2).sum() - 70)
    change = (np.eye(3) - np.outer(n, np.ones(3)) / 70) / (70 - n)[:, None]
    covariance = change @ np.diag(n * (1 + (n - 1) * alike)) @ change.T
    freedom = np.trace(covariance) ** 2 / (covariance**2).sum()
    half = stats.t.isf(0.025, freedom) * np.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum())
    assert 0 < alike < 1
    assert 1 < freedom < 2
    assert (30, 70, 3) == (row["count"], row["articles"], row["outlets"])
    assert [30 / 70, max(30 / 70 - half, 0), min(30 / 70 + half, 1), (1 / 3 + 1 / 4 + 3 / 4) / 3] == pytest.approx(
        [row[name] for name in ("share", "lower", "upper", "by_outlet")]
    )


def test_a_rare_value_has_an_interval_beside_zero_and_one_outlet_has_none():
    values, outlets = articles({f"o{n}": (n < 2, 5) for n in range(20)} | {"x": (0, 50)})
    groups = outlets.map(lambda name: "one" if name == "x" else "many")
    many, one = outlet_shares(values, outlets, groups).to_dict("records")
    assert 0 < many["lower"] < many["share"] < many["upper"] < 0.2
    assert np.isnan(one["lower"])


def test_what_the_page_is_about_is_taken_out():
    """All of the difference lies in the sub-events that groups report."""
    values, outlets = articles({f"o{n}": ((n < 20) * 4, 4) for n in range(30)})
    about = values["word"].map({1.0: "deaths", 0.0: "economy"})
    groups = outlets.map(lambda name: "north" if int(name[1:]) < 12 else "south")
    apart = compare_outlet_groups(values, outlets, groups, draws=99)["difference"].item()
    within = compare_outlet_groups(values, outlets, groups, strata=[about], draws=99)["difference"].item()
    assert apart > 0.5
    assert 0 == pytest.approx(within)


def test_p_is_that_of_all_permutations(monkeypatch):
    """Seven outlets of two languages, permuted within each: 3! · 4! orders, counted one by one."""
    monkeypatch.setattr(outlet_groups, "LEAST_TESTED_OUTLETS", 2)
    monkeypatch.setattr(outlet_groups, "LEAST_ARTICLES", 2)
    monkeypatch.setattr(outlet_groups, "LEAST_WITH_VALUE", 1)
    sizes = {"a": (3, 4), "b": (1, 5), "c": (2, 6), "d": (4, 5), "e": (0, 3), "f": (2, 7), "g": (3, 3)}
    values, outlets = articles(sizes)
    language = outlets.map(lambda name: "en" if name < "d" else "es")
    label = dict(zip(sizes, "ooxoxxo", strict=True))
    (row,) = compare_outlet_groups(values, outlets, outlets.map(label), within=language, draws=20_000, seed=3).to_dict(
        "records"
    )

    share = values["word"].mean()

    def statistic(labels: dict[str, str]) -> float:
        top = weight = null = 0.0
        for names in ("abc", "defg"):
            n = {side: sum(sizes[o][1] for o in names if labels[o] == side) for side in "ox"}
            total = sum(n.values())
            rate = sum(sizes[o][0] - share * sizes[o][1] for o in names) / total
            e = {o: sizes[o][0] - share * sizes[o][1] - rate * sizes[o][1] for o in names}
            top += sum(e[o] for o in names if labels[o] == "o")
            weight += n["o"] * n["x"] / total
            for side, other in ("ox", "xo"):
                k = sum(labels[o] == side for o in names)
                factor = (n[other] / total) ** 2 * k / max(k - 1, 1)
                null += factor * sum(e[o] ** 2 for o in names if labels[o] == side)
        return abs(top / np.sqrt(null))

    everything = [
        statistic(dict(zip("abc", left, strict=True)) | dict(zip("defg", right, strict=True)))
        for left in permutations([label[o] for o in "abc"])
        for right in permutations([label[o] for o in "defg"])
    ]
    exact = np.mean(np.array(everything) >= statistic(label) - 1e-9)
    assert exact == pytest.approx(row["p"], abs=0.015)
    assert row["p"] == row["adjusted_p"] == row["family_p"]


def simulate(rng: np.random.Generator, effect: float) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Four values of outlets of 1 to 40 pages that differ among themselves; `effect` is added to one group's first."""
    sizes = np.minimum(rng.geometric(0.2, 60), 40)
    base = rng.beta(2, 6, (60, 4))
    base[:15, 0] = np.minimum(base[:15, 0] + effect, 1)
    owner = np.repeat(np.arange(60), sizes)
    index = [f"a{n}" for n in range(len(owner))]
    values = pd.DataFrame((rng.random((len(owner), 4)) < base[owner]).astype(float), index=index, columns=list("wxyz"))
    return values, pd.Series(owner, index), pd.Series(np.where(owner < 15, "g", np.where(owner < 35, "h", "i")), index)


def test_errors_are_held_and_a_true_difference_is_found():
    rng = np.random.default_rng(11)
    families = [compare_outlet_groups(*simulate(rng, 0.0), draws=199, seed=n)["family_p"].iloc[0] for n in range(40)]
    assert stats.binomtest(sum(p <= 0.05 for p in families), 40, 0.05, alternative="greater").pvalue > 0.01
    found = compare_outlet_groups(*simulate(rng, 0.5), draws=999).set_index(["value", "group"])
    assert found.loc[("w", "g"), "adjusted_p"] <= 0.05
    assert 0 < found.loc[("w", "g"), "lower"]


def test_too_few_outlets_or_articles_with_a_value_are_not_tested():
    values, outlets = articles({f"o{n}": (n < 4, 3) for n in range(30)})
    groups = outlets.map(lambda name: "north" if int(name[1:]) < 15 else "south")
    assert compare_outlet_groups(values, outlets, groups).empty  # four articles have it
    values, outlets = articles({f"o{n}": (2, 3) for n in range(18)})
    groups = outlets.map(lambda name: "north" if int(name[1:]) < 9 else "south")
    assert compare_outlet_groups(values, outlets, groups).empty  # nine outlets


def test_where_all_outlets_of_a_language_belong_to_one_group_they_are_left_out():
    values, outlets = articles({f"o{n}": (n % 3, 4) for n in range(60)})
    number = outlets.str[1:].astype(int)
    language = number.map(lambda n: "pt" if n >= 40 else "es")
    groups = number.map(lambda n: "north" if n < 20 else "south")
    (row,) = compare_outlet_groups(values, outlets, groups, within=language, draws=99).to_dict("records")
    assert (80, 80) == (row["articles"], row["other_articles"])


def test_q_is_over_families():
    table = pd.DataFrame({"value": ["a", "b"], "family_p": [0.01, 0.01]})
    other = pd.DataFrame({"value": ["c"], "family_p": [0.04]})
    joined = add_family_q({"first": table, "empty": table.iloc[:0], "second": other})
    assert [0.02, 0.02, 0.04] == joined["q"].to_list()
    assert ["first", "first", "second"] == joined["family"].to_list()
