"""Where sentences end: by Punkt, by the gold, and case by case on invented sentences of four languages."""

from functools import partial

import pytest
from benchmarks.gold import boundary_f1
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import LanguageError
from analysis.tables import LANGUAGES
from analysis.text import sentences as boundaries
from analysis.text.gazetteer import Gazetteer
from analysis.text.mentions import find_mentions
from analysis.text.sentences import split_sentences
from analysis.text.tokens import tokenize

LANGUAGE = st.sampled_from(LANGUAGES)
#: Any Unicode, and texts dense in what the rules look at.
TEXT = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            [".", "?", "!", "…", " ", "\n", '"', "“", "”", "‘", "’", "'", "U.S.", "Mr.", "no", "5", "A", "ą", "-"]
        ),
        max_size=40,
    ).map("".join),
)


def _sentences(text, language):
    return [text[start:end] for start, end in split_sentences(text, language=language)]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["The vote passed.", "Nobody cheered."]),
        ("en", ["Mr. Ayala met J. Rivas on Dec. 7.", "It rained."]),
        ("en", ["J. P. Rivas and A.B. Ayala met.", "They talked."]),
        ("en", ["It was plan B.", "The vote failed."]),
        ("en", ["He flew to the U.S. Embassy.", "He left the U.S.", "The army stayed."]),
        ("en", ["Washington, D.C. police came to Washington, D.C.", "The march began."]),
        ("en", ['"Why now?" she asked.', '"Because."']),
        ("en", ["She said: “We lost.”", "(He did not.)", "They left."]),
        ("en", ["“We stay.”", "Then they left (at 5 p.m. Monday).", "All was quiet!"]),
        ("en", ["She left at 6 p.m.", "The rest stayed."]),
        ("en", ["It was No. 2 of the list.", "She said no.", "Peace held."]),
        ("en", ["Wait...", "He left.", "Nothing … and then."]),
        ("en", ["The Gov. Rivas spoke.", "iPhone sales rose to $3.5 million.", "12 firms fell."]),
        ("en", ["LIMA, Peru (AP) — Rivas left.", "She did not return."]),
        ("en", ["LIMA, Dec. 7 (Reuters) - Rivas left.", "She did not return."]),
        ("en", ["1. A list's first item is one sentence.", "It goes on."]),
        ("en", ["1. First item.", "2. Second item.", "3. Third."]),
        ("en", ["“Why?” Rivas asked.", "Nobody knew."]),
        ("en", ['"Why now?" Mr. J. Rivas said, and left.', '"No!"', "Ayala said nothing."]),
        ("en", ["“Why?”", "Rivas left.", "“Stop!”", "The man who was there said no."]),
        ("en", ["Brig. Gen. Soto met Msgr. Paz.", "Nobody followed."]),
        ("es", ["El nº. 4 es Rivas.", "El Crnl. Ayala y la Vda. de Paz viven en la Urb. Sol."]),
        ("pt", ["Há casos, p. ex. Lima.", "O Gal. Rivas e o Des. Ayala saíram."]),
        ("pl", ["Gen. bryg. Rivas i prok. Ayala wyszli.", "Padało."]),
        ("es", ["El Sr. Ayala viajó a EE.UU. ayer.", "¿Volverá?", "Nadie lo sabe."]),
        ("es", ["Llegó a las 5 p. m. del lunes.", "J. L. Rivas viajó a EE. UU.", "El viaje fue largo."]),
        ("es", ["El tren llegó a las 5 p. m.", "Rivas no estaba."]),
        ("es", ["«No me voy», dijo.", "«Jamás.»", "Y se fue."]),
        ("es", ["La firma Arel S.A. cerró.", "El Gral. Rivas y la Dra. Ayala callaron."]),
        ("es", ["LIMA (EFE).- El Congreso votó.", "Nadie habló."]),
        ("pt", ["O Sr. Ayala chegou ontem.", "Ninguém viu."]),
        ("pt", ["SÃO PAULO, 7 dez (Reuters) - A Sra. Ayala saiu.", "Voltou tarde."]),
        ("pt", ["— Vamos? — perguntou ela.", "— Já."]),
        ("pt", ["No art. 5 da lei, pág. 3, J. M. Rivas leu isso.", "Nada mais."]),
        ("pl", ["Mówił m.in. o drogach za 5 mln zł w ub. roku.", "Potem wyszedł."]),
        ("pl", ["- Nie wiem.", "- To koniec? - zapytał."]),
        ("pl", ["Gen. Rivas i dr hab. J. Ayala rozmawiali.", "W 2021 r. Rivas wygrał."]),
        ("pl", ["Było to dawno, w 1987 r.", "Remont trwał długo."]),
        ("pl", ["„Nie wrócę” – powiedział.", "„Nigdy.”", "Wyszedł."]),
        ("pl", ["Żył na pocz. XX wieku.", "Tu umarł."]),
        ("pl", ["LIMA (PAP).", "Prezydent mieszka przy ul. Długiej nr 5."]),
    ],
)
def test_sentences(language, expected):
    assert expected == _sentences(" ".join(expected), language)


