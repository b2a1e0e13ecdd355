"""The reports end to end: built from the committed features, read as files, opened in headless Chromium."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from lxml.html import HtmlElement

pytestmark = pytest.mark.slow

OUTLETS = ("al-jazeera", "guardian", "cnn", "msn", "le-monde", "nbc-news")
PAIRS = ("al-jazeera--guardian", "al-jazeera--le-monde", "guardian--cnn", "cnn--nbc-news")
FOUR = ("overview", "actors", "wording", "tone")
REPORTS = {
    "castillo-2022": (*FOUR, *(f"outlet--{o}" for o in OUTLETS), *(f"pair--{p}" for p in PAIRS)),
    "sample": (
        *FOUR,
        *(f"outlet--{o}" for o in ("andean-courier", "el-faro-del-sur", "harbor-post", "pacific-ledger")),
        "pair--andean-courier--harbor-post",
    ),
}
PAGES = [(study, name) for study, names in REPORTS.items() for name in ("index", *names)]
#: What is opened in the browser: the index and a report of each notebook; of the sample what only it has.
OPENED = [
    *(("castillo-2022", name) for name in ("index", *FOUR, "outlet--guardian", "pair--guardian--cnn")),
    *(("sample", name) for name in ("index", "wording", "outlet--el-faro-del-sur")),
]
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
#: What stands in no text for readers; "None of the words …" does.
BROKEN = re.compile(
    r"\b(?:nan|NaN|NaT|None(?! of )|inf|Traceback|undefined)\b|<NA>|\[object|<[a-z]+ |&\w+;|\{\w+[}!:\[]"
)
#: A path on somebody's machine; a slash after a letter, a colon or a point is part of a web address.
PATH = re.compile(r"file:|(?<![\w./:-])/(?:tmp|home|root|work|usr|opt|var|Users|private)/|\b[A-Z]:\\")
Built = Callable[[str], Path]
Read = Callable[[str, str], HtmlElement]


@pytest.fixture(scope="module")
def read(built: Built) -> Read:
    """read(study, name): a page as a document, a copy that is the test's own."""
    parsed = cache(lambda path: html.document_fromstring(path.read_text(encoding="utf-8")))
    return lambda study, name: deepcopy(parsed(built(study) / f"{name}.html"))


def text_of(element: HtmlElement) -> str:
    """An element's text without doubled spaces."""
    return " ".join(element.text_content().split())


@pytest.mark.parametrize("study", REPORTS)
def test_every_report_is_there(built: Built, read: Read, study: str) -> None:
    """Those of the matrix and no other; the manifest lists each file; the index leads to each and calls it fresh."""
    folder = built(study)
    assert {"index", *REPORTS[study]} == {path.stem for path in folder.glob("*.html")}
    names = {path.name for path in folder.iterdir()}
    assert names - {"manifest.json"} == set(json.loads((folder / "manifest.json").read_text())["files"])
    index = read(study, "index")
    entries = index.xpath("//ul[@class='reports']/li")
    assert [f"{name}.html" for name in REPORTS[study]] == [e.xpath("string(.//h3/a/@href)") for e in entries]
    assert {"fresh"} == {e.get("class") for e in entries}
    assert text_of(index.xpath("//p[@class='question']")[0]).endswith("?")
    for entry, name in zip(entries, REPORTS[study], strict=True):
        headline = text_of(entry.xpath(".//p[@class='headline']")[0])
        assert any(text_of(item).startswith(headline) for item in read(study, name).xpath("//li[@class='finding']"))
        for value in name.split("--")[1:]:
            assert f'"{value}"' in text_of(entry)


