"""castillo collect: what is asked for, counted and said. Loopback only: the real code, no internet."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import webserver as web
from click.testing import CliRunner
from collecting import lines, make_study, run, study_of
from conftest import ROOT
from webserver import article, in_turn, page, redirect, serving, status

from analysis.cli import main
from analysis.collect.visit import Visitor
from analysis.errors import AnalysisError
from analysis.study import Study

pytestmark = pytest.mark.slow
#: Words that the invented pages hold, and that only pages and texts may hold.
WORDS = ("harbour", "Council", "lamps", "rope")
FORBIDDING = page("User-agent: *\nDisallow: /", "text/plain")


@pytest.fixture
def archive():
    with serving() as made:
        yield made


def reason(into: Path, name: str = "a1") -> str:
    """Why an article failed."""
    return next(line["reason"] for line in lines(into / "log.jsonl", "fetch") if line["article"] == name)


def test_a_page_becomes_a_text_with_what_the_manifest_says(tmp_path, server, into):
    server.answers["/1"] = page()
    given = {"published": "2022-12-07T15:00:00.25Z", "language": "pl", "outlet": "kurier"}
    done = run(study_of(tmp_path, server, ["/1"], **given), into)
    assert ({"page": 1}, {"new": 1}) == (done.outcomes, done.texts)
    (text,) = lines(into / "texts.jsonl")
    expected = {**given, "article": "a1", "published": "2022-12-07T15:00:00.250000Z", "url": server.url("/1")}
    expected |= {"source": "page", "title": "Council meets"}
    assert expected == {name: text[name] for name in expected}
    assert text["body"].startswith("The harbour council met on Tuesday, number 1,")
    assert 5 == len(text["body"].splitlines())


def test_the_log_can_be_cited_and_the_page_is_kept_as_it_came(tmp_path, server, into):
    server.answers |= {"/1": redirect("/2"), "/2": page()}
    run(study_of(tmp_path, server, ["/1"]), into, contact="mailto:ada@university.example")
    (begun,) = lines(into / "log.jsonl", "run")
    assert ("mini", 1, 64) == (begun["study"], begun["round"], len(begun["articles_sha256"]))
    (fetch,) = lines(into / "log.jsonl", "fetch")
    html = article().encode()
    expected = {"article": "a1", "url": server.url("/1"), "final_url": server.url("/2"), "status": 200}
    expected |= {"bytes": len(html), "sha256": hashlib.sha256(html).hexdigest()}
    expected |= {"outcome": "page", "reason": "", "archived": None}
    assert expected == {name: fetch[name] for name in expected}
    assert fetch["time"].endswith("Z")
    assert "mailto:ada@university.example" in fetch["agent"]
    assert {fetch["agent"]} == {headers["User-Agent"] for _, _, headers in server.seen}
    assert {"castillo-coverage", "httpx", "trafilatura", "python"} <= set(fetch["versions"])
    assert not [word for word in WORDS if word in (into / "log.jsonl").read_text()]
    assert html == gzip.decompress((into / fetch["page"]).read_bytes())
    assert "*\n" == (into / ".gitignore").read_text()


def test_every_outcome_is_counted_and_nothing_stops_the_rest(tmp_path, server, into):
    answers = {"/1": page(), "/2": status(404), "/3": status(403), "/4": status(503), "/5": page(kind="image/png")}
    answers |= {"/6": redirect("http://10.0.0.1/"), "/7": page("<html><body></body></html>")}
    answers["/robots.txt"] = page("User-agent: *\nDisallow: /8", "text/plain")
    server.answers |= answers
    addresses = {f"a{n}": server.url(f"/{n}") for n in range(1, 9)} | {"a9": "", "a10": "http:///1", "a11": "mailto:a"}
    done = run(make_study(tmp_path / "study", addresses), into)
    expected = {"page": 2, "gone": 1, "denied": 1, "failed": 1, "refused": 1, "unsafe": 3, "robots": 1, "no-address": 1}
    assert expected == done.outcomes
    assert {"new": 1, "none": 1} == done.texts
    assert (1, 10) == (done.with_text, done.asked)
    told = list(done.lines())
    assert f"{into}: 11 articles, 1 with a text; 10 asked for now" == told[0]
    assert "      1 failed for now; --retry asks again" in told
    assert "      1 texts missing: the page holds none" in told


def test_only_what_is_due_is_asked_for(tmp_path, server, into):
    """Nothing twice; with --retry what failed for now; and what is new or was mended in articles.csv."""
    server.answers |= {"/1": page(), "/2": status(404), "/3": in_turn(status(500), status(500), page()), "/4": page()}
    study = study_of(tmp_path, server, ["/1", "/2", "/3"])
    assert {"page": 1, "gone": 1, "failed": 1} == run(study, into).outcomes
    before, asked = (into / "texts.jsonl").read_bytes(), server.hits.total()
    done = run(study, into)
    assert (0, asked, {"page": 1, "gone": 1, "failed": 1}) == (done.asked, server.hits.total(), done.outcomes)
    assert before == (into / "texts.jsonl").read_bytes()
    assert {"page": 2, "gone": 1} == run(study, into, retry=True).outcomes
    assert (1, 1, 3) == (server.hits["/1"], server.hits["/2"], server.hits["/3"])
    assert ["a1", "a3"] == sorted(text["article"] for text in lines(into / "texts.jsonl"))
    done = run(study_of(tmp_path, server, ["/1", "/4", "/3", "/5"]), into)
    assert (2, {"page": 3, "gone": 1}, 1) == (done.asked, done.outcomes, server.hits["/1"])


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


# The archive.


@pytest.mark.parametrize("address", ["{0}/1", "http://localhost:1/1"])
def test_a_page_that_is_gone_or_unreachable_comes_from_the_archive(tmp_path, server, archive, into, address):
    url = address.format(server.url())
    copy = f"/web/20221209101112id_/{url}"
    archive.answers |= {f"/web/20221207150000id_/{url}": redirect(copy), copy: page()}
    done = run(make_study(tmp_path / "study", {"a1": url}), into, archive=archive.url())
    (fetch,) = lines(into / "log.jsonl", "fetch")
    assert {"archived": 1} == done.outcomes
    assert ("2022-12-09T10:11:12Z", archive.url(copy)) == (fetch["archived"], fetch["final_url"])
    assert fetch["reason"].startswith(("answered 404", "robots.txt cannot be read, so nothing is fetched: no conn"))
    assert url == lines(into / "texts.jsonl")[0]["url"]


@pytest.mark.parametrize(
    ("path", "answer", "outcome", "told"),
    [
        ("/web/20221207150000id_/{0}/1", status(404), "gone", "answered 404"),
        ("/web/20221207150000id_/{0}/1", status(503), "failed", "answered 503"),
        ("/robots.txt", FORBIDDING, "gone", "robots.txt does not allow it"),
    ],
)
def test_an_archive_without_a_copy_or_in_trouble(tmp_path, server, archive, into, path, answer, outcome, told):
    archive.answers[path.format(server.url())] = answer
    done = run(study_of(tmp_path, server, ["/1"]), into, archive=archive.url())
    assert ({outcome: 1}, f"answered 404; archive: {told}") == (done.outcomes, reason(into))


NO = (status(403), status(500), page(kind="image/png"), redirect("http://10.0.0.1/"))


@pytest.mark.parametrize(
    ("path", "answer"), [*(("/1", no) for no in NO), ("/robots.txt", FORBIDDING), ("/robots.txt", status(503))]
)
def test_the_archive_is_no_way_around_a_site_that_says_no(tmp_path, server, archive, into, path, answer):
    server.answers[path] = answer
    run(study_of(tmp_path, server, ["/1"]), into, archive=archive.url())
    assert 0 == archive.hits.total()


# How it runs.


def test_hosts_are_asked_at_once(tmp_path, server, into):
    meeting = threading.Barrier(2, timeout=10)

    def meet(handler):
        meeting.wait()
        page()(handler)

    server.answers |= {"/1": meet, "/2": meet}
    study = make_study(tmp_path / "study", {"a1": server.url("/1"), "a2": server.url("/2", "localhost")})
    assert {"page": 2} == run(study, into, hosts=2).outcomes


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


def test_an_error_nobody_thought_of_is_one_articles_error(tmp_path, server, into, monkeypatch):
    server.answers["/1"] = page()
    real = Visitor.page

    def broken(visitor, url, **given):
        if url.endswith("/2"):
            raise ZeroDivisionError
        return real(visitor, url, **given)

    monkeypatch.setattr(Visitor, "page", broken)
    done = run(study_of(tmp_path, server, ["/1", "/2"]), into)
    assert ({"page": 1, "failed": 1}, "unexpected ZeroDivisionError") == (done.outcomes, reason(into, "a2"))


def test_an_error_nobody_thought_of_in_the_archive_is_one_articles_error(tmp_path, server, archive, into, monkeypatch):
    """As for an article without a date: the archive is asked for none. A thread that dies would be waited for."""
    server.answers["/1"] = page()
    monkeypatch.setattr("analysis.collect.run.archived", lambda *given: 1 / 0)
    done = run(study_of(tmp_path, server, ["/1", "/2"]), into, archive=archive.url())
    assert ({"page": 1, "failed": 1}, "unexpected ZeroDivisionError") == (done.outcomes, reason(into, "a2"))


# The command.


def castillo(study: Study, into: Path, *more: str):
    """The command, on loopback."""
    given = ["collect", str(study.folder), "--into", str(into), "--delay", "0", "--seconds", "20"]
    return CliRunner().invoke(main, [*given, *more])


def test_the_command_tells_numbers_and_never_a_text(tmp_path, server, into):
    server.answers |= {"/1": page(), "/2": status(404)}
    study = study_of(tmp_path, server, ["/1", "/2"], source="feed")
    done = castillo(study, into, "--no-archive", "--allow-network", "127.0.0.0/8")
    assert 0 == done.exit_code, done.output
    assert "no --contact: site owners cannot ask you to stop" in done.stderr
    assert f"{into}: 2 articles, 1 with a text; 2 asked for now\n      1 fetched\n      1 gone" in done.stdout
    assert f"next: castillo annotate '{into / 'texts.jsonl'}' --study {study.argument}\n" in done.stdout
    assert "2 articles are no pages in articles.csv: give the pages a study of their own" in done.stdout
    assert not [word for word in WORDS if word in done.output]


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--contact", "żółw", "--contact 'żółw' is not plain text"),
        ("--allow-network", "10.0.0.1/8", "--allow-network: 10.0.0.1/8 has host bits set. Write 127.0.0.0/8"),
        ("--archive", "archive.example", "--archive 'archive.example' is no address"),
    ],
)
def test_a_wrong_option_is_status_2_and_nothing_is_written(tmp_path, server, into, option, value, told):
    done = castillo(study_of(tmp_path, server, ["/1"]), into, option, value)
    assert 2 == done.exit_code
    assert f"castillo: {told}" in done.stderr
    assert not into.exists()


# Killed.


def start(study: Study, into: Path, *more: str) -> subprocess.Popen[bytes]:
    """The command as a process; what it says is in a file beside its folder."""
    given = [sys.executable, "-m", "analysis", "collect", str(study.folder), "--into", str(into), "--delay", "0"]
    given += ["--no-archive", "--contact", "x", "--allow-network", "127.0.0.0/8", "--allow-network", "::1", *more]
    with into.with_name("output").open("a") as output:
        return subprocess.Popen(given, stdout=output, stderr=output, cwd=ROOT)


def until(happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something has happened, or the process ended."""
    end = time.monotonic() + 60
    while not happened() and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.01)


