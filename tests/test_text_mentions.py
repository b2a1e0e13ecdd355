"""Mentions: places, surnames, voices."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.gold import f1, mention_counts
from hypothesis import given
from hypothesis import strategies as st
from ministudy import actors, gazetteer, labels

from analysis import tables
from analysis.study import load_study
from analysis.text.gazetteer import Gazetteer, strip_accents
from analysis.text.mentions import find_mentions, parse
from analysis.text.sentences import split_sentences
from analysis.text.tokens import tokenize
from analysis.text.voice import quoted_spans

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
    assert found["sentiment"].isna().all()
    assert tables.MENTIONS.names == list(found)


def test_a_mention_does_not_cross_a_sentence():
    assert [] == _entries("They met Ada\nRivas did not come? No.", (RIVAS[0],))


def test_a_text_without_mentions_gives_an_empty_table():
    assert tables.MENTIONS.names == list(find_mentions("", gazetteer(*RIVAS), language="pl"))


ALIASES = ["Perú", "coup d'état", "self-coup", "Ada Rivas", "U.S.", "York", "New York", "Łódź"]
OTHERS = ["PERU", "coup d’état", "lodz", "Rivas", "New  York", "’s", "'s", ". ", " ", "\n", "“", "”", "-", "the ", "x"]
PIECES = st.sampled_from([*ALIASES, *OTHERS])


def _plain(text):
    """Oracle of "up to capitals, accents and white space", without the library's own keys for them."""
    return " ".join(strip_accents(text).casefold().replace("’", "'").split())


@pytest.mark.slow
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


@pytest.mark.slow
def test_mentions_of_the_gold():
    """F1 of exact span and actor on all mentions of the Castillo study, which two coders found by reading."""
    counts = mention_counts(load_study("castillo-2022"))
    assert 919 == counts["right"] + counts["missed"]
    assert f1(**counts) >= 0.97


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        # A period that ends the sentence is also the alias's.
        ("es", "Viajó a EE.UU. Volvió de EE. UU. ayer a Minas Ltda.", ["EE.UU.", "EE. UU.", "Minas Ltda."]),
        ("en", "RIVAS OUSTED BY PARLIAMENT", ["RIVAS"]),
        ("en", "The RIVAS file", []),
        ("en", "#AdaRivas trended, #adarivas too, AdaRivas did not", ["AdaRivas", "adarivas"]),
        ("en", "the Rivas-Ayala ticket, a Rivas-Soto one", ["Rivas", "Ayala"]),
    ],
)
def test_names_as_they_are_typed(language, text, expected):
    aliases = ("EE.UU.", "EE. UU.", "Minas Ltda.", "Ada Rivas", "Rivas", "Ayala")
    rows = [(alias, "*", alias, "exact", None, None) for alias in aliases]
    found = find_mentions(text, gazetteer(*rows), language=language)
    assert expected == [text[start:end] for start, end in zip(found["start"], found["end"], strict=True)]


def test_a_surname_after_an_office_means_who_was_named_with_it_else_the_default():
    text = "Leo Rivas fell. {} Ada Rivas cheered. President Rivas was flown out."
    assert ["leo", "ada", "leo"] == _entries(text.format("His cousin"), DEFAULT)
    assert ["leo", "ada", "ada"] == _entries(text.format("Then President"), DEFAULT)


def test_a_sentence_without_a_stop_is_looked_at_once(monkeypatch):
    """Captions: a thousand mentions in one sentence, whose voice is worked out once."""
    calls = []
    monkeypatch.setattr("analysis.text.mentions.reported", lambda forms, **_: calls.append(1) or [False] * len(forms))
    assert 1000 == len(_entries("said Rivas " * 1000, DEFAULT))
    assert [1] == calls


TEXT = st.one_of(st.text(), st.text("aB. “”‘’\"'\n,n't", max_size=60))


@given(st.lists(TEXT, max_size=4), st.sampled_from(tables.LANGUAGES))
def test_everything_is_where_it_says(texts, language):
    """And nothing depends on the other texts."""
    parsed = parse(texts, language=language)
    for number, text in enumerate(texts):
        own = np.flatnonzero(parsed.owners == number)
        spans = [(int(parsed.starts[row]), int(parsed.ends[row])) for row in own]
        assert split_sentences(text, language=language) == spans
        assert [text[start:end] for start, end in spans] == [parsed.sentences[row] for row in own]
        places = [at for row in own for at in range(parsed.bounds[row], parsed.bounds[row + 1])]
        shifts = parsed.starts[parsed.tokens.rows]
        found = [(int((shifts + parsed.tokens.starts)[at]), int((shifts + parsed.tokens.ends)[at])) for at in places]
        assert tokenize(text, language=language).spans == found
        assert [text[start:end] for start, end in found] == [form for row in own for form in parsed.forms(row)]
        quotes = quoted_spans(text)
        flags = [any(a <= start and end <= b for a, b in quotes) for start, end in found]
        assert flags == [parsed.quoted[at] for at in places]
