"""Every comparison of a study in one table, computed once and kept by content, so a number is the same everywhere.

`measures` is what is compared; `groups` are outlets by country or owner; `misclassification` corrects tone for what
its instrument gets wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import tables
from analysis.dependencies import changed_since, code_behind, content_digest
from analysis.errors import EmptyGroup
from analysis.paths import cache_folder, digest, find_root, replace_file
from analysis.results.measures import EQUAL, REST, Measured, equal_weights, in_language, layout, plan, without_copies
from analysis.results.measures import measures as all_measures
from analysis.stats.difference import adjust_p
from analysis.stats.inference import DIGITS
from analysis.stats.keyness import PRIOR_WORDS, log_odds
from analysis.study import Study, load_study, selection
from analysis.tables import Schema

#: Permutations for words, in draws of the study: words are tested by the thousand, and a p cannot be smaller than one
#: over the permutations, so with too few of them no single word could ever pass its family.
WORD_DRAWS = 3
ALPHA = 0.05


def study_results(study: Study, *, pool: Executor | None = None) -> pd.DataFrame:
    """Each tested outlet against the other outlets, on every measure, variant and adjustment.

    Parameters
    ----------
    study : Study
    pool : Executor, does one outlet and text variant at a time where it is given; the same numbers

    Returns
    -------
    DataFrame (COMPARISON)
        Measures actor-share, actor-rate, label-share, label-share-own, sentiment, targeted-sentiment and term-log-odds.
        q is Benjamini–Hochberg over all outlets and features of a measure: the primary rows (see `is_primary`) are
        one family; each other variant and adjustment is a family of its own. Beside each primary row stand, without
        p, the same with copies left out and against a mean in which each outlet weighs the same; beside those that
        stand (see `is_significant`), the same without each single outlet of the reference.
    """
    return begin_results(study, pool)()


def begin_results(study: Study, pool: Executor | None) -> Callable[[], pd.DataFrame]:
    """Have the pool begin with `study_results`; what is returned waits for it and does the rest."""
    path = kept_at(study)
    if path.exists():
        return lambda: tables.check(pd.read_parquet(path), tables.COMPARISON)
    run = map if pool is None else pool.map
    here = partial(_here, study) if pool is None else partial(_in_worker, study.folder)
    todo = [(outlet, None, variant) for outlet in study.tested for variant in tables.VARIANTS]
    begun = run(partial(here, compare_variant), todo)

    def rest() -> pd.DataFrame:
        parts = [part for part in begun if len(part)]
        table = add_q_values(study, pd.concat(parts)) if parts else tables.empty(tables.COMPARISON)
        again = list(run(partial(here, leave_one_out), headlines(study, table)))
        table = finished(pd.concat([table, *again], ignore_index=True))
        if not changed_since(study.read_at, _inputs(study)):
            _keep(table, path)
        return table

    return rest


def kept_at(study: Study) -> Path:
    """Where the results of a study, as it and the library are now, are kept once they are computed."""
    return cache_folder(find_root()) / "results" / f"{_key(study)}.parquet"


def _here(study: Study, work: Callable[..., pd.DataFrame], what: Any) -> pd.DataFrame:
    return work(study, what)


def _in_worker(folder: Path, work: Callable[..., pd.DataFrame], what: Any) -> pd.DataFrame:
    return work(_loaded(folder), what)


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> Study:
    # Once per worker, which lives as long as a build: the study does not change under it.
    return load_study(folder)


def pair_results(study: Study, left: str, right: str) -> pd.DataFrame:
    """One outlet against another, as `study_results`; q over the pair's own features, so all of it is exploratory."""
    parts = [part for variant in tables.VARIANTS if len(part := compare_variant(study, (left, right, variant)))]
    return finished(add_q_values(study, pd.concat(parts))) if parts else tables.empty(tables.COMPARISON)


def finished(table: pd.DataFrame, schema: Schema | None = tables.COMPARISON) -> pd.DataFrame:
    """The table with every number rounded, so that no machine's last bit shows, held to its schema; what results give.

    All that this package returns goes through here.
    """
    rounded = table.round(DIGITS)
    return rounded if schema is None else tables.check(rounded, schema)


def compare_variant(study: Study, what: tuple[str, str | None, str]) -> pd.DataFrame:
    """An outlet against the other outlets (None), or against one, in one variant of the text; q still missing but for
    words.

    Empty where the two sides share no day, or one of them has no article with such a text.
    """
    outlet, right, variant = what
    if not all(variant in selection.variants_of(study, side) for side in (outlet, right or outlet)):
        return tables.empty(tables.COMPARISON)
    try:
        found = all_measures(study, variant, outlet, right)
    except EmptyGroup:
        return tables.empty(tables.COMPARISON)
    primary = variant == primary_variant(study, outlet, right or REST)
    frames = []
    for one in found:
        frames.append(one.compare(study))
        if primary:
            frames += _beside(study, one)
    frames += _words(study, variant, outlet, right, tested=primary)
    return pd.concat(frames, ignore_index=True)


def _beside(study: Study, one: Measured) -> list[pd.DataFrame]:
    """The same differences without copies, and against a mean in which each outlet weighs the same."""
    features, frames = list(one.values.columns), []
    if (weight := without_copies(study, one)) is not None:
        frames.append(one.reweighted(study, weight, features, adjustment="without copies"))
    if one.names[1] == REST and (weight := equal_weights(one)) is not None:
        frames.append(one.reweighted(study, weight, features, reference=EQUAL))
    return frames


