"""The folder of pages: versions told apart, half lines survived, nothing written outside."""

from __future__ import annotations

import re

import pytest
from collecting import lines, make_study, run, study_of
from webserver import article, in_turn, page, status

from analysis import tables
from analysis.annotation.run import annotate
from analysis.collect import folder
from analysis.errors import AnalysisError
from analysis.readers import read_texts
from analysis.readers.html import Extracted

pytestmark = pytest.mark.slow


def test_digests_are_those_of_the_features(tmp_path, server, into):
    """What collect records, annotate records again: both are ways to know a text."""
    server.answers |= {"/1": page(), "/2": page(article("Zażółć “gęślą” jaźń &amp; harbours\u00ad", title="T"))}
    study = study_of(tmp_path, server, ["/1", "/2"])
    run(study, into)
    annotate([into / "texts.jsonl"], study, jobs=1)
    features = study.features(tables.ARTICLES).set_index("article")
    for text in (*lines(into / "texts.jsonl"), *lines(into / "log.jsonl", "text")):
        assert features.loc[text["article"], "source_sha256"] == text["source_sha256"]
        assert features.loc[text["article"], "text_sha256"] == text["text_sha256"]
    assert ["full", "full"] == list(features["body_kind"])


# Told apart.


def test_a_changed_page_an_unchanged_one_and_one_changed_around_its_text(tmp_path, server, into):
    server.answers |= {
        "/same": page(),
        "/around": in_turn(page(), page(article(head="<script>var t = 2;</script>"))),
        "/other": in_turn(page(), page(article("The harbour council met again"))),
        "/lost": in_turn(page(), page("<html><body></body></html>")),
        "/gone": in_turn(page(), status(404)),
    }
    study = study_of(tmp_path, server, ["/same", "/around", "/other", "/lost", "/gone"])
    run(study, into)
    before = (into / "texts.jsonl").read_bytes()
    done = run(study, into, again=True)
    assert {"same": 2, "page": 1, "none": 1} == done.texts
    assert 5 == done.with_text
    assert before == (into / "texts.jsonl").read_bytes()
    (text,) = lines(into / "texts-2.jsonl")
    assert "a3" == text["article"]
    assert text["body"].startswith("The harbour council met again")
    assert 5 + 3 == len(list(into.glob("pages/*/*.gz")))
    # The newest is taken where it is read first, and the next round knows it.
    assert (into / "texts-2.jsonl", into / "texts.jsonl") == done.files
    (table,) = read_texts(done.files)
    assert (5, text["source_sha256"]) == (len(table), table.set_index("article")["source_sha256"]["a3"])
    assert {"same": 3, "none": 1} == run(study, into, again=True).texts