def test_a_headline_without_an_end_is_a_sentence_of_its_own():
    lines = ["No end of headline", "A first paragraph.", "And more"]
    assert lines == _sentences("\n\r\n \n".join(lines), "en")


def test_where_they_stand_is_told_without_the_white_space_around_them():
    assert [(2, 8), (11, 17)] == split_sentences("  A vot.   A man.\n ", language="en")


BEFORE = st.sampled_from(["inc", "Inc", "Jan", "blvd", "co", "Rivas", "town", "vote", "semi-co", "12", "2,5"])
AFTER = st.sampled_from(["The", "He", "Rivas", "Monday", "the", "he", "Police", "It", "X", "12"])


@given(BEFORE, st.sampled_from([".", "?", "!"]), AFTER)
def test_a_sentence_ends_where_punkt_says_so(before, mark, after):
    """Punkt with our abbreviations and starters; with us a small letter begins no sentence, and initials are apart."""
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    parameters = PunktParameters()
    parameters.abbrev_types.update(boundaries.abbreviations("en")["abbreviations"])
    parameters.sent_starters.update(boundaries.abbreviations("en")["starters"])
    text = f"Four words stand here {before}{mark} {after} follows them."
    expected = PunktSentenceTokenizer(parameters).tokenize(text)
    assert (expected if not after.islower() else [text]) == _sentences(text, "en")


def test_sentence_ends_of_the_gold():
    """Boundary F1 per language on 656 boundaries of invented news, beside NLTK's Punkt without a model."""
    for language, (ours, punkt) in boundary_f1().items():
        assert ours >= 0.98, language
        assert ours - punkt > 0.1, language


@given(TEXT, LANGUAGE)
def test_sentences_are_ordered_disjoint_in_one_line_and_hold_every_character_but_space(text, language):
    spans = split_sentences(text, language=language)
    assert sorted(spans) == spans
    assert all(start < end for start, end in spans)
    between = [0, *(place for span in spans for place in span), len(text)]
    assert "" == "".join(text[start:end].strip() for start, end in zip(between[::2], between[1::2], strict=True))
    for sentence in _sentences(text, language):
        assert [sentence.strip()] == sentence.splitlines()


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_the_lists_are_written_as_they_are_looked_up(language):
    """In small letters, without their last period; otherwise an entry would never be found."""
    lists = boundaries.abbreviations(language)
    for words in lists.values():
        assert [] == [word for word in words if word != word.casefold() or word.endswith(".") or not word.strip()]
    for title in sorted(lists["titles"]):
        text = f"Four words stand before {title.capitalize()}. Rivas follows it."
        assert [text] == _sentences(text, language)


@pytest.mark.parametrize("measure", [split_sentences, tokenize, partial(find_mentions, gazetteer=Gazetteer({}))])
def test_tags_as_people_write_them_are_one_language_and_what_is_no_tag_is_refused(measure):
    text = "Gen. Rivas isn’t there. Nobody said “no”."
    for tag in ("EN", "en-GB", "en_US", "eng"):
        assert str(measure(text, language="en")) == str(measure(text, language=tag))
    with pytest.raises(
        LanguageError, match=r"'German' is no tag of a language \(did you mean 'de'\?\)\. Write en, es-PE"
    ):
        measure(text, language="German")


def test_a_language_without_lists_has_general_rules():
    """Initials and the numbers of a list are known everywhere."""
    assert ["Ö. Vik sade nej.", "Varför?", "2. Ja!"] == _sentences("Ö. Vik sade nej. Varför? 2. Ja!", "sv")
    assert boundaries.abbreviations("sv").keys() == boundaries.abbreviations("en").keys()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Das las er am 7. Dezember 2022 in St. Pölten."),
        ("fr", "Il cite l’art. 12 de M. Le Goff."),
        ("it", "Vede l'on. Riva."),
    ],
)
def test_periods_that_end_no_sentence(language, text):
    assert [text] == _sentences(text, language)
