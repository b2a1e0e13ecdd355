"""castillo collect: what is kept, told apart, counted and said. Loopback only: the real code, no internet."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from collecting import lines, make_study, options, run
from webserver import article, in_turn, page, redirect, serving, status

from analysis import tables
from analysis.annotation.run import annotate
from analysis.cli import main
from analysis.collect import Options, collect, texts
from analysis.collect import article as article_module
from analysis.collect.record import file_name
from analysis.errors import AnalysisError, MissingLibrary
from analysis.readers import read_texts
from analysis.readers.html import Extracted
from analysis.study import Study

#: Words that the invented pages hold, and that only pages and texts may hold.
WORDS = ("harbour", "Council", "lamps", "rope")


@pytest.fixture
def server():
    with serving() as made:
        yield made


@pytest.fixture
def into(tmp_path):
    return tmp_path / "pages of mine"


def study_of(tmp_path: Path, server, paths: list[str], **changed: str) -> Study:
    """A study of an article a path: a1, a2, …"""
    return make_study(
        tmp_path / "study", {f"a{n}": server.url(path) for n, path in enumerate(paths, start=1)}, **changed
    )


def test_a_page_becomes_a_text_with_what_the_manifest_says(tmp_path, server, into):
    server.answers["/1"] = page()
    study = study_of(tmp_path, server, ["/1"], published="2022-12-07T15:00:00.25Z", language="pl", outlet="kurier")
    done = run(study, into)
    assert {"page": 1} == done.outcomes
    assert {"new": 1} == done.texts
    (text,) = lines(into / "texts.jsonl")
    expected = {
        "article": "a1",
        "outlet": "kurier",
        "language": "pl",
        "published": "2022-12-07T15:00:00.250000Z",
        "url": server.url("/1"),
        "source": "page",
        "title": "Council meets",
    }
    assert expected == {name: text[name] for name in expected}
    assert text["body"].startswith("The harbour council met on Tuesday, number 1,")
    assert 5 == len(text["body"].splitlines())


def test_digests_are_those_of_the_features(tmp_path, server, into):
    """What collect records, annotate records again: both are ways to know a text."""
    server.answers |= {"/1": page(), "/2": page(article("Zażółć “gęślą” jaźń &amp; harbours\u00ad", title="T"))}
    study = study_of(tmp_path, server, ["/1", "/2"])
    run(study, into)
    annotate([into / "texts.jsonl"], study, jobs=1)
    features = study.features(tables.ARTICLES).set_index("article")
    for text in lines(into / "texts.jsonl"):
        assert features.loc[text["article"], "source_sha256"] == text["source_sha256"]
        assert features.loc[text["article"], "text_sha256"] == text["text_sha256"]
        assert "full" == features.loc[text["article"], "body_kind"]
    logged = {line["article"]: line for line in lines(into / "log.jsonl", "text")}
    assert logged["a2"]["text_sha256"] == features.loc["a2", "text_sha256"]


def test_the_page_is_kept_as_it_came(tmp_path, server, into):
    server.answers["/1"] = page()
    run(study_of(tmp_path, server, ["/1"]), into)
    (fetch,) = lines(into / "log.jsonl", "fetch")
    assert article().encode() == gzip.decompress((into / fetch["page"]).read_bytes())
    assert "*\n" == (into / ".gitignore").read_text()


def test_the_log_can_be_cited(tmp_path, server, into):
    server.answers |= {"/1": redirect("/2"), "/2": page()}
    run(study_of(tmp_path, server, ["/1"]), into, contact="mailto:ada@university.example")
    (begun,) = lines(into / "log.jsonl", "run")
    assert ("mini", 1) == (begun["study"], begun["round"])
    assert 64 == len(begun["articles_sha256"])
    (fetch,) = lines(into / "log.jsonl", "fetch")
    expected = {
        "article": "a1",
        "url": server.url("/1"),
        "final_url": server.url("/2"),
        "status": 200,
        "bytes": len(article().encode()),
        "sha256": hashlib.sha256(article().encode()).hexdigest(),
        "outcome": "page",
        "reason": "",
        "archived": None,
    }
    assert expected == {name: fetch[name] for name in expected}
    assert fetch["time"].endswith("Z")
    assert "mailto:ada@university.example" in fetch["agent"]
    assert {fetch["agent"]} == {headers["User-Agent"] for _, _, headers in server.seen}
    assert {"castillo-coverage", "httpx", "trafilatura", "python"} <= set(fetch["versions"])
    assert not [word for word in WORDS if word in (into / "log.jsonl").read_text()]


def test_every_outcome_is_counted_and_nothing_stops_the_rest(tmp_path, server, into):
    answers = {"/1": page(), "/2": status(404), "/3": status(403), "/4": status(503), "/5": page(kind="image/png")}
    answers |= {"/6": redirect("http://10.0.0.1/"), "/7": page("<html><body></body></html>")}
    answers["/robots.txt"] = page("User-agent: *\nDisallow: /8", "text/plain")
    server.answers |= answers
    addresses = {f"a{n}": server.url(f"/{n}") for n in range(1, 9)} | {"a9": "", "a10": "http://[x", "a11": "mailto:a"}
    done = run(make_study(tmp_path / "study", addresses), into)
    expected = {"page": 2, "gone": 1, "denied": 1, "failed": 1, "refused": 1, "unsafe": 3, "robots": 1, "no-address": 1}
    assert expected == done.outcomes
    assert {"new": 1, "none": 1} == done.texts
    assert (1, 10) == (done.with_text, done.asked)
    told = list(done.lines())
    assert f"{into}: 11 articles, 1 with a text; 10 asked for now" == told[0]
    assert "      1 failed for now; --retry asks again" in told
    assert "      1 texts missing: the page holds none" in told


def test_what_was_asked_for_is_not_asked_for_again(tmp_path, server, into):
    server.answers |= {"/1": page(), "/2": status(404), "/3": status(500)}
    study = study_of(tmp_path, server, ["/1", "/2", "/3"])
    run(study, into)
    asked, before = server.hits.total(), (into / "texts.jsonl").read_bytes()
    done = run(study, into)
    assert (asked, 0) == (server.hits.total(), done.asked)
    assert {"page": 1, "gone": 1, "failed": 1} == done.outcomes
    assert before == (into / "texts.jsonl").read_bytes()


def test_retry_asks_for_what_failed_for_now_and_for_nothing_else(tmp_path, server, into):
    server.answers |= {"/1": page(), "/2": status(404), "/3": in_turn(status(500), status(500), page())}
    study = study_of(tmp_path, server, ["/1", "/2", "/3"])
    assert 1 == run(study, into).outcomes["failed"]
    done = run(study, into, retry=True)
    assert {"page": 2, "gone": 1} == done.outcomes
    assert (1, 1, 3) == (server.hits["/1"], server.hits["/2"], server.hits["/3"])
    assert ["a1", "a3"] == sorted(text["article"] for text in lines(into / "texts.jsonl"))


def test_an_address_that_was_mended_is_asked_for(tmp_path, server, into):
    server.answers |= {"/2": page()}
    run(study_of(tmp_path, server, ["/1"]), into)
    done = run(study_of(tmp_path, server, ["/2"]), into)
    assert ({"page": 1}, 1) == (done.outcomes, done.asked)


def test_articles_new_in_the_manifest_are_asked_for(tmp_path, server, into):
    server.otherwise = page()
    run(study_of(tmp_path, server, ["/1"]), into)
    assert 1 == run(study_of(tmp_path, server, ["/1", "/2"]), into).asked
    assert 1 == server.hits["/1"]


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
    assert (3, 5) == (done.changed_pages, done.with_text)
    assert before == (into / "texts.jsonl").read_bytes()
    (text,) = lines(into / "texts-2.jsonl")
    assert "a3" == text["article"]
    assert text["body"].startswith("The harbour council met again")
    assert 5 + 3 == len(list(into.glob("pages/*/*.gz")))
    # The newest is taken where it is read first.
    assert (into / "texts-2.jsonl", into / "texts.jsonl") == done.files
    (table,) = read_texts(done.files)
    assert 5 == len(table)
    assert text["source_sha256"] == table.set_index("article")["source_sha256"]["a3"]
    # And the next round knows the new one.
    assert {"same": 3, "none": 1} == run(study, into, again=True).texts


def test_a_round_that_was_cut_off_goes_on(tmp_path, server, into):
    """The command without --again goes on with the open round; what it had is not asked for twice."""
    server.answers |= {"/1": page(), "/2": page()}
    study = study_of(tmp_path, server, ["/1", "/2"])
    run(study, into)
    run(study, into, again=True)
    log = (into / "log.jsonl").read_text().splitlines(keepends=True)
    last = next(n for n in reversed(range(len(log))) if '"fetch"' in log[n])
    (into / "log.jsonl").write_text("".join(log[:last]))
    assert 1 == run(study, into).asked
    assert [2, 3] == sorted([server.hits["/1"], server.hits["/2"]])


def other_extraction(monkeypatch: pytest.MonkeyPatch, changed: dict[str, str]) -> None:
    """Another version of the extraction, which reads some words otherwise."""
    real = texts.main_text

    def read(html, **given):
        found = real(html, **given)
        for old, new in changed.items():
            found = found._replace(body=found.body.replace(old, new))
        return found

    monkeypatch.setattr(texts, "main_text", read)
    monkeypatch.setattr(texts, "extractor", lambda: "trafilatura 99")


def test_the_extraction_is_named_by_all_that_makes_a_text():
    assert re.fullmatch(r"trafilatura [\d.]+, lxml [\d.]+, castillo [0-9a-f]{8}", texts.extractor())


def test_a_changed_extraction_is_told_without_asking_anybody(tmp_path, server, into, monkeypatch):
    server.answers |= {"/1": page(), "/2": page(article("The lighthouse was painted"))}
    study = study_of(tmp_path, server, ["/1", "/2"])
    run(study, into)
    before, asked = (into / "texts.jsonl").read_bytes(), server.hits.total()
    other_extraction(monkeypatch, {"lighthouse": "light house"})
    done = run(study, into)
    assert {"same": 1, "extraction": 1} == done.texts
    assert (asked, before) == (server.hits.total(), (into / "texts.jsonl").read_bytes())
    (text,) = lines(into / "texts-2.jsonl")
    assert ("a2", "trafilatura 99") == (text["article"], text["extractor"])
    assert {} == run(study, into).texts  # and known from then on


def test_a_page_and_an_extraction_that_changed_at_once_are_told_apart(tmp_path, server, into, monkeypatch):
    server.answers |= {"/1": in_turn(page(), page(article("The council was dissolved"))), "/2": page()}
    study = study_of(tmp_path, server, ["/1", "/2"])
    run(study, into)
    other_extraction(monkeypatch, {"council met": "council  sat"})
    done = run(study, into, again=True)
    assert {"extraction": 2, "page": 1, "same": 1} == done.texts
    changes = [(line["article"], line["change"], line["version"]) for line in lines(into / "log.jsonl", "text")]
    assert [("a1", "extraction", 2), ("a1", "page", 3)] == [c for c in changes if c[0] == "a1" and c[1] != "new"]


# Encodings.


@pytest.mark.parametrize(
    ("codec", "kind", "meta"),
    [
        ("utf-8", "text/html; charset=utf-8", ""),
        ("utf-8", "text/html; charset=iso-8859-1", ""),
        ("utf-8", "text/html", '<meta charset="iso-8859-2">'),
        ("iso-8859-2", "text/html; charset=ISO-8859-2", ""),
        ("iso-8859-2", "text/html; charset=utf-8", '<meta charset="iso-8859-2">'),
        ("iso-8859-2", "text/html; charset=nonsense", '<meta charset="iso-8859-2">'),
        ("utf-8-sig", "text/html", ""),
    ],
)
def test_a_wrong_charset_does_not_spoil_the_words(tmp_path, server, into, codec, kind, meta):
    words = "Rada portu zebrała się we wtorek, a łódź stała"
    server.answers["/1"] = page(article(words, head=meta).encode(codec), kind)
    run(study_of(tmp_path, server, ["/1"]), into)
    assert lines(into / "texts.jsonl")[0]["body"].startswith(words)


# The archive.


@pytest.mark.parametrize("address", ["{0}/1", "http://localhost:1/1"])
def test_a_page_that_is_gone_or_unreachable_comes_from_the_archive(tmp_path, server, into, address):
    url = address.format(server.url())
    with serving() as archive:
        copy = f"/web/20221209101112id_/{url}"
        archive.answers |= {f"/web/20221207150000id_/{url}": redirect(copy), copy: page()}
        done = run(make_study(tmp_path / "study", {"a1": url}), into, archive=archive.url())
        (fetch,) = lines(into / "log.jsonl", "fetch")
    assert {"archived": 1} == done.outcomes
    assert ("2022-12-09T10:11:12Z", archive.url(copy)) == (fetch["archived"], fetch["final_url"])
    assert fetch["reason"].startswith(("answered 404", "robots.txt cannot be read, so nothing is fetched: no conn"))
    assert server.url("/1") == url or "localhost" in url
    assert url == lines(into / "texts.jsonl")[0]["url"]


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [(status(404), "gone", "answered 404; archive: answered 404"), (status(503), "failed", "answered 404; archive: a")],
)
def test_an_archive_without_a_copy_and_one_in_trouble(tmp_path, server, into, answer, outcome, reason):
    with serving() as archive:
        archive.otherwise = answer
        done = run(study_of(tmp_path, server, ["/1"]), into, archive=archive.url())
    assert {outcome: 1} == done.outcomes
    assert lines(into / "log.jsonl", "fetch")[0]["reason"].startswith(reason)


FORBIDDING = page("User-agent: *\nDisallow: /", "text/plain")


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/1", status(403)),
        ("/1", status(500)),
        ("/1", page(kind="image/png")),
        ("/1", redirect("http://10.0.0.1/")),
        ("/robots.txt", FORBIDDING),
        ("/robots.txt", status(503)),
    ],
)
def test_the_archive_is_no_way_around_a_site_that_says_no(tmp_path, server, into, path, answer):
    server.answers[path] = answer
    with serving() as archive:
        run(study_of(tmp_path, server, ["/1"]), into, archive=archive.url())
    assert 0 == archive.hits.total()


def test_the_archive_is_given_longer_pauses_than_a_site(tmp_path, server, into):
    with serving() as archive:
        addresses = {f"a{n}": server.url(f"/{n}", "localhost") for n in range(3)}
        study = make_study(tmp_path / "study", addresses)
        run(study, into, archive=archive.url(), delay=0.05, patience=20.0)
        moments = [moment for moment, _, _ in archive.seen]
    assert 4 == len(moments)
    assert all(later - earlier >= 0.14 for earlier, later in pairwise(moments))


def test_the_archive_is_held_to_its_own_robots_txt(tmp_path, server, into):
    with serving() as archive:
        archive.answers["/robots.txt"] = FORBIDDING
        done = run(study_of(tmp_path, server, ["/1"]), into, archive=archive.url())
        assert {"/robots.txt"} == set(archive.hits)
    assert {"gone": 1} == done.outcomes
    assert "answered 404; archive: robots.txt does not allow it" == done_reason(into, "a1")


# What is in the folder already.


def test_half_a_line_at_the_end_of_any_file_is_survived(tmp_path, server, into):
    server.answers |= {"/1": page(), "/2": page()}
    study = study_of(tmp_path, server, ["/1", "/2"])
    run(study, into)
    whole = {name: (into / name).read_bytes() for name in ("log.jsonl", "texts.jsonl")}
    for name, data in whole.items():
        for cut in (1, 20, len(data.splitlines()[-1])):
            (into / name).write_bytes(data[:-cut])
            done = run(study, into)
            assert (2, {"page": 2}) == (done.with_text, done.outcomes)
            assert ["a1", "a2"] == sorted(text["article"] for text in lines(into / "texts.jsonl")), (name, cut)
            lines(into / "log.jsonl")


def test_a_text_that_was_written_before_the_log_said_so_is_not_written_twice(tmp_path, server, into):
    server.answers["/1"] = page()
    study = study_of(tmp_path, server, ["/1"])
    run(study, into)
    log = [line for line in lines(into / "log.jsonl") if line["event"] != "text"]
    (into / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))
    before = (into / "texts.jsonl").read_bytes()
    done = run(study, into)
    assert (before, 1, {}) == ((into / "texts.jsonl").read_bytes(), done.with_text, done.texts)
    assert ["new"] == [line["change"] for line in lines(into / "log.jsonl", "text")]


STRANGE = ["nonsense", "[]", '{"event": "fetch"}', '{"no": "event"}', '{"event": "run"}', "\xff"]


@pytest.mark.parametrize("line", STRANGE)
def test_a_line_that_collect_did_not_write_is_told_with_its_place(tmp_path, server, into, line):
    study = study_of(tmp_path, server, ["/1"])
    run(study, into)
    with (into / "log.jsonl").open("ab") as file:
        file.write(line.encode("latin-1") + b"\n")
    with pytest.raises(AnalysisError, match=r"log\.jsonl:3: is not a line that collect wrote"):
        run(study, into)


@pytest.mark.parametrize(
    "damage",
    [None, b"x", gzip.compress(b"other"), gzip.compress(article().encode())[:-9]],
    ids=["gone", "no gzip", "other content", "cut off"],  # a name made of gzip's bytes holds the time
)
def test_a_kept_page_that_is_gone_or_damaged_is_asked_for_again_when_it_is_needed(
    tmp_path, server, into, monkeypatch, damage
):
    server.answers |= {"/1": page(), "/2": page(article("The lighthouse was painted"))}
    study = study_of(tmp_path, server, ["/1", "/2"])
    run(study, into)
    (path,) = into.glob("pages/*/a1--*.gz")
    path.unlink() if damage is None else path.write_bytes(damage)
    other_extraction(monkeypatch, {"council met": "council sat"})
    done = run(study, into)
    assert ({"same": 1, "extraction": 1}, 1, 2) == (done.texts, done.asked, server.hits["/1"])
    assert article().encode() == gzip.decompress(path.read_bytes())
    assert {} == run(study, into).texts


def test_the_folder_of_another_study_is_refused(tmp_path, server, into):
    study = study_of(tmp_path, server, ["/1"])
    run(study, into)
    toml = study.folder / "study.toml"
    toml.write_text(toml.read_text().replace('"mini"', '"other"'))
    with pytest.raises(AnalysisError, match="holds pages of the study 'mini', not of 'other'"):
        run(make_study_again(study), into)


def make_study_again(study: Study) -> Study:
    """The study as its files are now."""
    from analysis.study import load_study

    return load_study(study.folder)


@pytest.mark.parametrize("link", ["log.jsonl", "texts.jsonl", ".gitignore", "pages", "pages/aa"])
def test_no_link_of_the_folder_is_followed(tmp_path, server, into, link):
    """A colleague's folder may hold links to one's own files."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("kept", encoding="utf-8")
    (into / link).parent.mkdir(parents=True, exist_ok=True)
    (into / "log.jsonl").touch()
    (into / link).unlink(missing_ok=True)
    (into / link).symlink_to(outside / "secret" if "." in link else outside)
    with pytest.raises(AnalysisError, match=rf"{link} is a symbolic link, which castillo collect does not follow"):
        run(study_of(tmp_path, server, ["/1"]), into)
    assert ["secret"] == [path.name for path in outside.iterdir()]
    assert "kept" == (outside / "secret").read_text(encoding="utf-8")


