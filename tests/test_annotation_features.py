"""A chunk of texts → its rows of the features: counted by hand, and alike whatever stands beside a text."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ministudy import gazetteer
from test_text_near_duplicates import signature

from analysis import tables
from analysis.annotation.features import OF_ARTICLE, chunk_features, guess_body_kind
from analysis.paths import text_digest
from analysis.text.sentences import split_sentences
from analysis.text.tokens import is_word, tokenize

RIVAS = gazetteer(("ada-rivas", "*", "Rivas", "exact", "default", None))


def _texts(*rows):
    """TEXTS from (article, language, title, body)."""
    frame = pd.DataFrame(rows, columns=["article", "language", "title", "body"])
    published = pd.Timestamp("2022-12-07T15:00Z").as_unit("us")
    frame["body_kind"] = frame["article"].map({"b": "caption"}).fillna("")
    return frame.assign(outlet="herald", published=published, url="", source="feed", source_sha256="0" * 64)


def _features(*rows):
    return {name: table.to_pylist() for name, table in chunk_features(_texts(*rows), RIVAS).items()}


def test_a_text_is_counted_by_hand():
    """Two words of title, six of first paragraph, of which two are quoted, two of the rest."""
    found = _features(("a", "en", "Rivas wins", "Rivas said “she won”. It rained.\nThe end"))
    (article,) = found["ARTICLES"]
    text = "Rivas wins\nRivas said “she won”. It rained.\nThe end"
    assert {"characters": 51, "sentences": 4, "tokens": 10, "title_tokens": 2, "lede_tokens": 6} == {
        name: article[name] for name in ("characters", "sentences", "tokens", "title_tokens", "lede_tokens")
    }
    assert hashlib.sha256(text.encode()).hexdigest() == article["text_sha256"] == text_digest(text)
    rows = [(row["part"], text[row["start"] : row["end"]], row["tokens"], row["quoted"]) for row in found["SENTENCES"]]
    assert [
        ("title", "Rivas wins", 2, 0),
        ("lede", "Rivas said “she won”.", 4, 0.5),
        ("lede", "It rained.", 2, 0),
        ("rest", "The end", 2, 0),
    ] == rows
    terms = {(row["part"], row["term"]): row["count"] for row in found["TERMS"] if " " not in row["term"]}
    title = dict.fromkeys((("title", "rivas"), ("title", "wins"), ("rest", "the"), ("rest", "end")), 1)
    lede = dict.fromkeys((("lede", word) for word in ("rivas", "said", "she", "won", "it", "rained")), 1)
    assert title | lede == terms
    phrases = [(row["part"], row["term"]) for row in found["TERMS"] if " " in row["term"]]
    assert [("title", "rivas wins"), ("lede", "rivas said")] == phrases
    places = [(row["sentence"], text[row["start"] : row["end"]], row["voice"]) for row in found["MENTIONS"]]
    assert [(0, "Rivas", "own"), (1, "Rivas", "own")] == places


def test_phrases_are_of_neighbours_in_a_sentence_and_neither_begin_nor_end_in_a_function_word():
    text = "A state of emergency in Lima, Peru. Emergency in Lima: Peru's state of emergency."
    found = _features(("a", "en", text, ""))["TERMS"]
    assert {"state of emergency": 2, "emergency in lima": 2} == {
        row["term"]: row["count"] for row in found if " " in row["term"]
    }


def test_the_signature_of_a_text_is_its_bodys():
    title, body = "One two three four five", "one two three four five six seven eight"
    found = {row["scope"]: row["minhash"] for row in _features(("a", "en", title, body))["SIGNATURES"]}
    assert signature(title.split(), size=3) == found["title"]
    assert signature(body.split(), size=5) == found["text"]
    assert [[], []] == [row["minhash"] for row in _features(("a", "en", "Short", ""))["SIGNATURES"]]


def test_rows_are_in_the_order_of_the_articles_whatever_their_language():
    rows = [("c", "en", "C c", "Rivas."), ("a", "pl", "A a", "Rivas."), ("b", "en", "B b", "Rivas.")]
    found = _features(*rows)
    for name in OF_ARTICLE:
        assert ["a", "b", "c"] == list(dict.fromkeys(row["article"] for row in found[name])), name
    assert ["pl", "en", "en"] == [row["language"] for row in found["ARTICLES"]]
    assert ["summary", "caption", "summary"] == [row["body_kind"] for row in found["ARTICLES"]]
    assert found == _features(*rows[::-1])


TEXT = st.text(max_size=30) | st.sampled_from(["Rivas said “no”.", "It’s Rivas.\nMore.", " \n ", "“", "Rivas Rivas"])
ROW = st.tuples(st.sampled_from(tables.LANGUAGES), TEXT, TEXT)


@pytest.mark.slow
@settings(max_examples=20)
@given(st.lists(ROW, min_size=1, max_size=4))
@example([("en", "", ""), ("pl", "\n", "\n\n")])
def test_an_article_has_the_rows_it_has_alone_and_they_agree_with_its_text(rows):
    """Any Unicode, empty titles and bodies too."""
    named = [(f"a{number}", *row) for number, row in enumerate(rows)]
    together = _features(*named)
    for article, language, title, body in named:
        alone = _features((article, language, title, body))
        for name, found in alone.items():
            mine = [row for row in together[name] if row["article"] == article]
            np.testing.assert_equal(mine, found)
        text = f"{title}\n{body}"
        spans = split_sentences(text, language=language)
        assert spans == [(row["start"], row["end"]) for row in alone["SENTENCES"]]
        words = [span for span in tokenize(text, language=language).spans if is_word(text[slice(*span)])]
        (counted,) = alone["ARTICLES"]
        uses = sum(row["count"] for row in alone["TERMS"] if " " not in row["term"])
        assert len(words) == counted["tokens"] == uses
        assert len(words) == sum(row["tokens"] for row in alone["SENTENCES"])
        assert sum(end <= len(title) for _, end in words) == counted["title_tokens"]
        assert all(row["alias"] == text[row["start"] : row["end"]] for row in alone["MENTIONS"])


@pytest.mark.parametrize(
    ("body", "source", "expected"),
    [
        ("", "text", "none"),
        ("A march. (Ann Ode/Getty Images)", "feed", "caption"),
        ("A march. (Ann Ode/Reuters, File Photo)", "feed", "caption"),
        ("A march. (Ann Ode via AFP)", "feed", "caption"),
        ("A march in Lima. REUTERS/Ann Ode", "feed", "caption"),
        ("A march. (Photo by Ann Ode)", "feed", "caption"),
        ("A march. Photographer: Ann Ode/Bloomberg", "feed", "caption"),
        ("A march. (Ann Ode/Getty Images)", "page", "full"),
        ("Lima (AP) -- A march was held.", "feed", "summary"),
        ("It took the photo (of the army) away.", "feed", "summary"),
    ],
)
def test_what_a_body_holds_is_guessed(body, source, expected):
    assert expected == guess_body_kind(body, source)