@pytest.mark.parametrize(("study", "name"), PAGES)
def test_a_page_is_well_made(built: Built, read: Read, study: str, name: str) -> None:
    """Its policy, headings, ids, links, figures and tables; nothing in it runs or is fetched.

    Links lead to a file of the folder or to an article on the web, without telling it where from.
    """
    page = read(study, name)
    assert [POLICY] == page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert "en" == page.get("lang")
    assert [] == page.xpath("//script | //iframe | //object | //embed | //base | //form")
    assert [] == page.xpath("//@*[starts-with(name(), 'on')]")
    assert [] == page.xpath("//@src | //@srcset | //link/@href[. != 'data:,']")
    assert [] == re.findall(r"@import|url\((?![\"']?#)[^)]*\)", "".join(page.xpath("//style//text()")))
    assert (1, 1) == (len(page.xpath("//h1")), len(page.xpath("//main")))
    assert text_of(page.xpath("//h1")[0])
    levels = [int(h.tag[1]) for h in page.xpath("//h1|//h2|//h3|//h4|//h5|//h6")]
    assert 1 == levels[0]
    assert [] == [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1]
    ids = Counter(page.xpath("//@id"))
    assert [] == [i for i, count in ids.items() if count > 1]
    source = html.tostring(page, encoding="unicode")
    inner = {a or b for a, b in re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', source)}
    named = " ".join(page.xpath("//@aria-labelledby | //@aria-describedby | //@for | //@headers")).split()
    assert set() == {*inner, *named} - set(ids)
    assert "main" in inner
    for link in page.xpath("//a[@href]"):
        href, away = link.get("href"), "noreferrer" in link.get("rel", "")
        assert away if re.match(r"https?://", href) else href[0] == "#" or (built(study) / href).is_file(), href
        assert text_of(link), href
    for figure in page.xpath("//*[local-name()='svg']"):
        assert "img" == figure.get("role")
        assert all(text_of(figure.xpath(f"./*[local-name()='{part}']")[0]) for part in ("title", "desc"))
        told = [text_of(title) for title in figure.xpath(".//*[local-name()='g']/*[local-name()='title']")]
        assert told  # its marks say what they stand for
        assert all(told)
    for table in page.xpath("//table"):
        assert text_of(table.xpath("./caption")[0])
        assert [] == table.xpath(".//th[not(@scope='col' or @scope='row')]")
        assert [] == table.xpath("./tbody/tr[not(./th[@scope='row'])]")
        assert {len(row.xpath("./th|./td")) for row in table.xpath(".//tr")} == {len(table.xpath("./thead/tr/th"))}


@pytest.mark.parametrize(("study", "name"), PAGES)
def test_a_page_says_nothing_broken(read: Read, study: str, name: str) -> None:
    """No missing value, no trace of the program, no path of the machine; each finding is a sentence."""
    page = read(study, name)
    assert [] == PATH.findall(html.tostring(page, encoding="unicode"))
    for hidden in page.xpath("//style | //details[contains(@class, 'code') or @class = 'bibtex']"):
        hidden.drop_tree()
    told = [found[0] for found in BROKEN.finditer(" ".join(page.itertext()))]
    assert [] == told
    findings = page.xpath("//li[contains(@class, 'finding')]")
    assert bool(findings) == (name != "index")
    for finding in findings:
        sentence = text_of(finding)
        assert re.fullmatch(r"[\w“\"(].{20,}\.", sentence), sentence
        assert ".." not in sentence.replace("…", "")
    for text in page.xpath("//*[local-name()='desc'] | //figcaption"):
        assert text_of(text).endswith("."), text_of(text)[-80:]
    if name != "index":
        first = page.xpath("//main//*[contains(@class, 'output')]")[0]
        assert first.xpath(".//li[contains(@class, 'finding')]"), "the report does not open with its findings"


@pytest.mark.parametrize("study", REPORTS)
def test_every_table_is_also_a_csv(built: Built, read: Read, study: str) -> None:
    """Each link leads to a file that parses, with a row for each row of the table above it; each file has its link."""
    folder = built(study)
    linked = []
    for name in REPORTS[study]:
        page = read(study, name)
        for table in page.xpath("//main//table"):
            (href,) = table.xpath("ancestor::div[contains(@class, 'output')]//a[@download]/@href")
            linked.append(href)
            text = (folder / href).read_text(encoding="utf-8")
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
            assert {len(rows[0])} == {len(row) for row in rows}, href
            assert len(rows[0]) == len(set(rows[0])) and all(rows[0]), href
            assert len(rows) - 1 == len(table.xpath("./tbody/tr")), href
            assert [] == PATH.findall(text), href
            assert [] == [field for row in rows for field in row if field in ("nan", "NaN", "None", "NaT", "inf")], href
        inside = "ancestor::div[contains(@class, 'output')]"
        links = page.xpath(f"//main//a[@download][contains(@href, '.csv')][not({inside}//table)]")
        assert all(link.xpath(f"{inside}//figure") for link in links)  # the numbers that a figure shows
        linked += [link.get("href") for link in links]
        every = page.xpath("//main//a[@download][contains(@href, '.csv')]")
        assert len(every) == len(links) + len(page.xpath("//main//table"))
    assert sorted(linked) == sorted(path.name for path in folder.glob("*.csv"))


def test_the_sample_says_that_its_outlets_are_invented(read: Read) -> None:
    """In a banner on every page; the real study's pages have no banner."""
    for study, name in PAGES:
        banners = " ".join(map(text_of, read(study, name).xpath("//p[@class='banner']")))
        assert ("invented" in banners) == (study == "sample"), (study, name)


#: Long tables and lists of articles repeat themselves: of each the first dozen rows is looked at.
SHORTEN = """() => {
  for (const d of document.querySelectorAll('details')) d.open = true;
  for (const b of document.querySelectorAll('tbody')) [...b.rows].slice(12).forEach(r => r.remove());
  for (const l of document.querySelectorAll('details.articles dl')) [...l.children].slice(6).forEach(c => c.remove());
  for (const l of document.querySelectorAll('details.articles dd')) [...l.children].slice(6).forEach(c => c.remove());
}"""
#: A figure is an image to axe: its texts are looked at by CONTRAST.
AXE = """() => axe.run({exclude: [['svg > g']]}, {resultTypes: ['violations']}).then(found => found.violations.map(
  v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.failureSummary).join(' | ')))"""
#: Contrast of a figure's texts against what is drawn beneath them, which axe leaves undecided.
CONTRAST = """() => {
  const parse = c => { const m = (c.match(/[\\d.]+/g) || []).map(Number); return m.length > 3 ? m : [...m, 1]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3]));
  const light = c => { const f = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
  const paper = parse(getComputedStyle(document.body).backgroundColor), poor = [];
  for (const text of document.querySelectorAll('svg text')) {
    const box = text.getBoundingClientRect(), style = getComputedStyle(text);
    if (!text.textContent.trim() || !box.width) continue;
    const below = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2)
      .filter(e => e instanceof SVGGeometryElement && e.ownerSVGElement === text.ownerSVGElement);
    let ground = paper.slice(0, 3);
    for (const shape of below.reverse()) {
      const s = getComputedStyle(shape);
      if (s.fill === 'none') continue;
      const fill = parse(s.fill);
      ground = over([...fill.slice(0, 3), fill[3] * s.fillOpacity * s.opacity], ground);
    }
    const ink = parse(style.fill);
    const drawn = over([...ink.slice(0, 3), ink[3] * style.fillOpacity * style.opacity], ground);
    const [hi, lo] = [light(drawn), light(ground)].sort((a, b) => b - a), ratio = (hi + 0.05) / (lo + 0.05);
    if (ratio < 4.5) poor.push(text.closest('svg').getAttribute('aria-labelledby') + ': ' + text.textContent.trim()
      + ' ' + ratio.toFixed(2) + ' ' + drawn.map(Math.round) + ' on ' + ground.map(Math.round));
  }
  return poor;
}"""


def strongest_shade() -> str:
    """The shade at the edge of a table or figure that goes on to the right, where it is strongest, over the paper."""
    style = Path(__file__).parents[1] / "analysis" / "publish" / "template" / "style.css"
    shade = r"linear-gradient\(to left, color-mix\(in srgb, var\(--ink\) (\d+)%, transparent\)"
    (share,) = re.findall(shade, style.read_text(encoding="utf-8"))
    return f"color-mix(in srgb, var(--ink) {share}%, var(--paper))"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("study", "name"), OPENED)
