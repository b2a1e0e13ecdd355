"""Tone at a glance, and what its instruments cannot show."""

from analysis.report.tone import figure_of_tone, limits_sentence
from analysis.stats.corpus import sentiment_by


def test_what_is_reported_stands_beside_who_reports(small_study):
    frames = [sentiment_by(small_study, column) for column in ("subevent", "outlet")]
    text = figure_of_tone(*frames).record["text"]
    for title, frame in zip(("What is reported", "Who reports it"), frames, strict=True):
        assert all(f"{title}, {label} " in text for label in frame.dropna(subset=["mean"])["label"])
    assert "nothing to show" in figure_of_tone(frames[0][:0], frames[1][:0]).html


def test_the_instruments_validity_is_that_of_the_table():
    assert "(VADER) reaches 0.52" in limits_sentence()
