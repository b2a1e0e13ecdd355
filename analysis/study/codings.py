"""Codes that people gave to articles: sheets as scholars keep them, held to a codebook.

A sheet is CSV or XLSX. It is long, with a row per code (article, coder, variable, value), or wide, with one per article
and a column per variable (several values separated by | or ;) or per value (`variable: value`, marked with yes). It is
one file, codings.csv or codings.xlsx, or a file per coder in codings/, named after the coder.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.errors import Problem, did_you_mean
from analysis.paths import code_files
from analysis.study.settings import Combined, Settings
from analysis.study.studyfiles import read_table, told_once
from analysis.tables import CODINGS, POLARITIES

_NOT_APPLICABLE = frozenset({"n/a", "na", "n.a.", "not applicable", "not-applicable"})
_YES, _NO = frozenset({"yes", "y", "x", "1", "true"}), frozenset({"", "no", "n", "0", "false"})
#: Columns of a sheet that are no variable.
_FIXED = ("article", "outlet", "published", "url", "start", "end", "target", "coder", "note")
#: Columns of CODINGS that say what a value was given to, and by whom.
_UNIT = ("article", "start", "end", "target", "coder", "variable")


@dataclass(frozen=True)
class Variable:
    """A variable of a codebook: its name, whether an article has one value, and its values by their lower-case form."""

    name: str
    single: bool
    values: Mapping[str, str]


Book = Mapping[str, Variable]


def variables(codebook: pd.DataFrame) -> dict[str, Variable]:
    """Variables of a codebook by the lower-case form of their name, in its order."""
    found = {}
    for name, rows in codebook.groupby("variable", sort=False):
        values = {value.casefold(): value for value in rows["value"]}
        found[str(name).casefold()] = Variable(str(name), (rows["values_per_article"] == "single").all(), values)
    return found


def read_codings(
    folder: Path, codebook: pd.DataFrame, articles: Collection[str], actors: Collection[str] = ()
) -> tuple[pd.DataFrame, list[Problem]]:
    """Codes of a study (CODINGS) that fit its codebook and its articles, and every problem of the others.

    `articles` and `actors` are the ids that codes and the targets of mentions may name.
    """
    book, codes, problems = variables(codebook), list[dict[str, str]](), list[Problem]()
    find = {"article": _finder("article", "articles.csv", articles), "target": _finder("target", "actors.csv", actors)}
    given: dict[tuple[str, ...], dict[str, str]] = {}
    for path in code_files(folder):
        coder = path.stem if path.parent.name == "codings" else ""
        table, found = read_table(path, "Write the columns into the first line, or delete the file")
        table.columns = [re.sub(r"\s*[:=]\s*", ": ", name.casefold()) for name in table]
        problems += found + [Problem(path, 1, *fault) for fault in _header_faults(list(table), book)]
        faults: dict[int, tuple[str, str]] = {}
        rows = table.to_dict("records") if "article" in table and table.columns.is_unique else []
        for line, cells in zip(table.index, rows, strict=False):
            try:
                for code in _read_row(cells, coder, book, find):
                    _check_clash(code, f"{path.name}:{line}", given, book[code["variable"].casefold()])
                    codes.append(code)
            except _Fault as fault:
                faults[line] = fault.args
        problems += told_once(path, faults)
    frame = pd.DataFrame(codes, columns=CODINGS.names).replace({"": None})
    numbers = {"start": "Int64", "end": "Int64"}
    return frame.astype({name: numbers.get(name, "str") for name in CODINGS.names}), problems


class _Fault(Exception):
    """Fault of a row: its message, with the value, and what to do."""


def _finder(name: str, home: str, ids: Collection[str]) -> Callable[[str], None]:
    """Function that raises for what is none of some ids, with what was perhaps meant, looked for once."""
    known, hint = frozenset(ids), cache(lambda value: did_you_mean(value, ids))

    def find(value: str) -> None:
        if value not in known:
            raise _Fault(f"{name} {value!r} is not in {home}{hint(value)}", "Mend its id")

    return find


def _header_faults(header: list[str], book: Mapping[str, Variable]) -> Iterator[tuple[str, str]]:
    """Faults of the first line: a column that the codebook does not know, or no column of articles."""
    is_long = {"variable", "value"} <= set(header)
    known = [*_FIXED, *(("variable", "value", "status") if is_long else book)]
    if header and "article" not in header:
        yield f"column 'article' is missing{did_you_mean('article', header)}", "Add it: the ids of articles.csv"
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            yield f"column {name!r} occurs twice", "Keep one of them"
        variable, _, value = name.partition(": ")
        if name in known or (not is_long and variable in book and value in book[variable].values):
            continue
        if value and variable in book:
            message = f"column {name!r}: {variable} has no value {value!r}{did_you_mean(value, book[variable].values)}"
        else:
            message = f"column {name!r} is no variable of codebook.csv{did_you_mean(name, known)}"
        yield message, "Mend its name, or delete the column"


def _read_row(
    cells: Mapping[str, str], coder: str, book: Mapping[str, Variable], find: Mapping[str, Callable[[str], None]]
) -> Iterator[dict[str, str]]:
    """Codes of a row of a sheet, each with its article and coder; _Fault where something is wrong with it."""
    if not any(cell for name, cell in cells.items() if name not in _FIXED):
        return  # not coded
    unit = {name: cells.get(name, "") for name in _FIXED} | {"coder": cells.get("coder") or coder}
    find["article"](unit["article"])
    if unit["target"]:
        find["target"](unit["target"])
    if not unit["coder"]:
        raise _Fault("coder is empty", "Name the coder there, or name the file codings/CODER.csv")
    for name in ("start", "end"):
        if not re.fullmatch("[0-9]{0,9}", unit[name]):
            raise _Fault(f"{name} {unit[name]!r} is not a whole number from 0 up", "Mend or delete it")
    for variable, text in (_long if {"variable", "value"} <= cells.keys() else _wide)(cells, book):
        code = unit | _decode(book[variable], text)
        if variable == "polarity" and unit["start"] and code["value"] not in ("", *POLARITIES):
            message = f"polarity of a mention is {code['value']!r}: instruments know {', '.join(POLARITIES)}"
            raise _Fault(message, "Call its values so in codebook.csv and here, or give the variable another name")
        yield code


def _long(cells: Mapping[str, str], book: Mapping[str, Variable]) -> Iterator[tuple[str, str]]:
    """The variable of a row of a long sheet and what is written as its value."""
    name = cells["variable"].casefold()
    if name not in book:
        message = f"variable {cells['variable']!r} is not in codebook.csv{did_you_mean(name, book)}"
        raise _Fault(message, "Mend it, or add it to the codebook")
    yield name, cells["value"] or cells.get("status", "").replace("nothing", "")


def _wide(cells: Mapping[str, str], book: Mapping[str, Variable]) -> Iterator[tuple[str, str]]:
    """Each variable of a row of a wide sheet with each value written; with none where the cell is blank."""
    given: dict[str, list[str]] = {}
    for column, text in cells.items():
        variable, _, value = column.partition(": ")
        if variable not in book:
            continue
        texts, folded = given.setdefault(variable, []), text.casefold()
        if not value or folded in _NOT_APPLICABLE:
            texts += [part.strip() for part in re.split("[|;]", text) if part.strip()]
        elif folded in _YES:
            texts.append(value)
        elif folded not in _NO:
            raise _Fault(f"{column} {text!r} is neither yes nor no", "Write yes, or leave the cell empty")
    for variable, texts in given.items():
        yield from ((variable, text) for text in dict.fromkeys(texts) or [""])


def _decode(variable: Variable, text: str) -> dict[str, str]:
    """A code from what is written for a value: the value as the codebook spells it, nothing, or not applicable."""
    folded = text.casefold()
    if folded in variable.values:
        return {"variable": variable.name, "value": variable.values[folded], "status": "coded"}
    if not text or folded in _NOT_APPLICABLE:
        return {"variable": variable.name, "value": "", "status": "not-applicable" if text else "nothing"}
    message = f"{variable.name} {text!r} is not in codebook.csv{did_you_mean(folded, variable.values)}"
    raise _Fault(message, f"It takes: {', '.join(variable.values.values())}")


def _check_clash(
    code: Mapping[str, str], place: str, given: dict[tuple[str, ...], dict[str, str]], variable: Variable
) -> None:
    """_Fault where a code cannot stand beside one that the same coder gave before; else it is added to `given`."""
    earlier = given.setdefault(tuple(code[name] for name in _UNIT), {})
    value = code["value"] or "nothing"
    for other, there in earlier.items():
        if other == value or variable.single or "nothing" in (value, other):
            again = "twice" if other == value else f"and as {other!r}"
            message = f"{code['coder']} coded {variable.name} of {code['article']!r} as {value!r} {again}"
            raise _Fault(message, f"Keep one (the other is {there})")
    earlier[value] = place


#: The coder whose codes count before all others'.
SETTLED = "settled"


def spread(codings: pd.DataFrame, codebook: pd.DataFrame, combined: Sequence[Combined] = ()) -> pd.DataFrame:
    """Codes (CODINGS) of whole articles, 1 where a value was given and 0 where it was not.

    Index (article, coder) sorted, columns (variable, value) in the order of the codebook, the unions `combined` last
    within their variable; missing where the coder did not read the article or the variable does not apply.
    """
    rows, unit = codings[codings["start"].isna()].assign(given=1.0), ["article", "coder"]
    columns = pd.MultiIndex.from_frame(codebook[["variable", "value"]])
    table = rows[rows["status"] == "coded"].pivot(index=unit, columns=["variable", "value"], values="given")
    index = pd.MultiIndex.from_frame(rows[unit].drop_duplicates().sort_values(unit))
    table = table.reindex(index=index, columns=columns)
    applies = rows[rows["status"] != "not-applicable"].drop_duplicates([*unit, "variable"])
    read = applies.pivot(index=unit, columns="variable", values="given")
    for union in combined:
        table[(union.variable, union.name)] = table[[(union.variable, value) for value in union.values]].max(axis=1)
    order = {variable: place for place, variable in enumerate(codebook["variable"].unique())}
    table = table[sorted(table.columns, key=lambda column: order[column[0]])]
    known = read.reindex(index=index, columns=table.columns.get_level_values(0)).notna().to_numpy()
    return table.fillna(0.0).where(known)


def in_order(coded: pd.DataFrame, coders: Sequence[str]) -> pd.DataFrame:
    """Rows of `spread` by article and then by the precedence of coders: settled codes, those named, the others."""
    articles, names = (coded.index.get_level_values(level) for level in (0, 1))
    return coded.iloc[np.lexsort((_ranks(names.to_series(), coders), articles))]


def _ranks(names: pd.Series, coders: Sequence[str]) -> pd.Series:
    """Precedence of coders: settled codes, those named, the others."""
    ranks = {coder: place for place, coder in enumerate([SETTLED, *coders])}
    return names.map(ranks).fillna(len(ranks))


def counted(coded: pd.DataFrame, coders: Sequence[str] = ()) -> pd.DataFrame:
    """The codes that count: of each article and variable, those of the first coder by precedence who coded it.

    Where `coders` are named, only their codes and the settled ones count. Index article.
    """
    if coders:
        coded = coded[coded.index.get_level_values(1).isin([SETTLED, *coders])]
    return in_order(coded, coders).groupby(level=0).first()


def counted_mentions(codings: pd.DataFrame, variable: str, coders: Sequence[str] = ()) -> pd.DataFrame:
    """Mentions with the code of a variable that counts: article, start, end, entry, and the variable."""
    rows = codings[codings["start"].notna() & (codings["variable"] == variable) & (codings["status"] == "coded")]
    rows = rows[rows["coder"].isin([SETTLED, *coders])] if coders else rows
    ranked = rows.assign(rank=_ranks(rows["coder"], coders)).sort_values(["article", "start", "end", "rank"])
    first = ranked.drop_duplicates(["article", "start", "end"])
    named = first.rename(columns={"target": "entry", "value": variable})
    return named[["article", "start", "end", "entry", variable]].astype({"start": "int64", "end": "int64"})


def add_coded_facts(articles: pd.DataFrame, settings: Settings, codebook: pd.DataFrame, codings: pd.DataFrame) -> None:
    """Write the codes that count of genre, subevent and body_kind, as far as the codebook has them, into articles."""
    for variable in {"genre", "subevent", "body_kind"} & set(codebook["variable"]):
        of, named = (table[table["variable"] == variable] for table in (codings, codebook))
        coded = counted(spread(of, named), settings.coders)[variable].dropna(how="all")
        codes = coded.idxmax(axis=1).where(coded.max(axis=1) > 0) if len(coded) else pd.Series(dtype="str")
        articles[variable] = articles["article"].map(codes).astype("str").fillna(articles[variable])
