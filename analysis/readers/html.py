"""A page of HTML → title, main text, date and language, by trafilatura (Barbaresi 2021, ACL Demo).

Pages come from the web, so all is bounded. The same bytes give the same text, on whatever day they are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from typing import Any, NamedTuple

from analysis.readers.charset import decode
from analysis.readers.row import HALF_PAIR, BadRow, Published, needed_for, read_date
from analysis.tables import language_tag

#: Most bytes (or characters) of a page; those of news have a few hundred thousand.
MAX_SIZE = 8_000_000
#: Most elements of a page, most within one element, most levels, and most attributes of one element. Parsing takes the
#: square of the last, extraction of the second.
MAX_ELEMENTS, MAX_CHILDREN, MAX_DEPTH, MAX_ATTRIBUTES = 20_000, 2_000, 400, 1_000

_META_CHARSET = re.compile(rb"""<meta[^<>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: A script or a comment, passed over, or a tag of an element, to its end.
_TAG = re.compile(
    r"<script(?:[^<]++|<(?!/script))*+|<!--(?:[^-]++|-(?!->))*+"
    r"|<([a-z](?:[^=>]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')|=)*+)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"=\s*+(?:\"[^\"]*+\"|'[^']*+')")
_PUBLISHED_META = (
    "//meta[@property='article:published_time' or @name='article:published_time']/@content",
    "//head/meta[@itemprop='datePublished' or @property='og:published_time']/@content",
)
_LANGUAGE = ("lang", "{http://www.w3.org/XML/1998/namespace}lang", "xml:lang")
_LINKED_DATA = "//script[@type='application/ld+json']/text()"
_ARTICLE_TYPE = re.compile(r"(?:Article|Posting|Report)\Z")
_MICRODATA = "//body//*[@itemprop='datePublished']"
#: What dates something else than the article, or its last change.
_OTHERS = (
    "//script | //nav | //footer | //aside | //meta[contains(@property, 'modified') or contains(@property, 'updated')]"
    " | //body//*[contains(@class, 'comment') or contains(@id, 'comment') or contains(@class, 'related')]"
)


class Extracted(NamedTuple):
    """Content of a page, empty or None where it lacks one; no date where it gives several that differ."""

    title: str
    body: str
    published: Published | None
    language: str


def main_text(
    html: bytes | str, *, url: str | None = None, charset: str | None = None, latest: date | None = None
) -> Extracted:
    """Title, main text, date and language of a page; a BadRow is raised where it has no text or cannot be taken apart.

    Its address (`url`) may hold its date. The server's `charset` counts before the page's own. No date after `latest`,
    such as the day of the crawl, is believed.
    """
    if len(html) > MAX_SIZE:
        raise BadRow(f"HTML of more than {MAX_SIZE:,} bytes")
    if isinstance(html, bytes):
        own = _META_CHARSET.search(html[:4096])
        html = decode(html, charset, own and own[1].decode("ascii"))
    text = _CONTROL.sub(" ", html)
    for tag in _TAG.finditer(text):
        if len(tag[1] or "") > 2 * MAX_ATTRIBUTES and len(_QUOTED.sub("=", tag[1]).split()) > MAX_ATTRIBUTES:
            raise BadRow(f"HTML with more than {MAX_ATTRIBUTES:,} attributes in one element")
    with needed_for("taking HTML apart"):
        import trafilatura
    try:
        tree = trafilatura.load_html(HALF_PAIR.sub("\ufffd", text))
        if tree is None:
            raise BadRow("HTML without a main text")
        _check_size(tree)
        published = _published(tree, text, url, latest or date.max)
        # The date of its own is not used; its default latest day is today.
        dates = {"original_date": True, "extensive_search": False, "max_date": date.max.isoformat()}
        found: Any = trafilatura.bare_extraction(
            tree, url=url, with_metadata=True, include_comments=False, date_extraction_params=dates
        )
    except BadRow:
        raise
    except Exception as error:  # the extraction meets what nobody wrote it for: any error is one of that page
        raise BadRow(f"HTML cannot be taken apart ({type(error).__name__})") from error
    if not (found and found.text):
        raise BadRow("HTML without a main text")
    title, body = " ".join((found.title or "").split()), found.text
    first, _, rest = body.lstrip().partition("\n")
    # A first line that repeats the title would pass for the first paragraph.
    is_repeated = title and " ".join(first.split()).casefold() == title.casefold()
    return Extracted(title, rest.lstrip() if is_repeated else body, published, _language(tree))


def _check_size(tree: Any) -> None:
    count, depth, level = 0, 0, [tree]
    while level:
        count, depth = count + len(level), depth + 1
        if any(len(node) > MAX_CHILDREN for node in level):
            raise BadRow(f"HTML with more than {MAX_CHILDREN:,} elements in one")
        if count > MAX_ELEMENTS:
            raise BadRow(f"HTML of more than {MAX_ELEMENTS:,} elements")
        if depth > MAX_DEPTH:
            raise BadRow(f"HTML of more than {MAX_DEPTH} levels")
        level = [child for node in level for child in node]


def _published(tree: Any, text: str, url: str | None, latest: date) -> Published | None:
    """Date of an article: what its page says of it to machines, else what htmldate finds."""
    for written in (
        *(tree.xpath(path) for path in _PUBLISHED_META),
        _linked_dates(tree),
        [element.get("datetime") or element.get("content") for element in tree.xpath(_MICRODATA) if _is_own(element)],
    ):
        dates = [when for value in written if value and (when := read_date(str(value)))]
        dates = [when for when in dates if when.moment.date() <= latest]
        if dates:
            # Of a day and a time on it the time says more.
            earliest = min(dates, key=lambda when: (when.timestamp == "day", when.moment))
            return earliest if len({when.moment.date() for when in dates}) == 1 else None
    return _by_htmldate(tree, f"{url or ''} {text}", url, latest)


def _linked_dates(tree: Any) -> Iterator[object]:
    """Dates of the articles that the page is about (schema.org in JSON-LD), those of articles in lists left out."""
    for script in tree.xpath(_LINKED_DATA):
        try:
            found = json.loads(script, strict=False)
        except (ValueError, RecursionError):
            continue
        nodes = [node for node in (found if isinstance(found, list) else [found]) if isinstance(node, dict)]
        graphs = [node["@graph"] for node in nodes if isinstance(node.get("@graph"), list)]
        for node in (*nodes, *(inner for graph in graphs for inner in graph)):
            if isinstance(node, dict) and ("@type" not in node or _is_article(node["@type"])):
                yield node.get("datePublished")


def _is_article(types: object) -> bool:
    every = types if isinstance(types, list) else [types]
    return any(isinstance(name, str) and _ARTICLE_TYPE.search(name) for name in every)


def _is_own(element: Any) -> bool:
    """True for a date in microdata that is the article's: of its scope, or where none is given, in no comment."""
    outer = list(element.iterancestors())
    scope = next((node for node in (element, *outer) if "itemscope" in node.attrib), None)
    if scope is not None:
        return _is_article(scope.get("itemtype"))
    named = " ".join(f"{node.get('class')} {node.get('id')}" for node in outer)
    return [node.tag for node in outer].count("article") == 1 and "comment" not in named.lower()


def _by_htmldate(tree: Any, page: str, url: str | None, latest: date) -> Published | None:
    """The one day that htmldate finds, whether it looks for the first or the last; not a first of a month made up."""
    import htmldate

    own = deepcopy(tree)
    for element in (*own.xpath(_OTHERS), *(item for item in own.xpath(_MICRODATA) if not _is_own(item))):
        element.drop_tree()
    options: Any = {"url": url, "extensive_search": False, "max_date": latest.isoformat()}
    day, last = (htmldate.find_date(own, original_date=first, **options) for first in (True, False))
    if day != last or day is None or (day.endswith("-01") and not re.search(day.replace("-", "[-/.]?0?"), page)):
        return None
    return read_date(day)


def _language(tree: Any) -> str:
    root = tree.getroottree().getroot()
    tag = language_tag(next(filter(None, map(root.get, _LANGUAGE)), ""))
    return tag if re.fullmatch("[a-z]{2,3}", tag) else ""
