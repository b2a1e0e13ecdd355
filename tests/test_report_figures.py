"""Figures of words, days and sub-events: what is drawn, and alternatives that hold the numbers drawn."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from analysis.report import figures, views
from analysis.report.style import BLUE, DEEPEST, MUTED, ORANGE, TELLS
from analysis.stats import corpus

pytestmark = pytest.mark.usefixtures("closed_figures")


@pytest.fixture(autouse=True)
def axes(monkeypatch):
    """Figures return their axes, with caption and alternative beside."""

    def keep(ax, **shown):
        ax.shown = shown
        return ax

    monkeypatch.setattr(figures, "show_figure", keep)


def _told(artists):
    return [artist.get_gid().removeprefix(TELLS) for artist in artists if (artist.get_gid() or "").startswith(TELLS)]


def _labels(ticks):
    return [tick.get_text() for tick in ticks]


def test_bars_of_labels_fill_the_whole_and_end_with_their_articles(small_study, monkeypatch):
    """Uses as the study was made: of 19, 11 say coup; of North's 8, 5; of South's 7, 4."""
    shares = views.labels_by_outlet(small_study, "act")
    ax = figures.figure_of_labels(small_study, shares, "act")
    assert (
        "Stacked bars of the words for what Castillo did. all outlets: coup 58 %, self coup 42 %; "
        "The North: coup 62 %, self coup 38 %; The South: coup 57 %, self coup 43 %."
    ) == ax.shown["alt"]
    assert ["19 art.", "8 art.", "7 art."] == [text for text in _labels(ax.texts) if text.endswith("art.")]
    monkeypatch.setattr(figures, "stacked", lambda shares: views.stacked(shares, most=1))
    ax = figures.figure_of_labels(small_study, shares, "act")
    assert pytest.approx([1100 / 19, 62.5, 400 / 7, 100, 100, 100]) == [b.get_x() + b.get_width() for b in ax.patches]
    assert [BLUE, MUTED] == [to_hex(ax.patches[place].get_facecolor()) for place in (0, 3)]
    assert ["The North: coup, 62 %", "The North: all others, 38 %"] == _told(ax.patches)[1::3]
    assert ["coup", "all others"] == _labels(ax.get_legend().get_texts())


def test_a_table_of_labels_has_uses_and_shares(small_study):
    html = figures.table_of_labels(small_study, views.labels_by_outlet(small_study, "act"), "act").html
    north = '<th scope="row">The North</th><td>coup</td>'
    assert north + "".join(f'<td class="num">{text}</td>' for text in ("5", "8", "8", "62 %")) in html


def test_a_timeline_tells_items_nothing_and_unobserved_apart(small_study):
    days = pd.date_range("2022-12-06", periods=3)
    daily = pd.DataFrame([[2, 0, np.nan], [np.nan, 1, 4]], index=["north", "South"], columns=days)
    ax = figures.figure_of_days(small_study, daily)
    assert ["The North", "South"] == _labels(ax.get_yticklabels())
    assert [(0, 0), (1, 1), (2, 1)] == [(round(p.get_x() + 0.45), round(p.get_y() + 0.4)) for p in ax.patches]
    shades = [patch.get_alpha() for patch in ax.patches]
    assert shades[1] < shades[0] < shades[2] == DEEPEST
    (dashes,) = ax.collections
    assert [[(1.7, 0), (2.3, 0)], [(-0.3, 1), (0.3, 1)]] == [
        [tuple(map(float, point)) for point in path.vertices] for path in dashes.get_paths()
    ]
    told = ["The North, 6 December 2022: 2 items", "South, 7 December 2022: 1 item", "South, 8 December 2022: 4 items"]
    assert [*told, "not observed"] == _told([*ax.patches, dashes])
    assert [told[0], told[2]] == _told(ax.texts)  # who points at the number points at the mark
    assert {"2", "4", "1"} == {text.get_text() for text in ax.texts}  # items from two up, and the happening's number
    assert [1] == [line.get_xdata()[0] for line in ax.get_lines() if to_hex(line.get_color()) == ORANGE]


def test_days_are_told_with_items_days_and_what_was_not_observed(small_study):
    """North has 8 items on 7 days and was observed on 10 of the window's 16; South's first day came before that."""
    shown = figures.figure_of_days(small_study, corpus.daily(small_study).loc[["north", "south"]]).shown
    assert (
        "Calendar of items per outlet and day. The North 8 on 7 days, 6 days not observed; "
        "The South 8 on 7 days, 2 days not observed."
    ) == shown["alt"]
    assert "Items per day; a dash is a day not observed. Orange: 1 Castillo removed (7 December)." == shown["caption"]


@pytest.mark.parametrize(
    ("first", "count", "expected"),
    [
        ("2024-03-04", 9, ["4 March", "6 March", "8 March", "10 March", "12 March"]),
        ("2024-03-04", 2, ["4 March", "5 March"]),
        ("2022-12-16", 60, ["1 January", "15 January", "1 February"]),
    ],
)
def test_a_timeline_of_any_length_has_dates_and_numbers_within_their_day(small_study, first, count, expected):
    daily = pd.DataFrame([[9, 12, *[1] * (count - 2)]], index=["n"], columns=pd.date_range(first, periods=count))
    quiet = small_study.settings.model_copy(update={"happenings": ()})
    ax = figures.figure_of_days(dataclasses.replace(small_study, settings=quiet), daily)
    assert expected == _labels(ax.get_xticklabels())
    assert {"9": 0, "12": 90 if count > 9 else 0} == {text.get_text(): text.get_rotation() for text in ax.texts}


def test_a_matrix_writes_its_counts_and_leaves_zeros_empty(small_study):
    table = pd.DataFrame({"protests": [3, 0], "courts-and-charges": [1, np.nan]}, index=["north", "single"])
    ax = figures.figure_of_subevents(small_study, table)
    assert ["3", "1"] == _labels(ax.texts)
    assert ["The North", "Single Page"] == _labels(ax.get_yticklabels())
    assert ["protests", "courts\nand charges"] == _labels(ax.get_xticklabels())
    assert ax.patches[0].get_alpha() > ax.patches[1].get_alpha()
    told = ["The North, protests: 3", "The North, courts and charges: 1"]
    assert told == _told(ax.patches) == _told(ax.texts)
    assert ax.shown["alt"].startswith("Matrix of articles. The North: protests 3, courts and charges 1;")
    text = figures.figure_of_subevents(small_study, 0 * table).record["text"]
    assert text.startswith("Articles by sub-event: nothing to show. No sub-event of these articles is coded")


def test_sets_too_rare_to_draw_are_named(small_study):
    said = [
        figures.note_of_rare_sets(small_study, drawn, 5).record["text"] for drawn in ((), ("act",), ("crowd", "act"))
    ]
    rare = "Too rare to draw, fewer than 5 uses:"
    both = f"{rare} what Castillo did and those in the streets."
    assert [both, f"{rare} those in the streets.", "Every set is drawn."] == said
