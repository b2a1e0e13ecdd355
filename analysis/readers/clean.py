"""Markup → plain text. A body becomes paragraphs, one a line; a title becomes one line.

The rules, in order, repeated until nothing changes (feeds escape their HTML twice at times), at most `_ROUNDS` times:

1. Markup is a tag that HTML knows, a comment or a CDATA mark, nothing else: any other `<` is a character like others,
   and so is an `&` that begins no complete entity. A tag that the feed cut off at the end of a text goes.
2. lxml reads the markup. A link that ends the text and says no more than "continue reading" (`_TAILS`) vanishes.
3. A block tag (p, li, div, br, h1…) ends a paragraph; any other tag vanishes and does not break a word. Pictures,
   scripts, styles and comments vanish with what they hold.
4. Line breaks: where there are block tags, they are spaces; else blank lines separate paragraphs and single breaks
   are spaces; where there is no blank line either, each line is a paragraph.

Then Unicode is composed (NFC), characters without width go, and white space of any kind collapses into one space.
"""

import re
import unicodedata
from collections.abc import Iterator
from html.entities import html5
from typing import Any

from lxml import etree, html
from lxml.html import defs

_SILENT = {"audio", "iframe", "noscript", "object", "script", "style", "svg", "template", "video"}
_BLOCK = (
    set(defs.block_tags) | {"br", "caption", "dd", "dt", "figcaption", "hr", "li", "td", "th", "title", "tr"}
) - _SILENT
_NAMES = "|".join(sorted(set(defs.tags) | _BLOCK | _SILENT, key=lambda name: (-len(name), name)))
_ATTRIBUTES = r"""(?:[\s/](?:(?:[^<>"']|"[^"<]*"|'[^'<]*')*(?=>)|[^<>]*))?"""  # else with a quotation mark astray
_TAG = rf"</?(?:{_NAMES}){_ATTRIBUTES}>"
_COMMENT = r"<!--(?:(?!<!--).)*?-->"
_ENTITY = r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});"
_MARKUP = re.compile(rf"{_TAG}|{_COMMENT}|{_ENTITY}", re.IGNORECASE | re.DOTALL)
_MARK = re.compile(rf"{_MARKUP.pattern}|[<&]", re.IGNORECASE | re.DOTALL)
#: Stands for the end of a paragraph; a text holds none by then.
_BREAK = "\0"
_ATTRIBUTES_OF = re.compile(r"\A(</?[a-z][a-z0-9]*+)[\s/].*?(/?>)\Z", re.IGNORECASE | re.DOTALL)
_CUT_OFF = re.compile(rf"<(?:{_NAMES})\s[^<>=]*+=[^<>]*+\Z", re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>|<!doctype[^<>]*>", re.IGNORECASE)
_TAILS = re.compile(
    r"\W*(?:continue reading|keep reading|read (?:more|on|the full (?:story|article))|czytaj (?:dalej|więcej)"
    r"|(?:leer|lea) más|seguir leyendo|sigue leyendo|l(?:er|eia) mais|continue lendo)\W*",
    re.IGNORECASE,
)
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_LINE_END = re.compile(r"\r\n?|[\u2028\u2029\v\f]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
#: Quotation marks and others of Windows, taken for Latin-1 on the way: as browsers read &#147;.
_OF_WINDOWS = {byte: bytes([byte]).decode("cp1252", "ignore") or " " for byte in range(0x80, 0xA0)}
_NO_WIDTH = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
#: Nothing to clean but blank lines between paragraphs, as with most texts: no markup, words with single spaces.
_WORDS = r"[!-%'-;=-~‘’“”–—À-ÖØ-öø-ſ]+"
_PLAIN = re.compile(rf"{_WORDS}(?:(?: |\n\n){_WORDS})*+")
_ROUNDS = 8


def clean_body(text: str) -> str:
    """Paragraphs of a body, plain or HTML, joined by line breaks; cleaning them again changes nothing."""
    if _PLAIN.fullmatch(text):
        return text.replace("\n\n", "\n")
    for _ in range(_ROUNDS):
        before, text = text, _paragraphs(text)
        if text == before:
            break
    return text


def clean_title(text: str) -> str:
    """A title in one line, without markup."""
    return " ".join(clean_body(text).split())


def _paragraphs(text: str) -> str:
    text = _CONTROL.sub(" ", _LINE_END.sub("\n", text).translate(_OF_WINDOWS))
    text = _CUT_OFF.sub("", _CDATA.sub("", text))
    text = _text_of(text) if _MARKUP.search(text) else _lines(text)
    text = unicodedata.normalize("NFC", text).translate(_NO_WIDTH)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _text_of(markup: str) -> str:
    """Text of an HTML fragment, a line break for each block tag."""
    markup = _MARK.sub(_escape, markup)
    try:
        root = html.fragment_fromstring(markup, create_parent="root")
    # lxml takes it for a whole page, as it begins like one, and finds no body; or an entity is a control character.
    except (AssertionError, ValueError):
        root = html.fragment_fromstring(f"<div>{markup}", create_parent="root")
    text = "".join(_pieces(root, _tail_link(root)))
    return text.replace("\n", " ").replace(_BREAK, "\n") if _BREAK in text else _lines(text)


def _escape(found: re.Match[str]) -> str:
    """Markup as the parser is to see it; any other `<` and `&` so that it takes them as characters."""
    text = found[0]
    # libxml2 would take the first letters of an unknown name for an entity of their own.
    if len(text) == 1 or (text[0] == "&" and text[1] != "#" and text[1:] not in html5):
        return text.replace("&", "&amp;").replace("<", "&lt;")
    # Attributes say nothing here, and libxml2 takes the square of their number.
    return _ATTRIBUTES_OF.sub(r"\1\2", text)


def _pieces(root: Any, skipped: Any) -> Iterator[str]:
    """Text of the elements, with a break around each block."""
    walk = etree.iterwalk(root, events=("start", "end", "comment"))
    for event, node in walk:
        if event == "start" and (node is skipped or node.tag in _SILENT):
            walk.skip_subtree()
            yield "" if node is skipped else " "
            continue
        yield _BREAK if node.tag in _BLOCK else ""
        yield (node.text if event == "start" else node.tail) or ""


def _tail_link(root: Any) -> Any:
    """The link that ends the text and says no more than "continue reading", if there is one."""
    links = list(root.iter("a"))
    if not links or not _TAILS.fullmatch(links[-1].text_content()):
        return None
    after = links[-1].xpath("following::text() | following::*[not(self::br or self::img)]")
    return links[-1] if not any(not isinstance(x, str) or x.strip() for x in after) else None


def _lines(text: str) -> str:
    if not _BLANK_LINE.search(text.strip()):
        return text
    return "\n".join(paragraph.replace("\n", " ") for paragraph in _BLANK_LINE.split(text))
