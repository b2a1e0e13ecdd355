"""Figures draw what the table says, as inline SVG: the same bytes, ids of its own, nothing foreign, an alternative."""

import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from analysis.report import figures, style
from analysis.report.style import BLUE, DEEPEST, MUTED, ORANGE, PAPER, TELLS, svg_of

pytestmark = pytest.mark.usefixtures("closed_figures")

FRAME = pd.DataFrame(
    {
        "label": ["a", "b"],
        "estimate": [0.25, -0.1],
        "lower": [0.1, np.nan],
        "upper": [0.4, np.nan],
        "found": [True, False],
    }
)


def _points(ax):
    return [line for line in ax.get_lines() if line.get_marker() == "o"]


def _at(line):
    """Where the mark of a line stands: at the point it is drawn on."""
    (place,) = line.get_markevery()
    return line.get_xdata()[place], line.get_ydata()[place]


def _told(artists):
    return [artist.get_gid().removeprefix(TELLS) for artist in artists if (artist.get_gid() or "").startswith(TELLS)]


def _labels(ticks):
    return [tick.get_text() for tick in ticks]


def test_estimates_stand_in_the_frames_order_scaled_with_their_intervals():
    ax = figures.plot_estimates(FRAME, scale=100, digits=1, zero=True, mark="found", xlabel="points")
    assert ["a", "b"] == _labels(ax.get_yticklabels())
    assert [(25, 0), (-10, 1)] == [_at(point) for point in _points(ax)]
    assert [10, 25, 40] == list(_points(ax)[0].get_xdata())  # from one end of the interval to the other
    assert [[0, 0]] == [list(line.get_xdata()) for line in ax.get_lines() if line.get_marker() != "o"]
    assert [BLUE, MUTED] == [to_hex(point.get_color()) for point in _points(ax)]
    assert [BLUE, PAPER] == [to_hex(point.get_markerfacecolor()) for point in _points(ax)]
    assert ["a: 25.0 (10.0 to 40.0)", "b: −10.0 (–)"] == _told(ax.get_lines())
    assert "points" == ax.get_xlabel()
    assert ax.yaxis_inverted()  # the first row on top


def test_an_outlet_may_have_a_colour_of_its_own_where_it_differs(monkeypatch):
    monkeypatch.setattr(style, "OUTLET_COLOURS", {"a": "#123456", "b": "#123456"})
    assert ["#123456", MUTED] == [to_hex(p.get_color()) for p in _points(figures.plot_estimates(FRAME, mark="found"))]


def test_panels_show_the_same_labels_and_those_that_do_not_fill_the_grid_leave_it_empty():
    frame = pd.concat([FRAME.assign(panel="p"), FRAME[1:].assign(panel="q"), FRAME.assign(panel="r")])
    panels = figures.plot_estimates(frame, panel="panel", columns=2).get_figure().axes
    assert ["p", "q", "r"] == [panel.get_title(loc="left") for panel in panels[:3]]
    assert ["a", "b"] == _labels(panels[0].get_yticklabels())
    assert [1] == [_at(point)[1] for point in _points(panels[1]) if not np.isnan(_at(point)[0])]
    assert [True, True, True, False] == [panel.get_visible() for panel in panels]
    # The lowest of each column has its axis written out.
    assert [False, True, True] == [panel.xaxis.get_tick_params()["labelbottom"] for panel in panels[:3]]


def test_a_timeline_tells_items_nothing_and_unobserved_apart():
    days = pd.date_range("2022-12-06", periods=3)
    daily = pd.DataFrame([[2, 0, np.nan], [np.nan, 1, 4]], index=["North", "South"], columns=days)
    ax = figures.plot_timeline(daily, happenings=[(days[1], "x"), (pd.Timestamp(2000, 1, 1), "y")])
    assert ["North", "South"] == _labels(ax.get_yticklabels())
    assert [(0, 0), (1, 1), (2, 1)] == [(round(p.get_x() + 0.45), round(p.get_y() + 0.4)) for p in ax.patches]
    shades = [patch.get_alpha() for patch in ax.patches]
    assert shades[1] < shades[0] < shades[2] == DEEPEST
    (dashes,) = ax.collections
    assert [[(1.7, 0), (2.3, 0)], [(-0.3, 1), (0.3, 1)]] == [
        [tuple(map(float, point)) for point in path.vertices] for path in dashes.get_paths()
    ]
    told = ["North, 6 December 2022: 2 items", "South, 7 December 2022: 1 item", "South, 8 December 2022: 4 items"]
    assert [*told, "not observed"] == _told([*ax.patches, dashes])
    assert [told[0], told[2]] == _told(ax.texts)  # who points at the number points at the mark
    assert {"2", "4", "1"} == {text.get_text() for text in ax.texts}  # items from two up, and the happening's number
    assert [1] == [line.get_xdata()[0] for line in ax.get_lines() if to_hex(line.get_color()) == ORANGE]


