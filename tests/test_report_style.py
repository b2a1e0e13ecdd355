"""Inline SVG: the same bytes, ids of its own, nothing foreign, a text alternative."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from analysis.report.figures import plot_estimates
from analysis.report.style import canvas, svg_of

pytestmark = pytest.mark.usefixtures("closed_figures")

HOSTILE = """</title></svg><script>alert('1')</script> & "id="x" $\\frac$ url(#a) #010101"""
XML = "{http://www.w3.org/2000/svg}"


def _svg(name="tone", title="Tone", alt="Two points.", labels=("a", "b")):
    frame = pd.DataFrame({"label": labels, "estimate": [1.0, 2.0], "lower": [0.5, 1.5], "upper": [1.5, 2.5]})
    return svg_of(plot_estimates(frame), name=name, title=title, alt=alt)


def test_two_calls_give_the_same_bytes():
    assert _svg() == _svg()


def test_another_style_of_the_session_does_not_change_it():
    import matplotlib as mpl

    expected = _svg()
    with mpl.rc_context({"svg.hashsalt": None, "svg.fonttype": "path"}):
        assert expected == _svg()


def test_every_id_has_the_figures_name_and_every_reference_finds_its_id():
    tree = ElementTree.fromstring(_svg())
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(set(ids)) == len(ids)
    assert all(found.startswith("tone-") for found in ids)
    references = re.findall(r'(?:href="|url\()#([^")]+)', _svg())
    assert references
    assert set(references) <= set(ids)


def test_figures_of_one_page_share_no_id():
    one, two = (set(re.findall(r'\bid="([^"]+)"', _svg(name=name))) for name in ("tone", "actors"))
    assert not one & two


def test_there_is_no_metadata_no_comment_no_script_and_no_address():
    svg = _svg()
    for foreign in ("<metadata", "<!--", "<!DOCTYPE", "<?xml", "<script", "rdf:", "dc:"):
        assert foreign not in svg
    assert {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"} == set(re.findall(r"https?://[^\"' <]+", svg))


def test_it_is_named_and_described():
    tree = ElementTree.fromstring(_svg(title="A & B", alt='Seen: "<b>"'))
    assert "img" == tree.get("role")
    assert "tone-title tone-desc" == tree.get("aria-labelledby")
    title, description = tree.find(f"{XML}title"), tree.find(f"{XML}desc")
    assert ("tone-title", "A & B") == (title.get("id"), title.text)
    assert ("tone-desc", 'Seen: "<b>"') == (description.get("id"), description.text)


def test_it_scales_and_takes_the_pages_colours():
    svg = _svg()
    opening = svg[: svg.index(">")]
    assert "viewBox" in opening
    assert "width:100%" in opening
    assert not re.search(r'\s(width|height)="', opening)
    assert "var(--ink, currentColor)" in svg
    for placeholder in ("#010101", "#020202", "#030303", "#fefefe", "font-family"):
        assert placeholder not in svg


def test_hostile_words_come_out_as_they_are_and_escaped():
    """Markup, quotation marks, dollar signs, and what looks like an id, a reference or a colour of ours."""
    svg = _svg(title=HOSTILE, alt=HOSTILE, labels=[HOSTILE, "b"])
    assert "<script" not in svg
    tree = ElementTree.fromstring(svg)
    texts = [element.text for element in tree.iter() if element.text]
    assert 3 == texts.count(HOSTILE)  # title, description, label
    (told,) = [text for text in texts if text.startswith(HOSTILE) and text != HOSTILE]
    assert f"{HOSTILE}: 1.00 (0.50 to 1.50)" == told


def test_marks_have_tooltips():
    tree = ElementTree.fromstring(_svg())
    marks = [group for group in tree.iter(f"{XML}g") if group.find(f"{XML}title") is not None]
    assert ["a: 1.00 (0.50 to 1.50)", "b: 2.00 (1.50 to 2.50)"] == [mark.find(f"{XML}title").text for mark in marks]
    assert all(mark[0].tag == f"{XML}title" and len(mark) > 1 for mark in marks)  # first in its group, beside a mark


def test_everything_lies_within_the_picture():
    """Axes make room for labels, however long, by one measuring."""
    figure = plot_estimates(
        pd.DataFrame({"label": ["a long name of an outlet " * 2], "estimate": [1.0], "lower": [0.0], "upper": [9.0]}),
        xlabel="what is measured, in its unit",
    )
    tree = ElementTree.fromstring(svg_of(figure, name="x", title="", alt=""))
    _, _, width, height = map(float, tree.get("viewBox").split())
    for text in tree.iter(f"{XML}text"):
        if text.get("x"):
            assert 0 <= float(text.get("x")) <= width
            assert 0 <= float(text.get("y")) <= height
    (label,) = [text for text in tree.iter(f"{XML}text") if (text.text or "").startswith("a long name")]
    assert "end" in label.get("style")
    assert float(label.get("x")) > 48 * 4  # so much room has been made to its left


def test_the_figure_is_closed_and_one_that_is_removed_is_refused():
    from matplotlib import pyplot as plt

    _svg()
    assert [] == plt.get_fignums()
    _, ax = canvas(2)
    ax.remove()
    with pytest.raises(ValueError, match="these axes belong to no figure"):
        svg_of(ax, name="x", title="", alt="")


WIDE = "新华社通讯社北京总社"


def test_names_in_scripts_that_matplotlib_cannot_draw_are_text_without_a_warning(recwarn):
    """The reader's font has the characters; room is made for wide ones."""
    svg = _svg(labels=[WIDE, "الجزيرة"])
    assert [] == [str(one.message) for one in recwarn]
    tree = ElementTree.fromstring(svg)
    label = next(text for text in tree.iter(f"{XML}text") if text.text == WIDE)
    size = float(re.search(r"font-size: ([\d.]+)px", label.get("style"))[1])
    assert float(label.get("x")) > size * len(WIDE)


def test_control_characters_do_not_break_the_picture():
    assert "ab" in [text.text for text in ElementTree.fromstring(_svg(labels=["a\x07b", "c"])).iter(f"{XML}text")]
