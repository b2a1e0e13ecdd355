"""Log-odds of words: the formula by hand, p by enumeration of articles, intervals that know of bursts."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from analysis.errors import EmptyGroup
from analysis.stats import keyness
from analysis.stats.keyness import background, log_odds
from analysis.stats.keyness import keyness as keyness_of_texts
from analysis.stats.resampling import build_design
from analysis.study.words import Words

CORPUS = {"coup": (10, 2), "mob": (0, 6), "peru": (20, 30), "vote": (5, 5)}


def _dealt(corpus=CORPUS, parts=5):
    """Articles × words: each side's counts dealt out over `parts` articles."""
    rows = {f"{side}{n}": {} for side in "gr" for n in range(parts)}
    for term, pair in corpus.items():
        for side, uses in zip("gr", pair, strict=True):
            for n in range(parts):
                rows[f"{side}{n}"][term] = uses // parts + (n < uses % parts)
    return pd.DataFrame.from_dict(rows, orient="index").sort_index(axis=1)


def _words(counts, group=5, **options):
    """The first articles against the rest."""
    words = Words(np.asarray(counts.columns, object), sparse.csc_array(counts.to_numpy(int)))
    design = build_design(range(group), range(group, len(counts)))
    return log_odds(words, design, **{"prior": 0.5, "min_count": 1} | options)


def test_log_odds_of_a_corpus_of_four_words_by_the_formula():
    """Monroe, Colaresi & Quinn (2008), eq. 15, 19 and 21, with α = ½ and α₀ = 2, written out; 35 and 43 words."""
    table = _words(_dealt()).set_index("feature")
    assert pytest.approx(math.log(10.5 / (37 - 10.5)) - math.log(2.5 / (45 - 2.5))) == table.loc["coup", "estimate"]
    assert pytest.approx(math.log(0.5 / 36.5) - math.log(6.5 / 38.5)) == table.loc["mob", "estimate"]
    assert pytest.approx(math.log(20.5 / 16.5) - math.log(30.5 / 14.5)) == table.loc["peru", "estimate"]
    spread = math.sqrt(1 / 10.5 + 1 / 2.5)
    coup = table.loc["coup"]
    assert pytest.approx(coup["estimate"] / spread) == coup["z"]
    assert pytest.approx(coup["estimate"] - 1.959964 * spread, abs=1e-6) == coup["lower"]
    assert pytest.approx(coup["estimate"] + 1.959964 * spread, abs=1e-6) == coup["upper"]
    assert (10, 2, 5, 5) == tuple(coup[["count", "reference_count", "articles", "reference_articles"]])
    assert table["p"].isna().all()


def test_an_informative_prior_gives_each_word_its_own_weight():
    prior = {"coup": 3.0, "mob": 1.0, "peru": 5.0, "vote": 1.0}
    table = _words(_dealt(), prior=prior).set_index("feature")
    expected = math.log(13 / (45 - 13)) - math.log(5 / (53 - 5))
    assert pytest.approx(expected) == table.loc["coup", "estimate"]
    assert pytest.approx(expected / math.sqrt(1 / 13 + 1 / 5)) == table.loc["coup", "z"]


def test_rare_words_are_left_out_and_still_are_words_of_the_text():
    """`min_count` is of both sides together; the totals stay."""
    few, every = _words(_dealt(), min_count=11), _words(_dealt(), min_count=1)
    assert {"coup", "peru"} == set(few["feature"])
    pd.testing.assert_series_equal(
        few.set_index("feature")["estimate"], every.set_index("feature")["estimate"][few["feature"]]
    )


def test_words_stand_in_order_of_their_z_ties_by_word():
    table = _words(_dealt({"b": (4, 1), "a": (4, 1), "c": (5, 30)}))
    assert ["c", "a", "b"] == list(table["feature"])
    assert table["z"].abs().is_monotonic_decreasing


@settings(max_examples=15)
@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2))
def test_swapping_target_and_reference_turns_the_sign_of_every_word(corpus):
    corpus = {"of": (5, 5), "the": (3, 4), **corpus}
    one = _words(_dealt(corpus)).set_index("feature")
    two = _words(_dealt({term: pair[::-1] for term, pair in corpus.items()})).set_index("feature")
    np.testing.assert_allclose(one["estimate"], -two["estimate"][one.index], atol=1e-9)
    np.testing.assert_allclose(one["z"], -two["z"][one.index], atol=1e-9)


def test_p_of_a_word_agrees_with_full_enumeration_of_articles():
    """Five articles of ten, 252 ways; a word in a single article is as likely on either side."""
    wide = _dealt({"coup": (9, 2), "peru": (20, 20), "burst": (0, 0)})
    wide.loc["g0", "burst"] = 12
    table = _words(wide, draws=4_000, seed=5).set_index("feature")
    counts = wide.to_numpy(float)

    def z(chosen):
        y1, y2 = counts[chosen].sum(axis=0) + 0.5, np.delete(counts, chosen, axis=0).sum(axis=0) + 0.5
        n1, n2 = y1.sum(), y2.sum()
        return (np.log(y1 / (n1 - y1)) - np.log(y2 / (n2 - y2))) / np.sqrt(1 / y1 + 1 / y2)

    everything = np.array([z(list(chosen)) for chosen in itertools.combinations(range(10), 5)])
    exact = (np.abs(everything) >= np.abs(z([0, 1, 2, 3, 4])) - 1e-9).mean(axis=0)
    for word, p in zip(wide.columns, exact, strict=True):
        # The middle of the draws is off by chance too, which shows where p is near 1.
        assert pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 4_000) + 0.015) == table.loc[word, "p"]
    assert table.loc["burst", "p"] > 0.9
    assert table.loc["burst", "z"] > 2  # what z alone would have called a finding


