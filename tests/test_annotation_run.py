"""Texts → features, end to end on a study of three invented texts."""

import json

import pandas as pd
import pytest
from compare_features import compare_features
from filelock import FileLock
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ministudy import TEXTS, mini_study, write_texts
from reading import EN

from analysis import tables
from analysis.annotation.run import annotate, append_articles
from analysis.errors import AnalysisError, GazetteerError, TextsError
from analysis.stats import corpus
from analysis.study import load_study
from analysis.study.studyfiles import read_csv


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The study after annotating, and what annotating said."""
    study = mini_study(tmp_path_factory.mktemp("done") / "mini")
    result = annotate(study.folder / "texts.jsonl", study)
    return load_study(study.folder), result


def test_the_result_says_what_happened(done):
    study, result = done
    assert study.features_folder == result.folder
    assert 3 == result.articles
    assert ("herald-2", "kurier-1") == result.added
    assert ("herald-9",) == result.without_text
    assert () == result.rejected
    assert ["caption", "caption", "full"] == study.features(tables.ARTICLES)["body_kind"].to_list()


def test_the_manifest_is_only_appended_to(done, tmp_path):
    study = done[0]
    before = (mini_study(tmp_path / "mini").folder / "articles.csv").read_text(encoding="utf-8")
    after = (study.folder / "articles.csv").read_text(encoding="utf-8")
    added = (
        'herald-2,herald,en,2022-12-08T15:00:00.250000Z,publisher,"https://h.example/2?a=1,2",feed,,,\n'
        "kurier-1,kurier,pl,2022-12-09,day,,text,,,\n"
    )
    assert before + added == after


def test_meta_tells_inputs_and_versions_without_places(done):
    study = done[0]
    raw = (study.features_folder / "meta.json").read_text(encoding="utf-8")
    meta = json.loads(raw)
    assert study.feature_inputs() == meta["inputs"]
    assert (3, []) == (meta["articles"], meta["rejected"])
    assert {"modules", "files", "packages", "version", "on", "python"} == set(meta["measured"])
    assert str(study.folder) not in raw
    assert json.dumps(meta, indent=1, sort_keys=True) + "\n" == raw
    assert [] == study.stale_features()


def test_again_gives_the_same_and_appends_nothing(done, tmp_path):
    study, first = done
    manifest = (study.folder / "articles.csv").read_bytes()
    again = annotate(study.folder / "texts.jsonl", study, output=tmp_path / "again")
    assert () == again.added
    assert manifest == (study.folder / "articles.csv").read_bytes()
    assert [] == compare_features(first.folder, again.folder)
    assert sorted(path.name for path in first.folder.iterdir()) == sorted(path.name for path in again.folder.iterdir())


def test_rows_that_cannot_be_used_are_set_aside_and_counted(tmp_path):
    study = mini_study(tmp_path / "mini")
    bad = [
        {**TEXTS[0], "article": "a", "outlet": "gazette"},
        {**TEXTS[0], "article": "b", "language": "es"},
        {**TEXTS[0], "article": "c", "outlet": "A whole sentence that slipped into the wrong column"},
        {**TEXTS[0], "article": "d", "published": "soon"},
    ]
    result = annotate(write_texts(tmp_path / "some.jsonl", [*bad, TEXTS[0]]), study)
    reasons = [
        "outlet 'gazette' is not in outlets.csv",
        "language 'es' is none of the study's (en, pl)",
        "outlet is not in outlets.csv",
        "published is not a date in ISO 8601 (2022-12-07 or 2022-12-07T15:54:07Z; in feeds RFC 822)",
    ]
    assert reasons == [row.reason for row in result.rejected]
    meta = json.loads((result.folder / "meta.json").read_text(encoding="utf-8"))
    expected = [{"file": "some.jsonl", "line": line, "reason": reason} for line, reason in enumerate(reasons, start=1)]
    assert expected == meta["rejected"]
    assert (1, ()) == (result.articles, result.added)


def test_nothing_to_annotate_is_an_error_and_leaves_the_study_alone(tmp_path):
    study = mini_study(tmp_path / "mini")
    texts = write_texts(tmp_path / "none.jsonl", [{**TEXTS[0], "outlet": "gazette"}])
    message = "no article to annotate; 1 row set aside. none.jsonl:1: outlet 'gazette' is not in outlets.csv"
    with pytest.raises(AnalysisError) as error:
        annotate(texts, study)
    assert message == str(error.value)
    assert not study.features_folder.exists()


def test_a_request_that_cannot_be_met_is_refused(tmp_path):
    study = mini_study(tmp_path / "mini")
    texts = study.folder / "texts.jsonl"
    with pytest.raises(AnalysisError, match="jobs is 0; it is a whole number from 1 up"):
        annotate(texts, study, jobs=0)
    with pytest.raises(TextsError, match="does not exist"):
        annotate(tmp_path / "none.jsonl", study)
    study.actors["surname"] = None
    with pytest.raises(GazetteerError, match="alias 'Rivas' belongs to ada-rivas and leo-rivas"):
        annotate(texts, study)


@pytest.mark.parametrize("place", ["file", "file/deeper", "file/deeper/still"])
def test_a_folder_that_cannot_be_written_is_refused_before_the_work(tmp_path, place):
    """And the manifest stays as it was."""
    study = mini_study(tmp_path / "mini")
    before = (study.folder / "articles.csv").read_bytes()
    (tmp_path / "file").write_text("")
    with pytest.raises(AnalysisError, match=r"cannot be written \(.*\)\. Mend that"):
        annotate(study.folder / "texts.jsonl", study, output=tmp_path / place)
    assert before == (study.folder / "articles.csv").read_bytes()
    assert {"file", "mini"} == {path.name for path in tmp_path.iterdir()}


def test_a_folder_is_one_run_s_at_a_time(tmp_path):
    study = mini_study(tmp_path / "mini")
    folder = study.folder / ".features-unfinished"
    folder.mkdir()
    told = r"another castillo annotate is writing .*features\. Wait for it, or name another --output"
    with FileLock(folder / "lock"), pytest.raises(AnalysisError, match=told):
        annotate(study.folder / "texts.jsonl", study)
    assert not study.features_folder.exists()


def test_phrases_that_few_articles_hold_are_not_published(tmp_path, monkeypatch):
    """Five in partitions of two; an article that holds a phrase twice is one article."""
    monkeypatch.setattr("analysis.annotation.run.ROWS", 2)
    study = mini_study(tmp_path / "mini")
    texts = [{**TEXTS[0], "article": f"a{n}", "title": "Riots", "body": "Tear gas. Tear gas."} for n in range(5)]
    texts[0]["body"] += " Rubber bullets. Rubber bullets."
    texts[1]["body"] = "Tear gas, rubber bullets."
    terms = pd.read_parquet(annotate(write_texts(tmp_path / "texts.jsonl", texts), study).folder / "terms.parquet")
    uses = terms.groupby("term")["count"].sum().to_dict()
    assert {"tear gas": 9, "tear": 9, "gas": 9, "riots": 5, "rubber": 3, "bullets": 3} == uses


@pytest.mark.slow
def test_rows_around_rejected_ones_are_kept_and_what_is_missing_is_counted(tmp_path):
    """No file of an earlier run stays."""
    study = mini_study(tmp_path / "mini")
    rows = [json.dumps(row) for row in (TEXTS[0], {**TEXTS[0], "article": "z", "outlet": "gazette"}, "x")]
    (tmp_path / "some.jsonl").write_text("\n".join(rows))
    (tmp_path / "more.csv").write_text(f"id,source,date,text\nm1,herald,2022-12-07,{EN}\nm2,herald,soon,{EN}\n")
    result = annotate([tmp_path / "some.jsonl", tmp_path / "more.csv"], study)
    assert 2 == result.articles
    lines = [json.loads(line) for line in (result.folder / "rejected.jsonl").read_text().splitlines()]
    assert [("some.jsonl", 2), ("some.jsonl", 3), ("more.csv", 3)] == [(row["file"], row["line"]) for row in lines]
    table = corpus.set_aside(load_study(study.folder))
    expected = [
        ["set aside, all reasons", 3],
        ["set aside: not a JSON object", 1],
        ["set aside: outlet is not in outlets.csv", 1],
        ["set aside: published is not a date in ISO 8601", 1],
    ]
    assert expected == table.values.tolist()
    annotate(write_texts(tmp_path / "good.jsonl", TEXTS[:1]), study)
    assert not (result.folder / "rejected.jsonl").exists()
    assert [["set aside, all reasons", 0]] == corpus.set_aside(load_study(study.folder)).values.tolist()


HEAD = ",".join(tables.ARTICLES_CSV.names[:10])
#: Any text but line ends and nothing at all, as ids and addresses are.
CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(lambda t: t == t.strip())


def _texts(*rows):
    """TEXTS from (article, published, timestamp or none); more of it is always the same."""
    rows = [(*row, "publisher")[:3] for row in rows]
    frame = pd.DataFrame(rows, columns=["article", "published", "timestamp"])
    frame["published"] = pd.to_datetime(frame["published"], utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    return frame.assign(outlet="herald", language="en", url="https://h.example/?a=1,2", source="feed")


def _file(folder, text):
    path = folder / "articles.csv"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("before", ["old,herald,en,,,,,,,", 'old,"her\nald",en,,,,,,,'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_rows_are_appended_with_the_files_own_line_ends_and_nothing_before_them_changes(
    before, end, last, mark, tmp_path
):
    """Also where the last line has no end, and behind the byte order mark of a spreadsheet; coding is left empty."""
    text = f"{mark}{HEAD}{end}{before}{end if last else ''}"
    path = _file(tmp_path, text)
    append_articles(path, _texts(("a", "2022-12-07T10:00:00-05:00"), ("b", "2022-12-08", "day")))
    rest = f',"https://h.example/?a=1,2",feed,,,{end}'
    expected = f"a,herald,en,2022-12-07T15:00:00Z,publisher{rest}b,herald,en,2022-12-08,day{rest}"
    assert f"{text}{'' if last else end}{expected}" == path.read_bytes().decode()
    assert [path] == list(tmp_path.iterdir())


def test_cells_stand_under_the_files_own_headings_in_whatever_order(tmp_path):
    path = _file(tmp_path, "source,language,article,outlet,url,published,timestamp\n")
    append_articles(path, _texts(("a", "2022-12-07")))
    expected = 'feed,en,a,herald,"https://h.example/?a=1,2",2022-12-07T00:00:00Z,publisher'
    assert expected == path.read_text(encoding="utf-8").splitlines()[1]


@pytest.mark.slow
@settings(max_examples=20)
@given(st.lists(CELL, min_size=1, max_size=4, unique=True))
@example(["=1+1", "+a", "-a", "@a", "'=a", "'a", "a=1", "NA", "1.0", 'a,"b"'])
def test_any_id_is_read_back_as_it_was_given_and_none_is_a_formula_to_a_spreadsheet(tmp_path_factory, articles):
    path = _file(tmp_path_factory.mktemp("ids"), HEAD + "\n")
    append_articles(path, _texts(*((article, "2022-12-07") for article in articles)))
    frame, problems = read_csv(path, tables.ARTICLES_CSV)
    assert (articles, []) == (frame["article"].tolist(), problems)
    assert not any(line.lstrip('"').startswith(tuple("=+-@")) for line in path.read_text("utf-8").splitlines())


@pytest.mark.slow
def test_columns_of_articles_csv_come_with_the_texts(tmp_path):
    """Codes and columns of the study's own; a code that the study does not know sets its text aside, with why."""
    study = mini_study(tmp_path / "mini")
    path = study.folder / "articles.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([f"{head},desk", *(f"{row}," for row in rows), ""]), encoding="utf-8")
    facts = {"desk": "home", "genre": "opinion", "authors": "nobody"}
    texts = [{**TEXTS[0], **facts, "article": "new-1"}, {**TEXTS[0], "genre": "column", "article": "new-2"}]
    result = annotate(write_texts(tmp_path / "a.jsonl", texts), load_study(study.folder))
    unknown = "genre 'column' is not one of news, opinion, explainer, photo, briefing"
    assert [unknown] == [row.reason for row in result.rejected]
    articles = load_study(study.folder).articles.set_index("article")
    assert ["home", "opinion"] == articles.loc["new-1", ["desk", "genre"]].to_list()
    assert "authors" not in articles
