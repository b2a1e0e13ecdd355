"""How figures look: colours that read on paper and on a dark screen, type, and marks that say what they stand for.

INK, MUTED, RULE and PAPER are placeholders that `svg.svg_of` turns into the page's own colours, and what a mark tells
is the name of its group, which becomes a tooltip there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes

INK, MUTED, RULE, PAPER = "#010101", "#020202", "#030303", "#fefefe"
BLUE, ORANGE, GREEN, PURPLE = "#2f7fc1", "#c8701a", "#2f9467", "#a8578f"
#: For parts of a whole, each told apart by its label as well.
PARTS = (BLUE, ORANGE, GREEN, PURPLE, "#7a7f2a", "#5b6fd0", "#b5524c", "#3a8f9c")
#: What is written on each part: its colour is the same on paper and on a dark screen, so PAPER, which is not, would
#: read poorly on one of them. At least 4.5 to 1.
BLACK, WHITE = "#050505", "#ffffff"
ON_PARTS = (BLACK, BLACK, BLACK, WHITE, BLACK, WHITE, WHITE, BLACK)
#: The deepest shade of blue on which INK can be read, on paper as on a dark screen.
DEEPEST = 0.75
#: Text in the middle of a mark, which lies inside the axes: room need not be made for it.
INSIDE: Any = {"ha": "center", "va": "center", "in_layout": False}
#: How the name of a mark begins that tells something.
TELLS = "tells: "

STYLE: Any = {
    "font.family": "DejaVu Sans",  # matplotlib's own; the page shows the reader's sans-serif in its place
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9.5,
    "ytick.major.size": 0,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "svg.fonttype": "none",
}


def styled(plot: Callable[..., Axes]) -> Callable[..., Axes]:
    """Draw in this project's style: text and ticks take their colours when they are made, not when they are saved."""

    @wraps(plot)
    def drawn(*args: Any, **options: Any) -> Axes:
        with mpl.rc_context(STYLE):
            return plot(*args, **options)

    return drawn


def canvas(height: float, width: float = 7.6, **layout: Any) -> tuple[Any, Any]:
    """A figure in this project's style; sizes in inches."""
    with mpl.rc_context(STYLE):
        return plt.subplots(figsize=(width, height), **layout)


def tell(text: str, *marks: Artist) -> None:
    """Have marks say what they stand for, to who points at them."""
    for mark in marks:
        mark.set_gid(TELLS + text)
