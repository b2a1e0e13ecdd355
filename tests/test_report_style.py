"""Inline SVG: the same bytes, ids of its own, nothing foreign, a text alternative."""

import re
from xml.etree import ElementTree

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from analysis.report import style
from analysis.report.style import svg_of

pytestmark = pytest.mark.usefixtures("closed_figures")

HOSTILE = """</title></svg><script>alert('1')</script> & "id="x" $\\frac$ url(#a) #010101"""
XML = "{http://www.w3.org/2000/svg}"
WIDE = "新华社通讯社北京总社"


@style.styled
def _svg(labels=("a", "b"), title="Tone", alt="Two points.", xlabel=""):
    ax = plt.subplots(figsize=(7.6, 1.3))[1]
    for y, label in enumerate(labels):
        style.draw_point(ax, y, [0.5 + y, 1.0 + y, 1.5 + y], f"{label}: {1 + y}", style.BLUE, y > 0)
    style.name_rows(ax, pd.Index(labels))
    ax.set_xlabel(xlabel)
    return svg_of(ax, name="tone", title=title, alt=alt)


def test_two_calls_give_the_same_bytes_in_another_style_of_the_session_too():
    """With ids that begin with the figure's name, tooltips on marks, the page's colours and nothing foreign."""
    svg = _svg()
    with mpl.rc_context({"svg.hashsalt": None, "svg.fonttype": "path"}):
        assert svg == _svg()
    assert [] == plt.get_fignums()  # each was closed
    tree = ElementTree.fromstring(svg)
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(set(ids)) == len(ids)
    assert all(found.startswith("tone-") for found in ids)  # figures of one page share none
    assert {*re.findall(r'(?:href="|url\()#([^")]+)', svg)} <= set(ids)
    told = [group.find(f"{XML}title").text for group in tree.iter(f"{XML}g") if group.find(f"{XML}title") is not None]
    assert ["a: 1", "b: 2"] == told
    opening = svg[: svg.index(">")]
    assert "width:100%" in opening and not re.search(r'\s(width|height)="', opening)
    assert "var(--ink, currentColor)" in svg
    foreign = ("<metadata", "<!--", "<!DOCTYPE", "<?xml", "<script", "rdf:", "dc:")
    for text in (*foreign, "#010101", "#020202", "#030303", "#fefefe", "font-family"):
        assert text not in svg
    assert {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"} == set(re.findall(r"https?://[^\"' <]+", svg))


def test_it_is_named_and_described_and_hostile_words_come_out_as_they_are():
    """Markup, quotation marks, dollar signs, control characters, what looks like an id, a reference or a colour."""
    svg = _svg([HOSTILE, "b\x07c"], title=HOSTILE, alt=HOSTILE)
    assert "<script" not in svg
    tree = ElementTree.fromstring(svg)
    assert ("img", "tone-title tone-desc") == (tree.get("role"), tree.get("aria-labelledby"))
    assert [HOSTILE, HOSTILE] == [tree.find(f"{XML}{name}").text for name in ("title", "desc")]
    texts = [element.text for element in tree.iter() if element.text]
    assert 3 == texts.count(HOSTILE)  # title, description, label
    assert 1 == texts.count(f"{HOSTILE}: 1")
    assert "bc" in texts


def test_everything_lies_within_the_picture_in_any_script(recwarn):
    """Axes make room for long labels and wide ones, which matplotlib's font lacks and the reader's has."""
    long = "a long name of an outlet " * 2
    tree = ElementTree.fromstring(_svg([long, WIDE], xlabel="what is measured, in its unit"))
    assert [] == [str(one.message) for one in recwarn]
    _, _, width, height = map(float, tree.get("viewBox").split())
    for text in (text for text in tree.iter(f"{XML}text") if text.get("x")):
        assert 0 <= float(text.get("x")) <= width and 0 <= float(text.get("y")) <= height
        if text.text == long:
            assert float(text.get("x")) > 48 * 4  # so much room has been made to its left
    (label,) = [text for text in ElementTree.fromstring(_svg([WIDE, "b"])).iter(f"{XML}text") if text.text == WIDE]
    assert float(label.get("x")) > float(re.search(r"font-size: ([\d.]+)px", label.get("style"))[1]) * len(WIDE)
