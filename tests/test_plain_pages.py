"""Pages understood at first reading: short sentences, said once, with denominators, no unexplained terms."""

import re
from collections import Counter
from pathlib import Path

import pytest
from lxml import html

from analysis import load_study

pytestmark = pytest.mark.slow
STUDIES = ("castillo-2022", "castillo-2022-world", "sample")
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


def read(path: Path):
    page = html.document_fromstring(path.read_text(encoding="utf-8"))
    for element in page.xpath(UNREAD):
        element.drop_tree()
    return page


def sentences(element) -> list[str]:
    text = " ".join(element.text_content().split())
    return [one for one in re.split(r"(?<=[.!?;])\s+(?=[A-Z“\d])", text) if one]


def prose(page) -> list[str]:
    small = page.xpath("//small")
    texts = [one for element in small for one in sentences(element)]
    for element in small:
        element.drop_tree()
    found = page.xpath("//p | //li[not(.//p)] | //figcaption | //caption")
    return texts + [one for element in found for one in sentences(element)]


def findings(page) -> list[str]:
    for small in page.xpath("//ul[@class='findings']//small"):
        small.drop_tree()
    return [" ".join(item.text_content().split()) for item in page.xpath("//ul[@class='findings']/li")]


def pages(built, study: str) -> dict[str, Path]:
    return {path.stem: path for path in sorted(built(study).glob("*.html"))}


@pytest.mark.parametrize("study", STUDIES)
def test_no_sentence_is_longer_than_thirty_words(built, study):
    long = {
        f"{name}: {one}"
        for name, path in pages(built, study).items()
        for one in prose(read(path))
        if len(one.split()) > 30
    }
    assert set() == long


@pytest.mark.parametrize("study", STUDIES)
def test_no_finding_is_longer_than_25_words_and_a_page_opens_with_five_at_most(built, study):
    """A name counts as one word."""
    told = {name: findings(read(path)) for name, path in pages(built, study).items()}
    names = re.compile("|".join(map(re.escape, sorted(load_study(study).outlet_names.values(), key=len, reverse=True))))
    long = {one for every in told.values() for one in every if len(names.sub("X", one).split()) > 25}
    assert set() == long
    assert set() == {name for name, every in told.items() if len(every) > 5 or (not every and name != "index")}


@pytest.mark.parametrize("study", STUDIES)
def test_every_finding_has_a_denominator(built, study):
    """A count of something: 12 of 14; 29 times in 50; 314 articles of 24 outlets."""
    of = r"\d[\d,]* (?:[\w-]+ ){0,3}?(?:of|in|against)\b"
    counted = re.compile(rf"{of}|\d[\d,]* articles|\d mentions|^Of \d", re.IGNORECASE)
    bare = {
        f"{name}: {one}"
        for name, path in pages(built, study).items()
        for one in findings(read(path))
        if not counted.search(one)
    }
    assert set() == bare


@pytest.mark.parametrize("study", STUDIES)
def test_nothing_is_said_twice(built, study):
    """On a page no sentence; in a study a finding on its topic's page and its outlet's; in the index no line."""
    told = Counter()
    for name, path in pages(built, study).items():
        page = read(path)
        for small in page.xpath("//small"):  # what is fragile, and how, is in many small prints the same
            small.drop_tree()
        once = [one for element in page.xpath(f"//p[not({LEGEND})] | //li[not(.//p)]") for one in sentences(element)]
        longer = [one for one in once if len(one.split()) > 5 and name != "index"]
        assert {} == {one: count for one, count in Counter(longer).items() if count > 1}, name
        told.update(set(findings(page)))
        lines = page.xpath("//p[@class='headline']/text()")
        assert sorted(set(lines)) == sorted(lines)
    assert {} == {one: count for one, count in told.items() if count > 2}


@pytest.mark.parametrize("study", STUDIES)
def test_no_term_is_used_that_is_not_explained_where_it_stands(built, study):
    used = {
        f"{name}: {one}" for name, path in pages(built, study).items() for one in prose(read(path)) if TERMS.search(one)
    }
    assert set() == used
    for name, path in pages(built, study).items():
        text = path.read_text(encoding="utf-8")
        assert 'class="detail"' not in text or "How to read the small print" in text, name


@pytest.mark.parametrize("study", STUDIES)
def test_no_table_has_more_than_six_columns(built, study):
    wide = {
        f"{name}: {table.get('id')}"
        for name, path in pages(built, study).items()
        for table in html.document_fromstring(path.read_text(encoding="utf-8")).xpath("//table")
        if not table.get("id", "").startswith("table-press-")  # a column for each account of the supplement
        if len(table.xpath("./thead/tr[1]/th")) > 6
    }
    assert set() == wide
