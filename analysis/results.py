"""Every comparison of a study in one table, computed once and kept by content, so a number is the same everywhere."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import selection, tables
from analysis.compare import adjust_p, difference, log_odds
from analysis.errors import EmptyGroup
from analysis.selection import Selection
from analysis.study import Study, digest, find_root, load_study

#: Weight of the prior in log-odds, in words: as if so many words of the study's own background had been read first.
PRIOR_WORDS = 500
#: Draws for words, in draws of the study: words are tested by the thousand, and a p cannot be smaller than one over
#: the draws, so with too few of them no single word could ever pass its family.
WORD_DRAWS = 5
REST = "other outlets"

#: Modules whose code decides the numbers of the results.
_CODE = ("compare", "frequency", "resample", "results", "selection", "settings", "study", "studyfiles", "tables")


def study_results(study: Study, *, pool: Executor | None = None) -> pd.DataFrame:
    """Each tested outlet against the other outlets, on every measure, variant and adjustment.

    Parameters
    ----------
    study : Study
    pool : Executor, does one outlet at a time where it is given; the same numbers

    Returns
    -------
    DataFrame (COMPARISON)
        Measures actor-share, actor-rate, label-share, label-share-own, valence, valence-toward and term-log-odds.
        q is Benjamini–Hochberg over all outlets and features of a measure: the primary rows (see `is_primary`) are
        one family; each other variant and adjustment is a family of its own.
    """
    path = find_root() / ".cache" / "castillo" / "results" / f"{_key(study)}.parquet"
    if path.exists():
        return tables.check(pd.read_parquet(path), tables.COMPARISON)
    if pool is None:
        found = [_compare_tested(study, outlet) for outlet in study.tested]
    else:
        found = list(pool.map(partial(_compare_in_worker, study.folder), study.tested))
    parts = [part for part in found if part is not None]
    table = tables.check(
        with_q(study, pd.concat(parts)) if parts else tables.empty(tables.COMPARISON), tables.COMPARISON
    )
    _keep(table, path)
    return table


def _compare_tested(study: Study, outlet: str) -> pd.DataFrame | None:
    try:
        return compare_outlet(study, outlet)
    except EmptyGroup:  # no day shared with any other outlet: shown, not compared
        return None


def _compare_in_worker(folder: Path, outlet: str) -> pd.DataFrame | None:
    return _compare_tested(_loaded(folder), outlet)


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> Study:
    # Once per worker, which lives as long as a build: the study does not change under it.
    return load_study(folder)


def pair_results(study: Study, left: str, right: str) -> pd.DataFrame:
    """One outlet against another, as `study_results`; q over the pair's own features, so all of it is exploratory."""
    return tables.check(with_q(study, compare_outlet(study, left, right)), tables.COMPARISON)


def compare_outlet(study: Study, outlet: str, right: str | None = None) -> pd.DataFrame:
    """An outlet against the other outlets, or against one; q still missing but for words."""
    shared = set(selection.variants_of(study, outlet)) & set(selection.variants_of(study, right or outlet))
    frames = []
    for variant in ("title", "lede", "text"):
        if variant in shared:
            frames += _compare_variant(study, variant, outlet, right)
    return pd.concat(frames, ignore_index=True)


def primary_variant(study: Study, group: str, reference: str) -> str:
    """The variant of the text that a comparison rests on."""
    outlets = [group] if reference == REST else [group, reference]
    barred = any(selection.primary_of(study, outlet) == "title" for outlet in outlets)
    return "title" if barred else study.settings.primary


def is_primary(study: Study, table: pd.DataFrame) -> pd.Series:
    """Whether each row is the one a conclusion rests on: primary variant, standardized (words: raw)."""
    pairs = table["group"] + "\n" + table["reference"]
    variant = pairs.map({pair: primary_variant(study, *pair.split("\n")) for pair in pairs.unique()})
    words = table["measure"] == "term-log-odds"
    return (table["variant"] == variant) & ((table["adjustment"] == "standardized") | words)


