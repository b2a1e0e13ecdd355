"""A matplotlib figure as inline SVG: the same bytes each time, the page's colours, a text alternative inside."""

from __future__ import annotations

import io
import re
import warnings
from html import escape

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import TightLayoutEngine
from matplotlib.text import Text

from analysis.report.style import INK, MUTED, PAPER, RULE, STYLE, TELLS
from analysis.wording import printable

#: Placeholder drawn → what stands in the page, with what is used where the page defines no such variable.
_COLOURS = {
    INK: "var(--ink, currentColor)",
    MUTED: "var(--muted, #667)",
    RULE: "var(--rule, #ccc)",
    PAPER: "var(--paper, #fff)",
}
#: Characters of East Asian scripts.
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]")
#: A group that is named for what it tells; the name is escaped already.
_TOLD = re.compile(rf"""<g id=(["']){TELLS}(.*)\1>""", re.DOTALL)


def svg_of(axes: Axes, *, name: str, title: str, alt: str) -> str:
    """Serialize the figure that `axes` belongs to and close it.

    Parameters
    ----------
    axes : Axes
    name : str, prefix of every id, so that figures of one page cannot collide
    title : str, short name of the figure
    alt : str, what is seen, in words with its numbers

    Returns
    -------
    str, an <svg> element with <title> and <desc>, no metadata, no fixed size
    """
    figure, buffer = axes.get_figure(root=True), io.StringIO()
    if figure is None:
        raise ValueError("these axes belong to no figure")
    # hashsalt: matplotlib's ids are random otherwise; Date: it writes the time otherwise.
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        # Text stays text: the reader's font draws it, so what matplotlib's own lacks does not matter.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        _lay_out(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    plt.close(figure)
    text = printable(buffer.getvalue())
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<[^<>]+>", lambda tag: _ours(tag[0], name), text)  # tags only: labels stay as they are
    return _opened(text, name, title, alt).strip()


def _lay_out(figure: Figure) -> None:
    """Make room for what stands around the axes, once: an engine of the figure's own would draw everything for it."""
    FigureCanvasSVG(figure)
    figure.set_dpi(72)  # what an SVG is drawn at
    # With a rectangle, even that of the whole figure, everything would be measured twice.
    words = {text: text.get_text() for text in figure.findobj(Text)}
    for text, word in words.items():
        text.set_text(_WIDE.sub("W", word))  # as wide as an ideograph, which the font that measures does not have
    TightLayoutEngine(pad=0.4, h_pad=1.2, w_pad=0.8, rect=None).execute(figure)  # type: ignore[arg-type]
    for text, word in words.items():
        text.set_text(word)


def _ours(tag: str, name: str) -> str:
    """A tag with ids of this figure, the page's colours and the reader's own sans-serif; a tooltip for what tells."""
    if told := _TOLD.fullmatch(tag):
        return f"<g><title>{told[2]}</title>"
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = re.sub(r'(href="|url\()#', rf"\g<1>#{name}-", tag)
    for drawn, shown in _COLOURS.items():
        tag = tag.replace(drawn, shown)
    tag = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", tag)
    return re.sub(r"font-family: [^;\"]*;? ?", "", tag)


def _opened(text: str, name: str, title: str, alt: str) -> str:
    """The same with our own opening tag: scalable, named and described."""
    opening = text[: text.index(">") + 1]
    box = re.search(r'viewBox="([^"]+)"', opening)
    width = float(box[1].split()[2]) if box else 540.0
    style = f"width:100%;max-width:{width * 1.25 / 16:.1f}rem;height:auto"
    ours = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box[1] if box else "0 0 540 300"}" style="{style}" '
        f'role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(alt)}</desc>'
    )
    return ours + text[len(opening) :]
