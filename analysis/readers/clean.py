"""Markup → plain text. A body becomes paragraphs, one a line; a title becomes one line.

The rules, in order, repeated until nothing changes (feeds escape their HTML twice at times), at most `_ROUNDS` times:

1. Markup is a tag that HTML knows, a comment or a CDATA mark, nothing else: any other `<` is a character like others,
   and so is an `&` that begins no complete entity.
2. A link that ends the text and says no more than "continue reading" (`_TAILS`) vanishes.
3. A block tag (p, li, div, br, h1…) ends a paragraph; any other tag vanishes and does not break a word. Pictures,
   scripts, styles and comments vanish with what they hold.
4. Line breaks: where there are block tags, they are spaces; else blank lines separate paragraphs and single breaks
   are spaces; where there is no blank line either, each line is a paragraph.

Then Unicode is composed (NFC), characters without width go, and white space of any kind collapses into one space.

The rules are written as patterns, not as calls of an HTML parser: feeds hold fragments, cut off anywhere, that stand in
plain text, and Python's parser changes with its patch releases, which would change every offset after it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from html.entities import html5

_BLOCK = (
    "address|article|aside|blockquote|body|br|caption|center|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|"
    "footer|form|h[1-6]|head|header|hr|html|legend|li|main|nav|ol|p|pre|section|summary|table|tbody|td|textarea|tfoot|"
    "th|thead|title|tr|ul"
)
_SILENT = "audio|iframe|noscript|object|script|style|svg|template|video"
_INLINE = (
    "a|abbr|acronym|area|b|base|bdi|bdo|big|button|cite|code|col|colgroup|data|del|dfn|em|embed|font|i|img|input|ins|"
    "kbd|label|link|map|mark|meta|meter|option|output|param|picture|progress|q|rp|rt|ruby|s|samp|select|small|source|"
    "span|strike|strong|sub|sup|time|track|tt|u|var|wbr"
)
_NAME = f"(?:(?P<block>{_BLOCK})|{_SILENT}|{_INLINE})"
_ATTRIBUTES = r"""(?:[\s/](?:(?:[^<>"']|"[^"<]*"|'[^'<]*')*(?=>)|[^<>]*))?"""  # else with a quotation mark astray
_TAG = re.compile(
    rf"""</?{_NAME}{_ATTRIBUTES}>
       | <(?:{_BLOCK}|{_SILENT}|{_INLINE})\s[^<>]*=[^<>]*\Z             # cut off by the feed
       | <!--(?:(?!<!--).)*?--> | <!\[CDATA\[ | \]\]> | <!doctype[^<>]*>""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_SILENCED = re.compile(rf"<({_SILENT})(?:\s[^<>]*)?>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_TAILS = (
    r"(?:continue reading|keep reading|read (?:more|on|the full (?:story|article))|czytaj (?:dalej|więcej)"
    r"|(?:leer|lea) más|seguir leyendo|sigue leyendo|l(?:er|eia) mais|continue lendo)"
)
_TAIL_LINK = re.compile(
    rf"<a(?:\s[^<>]*)?>(?:\s|<[^<>]*>)*{_TAILS}(?:[^\w<>]|<[^<>]*>)*</a>(?:\s|</[^<>]*>|<(?:br|img)\b[^<>]*>)*\Z",
    re.IGNORECASE,
)
_NO_WIDTH = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ROUNDS = 8
_LINE_END = re.compile(r"\r\n?|[\u2028\u2029\x85\v\f]")


def clean_body(text: str) -> str:
    """Paragraphs of a body, joined by line breaks, without markup.

    Parameters
    ----------
    text : str, plain or HTML

    Returns
    -------
    str, no white space at either end of a line, no empty line; cleaning it again changes nothing
    """
    for _ in range(_ROUNDS):
        before, text = text, _paragraphs(text)
        if text == before:
            break
    return text


def clean_title(text: str) -> str:
    """A title in one line, without markup."""
    return " ".join(clean_body(text).split())


def _paragraphs(text: str) -> str:
    text = _strip_tags(_LINE_END.sub("\n", text))
    text = unicodedata.normalize("NFC", text).translate(_NO_WIDTH)
    lines = (" ".join(_CONTROL.sub(" ", line).split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _strip_tags(text: str) -> str:
    text = _TAIL_LINK.sub("", _SILENCED.sub(" ", text))
    tags = list(_TAG.finditer(text))
    pieces, at = [], 0
    for tag in tags:
        pieces += [text[at : tag.start()], "\0" if tag["block"] else ""]
        at = tag.end()
    plain = "".join(pieces) + text[at:]
    # NUL, which no text needs, stands for a paragraph's end until line breaks are dealt with.
    plain = " ".join(plain.split("\n")) if any(tag["block"] for tag in tags) else _lines(plain)
    return _ENTITY.sub(_decode, plain.replace("\0", "\n"))


def _lines(text: str) -> str:
    if not _BLANK_LINE.search(text.strip()):
        return text
    return "\n".join(paragraph.replace("\n", " ") for paragraph in _BLANK_LINE.split(text))


def _decode(entity: re.Match[str]) -> str:
    name = entity[0][1:]
    return html.unescape(entity[0]) if name.startswith("#") or name in html5 else entity[0]
