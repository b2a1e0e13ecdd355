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
def _axes(labels, xlabel=""):
    ax = plt.subplots(figsize=(7.6, 1.3))[1]
    for y, label in enumerate(labels):
        style.draw_point(ax, y, [0.5 + y, 1.0 + y, 1.5 + y], f"{label}: {1 + y}", style.BLUE, y > 0)
    style.name_rows(ax, pd.Index(labels))
    ax.set_xlabel(xlabel)
    return ax


def _svg(name="tone", title="Tone", alt="Two points.", labels=("a", "b"), **options):
    return svg_of(_axes(labels, **options), name=name, title=title, alt=alt)


@pytest.fixture(scope="module")
def svg():
    with mpl.rc_context({"backend": "agg"}):
        return _svg()


def test_two_calls_give_the_same_bytes_in_another_style_of_the_session_too(svg):
    with mpl.rc_context({"svg.hashsalt": None, "svg.fonttype": "path"}):
        assert svg == _svg()
    assert [] == plt.get_fignums()  # each was closed


def test_every_id_has_the_figures_name_and_every_reference_finds_its_id(svg):
    ids = [element.get("id") for element in ElementTree.fromstring(svg).iter() if element.get("id")]
    assert len(set(ids)) == len(ids)
    assert all(found.startswith("tone-") for found in ids)  # figures of one page share none
    references = re.findall(r'(?:href="|url\()#([^")]+)', svg)
    assert references
    assert set(references) <= set(ids)


def test_it_scales_takes_the_pages_colours_and_holds_nothing_foreign(svg):
    opening = svg[: svg.index(">")]
    assert "viewBox" in opening
    assert "width:100%" in opening
    assert not re.search(r'\s(width|height)="', opening)
    assert "var(--ink, currentColor)" in svg
    foreign = ("<metadata", "<!--", "<!DOCTYPE", "<?xml", "<script", "rdf:", "dc:")
    for text in (*foreign, "#010101", "#020202", "#030303", "#fefefe", "font-family"):
        assert text not in svg
    assert {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"} == set(re.findall(r"https?://[^\"' <]+", svg))


def test_marks_have_tooltips(svg):
    tree = ElementTree.fromstring(svg)
    marks = [group for group in tree.iter(f"{XML}g") if group.find(f"{XML}title") is not None]
    assert ["a: 1", "b: 2"] == [mark.find(f"{XML}title").text for mark in marks]
    assert all(mark[0].tag == f"{XML}title" and len(mark) > 1 for mark in marks)  # first in its group, beside a mark


def test_it_is_named_and_described_and_hostile_words_come_out_as_they_are():
    """Markup, quotation marks, dollar signs, control characters, what looks like an id, a reference or a colour."""
    svg = _svg(title=HOSTILE, alt=HOSTILE, labels=[HOSTILE, "b\x07c"])
    assert "<script" not in svg
    tree = ElementTree.fromstring(svg)
    assert ("img", "tone-title tone-desc") == (tree.get("role"), tree.get("aria-labelledby"))
    named = [tree.find(f"{XML}title"), tree.find(f"{XML}desc")]
    assert [("tone-title", HOSTILE), ("tone-desc", HOSTILE)] == [(one.get("id"), one.text) for one in named]
    texts = [element.text for element in tree.iter() if element.text]
    assert 3 == texts.count(HOSTILE)  # title, description, label
    assert 1 == texts.count(f"{HOSTILE}: 1")
    assert "bc" in texts


def test_everything_lies_within_the_picture_in_any_script(recwarn):
    """Axes make room for long labels and wide ones, which matplotlib's font lacks and the reader's has."""
    long = "a long name of an outlet " * 2
    tree = ElementTree.fromstring(_svg(labels=[long, WIDE], xlabel="what is measured, in its unit"))
    assert [] == [str(one.message) for one in recwarn]
    _, _, width, height = map(float, tree.get("viewBox").split())
    texts = {text.text: text for text in tree.iter(f"{XML}text") if text.get("x")}
    for text in texts.values():
        assert 0 <= float(text.get("x")) <= width
        assert 0 <= float(text.get("y")) <= height
    assert float(texts[long].get("x")) > 48 * 4  # so much room has been made to its left
    tree = ElementTree.fromstring(_svg(labels=[WIDE, "الجزيرة"]))
    (label,) = [text for text in tree.iter(f"{XML}text") if text.text == WIDE]
    assert "end" in label.get("style")
    assert float(label.get("x")) > float(re.search(r"font-size: ([\d.]+)px", label.get("style"))[1]) * len(WIDE)
