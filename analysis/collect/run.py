"""A run: which articles are due, fetched, kept, taken apart, logged; and the sums at its end."""

from __future__ import annotations

import platform
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from analysis.collect.article import Got, get_article, now
from analysis.collect.fetch import Fetcher, Limits
from analysis.collect.guard import Guard, parse_networks
from analysis.collect.options import Options
from analysis.collect.polite import Stopped, Turns
from analysis.collect.record import Record
from analysis.collect.robots import NAME
from analysis.collect.sums import Collection
from analysis.collect.texts import Source, Texts, newest_first
from analysis.collect.trouble import FOR_NOW, KEPT, Trouble
from analysis.collect.visit import Visitor, host_of
from analysis.collect.workers import Workers
from analysis.errors import AnalysisError, told_if_not_written
from analysis.paths import digest
from analysis.progress import Progress
from analysis.study import Study

try:
    import fcntl
except ImportError:  # Windows: two runs in one folder are not kept apart there
    fcntl = None  # type: ignore[assignment]

_PACKAGES = ("castillo-coverage", "httpx", "httpcore", "protego", "trafilatura", "lxml")


def run(study: Study, folder: Path, options: Options, *, progress: Progress | None = None) -> Collection:
    """Collect a study's articles; see `analysis.collect.collect`."""
    fetcher = _fetcher(options)
    _prepare(folder)
    with _held(folder):
        record = Record(folder, study.name)
        texts = Texts(record)
        _begin(record, study, options)
        return _Run(record, texts, _sources(study), Collection(folder)).all(options, fetcher, progress or Progress())


def _prepare(folder: Path) -> None:
    """Make the folder; refuse one that is used for something else."""
    with told_if_not_written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in folder.iterdir()}
        if names - {".gitignore", ".lock"} and "log.jsonl" not in names:
            raise AnalysisError(f"{folder} is not empty and was not made by castillo collect. Name another folder")
        # The texts are others' property: git is told to leave them out, wherever the folder lies.
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")


class _Run:
    """The parts of a run, which all write to the same record."""

    def __init__(self, record: Record, texts: Texts, sources: list[Source], done: Collection) -> None:
        self._record, self._texts, self._sources, self._done = record, texts, sources, done

    def all(self, options: Options, fetcher: Fetcher, progress: Progress) -> Collection:
        # Old pages first: when the extraction has changed, that is known before a page can have.
        for source in self._sources:
            self._read_again(source)
        due = [source for source in self._sources if self._is_due(source, options.retry)]
        for got in _fetched(due, options, fetcher, progress):
            self._keep(got, fetcher.agent)
        return self._sums()

    def _read_again(self, source: Source) -> None:
        past = self._record.past(source.article)
        if not past.page or self._texts.is_read(past):
            return
        if (page := self._record.page(past)) is None:
            past.page = ""  # gone or damaged: it is to be asked for again
        else:
            self._done.texts[self._texts.update(source, page)] += 1

    def _is_due(self, source: Source, retry: bool) -> bool:
        past = self._record.past(source.article)
        moved = past.url != source.url  # somebody mended articles.csv
        lost = past.outcome in KEPT and not past.page
        return past.round < self._record.round or moved or lost or (retry and past.outcome in FOR_NOW)

    def _keep(self, got: Got, agent: str) -> None:
        past = self._record.past(got.source.article)
        before = past.page_sha256
        place = "" if got.page is None else self._record.keep(got.source.article, got.page)
        line = got.line(self._record.round, place)
        self._record.add(line | {"agent": agent, "versions": _versions()})
        self._done.asked += got.outcome != "no-address"
        if got.page is not None:
            self._done.changed_pages += bool(before) and before != past.page_sha256
            self._done.texts[self._texts.update(got.source, got.page)] += 1

    def _sums(self) -> Collection:
        pasts = [self._record.past(source.article) for source in self._sources]
        outcomes = Counter(past.outcome for past in pasts)
        files = tuple(newest_first(self._record.folder))
        return replace(self._done, outcomes=outcomes, with_text=sum(past.version > 0 for past in pasts), files=files)


def _fetched(due: list[Source], options: Options, fetcher: Fetcher, progress: Progress) -> Iterator[Got]:
    stop = threading.Event()
    turns = Turns(options.delay, longest=max(options.patience, 8 * options.delay), stop=stop)
    visitor = Visitor(fetcher, turns, tries=options.tries)
    if options.archive:  # one small library answers for all sites
        turns.slow_down(host_of(options.archive), 3 * options.delay)

    def work(source: Source) -> Got:
        try:
            return get_article(source, visitor, options.archive)
        except Stopped:
            raise
        except Exception as error:  # a page nobody thought of must not end a run of days; the log names it
            return Got(source, "failed", f"unexpected {type(error).__name__}", url=source.url)

    progress.begin(len(due), "articles")
    try:
        for source in due:
            if not source.url:
                progress.cell()
                yield Got(source, "no-address", "articles.csv has no address")
        for got in Workers(work, lambda source: host_of(source.url), threads=options.hosts, stop=stop).results(
            s for s in due if s.url
        ):
            progress.cell()
            yield got
    finally:
        stop.set()
        progress.close()


def _fetcher(options: Options) -> Fetcher:
    guard = Guard(parse_networks(options.allow))
    if options.archive:
        try:
            guard.check(options.archive)
        except Trouble as trouble:
            raise AnalysisError(f"--archive {options.archive!r}: {trouble.reason}. Write https://…") from trouble
    agent = f"{NAME}/{version('castillo-coverage')} (news research; +{options.contact or 'no contact given'})"
    return Fetcher(agent, guard, Limits(seconds=options.seconds, size=options.size))


def _begin(record: Record, study: Study, options: Options) -> None:
    """Log that a run begins: in the round that is open, or in a new one."""
    record.add(
        {
            "event": "run",
            "round": max(1, record.round + options.again),
            "time": now(),
            "study": study.name,
            "articles_sha256": digest((study.folder / "articles.csv").read_bytes()),
            "options": vars(options),
            "versions": _versions(),
        }
    )


def _versions() -> dict[str, str]:
    return {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()}


def _sources(study: Study) -> list[Source]:
    rows = study.manifest[["article", "outlet", "language", "published", "url"]]
    found = []
    for row in rows.itertuples(index=False):
        published = f"{row.published.tz_localize(None).isoformat()}Z"
        url = row.url if isinstance(row.url, str) else ""
        found.append(Source(row.article, row.outlet, row.language, published, url.strip()))
    return found


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    with told_if_not_written(folder), (folder / ".lock").open("a") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AnalysisError(f"another castillo collect is writing to {folder}. Wait until it ends") from error
        yield