def without(outlet: str) -> str:
    """What the reference is called that lacks one outlet."""
    return f"{REST} without {outlet}"


@dataclass(frozen=True)
class Headline:
    """Differences of one outlet and measure that stand."""

    outlet: str
    variant: str
    measure: str
    features: tuple[str, ...]


def headlines(study: Study, table: pd.DataFrame) -> list[Headline]:
    """The differences with the other outlets that stand, words left out, by outlet and measure."""
    rows = table[is_primary(study, table) & (table["measure"] != "term-log-odds")]
    rows = rows[is_significant(rows)]
    return [
        Headline(str(outlet), str(variant), str(measure), tuple(sorted(features)))
        for (outlet, variant, measure), features in rows.groupby(["group", "variant", "measure"], sort=True)["feature"]
    ]


def leave_one_out(study: Study, headline: Headline) -> pd.DataFrame:
    """Differences that stand, again without each single outlet of their reference."""
    found = all_measures(study, headline.variant, headline.outlet)
    one = next(one for one in found if one.measure == headline.measure)
    outlet = one.chosen.articles["outlet"].iloc[one.places].set_axis(one.every)
    reference = outlet.iloc[len(one.sides[0]) :]
    frames = []
    for left_out in sorted(others := set(reference)):
        weight = (outlet != left_out).astype(float)
        if others != {left_out}:
            frames.append(one.reweighted(study, weight, headline.features, reference=without(left_out)))
    return pd.concat(frames) if frames else tables.empty(tables.COMPARISON)


def primary_variant(study: Study, group: str, reference: str) -> str:
    """The variant of the text that a comparison rests on."""
    outlets = [group, *([reference] if reference in study.outlet_names else [])]
    barred = any(selection.primary_of(study, outlet) == "title" for outlet in outlets)
    return "title" if barred else study.settings.primary


def is_primary(study: Study, table: pd.DataFrame) -> pd.Series:
    """Whether each row is the one a conclusion rests on: primary variant, standardized (words: raw), all others."""
    pairs = table["group"] + "\n" + table["reference"]
    variant = pairs.map({pair: primary_variant(study, *pair.split("\n")) for pair in pairs.unique()})
    words = table["measure"] == "term-log-odds"
    whole = (table["reference"] == REST) | table["reference"].isin(study.outlet_names)
    adjusted = (table["adjustment"] == "standardized") | (words & (table["adjustment"] == "raw"))
    return (table["variant"] == variant) & whole & adjusted


def primary(study: Study, table: pd.DataFrame, measure: str, group: str | None = None) -> pd.DataFrame:
    """The rows of a measure that a conclusion rests on; of one outlet, or of all."""
    rows = table[table["measure"] == measure]
    if group is not None:
        rows = rows[rows["group"] == group]
    return rows[is_primary(study, rows)]


def is_significant(row: Any) -> Any:
    """Whether a comparison, or each of a table, holds after correction over its family and by its own interval.

    The two can disagree: permutation asks whether articles could be exchanged, the interval how far the difference
    may lie from zero.
    """
    return (row["q"] <= ALPHA) & (row["lower"] * row["upper"] > 0)


def add_q_values(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """The table with q over the families that `study_results` describes."""
    table = table.reset_index(drop=True)
    family = (table["variant"] + " " + table["adjustment"]).mask(is_primary(study, table), "primary")
    q = table.groupby([table["measure"], family])["p"].transform(adjust_p)
    return table.assign(q=q.round(DIGITS))


def _words(study: Study, variant: str, outlet: str, right: str | None, *, tested: bool) -> list[pd.DataFrame]:
    """Words of the outlet against the other side's; where they are tested, also without copies and without p."""
    try:
        chosen, sides = in_language(study, variant, outlet, right)
    except EmptyGroup:  # another language on the other side: words cannot be compared
        return []
    language = str(study.outlets.set_index("outlet")["language"][outlet])
    terms = selection.words(chosen, language=language)
    background = pd.Series(terms.uses, index=terms.forms)
    common: dict[str, Any] = plan(study, chosen, sides) | {
        "prior": (background / background.sum() * PRIOR_WORDS).to_dict(),
        "names": (outlet, right or REST),
        "language": language,
    }
    draws = common.pop("draws")
    group, reference = common.pop("group"), common.pop("reference")
    common["samples"] = draws // 5
    found = [log_odds(terms, target=group, reference=reference, draws=tested * WORD_DRAWS * draws, **common)]
    original = layout(study, chosen)["original"].to_numpy()
    first = [[place for place in side if original[place]] for side in (group, reference)]
    if tested and all(first) and first != [group, reference]:
        again = log_odds(terms, target=first[0], reference=first[1], draws=0, **common)
        found.append(again.assign(adjustment="without copies"))
    return found


def _inputs(study: Study) -> list[Path]:
    files = [study.folder / "study.toml", *(study.folder / schema.name for schema in tables.STUDY_FILES)]
    files += [study.features_folder / f"{schema.name.lower()}.parquet" for schema in tables.FEATURES]
    return [file for file in files if file.exists()]


def _key(study: Study) -> str:
    """Digest of everything the results follow from: study files, features, code."""
    inputs = [[file.name, content_digest(file)] for file in _inputs(study)]
    return digest(json.dumps([code_behind(__name__).digest, inputs]).encode())


def _keep(table: pd.DataFrame, path: Path) -> None:
    """Write the cache; a folder that cannot be written to costs time, not results."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, table.to_parquet)
    except OSError:
        return
