"""Points with intervals and their tables: what is drawn, and alternatives that hold the numbers drawn."""

import re

import numpy as np
import pandas as pd
import pytest
from lxml import html
from matplotlib.colors import to_hex
from scipy import stats

from analysis.report import estimates, style, views
from analysis.report.components import show_table
from analysis.report.style import BLUE, MUTED, PAPER
from analysis.stats import corpus
from analysis.stats.frequency import clustered_share
from analysis.study.selection import counts, select

pytestmark = pytest.mark.usefixtures("closed_figures")

#: Two differences: one that stands, one without an interval.
FRAME = pd.DataFrame(
    {
        "measure": "actor-share",
        "group_name": "The North",
        "label": ["Pedro Castillo", "Dina Boluarte"],
        "estimate": [0.25, -0.104], "lower": [0.1, np.nan], "upper": [0.4, np.nan], "found": [True, False],
        "q": [0.0004, np.nan], "detectable": [0.28, np.nan], "count": [8.0, 2.5], "reference_count": [4.0, 10.0],
        "articles": [8, 8], "reference_articles": [10, 1200],
    }
)
MEANS = pd.DataFrame(
    [
        ["The North", 0.214, 0.1, 0.328, True, "removal"],
        ["The South", -0.006, np.nan, np.nan, False, "removal"],
        ["Wschód", np.nan, np.nan, np.nan, False, "protests"],
    ],
    columns=["label", "mean", "lower", "upper", "tested", "period"],
)


def _cells(shown):
    """Rows of a table as people see them, the heading first."""
    rows = html.document_fromstring(shown.html).iter("tr")
    return [[cell.text_content() for cell in row.iter("th", "td")] for row in rows]


def test_differences_are_told_with_intervals_and_unit():
    shown = estimates.figure_of_differences(FRAME, name="d", caption="Naming.")
    assert (
        "Differences as points with intervals. Estimate and 95 % interval in percentage points: "
        "Pedro Castillo 25 (10 to 40, filled); Dina Boluarte −10 (–)."
    ) == shown.record["text"]
    assert shown.record["caption"].startswith("Naming. Filled points: sure after correction for all comparisons")


def test_a_table_of_differences_has_counts_intervals_and_what_would_have_shown():
    first = {"group_name": "outlet", "label": "actor", "variant": "text"}
    shown = estimates.table_of_differences(FRAME, name="d", caption="Naming.", first=first)
    heading, *rows = _cells(shown)
    assert ["outlet", "actor", "here", "others"] == heading[:4]
    assert ["difference, percentage points (95 %)", "smallest that would show"] == heading[4:]
    assert ["The North", "Pedro Castillo", "8 of 8", "4 of 10", "+25 (+10 to +40) *", "28"] == rows[0]
    assert ["The North", "Dina Boluarte", "2 of 8", "10 of 1,200", "−10 (–)", "–"] == rows[1]
    assert "<details>" in shown.html
    assert "q," in shown.record["csv"].splitlines()[0]


def test_every_way_of_comparing_has_one_column_and_a_competing_word_its_set_beside(small_study, small_results):
    """Of North's 8 uses 5 say coup; of the others', where observed, 6 of 10: South's first article came before."""
    frame = views.variants(small_study, small_results, "actor-share", group="north")
    first = {"label": "actor", "adjustment": "how compared"}
    heading, *rows = _cells(estimates.table_of_differences(frame, name="v", caption="V.", first=first))
    assert ["actor", "how compared", "here", "others"] == heading[:4]
    assert "title and first paragraph, periods matched (primary)" in [row[1] for row in rows]
    frame = views.differences(small_study, small_results, "label-share", group="north")
    first = {"label": "word", "set": "for"}
    (_, coup, *_) = _cells(estimates.table_of_differences(frame, name="l", caption="L.", first=first))
    assert ["coup (what Castillo did)", "5 of 8"] == coup[:2]


def test_frequencies_and_shares_have_the_intervals_of_wilson(small_study):
    """Of the 21 articles with a first paragraph 14 name Castillo, in texts of 30 words."""
    frame = views.actor_frequency(small_study, actors=["pedro-castillo"])
    (_, row) = _cells(show_table(frame, name="f", caption="F.", columns={"label": "actor", **estimates.FREQUENCY}))
    articles = select(small_study).articles["outlet"]
    named = counts(select(small_study), "actors", ["pedro-castillo"])["pedro-castillo"] > 0
    sums = named.groupby(articles).agg(["sum", "size"]).to_numpy(float)
    low, high = (100 * end for end in clustered_share(*sums.T)[1:])
    assert ["Pedro Castillo", "14 of 21", f"67 ({low:.0f} to {high:.0f})"] == row[:3]
    assert row[3].startswith("22.2 (")
    text = estimates.figure_of_shares(frame, name="f", caption="F.").record["text"]
    assert text.endswith(f"in per cent: Pedro Castillo 67 ({low:.0f} to {high:.0f}).")


def test_flow_is_told_from_the_largest_share_of_observed_items_down(small_study):
    """North has 8 of 100 items, South, observed on 13 days, 7 of 130: its first article came before."""
    text = estimates.figure_of_flow(corpus.coverage(small_study), name="flow", caption="Flow.").record["text"]
    low, high = (100 * end for end in stats.binomtest(8, 100).proportion_ci(method="wilson"))
    assert f"in per cent: The North 8.00 ({low:.2f} to {high:.2f}, filled); The South {700 / 130:.2f} (" in text
    order = [text.index(name) for name in ("The North", "The South", "Portal", "East Daily", "Wschód", "Single Page")]
    assert sorted(order) == order


