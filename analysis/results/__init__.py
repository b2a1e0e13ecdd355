"""Every comparison of a study in one table, computed once and kept by content, so a number is the same everywhere.

`measures` is what is compared; `groups` are outlets by country or owner; `coded` and `article_groups` compare codes;
`validation` holds instruments of sentiment to codes, `misclassification` corrects tone for what they get wrong.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.dependencies import code_behind, content_digest
from analysis.errors import EmptyGroup
from analysis.paths import cache_folder, digest, find_root, replace_file
from analysis.results.measures import (
    EQUAL,
    REST,
    comparable,
    equal_weights,
    language_of,
    measured,
    measures,
    without_copies,
)
from analysis.stats.inference import ALPHA, DIGITS, adjust_p, can_pass
from analysis.stats.keyness import background, compare_words, match_length
from analysis.stats.permutation import draw_until_clear, extreme_draws, units_of
from analysis.study import Study, load_study, selection


def study_results(study: Study, *, pool: Executor | None = None) -> pd.DataFrame:
    """Each tested outlet against the other outlets, on every measure, variant and adjustment.

    Parameters
    ----------
    study : Study
    pool : Executor, does one outlet and text variant at a time where it is given; the same numbers

    Returns
    -------
    DataFrame (COMPARISON)
        q is Benjamini–Hochberg over all outlets and features of a measure: the primary rows (see `is_primary`) are
        one family; each other variant and adjustment is a family of its own. p are exact for shares, drawn for other
        primary rows until each is decided, else by moments. Beside each primary row stand, without p, the same with
        copies left out and against a mean in which each outlet weighs the same; beside those that are significant (see
        `is_significant`), the same without each single outlet of the reference.
    """

    def compute() -> pd.DataFrame:
        run = partial(_run, study, pool)
        todo = [(outlet, None, variant) for outlet in study.tested for variant in tables.VARIANTS]
        table = add_q_values(study, _together(run(compare_variant, todo)), run)
        return finished(_together([table, *run(leave_one_out, headlines(study, table))]))

    return tables.check(kept(kept_at(study), compute), tables.COMPARISON)


def pair_results(study: Study, left: str, right: str) -> pd.DataFrame:
    """One outlet against another, as `study_results`; q over the pair's own features, so all of it is exploratory.

    Parameters
    ----------
    study : Study
    left, right : str, outlets

    Returns
    -------
    DataFrame (COMPARISON), no row where the two share no day
    """
    parts = [compare_variant(study, (left, right, variant)) for variant in tables.VARIANTS]
    return finished(add_q_values(study, _together(parts)))


def kept_at(study: Study) -> Path:
    """File in which the results of a study are kept, as it and the library are now."""
    files = [study.folder / "study.toml", *(study.folder / schema.name for schema in tables.STUDY_FILES)]
    files += [study.features_folder / f"{schema.name.lower()}.parquet" for schema in tables.FEATURES]
    return cache_file(__name__, [file for file in files if file.exists()])


def cache_file(module: str, files: Iterable[Path], name: str = "") -> Path:
    """File in which a table is kept that a module computes from files; another one when code or contents change."""
    inputs = [[file.name, content_digest(file)] for file in files]
    key = digest(json.dumps([code_behind(module).digest, name, inputs]).encode())
    return cache_folder(find_root()) / "results" / f"{key}.parquet"


def kept(path: Path, compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """The table kept in a file, computed where there is none."""
    if path.exists():
        return pd.read_parquet(path)
    table = compute()
    with suppress(OSError):  # a folder that cannot be written to costs time, not results
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, table.to_parquet)
    return table


def _run(study: Study, pool: Executor | None, work: Callable[[Study, Any], Any], todo: Iterable[Any]) -> list[Any]:
    """Results of the work on each of a list, done here or by other processes."""
    if pool is None:
        return [work(study, one) for one in todo]
    return list(pool.map(partial(_work_elsewhere, work, study.folder), todo))


def _work_elsewhere(work: Callable[[Study, Any], Any], folder: Path, what: Any) -> Any:
    return work(_loaded(folder), what)


_loaded = lru_cache(maxsize=1)(load_study)


def _together(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    some = [part for part in parts if len(part)]
    return pd.concat(some, ignore_index=True) if some else tables.empty(tables.COMPARISON)


def finished(table: pd.DataFrame, schema: tables.Schema | None = tables.COMPARISON) -> pd.DataFrame:
    """The table with every number rounded, so that no machine's last bit shows, held to its schema."""
    rounded = table.round(DIGITS)
    return rounded if schema is None else tables.check(rounded, schema)


