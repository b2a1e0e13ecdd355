"""Method notes say what the instruments are, with figures that are measured."""

import re

import bibtexparser
import pandas as pd
import pytest

from analysis.report import method
from analysis.report.descriptions import variance_sentence
from analysis.report.method import METHODS, method_note, notes
from analysis.study import load_study
from analysis.study.settings import NOTED

VALIDITY = """instrument,study,measure,value,n,who,data,date,command
sentiment,*,agreement <b>,0.4321,1200,"two people & one",news,2022-12-07,tests/x.py
sentiment,small,only here,,30,one,texts,,
sentiment,other,elsewhere,0.9,30,one,texts,,
"""


@pytest.fixture
def validity(tmp_path, monkeypatch):
    path = tmp_path / "validity.csv"
    path.write_text(VALIDITY, encoding="utf-8")
    monkeypatch.setattr(method, "VALIDITY", path)


def test_figures_of_this_study_and_of_all_studies_are_shown_escaped(small_study, validity):
    html = method_note(small_study, "sentiment", "text").html
    told = "agreement &lt;b&gt;: 0.432; two people &amp; one, news, n = 1,200, measured 2022-12-07 by tests/x.py"
    assert told in html
    assert "only here: –; one, texts, n = 30" in html
    assert "elsewhere" not in html
    assert html.index("<h3>Tone</h3>") < html.index("<h3>Text</h3>")


def test_an_instrument_without_figures_has_no_empty_list(small_study, validity):
    assert "<ul>" not in method_note(small_study, "words").html


def test_comparisons_are_noted_with_their_draws_and_seed(small_study, validity):
    """√(0.05 · 0.95 / 200) = 0.0154."""
    html = method_note(small_study, "comparison").html
    assert "With 200 draws each (seed 7; for words 600) another seed would move a p of 0.05 by about 0.015" in html


def test_a_large_study_is_noted_as_not_resampled(small_study, monkeypatch):
    monkeypatch.setattr("analysis.stats.inference.LARGE", 10)
    html = method_note(small_study, "comparison").html
    assert "nothing is resampled: intervals are linearized" in html
    assert "draws" not in html


def test_every_note_can_be_shown_and_an_unknown_one_is_an_error(small_study):
    """With the figures that are shipped."""
    html = method_note(small_study, *notes()).html
    assert len(notes()) == html.count("<h3>")
    assert "nan" not in html.replace("finance", "").lower().split()
    with pytest.raises(KeyError):
        method_note(small_study, "astrology")


def test_a_study_may_say_more_of_each_instrument(study_folder, edit, validity):
    assert set(NOTED) == set(notes())
    edit("study.toml", "seed = 7", 'seed = 7\nnotes = { sub-event = "Coded by <two> people." }')
    study = load_study(study_folder)
    assert "says nothing has none. Coded by &lt;two&gt; people.</p>" in method_note(study, "sub-event").html
    assert "people" not in method_note(study, "voice").html


def test_the_shipped_figures_belong_to_notes():
    shipped = pd.read_csv(method.VALIDITY)
    assert set(shipped["instrument"]) <= set(notes())
    assert shipped[["measure", "who", "data", "study"]].notna().all(axis=None)


def _shares(lower, upper, event=(0.3, 0.2, 0.4), outlet=(0.02, -0.03, 0.08)):
    columns = ["estimate", "lower", "upper"]
    rows = {"subevent": event, "outlet": outlet, "difference": (event[0] - outlet[0], lower, upper)}
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).assign(articles=250)


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        (0.1, 0.4, "is more the event than the outlet"),
        (-0.4, -0.1, "tone goes with the outlet more than with the event"),
        (-0.1, 0.4, "which of the two matters more cannot be told"),
    ],
)
def test_the_difference_decides_what_is_said_of_tone(lower, upper, expected):
    text = variance_sentence(_shares(lower, upper))
    assert expected in text
    assert "between 250 articles 30 % (20 to 40 %) goes with the sub-event" in text
    assert "2 % (0 to 8 %) with the outlet" in text


def test_a_share_of_variance_is_never_printed_below_zero():
    text = variance_sentence(_shares(-0.1, 0.1, event=(-0.02, -0.05, -0.01)))
    assert "0 % (0 to 0 %) goes with the sub-event" in text


def test_methods_bib_is_bibtex_with_what_each_kind_of_entry_needs():
    """Read by bibtexparser; every key is cited by some instrument, every cited key is there."""
    library = bibtexparser.parse_string(METHODS.read_text(encoding="utf-8"))
    assert [] == library.failed_blocks
    journal, meeting, book = {"journal", "volume", "number"}, {"booktitle", "pages"}, {"publisher"}
    needed = {"article": journal, "inproceedings": meeting, "book": book}
    for entry in library.entries:
        fields = {field.key: field.value for field in entry.fields}
        assert {"author", "title", "year"} | needed[entry.entry_type] <= set(fields), entry.key
        assert entry.key == fields["author"].split(",")[0].lower() + fields["year"]
    keys = [entry.key for entry in library.entries]
    assert sorted(set(keys)) == keys
    assert set(keys) == {key for note in notes().values() for key in note.get("cites", ())}


def test_a_report_ends_with_what_to_cite_for_its_methods(small_study):
    """Only for the instruments it uses, each once."""
    html = method_note(small_study, "words", "mentions", "words").html
    assert html.endswith("</pre></details></div>")
    assert ["monroe2008", "wilson1927", "cochran1977"] == re.findall(r"@\w+\{(\w+),", html)
    assert "Fightin&#x27; Words" in html
    assert "bibtex" not in method_note(small_study, "voice").html


def test_papers_named_in_the_notes_can_be_cited():
    """Who is named with a year in a note is in its BibTeX."""
    author = r"\b([A-Z][a-z]+)(?:, [A-Z][a-z]+)*(?: & [A-Z][a-z]+)? ((?:19|20)\d{2})\b"
    for instrument, written in notes().items():
        for first, year in re.findall(author, written["text"]):
            assert f"{first.lower()}{year}" in method.bibtex(instrument), (instrument, first, year)


@pytest.mark.parametrize(
    ("value", "expected"), [(0.5, "0.500"), (1.0, "1.000"), (352.0, "352"), (0.0, "0"), (None, "–")]
)
def test_rates_have_three_digits_and_counts_none(value, expected):
    row = {"measure": "x", "value": value, "who": "y", "data": "z", "n": None, "date": None, "command": None}
    assert f"x: {expected}; y, z" == method._figure(pd.Series(row, dtype=object))