def test_means_are_told_to_two_digits_and_the_missing_left_out():
    options = {"name": "t", "caption": "Mean sentiment.", "what": "Means as points"}
    shown = estimates.figure_of_means(MEANS, mark="tested", **options)
    told = "The North 0.21 (0.10 to 0.33, filled); The South −0.01 (–)."
    assert f"Means as points. Estimate and 95 % interval: {told}" == shown.record["text"]
    assert "mean sentiment, −1 to 1" in shown.html and "Wschód" not in shown.html
    shown = estimates.figure_of_means(MEANS.assign(mean=[0.2, 0.1, -0.3])[::-1], panel="period", **options)
    assert "protests: Means as points. Estimate and 95 % interval: Wschód −0.30 (–)." in shown.record["text"]
    assert shown.record["text"].endswith(": The South 0.10 (–); The North 0.20 (0.10 to 0.33).")


def test_means_by_period_of_the_small_study_are_those_of_its_articles(small_study):
    """North's four of the removal have the tones −0.5, 0.2, −0.2, 0.5: 0 ± 3.182 · √(0.58/3) / 2, by hand."""
    frame = views.sentiment_by_period(small_study)
    text = estimates.figure_of_means(frame, name="t", caption="T.", what="Means", panel="period").record["text"]
    assert "Removal (5 to 10 December): Means. Estimate and 95 % interval: The North 0.00 (−0.70 to 0.70)" in text
    assert not {"Portal", "nan"} & set(re.split(r"\W", text))  # Portal has titles only


CORRECTED = pd.DataFrame(
    [["The North (40)", 8, 31, -0.1, -0.33, -0.6, 0.05], ["The South (9)", 4, 2, -0.2, *[np.nan] * 3]],
    columns=["label", "articles", "coded", "measured", "corrected", "lower", "upper"],
)


def test_corrected_means_are_told_with_their_intervals_and_those_with_too_few_coded_are_unknown():
    text = estimates.figure_of_correction(CORRECTED, name="c", caption="C.").record["text"]
    told = "The North (40) −0.33 (−0.60 to 0.05)."
    assert f"Corrected mean polarity by outlet. Estimate and 95 % interval: {told}" == text
    html = estimates.table_of_correction(CORRECTED, name="c", caption="C.").html
    assert "−0.33 (−0.60 to 0.05)" in html
    assert "unknown: too few coded" in html


def test_what_is_reported_stands_beside_who_reports(small_study):
    frames = [corpus.sentiment_by(small_study, column) for column in ("subevent", "outlet")]
    text = estimates.figure_of_tone(*frames).record["text"]
    for title, frame in zip(("What is reported", "Who reports it"), frames, strict=True):
        assert all(f"{title}, {label} " in text for label in frame.dropna(subset=["mean"])["label"])
    assert "nothing to show" in estimates.figure_of_tone(frames[0][:0], frames[1][:0]).html


@pytest.mark.parametrize(
    ("figure", "frame", "why"),
    [
        ("means", MEANS[2:], "No article has a tone: its language has no instrument, or it has no text to compare."),
        ("correction", CORRECTED[:0], "Too few mentions of this study are coded to correct by."),
        ("flow", pd.DataFrame(columns=["items", "share", "name"]), "observed.csv counts no items of any outlet."),
        ("differences", FRAME[:0], "None is tested."),
    ],
)
def test_where_there_is_nothing_to_show_the_caption_and_the_reason_are_said(figure, frame, why):
    options = {"means": {"what": "Means"}, "correction": {}, "flow": {}}.get(figure, {"why": why})
    shown = getattr(estimates, f"figure_of_{figure}")(frame, name="x", caption="A caption. More.", **options)
    assert f"A caption: nothing to show. {why}" == shown.record["text"]


def _labels(ax):
    return [tick.get_text() for tick in ax.get_yticklabels()]


def test_estimates_stand_in_the_frames_order_scaled_with_their_intervals():
    options = {"scale": 100, "digits": 1, "zero": True, "mark": "found", "xlabel": "points"}
    ax = estimates.figure_of_estimates(FRAME, "Points", name="f", caption="F.", **options).axes
    zero, *points = ax.get_lines()
    assert [0, 0] == list(zero.get_xdata())
    assert ["Pedro Castillo", "Dina Boluarte"] == _labels(ax)
    assert [10, 25, 40] == list(points[0].get_xdata())  # from one end of the interval to the other
    assert [[1], [1]] == [point.get_markevery() for point in points]  # a mark at the estimate
    assert [BLUE, MUTED] == [to_hex(point.get_color()) for point in points]
    assert [BLUE, PAPER] == [to_hex(point.get_markerfacecolor()) for point in points]
    told = ["Pedro Castillo: 25.0 (10.0 to 40.0)", "Dina Boluarte: −10.4 (–)"]
    assert told == [point.get_gid().removeprefix(style.TELLS) for point in points]
    assert ax.yaxis_inverted()  # the first row on top


def test_panels_show_the_same_labels_and_one_scale(monkeypatch):
    monkeypatch.setattr(estimates, "show_panels", lambda panels, **_: panels)
    frame = pd.concat([FRAME[int(place == 1) :].assign(panel=str(place)) for place in range(3)])
    drawn = estimates.figure_of_estimates(frame, "Points", name="f", caption="F.", panel="panel", xlabel="")
    assert list("012") == [title for _, title, _ in drawn]
    assert [["Pedro Castillo", "Dina Boluarte"]] * 3 == [_labels(ax) for ax, _, _ in drawn]
    assert "Points: Dina Boluarte −0.10 (–)." == drawn[1][2]
    assert 1 == len({ax.get_xlim() for ax, _, _ in drawn})
