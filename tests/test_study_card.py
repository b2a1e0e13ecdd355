"""A study at a glance, as JupyterLab shows it."""

import pytest
from bs4 import BeautifulSoup

from analysis import load_study
from analysis.errors import AnalysisError
from analysis.study.card import facts

pytestmark = pytest.mark.slow


def test_the_card_says_what_there_is_and_what_is_missing():
    expected = {
        "articles": "314 of 24 outlets",
        "days": "5 December 2022 to 27 February 2023",
        "languages": "English (284) and Polish (30)",
        "features": "measured",
        "codes": "314 articles, 4 variables, by coder-a, coder-b and settled",
        "missing": "27 with a headline only and 11 with a photo caption",
    }
    assert expected == facts(load_study("castillo-2022"))


def test_a_study_of_codes_says_nothing_of_features_and_names_few_languages():
    shown = facts(load_study("castillo-2022-world"))
    assert "features" not in shown
    assert "254 without a date" == shown["missing"]
    assert shown["languages"].endswith("and 25 more")


def test_a_study_without_articles_has_a_card(study_folder):
    articles = study_folder / "articles.csv"
    articles.write_text(articles.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert "none known" == facts(load_study(study_folder))["days"]


def test_what_a_study_says_of_itself_is_no_markup(edit):
    path = edit("study.toml", 'title = "', 'title = "<b>')
    page = BeautifulSoup(load_study(path.parent)._repr_html_(), "html.parser")
    assert page.strong.text.startswith("<b>") and page.find("b") is None


def test_features_articles_and_codes_are_plain_frames():
    study = load_study("castillo-2022-world")
    deaths = study.codings("deaths")
    assert {"deaths"} == set(deaths["variable"])
    assert len(study.codes[study.codes["variable"] == "deaths"]) == len(deaths)
    with pytest.raises(AnalysisError, match=r"variable 'death' is not in codebook\.csv"):
        study.codings("death")
