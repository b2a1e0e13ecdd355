"""What is said of a corpus, of methods, and of what a study lacks; poor studies' reports: test_poor_studies.py."""

import re

import bibtexparser
import numpy as np
import pandas as pd
import pytest

from analysis.report import descriptions
from analysis.report.descriptions import (
    corpus_findings,
    corpus_sentence,
    method_note,
    notes,
    pair_portrait,
    portrait,
    variance_sentence,
)
from analysis.results import primary
from analysis.study import load_study
from analysis.study.settings import NOTED


def test_the_corpus_is_described_with_its_gaps(small_study):
    texts = [finding.text for finding in corpus_findings(small_study)]
    # 6 on the 13th, 5 on the 8th, 4 on three other days: 14 of 28 are reached on the third.
    expected = [
        "6 outlets published 28 articles on the event from 5 December 2022 to 20 December 2022: 26 in English and 2 in "
        "Polish.",
        "Of 28 articles, 15 are mainly about protests, 13 about removal and arrest.",
        "Half of the 28 articles appeared on 3 of the 16 days.",
        "3 of 6 outlets have the 6 articles that a comparison needs; 22 of 28 articles are theirs.",
        "7 of 28 articles are compared by headline only: 6 have no text, 1 only a photo caption.",
    ]
    assert expected == texts[:5]
    assert "cannot tell" == corpus_findings(small_study)[-1].verdict


def test_what_a_corpus_lacks_is_told_of_one_article_and_one_outlet_too(small_study, monkeypatch):
    kinds = small_study.articles["body_kind"].mask(lambda kind: kind == "caption", "full")
    kinds[kinds[kinds == "none"].index[1:]] = "full"
    articles = small_study.articles.assign(body_kind=kinds)
    monkeypatch.setattr(type(small_study), "articles", property(lambda _: articles))
    monkeypatch.setattr(type(small_study), "tested", property(lambda _: ("north",)))
    said = " ".join(finding.text for finding in corpus_findings(small_study))
    assert "1 of 6 outlets has the 6 articles" in said
    assert "1 of 28 articles is compared by headline only: 1 has no text." in said


def test_an_outlet_is_introduced_with_what_was_seen_of_it(small_study):
    assert "The South was observed on 13 of the 16 days of the window." == corpus_sentence(small_study, "south")
    assert "It republishes others' articles" in corpus_sentence(small_study, "portal")


def test_portraits_have_denominators_and_say_what_they_leave_out(small_study):
    """South's article 3 is a photo caption; Boluarte stands in each of the others, Castillo in four (ministudy)."""
    texts = [finding.text for finding in portrait(small_study, "south")]
    assert texts[0].startswith(
        "Of the 7 articles that have a first paragraph (of 8 of The South), 7 name Dina Boluarte"
    )
    assert "Of 8 articles of The South, 4 are mainly about protests, 4 about removal and arrest." == texts[1]
    assert (
        "The South published 8 articles from 7 December 2022 to 16 December 2022, 2 of them on 9 December." == texts[2]
    )
    assert "What Castillo did: The South says “coup” in 4 of 7 cases." in texts
    pair = [finding.text for finding in pair_portrait(small_study, "north", "south")]
    assert "The North says “coup” in 4 of 6 cases, The South in 3 of 5." in pair
    assert "The North published 8 articles on the event, The South 8." == pair[-1]


def test_the_language_of_a_report_is_the_first_that_can_be_shown(study_folder, edit):
    edit("study.toml", 'languages = ["en", "pl"]', 'languages = ["pl", "en"]')
    study = load_study(study_folder)
    asked = [("", False), ("", True), ("en", False)]
    assert ["pl", "en", "en"] == [descriptions.language_of(study, chosen, tone=tone) for chosen, tone in asked]


def test_both_sides_of_a_caption_have_their_articles_where_there_are_any():
    rows = pd.DataFrame({"articles": [1], "reference_articles": [5]})
    assert "A (1 article) minus B (5)" == descriptions.sized(rows, "A", "B")
    assert "A minus B" == descriptions.sized(rows[:0], "A", "B")


VALIDITY = """instrument,study,measure,value,n,who,data,date,command
sentiment,*,agreement <b>,0.4321,1200,"two people & one",news,2022-12-07,tests/x.py
sentiment,small,only here,,30,one,texts,,
sentiment,other,elsewhere,0.9,30,one,texts,,
sentiment,*,count,352.0,,y,z,,
sentiment,*,one,1.0,,y,z,,
sentiment,*,none,0.0,,y,z,,
"""


@pytest.fixture
def validity(tmp_path, monkeypatch):
    path = tmp_path / "validity.csv"
    path.write_text(VALIDITY, encoding="utf-8")
    monkeypatch.setattr(descriptions, "VALIDITY", path)


