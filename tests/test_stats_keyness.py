"""Words by the articles that hold them: shares by `difference`, p by enumeration, log-odds by the formula by hand."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

from analysis.errors import EmptyGroup
from analysis.stats.difference import compare
from analysis.stats.inference import build_design, observe
from analysis.stats.keyness import background, compare_words, match_length
from analysis.stats.keyness import keyness as keyness_of_texts
from analysis.study.words import Words

CORPUS = {"coup": (10, 2), "mob": (0, 6), "peru": (20, 30), "vote": (5, 5)}


def _dealt(corpus=CORPUS, parts=5):
    """Articles × words: each side's uses dealt out over `parts` articles."""
    rows = {f"{side}{n}": {} for side in "gr" for n in range(parts)}
    for term, pair in corpus.items():
        for side, uses in zip("gr", pair, strict=True):
            for n in range(parts):
                rows[f"{side}{n}"][term] = uses // parts + (n < uses % parts)
    return pd.DataFrame.from_dict(rows, orient="index").sort_index(axis=1)


def _compared(counts, group=5, strata=None, blocks=None, **options):
    """The first articles against the rest."""
    words = Words(np.asarray(counts.columns, object), sparse.csc_array(counts.to_numpy(int)))
    design = build_design(range(group), range(group, len(counts)), strata, blocks)
    options = {"prior": dict.fromkeys(words.forms, 0.5), "least": 1} | options
    return compare_words(words, design, **options)


def test_log_odds_are_those_of_the_formula():
    """Monroe, Colaresi & Quinn (2008), eq. 15, with the background as prior, written out; 35 and 43 words."""
    corpus = _dealt()
    prior = {word: 500 * uses / 78 for word, uses in corpus.sum().items()}
    table = _compared(corpus, prior=prior).set_index("feature")
    one, two = 10 + prior["coup"], 2 + prior["coup"]
    assert pytest.approx(math.log(one / (535 - one)) - math.log(two / (543 - two))) == table.loc["coup", "effect"]
    assert (5, 2, 5, 5) == tuple(table.loc["coup", ["count", "reference_count", "articles", "reference_articles"]])
    words = Words(corpus.columns.to_numpy(object), sparse.csc_array(corpus.to_numpy()))
    assert prior == pytest.approx(background(words))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_numbers_are_those_of_the_share_of_articles_that_hold_the_word(seed, periods):
    """`difference.compare` takes an article at a time, here it is counts: two ways to the same numbers."""
    rng = np.random.default_rng(seed)
    counts = pd.DataFrame(rng.poisson(rng.uniform(0.1, 1.5, 7), (40, 7)), columns=list("abcdefg"))
    period = rng.integers(0, periods, 40)
    design = build_design(range(15), range(15, 40), period)
    table = _compared(counts, 15, period).sort_values("feature").reset_index(drop=True)
    expected = compare(observe(design, (counts > 0).to_numpy(float)), list("abcdefg"), "share")
    expected = expected[expected["adjustment"] == "standardized"].sort_values("feature").reset_index(drop=True)
    expected = expected[expected["feature"].isin(table["feature"])]
    columns = ["estimate", "lower", "upper", "z", "p", "least", "detectable", "count", "reference_count"]
    np.testing.assert_allclose(table[columns].astype(float), expected[columns].astype(float), atol=1e-8)
    assert expected["test"].to_list() == table["test"].to_list()


def test_p_agrees_with_full_enumeration_and_with_fisher():
    """Five articles of ten, 252 ways; a word used twelve times in one article is held by one article."""
    wide = _dealt({"coup": (9, 2), "peru": (20, 20), "burst": (0, 0)})
    wide.loc["g0", "burst"] = 12
    table = _compared(wide).set_index("feature")
    held = (wide > 0).to_numpy(float)
    ways = [held[list(chosen)].sum(axis=0) for chosen in itertools.combinations(range(10), 5)]
    apart = np.abs(np.array(ways) - held.sum(axis=0) / 2)
    for place, word in enumerate(wide.columns):
        expected = (apart[:, place] >= apart[0, place] - 1e-9).mean()
        if table.loc[word, "test"] == "exact":
            assert pytest.approx(expected) == table.loc[word, "p"]
    assert pytest.approx(stats.fisher_exact([[5, 0], [2, 3]])[1]) == table.loc["coup", "p"]
    assert 1 == table.loc["burst", "p"]
    assert "no variation" == table.loc["peru", "test"]