def test_two_runs_do_not_write_to_one_folder(tmp_path, server, into):
    began, free = threading.Event(), threading.Event()

    def hold(handler):
        began.set()
        free.wait(10)
        page()(handler)

    server.answers["/1"] = hold
    study = study_of(tmp_path, server, ["/1"])
    first = threading.Thread(target=run, args=(study, into))
    first.start()
    assert began.wait(10)
    try:
        with pytest.raises(AnalysisError, match="another castillo collect is writing to"):
            run(study, into)
    finally:
        free.set()
        first.join()


def test_a_folder_used_for_something_else_is_left_as_it_is(tmp_path, server, into):
    into.mkdir()
    (into / ".gitignore").write_text("mine\n")
    (into / "notes.txt").write_text("mine\n")
    with pytest.raises(AnalysisError, match=r"is not empty and was not made by castillo collect"):
        run(study_of(tmp_path, server, ["/1"]), into)
    assert "mine\n" == (into / ".gitignore").read_text()


def test_a_folder_that_cannot_be_written_is_told(tmp_path, server):
    (tmp_path / "file").write_text("")
    with pytest.raises(AnalysisError, match="cannot be written"):
        run(study_of(tmp_path, server, ["/1"]), tmp_path / "file" / "pages")


IDS = ["../../../escaped", "/etc/passwd", "CON", "a b", "A", "a", "ą" * 300, "..", "nul.txt", "x\\y", ".hidden"]


