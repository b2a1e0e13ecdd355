"""Keyword in context."""

from dataclasses import replace

import pandas as pd
import pytest
from ministudy import TEXTS, mini_study, write_texts
from test_report_components import HOSTILE, _harmless, _Page

from analysis.annotation.run import annotate
from analysis.errors import AnalysisError
from analysis.report import concordance
from analysis.report.concordance import COLUMNS, lines_in_context, show_kwic
from analysis.study import load_study


@pytest.fixture
def study(tmp_path):
    made = mini_study(tmp_path / "mini")
    annotate(made.folder / "texts.jsonl", made)
    return load_study(made.folder)


def _rows(*args, **options):
    return [tuple(row) for row in lines_in_context(*args, **options).itertuples(index=False)]


def test_a_mention_stands_between_its_neighbours(study):
    assert [
        ("herald-1", "herald", "met. The “", "mob", "” left, Rivas", "quoted"),
        ("herald-2", "herald", "coup d’état, the", "mob", "cried. (Photo", "own"),
    ] == _rows(study, "crowd:mob", width=4)


def test_actors_outlets_and_limits(study):
    assert [("kurier-1", "kurier", "", "Leo Rivas", "w", "own")] == _rows(
        study, "leo-rivas", gazetteer="actors", width=1, limit=1
    )
    assert [] == _rows(study, "leo-rivas", gazetteer="actors", outlets=["herald"])
    assert ["Congress"] == list(lines_in_context(study, "congress", gazetteer="actors", width=0)["keyword"])


def test_no_mention_gives_an_empty_table(study):
    assert list(COLUMNS) == list(lines_in_context(study, "us-congress", gazetteer="actors"))


@pytest.mark.parametrize(
    ("entry", "options", "message"),
    [
        ("crowd:mobb", {}, r"no entry 'crowd:mobb' in labels.csv. Did you mean 'crowd:mob'\?"),
        ("zzz", {"gazetteer": "actors"}, "no entry 'zzz' in actors.csv.$"),
        ("crowd:mob", {"gazetteer": "words"}, "gazetteer is 'words'; it is labels or actors."),
    ],
)
def test_what_does_not_exist_is_refused(study, entry, options, message):
    with pytest.raises(AnalysisError, match=message):
        lines_in_context(study, entry, **options)


def test_a_study_without_texts_says_so(study):
    bare = replace(study, settings=study.settings.model_copy(update={"texts": ()}))
    with pytest.raises(AnalysisError, match="the texts of mini are not at hand"):
        lines_in_context(bare, "crowd:mob")


def test_changed_and_missing_texts_are_named(study):
    path = study.folder / "texts.jsonl"
    write_texts(path, [TEXTS[0], {**TEXTS[1], "body": "Another text."}])
    with pytest.raises(AnalysisError, match="the text of herald-2 is not the one its features were made from"):
        lines_in_context(study, "crowd:mob")
    write_texts(path, TEXTS[:1])
    with pytest.raises(AnalysisError, match="the texts hold nothing of 1 articles, first herald-2"):
        lines_in_context(study, "crowd:mob")


def test_texts_are_read_with_the_studys_own_columns_and_languages(tmp_path):
    """As they were when they were annotated: a table with headings of its own, and no column of languages."""
    made = mini_study(tmp_path / "mini")
    rows = pd.DataFrame(TEXTS[:2]).drop(columns="language").rename(columns={"article": "Nr", "body": "Wortlaut"})
    rows.to_csv(made.folder / "texts.csv", index=False)
    settings = made.folder / "study.toml"
    columns = 'texts = ["texts.csv"]\ncolumns = { article = "Nr", body = "Wortlaut" }'
    text = settings.read_text(encoding="utf-8").replace('texts = ["texts.jsonl"]', columns)
    settings.write_text(text, encoding="utf-8")
    annotate(made.folder / "texts.csv", load_study(made.folder))
    assert ["herald-1"] == list(lines_in_context(load_study(made.folder), "crowd:mob")["article"])


def test_without_texts_keywords_in_context_say_why_there_are_none(small_study):
    page = _Page(show_kwic(small_study, "act").html)
    assert page.text.startswith("Keyword-in-context lines need the texts, which are their publishers'")
    assert "table" not in page.tags


def test_lines_in_context_are_escaped_and_counted(study_folder, edit, monkeypatch):
    edit("study.toml", "seed = 7", 'seed = 7\ntexts = ["texts.jsonl"]')
    line = {
        "article": "north-0",
        "outlet": "north",
        "left": HOSTILE,
        "keyword": HOSTILE,
        "right": HOSTILE,
        "voice": "own",
    }
    monkeypatch.setattr(concordance, "lines_in_context", lambda *_, **__: pd.DataFrame([line]))
    shown = show_kwic(load_study(study_folder), "act", limit=1)
    page = _harmless(shown.html)
    assert 3 == page.text.count(HOSTILE)
    assert "Keyword in context: act (1 line)" == shown.record["caption"]
    assert "The North" in page.text
