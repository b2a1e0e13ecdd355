"""Method notes: what each instrument is, how well it measures, and what to cite for it.

Their text stands in `instruments/method_notes.toml`, the figures in `validity.csv`, the references in `methods.bib`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.report.components import Shown, escape
from analysis.results import WORD_DRAWS
from analysis.stats.inference import LARGE, is_analytic, monte_carlo_error
from analysis.study import Study
from analysis.wording import ABSENT, number, spaced

_INSTRUMENTS = Path(__file__).parents[1] / "instruments"
NOTES = _INSTRUMENTS / "method_notes.toml"
VALIDITY = _INSTRUMENTS / "validity.csv"
METHODS = _INSTRUMENTS / "methods.bib"


@cache
def notes() -> dict[str, dict[str, Any]]:
    """Title, text and keys of methods.bib (`cites`) of each instrument."""
    return tomllib.loads(NOTES.read_text(encoding="utf-8"))


def method_note(study: Study, *instruments: str) -> Shown:
    """The notes of the instruments a report uses, each with its measured validity, and what to cite for them, folded.

    Parameters
    ----------
    study : Study
    instruments : names of tables in method_notes.toml
    """
    measured = pd.read_csv(VALIDITY)
    parts = []
    for instrument in instruments:
        text = notes()[instrument]["text"].replace("{how}", _how(study))
        if instrument in study.settings.notes:
            text += f" {study.settings.notes[instrument]}"
        mine = measured[(measured["instrument"] == instrument) & measured["study"].isin(["*", study.name])]
        figures = "".join(f"<li>{escape(_figure(row))}</li>" for _, row in mine.iterrows())
        parts.append(f"<h3>{escape(notes()[instrument]['title'])}</h3><p>{escape(spaced(text))}</p>")
        parts.append(f"<ul>{figures}</ul>" if figures else "")
    if entries := bibtex(*instruments):
        folded = f"<summary>The methods as BibTeX</summary><pre>{escape(entries)}</pre>"
        parts.append(f'<details class="bibtex">{folded}</details>')
    return Shown(f'<div class="method">{"".join(parts)}</div>', {"kind": "text", "name": "method"})


def _how(study: Study) -> str:
    """Where intervals and p come from, which depends on how many articles there are."""
    if is_analytic("auto", len(study.articles)):
        return (
            f"With more than {LARGE:,} articles nothing is resampled: intervals are linearized and robust to copies, "
            f"p comes from the moments of drawing sides anew within periods (Pearson's type III)."
        )
    draws, seed = study.settings.draws, study.settings.seed
    return (
        f"Intervals are 95 % percentile bootstrap intervals, widened for small numbers; p comes from permuting "
        f"articles within periods. With {draws:,} draws each (seed {seed}; for words {WORD_DRAWS * draws:,}) "
        f"another seed would move a p of 0.05 by about {number(monte_carlo_error(0.05, draws), 3)} (standard error)."
    )


def _figure(row: pd.Series) -> str:
    # Rates are at most 1; what is more, or nothing, is a count.
    value = ABSENT if pd.isna(row["value"]) else number(row["value"], 3 if 0 < row["value"] <= 1 else 0)
    measured = "" if pd.isna(row["command"]) else f", measured {row['date']} by {row['command']}"
    size = "" if pd.isna(row["n"]) else f", n = {row['n']:,.0f}"
    return f"{row['measure']}: {value}; {row['who']}, {row['data']}{size}{measured}"


def bibtex(*instruments: str) -> str:
    """BibTeX entries of the methods behind instruments, in their order, each once."""
    text = METHODS.read_text(encoding="utf-8")
    entries = {entry.partition("{")[2].partition(",")[0]: entry for entry in text.strip().split("\n\n")}
    keys = dict.fromkeys(key for instrument in instruments for key in notes()[instrument].get("cites", ()))
    return "\n\n".join(entries[key] for key in keys)