def test_a_page_in_the_browser(built: Built, browser: Any, study: str, name: str, scheme: str) -> None:
    """Silent, asks nothing of a network, fits a phone, can be entered by keyboard, and axe-core has no complaint."""
    address = (built(study) / f"{name}.html").as_uri()
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == address else route.abort())
    try:
        page.goto(address)
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (scheme == "dark") == (sum(map(int, re.findall(r"\d+", paper)[:3])) < 3 * 128)
        assert_skip_link(page)
        for opened in (False, True):
            page.evaluate("o => document.querySelectorAll('details').forEach(d => d.open = o)", opened)
            for width in (320, 390):
                page.set_viewport_size({"width": width, "height": 800})
                assert width >= page.evaluate("document.documentElement.scrollWidth"), (width, opened)
        assert [] == [url for url in asked if url.partition("#")[0] != address and not url.startswith("data:")]
        assert [] == said
        page.evaluate(SHORTEN)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
        # Over a gradient axe leaves contrast undecided: the shade at the edge lies, at its strongest, over all.
        page.add_style_tag(content=f".figure-scroll, .table-scroll {{ background: {strongest_shade()} !important }}")
        assert [] == page.evaluate(AXE)
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": 1280, "height": height})
        assert [] == page.evaluate(CONTRAST)
        assert [] == said
    finally:
        context.close()


def assert_skip_link(page: Any) -> None:
    """The first thing that Tab reaches: unseen before, seen then, and it leads to the content."""
    shown = """() => { const b = document.querySelector('a.skip').getBoundingClientRect();
      return b.left >= 0 && b.top >= 0 && b.right <= innerWidth && b.width > 40 && b.height > 15; }"""
    assert not page.evaluate(shown)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('a.skip')")
    assert page.evaluate(shown)
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash === '#main' && document.activeElement.id === 'main'")
    assert not page.evaluate(shown)


def test_two_builds_give_the_same_bytes(
    built: Built, project: Path, tmp_path: Path, castillo: Any, copy_project: Any
) -> None:
    """Another folder, time zone, locale, hash seed and number of jobs, no cache: the same files, manifest included."""
    elsewhere = copy_project(project, tmp_path / "a folder, elsewhere")
    environment = {"TZ": "Asia/Tokyo", "LC_ALL": "pl_PL.UTF-8", "PYTHONHASHSEED": "2"}
    done = castillo(elsewhere, "build", "sample", "--jobs", "1", "--output", "out", **environment)
    assert 0 == done.returncode, done.stdout + done.stderr
    one, two = built("sample"), elsewhere / "out" / "sample"
    assert sorted(path.name for path in one.iterdir()) == sorted(path.name for path in two.iterdir())
    assert [] == [path.name for path in sorted(one.iterdir()) if path.read_bytes() != (two / path.name).read_bytes()]
