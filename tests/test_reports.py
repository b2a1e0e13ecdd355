"""The reports end to end: built from the committed features, read as files, opened in headless Chromium.

And read at first reading: short sentences, said once, with denominators, without unexplained terms.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from lxml.html import HtmlElement

from analysis import load_study
from analysis.wording import DIGITS

pytestmark = pytest.mark.slow

FOUR = ("overview", "actors", "wording", "tone")
#: The reports that are read: of the sample all, of others some of each kind. CI compares the bytes of all.
REPORTS = {
    "castillo-2022": (*FOUR, "outlet--guardian", "pair--guardian--cnn"),
    "sample": (
        *FOUR,
        *(f"outlet--{o}" for o in ("andean-courier", "el-faro-del-sur", "harbor-post", "pacific-ledger")),
        "pair--andean-courier--harbor-post",
    ),
    "castillo-2022-world": ("naming", "portrait--larepublica-pe"),
}
PAGES = [(study, name) for study, names in REPORTS.items() for name in ("index", *names)]
#: What is opened in the browser: a page of each kind; of the sample what only it has.
OPENED = [
    *(("castillo-2022", name) for name in ("index", "wording")),
    ("sample", "outlet--el-faro-del-sur"),
]
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
#: What stands in no text for readers; "None of the words …" does.
BROKEN = re.compile(r"\b(?:nan|NaN|NaT|None(?! of )|inf|Traceback)\b|<NA>|\[object|<[a-z]+ |&\w+;|\{\w+[}!:\[]")
#: A path on somebody's machine; a slash after a letter, a colon or a point is part of a web address.
PATH = re.compile(r"file:|(?<![\w./:-])/(?:tmp|home|root|work|usr|opt|var|Users|private)/|\b[A-Z]:\\")
#: Terms that only the method notes may use, where they are explained.
TERMS = re.compile(
    r"log-odds|omega squared|bootstrap|mantel|wilson|dirichlet|macro-f1|\blede\b|p-value|heteroscedast|posterior"
    r"|false discover|standardi[sz]ed|percentile|family-wise",
    re.IGNORECASE,
)
#: Not read from the top: folded, drawn, or the notes at the end.
UNREAD = "//details | //svg | //*[@class='method'] | //footer | //nav | //style | //pre"
#: What stands under every figure or table of its kind, and of every study's page of a notebook.
LEGEND = "ancestor-or-self::figure or ancestor-or-self::table or @class='caption'"
#: A count of something: 12 of 14; 29 times in 50; 314 articles of 24 outlets.
COUNTED = re.compile(
    r"\d[\d,]* (?:[\w-]+ ){0,3}?(?:of|in|against)\b|\d[\d,]* articles|\d mentions|^Of \d", re.IGNORECASE
)
#: Decimals that sentences, cells and tooltips have at most; that a coordinate of a figure has.
PROSE, DRAWN = 3, 6
Built = Callable[..., Path]
Read = Callable[[str, str], HtmlElement]


@pytest.fixture(scope="module")
def folder_of(built: Built) -> Callable[[str], Path]:
    """folder_of(study): the folder of its reports, built once for all tests."""
    return lambda study: built(study, *(() if study == "sample" else REPORTS[study]))


@pytest.fixture(scope="module")
def read(folder_of: Built) -> Read:
    """read(study, name): a page as a document, a copy that is the test's own."""
    parsed = cache(lambda path: html.document_fromstring(path.read_text(encoding="utf-8")))
    return lambda study, name: deepcopy(parsed(folder_of(study) / f"{name}.html"))


def text_of(element: HtmlElement) -> str:
    """An element's text without doubled spaces."""
    return " ".join(element.text_content().split())


def test_every_report_is_there(folder_of: Built, read: Read) -> None:
    """Those of the matrix and no other; the manifest lists each file; the index leads to each and calls it fresh."""
    study = "sample"
    folder = folder_of(study)
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
def test_a_page_is_well_made(folder_of: Built, read: Read, study: str, name: str) -> None:
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
        assert away if re.match(r"https?://", href) else href[0] == "#" or (folder_of(study) / href).is_file(), href
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
    assert [] == [found[0] for found in BROKEN.finditer(" ".join(page.itertext()))]
    for hidden in page.xpath("//footer"):
        hidden.drop_tree()
    assert PROSE >= decimals(" ".join(page.itertext()))
    for mark in page.xpath("//*[local-name()='svg']//*"):
        assert DRAWN >= decimals(" ".join(value for name, value in mark.items() if "id" not in name))
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
def test_every_table_is_also_a_csv(folder_of: Built, read: Read, study: str) -> None:
    """Each link leads to a file that parses, with a row for each row of the table above it; each file has its link."""
    folder = folder_of(study)
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
            assert DIGITS >= max(map(decimals_of_cell, (cell for row in rows for cell in row))), href
            assert [] == [field for row in rows for field in row if field in ("nan", "NaN", "None", "NaT", "inf")], href
        inside = "ancestor::div[contains(@class, 'output')]"
        links = page.xpath(f"//main//a[@download][contains(@href, '.csv')][not({inside}//table)]")
        assert all(link.xpath(f"{inside}//figure") for link in links)  # the numbers that a figure shows
        linked += [link.get("href") for link in links]
        every = page.xpath("//main//a[@download][contains(@href, '.csv')]")
        assert len(every) == len(links) + len(page.xpath("//main//table"))
    assert sorted(linked) == sorted(path.name for path in folder.glob("*.csv"))