def test_numbers_of_a_timeline_stay_within_their_day():
    daily = pd.DataFrame([[9, 12, *[0] * 58]], index=["n"], columns=pd.date_range("2022-12-06", periods=60))
    ax = figures.plot_timeline(daily)
    assert {"9": 0, "12": 90} == {text.get_text(): text.get_rotation() for text in ax.texts}


@pytest.mark.parametrize(
    ("first", "count", "expected"),
    [
        ("2024-03-04", 9, ["4 March", "6 March", "8 March", "10 March", "12 March"]),
        ("2024-03-04", 2, ["4 March", "5 March"]),
        ("2022-12-06", 40, ["15 December", "1 January"]),
    ],
)
def test_a_timeline_of_any_length_has_dates(first, count, expected):
    days = pd.date_range(first, periods=count)
    assert expected == _labels(figures.plot_timeline(pd.DataFrame([[1] * count], columns=days)).get_xticklabels())


def test_stacked_bars_fill_the_whole():
    shares = pd.DataFrame({"coup": [0.7, 0.2], "all others": [0.3, 0.8]}, index=["North", "South"])
    ax = figures.plot_stacked(shares, notes=["n = 10", "n = 5"])
    assert pytest.approx([70, 20, 100, 100]) == [bar.get_x() + bar.get_width() for bar in ax.patches]
    assert ["n = 10", "n = 5"] == [text.get_text() for text in ax.texts if text.get_text().startswith("n")]
    assert MUTED == to_hex(ax.patches[2].get_facecolor())
    expected = ["North: coup, 70 %", "South: coup, 20 %", "North: all others, 30 %", "South: all others, 80 %"]
    assert expected == _told(ax.patches)
    assert ["coup", "all others"] == _labels(ax.get_legend().get_texts())


def test_words_lean_to_their_side_and_are_filled_where_they_stand():
    words = pd.DataFrame({"feature": ["coup", "mob"], "z": [3.0, -2.0], "q": [0.01, 0.2]})
    ax = figures.plot_words(words, left="the others", right="North")
    assert [3.0, -2.0] == [_at(point)[0] for point in _points(ax)]
    told = [text.replace("\N{NO-BREAK SPACE}", " ") for text in _told(ax.get_lines())]
    assert ["coup: z +3.0, q = 0.010", "mob: z −2.0, q = 0.200"] == told
    assert [BLUE, PAPER] == [to_hex(point.get_markerfacecolor()) for point in _points(ax)]
    assert ["coup", "mob"] == _labels(ax.texts)
    low, high = ax.get_xlim()
    assert low == -high
    assert ax.get_xlabel().index("the others") < ax.get_xlabel().index("North")


def test_a_matrix_writes_its_counts_and_leaves_zeros_empty():
    table = pd.DataFrame({"protests": [3, 0], "courts and charges": [1, 0]}, index=["North", "South"])
    ax = figures.plot_matrix(table)
    assert ["3", "1"] == _labels(ax.texts)
    assert ["North", "South"] == _labels(ax.get_yticklabels())
    assert ["protests", "courts\nand charges"] == _labels(ax.get_xticklabels())
    assert ax.patches[0].get_alpha() > ax.patches[1].get_alpha()
    assert ["North, protests: 3", "North, courts and charges: 1"] == _told(ax.patches) == _told(ax.texts)


HOSTILE = """</title></svg><script>alert('1')</script> & "id="x" $\\frac$ url(#a) #010101"""
XML = "{http://www.w3.org/2000/svg}"
WIDE = "新华社通讯社北京总社"


def _svg(name="tone", title="Tone", alt="Two points.", labels=("a", "b"), **options):
    frame = pd.DataFrame({"label": labels, "estimate": [1.0, 2.0], "lower": [0.5, 1.5], "upper": [1.5, 2.5]})
    return svg_of(figures.plot_estimates(frame, **options), name=name, title=title, alt=alt)


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
    assert ["a: 1.00 (0.50 to 1.50)", "b: 2.00 (1.50 to 2.50)"] == [mark.find(f"{XML}title").text for mark in marks]
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
    assert 1 == texts.count(f"{HOSTILE}: 1.00 (0.50 to 1.50)")
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


def test_a_figure_that_is_gone_is_refused():
    ax = figures.plot_estimates(FRAME)
    ax.remove()
    with pytest.raises(ValueError, match="these axes belong to no figure"):
        svg_of(ax, name="x", title="", alt="")
