"""Which alias matches which tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministudy import actors, gazetteer, labels

from analysis.errors import GazetteerError
from analysis.text.gazetteer import Gazetteer, Matcher, conflicts, key, strip_accents

CITIES = (
    ("york", "*", "York", "exact", None, None),
    ("new-york", "*", "New York", "exact", None, None),
    ("new-york-times", "*", "New York Times", "exact", None, None),
)


def _matches(matcher: Matcher, text: str, language: str = "en") -> list[tuple[int, int, tuple[str, ...]]]:
    found = matcher.match(text.split(), language=language)
    return [(match.first, match.last, tuple(alias.entry for alias in match.aliases)) for match in found]


def _actors(*rows):
    return gazetteer(*rows).matchers["actors"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in New York today", [(1, 2, ("new-york",))]),
        ("the New York Times in York", [(1, 3, ("new-york-times",)), (5, 5, ("york",))]),
        ("Yorkshire and New Yorkers", []),
        ("New New York", [(1, 2, ("new-york",))]),
        ("new york", []),
        ("New", []),
    ],
)
def test_the_longest_alias_wins_and_only_whole_tokens_match(text, expected):
    assert expected == _matches(_actors(*CITIES), text)


@pytest.mark.parametrize(
    ("row", "text", "expected"),
    [
        (("a", "*", "congress", "any", None, None), "CONGRESS", True),
        (("a", "*", "Congress", "exact", None, None), "congress", False),
        (("a", "*", "Perú", "exact", None, "yes"), "Peru", True),
        (("a", "*", "Perú", "exact", None, None), "Peru", False),
        (("a", "*", "Peru", "exact", None, "yes"), "Perú", False),
        (("a", "*", "Łódź", "any", None, "yes"), "lodz", True),
        (("a", "*", "d'Ayala", "exact", None, None), "d’Ayala", True),
        (("a", "pl", "Rada", "exact", None, None), "Rada", False),
        (("a", "en", "U.S.", "exact", None, None), "U.S.", True),
        (("a", "*", "Perú", "exact", None, None), "Perú", True),
    ],
)
def test_capitals_accents_and_languages(row, text, expected):
    assert expected == bool(_matches(_actors(row), text))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (("a", "*", "May", "exact", None, None), ("b", "*", "may", "any", None, None)),
        (("a", "en", "May", "exact", None, None), ("b", "*", "May", "exact", None, None)),
        (("a", "*", "May", "any", None, None), ("b", "en", "May", "exact", "default", None)),
    ],
)
def test_the_more_exact_row_wins_whatever_the_order(better, worse):
    for rows in ([better, worse], [worse, better]):
        assert [(0, 0, ("a",))] == _matches(_actors(*rows), "May")


def test_a_shared_surname_matches_every_bearer():
    rows = (("leo", "en", "Rivas", "exact", "default", None), ("ada", "*", "Rivas", "exact", "yes", None))
    assert [(0, 0, ("ada", "leo"))] == _matches(_actors(*rows), "Rivas")


def test_actors_and_labels_match_independently():
    both = Gazetteer.from_tables(
        actors(("ada", "*", "Ada Rivas", "exact", None, None)), labels(("act", "ouster", "en", "oust Ada Rivas", "any"))
    )
    text = "to oust Ada Rivas"
    assert [(2, 3, ("ada",))] == _matches(both.matchers["actors"], text)
    assert [(1, 3, ("act:ouster",))] == _matches(both.matchers["labels"], text)


def test_an_alias_of_two_actors_is_a_conflict():
    rows = actors(("b", "en", "Rivas", "exact", None, None), ("a", "en", "Rivas", "exact", "yes", None))
    assert [("Rivas", ["a", "b"])] == conflicts(rows)
    message = "alias 'Rivas' belongs to a and b. Keep one, or mark both as surname"
    with pytest.raises(GazetteerError, match=message):
        Gazetteer.from_tables(rows, labels())


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("a", "*", "Rivas", "exact", "yes", None), ("b", "*", "Rivas", "exact", "default", None)], 0),
        ([("a", "*", "Rivas", "exact", "default", None), ("b", "*", "Rivas", "exact", "default", None)], 1),
        ([("a", "en", "Rada", "exact", None, None), ("b", "pl", "Rada", "exact", None, None)], 0),
        ([("a", "en", "rada", "any", None, None), ("b", "en", "RADA", "any", None, None)], 1),
        ([("a", "en", "Rada", "exact", None, None), ("a", "en", "rada", "any", None, None)], 0),
    ],
)
def test_conflicts(rows, expected):
    assert expected == len(conflicts(actors(*rows)))


WORDS = st.lists(st.sampled_from(["New", "York", "Times", "Lima", "x"]), max_size=12)


@given(WORDS, st.sets(st.lists(st.sampled_from(["New", "York", "Times", "Lima"]), min_size=1, max_size=3).map(tuple)))
def test_agrees_with_a_search_alias_by_alias(words, aliases):
    """Oracle: at each place, try every alias from the longest."""
    rows = [(" ".join(alias), "*", " ".join(alias), "exact", None, None) for alias in aliases]
    expected, at = [], 0
    while at < len(words):
        fitting = [alias for alias in aliases if tuple(words[at : at + len(alias)]) == alias]
        size = max(map(len, fitting), default=0)
        if size:
            expected.append((at, at + size - 1, (" ".join(words[at : at + size]),)))
        at += size or 1
    assert expected == _matches(_actors(*rows), " ".join(words))


@given(st.text())
def test_keys_have_no_accents_or_capitals(text):
    assert key(text) == key(text.casefold()) or any(character in "’ʼ‘‐‑" for character in text)
    # U+034F joins graphemes and is no accent.
    assert not any("\u0300" <= character <= "\u036f" for character in strip_accents(text) if character != "\u034f")


def test_names_of_a_mapping_match_as_written():
    names = Gazetteer({"New York": ["New York", "NYC"], "York": ["York"]})
    assert [(0, 1, ("New York",)), (3, 3, ("York",))] == _matches(names.matchers["actors"], "New York and York")
    with pytest.raises(GazetteerError, match="'Rivas' belongs to a and b"):
        Gazetteer({"a": ["Rivas"], "b": ["Rivas"]})


def test_tables_and_single_strings_are_refused_at_once():
    with pytest.raises(TypeError, match=r"use Gazetteer\.from_tables"):
        Gazetteer(actors())
    with pytest.raises(TypeError, match="give a list"):
        Gazetteer({"a": "Rivas"})