def test_keyness_refuses_sides_that_cannot_be_compared():
    with pytest.raises(EmptyGroup, match="the reference 'other_texts' holds no article"):
        keyness_of_texts(["A coup."], [], language="en")


def test_an_interval_knows_of_bursts_and_of_what_was_not_seen():
    """A word used often in one article is less sure than its tokens say; one never used no surer than Monroe's."""
    rng = np.random.default_rng(2)
    ids = [*(f"g{n:02}" for n in range(40)), *(f"r{n:02}" for n in range(80))]
    counts = pd.DataFrame({"even": [1.0] * 120, "burst": 0.0, "absent": 0.0, "other": rng.poisson(40, 120)}, index=ids)
    counts.loc["g00", "burst"], counts.loc["r00", "burst"] = 40.0, 10.0
    counts.loc[ids[40:60], "absent"] = 1.0
    monroe = _words(counts, 40, min_count=5).set_index("feature")
    drawn = _words(counts, 40, min_count=5, samples=2_000).set_index("feature")
    width = [table["upper"] - table["lower"] for table in (monroe, drawn)]
    assert (width[1] >= width[0] - 1e-9).all()
    assert width[1]["burst"] > 3 * width[0]["burst"]
    assert pytest.approx(width[0]["even"]) == width[1]["even"]
    assert pytest.approx(width[0]["absent"]) == width[1]["absent"]


def test_words_in_chunks_are_the_words_together(monkeypatch):
    counts = pd.DataFrame(np.random.default_rng(7).poisson(1.0, (17, 23)), columns=[f"w{n:02}" for n in range(23)])
    for method in ("resampling", "analytic"):
        options = {"prior": 0.3, "draws": 300, "method": method}
        whole = _words(counts, 8, **options)
        with monkeypatch.context() as patch:
            patch.setattr(keyness, "_CHUNK", 5)
            pd.testing.assert_frame_equal(whole, _words(counts, 8, **options))


def test_keyness_of_plain_texts_is_the_log_odds_of_their_words():
    texts, others = ["A coup! The coup failed."] * 6, ["A vote in Lima: the vote failed."] * 5
    table = keyness_of_texts(texts, others, language="en").set_index("word")
    assert {"coup", "vote", "failed", "the", "in", "lima"} == set(table.index)
    one, two = 12 + 500 * 12 / 54, 500 * 12 / 54  # of 24 and 30 words, which together are the background
    expected = math.log(one / (24 + 500 - one)) - math.log(two / (30 + 500 - two))
    assert pytest.approx(expected) == table.loc["coup", "log_odds"]
    assert (12, 0) == tuple(table.loc["coup", ["count", "other_count"]])
    assert (table["lower"] < table["log_odds"]).all()
    assert table.loc["coup", "q"] < 0.05


@pytest.mark.parametrize("texts", [("one text", ["two"]), (["one"], "two texts")])
def test_keyness_refuses_a_bare_text(texts):
    with pytest.raises(TypeError, match="not one str"):
        keyness_of_texts(*texts, language="en")


@pytest.mark.slow
def test_words_without_draws_are_near_those_with_draws():
    """Of 2,000 articles of four periods, every twelfth a copy, the group writing at another time than the rest."""
    rng = np.random.default_rng(5)
    late = rng.random(2_000) < np.where(np.arange(2_000) < 300, 0.7, 0.4)
    period = np.where(late, 2, 0) + rng.integers(0, 2, 2_000)
    blocks = np.where(rng.random(2_000) < 0.08, rng.integers(0, 2_000, 2_000), np.arange(2_000))
    base = np.exp(rng.uniform(np.log(0.02), np.log(0.3), 60)) * np.where(np.arange(2_000) < 300, 1.15, 1)[:, None]
    there = rng.random((2_000, 60)) < base
    counts = there * (1 + rng.negative_binomial(1, 0.5, there.shape))
    forms = np.array(["other", *(f"w{n:02}" for n in range(60))], object)
    words = Words(forms, sparse.csc_array(np.column_stack([rng.poisson(40, 2_000), counts])))
    design, prior = build_design(range(300), range(300, 2_000), period, blocks), background(words)
    drawn = log_odds(words, design, prior=prior, draws=4_000, method="resampling").set_index("feature")
    direct = log_odds(words, design, prior=prior, method="analytic").set_index("feature").loc[drawn.index]
    np.testing.assert_allclose(drawn[["estimate", "z"]], direct[["estimate", "z"]])
    ratio = (direct["upper"] - direct["lower"]) / (drawn["upper"] - drawn["lower"])
    # Of words that the target has hardly at all the logarithm is far from linear, and draws know it.
    ratio = ratio[drawn["count"] >= 15]
    assert len(ratio) > 40
    assert ((ratio > 0.8) & (ratio < 1.15)).all()
    small = (drawn["p"] < 0.1) & (drawn["p"] > 2 / 4_000)  # smaller ones draws cannot tell apart
    assert small.sum() >= 5
    assert (np.abs(np.log(direct["p"][small] / drawn["p"][small])) < 0.7).all()
