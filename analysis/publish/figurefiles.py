"""The figures of built reports as SVG files of their own, for slides and papers; taken from the pages, made on request.

They are no part of a build: pages, manifest and what `verify` compares stay as they are.
"""

from __future__ import annotations

import re
from pathlib import Path

from analysis.errors import BuildError
from analysis.publish.files import write
from analysis.publish.reports import slug

FOLDER = "figures"
_FIGURE = re.compile(r'<figure class="chart" id="figure-([^"]+)">.*?(<svg .*?</svg>)', re.DOTALL)
#: The page's light colours: programs that draw SVG files know no CSS variables, and paper is white.
_COLOURS = {"ink": "#1d1d1f", "muted": "#5f5d57", "rule": "#d8d3c7", "paper": "#ffffff", "accent": "#8f2a1c"}


def write_figures(reports: Path) -> list[Path]:
    """Write figures/<report>.<figure>.svg for every figure of the reports in a folder; delete those that are no more.

    Parameters
    ----------
    reports : Path, a study's folder of reports

    Returns
    -------
    list of Path, sorted

    Raises
    ------
    BuildError
        Where a file cannot be written, or the folder is a symlink.
    """
    folder, made = reports / FOLDER, []
    if folder.is_symlink():
        raise BuildError(f"{folder} is a symlink: figures are written and deleted in the reports' own folder only.")
    for page in sorted(reports.glob("*.html")):
        for name, svg in _FIGURE.findall(page.read_text(encoding="utf-8")):
            path = folder / f"{page.stem}.{slug(name)}.svg"
            write(path, standalone(svg).encode())
            made.append(path)
    for path in set(folder.glob("*.svg")) - set(made):
        path.unlink()
    return sorted(made)


def standalone(svg: str) -> str:
    """An inline figure as a file: fixed colours, its own size and font, a white ground."""
    svg = re.sub(r"var\(--(\w+)(?:, [^()]*)?\)", lambda found: _COLOURS[found[1]], svg)
    width, height = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    size = f'width="{width}" height="{height}" font-family="sans-serif"'
    svg = re.sub(r'style="width:100%[^"]*"', size, svg, count=1)
    ground = f'<rect width="{width}" height="{height}" fill="{_COLOURS["paper"]}"/>'
    svg = svg.replace("</desc>", f"</desc>{ground}", 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'
