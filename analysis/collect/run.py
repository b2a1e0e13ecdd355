"""A run of collect: due articles are fetched, kept, extracted and logged; then the summary."""

import platform
import queue
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout

from analysis.collect import Options
from analysis.collect.folder import Fetched, Folder, Source, utc_text
from analysis.collect.visit import NAME, Answer, FetchError, Visitor
from analysis.errors import AnalysisError, write_errors
from analysis.paths import file_digest
from analysis.readers.feed import host_of
from analysis.study import Study
from analysis.wording import progress_bar

#: The Internet Archive's copies have the time they were taken at in their address.
_COPY = re.compile(r"/web/(\d{14})(?:id_)?/")
#: A copy older than the article by more than this cannot be of it: feeds date an article a little late at times.
_BEFORE = timedelta(days=1)
#: Outcome → its words in a summary.
OUTCOMES = {
    "page": "fetched",
    "archived": "fetched from the Internet Archive",
    "gone": "gone (404, 410)",
    "denied": "denied by the site (401, 403 and others)",
    "robots": "not allowed by robots.txt",
    "unsafe": "at an address that is not asked: not public, or not http",
    "refused": "refused here: too large, no HTML, redirects without end",
    "no-address": "without an address in articles.csv",
    "unreachable": "unreachable for now; --retry asks again",
    "failed": "failed for now; --retry asks again",
}
_FOR_NOW = ("unreachable", "failed")
#: Kind of change of a text → its words in a summary.
CHANGES = {
    "new": "new",
    "same": "unchanged",
    "page": "changed, because the page did",
    "extraction": "changed, because the extraction did",
    "none": "missing: the page holds none",
}


@dataclass
class CollectSummary:
    """State of a folder of pages after a run; `asked` and `texts` count articles of this run."""

    folder: Path
    asked: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)  # outcome → articles, as of their last request
    texts: Counter[str] = field(default_factory=Counter)  # kind of change → articles extracted
    with_text: int = 0
    files: tuple[Path, ...] = ()  # of texts, in the order in which annotate takes the newest version of each

    def lines(self) -> Iterator[str]:
        """Lines to print: each outcome with its number, then the changes of texts."""
        articles = self.outcomes.total()
        yield f"{self.folder}: {articles} articles, {self.with_text} with a text; {self.asked} asked for now"
        yield from (f"{self.outcomes[key]:>7} {words}" for key, words in OUTCOMES.items() if self.outcomes[key])
        yield from (f"{self.texts[key]:>7} texts {words}" for key, words in CHANGES.items() if self.texts[key])
        if len(self.files) > 1:
            yield "Texts that changed lie beside the earlier ones; annotate takes the first it reads"


def run(study: Study, path: Path, options: Options) -> CollectSummary:
    """Collect a study's articles; see `analysis.collect.collect`."""
    stop = threading.Event()
    visitor = Visitor(options, stop)
    with _hold(path):
        folder, summary = Folder(path, study.name), CollectSummary(path)
        rows = study.manifest.assign(url=study.manifest["url"].fillna("").str.strip()).itertuples()
        times = (f"{moment.tz_localize(None).isoformat()}Z" for moment in study.manifest["published"])
        pairs = zip(rows, times, strict=True)
        sources = [Source(row.article, row.outlet, row.language, time, row.url) for row, time in pairs]
        versions = {name: version(name) for name in (NAME, "httpx", "protego", "trafilatura", "lxml")}
        versions["python"] = platform.python_version()
        begun = {"round": max(1, folder.round + options.again), "time": utc_text(), "study": study.name}
        articles = file_digest(study.folder / "articles.csv")
        folder.log("run", **begun, articles_sha256=articles, options=vars(options), versions=versions)
        # Old pages first: when the extraction has changed, that is known before a page can have.
        for source in sources:
            if (page := folder.unread_page(source.article)) is not None:
                summary.texts[folder.extract(source, page)] += 1

        def is_due(source: Source) -> bool:
            last = folder.fetches.get(source.article)
            if last is None or last["round"] < folder.round or last["url"] != source.url:  # articles.csv was mended
                return True
            return options.retry and last["outcome"] in _FOR_NOW

        due = list(filter(is_due, sources))
        fetch = partial(fetch_article, visitor=visitor, archive=options.archive)
        fetched_all = closing(_fetch_all(due, fetch, options.hosts, stop))  # so that an error here ends its threads
        with progress_bar(len(due), "articles") as bar, fetched_all as results:
            for source, fetched in results:
                folder.keep(source, fetched, agent=visitor.agent, versions=versions)
                summary.asked += fetched.outcome != "no-address"
                if isinstance(fetched.answer, Answer):
                    summary.texts[folder.extract(source, fetched.answer.page)] += 1
                bar.update()
        summary.outcomes = Counter(folder.fetches[source.article]["outcome"] for source in sources)
        summary.with_text = sum(source.article in folder.texts for source in sources)
        summary.files = tuple(folder.text_files())
        return summary