def test_no_article_id_leads_out_of_the_folder(tmp_path, server, into):
    server.otherwise = page()
    study = make_study(tmp_path / "study", {name: server.url(f"/{n}") for n, name in enumerate(IDS)})
    run(study, into)
    kept = sorted(path.relative_to(into).parts for path in into.rglob("*.gz"))
    assert len(IDS) == len(kept)
    assert {("pages", 3)} == {(parts[0], len(parts)) for parts in kept}
    assert [] == [path for path in tmp_path.rglob("*.gz") if into not in path.parents]
    assert len(IDS) == len({file_name(name).lower() for name in IDS})
    assert all(len(file_name(name)) < 100 for name in IDS)


# How it runs.


def test_hosts_are_asked_at_once_and_a_host_one_page_at_a_time(tmp_path, server, into):
    meeting = threading.Barrier(2, timeout=10)

    def meet(handler):
        with server.busy():
            meeting.wait()
        page()(handler)

    def alone(handler):
        with server.busy():
            time.sleep(0.05)
        page()(handler)

    server.answers |= {"/1": meet, "/2": meet}
    other = server.url("/2").replace("127.0.0.1", "localhost")
    addresses = {"a1": server.url("/1"), "a2": other, "a3": server.url("/3"), "a4": server.url("/4")}
    server.otherwise = alone
    done = run(make_study(tmp_path / "study", addresses), into, hosts=2)
    assert ({"page": 4}, 2) == (done.outcomes, server.most)


