"""Spellings of one word folded into one (Cusco and Cuzco, anti-government and antigovernment): a listed rule."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from functools import cache
from pathlib import Path

SPELLINGS = Path(__file__).parents[1] / "instruments" / "spellings.toml"

_ENDINGS = ("e", "ed", "es", "er", "ers", "ing", "ation", "ations")


def fold_spellings(terms: Collection[str], *, language: str | None) -> dict[str, str]:
    """Which terms are another term's spelling.

    Parameters
    ----------
    terms : collection of case-folded word forms, all of a study: a hyphen is only left out where the closed form is
        among them
    language : str, or None where they are of several

    Returns
    -------
    dict, spelling → the form under which it is counted; terms that stay as they are have no entry
    """
    listed, prefixes = _listed(language), _rules()["prefixes"]
    known = frozenset(terms)
    found = {}
    for term in terms:
        start, hyphen, rest = term.partition("-")
        form = start + rest if hyphen and start in prefixes and start + rest in known else term
        form = listed.get(form, form)
        if form != term:
            found[term] = form
    return found


@cache
def _rules() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(SPELLINGS.read_text(encoding="utf-8"))


@cache
def _listed(language: str | None) -> dict[str, str]:
    rules = _rules()
    pairs = {**rules["*"], **rules.get(language or "", {})}
    listed = {variant: form for form, variants in pairs.items() for variant in variants}
    stems = rules["ise"].get(language or "", [])
    return listed | {f"{stem}is{end}": f"{stem}iz{end}" for stem in stems for end in _ENDINGS}