@contextmanager
def _hold(path: Path) -> Iterator[None]:
    """Context that has the folder to itself."""
    with write_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in path.iterdir()}
        if names - {".gitignore", ".lock"} and "log.jsonl" not in names:
            raise AnalysisError(f"{path} is not empty and was not made by castillo collect. Name another folder")
        # The texts are others' property: git is told to leave them out, wherever the folder lies.
        (path / ".gitignore").write_text("*\n", encoding="utf-8")
    try:
        held = FileLock(path / ".lock", blocking=False).acquire()
    except Timeout as error:
        raise AnalysisError(f"another castillo collect is writing to {path}. Wait until it ends") from error
    with held:
        yield


def _fetch_all(
    due: list[Source], fetch: Callable[[Source], Fetched], hosts: int, stop: threading.Event
) -> Generator[tuple[Source, Fetched], None, None]:
    """Outcomes of due articles as they come: hosts in parallel, the articles of a host one after the other."""
    by_host: defaultdict[str, list[Source]] = defaultdict(list)
    for source in due:
        by_host[host_of(source.url)].append(source)
    results: queue.SimpleQueue[tuple[Source, Fetched]] = queue.SimpleQueue()

    def work(sources: list[Source]) -> None:
        for source in sources:
            try:
                fetched = fetch(source)
            except Exception as error:  # a page nobody thought of must not end a run of days; the log names it
                failed = FetchError("failed", f"unexpected {type(error).__name__}", source.url)
                fetched = Fetched(failed.outcome, failed.reason, failed)
            results.put((source, fetched))

    with ThreadPoolExecutor(hosts) as pool:
        try:
            for sources in sorted(by_host.values(), key=len, reverse=True):  # the longest first, to end together
                pool.submit(work, sources)
            for _ in due:
                yield results.get()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def fetch_article(source: Source, visitor: Visitor, archive: str | None) -> Fetched:
    """Page of an article from its site or, where it is gone or its host unreachable, from an archive."""
    if not source.url:
        return Fetched("no-address", "articles.csv has no address", FetchError("no-address", ""))
    try:
        return Fetched("page", "", visitor.page(source.url))
    except FetchError as error:
        first = error
    if archive is None or first.outcome not in ("gone", "unreachable"):
        return Fetched(first.outcome, first.reason, first)
    try:
        answer, taken = archived(visitor, archive, source.url, datetime.fromisoformat(source.published))
        return Fetched("archived", first.reason, answer, taken)
    except FetchError as second:
        # Only an archive that is in trouble itself may answer otherwise another day.
        outcome = second.outcome if second.outcome in _FOR_NOW else first.outcome
        return Fetched(outcome, f"{first.reason}; archive: {second.reason}", first)


def archived(visitor: Visitor, archive: str, url: str, published: datetime) -> tuple[Answer, datetime]:
    """The copy nearest to an article's date, and when the archive took it; the archive is visited as any host is.

    `/web/<time>id_/<address>` of the Wayback Machine leads to that copy, without the archive's own frame. FetchError
    `gone` where there is none, or only one from before the article.
    """
    base = archive.rstrip("/")
    answer = visitor.page(f"{base}/web/{published.astimezone(UTC):%Y%m%d%H%M%S}id_/{url.partition('#')[0]}")
    found = _COPY.match(answer.url.removeprefix(base))
    if found is None:
        raise FetchError("gone", "no copy in the archive: it leads elsewhere")
    taken = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    if taken < published - _BEFORE:
        raise FetchError("gone", f"the archive's copy is older than the article ({taken:%Y-%m-%d})")
    return answer, taken