def test_an_error_nobody_thought_of_is_one_articles_error(tmp_path, server, into, monkeypatch):
    server.answers["/1"] = page()
    real = article_module.get_article

    def broken(source, *rest):
        if source.article == "a2":
            raise ZeroDivisionError
        return real(source, *rest)

    monkeypatch.setattr("analysis.collect.run.get_article", broken)
    done = run(study_of(tmp_path, server, ["/1", "/2"]), into)
    assert {"page": 1, "failed": 1} == done.outcomes
    assert "unexpected ZeroDivisionError" == done_reason(into, "a2")


def done_reason(into: Path, name: str) -> str:
    """Why an article failed."""
    return next(line["reason"] for line in lines(into / "log.jsonl", "fetch") if line["article"] == name)


def test_a_page_that_cannot_be_taken_apart_is_kept_and_counted(tmp_path, server, into):
    server.answers["/1"] = page("<p>x" * 61_000)
    done = run(study_of(tmp_path, server, ["/1"]), into)
    assert ({"page": 1}, {"none": 1}, 0) == (done.outcomes, done.texts, done.with_text)
    assert 1 == len(list(into.rglob("*.gz")))
    assert "HTML with more than 2,000 elements in one" == lines(into / "log.jsonl", "text")[0]["reason"]


def test_without_its_libraries_it_says_what_to_install(tmp_path, server, into, monkeypatch):
    monkeypatch.setattr("analysis.collect.find_spec", lambda name: None if name == "protego" else object())
    told = r'castillo collect needs protego, which is not installed. Run: pip install "\.\[collect\]"'
    with pytest.raises(MissingLibrary, match=told):
        collect(study_of(tmp_path, server, ["/1"]), into, options())