def with_q(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """The table with q over the families that `study_results` describes."""
    table = table.reset_index(drop=True)
    family = (table["variant"] + " " + table["adjustment"]).mask(is_primary(study, table), "primary")
    q = table.groupby([table["measure"], family])["p"].transform(adjust_p)
    return table.assign(q=q.round(10))


@lru_cache(maxsize=16)
def _selection(folder: Path, key: str, variant: str, language: str | None) -> Selection:
    # Keyed on folder and content: a Study holds data frames and has no hash.
    return selection.select(_STUDIES[key], variant, language=language)


_STUDIES: dict[str, Study] = {}


def _select(study: Study, variant: str, language: str | None) -> Selection:
    key = _key(study)
    _STUDIES.setdefault(key, study)
    return _selection(study.folder, key, variant, language)


def _compare_variant(study: Study, variant: str, outlet: str, right: str | None) -> list[pd.DataFrame]:
    language = str(study.outlets.set_index("outlet")["language"][outlet])
    reference = None if right is None else [right]
    names = (outlet, right or REST)
    every, same = _select(study, variant, None), _select(study, variant, language)
    frames = [_actor_share(study, every, outlet, reference, names)]
    try:
        group, others = selection.sides(study, same.articles, outlet, reference)
    except EmptyGroup:  # another language on the other side: actors can be compared, words and rates cannot
        return frames
    plan = _plan(study, same, group, others, names, language)
    actors = list(study.settings.main_actors)
    counts = selection.counts(same, "actors", actors)
    tokens = same.articles["tokens"]
    frames.append(difference(counts, weights=tokens / 1000, kind="ratio", measure="actor-rate", **plan))
    for measure, own in (("label-share", False), ("label-share-own", True)):
        frames += _label_share(study, same, measure, own, plan)
    valence = selection.article_valence(same).to_frame("valence")
    frames.append(difference(valence, kind="mean", measure="valence", **plan))
    toward = selection.valence_toward(same, actors)
    frames.append(difference(toward, kind="mean", measure="valence-toward", **plan))
    if variant == primary_variant(study, *names):
        frames.append(_words(study, same, group, others, names, language))
    return frames


def _plan(
    study: Study, chosen: Selection, group: pd.Index, others: pd.Index, names: tuple[str, str], language: str
) -> dict[str, Any]:
    heads = study.features(tables.REPRINTS).set_index("article")["head"]
    return {
        "group": list(group),
        "reference": list(others),
        "strata": chosen.articles["period"],
        "blocks": heads,
        "draws": study.settings.draws,
        "seed": study.settings.seed,
        "names": names,
        "language": language,
        "variant": chosen.variant,
    }


def _actor_share(
    study: Study, every: Selection, outlet: str, reference: Sequence[str] | None, names: tuple[str, str]
) -> pd.DataFrame:
    group, others = selection.sides(study, every.articles, outlet, reference)
    having = (selection.counts(every, "actors", list(study.settings.main_actors)) > 0).astype(float)
    return difference(having, kind="share", measure="actor-share", **_plan(study, every, group, others, names, "mul"))


def _label_share(study: Study, chosen: Selection, measure: str, own: bool, plan: dict[str, Any]) -> list[pd.DataFrame]:
    """Shares of all labels that occur five times or more on either side, each within its set."""
    labels = study.labels[["set", "label"]].drop_duplicates()
    entries = sorted(labels["set"] + ":" + labels["label"])
    counts = selection.counts(chosen, "labels", entries, own=own)
    seen = counts.columns[counts.loc[[*plan["group"], *plan["reference"]]].sum() >= 5]
    if not len(seen):
        return []
    sets = [entry.split(":")[0] for entry in entries]
    of_set = counts.T.groupby(sets).sum().T
    whole = pd.DataFrame({entry: of_set[entry.split(":")[0]] for entry in seen})
    return [difference(counts[seen], weights=whole, kind="portion", measure=measure, **plan)]


def _words(
    study: Study, chosen: Selection, group: pd.Index, others: pd.Index, names: tuple[str, str], language: str
) -> pd.DataFrame:
    background = selection.term_matrix(chosen, chosen.articles.index).sum()
    prior = (background / background.sum() * PRIOR_WORDS).to_dict()
    matrix = selection.term_matrix(chosen, group.append(others))
    heads = study.features(tables.REPRINTS).set_index("article")["head"]
    return log_odds(
        matrix,
        target=list(group),
        reference=list(others),
        prior=prior,
        strata=chosen.articles["period"],
        blocks=heads,
        draws=WORD_DRAWS * study.settings.draws,
        seed=study.settings.seed,
        names=names,
        language=language,
        variant=chosen.variant,
    )


def _key(study: Study) -> str:
    """Digest of everything the results follow from: study files, features, code."""
    here = Path(__file__).parent
    files = [study.folder / "study.toml", *(study.folder / schema.name for schema in tables.STUDY_FILES)]
    files += [study.features_folder / f"{schema.name.lower()}.parquet" for schema in tables.FEATURES]
    files += [here / f"{module}.py" for module in _CODE]
    return digest(json.dumps([digest(file.read_bytes()) if file.exists() else "" for file in files]).encode())


def _keep(table: pd.DataFrame, path: Path) -> None:
    """Write the cache; a folder that cannot be written to costs time, not results."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        neighbour = path.with_suffix(f".{os.getpid()}.tmp")
        table.to_parquet(neighbour)
        neighbour.replace(path)
    except OSError:
        return