def test_copies_on_a_side_count_once():
    """Ten prints of one text are one text: its words are no surer for them."""
    wide = pd.DataFrame({"coup": [1] * 10 + [0] * 10 + [0] * 20, "peru": 1})
    blocks = np.r_[np.zeros(10, int), np.arange(1, 31)]
    alone, copied = (_compared(wide, 20, blocks=of).set_index("feature").loc["coup"] for of in (None, blocks))
    assert alone["p"] < 0.001
    assert copied["p"] > 0.3
    assert 10 == copied["count"]


def test_long_articles_do_not_win():
    """Words of equal rates, the group's articles 1.6 times as long: p is small as often as chance makes it."""
    rng = np.random.default_rng(3)
    lengths = np.r_[rng.integers(30, 66, 40), rng.integers(15, 45, 160)]
    rates = rng.dirichlet(np.full(150, 0.5))
    shares = {True: [], False: []}
    for _ in range(8):
        words = Words(
            np.array([f"w{n:03}" for n in range(150)], object),
            sparse.csc_array(np.stack([rng.multinomial(n, rates) for n in lengths])),
        )
        design = build_design(range(40), range(40, 200))
        for matched in shares:
            one = match_length(design, words.tokens) if matched else design
            p = compare_words(words, one, prior=background(words))["p"]
            shares[matched].append((p <= 0.05).mean())
    assert np.mean(shares[False]) > 0.08
    assert np.mean(shares[True]) < 0.055


def test_a_word_is_compared_where_enough_articles_hold_it():
    """By both sides together, as the choice must not know which side holds it more."""
    assert {"coup", "peru", "vote", "mob"} == set(_compared(_dealt(), least=5)["feature"])
    assert {"coup", "peru", "vote"} == set(_compared(_dealt(), least=6)["feature"])


def test_a_phrase_counts_as_a_word_and_adds_no_tokens():
    """Of "state" and "emergency", always together, only the phrase is compared."""
    counts = _dealt({"state": (6, 1), "emergency": (6, 1), "state emergency": (6, 1), "peru": (9, 9), "lima": (4, 4)})
    words = Words(np.asarray(counts.columns, object), sparse.csc_array(counts.to_numpy(int)))
    assert [12 + 13, 2 + 13] == [words.tokens[:5].sum(), words.tokens[5:].sum()]
    assert {"state emergency", "peru", "lima"} == set(_compared(counts)["feature"])


def test_keyness_of_plain_texts():
    texts, others = ["A coup! The coup failed."] * 6, ["A vote in Lima: the vote failed."] * 5
    table = keyness_of_texts(texts, others, language="en").set_index("word")
    assert {"coup", "vote", "failed", "the", "in", "lima"} == set(table.index)
    one, two = 12 + 500 * 12 / 54, 500 * 12 / 54  # of 24 and 30 words, which together are the background
    expected = math.log(one / (524 - one)) - math.log(two / (530 - two))
    assert pytest.approx(expected) == table.loc["coup", "log_odds"]
    assert (12, 0, 6, 0) == tuple(table.loc["coup", ["count", "other_count", "articles", "other_articles"]])
    assert pytest.approx(1 / math.comb(11, 5)) == table.loc["coup", "p"]
    assert table.loc["coup", "q"] < 0.05
    assert table.loc["the", ["p", "q"]].isna().all()


@pytest.mark.parametrize("texts", [("one text", ["two"]), (["one"], "two texts")])
def test_keyness_refuses_a_bare_text(texts):
    with pytest.raises(TypeError, match="not one str"):
        keyness_of_texts(*texts, language="en")


def test_keyness_refuses_a_side_without_texts():
    with pytest.raises(EmptyGroup, match="the reference 'other_texts' holds no article"):
        keyness_of_texts(["A coup."], [], language="en")
