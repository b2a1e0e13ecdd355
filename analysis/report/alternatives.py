"""Figures of one's own in words: the numbers that their marks were drawn from, and a text alternative made of them."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.category import StrCategoryFormatter
from matplotlib.collections import FillBetweenPolyCollection, PathCollection, QuadMesh
from matplotlib.container import BarContainer
from matplotlib.contour import ContourSet
from matplotlib.dates import DateLocator, num2date
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Wedge
from matplotlib.ticker import FixedLocator

from analysis.wording import number

#: Values that a text alternative tells; of more, how many there are and between which they lie.
MOST_VALUES = 40
#: Where axes may have a title.
PLACES: Any = ("center", "left", "right")
#: Kind of chart, series, and the place and value of one mark of it.
Mark = tuple[str, str, Any, Any]


def marks_of(figure: Figure) -> pd.DataFrame:
    """Table of a figure's marks: panel, kind, series, x (the place, where bars lie as well) and y (the value)."""
    rows = [(place, *mark) for place, ax in enumerate(_panels(figure), start=1) for mark in _marks(ax)]
    return pd.DataFrame(rows, columns=["panel", "kind", "series", "x", "y"])


def take_title(figure: Figure) -> str:
    """Title of a figure or of its only axes, which is drawn no more; else its labels; empty where it has no words."""
    if title := figure.get_suptitle():
        figure.suptitle(title, visible=False)
        return title
    if len(figure.axes) == 1 and (title := _title(figure.axes[0])):
        for place in PLACES:
            figure.axes[0].set_title(figure.axes[0].get_title(loc=place), loc=place, visible=False)
        return title
    labels = [(ax.get_ylabel(), ax.get_xlabel()) for ax in _panels(figure)]
    return next((" by ".join(filter(None, pair)) for pair in labels if any(pair)), "")


def describe(figure: Figure) -> str:
    """Text alternative of a figure: of each of its axes kind, title, labels and the values drawn."""
    marks = marks_of(figure)
    texts = [_describe(ax, marks[marks["panel"] == place]) for place, ax in enumerate(_panels(figure), start=1)]
    return " ".join([f"{figure.get_suptitle()}."] * bool(figure.get_suptitle()) + texts) or "An empty figure."


def _describe(ax: Axes, marks: pd.DataFrame) -> str:
    kinds = " and ".join(dict.fromkeys(marks["kind"])) or "Chart"
    labels = [f"{name}: {label}" for name, label in (("x", ax.get_xlabel()), ("y", ax.get_ylabel())) if label]
    parts = [f"{kinds}: {title}" if (title := _title(ax)) else kinds]
    parts.append("; ".join(label for label in labels if not label.endswith(": None")))
    shown = marks.head(MOST_VALUES)
    values = [": ".join(filter(None, [name, _told(group)])) for name, group in shown.groupby("series", sort=False)]
    parts.append(f"Values: {'; '.join(values)}" if values else "")
    if rest := len(marks) - len(shown):
        numbers = pd.to_numeric(marks["y"], errors="coerce")
        parts.append(f"{rest} values more; all lie between {_word(numbers.min())} and {_word(numbers.max())}")
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)


def _told(marks: pd.DataFrame) -> str:
    between = ": " if marks["kind"].iloc[0] == "Histogram" else " "
    places = [x if isinstance(x, str) else _word(x).replace(",", "") for x in marks["x"]]  # years, too
    return ", ".join(f"{x}{between}{_word(y)}" for x, y in zip(places, marks["y"], strict=True))


def _panels(figure: Figure) -> list[Axes]:
    """Axes of a figure without those of colour bars."""
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def _title(ax: Axes) -> str:
    return next(filter(None, (ax.get_title(loc=place) for place in PLACES)), "")


def _marks(ax: Any) -> Iterator[Mark]:
    """Marks of bars, boxes, violins, lines, points, slices, cells and contours, in that order."""
    for bars, series in _named(_those(ax.containers, BarContainer), ax):
        yield from _bars(ax, bars, series)
    # Lines of axhline have no data's coordinates.
    lines = [line for line in ax.lines if ax.transData == line.get_transform() and len(line.get_xdata())]
    drawn = [*_boxes(ax, lines), *_violins(ax)]
    yield from drawn
    # Unnamed lines beside bars are error bars; all lines beside boxes and violins are parts of them.
    lines = [line for line in lines if not drawn and not (ax.patches and str(line.get_label()).startswith("_"))]
    for line, series in _named(lines, ax):
        for x, y in zip(line.get_xdata(orig=True), line.get_ydata(orig=True), strict=False):
            yield "Line chart", series, _place(ax.xaxis, x), y
    for cloud, series in _named(_those(ax.collections, PathCollection), ax):
        for x, y in np.ma.getdata(cloud.get_offsets()):
            yield "Scatter plot", series, _place(ax.xaxis, x), y
    for wedge in _those(ax.patches, Wedge):
        yield "Pie chart", "", wedge.get_label(), f"{(wedge.theta2 - wedge.theta1) / 3.6:.1f} %"
    for mesh in [*_those(ax.collections, QuadMesh), *ax.images]:
        cells, shift = np.asarray(mesh.get_array()), 0.5 if isinstance(mesh, QuadMesh) else 0
        for place in np.ndindex(cells.shape[:2]) if cells.ndim == 2 else ():
            y, x = (at + shift for at in place)
            yield "Heat map", _word(_place(ax.yaxis, y)), _place(ax.xaxis, x), cells[place]
    for contours in _those(ax.collections, ContourSet):
        yield "Contour plot", "", "from", contours.zmin
        yield "Contour plot", "", "to", contours.zmax
        yield from (("Contour plot", "levels", str(n), level) for n, level in enumerate(contours.levels, start=1))


