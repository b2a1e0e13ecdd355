"""Near-duplicates: signatures against plain integers and counted similarity, clusters against a search of all pairs."""

import random
from hashlib import blake2b
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import tables
from analysis.text import near_duplicates
from analysis.text.near_duplicates import THRESHOLD, clusters, signatures, word_numbers

WORDS = [f"w{number}" for number in range(60)]
TEXTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=12), max_size=6)


def signature(tokens, *, size=5):
    """MinHash of one text alone; empty where it has too few shingles."""
    _, signed = signatures(word_numbers(tokens), np.zeros(len(tokens), np.intp), size=size)
    return signed.ravel().tolist()


def _shingles(words, size):
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def _jaccard(left, right, size=5):
    one, other = _shingles(left, size), _shingles(right, size)
    return len(one & other) / len(one | other)


def _similarity(left, right):
    return np.mean(np.array(signature(left)) == np.array(signature(right)))


def test_a_signature_is_128_numbers_that_do_not_look_at_capitals():
    found = signature(WORDS)
    assert 128 == len(found)
    assert all(0 <= number < 2**32 for number in found)
    assert found == signature([word.upper() for word in WORDS])
    assert signature(["the", "mayor's", *WORDS]) == signature(["The", "mayor’s", *WORDS])


@pytest.mark.parametrize(("words", "size", "expected"), [(6, 5, 0), (7, 5, 128), (4, 3, 0), (5, 3, 128), (0, 3, 0)])
def test_a_text_of_less_than_three_shingles_has_none(words, size, expected):
    assert expected == len(signature(WORDS[:words], size=size))
    assert [] == signature(["no"] * 50)


def test_a_signature_is_the_least_hash_of_the_shingles_under_each_permutation():
    """Oracle: plain Python integers."""
    tokens = [*WORDS, *WORDS[:9], *reversed(WORDS)]
    hashes = set()
    for at in range(len(tokens) - 4):
        number = 0
        for token in tokens[at : at + 5]:
            word = int.from_bytes(blake2b(token.encode(), digest_size=8).digest(), "little")
            number = (number * 0x9E3779B97F4A7C15 + word) % 2**64
        number >>= 32
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            number = (number ^ number >> shift) * factor % 2**32
        hashes.add(number ^ number >> 16)
    factors, added = near_duplicates._permutations()
    # Published signatures were made with these.
    assert ([3582191691, 4270784983], [214548472, 3287733501]) == (factors[:2].tolist(), added[:2].tolist())
    pairs = zip(factors.tolist(), added.tolist(), strict=True)
    assert [min((factor * one + add) % 2**32 for one in hashes) for factor, add in pairs] == signature(tokens)


@pytest.mark.slow
@pytest.mark.parametrize("shared", [15, 30, 50])
def test_the_estimate_is_unbiased_and_has_the_standard_error_of_128_independent_numbers(shared):
    """100 pairs of texts: errors average to nothing, and their square to J(1 - J)/128."""
    chance, errors, variances = random.Random(shared), [], []
    for _ in range(100):
        words = [f"{chance.getrandbits(40):x}" for _ in range(60 + 60 - shared)]
        left, right = words[:60], [*words[:shared], *words[60:]]
        exact = _jaccard(left, right)
        errors.append(_similarity(left, right) - exact)
        variances.append(exact * (1 - exact) / 128)
    assert abs(np.mean(errors)) <= 4 * np.sqrt(np.mean(variances) / 100)
    assert pytest.approx(1, abs=0.5) == np.mean(np.square(errors)) / np.mean(variances)


@given(TEXTS, st.integers(1, 5))
def test_texts_signed_together_have_the_signatures_they_have_alone(texts, size):
    """No shingle reaches from one text into the next; texts of less than three different ones are left out."""
    words = [word for text in texts for word in text]
    owners = np.repeat(np.arange(len(texts), dtype=np.intp), [len(text) for text in texts])
    whose, found = signatures(word_numbers(words), owners, size=size)
    alone = {number: signed for number, text in enumerate(texts) if (signed := signature(text, size=size))}
    assert alone == dict(zip(whose.tolist(), found.tolist(), strict=True))
    assert [number for number, text in enumerate(texts) if len(_shingles(text, size)) >= 3] == whose.tolist()


