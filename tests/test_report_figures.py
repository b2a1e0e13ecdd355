"""Figures draw what the table says: positions, order, marks; nothing is computed."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from analysis.report import figures
from analysis.report.style import BLUE, DEEPEST, MUTED, ORANGE, PAPER, TELLS, canvas

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
    ax = figures.plot_estimates(FRAME, scale=100, zero=True, mark="found", xlabel="points")
    assert ["a", "b"] == _labels(ax.get_yticklabels())
    assert [(25, 0), (-10, 1)] == [_at(point) for point in _points(ax)]
    assert [10, 25, 40] == list(_points(ax)[0].get_xdata())  # from one end of the interval to the other
    assert [[0, 0]] == [list(line.get_xdata()) for line in ax.get_lines() if line.get_marker() != "o"]
    assert [BLUE, MUTED] == [to_hex(point.get_color()) for point in _points(ax)]
    assert [BLUE, PAPER] == [to_hex(point.get_markerfacecolor()) for point in _points(ax)]
    assert "points" == ax.get_xlabel()
    assert ax.yaxis_inverted()  # the first row on top


def test_an_outlet_may_have_a_colour_of_its_own_where_it_differs(monkeypatch):
    monkeypatch.setattr(figures, "OUTLET_COLOURS", {"a": "#123456", "b": "#123456"})
    assert ["#123456", MUTED] == [to_hex(p.get_color()) for p in _points(figures.plot_estimates(FRAME, mark="found"))]


def test_points_tell_their_row_with_the_digits_asked_for():
    ax = figures.plot_estimates(FRAME, scale=100, digits=1)
    assert ["a: 25.0 (10.0 to 40.0)", "b: −10.0 (–)"] == _told(ax.get_lines())


def test_figures_draw_into_axes_that_are_given():
    _, ax = canvas(2)
    assert ax is figures.plot_estimates(FRAME, ax=ax)


def test_panels_show_the_same_labels_in_the_same_order():
    frame = pd.concat([FRAME.assign(panel="p"), FRAME[1:].assign(panel="q")])
    ax = figures.plot_panels(frame, panel="panel", columns=4)
    first, second = ax.get_figure().axes
    assert ["p", "q"] == [first.get_title(loc="left"), second.get_title(loc="left")]
    assert ["a", "b"] == _labels(first.get_yticklabels())
    assert [1] == [_at(point)[1] for point in _points(second) if not np.isnan(_at(point)[0])]


def test_panels_that_do_not_fill_the_grid_leave_it_empty():
    frame = pd.concat([FRAME.assign(panel=name) for name in "pqr"])
    ax = figures.plot_panels(frame, panel="panel", columns=2)
    panels = ax.get_figure().axes
    assert [True, True, True, False] == [panel.get_visible() for panel in panels]
    # The lowest of each column has its axis written out.
    assert [False, True, True] == [panel.xaxis.get_tick_params()["labelbottom"] for panel in panels[:3]]


def test_a_timeline_tells_items_nothing_and_unobserved_apart():
    days = pd.date_range("2022-12-06", periods=3)
    daily = pd.DataFrame([[2, 0, np.nan], [np.nan, 1, 4]], index=["north", "south"], columns=days)
    ax = figures.plot_timeline(
        daily, names={"north": "The North"}, happenings=[(days[1], "x"), (pd.Timestamp(2000, 1, 1), "y")]
    )
    assert ["The North", "south"] == _labels(ax.get_yticklabels())
    assert [(0, 0), (1, 1), (2, 1)] == [(round(p.get_x() + 0.45), round(p.get_y() + 0.4)) for p in ax.patches]
    shades = [patch.get_alpha() for patch in ax.patches]
    assert shades[1] < shades[0] < shades[2] == DEEPEST
    (dashes,) = ax.collections
    assert [[(1.7, 0), (2.3, 0)], [(-0.3, 1), (0.3, 1)]] == [
        [tuple(map(float, point)) for point in path.vertices] for path in dashes.get_paths()
    ]
    told = ["The North, 6 December 2022: 2 items", "south, 7 December 2022: 1 item", "south, 8 December 2022: 4 items"]
    assert [*told, "not observed"] == _told([*ax.patches, dashes])
    assert [told[0], told[2]] == _told(ax.texts)  # who points at the number points at the mark
    assert {"2", "4", "1"} == {text.get_text() for text in ax.texts}  # items from two up, and the happening's number
    assert [1] == [line.get_xdata()[0] for line in ax.get_lines() if to_hex(line.get_color()) == ORANGE]


def test_numbers_of_a_timeline_stay_within_their_day():
    days = pd.date_range("2022-12-06", periods=60)
    daily = pd.DataFrame([[9, 12, *[0] * 58]], index=["north"], columns=days)
    ax = figures.plot_timeline(daily, names={}, happenings=[])
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
    ax = figures.plot_timeline(pd.DataFrame([[1] * count], columns=days), names={}, happenings=[])
    assert expected == _labels(ax.get_xticklabels())


def test_stacked_bars_fill_the_whole():
    shares = pd.DataFrame({"coup": [0.7, 0.2], "all others": [0.3, 0.8]}, index=["North", "South"])
    ax = figures.plot_stacked(shares, notes=["n = 10", "n = 5"])
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    assert pytest.approx([70, 20, 100, 100]) == ends
    assert ["n = 10", "n = 5"] == [text.get_text() for text in ax.texts if text.get_text().startswith("n")]
    assert MUTED == to_hex(ax.patches[2].get_facecolor())
    expected = ["North: coup, 70 %", "South: coup, 20 %", "North: all others, 30 %", "South: all others, 80 %"]
    assert expected == _told(ax.patches)
    assert ["coup", "all others"] == _labels(ax.get_legend().get_texts())


def test_words_lean_to_their_side_and_are_filled_where_they_stand():
    words = pd.DataFrame({"feature": ["coup", "mob"], "z": [3.0, -2.0], "q": [0.01, 0.2]})
    ax = figures.plot_words(words, left="the others", right="North")
    assert [3.0, -2.0] == [_at(point)[0] for point in _points(ax)]
    told = [
        "coup: z +3.0, q\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.010",
        "mob: z −2.0, q\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}0.200",
    ]
    assert told == _told(ax.get_lines())
    assert [BLUE, PAPER] == [to_hex(point.get_markerfacecolor()) for point in _points(ax)]
    assert ["coup", "mob"] == _labels(ax.texts)
    low, high = ax.get_xlim()
    assert low == -high
    assert ax.get_xlabel().index("the others") < ax.get_xlabel().index("North")


def test_a_matrix_writes_its_counts_and_leaves_zeros_empty():
    table = pd.DataFrame({"protests": [3, 0], "courts": [1, 0]}, index=["north", "south"])
    ax = figures.plot_matrix(table, names={"north": "The North", "courts": "courts and charges"})
    assert ["3", "1"] == _labels(ax.texts)
    assert ["The North", "south"] == _labels(ax.get_yticklabels())
    assert ["protests", "courts\nand charges"] == _labels(ax.get_xticklabels())
    assert ax.patches[0].get_alpha() > ax.patches[1].get_alpha()
    assert ["The North, protests: 3", "The North, courts and charges: 1"] == _told(ax.patches) == _told(ax.texts)
