"""Look of figures: colours that read on paper and on a dark screen, type, and the inline SVG they are written as.

INK, MUTED, RULE and PAPER are placeholders that `svg_of` turns into the page's own colours; a mark's tooltip is the
name of its group until then.
"""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import escape
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.layout_engine import TightLayoutEngine
from matplotlib.text import Text

from analysis.wording import printable

INK, MUTED, RULE, PAPER = "#010101", "#020202", "#030303", "#fefefe"
# Colours mean something: blue is the outlet in question, or a difference that is significant after correction, MUTED
# one that is not, orange the other side and the days of the event.
BLUE, ORANGE, GREEN, PURPLE = "#2f7fc1", "#c8701a", "#2f9467", "#a8578f"
#: An outlet's name as pages show it → a colour of its own, in place of blue where outlets are compared.
OUTLET_COLOURS: dict[str, str] = {}
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
#: Inches that a figure is wide which is read on a telephone as well, and one of several panels.
NARROW, PANEL = 5.2, 3.8
#: How the name of a mark with a tooltip begins.
TELLS = "tells: "

#: Placeholder drawn → what stands in the page, with what is used where the page defines no such variable.
COLOURS = {
    **{INK: "var(--ink, currentColor)", MUTED: "var(--muted, #667)"},
    **{RULE: "var(--rule, #ccc)", PAPER: "var(--paper, #fff)"},
}
#: Placeholder → what it is on paper: in files, and on a ground that somebody gave to a figure of their own.
ON_PAPER = {INK: "#1d1d1f", MUTED: "#5f5d57", RULE: "#d8d3c7", PAPER: "#ffffff"}
#: Characters of East Asian scripts.
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]")
#: A group that is named for its tooltip; the name is escaped already.
_TOLD = re.compile(rf"""<g id=(["']){TELLS}(.*)\1>""", re.DOTALL)

STYLE: Any = {
    "font.family": "DejaVu Sans",  # matplotlib's own; the page shows the reader's sans-serif in its place
    **{"font.size": 10, "axes.titlesize": 10.5, "axes.labelsize": 9.5, "xtick.labelsize": 9, "ytick.labelsize": 9.5},
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"), INK),
    **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), MUTED),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right", "axes.spines.left"), False),
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "legend.facecolor"), "none"),
    "savefig.facecolor": "auto",  # a ground that somebody gave to a figure of their own stays
    **{"axes.titlelocation": "left", "axes.linewidth": 0.7, "ytick.major.size": 0},
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "svg.fonttype": "none",
}


#: Decorates a function that draws: text takes its colour when it is made, not when it is saved.
styled = mpl.rc_context(STYLE)


def tell(text: str, *marks: Artist) -> None:
    """Give marks a tooltip."""
    for mark in marks:
        mark.set_gid(TELLS + text)


def name_rows(ax: Axes, labels: pd.Index | pd.Series, top: float = -0.6) -> None:
    """Write a label beside each row, the first on top."""
    ax.set_yticks(range(len(labels)), list(map(str, labels)))
    ax.set_ylim(len(labels) - 0.4, top)


def draw_point(ax: Axes, y: int, x: Sequence[float], text: str, colour: str, filled: bool, **line: Any) -> None:
    """Draw a line with a mark at its second point, and a tooltip: one artist, since every artist costs time."""
    face = colour if filled else PAPER
    tell(text, *ax.plot(x, [y] * len(x), color=colour, marker="o", markevery=[1], markerfacecolor=face, **line))


def scale_across(ax: Axes, label: str) -> None:
    """Name the scale below, with a line up from each of its numbers."""
    ax.set_xlabel(label)
    ax.grid(axis="x", color=RULE, lw=0.5)
    ax.set_axisbelow(True)


def svg_of(axes: Axes | Figure, *, name: str, title: str, alt: str) -> str:
    """Inline SVG of the figure of some axes, the same bytes each time, its ids prefixed by `name`; closes it."""
    figure: Any = axes.get_figure(root=True)
    buffer = io.StringIO()
    # hashsalt: matplotlib's ids are random otherwise; Date: it writes the time otherwise.
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # Text stays text: the reader's font draws it, so what matplotlib's own lacks, or cannot shape, does not matter.
        warnings.simplefilter("ignore", UserWarning)
        _lay_out(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    plt.close(figure)
    opening, _, body = printable(buffer.getvalue()).partition("<svg")[2].partition(">")
    box = opening.partition('viewBox="')[2].partition('"')[0]
    body = re.sub(r"(?:<metadata>.*?</metadata>|<!--.*?-->)\s*", "", body, flags=re.DOTALL)
    colours = ON_PAPER if to_rgba(figure.get_facecolor())[3] else COLOURS
    body = re.sub(r"<[^<>]+>", lambda tag: _own_tag(tag[0], name, colours), body)  # tags only: labels stay as they are
    style = f"width:100%;max-width:{float(box.split()[2]) * 1.25 / 16:.1f}rem;height:auto"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}" style="{style}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(alt)}</desc>{body.rstrip()}'
    )


def image_of(figure: Any, kind: str) -> bytes:
    """A figure that svg_of has laid out as PNG or PDF, in the colours of paper."""
    for artist in figure.findobj():
        for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            colour: Any = getattr(artist, f"get_{name}", str)()
            with suppress(ValueError, TypeError, IndexError):  # no colour
                if paper := ON_PAPER.get(to_hex(to_rgba(colour[0] if np.ndim(colour) == 2 else colour))):
                    getattr(artist, f"set_{name}")(paper)
    nothing = {"png": {"Software": None}, "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer"))}[kind]
    with mpl.rc_context({**STYLE, "pdf.fonttype": 42}), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        figure.savefig(buffer := io.BytesIO(), format=kind, dpi=300, facecolor="white", metadata=nothing)
    return buffer.getvalue()


def _lay_out(figure: Figure) -> None:
    """Make room for what stands around the axes, once: an engine of the figure's own would draw everything for it."""
    FigureCanvasSVG(figure)
    figure.set_dpi(72)  # what an SVG is drawn at
    words = {text: text.get_text() for text in figure.findobj(Text)}
    for text, word in words.items():
        text.set_text(_WIDE.sub("W", word))  # as wide as an ideograph, which the font that measures does not have
    # With a rectangle, even that of the whole figure, everything would be measured twice.
    TightLayoutEngine(pad=0.4, h_pad=1.2, w_pad=0.8, rect=None).execute(figure)  # type: ignore[arg-type]
    for text, word in words.items():
        text.set_text(word)


def _own_tag(tag: str, name: str, colours: Mapping[str, str]) -> str:
    """A tag with ids of this figure, the page's colours and the reader's own sans-serif; a tooltip for what tells."""
    if told := _TOLD.fullmatch(tag):
        return f"<g><title>{told[2]}</title>"
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = re.sub(r'(href="|url\()#', rf"\g<1>#{name}-", tag)
    for drawn, shown in colours.items():
        tag = tag.replace(drawn, shown)
    return re.sub(r"font-family: [^;\"]*;? ?", "", re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", tag))
