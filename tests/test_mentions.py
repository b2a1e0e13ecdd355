"""Mentions: places, surnames, voices."""

import pandas as pd
import pytest
from benchmarks.gold import f1, mention_counts
from hypothesis import given, settings
from hypothesis import strategies as st
from ministudy import actors, gazetteer, labels

from analysis import tables
from analysis.errors import LanguageError
from analysis.study import load_study
from analysis.text.gazetteer import Gazetteer, strip_accents
from analysis.text.mentions import find_mentions

RIVAS = (
    ("ada", "*", "Ada Rivas", "exact", None, None),
    ("ada", "*", "Rivas", "exact", "yes", None),
    ("leo", "*", "Leo Rivas", "exact", None, None),
    ("leo", "*", "Rivas", "exact", "yes", None),
)
DEFAULT = (*RIVAS[:3], ("leo", "*", "Rivas", "exact", "default", None))


def _entries(text, rows):
    found = find_mentions(text, gazetteer(*rows), language="en")
    return [None if pd.isna(entry) else entry for entry in found["entry"]]


@pytest.mark.parametrize(
    ("text", "rows", "expected"),
    [
        ("Rivas left.\nThen Ada Rivas spoke.", RIVAS, ["ada", "ada"]),
        ("Ada Rivas left. Rivas spoke.", DEFAULT, ["ada", "ada"]),
        ("Rivas left.", DEFAULT, ["leo"]),
        ("Rivas left.", RIVAS, [None]),
        ("Ada Rivas left. Leo Rivas came. Rivas spoke.", RIVAS, ["ada", "leo", "leo"]),
        ("Rivas spoke. Ada Rivas left. Leo Rivas came.", RIVAS, ["ada", "ada", "leo"]),
        ("Riva left.", RIVAS, []),
    ],
)
def test_surnames(text, rows, expected):
    assert expected == _entries(text, rows)


def test_a_possessive_is_not_part_of_the_mention():
    found = find_mentions("Ada Rivas’s aide and Leo Rivas's", gazetteer(*RIVAS), language="en")
    assert [(0, 9), (21, 30)] == list(zip(found["start"], found["end"], strict=True))


def test_a_row_says_all_but_the_tone():
    both = Gazetteer.from_tables(actors(RIVAS[0]), labels(("crowd", "mob", "en", "mob", "any")))
    text = "A quiet day\nThe “Mob” met Ada Rivas. She said that the mob had left."
    found = find_mentions(text, both, language="en", article="h-1")
    assert [
        ("h-1", 1, 17, 20, "labels", "crowd:mob", "mob", "quoted"),
        ("h-1", 1, 26, 35, "actors", "ada", "Ada Rivas", "own"),
        ("h-1", 2, 55, 58, "labels", "crowd:mob", "mob", "attributed"),
    ] == [tuple(row)[:8] for row in found.itertuples(index=False)]
    assert found["valence"].isna().all()
    assert tables.MENTIONS.names == list(found)


def test_a_mention_does_not_cross_a_sentence():
    assert [] == _entries("They met Ada\nRivas did not come? No.", (RIVAS[0],))


def test_a_text_without_mentions_gives_an_empty_table():
    assert tables.MENTIONS.names == list(find_mentions("", gazetteer(*RIVAS), language="pl"))


def test_a_language_without_rules_is_refused():
    with pytest.raises(LanguageError, match="no rules for language 'fr'"):
        find_mentions("Salut", gazetteer(*RIVAS), language="fr")


ALIASES = ["Perú", "coup d'état", "self-coup", "Ada Rivas", "U.S.", "York", "New York", "Łódź"]
PIECES = st.sampled_from(
    [
        *ALIASES,
        "PERU",
        "coup d’état",
        "lodz",
        "Rivas",
        "New  York",
        "’s",
        "'s",
        ". ",
        " ",
        "\n",
        "“",
        "”",
        "-",
        "the ",
        "x",
    ]
)


def _plain(text):
    """Oracle of "up to capitals, accents and white space", without the library's own keys for them."""
    return " ".join(strip_accents(text).casefold().replace("’", "'").split())


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=20).map("".join), st.text()), st.sampled_from(tables.LANGUAGES))
def test_the_text_at_a_mention_is_its_alias(text, language):
    rows = [(alias, "*", alias, "any", None, "yes") for alias in ALIASES]
    found = find_mentions(text, gazetteer(*rows), language=language)
    last = 0
    for row in found.itertuples():
        assert _plain(row.alias) == _plain(text[row.start : row.end])
        assert not text[row.end : row.end + 1].isalnum()
        assert not text[: row.start][-1:].isalnum()
        assert last <= row.start
        last = row.end


def test_mentions_of_the_gold():
    """F1 of exact span and actor on all mentions of the Castillo study, which two coders found by reading."""
    counts = mention_counts(load_study("castillo-2022"))
    assert 919 == counts["right"] + counts["missed"]
    assert f1(**counts) >= 0.97
