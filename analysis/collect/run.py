"""A run of collect: due articles are fetched, kept, extracted and logged; then the summary."""

from __future__ import annotations

import platform
import queue
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout

from analysis.collect import Options
from analysis.collect.fetch import Answer, Fetcher, FetchError, Guard, check_url, parse_network
from analysis.collect.folder import Fetched, Folder, Source, utc_text
from analysis.collect.visit import NAME, HostRateLimiter, Stopped, Visitor
from analysis.errors import AnalysisError, write_errors
from analysis.paths import digest, file_digest
from analysis.progress import Progress
from analysis.readers.feed import host_of
from analysis.study import Study

_PACKAGES = ("castillo-coverage", "httpx", "httpcore", "protego", "trafilatura", "lxml")
#: The Internet Archive's copies have the time they were taken at in their address.
_COPY = re.compile(r"/web/(\d{14})(?:id_)?/")
#: A copy older than the article by more than this cannot be of it: feeds date an article a little late at times.
_BEFORE = timedelta(days=1)
#: Outcome → its words in a summary.
OUTCOMES = {
    "page": "fetched",
    "archived": "fetched from the Internet Archive",
    "gone": "gone (404, 410) and not in the archive",
    "denied": "denied by the site (401, 403 and others)",
    "robots": "not allowed by robots.txt",
    "unsafe": "at an address that is not asked: not public, or not http",
    "refused": "refused here: too large, no HTML, redirects without end",
    "no-address": "without an address in articles.csv",
    "unreachable": "unreachable for now; --retry asks again",
    "failed": "failed for now; --retry asks again",
}
#: Outcomes that gave a page, and those that another day may change.
_KEPT, _FOR_NOW = ("page", "archived"), ("unreachable", "failed")
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
    """State of a folder of pages after a run; `asked`, `texts` and `changed_pages` count articles of this run."""

    folder: Path
    asked: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)  # outcome → articles, as of their last request
    texts: Counter[str] = field(default_factory=Counter)  # kind of change → articles extracted
    with_text: int = 0
    changed_pages: int = 0  # articles whose page differs from the one kept before
    files: tuple[Path, ...] = ()  # of texts, in the order in which annotate takes the newest version of each

    def lines(self) -> Iterator[str]:
        """Lines to print: each outcome with its number, then the changes of texts."""
        articles = self.outcomes.total()
        yield f"{self.folder}: {articles} articles, {self.with_text} with a text; {self.asked} asked for now"
        yield from (f"{self.outcomes[key]:>7} {words}" for key, words in OUTCOMES.items() if self.outcomes[key])
        if self.changed_pages:
            yield f"{self.changed_pages:>7} pages differ from those kept before; both are kept"
        yield from (f"{self.texts[key]:>7} texts {words}" for key, words in CHANGES.items() if self.texts[key])
        if len(self.files) > 1:
            yield "Texts that changed lie beside the earlier ones; annotate takes the first it reads"


def run(study: Study, path: Path, options: Options, progress: Progress) -> CollectSummary:
    """Collect a study's articles; see `analysis.collect.collect`."""
    fetcher = _fetcher(options)
    _prepare(path)
    with write_errors(path):
        try:
            held = FileLock(path / ".lock", blocking=False).acquire()
        except Timeout as error:  # an OSError as well
            raise AnalysisError(f"another castillo collect is writing to {path}. Wait until it ends") from error
    with held:
        folder = Folder(path, study.name)
        versions = {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()}
        begin = {"event": "run", "round": max(1, folder.round + options.again), "time": utc_text(), "study": study.name}
        articles = {"articles_sha256": file_digest(study.folder / "articles.csv")}
        folder.add(begin | articles | {"options": vars(options), "versions": versions})
        sources, summary = _sources(study), CollectSummary(path)
        # Old pages first: when the extraction has changed, that is known before a page can have.
        for source in sources:
            if (page := folder.unread_page(source.article)) is not None:
                summary.texts[folder.extract(source, page)] += 1
        due = [source for source in sources if _is_due(source, folder, options.retry)]
        for fetched in _fetched(due, options, fetcher, progress):
            before = folder.fetches.get(fetched.source.article, {}).get("sha256")
            page = folder.keep(fetched, {"agent": fetcher.agent, "versions": versions})
            summary.asked += fetched.outcome != "no-address"
            if page is not None:
                summary.changed_pages += before not in (None, "", digest(page))
                summary.texts[folder.extract(fetched.source, page)] += 1
        summary.outcomes = Counter(folder.fetches[source.article]["outcome"] for source in sources)
        summary.with_text = sum(source.article in folder.versions for source in sources)
        summary.files = tuple(folder.text_files())
        return summary


def _fetcher(options: Options) -> Fetcher:
    if options.archive:
        try:
            check_url(options.archive)
        except FetchError as error:
            raise AnalysisError(f"--archive {options.archive!r}: {error.reason}. Write https://…") from error
    agent = f"{NAME}/{version('castillo-coverage')} (news research; +{options.contact or 'no contact given'})"
    return Fetcher(agent, Guard(tuple(map(parse_network, options.allow))), options.seconds, options.size)