def other_extraction(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    """Another version of the extraction, which reads some words otherwise."""
    real = folder.main_text

    def read(html, **given):
        found = real(html, **given)
        return found._replace(body=found.body.replace(old, new))

    monkeypatch.setattr(folder, "main_text", read)
    monkeypatch.setattr(folder, "extractor", lambda: "trafilatura 99")


def test_a_changed_extraction_is_told_without_asking_anybody(tmp_path, server, into, monkeypatch):
    server.answers |= {"/1": page(), "/2": page(article("The lighthouse was painted"))}
    study = study_of(tmp_path, server, ["/1", "/2"])
    run(study, into)
    before, asked = (into / "texts.jsonl").read_bytes(), server.hits.total()
    extractor = lines(into / "texts.jsonl")[0]["extractor"]
    assert re.fullmatch(r"trafilatura [\d.]+, lxml [\d.]+, castillo [0-9a-f]{8}", extractor)
    other_extraction(monkeypatch, "lighthouse", "light house")
    assert {"same": 1, "extraction": 1} == run(study, into).texts
    assert (asked, before) == (server.hits.total(), (into / "texts.jsonl").read_bytes())
    (text,) = lines(into / "texts-2.jsonl")
    assert ("a2", "trafilatura 99") == (text["article"], text["extractor"])
    assert {} == run(study, into).texts  # and known from then on


def test_a_page_and_an_extraction_that_changed_at_once_are_told_apart(tmp_path, server, into, monkeypatch):
    server.answers |= {"/1": in_turn(page(), page(article("The council was dissolved"))), "/2": page()}
    study = study_of(tmp_path, server, ["/1", "/2"])
    run(study, into)
    other_extraction(monkeypatch, "council met", "council  sat")
    assert {"extraction": 2, "page": 1, "same": 1} == run(study, into, again=True).texts
    told = [line for line in lines(into / "log.jsonl", "text") if line["article"] == "a1"]
    assert [("new", 1), ("extraction", 2), ("page", 3)] == [(line["change"], line["version"]) for line in told]


@pytest.mark.parametrize(
    ("answer", "found", "reason"),
    [
        (page("<p>x" * 61_000), None, "HTML of more than 20,000 elements"),
        (page(), Extracted("Before you go on", "\u200b", None, "en"), "no body was found"),  # asks for consent
    ],
)
def test_a_page_without_a_text_is_kept_and_counted(tmp_path, server, into, monkeypatch, answer, found, reason):
    server.answers["/1"] = answer
    if found is not None:
        monkeypatch.setattr(folder, "main_text", lambda html, **_: found)
    done = run(study_of(tmp_path, server, ["/1"]), into)
    assert ({"page": 1}, {"none": 1}, 0) == (done.outcomes, done.texts, done.with_text)
    assert 1 == len(list(into.rglob("*.gz")))
    assert reason == lines(into / "log.jsonl", "text")[0]["reason"]


# What is there already.


def test_half_a_line_at_the_end_of_any_file_and_a_line_that_is_missing_are_survived(tmp_path, server, into):
    server.answers |= {"/1": page(), "/2": page()}
    study = study_of(tmp_path, server, ["/1", "/2"])
    run(study, into)
    for name in ("log.jsonl", "texts.jsonl"):
        data = (into / name).read_bytes()
        for cut in (1, 20, len(data.splitlines()[-1])):
            (into / name).write_bytes(data[:-cut])
            done = run(study, into)
            assert (2, {"page": 2}) == (done.with_text, done.outcomes)
            assert ["a1", "a2"] == sorted(text["article"] for text in lines(into / "texts.jsonl")), (name, cut)
            lines(into / "log.jsonl")


NO_LINE = r"log\.jsonl:1: is not a line that collect wrote\. Mend it from a copy"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        *((line, NO_LINE) for line in (b"nonsense", b"[]", b'{"event": "fetch"}', b'{"no": "event"}', b"\xff")),
        (b'{"event": "run", "study": "other", "round": 1}', "holds pages of the study 'other', not of 'mini'"),
    ],
)
def test_a_log_that_is_another_studys_or_nobodys_is_refused(tmp_path, server, into, line, told):
    into.mkdir()
    (into / "log.jsonl").write_bytes(line + b"\n")
    with pytest.raises(AnalysisError, match=told):
        run(study_of(tmp_path, server, ["/1"]), into)


def test_where_a_kept_page_was_deleted_its_text_stays_as_it_is(tmp_path, server, into, monkeypatch):
    server.answers["/1"] = page()
    study = study_of(tmp_path, server, ["/1"])
    run(study, into)
    before = (into / "texts.jsonl").read_bytes()
    next(into.glob("pages/*/a1--*.gz")).unlink()
    other_extraction(monkeypatch, "council met", "council sat")
    assert (0, 1, {}) == ((done := run(study, into)).asked, done.with_text, done.texts)
    assert before == (into / "texts.jsonl").read_bytes()


IDS = ["../../../escaped", "/etc/passwd", "a b", "A", "a", "ą" * 300, "..", "x\\y", ".hidden"]


def test_no_article_id_leads_out_of_the_folder(tmp_path, server, into):
    server.otherwise = page()
    run(make_study(tmp_path / "study", {name: server.url(f"/{n}") for n, name in enumerate(IDS)}), into)
    kept = sorted(path.relative_to(into).parts for path in into.rglob("*.gz"))
    assert {("pages", 3)} == {(parts[0], len(parts)) for parts in kept}
    assert len(IDS) == len(kept) == len({parts[2].lower() for parts in kept}) == len(list(tmp_path.rglob("*.gz")))
    assert all(len(parts[2]) < 130 for parts in kept)


def test_a_folder_used_for_something_else_is_left_as_it_is(tmp_path, server, into):
    into.mkdir()
    (into / ".gitignore").write_text("mine\n")
    (into / "notes.txt").write_text("mine\n")
    with pytest.raises(AnalysisError, match=r"is not empty and was not made by castillo collect"):
        run(study_of(tmp_path, server, ["/1"]), into)
    assert "mine\n" == (into / ".gitignore").read_text()
    with pytest.raises(AnalysisError, match="cannot be written"):
        run(study_of(tmp_path, server, ["/1"]), into / "notes.txt" / "pages")
