"""The README's figure: who is named, drawn by the library from the study's features; `--write` renews it."""

import sys
from pathlib import Path

from analysis import load_study
from analysis.publish.pages import standalone
from analysis.report.estimates import figure_of_shares
from analysis.report.views import actor_frequency, by_share

FIGURE = Path(__file__).resolve().parents[1] / "data" / "castillo-2022" / "main-actors.svg"


def figure() -> str:
    """An SVG file: actors and their shares, no word of any article."""
    study = load_study("castillo-2022")
    overall = by_share(actor_frequency(study, actors=list(study.settings.main_actors)))
    caption = f"Share of {overall['articles'].iloc[0]} articles that name each main actor, with 95 % intervals."
    html = figure_of_shares(overall, name="main-actors", caption=caption).html
    return standalone(html[html.index("<svg") : html.index("</svg>") + len("</svg>")])


if __name__ == "__main__":
    if "--write" in sys.argv:
        FIGURE.write_text(figure(), encoding="utf-8")
    else:
        print(figure())