def _prepare(folder: Path) -> None:
    """Make the folder; refuse one that is used for something else."""
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in folder.iterdir()}
        if names - {".gitignore", ".lock"} and "log.jsonl" not in names:
            raise AnalysisError(f"{folder} is not empty and was not made by castillo collect. Name another folder")
        for path in (*folder.iterdir(), *folder.glob("pages/*")):  # a link would lead what is written elsewhere
            if path.is_symlink():
                raise AnalysisError(f"{path} is a symbolic link, which castillo collect does not follow. Remove it")
        # The texts are others' property: git is told to leave them out, wherever the folder lies.
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def _sources(study: Study) -> list[Source]:
    manifest = study.manifest
    published = [f"{moment.tz_localize(None).isoformat()}Z" for moment in manifest["published"]]
    columns = (manifest["article"], manifest["outlet"], manifest["language"], published, manifest["url"].fillna(""))
    return [Source(*row[:-1], row[-1].strip()) for row in zip(*columns, strict=True)]


def _is_due(source: Source, folder: Folder, retry: bool) -> bool:
    last = folder.fetches.get(source.article)
    if last is None or last["round"] < folder.round or last["url"] != source.url:  # somebody mended articles.csv
        return True
    return (last["outcome"] in _KEPT and not last["page"]) or (retry and last["outcome"] in _FOR_NOW)


def _fetched(due: list[Source], options: Options, fetcher: Fetcher, progress: Progress) -> Iterator[Fetched]:
    """Outcomes of due articles as they come: hosts in parallel, the articles of a host one after the other.

    The threads are daemons, so a program that ends does not wait for a download. Only what was yielded is written.
    """
    stop = threading.Event()
    limiter = HostRateLimiter(options.delay, longest=max(options.patience, 8 * options.delay), stop=stop)
    visitor = Visitor(fetcher, limiter, tries=options.tries)
    if options.archive:  # one small library answers for all sites
        limiter.slow_down(host_of(options.archive), 3 * options.delay)
    by_host: defaultdict[str, list[Source]] = defaultdict(list)
    for source in due:
        by_host[host_of(source.url)].append(source)
    hosts = sorted(by_host.values(), key=len)  # the longest is taken first, to end together
    results: queue.Queue[Fetched] = queue.Queue(2 * options.hosts)  # pages are large: few wait at once

    def work() -> None:
        with suppress(IndexError, Stopped):
            while True:
                for source in hosts.pop():
                    if stop.is_set():
                        return
                    try:
                        results.put(fetch_article(source, visitor, options.archive))
                    except Exception as error:  # a page nobody thought of must not end a run of days; the log names it
                        unexpected = FetchError("failed", f"unexpected {type(error).__name__}", source.url)
                        results.put(Fetched(source, "failed", unexpected.reason, unexpected))

    progress.begin(len(due), "articles")
    try:
        for _ in range(min(options.hosts, len(by_host))):
            threading.Thread(target=work, daemon=True).start()
        for _ in due:
            yield results.get()
            progress.cell()
    finally:
        stop.set()
        with suppress(queue.Empty):  # a thread that waits to hand its page over can end
            while True:
                results.get_nowait()
        progress.close()


def fetch_article(source: Source, visitor: Visitor, archive: str | None) -> Fetched:
    """Page of an article from its site or, where it is gone or its host unreachable, from an archive."""
    try:
        if not source.url:
            raise FetchError("no-address", "articles.csv has no address")
        return Fetched(source, "page", "", visitor.page(source.url))
    except FetchError as error:
        first = error
    if archive is None or first.outcome not in ("gone", "unreachable"):
        return Fetched(source, first.outcome, first.reason, first)
    try:
        answer, taken = archived(visitor, archive, source.url, datetime.fromisoformat(source.published))
        return Fetched(source, "archived", first.reason, answer, taken)
    except FetchError as second:
        # Only an archive that is in trouble itself may answer otherwise another day.
        outcome = second.outcome if second.outcome in _FOR_NOW else first.outcome
        return Fetched(source, outcome, f"{first.reason}; archive: {second.reason}", first)


def archived(visitor: Visitor, archive: str, url: str, published: datetime) -> tuple[Answer, datetime]:
    """The copy nearest to an article's date, and when the archive took it; the archive is visited as any host is.

    `/web/<time>id_/<address>` of the Wayback Machine leads to that copy, without the archive's own frame. FetchError
    `gone` where there is none, or only one from before the article.
    """
    base = archive.rstrip("/")
    answer = visitor.page(f"{base}/web/{published.astimezone(UTC):%Y%m%d%H%M%S}id_/{url.partition('#')[0]}")
    found = _COPY.match(answer.url.removeprefix(base))
    try:
        taken = datetime.strptime(found[1] if found else "", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise FetchError("gone", "no copy in the archive: it leads elsewhere, or to a time that is none") from error
    if taken < published - _BEFORE:
        raise FetchError("gone", f"the archive's copy is older than the article ({taken:%Y-%m-%d})")
    return answer, taken