def compare_variant(study: Study, what: tuple[str, str | None, str]) -> pd.DataFrame:
    """An outlet against the other outlets (None), or one, in a variant of the text; q still missing.

    Empty where the two sides share no day, or one of them has no article with such a text.
    """
    outlet, right, variant = what
    if not all(variant in selection.variants_of(study, side) for side in (outlet, right or outlet)):
        return tables.empty(tables.COMPARISON)
    primary = variant == selection.primary_of(study, outlet, right or REST)
    frames = []
    for one in measures(study, variant, outlet, right):
        frames.append(one.compare())
        if primary and (weight := without_copies(study, one)) is not None:
            frames.append(one.reweighted(weight, one.features, adjustment="without copies"))
        if primary and right is None and (weight := equal_weights(one)) is not None:
            frames.append(one.reweighted(weight, one.features, reference=EQUAL))
    with suppress(EmptyGroup):  # another language on the other side: words cannot be compared
        frames += _words(study, variant, outlet, right)
    return _together(frames)


def without(outlet: str) -> str:
    """Name of the reference that lacks one outlet."""
    return f"{REST} without {outlet}"


def headlines(study: Study, table: pd.DataFrame) -> list[tuple[str, str, str, list[str]]]:
    """The significant differences with the other outlets, words left out: outlet, variant, measure and features."""
    rows = table[is_primary(study, table) & (table["measure"] != "term-share")]
    rows = rows[is_significant(rows)].groupby(["group", "variant", "measure"], sort=True)["feature"]
    return [(outlet, variant, measure, sorted(features)) for (outlet, variant, measure), features in rows]


def leave_one_out(study: Study, headline: tuple[str, str, str, list[str]]) -> pd.DataFrame:
    """Differences of a headline, again without each single outlet of their reference."""
    outlet, variant, measure, features = headline
    one = measured(study, measure, variant, outlet)
    others = sorted(set(one.outlets[one.data.design.sides[1]]))
    weights = {without(other): (one.outlets != other).astype(float) for other in others if len(others) > 1}
    return _together(one.reweighted(weight, features, reference=name) for name, weight in weights.items())


def is_primary(study: Study, table: pd.DataFrame) -> pd.Series:
    """True for each row that a conclusion rests on: primary variant, standardized, all others."""
    titles = table[["group", "reference"]].isin(study.aggregators).any(axis=1)
    variant = titles.map({True: "title", False: study.settings.primary})
    whole = (table["reference"] == REST) | table["reference"].isin(study.outlet_names)
    return (table["variant"] == variant) & whole & (table["adjustment"] == "standardized")


def primary(study: Study, table: pd.DataFrame, measure: str, group: str | None = None) -> pd.DataFrame:
    """The rows of a measure that a conclusion rests on; of one outlet, or of all."""
    rows = table[(table["measure"] == measure) & (group is None or table["group"] == group)]
    return rows[is_primary(study, rows)]


def is_significant(row: Any) -> Any:
    """True for a comparison, or each of a table, that is decided, passes in its family, its interval without 0."""
    return (row["q"] <= ALPHA) & (row["lower"] * row["upper"] > 0) & (row.get("test") != "undecided")


def margin(row: Any, *, scale: float = 100) -> Any:
    """Smallest whole number that the interval of a comparison (a row or a table), times `scale`, lies within.

    Of a difference of shares from -0.02 to 0.142 it is 15: no more than 15 points either way.
    """
    ends = np.fmax(np.abs(row["lower"]), np.abs(row["upper"]))
    return np.ceil((scale * ends).round(DIGITS - 2))


