"""A page of HTML → title, main text, date and language, by trafilatura (Barbaresi 2021, ACL Demo).

Pages come from the web, so all is bounded: a page's bytes, its elements, how deep they nest. Two runs over the same
bytes give the same text; the day on which they run does not matter.
"""

from __future__ import annotations

import codecs
import re
from datetime import date, datetime
from typing import Any, NamedTuple

from analysis.errors import AnalysisError, MissingLibrary
from analysis.readers.row import parse_time

#: Most bytes (or characters) of a page; those of news have a few hundred thousand.
MAX_SIZE = 8_000_000
#: Most elements of a page, most within one element, and most levels. Extraction takes the square of the second.
MAX_ELEMENTS = 20_000
MAX_CHILDREN = 2_000
MAX_DEPTH = 400

_META_CHARSET = re.compile(rb"""<meta[^<>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
#: Names of encodings that browsers read as another one, which holds more.
_READ_AS = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030"}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_DATED = re.compile(r'"datePublished"\s*:\s*"([0-9T:.+Zz -]{8,40})"')
_DATE_TAGS = (
    "//meta[@property='article:published_time' or @name='article:published_time']/@content",
    "//meta[@itemprop='datePublished' or @property='og:published_time']/@content",
    "//time[@itemprop='datePublished']/@datetime",
)
_LANGUAGE = re.compile(r"([a-zA-Z]{2,3})(?:[-_][a-zA-Z0-9-]{1,20})?")


class HtmlRefused(AnalysisError):
    """A page that is not taken apart: too large, too deep, or more than the extraction could stand."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"HTML {reason}.")


class Extracted(NamedTuple):
    """What a page says.

    Attributes
    ----------
    title : str, empty where there is none
    body : str, the main text, a paragraph a line; empty where none was found
    published : datetime in UTC, or None; midnight where the page gives a day only
    language : str, the language the page declares (BCP 47, without region); empty where it declares none
    """

    title: str
    body: str
    published: datetime | None
    language: str


def main_text(
    html: bytes | str, *, url: str | None = None, charset: str | None = None, latest: date | None = None
) -> Extracted:
    """Title, main text, date and language of a page, without navigation, advertisements and comments.

    Parameters
    ----------
    html : bytes or str, the page
    url : its address, which may hold its date
    charset : encoding that the server named; counts before what the page itself names
    latest : day after which it cannot have been published, such as that of the crawl; a later date is not believed

    Returns
    -------
    Extracted

    Raises
    ------
    HtmlRefused
        Where the page is too large, too deep, or breaks the extraction.
    MissingLibrary
        Where trafilatura is not installed.
    """
    if len(html) > MAX_SIZE:
        raise HtmlRefused(f"of more than {MAX_SIZE:,} bytes")
    text = html if isinstance(html, str) else decode(html, charset)
    trafilatura = _trafilatura()
    try:
        tree = trafilatura.load_html(_CONTROL.sub(" ", text))
        if tree is None:
            return Extracted("", "", None, "")
        _check_size(tree)
        published, language = _published(tree, text, latest), _language(tree)
        found = trafilatura.bare_extraction(
            tree,
            url=url,
            with_metadata=True,
            include_comments=False,
            date_extraction_params={
                "original_date": True,
                "extensive_search": False,  # no dates out of the running text
                # Its default is today: the same page would have another date on another day.
                "max_date": f"{latest or date.max:%Y-%m-%d}",
            },
        )
    except HtmlRefused:
        raise
    except Exception as error:  # the extraction meets what nobody wrote it for: any error is one of that page
        raise HtmlRefused(f"cannot be taken apart ({type(error).__name__})") from error
    if found is None:
        return Extracted("", "", published, language)
    title = " ".join((found.title or "").split())
    moment = published or _day(found.date or "", f"{url or ''} {text}")
    return Extracted(title, _without_title(found.text or "", title), moment, language)


def _without_title(body: str, title: str) -> str:
    """The body without its first line where that repeats the title: it would pass for the first paragraph."""
    first, _, rest = body.lstrip().partition("\n")
    return rest.lstrip() if title and " ".join(first.split()).casefold() == title.casefold() else body


def decode(html: bytes, charset: str | None = None) -> str:
    """Text of a page's bytes: by its byte order mark, the server's word, its own, UTF-8 if it is that, else cp1252."""
    for bom, name in _BOMS:
        if html.startswith(bom):
            return html[len(bom) :].decode(name, "replace")
    own = _META_CHARSET.search(html[:4096])
    for given in (charset, own[1].decode("ascii") if own else None):
        if (codec := _codec(given)) is not None:
            return html.decode(codec, "replace")
    try:
        return html.decode("utf-8")
    except UnicodeDecodeError:
        return html.decode("cp1252", "replace")


def _codec(name: str | None) -> str | None:
    """Python's name of an encoding of text, as browsers read it; None where there is none."""
    try:
        found = codecs.lookup((name or "").strip())
        b"".decode(found.name)  # refuses rot13, hex and others that are no encodings of text
        "".encode(found.name)
    except (LookupError, ValueError, TypeError):
        return None
    # A page that can name its encoding in ASCII is not in UTF-16.
    return None if found.name.startswith(("utf-16", "utf-32", "utf-7")) else _READ_AS.get(found.name, found.name)


def _trafilatura() -> Any:
    try:
        import trafilatura
    except ImportError as error:
        raise MissingLibrary("trafilatura", "readers", "taking HTML apart") from error
    return trafilatura


def _check_size(tree: Any) -> None:
    depth = count = 0
    stack = [(tree, 1)]
    while stack:
        node, level = stack.pop()
        count, depth = count + 1, max(depth, level)
        if count > MAX_ELEMENTS:
            raise HtmlRefused(f"of more than {MAX_ELEMENTS:,} elements")
        if len(node) > MAX_CHILDREN:
            raise HtmlRefused(f"with more than {MAX_CHILDREN:,} elements in one")
        if depth > MAX_DEPTH:
            raise HtmlRefused(f"of more than {MAX_DEPTH} levels")
        stack += [(child, level + 1) for child in node]


def _published(tree: Any, text: str, latest: date | None) -> datetime | None:
    """Moment that the page gives for its publication to machines: the time too, not the day alone."""
    written = [value for path in _DATE_TAGS for value in tree.xpath(path)]
    if found := _DATED.search(text):
        written.append(found[1])
    moments = (parse_time(str(value)) for value in written)
    return next((moment for moment in moments if moment and (latest is None or moment.date() <= latest)), None)


def _day(found: str, page: str) -> datetime | None:
    """The day that was found. The first of a month must stand in the page: of a month alone its first is made up."""
    if found.endswith("-01") and not re.search(found.replace("-", "[-/.]?0?"), page):
        return None
    return parse_time(found)


def _language(tree: Any) -> str:
    root = tree.getroottree().getroot()
    given = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang") or ""
    found = _LANGUAGE.fullmatch(given.strip())
    return found[1].lower() if found else ""