def logged(into: Path) -> list[str]:
    """Articles whose fetch is in the log, whole lines only."""
    data = (into / "log.jsonl").read_bytes() if (into / "log.jsonl").exists() else b""
    found = [json.loads(line) for line in data.splitlines(keepends=True) if line.endswith(b"\n")]
    return [line["article"] for line in found if line["event"] == "fetch"]


def test_killed_ended_and_then_finished_no_article_is_lost_or_asked_for_again(tmp_path, server, into):
    """Articles on two hosts, one in ten of which is gone; the second run is asked to end while a page is on its way."""
    addresses = {f"a{n}": server.url(f"/{n}", ("127.0.0.1", "localhost")[n % 2]) for n in range(30)}
    gone = {f"a{n}" for n in range(9, 30, 10)}

    def slowly(name: str):
        return lambda handler: (time.sleep(0.02), page(article(f"Vessel {name} came into the old port"))(handler))

    server.answers |= {f"/{name[1:]}": status(404) if name in gone else slowly(name) for name in addresses}
    study = make_study(tmp_path / "study", addresses)
    process = start(study, into)
    until(lambda: len(logged(into)) >= 10, process)
    process.kill()
    process.wait()
    kept = {name: server.hits[f"/{name[1:]}"] for name in logged(into)}
    assert len(kept) == len(logged(into)) < 30
    server.answers["/28"], finished = web.drip, server.answers["/28"]
    process = start(study, into, "--seconds", "600")
    until(lambda: server.hits["/28"] > 0 and "a29" in logged(into), process)
    process.terminate()
    assert 143 == process.wait(10)
    server.answers["/28"] = finished
    assert {"page": 27, "gone": 3} == run(study, into).outcomes
    assert kept == {name: server.hits[f"/{name[1:]}"] for name in kept}
    assert sorted(addresses) == sorted(logged(into))
    assert sorted(addresses.keys() - gone) == sorted(text["article"] for text in lines(into / "texts.jsonl"))
    assert [into / "texts.jsonl"] == list(into.glob("texts*"))
    output = into.with_name("output").read_text(encoding="utf-8")
    assert [] == [word for word in ("Traceback", "Vessel") if word in output]
