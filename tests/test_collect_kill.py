"""castillo collect as a real process that is killed: no article lost, none asked for again once its page was kept."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from collecting import lines, make_study
from webserver import Server, article, drip, page, serving, status

from analysis.study import Study

ARTICLES, KILLS = 60, 5


@pytest.fixture
def server():
    with serving() as made:
        yield made


def start(study: Study, into: Path, *more: str) -> subprocess.Popen[str]:
    """The command as a process of its own."""
    command = [sys.executable, "-m", "analysis", "collect", str(study.folder), "--into", str(into), "--delay", "0"]
    command += ["--no-archive", "--contact", "x", "--allow-network", "127.0.0.0/8", "--allow-network", "::1", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def logged(into: Path) -> list[str]:
    """Articles whose fetch is in the log, whole lines only."""
    path = into / "log.jsonl"
    if not path.exists():
        return []
    whole = path.read_text(encoding="utf-8", errors="ignore").splitlines(keepends=True)
    return [line.split('"article": "')[1].split('"')[0] for line in whole if '"fetch"' in line and line.endswith("\n")]


def until(process: subprocess.Popen[str], into: Path, count: int) -> None:
    """Wait until so many articles are in the log."""
    end = time.monotonic() + 60
    while len(logged(into)) < count and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.01)


def slowly(words: str):
    """A page that comes in two pieces, a moment apart: a kill can fall between them."""
    body = article(words)

    def answer(handler):
        time.sleep(0.02)
        page(body)(handler)

    return answer


def study_of(tmp_path: Path, server: Server) -> Study:
    """Articles on two hosts, one in ten of which is gone."""
    addresses = {}
    for number in range(ARTICLES):
        host = ("127.0.0.1", "localhost")[number % 2]
        addresses[f"a{number}"] = server.url(f"/{number}", host)
        gone = number % 10 == 9
        server.answers[f"/{number}"] = status(404) if gone else slowly(f"Vessel {number} came into the old port")
    return make_study(tmp_path / "study", addresses)


@pytest.mark.slow
def test_killed_again_and_again_and_then_finished(tmp_path, server):
    study, into, chance = study_of(tmp_path, server), tmp_path / "into", random.Random(7)
    for kill in range(1, KILLS + 1):
        process = start(study, into)
        until(process, into, kill * ARTICLES // (KILLS + 2))
        time.sleep(chance.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kept = {name: server.hits[f"/{name[1:]}"] for name in logged(into)}
        assert len(kept) == len(logged(into)) < ARTICLES
    process = start(study, into)
    out, err = process.communicate(timeout=120)
    assert 0 == process.returncode, err
    assert kept == {name: server.hits[f"/{name[1:]}"] for name in kept}
    everyone = {f"a{number}" for number in range(ARTICLES)}
    assert sorted(everyone) == sorted(logged(into))
    gone = {f"a{number}" for number in range(9, ARTICLES, 10)}
    texts = [text["article"] for text in lines(into / "texts.jsonl")]
    assert sorted(everyone - gone) == sorted(texts)
    assert [into / "texts.jsonl"] == list(into.glob("texts*"))
    # Asked for twice is only what was on its way when a kill came: two hosts, and what waited to be written.
    assert server.hits.total() - server.hits["/robots.txt"] <= ARTICLES + KILLS * 12
    assert f"{into}: {ARTICLES} articles, {ARTICLES - len(gone)} with a text" in out
    assert "Vessel" not in out + err


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_an_interruption_does_not_wait_for_a_slow_server(tmp_path, server, sent):
    server.answers |= {"/1": page(), "/2": drip}
    study = make_study(tmp_path / "study", {"a1": server.url("/1"), "a2": server.url("/2")})
    process = start(study, tmp_path / "into", "--seconds", "600")
    end = time.monotonic() + 60
    while not (server.hits["/2"] and (tmp_path / "into" / "texts.jsonl").exists()):
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(sent)
    _, err = process.communicate(timeout=10)
    assert 0 != process.returncode
    assert "Traceback" not in err
    assert ["a1"] == [text["article"] for text in lines(tmp_path / "into" / "texts.jsonl")]
