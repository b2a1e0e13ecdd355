"""Figures of words, days and sub-events: what is drawn, and alternatives that hold the numbers drawn."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from analysis.report import figures, views
from analysis.report.style import BLUE, DEEPEST, MUTED, ORANGE, TELLS

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
    assert f'{north}<td class="num">8</td><td>5 of 8</td><td>62 % (' in html


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
    told = ["The North, from 6 December 2022: 2 articles", "South, from 7 December 2022: 1 article"]
    assert [*told, "South, from 8 December 2022: 4 articles", "not observed"] == _told([*ax.patches, dashes])
    assert {"2", "4", "1"} == {text.get_text() for text in ax.texts}
    assert [1] == [line.get_xdata()[0] for line in ax.get_lines() if to_hex(line.get_color()) == ORANGE]
    assert "Orange: 1 Castillo removed (7 December)." in ax.shown["caption"]
    assert "Articles per outlet and day. The North 2; South 5." == ax.shown["alt"]


@pytest.mark.parametrize(
    ("count", "unit", "cells", "expected"),
    [
        (2, "day", 2, ["4 March", "5 March"]),
        (9, "day", 9, ["4 March", "7 March", "10 March"]),
        (86, "week", 13, ["4 March", "1 April", "29 April", "27 May"]),
        (400, "month", 14, ["March 2024", "July 2024", "November 2024", "March 2025"]),
        (1857, "quarter", 22, ["January 2024", "July 2025", "January 2027", "July 2028"]),
    ],
)
def test_a_timeline_of_any_length_has_cells_that_can_be_read(small_study, count, unit, cells, expected):
    daily = pd.DataFrame([[1.0] * count], index=["n"], columns=pd.date_range("2024-03-04", periods=count))
    quiet = small_study.settings.model_copy(update={"happenings": ()})
    ax = figures.figure_of_days(dataclasses.replace(small_study, settings=quiet), daily)
    assert expected == _labels(ax.get_xticklabels())
    assert cells == len(ax.patches)
    assert ax.shown["caption"].startswith(f"Articles per {unit}. ")
    assert f"n {count}." in ax.shown["alt"]


def test_a_heat_map_writes_shares_of_rows_and_lists_what_is_too_few(small_study):
    table = pd.DataFrame({"protests": [6, 0, 3], "courts-and-charges": [2, 5, 1]}, index=["north", "south", "single"])
    ax = figures.figure_of_subevents(small_study, table)
    assert ["75", "25", "", "100"] == _labels(ax.texts)
    assert ["The North (8)", "The South (5)"] == _labels(ax.get_yticklabels())
    assert ["protests", "courts and charges"] == _labels(ax.get_xticklabels())
    assert ax.patches[0].get_alpha() > ax.patches[1].get_alpha()
    assert "Too few to show: Single Page (4)." in ax.shown["caption"]
    assert "The North, protests: 6 of 8; The North, courts and charges: 2 of 8;" in ax.shown["alt"]


def test_the_heat_map_of_actors_has_the_counts_of_the_articles(small_study):
    by_outlet = views.actor_frequency(small_study, by="outlet", actors=["pedro-castillo", "dina-boluarte"])
    ax = figures.figure_of_actors(small_study, by_outlet)
    north = by_outlet[by_outlet["group"] == "north"].set_index("label")["articles_with"]
    assert f"The North, Pedro Castillo: {north['Pedro Castillo']} of 8" in ax.shown["alt"]
    assert "Who names whom" in figures.figure_of_actors(small_study, by_outlet[:0]).record["text"]


def test_a_portrait_sets_both_sides_beside_each_other(small_study, monkeypatch):
    """Articles of the days when both were observed: of the South's six, one is a photo caption (ministudy)."""
    monkeypatch.setattr(figures, "show_panels", lambda panels, **shown: (panels, shown))
    panels, shown = figures.figure_of_portrait(small_study, "north", "south")
    assert ["What they report on", "Whom they name", "In which words"] == [title for _, title, _ in panels]
    assert "protests: The North 4 of 6, The South 3 of 5" in panels[0][2]
    assert "coup: The North 4 of 6, The South 3 of 5" in panels[2][2]
    assert shown["caption"].startswith("The North (blue) and The South (orange), in % of articles")
    assert (
        "coup: The North 5 of 8, the other outlets 5 of 8" in figures.figure_of_portrait(small_study, "north")[0][2][2]
    )


def test_sets_too_rare_to_draw_are_named(small_study):
    said = [
        figures.note_of_rare_sets(small_study, drawn, 5).record["text"] for drawn in ((), ("act",), ("crowd", "act"))
    ]
    rare = "Too rare to draw, fewer than 5 uses:"
    both = f"{rare} what Castillo did and those in the streets."
    assert [both, f"{rare} those in the streets.", "Every set is drawn."] == said
