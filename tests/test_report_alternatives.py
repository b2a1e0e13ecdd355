"""What is told of boxes, violins and contours; of other figures of one's own: test_publish_displays.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from matplotlib import pyplot as plt

from analysis.report.alternatives import describe

pytestmark = pytest.mark.usefixtures("closed_figures")
TWO = [[1, 2, 3, 4, 9], [2, 4, 6, 7, 9]]
FRAME = pd.DataFrame({"g": list("aaaaabbbbb"), "v": [*TWO[0], *TWO[1]]})
BOXES = "Values: a: lower quartile 2, median 3, upper quartile 4; b: lower quartile 4, median 6, upper quartile 7."
VIOLINS = "Values: 1: lowest 1, highest 9; 2: lowest 2, highest 9."


@pytest.mark.parametrize(
    ("draw", "expected"),
    [
        (lambda ax: ax.boxplot(TWO, tick_labels=list("ab")), f"Box plot. {BOXES}"),
        (lambda ax: ax.boxplot(TWO, tick_labels=list("ab"), orientation="horizontal"), f"Box plot. {BOXES}"),
        (lambda ax: ax.boxplot(TWO, tick_labels=list("ab"), patch_artist=True), f"Box plot. {BOXES}"),
        (lambda ax: sns.boxplot(FRAME, x="g", y="v", ax=ax), f"Box plot. x: g; y: v. {BOXES}"),
        (lambda ax: ax.violinplot(TWO), f"Violin plot. {VIOLINS}"),
        (lambda ax: ax.violinplot(TWO, orientation="horizontal", showmedians=True), f"Violin plot. {VIOLINS}"),
        (
            lambda ax: ax.contour(np.arange(12).reshape(3, 4), levels=[2, 5.5]),
            "Contour plot. Values: from 0, to 11; levels: 1 2, 2 5.5.",
        ),
        (lambda ax: ax.fill_between([1, 2, 3], [0, 1, 0], [2, 3, 3]), "Chart."),
    ],
    ids=["boxes", "across", "patches", "seaborn", "violins", "violins-across", "contours", "neither"],
)
def test_boxes_tell_quartiles_violins_extremes_and_contours_levels(draw: Any, expected: str) -> None:
    figure, ax = plt.subplots()
    draw(ax)
    assert expected == describe(figure)
