"""Copies: clusters against a search of all pairs."""

from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import tables
from analysis.text.minhash import signature
from analysis.text.near_duplicates import reprint_clusters, similarity

WORDS = [f"w{number}" for number in range(60)]


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


def _heads(*rows, **options):
    found = reprint_clusters(*_tables(*rows), **options)
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
    pd.testing.assert_frame_equal(expected, reprint_clusters(signatures, articles), check_dtype=False)
    assert [] == reprint_clusters(signatures, articles.head(0))["article"].to_list()


@pytest.mark.parametrize("threshold", [0.2, 1.1])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match=r"it lies between 0\.3 and 1"):
        reprint_clusters(*_tables(), threshold=threshold)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 25)), min_size=2, max_size=10), st.sampled_from([0.4, 0.7]))
def test_clusters_are_the_connected_components_of_all_pairs(recipes, threshold):
    """Oracle: every pair compared, components grown by repeated merging; bodies are versions of four base texts."""
    rows = [
        (f"a{number}", f"2022-12-{number + 1:02d}", [], [f"{base}-{at + changed}" for at in range(60)])
        for number, (base, changed) in enumerate(recipes)
    ]
    signatures, articles = _tables(*rows)
    numbers = {row.article: row.minhash for row in signatures.itertuples() if row.scope == "text"}
    groups = [{article} for article in numbers]
    for left, right in combinations(numbers, 2):
        if similarity(numbers[left], numbers[right]) >= threshold:
            joined = [group for group in groups if group & {left, right}]
            groups = [group for group in groups if group not in joined] + [set().union(*joined)]
    expected = {article: min(group, key=lambda name: int(name[1:])) for group in groups for article in group}
    found = reprint_clusters(signatures, articles, threshold=threshold)
    assert expected == dict(zip(found["article"], found["head"], strict=True))