def decimals(text: str) -> int:
    """The most decimals of any number in a text."""
    return max((len(found) for found in re.findall(r"\d\.(\d+)(?![\d.]*\.\d)", text)), default=0)


def decimals_of_cell(cell: str) -> int:
    """Decimals of a cell of a CSV; none where it is no number."""
    try:
        return -int(Decimal(cell).as_tuple().exponent)
    except (InvalidOperation, ValueError):
        return 0


def sentences(element: HtmlElement) -> list[str]:
    """Sentences of an element."""
    return [one for one in re.split(r"(?<=[.!?;])\s+(?=[A-Z“\d])", text_of(element)) if one]


def without_small_print(page: HtmlElement) -> list[str]:
    """Sentences of a page's small print, which is taken out of the page."""
    small = page.xpath("//small")
    texts = [one for element in small for one in sentences(element)]
    for element in small:
        element.drop_tree()
    return texts


@pytest.mark.parametrize(("study", "name"), PAGES)
def test_a_page_is_understood_at_first_reading(read: Read, study: str, name: str) -> None:
    """Sentences of 30 words, findings of 25 with counts and capitals, five on top, no term, six columns at most."""
    page = read(study, name)
    banners = " ".join(map(text_of, page.xpath("//p[@class='banner']")))
    assert ("invented" in banners) == (study == "sample")  # its outlets are, and each page says so
    # A column for each account of the supplement.
    tables = [table for table in page.xpath("//table") if not table.get("id", "").startswith("table-press-")]
    assert [] == [table.get("id") for table in tables if len(table.xpath("./thead/tr[1]/th")) > 6]
    if page.xpath("//*[@class='detail']"):
        assert "How to read the small print" in text_of(page)
    for element in page.xpath(UNREAD):
        element.drop_tree()
    told = without_small_print(page)
    told += [one for e in page.xpath("//p | //li[not(.//p)] | //figcaption | //caption") for one in sentences(e)]
    assert [] == [one for one in told if len(one.split()) > 30 or TERMS.search(one)]
    findings = [text_of(item) for item in page.xpath("//ul[@class='findings']/li")]
    outlets = sorted(load_study(study).outlet_names.values(), key=len, reverse=True)
    one_word = re.compile("|".join(map(re.escape, outlets)))
    assert [] == [one for one in findings if len(one_word.sub("X", one).split()) > 25 or not COUNTED.search(one)]
    assert [] == [one for one in findings if one[0].islower() and not one_word.match(one)]
    assert len(findings) <= 5 and bool(findings) == (name != "index")


@pytest.mark.parametrize("study", REPORTS)
def test_nothing_is_said_twice(read: Read, study: str) -> None:
    """On a page no sentence; in a study a finding on its topic's page and its outlet's; in the index no line."""
    told: Counter[str] = Counter()
    for name in ("index", *REPORTS[study]):
        page = read(study, name)
        for element in page.xpath(UNREAD):
            element.drop_tree()
        without_small_print(page)  # what is fragile, and how, is in many small prints the same
        once = [one for element in page.xpath(f"//p[not({LEGEND})] | //li[not(.//p)]") for one in sentences(element)]
        longer = Counter(one for one in once if len(one.split()) > 5 and name != "index")
        assert {} == {one: count for one, count in longer.items() if count > 1}, name
        told.update({text_of(item) for item in page.xpath("//ul[@class='findings']/li")})
        lines = page.xpath("//p[@class='headline']/text()")
        assert sorted(set(lines)) == sorted(lines)
    assert {} == {one: count for one, count in told.items() if count > 2}


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


@pytest.mark.parametrize(("study", "name"), OPENED)
def test_a_page_in_the_browser(folder_of: Built, browser: Any, study: str, name: str) -> None:
    """Silent, asks nothing of a network, fits a phone, can be entered by keyboard, and axe-core has no complaint."""
    address = (folder_of(study) / f"{name}.html").as_uri()
    page = browser.new_page(color_scheme="light", viewport={"width": 1280, "height": 900})
    page.set_default_timeout(120_000)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == address else route.abort())
    try:
        page.goto(address)
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
        page.set_viewport_size({"width": 1280, "height": page.evaluate("document.documentElement.scrollHeight")})
        assert [] == page.evaluate(AXE)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (scheme == "dark") == (sum(map(int, re.findall(r"\d+", paper)[:3])) < 3 * 128)
            assert [] == page.evaluate(CONTRAST)
        assert [] == page.evaluate(AXE.replace("{resultTypes", "{runOnly: ['color-contrast'], resultTypes"))
        assert [] == said
    finally:
        page.close()


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


@pytest.mark.parametrize(("study", "more"), [("castillo-2022", ()), ("castillo-2022-world", ("sources",))])
def test_every_notebook_gives_the_same_bytes_in_an_ordinary_kernel(
    study: str, more: tuple[str, ...], project: Path, castillo: Any, tmp_path: Path
) -> None:
    names, made = (*REPORTS[study], *more), []
    for options in ([], ["--kernel"]):
        folder = tmp_path / f"reports{len(made)}"
        chosen = [part for name in names for part in ("--only", name)]
        done = castillo(project, "build", study, "--jobs", "2", "--output", str(folder), *options, *chosen)
        assert 0 == done.returncode, done.stdout + done.stderr
        made.append({path.name: path.read_bytes() for path in (folder / study).iterdir()})
    assert {f"{name}.html" for name in names} <= made[0].keys() == made[1].keys()
    assert [] == [name for name in made[0] if made[0][name] != made[1][name]]
