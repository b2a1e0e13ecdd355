"""Heat maps, days, periods and portraits: what is drawn, and alternatives that hold the numbers drawn."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from analysis.report import figures, views
from analysis.report.style import DEEPEST, ORANGE, TELLS
from analysis.stats.corpus import actors_by_period
from analysis.stats.pooling import Pooled

pytestmark = pytest.mark.usefixtures("closed_figures")


@pytest.fixture
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


def test_a_timeline_tells_items_nothing_and_unobserved_apart(small_study, axes):
    days = pd.date_range("2022-12-06", periods=3)
    daily = pd.DataFrame([[2, 0, np.nan], [np.nan, 1, 4]], index=["north", "South"], columns=days)
    ax = figures.figure_of_days(small_study, daily)
    assert ["The North", "South"] == _labels(ax.get_yticklabels())
    assert [(0, 0), (1, 1), (2, 1)] == [(round(p.get_x() + 0.45), round(p.get_y() + 0.4)) for p in ax.patches]
    shades = [patch.get_alpha() for patch in ax.patches]
    assert shades[1] < shades[0] < shades[2] == DEEPEST
    (dashes,) = ax.collections
    told = ["The North, from 6 December 2022: 2 articles", "South, from 7 December 2022: 1 article"]
    assert [*told, "South, from 8 December 2022: 4 articles", "not observed"] == _told([*ax.patches, dashes])
    assert [(2, 0), (0, 1)] == [tuple(path.vertices.mean(axis=0).round(6)) for path in dashes.get_paths()]
    assert {"2", "4", "1"} == {text.get_text() for text in ax.texts}
    assert [1] == [line.get_xdata()[0] for line in ax.get_lines() if to_hex(line.get_color()) == ORANGE]
    assert "Orange: 1 Castillo removed (7 December)." in ax.shown["caption"]
    assert "Articles per outlet and day. The North 2; South 5." == ax.shown["alt"]


@pytest.mark.parametrize(
    ("count", "unit", "cells", "expected"),
    [
        (9, "day", 9, ["4 March", "7 March", "10 March"]),
        (86, "week", 13, ["4 March", "1 April", "29 April", "27 May"]),
        (400, "month", 14, ["March 2024", "July 2024", "November 2024", "March 2025"]),
        (1857, "quarter", 22, ["January 2024", "July 2025", "January 2027", "July 2028"]),
    ],
)
def test_a_timeline_of_any_length_has_cells_that_can_be_read(small_study, axes, count, unit, cells, expected):
    daily = pd.DataFrame([[1.0] * count], index=["n"], columns=pd.date_range("2024-03-04", periods=count))
    quiet = small_study.settings.model_copy(update={"happenings": ()})
    ax = figures.figure_of_days(dataclasses.replace(small_study, settings=quiet), daily)
    assert (expected, cells) == (_labels(ax.get_xticklabels()), len(ax.patches))
    assert f"Articles per {unit}. A grey dash: nothing of the outlet was collected." == ax.shown["caption"]
    assert f"n {count}." in ax.shown["alt"]


def test_a_heat_map_writes_shares_of_rows_and_lists_what_is_too_few(small_study, axes):
    table = pd.DataFrame({"protests": [6, 0, 3], "courts-and-charges": [2, 5, 1]}, index=["north", "south", "single"])
    ax = figures.figure_of_subevents(small_study, table)
    assert ["75", "25", "", "100"] == _labels(ax.texts)
    assert ["The North (8)", "The South (5)"] == _labels(ax.get_yticklabels())
    assert ["protests", "courts and charges"] == _labels(ax.get_xticklabels())
    assert ax.patches[0].get_alpha() > ax.patches[1].get_alpha()
    assert "Too few to show: Single Page (4)." in ax.shown["caption"]
    assert "The North, protests: 6 of 8; The North, courts and charges: 2 of 8;" in ax.shown["alt"]
    assert "nothing to show" in figures.figure_of_subevents(small_study, table[2:]).html


def test_the_heat_map_of_actors_has_the_counts_of_the_articles(small_study, axes):
    by_outlet = views.actor_frequency(small_study, by="outlet", actors=["pedro-castillo", "dina-boluarte"])
    ax = figures.figure_of_actors(small_study, by_outlet)
    north = by_outlet[by_outlet["group"] == "north"].set_index("label")["articles_with"]
    assert f"The North, Pedro Castillo: {north['Pedro Castillo']} of 8" in ax.shown["alt"]
    assert "Who names whom" in figures.figure_of_actors(small_study, by_outlet[:0]).record["text"]


@pytest.mark.slow
def test_pooled_points_are_told_in_order_with_counts_and_certainty_small_outlets_only_in_the_csv(
    event_study, monkeypatch
):
    rows = [
        ("al-jazeera", "dina-boluarte", 50, 12, -0.2, 0.2, -0.034),
        ("al-jazeera", "pedro-castillo", 50, 28, 0.4, 0.2, 0.087),
        ("abc-news", "pedro-castillo", 3, 1, 0.1, 0.3, 0.02),
    ]
    effects = pd.DataFrame(rows, columns=["outlet", "actor", "articles", "named", "effect", "sd", "points"])
    pooled = Pooled({"period × actor": 1.0, "outlet × actor": 0.4}, effects)
    monkeypatch.setattr(figures, "pooled_actors", lambda _: pooled)
    shown = figures.figure_of_pooled(event_study)
    expected = "Heat map. Al Jazeera English, Pedro Castillo: +9 points; Al Jazeera English, Dina Boluarte: −3 points."
    assert expected == shown.record["text"]
    assert "Al Jazeera English, Pedro Castillo: +9 points (28 of 50); above 0 with 98 % certainty" in shown.html
    assert "abc-news,pedro-castillo,3,1,0.1,0.3,0.02" in shown.record["csv"]
    assert "more about whom it names than who published it" in shown.record["caption"]
    monkeypatch.setattr(figures, "pooled_actors", lambda _: None)
    assert "Fewer than two outlets" in figures.figure_of_pooled(event_study).html


@pytest.mark.slow
def test_the_figure_of_periods_tells_every_share_or_why_there_is_none(event_study):
    shown = figures.figure_of_periods(event_study, actors_by_period(event_study))
    assert "Pedro Castillo 31 of 35 (89 %), 49 of 89 (55 %), 28 of 122 (23 %), 5 of 30 (17 %);" in shown.record["text"]
    assert "31 of 35 (89" in shown.html
    assert "Fewer than two periods" in figures.figure_of_periods(event_study, pd.DataFrame()).html


@pytest.mark.slow
def test_a_portrait_sets_both_sides_beside_each_other(small_study, monkeypatch):
    """Articles of the days when both were observed: of the South's six, one is a photo caption (ministudy)."""
    monkeypatch.setattr(figures, "show_panels", lambda panels, **shown: (panels, shown))
    panels, shown = figures.figure_of_portrait(small_study, "north", "south")
    assert ["What they report on", "Whom they name", "In which words"] == [title for _, title, _ in panels]
    assert "protests: The North 4 of 6, The South 3 of 5" in panels[0][2]
    assert "coup: The North 4 of 6, The South 3 of 5" in panels[2][2]
    assert shown["caption"].startswith("The North (blue) and The South (orange), in % of articles")
    (_, _, (*_, words)), _ = figures.figure_of_portrait(small_study, "north")
    assert "coup: The North 5 of 8, the other outlets 5 of 8" in words