def _bars(ax: Axes, bars: BarContainer, series: str) -> Iterator[Mark]:
    across = bars.orientation == "horizontal"
    axis = ax.yaxis if across else ax.xaxis
    boxes = [(b.get_y(), b.get_height(), b.get_width()) for b in bars]
    if not across:
        boxes = [(b.get_x(), b.get_width(), b.get_height()) for b in bars]
    touching = len(boxes) > 1 and all(np.isclose(a[0] + a[1], b[0]) for a, b in pairwise(boxes))
    for start, width, value in boxes:
        if touching and not _names(axis):
            yield "Histogram", series, f"{_word(start)} to {_word(start + width)}", value
        else:
            yield "Bar chart", series, _place(axis, start + width / 2), value


def _boxes(ax: Any, lines: list[Any]) -> Iterator[Mark]:
    """Quartiles and median of the boxes of a box plot: closed lines or patches with a line from side to side."""
    shapes = [line.get_xydata() for line in lines]
    shapes += [patch.get_path().vertices for patch in _those(ax.patches, PathPatch)]
    ends = [shape for shape in shapes if len(shape) == 2]
    for box in (shape for shape in shapes if len(shape) in (5, 6) and (shape[0] == shape[4]).all()):
        low, high = box[:4].min(axis=0), box[:4].max(axis=0)
        for value, place in ((1, 0), (0, 1)):
            inside = [a[value] for a, b in ends if a[value] == b[value] and low[value] <= a[value] <= high[value]
                      and {a[place], b[place]} == {low[place], high[place]}]  # fmt: skip
            if inside and low[place] < high[place]:
                told = {"lower quartile": low[value], "median": inside[0], "upper quartile": high[value]}
                yield from _described(ax, "Box plot", place, (low + high)[place] / 2, told)


def _violins(ax: Any) -> Iterator[Mark]:
    """Ends of the violins as they are drawn: smooth bodies that are the same on either side of a line."""
    for body in _those(ax.collections, FillBetweenPolyCollection):
        value, place = (1, 0) if body.t_direction == "y" else (0, 1)
        for outline in (path.vertices for path in body.get_paths() if len(path.vertices) > 20):
            low, high = outline.min(axis=0), outline.max(axis=0)
            away = np.unique(np.round(outline[:, place] - (low + high)[place] / 2, 6))
            if len(away) > 2 and np.array_equal(away, np.sort(-away)):
                told = {"lowest": low[value], "highest": high[value]}
                yield from _described(ax, "Violin plot", place, (low + high)[place] / 2, told)


def _described(ax: Any, kind: str, place: int, middle: float, told: dict[str, float]) -> Iterator[Mark]:
    """Marks of what stands at a place of the axis across, with what is told of it."""
    series = _word(_place((ax.xaxis, ax.yaxis)[place], float(middle)))
    yield from ((kind, series, name, value) for name, value in told.items())


def _those(artists: Iterable[Any], kind: type) -> list[Any]:
    return [artist for artist in artists if isinstance(artist, kind)]


def _named(artists: list[Any], ax: Axes) -> list[tuple[Any, str]]:
    """Artists with the names of their series: their own labels, or those of a legend with as many."""
    legend = ax.get_legend()
    told = [text.get_text() for text in legend.get_texts()] if legend else []
    labels = ["" if str(one.get_label()).startswith("_") else str(one.get_label()) for one in artists]
    if len(told) == len(artists) and not any(labels):
        labels = told
    return list(zip(artists, labels, strict=True))


def _names(axis: Axis) -> dict[float, str]:
    """Words written at an axis by hand, by their places; none where it is a scale of numbers or days."""
    by_hand = isinstance(axis.get_major_locator(), FixedLocator)
    if not (by_hand or isinstance(axis.get_major_formatter(), StrCategoryFormatter)):
        return {}
    labels = [text.get_text() for text in axis.get_ticklabels()]
    return {float(at): label for at, label in zip(axis.get_majorticklocs(), labels, strict=False) if label}


def _place(axis: Any, value: Any) -> Any:
    """Place on an axis as a reader sees it: a word, a day, or a number."""
    if isinstance(axis.get_major_locator(), DateLocator) and isinstance(value, float):
        value = num2date(value).replace(tzinfo=None)  # type: ignore[no-untyped-call]
    if (freq := getattr(axis, "freq", None)) and np.isscalar(value):  # pandas counts days, months or years
        return str(pd.Period(ordinal=round(float(value)), freq=freq))  # type: ignore[arg-type]
    if isinstance(value, np.datetime64 | date):
        return str(pd.Timestamp(value)).removesuffix(" 00:00:00")
    if isinstance(value, str) or not np.isscalar(value):
        return str(value)
    names, at = _names(axis), float(value)  # type: ignore[arg-type]
    nearest = min(names, key=lambda place: abs(place - at), default=np.inf)
    return names[nearest] if abs(nearest - at) <= 0.5 else value


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        text = number(float(value), 2 if abs(value) >= 1 else 4)
        return text.rstrip("0").rstrip(".") if "." in text else text
    except (TypeError, ValueError):
        return str(value)
