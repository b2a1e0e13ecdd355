"""Function words: in which languages, which words, and which not."""

import tomllib
from pathlib import Path

import pytest

from analysis import instruments
from analysis.instruments import function_words


@pytest.mark.parametrize(
    ("language", "small", "telling"),
    [
        ("en", {"the", "its", "were", "’s"}, {"not", "no", "removal", "left", "against", "us"}),
        ("es", {"el", "según", "está"}, {"no", "sin", "golpe", "contra"}),
        ("pt", {"ao", "pelo", "são"}, {"não", "sem", "golpe"}),
        ("pl", {"się", "który", "ze"}, {"nie", "bez", "prezydent"}),
    ],
)
def test_small_words_are_listed_and_words_that_tell_something_are_not(language, small, telling):
    """Negations are no small words: what is denied is said."""
    listed = function_words(language)
    assert small <= listed
    assert not telling & listed


def test_a_region_does_not_matter_and_a_language_without_a_list_has_none():
    assert function_words("pt") == function_words("pt-BR")
    assert frozenset() == function_words("qu") == function_words(None)


def test_every_listed_word_is_a_word_as_terms_are_and_listed_once():
    file = Path(instruments.__file__).with_name("function_words.toml")
    for words in tomllib.loads(file.read_text(encoding="utf-8")).values():
        assert words == words.casefold()
        assert len(words.split()) == len(set(words.split()))
