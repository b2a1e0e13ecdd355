"""A run of collect: due articles are fetched, kept, extracted and logged; then the summary."""

from __future__ import annotations

import platform
import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout

from analysis.collect import Options
from analysis.collect.article import FetchResult, get_article, now
from analysis.collect.fetch import Fetcher, Limits
from analysis.collect.guard import Guard, parse_networks
from analysis.collect.outcomes import FOR_NOW, KEPT, CollectSummary, FetchError
from analysis.collect.politeness import NAME, HostRateLimiter, Stopped
from analysis.collect.record import Record
from analysis.collect.texts import Source, Texts, newest_first
from analysis.collect.visit import Visitor, host_of
from analysis.errors import AnalysisError, told_if_not_written
from analysis.paths import digest
from analysis.progress import Progress
from analysis.study import Study

_PACKAGES = ("castillo-coverage", "httpx", "httpcore", "protego", "trafilatura", "lxml")


def run(study: Study, folder: Path, options: Options, *, progress: Progress | None = None) -> CollectSummary:
    """Collect a study's articles; see `analysis.collect.collect`."""
    fetcher = _fetcher(options)
    _prepare(folder)
    with _locked(folder):
        record = Record(folder, study.name)
        texts = Texts(record)
        _begin(record, study, options)
        return _Run(record, texts, _sources(study), CollectSummary(folder)).all(
            options, fetcher, progress or Progress()
        )


def _prepare(folder: Path) -> None:
    """Make the folder; refuse one that is used for something else."""
    with told_if_not_written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in folder.iterdir()}
        if names - {".gitignore", ".lock"} and "log.jsonl" not in names:
            raise AnalysisError(f"{folder} is not empty and was not made by castillo collect. Name another folder")
        for path in (*folder.iterdir(), *folder.glob("pages/*")):  # a link would lead what is written elsewhere
            if path.is_symlink():
                raise AnalysisError(f"{path} is a symbolic link, which castillo collect does not follow. Remove it")
        # The texts are others' property: git is told to leave them out, wherever the folder lies.
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")


class _Run:
    """A run, all parts of which write to the same record."""

    def __init__(self, record: Record, texts: Texts, sources: list[Source], summary: CollectSummary) -> None:
        self._record, self._texts, self._sources, self._summary = record, texts, sources, summary

    def all(self, options: Options, fetcher: Fetcher, progress: Progress) -> CollectSummary:
        # Old pages first: when the extraction has changed, that is known before a page can have.
        for source in self._sources:
            self._read_again(source)
        due = [source for source in self._sources if self._is_due(source, options.retry)]
        for result in _fetched(due, options, fetcher, progress):
            self._keep(result, fetcher.agent)
        return self._summarize()

    def _read_again(self, source: Source) -> None:
        state = self._record.state(source.article)
        if not state.page or self._texts.is_read(state):
            return
        if (page := self._record.page(state)) is None:
            state.page = ""  # gone or damaged: it is to be asked for again
        else:
            self._summary.texts[self._texts.update(source, page)] += 1

    def _is_due(self, source: Source, retry: bool) -> bool:
        state = self._record.state(source.article)
        moved = state.url != source.url  # somebody mended articles.csv
        lost = state.outcome in KEPT and not state.page
        return state.round < self._record.round or moved or lost or (retry and state.outcome in FOR_NOW)

    def _keep(self, result: FetchResult, agent: str) -> None:
        state = self._record.state(result.source.article)
        before = state.page_sha256
        place = "" if result.page is None else self._record.keep(result.source.article, result.page)
        line = result.line(self._record.round, place)
        self._record.add(line | {"agent": agent, "versions": _versions()})
        self._summary.asked += result.outcome != "no-address"
        if result.page is not None:
            self._summary.changed_pages += bool(before) and before != state.page_sha256
            self._summary.texts[self._texts.update(result.source, result.page)] += 1

    def _summarize(self) -> CollectSummary:
        states = [self._record.state(source.article) for source in self._sources]
        outcomes = Counter(state.outcome for state in states)
        files = tuple(newest_first(self._record.folder))
        return replace(
            self._summary, outcomes=outcomes, with_text=sum(state.version > 0 for state in states), files=files
        )


def _fetched(due: list[Source], options: Options, fetcher: Fetcher, progress: Progress) -> Iterator[FetchResult]:
    stop = threading.Event()
    limiter = HostRateLimiter(options.delay, longest=max(options.patience, 8 * options.delay), stop=stop)
    visitor = Visitor(fetcher, limiter, tries=options.tries)
    if options.archive:  # one small library answers for all sites
        limiter.slow_down(host_of(options.archive), 3 * options.delay)

    def work(source: Source) -> FetchResult:
        try:
            return get_article(source, visitor, options.archive)
        except Stopped:
            raise
        except Exception as error:  # a page nobody thought of must not end a run of days; the log names it
            return FetchResult(source, "failed", f"unexpected {type(error).__name__}", url=source.url)

    progress.begin(len(due), "articles")
    try:
        for source in due:
            if not source.url:
                progress.cell()
                yield FetchResult(source, "no-address", "articles.csv has no address")
        addressed = [source for source in due if source.url]
        for result in _in_parallel(addressed, work, threads=options.hosts, stop=stop):
            progress.cell()
            yield result
    finally:
        stop.set()
        progress.close()


def _in_parallel(
    sources: Iterable[Source], work: Callable[[Source], FetchResult], *, threads: int, stop: threading.Event
) -> Iterator[FetchResult]:
    """Results of all sources as they come: hosts in parallel, the articles of a host one after the other.

    The threads are daemons, so a program that ends does not wait for a download: only results that were yielded
    are written, so nothing is lost.
    """
    by_host: defaultdict[str, list[Source]] = defaultdict(list)
    for source in sources:
        by_host[host_of(source.url)].append(source)
    hosts = iter(sorted(by_host.values(), key=len, reverse=True))  # the longest first, to end together
    lock = threading.Lock()
    results: queue.Queue[FetchResult] = queue.Queue(2 * threads)  # pages are large: few wait at once

    def run_hosts() -> None:
        while True:
            with lock:
                members = next(hosts, None)
            if members is None:
                return
            for source in members:
                try:
                    result = work(source)
                except Stopped:
                    return
                while not stop.is_set():
                    try:
                        results.put(result, timeout=0.5)
                        break
                    except queue.Full:
                        continue

    for _ in range(min(threads, len(by_host))):
        threading.Thread(target=run_hosts, daemon=True).start()
    for _ in range(sum(map(len, by_host.values()))):
        yield results.get()


def _fetcher(options: Options) -> Fetcher:
    guard = Guard(parse_networks(options.allow))
    if options.archive:
        try:
            guard.check(options.archive)
        except FetchError as error:
            raise AnalysisError(f"--archive {options.archive!r}: {error.reason}. Write https://…") from error
    agent = f"{NAME}/{version('castillo-coverage')} (news research; +{options.contact or 'no contact given'})"
    return Fetcher(agent, guard, Limits(seconds=options.seconds, size=options.size))


def _begin(record: Record, study: Study, options: Options) -> None:
    """Log the start of a run: in the open round, or in a new one."""
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
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; refuse where another run has it."""
    lock = FileLock(folder / ".lock", blocking=False)
    with told_if_not_written(folder):
        try:
            lock.acquire()
        except Timeout as error:
            raise AnalysisError(f"another castillo collect is writing to {folder}. Wait until it ends") from error
    try:
        yield
    finally:
        lock.release()
