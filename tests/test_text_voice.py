"""Who speaks."""

import pytest
from benchmarks.gold import voice_counts
from hypothesis import given
from hypothesis import strategies as st

from analysis import Gazetteer, find_mentions
from analysis.study import load_study
from analysis.tables import LANGUAGES
from analysis.text.voice import quoted_spans, reported


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She said “we stay” and left.", ["we stay"]),
        ('"We stay," she said. "We all."', ["We stay,", "We all."]),
        ("The ‘people’s will’ was Rivas’s word", ["people’s will"]),
        ("It’s the protesters’ right", []),
        ("the 'unthinkable' and the protesters' rights, she's in the '90s", ["unthinkable"]),
        ("„tak” i «nie» oraz »może«", ["tak", "nie", "może"]),
        ('„tak" rzekł', ["tak"]),
        ("“tak“, rzekł; ”nie” i ,,może”", ["tak", "nie", "może"]),
        ("``It was,'' she said", ["It was,"]),
        ("“outer “inner” outer", ["outer “inner"]),
        ("The '90s vote and the rebels' dream", []),
        ("“a first paragraph\nshe went “on”", ["a first paragraph", "on"]),
        ("“outer ‘inner’ outer”", ["outer ‘inner’ outer"]),
        ('a 5" screen', []),
        ("", []),
    ],
)
def test_quotations(text, expected):
    assert expected == [text[start:end] for start, end in quoted_spans(text)]


@given(st.one_of(st.text(), st.text("a b“”„‘’'\"«»\n.")))
def test_quotations_are_ordered_disjoint_and_within_a_paragraph(text):
    at = 0
    for start, end in quoted_spans(text):
        assert at < start <= end <= len(text)
        assert "\n" not in text[start:end]
        at = end


@pytest.mark.parametrize(
    ("language", "sentence", "expected"),
    [
        # A verb of saying governs what follows, not its subject.
        ("en", "The ousted mayor said the vote was a coup .", "the vote was a coup ."),
        # With its speaker at the end, all before it.
        ("en", "The coup was over , officials said .", "The coup was over"),
        ("en", "“ A coup , ” said the ousted mayor .", "“ A coup ,"),
        # A clause that begins with "but" is no such tag.
        ("en", "She regrets the deaths , but insists all is well", "all is well"),
        # "According to" governs the rest, but not its source.
        ("en", "According to the ousted mayor , it was a coup .", ", it was a coup ."),
        ("en", "It was a coup , according to the mayor .", "It was a coup ,"),
        # A demand governs what is demanded, not a clause after it.
        ("en", "Crowds demanding the ouster of Ada Rivas after the riots", "the ouster of Ada Rivas"),
        ("en", "The judge charged with rebellion , who fled , is here", "rebellion"),
        # Nothing is said where lives are claimed, or where there is no source.
        ("en", "The unrest that has claimed at least ten lives", ""),
        ("en", "The mayor was reportedly arrested", ""),
        ("en", "It rained in Lima .", ""),
        ("es", "El alcalde destituido dijo que hubo un golpe .", "que hubo un golpe ."),
        ("es", "Hubo un golpe , dijo el alcalde .", "Hubo un golpe"),
        ("es", "Según Rivas , hubo un golpe .", ", hubo un golpe ."),
        ("pt", "Houve um golpe , disse Rivas .", "Houve um golpe"),
        ("pt", "Choveu em Lima .", ""),
        ("pl", "To zamach , poinformowała Rivas .", "To zamach"),
        ("pl", "Demonstranci domagają się dymisji Rivas po zamieszkach", "dymisji Rivas"),
        ("pl", "Padało w Limie .", ""),
        # Words of saying that report nothing.
        ("en", "Without warning , the coup began in the United States .", ""),
        ("en", "The man in charge of the coup said nothing .", ""),
        ("es", "Dicho golpe fracasó ; estuvo de acuerdo con Rivas .", ""),
        ("es", "El alcalde ha dicho que hubo un golpe", "que hubo un golpe"),
        ("pt", "O dito golpe e o segundo golpe falharam .", ""),
        # A Polish source ends without a comma.
        ("pl", "Według Ady Rivasa to zamach", "to zamach"),
        ("pl", "Zdaniem lokalnych władz zamach trwał", "zamach trwał"),
    ],
)
def test_what_a_sentence_reports(language, sentence, expected):
    forms = sentence.split()
    flags = reported(forms, language=language)
    assert expected == " ".join(form for form, flag in zip(forms, flags, strict=True) if flag)


SIGN = st.sampled_from(["said", "says", "according", "to", "demanding", "calls", "for", ",", "”", "lives", "A", "who"])


@given(st.lists(st.one_of(SIGN, st.text(min_size=1)), max_size=25), st.sampled_from(LANGUAGES))
def test_each_token_is_reported_or_not(forms, language):
    assert len(forms) == len(reported(forms, language=language))


@pytest.mark.slow
def test_voice_of_the_gold():
    """Accuracy on uses of labels coded by reading: those the rules were mended on, and those coded afterwards."""
    study = load_study("castillo-2022")
    for sample, size, least in (("random", 150, 0.95), ("cued", 100, 0.95), ("held-out", 150, 0.9)):
        right, coded = voice_counts(study, sample)
        assert size == coded
        assert right / coded >= least, sample


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "Laut Polizei ist X fort. X lebt, sagte Alba. X fordert, dass X geht. „X geht“, rief sie.", "aaoaq"),
        ("fr", "Selon l'avocat, X est libre. X a dit que X part. « X part », dit-elle. L'ami de X rit.", "aoaqo"),
        ("it", "Secondo il giudice X è libero. L'amico dell'Alba ha detto che X parte. «X parte!» X ride.", "oaqo"),
        ("sv", "Enligt polisen är X fri. ”X är fri”, sade hon.", "oq"),
    ],
)
def test_voices_in_the_other_languages(language, text, expected):
    """Own, attributed or quoted; a language without verbs of saying knows quotations."""
    found = find_mentions(text, Gazetteer({"X": ["X"]}), language=language)
    assert expected == "".join(voice[0] for voice in found["voice"])
