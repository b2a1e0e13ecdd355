"""The README's figure: which words pages use for what Congress did, drawn by the library; `--write` renews it."""

import sys
from pathlib import Path

from analysis import load_study
from analysis.publish.exports import standalone
from analysis.report.coded import figure_of_code_shares, group_order
from analysis.results.coded import code_shares

FIGURE = Path(__file__).resolve().parents[1] / "data" / "castillo-2022-world" / "congress-act.svg"


def figure() -> str:
    """An SVG file: codes and their shares, no word of any article."""
    study, variable = load_study("castillo-2022-world"), "congress_act_own"
    shares = code_shares(study, variable, "group")
    html = figure_of_code_shares(study, shares, variable, order=group_order(study, "group")).html
    return standalone(html[html.index("<svg") : html.index("</svg>") + len("</svg>")])


if __name__ == "__main__":
    if "--write" in sys.argv:
        FIGURE.write_text(figure(), encoding="utf-8")
    else:
        print(figure())
