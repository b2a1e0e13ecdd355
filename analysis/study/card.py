"""A study at a glance: what a notebook shows for it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from analysis.wording import day, isolated, language, listing, plural

if TYPE_CHECKING:
    from analysis.study.study import Study


def facts(study: Study) -> dict[str, str]:
    """Heading → what a study holds: articles, outlets, days, languages, features, codes, and what is missing."""
    articles = study.manifest
    counts = articles["language"].value_counts()
    published = articles["published"].dropna()
    shown = {
        "articles": f"{len(articles):,} of {plural(articles['outlet'].nunique(), 'outlet')}",
        "days": f"{day(published.min())} to {day(published.max())}" if len(published) else "none known",
        "languages": listing([f"{language(str(code))} ({count:,})" for code, count in counts.head(5).items()]),
    }
    if len(counts) > 5:
        shown["languages"] += f" and {len(counts) - 5} more"
    if not study.only_coded:
        shown["features"] = "measured" if study.annotated else "none yet: castillo annotate makes them"
    if len(study.codes):
        coders = sorted(study.codes["coder"].unique())
        coded = study.codes["article"].nunique()
        shown["codes"] = (
            f"{coded:,} articles, {plural(study.codes['variable'].nunique(), 'variable')}, by {listing(coders)}"
        )
    return shown | ({"missing": missing} if (missing := _missing(study)) else {})


def _missing(study: Study) -> str:
    articles = study.manifest
    counts = {"without a date": int(articles["published"].isna().sum())}
    if not study.only_coded:
        kinds = articles["body_kind"].value_counts()
        counts |= {
            "with a headline only": int(kinds.get("none", 0)),
            "with a photo caption": int(kinds.get("caption", 0)),
        }
    return listing([f"{count:,} {what}" for what, count in counts.items() if count])


def card(study: Study) -> str:
    """HTML of the study's title and `facts`."""
    left = 'style="text-align: left"'
    rows = "".join(
        f"<tr><th {left}>{heading}</th><td {left}>{escape(isolated(text))}</td></tr>"
        for heading, text in facts(study).items()
    )
    return f"<strong>{escape(isolated(study.settings.title))}</strong><table>{rows}</table>"
