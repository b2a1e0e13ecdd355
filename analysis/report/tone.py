"""Tone at a glance, and what its instruments cannot show."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt

from analysis.report import style
from analysis.report.components import Shown, nothing, show_figure, with_interval
from analysis.report.descriptions import VALIDITY
from analysis.wording import number

#: Sentiment instruments of validity.csv, as a sentence calls them.
_INSTRUMENTS = {"VADER": "tone of sentences (VADER)", "linear model": "tone toward actors (a linear model)"}


@style.styled
def figure_of_tone(by_event: pd.DataFrame, by_outlet: pd.DataFrame) -> Shown:
    """Mean sentiment by what is reported beside that by who reports (`corpus.sentiment_by`), on one scale."""
    caption = (
        "Tone by what is reported, and by who reports it: mean sentiment of articles (in brackets), 95 % intervals."
    )
    sides = {"What is reported": by_event, "Who reports it": by_outlet}
    sides = {title: frame.dropna(subset=["mean"]) for title, frame in sides.items() if len(frame)}
    if not any(len(frame) for frame in sides.values()):
        return nothing(caption, "No article has a tone and a group.")
    rows = max(len(frame) for frame in sides.values())
    grid = plt.subplots(1, len(sides), figsize=(9.2, 0.27 * rows + 0.9), sharex=True, squeeze=False)[1].flat
    told = []
    for ax, (title, frame) in zip(grid, sides.items(), strict=True):
        ax.axvline(0, color=style.MUTED, lw=0.8)
        for y, row in enumerate(frame.to_dict("records")):
            text = f"{row['label']} {with_interval(row, 'mean', 2)}"
            style.draw_point(ax, y, [row["lower"], row["mean"], row["upper"]], text, style.BLUE, True, lw=1.6, ms=5)
            told.append(f"{title}, {text}")
        style.name_rows(ax, frame["label"])
        ax.set_title(title)
        ax.set_xlabel("mean sentiment")
    return show_figure(grid[0], name="glance", caption=caption, alt=f"Points in two panels: {'; '.join(told)}.")


def limits_sentence() -> str:
    """The macro-F1 of both instruments of tone on news, from validity.csv."""
    table = pd.read_csv(VALIDITY)
    news = table[table["measure"].str.startswith("macro-F1 of polarity") & table["data"].str.startswith("NewsMTSC")]
    known = [
        f"{name} reaches {number(news.loc[news['who'].str.startswith(who), 'value'].iloc[0], 2)}"
        for who, name in _INSTRUMENTS.items()
    ]
    return f"On sentences of news coded by people (NewsMTSC), {' and '.join(known)} (macro F1, where 1 is perfect)."