def test_figures_of_this_study_and_of_all_studies_are_shown_escaped(small_study, validity):
    html = method_note(small_study, "sentiment", "text").html
    told = "agreement &lt;b&gt;: 0.432; two people &amp; one, news, n = 1,200, measured 2022-12-07 by tests/x.py"
    assert told in html
    assert "only here: –; one, texts, n = 30" in html
    assert "elsewhere" not in html
    # Rates have three digits, counts none.
    assert all(f"<li>{shown}; y, z</li>" in html for shown in ("count: 352", "one: 1.000", "none: 0"))
    assert html.index("<summary>Tone</summary>") < html.index("<summary>Text</summary>")
    assert "<ul>" not in html[html.index("<summary>Text</summary>") :]


def test_comparisons_are_noted_with_their_most_draws_or_as_not_drawn(small_study, monkeypatch):
    assert "what is not clear after 4,095,000 draws is left" in method_note(small_study, "comparison").html
    monkeypatch.setattr("analysis.stats.inference.LARGE", 10)
    html = method_note(small_study, "comparison").html
    assert "by the moments of sums drawn without replacement" in html and "draws" not in html


def test_every_note_can_be_shown_with_its_figures_and_the_papers_it_names(small_study):
    html = method_note(small_study, *notes()).html
    assert len(notes()) == html.count("<details><summary>")
    assert "nan" not in html.replace("finance", "").lower().split()
    assert set(pd.read_csv(descriptions.VALIDITY)["instrument"]) <= set(notes())
    author = r"\b([A-Z][a-z]+)(?:, [A-Z][a-z]+)*(?: & [A-Z][a-z]+)? ((?:19|20)\d{2})\b"
    for instrument, written in notes().items():
        for first, year in re.findall(author, written["text"]):
            assert f"{first.lower()}{year}" in method_note(small_study, instrument).html, (instrument, first, year)
    assert "(VADER) reaches 0.52" in descriptions.limits_sentence()


def test_a_study_may_say_more_of_each_instrument(study_folder, edit, validity):
    assert set(NOTED) == set(notes())
    edit("study.toml", "seed = 7", 'seed = 7\nnotes = { sub-event = "Coded by <two> people." }')
    study = load_study(study_folder)
    assert "says nothing has none. Coded by &lt;two&gt; people.</p>" in method_note(study, "sub-event").html
    assert "people" not in method_note(study, "voice").html


@pytest.mark.parametrize(
    ("lower", "upper", "outlet", "expected"),
    [
        (0.1, 0.4, 0.01, "What is reported explains 30 % of the differences in tone between 250 articles, who reports"),
        (-0.4, -0.1, 0.01, "Who reports it explains 0 % of the differences in tone between 250 articles, what is"),
        (-0.1, 0.4, -0.03, ""),
        (np.nan, np.nan, np.nan, ""),
    ],
)
def test_the_difference_decides_what_is_said_of_tone_and_no_share_is_below_zero(lower, upper, outlet, expected):
    rows = {"subevent": (0.3, 0.2, 0.4), "outlet": (-0.02, outlet, 0.08), "difference": (0.32, lower, upper)}
    shares = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "lower", "upper"])
    text = variance_sentence(shares.assign(articles=250))
    assert text.startswith(expected)
    assert bool(expected) == bool(text)
    assert "" == variance_sentence(pd.DataFrame())


def test_methods_bib_is_bibtex_with_what_each_kind_of_entry_needs():
    """Read by bibtexparser; every key is cited by some instrument, every cited key is there."""
    library = bibtexparser.parse_string(descriptions.METHODS.read_text(encoding="utf-8"))
    assert [] == library.failed_blocks
    journal, meeting, book = {"journal", "volume", "number"}, {"booktitle", "pages"}, {"publisher"}
    needed = {"article": journal, "inproceedings": meeting, "book": book, "misc": {"eprint"}}
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
    assert ["monroe2008", "birch1964", "church1990", "wilson1927", "cochran1977"] == re.findall(r"@\w+\{(\w+),", html)
    assert "Fightin&#x27; Words" in html
    assert "bibtex" not in method_note(small_study, "voice").html


@pytest.mark.slow
def test_limits_say_how_many_differences_are_small_and_what_was_not_tested(small_study, small_results):
    """Of intervals -2 to 14 points and -30 to 9 the first lies within 15; one comparison had too few articles."""
    row = primary(small_study, small_results, "actor-share").iloc[0]
    ends = [(-0.02, 0.14, "exact"), (-0.3, 0.09, "exact"), (np.nan, np.nan, "few articles")]
    table = pd.DataFrame([{**row, "lower": lower, "upper": upper, "test": test} for lower, upper, test in ends])
    text = descriptions.comparison_limits(small_study, table, "actor-share")
    assert text.startswith("In 1 of 2 comparisons a difference of more than 15 points can be ruled out. Not tested: 1 ")
    assert "1 in too few articles." in text
