"""What a study lacks, said in words, and what then stands in its place: no report fails for want of something."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.errors import UnknownLanguage
from analysis.scoring import INSTRUMENTS
from analysis.study import Study
from analysis.wording import listing, plural


def why_untested(study: Study, measure: str = "", *, outlets: Sequence[str] = ()) -> str:
    """Why nothing of a measure is compared, in a sentence; said where there is nothing to show.

    Parameters
    ----------
    measure : as in COMPARISON; any where empty
    outlets : the outlet, or the two, that were to be compared; each tested outlet with the others where empty
    """
    settings = study.settings
    if measure in ("actor-share", "actor-rate", "valence-toward") and not settings.main_actors:
        return "study.toml names no main actors (main_actors), so none is compared."
    if measure.startswith("label-share") and study.labels.empty:
        return "labels.csv holds no words that compete for one thing, so none are compared."
    if not outlets and not study.tested:
        return f"No outlet has the {settings.min_articles} articles a test asks for."
    if study.observed_days.empty:
        return "observed.csv records no day on which an outlet was observed, so no articles can be compared."
    if measure.startswith("valence") and not set(study.articles["language"]) & set(INSTRUMENTS):
        return "No article is in a language that has an instrument of tone."
    if len(outlets) == 2:
        return f"{listing(names(study, outlets))} have no articles of days on which both were observed."
    return "No other outlet has articles of days on which both were observed that can be compared."


def names(study: Study, outlets: Sequence[str]) -> list[str]:
    """Outlets' names as people read them."""
    return [study.outlet_names.get(outlet, outlet) for outlet in outlets]


def language_of(study: Study, chosen: str, *, tone: bool = False) -> str:
    """The language chosen; where none is, the study's first, or its first with an instrument of tone.

    Raises
    ------
    UnknownLanguage
    """
    if chosen and chosen not in study.settings.languages:
        raise UnknownLanguage(chosen, study.settings.languages)
    able = [language for language in study.settings.languages if not tone or language in INSTRUMENTS]
    return chosen or (able or study.settings.languages)[0]


def sized(rows: pd.DataFrame, name: str, other: str) -> str:
    """Both sides of a comparison with their articles, as a caption has them."""
    if rows.empty:
        return f"{name} minus {other}"
    first = rows.iloc[0]
    return f"{name} ({plural(first['articles'], 'article')}) minus {other} ({first['reference_articles']})"
