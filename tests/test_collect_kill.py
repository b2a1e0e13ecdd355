"""castillo collect as a real process that is killed: no article lost, none asked for again once its page was kept."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from collecting import lines, make_study, study_of
from webserver import article, drip, page, status

from analysis.study import Study

ARTICLES, KILLS = 60, 5
#: Processes are forked from one that has imported everything and nothing else: they begin at once.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["analysis.cli", "analysis.collect.run", "analysis.study.settings", "trafilatura"])


def collect(arguments: list[str], output: Path) -> None:
    """The command, in a process of its own."""
    from analysis.cli import main

    signal.signal(signal.SIGINT, signal.default_int_handler)
    with output.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    main(arguments)


def start(study: Study, into: Path, *more: str) -> ForkServerProcess:
    """The command, begun; what it says is in a file beside its folder."""
    command = ["collect", str(study.folder), "--into", str(into), "--delay", "0", "--no-archive", "--contact", "x"]
    command += ["--allow-network", "127.0.0.0/8", "--allow-network", "::1", *more]
    process = CONTEXT.Process(target=collect, args=(command, into.with_name("output")))
    process.start()
    return process


def logged(into: Path) -> list[str]:
    """Articles whose fetch is in the log, whole lines only."""
    path = into / "log.jsonl"
    if not path.exists():
        return []
    whole = path.read_text(encoding="utf-8", errors="ignore").splitlines(keepends=True)
    return [line.split('"article": "')[1].split('"')[0] for line in whole if '"fetch"' in line and line.endswith("\n")]


def until(happened, process: ForkServerProcess) -> None:
    """Wait until something has happened, or the process ended."""
    end = time.monotonic() + 60
    while not happened() and process.exitcode is None:
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
def test_killed_again_and_again_and_then_finished(tmp_path, server):
    """Articles on two hosts, one in ten of which is gone."""
    into, chance = tmp_path / "into", random.Random(7)
    addresses = {f"a{n}": server.url(f"/{n}", ("127.0.0.1", "localhost")[n % 2]) for n in range(ARTICLES)}
    gone = {f"a{n}" for n in range(9, ARTICLES, 10)}

    def slowly(name: str):
        def answer(handler):
            time.sleep(0.02)
            page(article(f"Vessel {name} came into the old port"))(handler)

        return answer

    server.answers |= {f"/{name[1:]}": status(404) if name in gone else slowly(name) for name in addresses}
    study = make_study(tmp_path / "study", addresses)
    for kill in range(1, KILLS + 1):
        process = start(study, into)
        until(lambda count=kill * ARTICLES // (KILLS + 2): len(logged(into)) >= count, process)
        time.sleep(chance.random() * 0.05)
        process.kill()
        process.join()
        kept = {name: server.hits[f"/{name[1:]}"] for name in logged(into)}
        assert len(kept) == len(logged(into)) < ARTICLES
    process = start(study, into)
    process.join(120)
    output = into.with_name("output").read_text(encoding="utf-8")
    assert 0 == process.exitcode, output
    assert kept == {name: server.hits[f"/{name[1:]}"] for name in kept}
    assert sorted(addresses) == sorted(logged(into))
    texts = [text["article"] for text in lines(into / "texts.jsonl")]
    assert sorted(addresses.keys() - gone) == sorted(texts)
    assert [into / "texts.jsonl"] == list(into.glob("texts*"))
    # Asked for twice is only what was on its way when a kill came: two hosts, and what waited to be written.
    assert server.hits.total() - server.hits["/robots.txt"] <= ARTICLES + KILLS * 12
    assert f"{into}: {ARTICLES} articles, {ARTICLES - len(gone)} with a text" in output
    assert "Vessel" not in output


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_an_interruption_does_not_wait_for_a_slow_server(tmp_path, server, sent):
    server.answers |= {"/1": page(), "/2": drip}
    into = tmp_path / "into"
    process = start(study_of(tmp_path, server, ["/1", "/2"]), into, "--seconds", "600")
    until(lambda: server.hits["/2"] and (into / "texts.jsonl").exists(), process)
    os.kill(process.pid, sent)
    process.join(10)
    assert process.exitcode not in (None, 0)
    assert "Traceback" not in into.with_name("output").read_text(encoding="utf-8")
    assert ["a1"] == [text["article"] for text in lines(into / "texts.jsonl")]
