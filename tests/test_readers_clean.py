"""Markup → plain text, held against BeautifulSoup where both mean the same."""

import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.readers.clean import clean_body, clean_title


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("plain", "plain"),
        ("<p>One.</p><p>Two.</p>", "One.\nTwo."),
        ("<ul><li>One<br/>two</li><li>b</li></ul>", "One\ntwo\nb"),
        ("un<em>break</em>able <a href='x'>link</a>’s", "unbreakable link’s"),
        ("<p>wrapped\n\n  source</p>", "wrapped source"),
        ("One.\n\nTwo is\nwrapped.", "One.\nTwo is wrapped."),
        ("One.\nTwo.", "One.\nTwo."),
        ("Peru\u0301\xa0\xa0soft\u00adhyphen\u200b\u2003 c", "Perú softhyphen c"),
        ("the city&#039;s &quot;order&quot; &rsquo; &nbsp; &#x2013;", 'the city\'s "order" ’ –'),
        ("\u0093vote\u0094 \u0096 Rivas\u0092s\u0085", "“vote” – Rivas’s…"),
        ("twice &amp;#8217; &amp;lt;p&amp;gt;x", "twice ’\nx"),
        ("AT&T &notanentity; &copy2022", "AT&T &notanentity; &copy2022"),
        ("3 < 4 > 2, <Ayala> said", "3 < 4 > 2, <Ayala> said"),
        ("a < b <b>and</b> c", "a < b and c"),
        ('<img alt="x > y" src="z"/>\n   Text.', "Text."),
        ("<p title=it's>Text.</p>", "Text."),
        ("x<script>if (a < b) { c() }</script>y<!-- note -->z", "x yz"),
        ("<![CDATA[<p>Text.</p>]]>", "Text."),
        ('cut off <a href="https://herald.exa', "cut off"),
        ('<p>Text.</p> <a href="x">Continue reading...</a>', "Text."),
        ('<p>Text. <a href="x">Continue reading…</a></p>', "Text."),
        ('Text. <a href="x"><b>Read more</b> »</a><br clear="all" />', "Text."),
        ("Text. &lt;a href=&quot;x&quot;&gt;Czytaj dalej&lt;/a&gt;", "Text."),
        ('<a href="x">Continue reading</a> was her advice.', "Continue reading was her advice."),
        ('She asked them to <a href="x">read more books</a>', "She asked them to read more books"),
        ("Those who continue reading", "Those who continue reading"),
        *((text, "x") for text in ("\ufffe<p>x</p>", "<html><head></head>x", "x&#1;<b>", "<!doctype html><title>x")),
        ("", ""),
    ],
)
def test_rules(body, expected):
    assert expected == clean_body(body)


def test_a_title_is_one_line():
    assert "Vote & “order” in Lima" == clean_title("<p>Vote &amp;</p>\n&#8220;order&#8221; in Lima ")


PIECES = ["<p>", "</p>", "<b>", "<br>", "<a href='u'>", "</a>", "&amp;", "&lt;", "<", "&", "read more", " \n", "é"]
ELEMENTS = st.tuples(st.sampled_from(["p", "div", "li", "b", "em", "span"]), st.text("abc &()'\"é’."))


@settings(max_examples=50)
@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=25).map("".join)))
def test_cleaning_twice_changes_nothing(text):
    once = clean_body(text)
    assert once == clean_body(once)
    assert not re.search(r"\A\s|\s\Z|\n\n| \n|\n |  ", once)


@settings(max_examples=50)
@given(st.lists(ELEMENTS, max_size=8))
def test_agrees_with_an_html_parser(elements):
    """On well-formed markup both find the same characters; an entity that spells markup is the one difference."""
    text = "".join(f'<{tag} class="c">{text.replace("&", "&amp;")}</{tag}>' for tag, text in elements)
    parsed = BeautifulSoup(f"<div>{text}</div>", "html.parser").get_text()
    assert "".join(parsed.split()) == "".join(clean_body(f"<div>{text}</div>").split())