@pytest.mark.parametrize("contact", ["a\nX-Other: 1", "a\r\n", "żółw", "x" * 300])
def test_a_contact_that_no_header_can_hold_is_refused(contact):
    with pytest.raises(AnalysisError, match=r"--contact .* is not plain text"):
        Options(contact=contact)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"archive": "archive.example"}, "--archive 'archive.example': scheme '' is neither http nor https"),
        ({"allow": ("10.0.0.1/8",)}, "--allow-network '10.0.0.1/8' is no network"),
    ],
)
def test_wrong_options_are_told_before_anything_is_written(tmp_path, server, into, changed, told):
    with pytest.raises(AnalysisError, match=told):
        run(study_of(tmp_path, server, ["/1"]), into, **changed)
    assert not into.exists()


def castillo(study: Study, into: Path, *more: str):
    """The command, on loopback."""
    given = ["collect", str(study.folder), "--into", str(into), "--delay", "0", "--seconds", "20", "--no-archive"]
    return CliRunner().invoke(main, [*given, *more])


def test_the_command_tells_numbers_and_never_a_text(tmp_path, server, into):
    server.answers |= {"/1": page(), "/2": status(404)}
    study = study_of(tmp_path, server, ["/1", "/2"], source="feed")
    done = castillo(study, into, "--allow-network", "127.0.0.0/8")
    assert 0 == done.exit_code, done.output
    assert "no --contact: site owners cannot ask you to stop" in done.stderr
    assert f"{into}: 2 articles, 1 with a text; 2 asked for now\n      1 fetched\n      1 gone" in done.stdout
    assert f"next: castillo annotate '{into / 'texts.jsonl'}' --study" in done.stdout
    assert "2 articles are no pages in articles.csv: give the pages a study of their own" in done.stdout
    assert not [word for word in WORDS if word in done.output]