def add_q_values(study: Study, table: pd.DataFrame, run: Callable[..., list[Any]] | None = None) -> pd.DataFrame:
    """The table with q over the families that `study_results` describes, primary p by moments drawn until decided.

    Of the two labels of a set that has no other, whose differences are each other's opposites, one is in the family;
    the second has its p and q.
    """
    run, table = run or partial(_run, study, None), table.reset_index(drop=True)
    first = _first_of_opposites(table)
    alone, leading = (first == table.index).to_numpy(), is_primary(study, table)
    family = table["measure"] + " " + (table["variant"] + " " + table["adjustment"]).mask(leading, "primary")

    def count(rows: np.ndarray, draws: int, number: int) -> np.ndarray:
        keys = ["group", "reference", "variant", "measure"]
        parts = list(table.loc[rows].groupby(keys, sort=True)["feature"])
        found = run(_count_extreme, [(*key, list(features), draws, number) for key, features in parts])
        places = np.concatenate([features.index for _, features in parts])
        return np.asarray(pd.Series(np.concatenate(found), index=places).loc[rows])

    table = table.reindex(columns=table.columns.union(["test", "least"], sort=False))
    tested = table["p"].notna() & alone
    able = tested.copy()
    for rows in table[tested].groupby(family[tested]).groups.values():
        able[rows] = can_pass(table.loc[rows, "least"])
    wanted = leading & able & (table["test"] == "moments") & ~table["measure"].isin(["actor-share", "term-share"])
    drawn, *by = draw_until_clear(table["p"].where(able), wanted, family, count)
    table["p"] = table["p"].mask(able, drawn)
    for rows, test in zip((*by, tested & ~able), ("drawn", "undecided", "cannot pass"), strict=True):
        table["test"] = table["test"].astype(object).mask(rows, test)
    table["q"] = table["p"].where(able).groupby(family).transform(adjust_p).round(DIGITS)
    columns = ["p", "q", "test"]
    table.loc[~alone, columns] = table.loc[first[~alone], columns].to_numpy()
    return table


def _first_of_opposites(table: pd.DataFrame) -> pd.Series:
    """Index of the row that each row of a table counts as: its own, or that of the other label of its set."""
    labels = table[table["measure"].str.startswith("label-share") & table["estimate"].notna()]
    keys = ["measure", "group", "reference", "variant", "adjustment"]
    sets = labels.assign(set=labels["feature"].str.split(":").str[0]).groupby([*keys, "set"], sort=False)
    first = pd.Series(table.index, index=table.index)
    for _, pair in sets:
        if len(pair) == 2 and abs(pair["estimate"].sum()) < 1e-9:
            first[pair.index[1]] = pair.index[0]
    return first


def _count_extreme(study: Study, task: tuple[str, str, str, str, Sequence[str], int, int]) -> np.ndarray:
    """Permutations as extreme as each of some features of a comparison; see `extreme_draws`."""
    outlet, reference, variant, measure, features, draws, number = task
    one = measured(study, measure, variant, outlet, None if reference == REST else reference)
    return extreme_draws(units_of(one.of_features(features), once=False), draws, (study.settings.seed, number))


def _words(study: Study, variant: str, outlet: str, right: str | None) -> list[pd.DataFrame]:
    """Words of the outlet against the other side's, raw and among articles of like length that match."""
    language = language_of(study, outlet)
    chosen, design = comparable(study, variant, outlet, right, language=language)
    words = selection.words(chosen, language=language)
    prior = background(words)
    facts = {"measure": "term-share", "group": outlet, "reference": right or REST}
    facts |= {"language": language, "variant": variant}
    designs = {"raw": design.unstratified, "standardized": match_length(design, words.tokens)}
    return [compare_words(words, of, prior=prior).assign(adjustment=name, **facts) for name, of in designs.items()]