def _tables(*rows):
    """Signatures and articles from (article, published, title words, body words)."""
    signed = [
        (article, scope, signature(words, size=size))
        for article, _, title, body in rows
        for scope, size, words in (("title", 3, title), ("text", 5, body))
    ]
    articles = pd.DataFrame(
        {"article": [row[0] for row in rows], "published": pd.to_datetime([row[1] for row in rows])}
    )
    return pd.DataFrame(signed, columns=tables.SIGNATURES.names), articles


def _clusters(signatures, articles):
    schema = pa.schema({"article": pa.string(), "scope": pa.string(), "minhash": pa.list_(pa.uint32())})
    table = pa.Table.from_pandas(signatures, schema, preserve_index=False)
    return clusters(articles, lambda scope: [table.filter(pa.compute.equal(table["scope"], scope))])


def _heads(*rows):
    found = _clusters(*_tables(*rows))
    return dict(zip(found["article"], found["head"], strict=True))


def test_the_earliest_heads_a_cluster_ties_by_article():
    body = WORDS[:40]
    rows = [
        ("c", "2022-12-07T10:00Z", WORDS[40:50], body),
        ("b", "2022-12-08T10:00Z", WORDS[45:55], [*body[:-1], "x"]),
        ("a", "2022-12-08T10:00Z", WORDS[50:60], body),
        ("d", "2022-12-06T10:00Z", WORDS[40:50], WORDS[20:60]),
    ]
    assert {"a": "c", "b": "c", "c": "c", "d": "d"} == _heads(*rows)
    later = [(article, "2022-12-08T10:00Z", title, body) for article, _, title, body in rows]
    assert {"a": "a", "b": "a", "c": "a", "d": "d"} == _heads(*later)


def test_titles_count_only_where_a_body_is_missing():
    title = WORDS[:10]
    rows = [
        ("full-1", "2022-12-07", title, WORDS[10:40]),
        ("full-2", "2022-12-08", title, WORDS[30:60]),
        ("bare", "2022-12-09", title, []),
    ]
    assert {"full-1": "full-1", "full-2": "full-2"} == _heads(*rows[:2])
    assert {"full-1": "full-1", "bare": "full-1"} == _heads(rows[0], rows[2])
    assert {"full-1": "full-1", "full-2": "full-1", "bare": "full-1"} == _heads(*rows)


def test_an_article_without_signature_or_copy_heads_itself():
    signatures, articles = _tables(("a", "2022-12-07", [], []), ("b", "2022-12-07", WORDS[:10], WORDS[:30]))
    expected = pd.DataFrame({"article": ["a", "b"], "head": ["a", "b"], "similarity": [0.0, 0.0]})
    pd.testing.assert_frame_equal(expected, _clusters(signatures, articles), check_dtype=False)


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 25)), min_size=2, max_size=10))
def test_clusters_are_the_connected_components_of_all_pairs(recipes):
    """Oracle: every pair compared, components grown by repeated merging; bodies are versions of four base texts."""
    rows = [
        (f"a{number}", f"2022-12-{number + 1:02d}", [], [f"{base}-{at + changed}" for at in range(60)])
        for number, (base, changed) in enumerate(recipes)
    ]
    signatures, articles = _tables(*rows)
    numbers = {row.article: row.minhash for row in signatures.itertuples() if row.scope == "text"}
    groups = [{article} for article in numbers]
    for left, right in combinations(numbers, 2):
        if np.mean(np.array(numbers[left]) == np.array(numbers[right])) >= THRESHOLD:
            joined = [group for group in groups if group & {left, right}]
            groups = [group for group in groups if group not in joined] + [set().union(*joined)]
    expected = {article: min(group, key=lambda name: int(name[1:])) for group in groups for article in group}
    found = _clusters(signatures, articles)
    assert expected == dict(zip(found["article"], found["head"], strict=True))