def test_loopback_is_not_asked_unless_allowed(tmp_path, server, into):
    server.answers["/1"] = page()
    done = castillo(study_of(tmp_path, server, ["/1"]), into, "--contact", "me@university.example")
    assert 0 == done.exit_code
    assert "      1 at an address that is not asked" in done.stdout
    assert 0 == server.hits.total()


def test_the_command_begins_with_the_options_of_the_library():
    given = {option.name: option.default for option in main.commands["collect"].params}
    flags = ("retry", "again")
    expected = {name: value for name, value in vars(Options()).items() if name in given and name not in flags}
    assert {"delay", "hosts", "seconds", "patience", "archive", "contact"} <= set(expected)
    assert expected == {**{name: given[name] for name in expected}, "size": int(given["size"] * 1e6)}


@pytest.mark.parametrize("name", ["delay", "seconds", "patience"])
def test_a_number_that_is_none_is_status_2(tmp_path, server, into, name):
    done = castillo(study_of(tmp_path, server, ["/1"]), into, f"--{name}", "nan")
    assert 2 == done.exit_code
    assert f"castillo: {name} is nan. Give a number from 0" in done.stderr


def test_a_wrong_option_is_status_2(tmp_path, server, into):
    done = castillo(study_of(tmp_path, server, ["/1"]), into, "--allow-network", "everywhere")
    assert 2 == done.exit_code
    assert "castillo: --allow-network 'everywhere' is no network" in done.stderr


def test_a_title_alone_is_no_text(tmp_path, server, into, monkeypatch):
    """It is that of a page that asks for consent."""
    server.answers["/1"] = page()
    monkeypatch.setattr(texts, "main_text", lambda html, **_: Extracted("Before you go on", "", None, "en"))
    done = run(study_of(tmp_path, server, ["/1"]), into)
    assert ({"none": 1}, 0) == (done.texts, done.with_text)
    assert "no body was found" == lines(into / "log.jsonl", "text")[0]["reason"]
