"""Ids seen: what a dictionary would say."""

from hypothesis import given
from hypothesis import strategies as st

from analysis.readers import seen


@given(st.lists(st.text(max_size=3)), st.integers(0, 5))
def test_ids_are_found_where_they_were_read(articles, few):
    """However few are kept apart before they are sorted in; an id that ends in what arrays strip is another id."""
    with_few, seen._FEW = seen._FEW, few
    try:
        found, expected = seen.Seen(), {}
        for place, article in enumerate(articles):
            assert expected.get(article) == found.get(article)
            if article not in expected:
                expected[article] = place
                found.add(article, place)
        assert [expected.get(article) for article in [*articles, "never"]] == [
            found.get(article) for article in [*articles, "never"]
        ]
    finally:
        seen._FEW = with_few


def test_digests_that_end_in_nought_are_told_apart(monkeypatch):
    """numpy strips noughts at the end of bytes: two digests of one length stay different all the same."""
    monkeypatch.setattr(seen, "_FEW", 0)
    digests = {"a": b"\x00" * 16, "b": b"\x01" + b"\x00" * 15, "c": b"\x00" * 15 + b"\x01"}
    monkeypatch.setattr(seen, "_digest", digests.__getitem__)
    found = seen.Seen()
    for place, article in enumerate("ab"):
        found.add(article, place)
    assert [0, 1, None] == [found.get(article) for article in "abc"]
