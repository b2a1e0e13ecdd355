"""Codes that people gave to articles: sheets as scholars keep them, held to a codebook.

A sheet is CSV or XLSX. It is long, with a row per code (article, coder, variable, value), or wide, with one per article
and a column per variable (several values separated by | or ;) or per value (`variable: value`, marked with yes). It is
one file, codings.csv or codings.xlsx, or a file per coder in codings/, named after the coder.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from analysis.errors import Problem, did_you_mean
from analysis.paths import code_files
from analysis.study.sheets import Row, read_sheet
from analysis.tables import CODINGS

_NOT_APPLICABLE = frozenset({"n/a", "na", "n.a.", "not applicable", "not-applicable"})
_YES, _NO = frozenset({"yes", "y", "x", "1", "true"}), frozenset({"", "no", "n", "0", "false"})
#: Columns of a sheet that are no variable.
_FIXED = ("article", "outlet", "url", "start", "end", "target", "coder", "note")
#: Columns of CODINGS that say what a value was given to, and by whom.
_UNIT = ("article", "start", "end", "target", "coder", "variable")


class Fault(NamedTuple):
    """A fault of a row: what is wrong, with the value, and what to do."""

    message: str
    fix: str


@dataclass(frozen=True)
class Variable:
    """A variable of a codebook: its name, whether an article has one value, and its values by their lower-case form."""

    name: str
    single: bool
    values: Mapping[str, str]


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
    """Codes of a study that fit its codebook and its articles, and every problem of the others.

    Parameters
    ----------
    folder : Path of the study
    codebook : DataFrame (CODEBOOK_CSV)
    articles, actors : ids of the study's; where there are actors, a mention's target is one

    Returns
    -------
    (DataFrame (CODINGS), list of Problem)
    """
    book, known = variables(codebook), (frozenset(articles), frozenset(actors))
    codes: list[dict[str, str]] = []
    units: dict[tuple[str, ...], dict[str, str]] = {}
    problems: list[Problem] = []
    files = code_files(folder)
    for path in files:
        coder = path.stem if path.parent.name == "codings" else ""
        if twins := [other.name for other in files if other != path and other.stem.casefold() == coder.casefold()]:
            fix = "Join the two, or name one after the coder whose codes it holds"
            problems.append(Problem(path, None, f"coder {coder!r} has another sheet, {twins[0]}", fix, unread=True))
            continue
        header, rows, unreadable = read_sheet(path)
        wrong = unreadable or _faults_of_header(path, header, book)
        problems += wrong
        for row in () if wrong and wrong[0].unread else rows:
            found, faults = _read_row(row, coder, book, known)
            for code in found:
                if fault := _clash(code, f"{path.name}:{row.line}", units, book):
                    faults.append(fault)
                else:
                    codes.append(code)
            problems += [Problem(path, row.line, *fault) for fault in faults]
    frame = pd.DataFrame(codes, columns=CODINGS.names).replace({"": None})
    numbers = {"start": "Int64", "end": "Int64"}
    return frame.astype({name: numbers.get(name, "str") for name in CODINGS.names}), problems


def _faults_of_header(path: Path, header: Sequence[str], book: Mapping[str, Variable]) -> list[Problem]:
    """Problems of the first line: a column that the codebook does not know, or no column of articles."""
    long = {"variable", "value"} <= set(header)
    known = [*_FIXED, *(("variable", "value", "status") if long else book)]
    problems = []
    if "article" not in header:
        message = f"column 'article' is missing{did_you_mean('article', header)}"
        problems.append(Problem(path, 1, message, "Add it: the ids of articles.csv", unread=True))
    for name in header:
        variable, _, value = name.partition(": ")
        if name in known or (not long and variable in book and value in book[variable].values):
            continue
        if value and variable in book:
            message = f"column {name!r}: {variable} has no value {value!r}{did_you_mean(value, book[variable].values)}"
        else:
            message = f"column {name!r} is no variable of codebook.csv{did_you_mean(name, known)}"
        problems.append(Problem(path, 1, message, "Mend its name, or delete the column"))
    return problems


def _read_row(
    row: Row, coder: str, book: Mapping[str, Variable], known: tuple[Collection[str], Collection[str]]
) -> tuple[list[dict[str, str]], list[Fault]]:
    """Codes of a row of a sheet, each with its article and coder, and everything wrong with the row."""
    cells = row.cells
    if not any(cell for name, cell in cells.items() if name not in _FIXED):
        return [], []  # not coded
    base = {name: cells.get(name, "") for name in _FIXED} | {"coder": cells.get("coder") or coder}
    articles, actors = known
    faults = [
        Fault(f"{name} {base[name]!r} is not in {home}{did_you_mean(base[name], ids)}", "Mend its id")
        for name, home, ids in (("target", "actors.csv", actors), ("article", "articles.csv", articles))
        if base[name] not in ids and (name == "article" or (base[name] and ids))
    ]
    if not base["coder"]:
        faults.append(Fault("coder is empty", "Name the coder there, or name the file codings/CODER.csv"))
    for name in ("start", "end"):
        if base[name] and not re.fullmatch("[0-9]{1,9}", base[name]):
            faults.append(Fault(f"{name} {base[name]!r} is not a whole number from 0 up", "Mend or delete it"))
    given, wrong = (_long if {"variable", "value"} <= cells.keys() else _wide)(cells, book)
    codes = [_code(variable, text) for variable, text in given]
    faults += wrong + [code for code in codes if isinstance(code, Fault)]
    return ([] if faults else [base | code for code in codes if isinstance(code, dict)]), faults


Given = tuple[list[tuple[Variable, str]], list[Fault]]


def _long(cells: Mapping[str, str], book: Mapping[str, Variable]) -> Given:
    """The variable of a row of a long sheet and what is written as its value."""
    name = cells["variable"].casefold()
    if name not in book:
        fix = "Mend it, or add it to the codebook"
        return [], [Fault(f"variable {cells['variable']!r} is not in codebook.csv{did_you_mean(name, book)}", fix)]
    return [(book[name], cells["value"] or cells.get("status", "").replace("nothing", ""))], []


def _wide(cells: Mapping[str, str], book: Mapping[str, Variable]) -> Given:
    """Each variable of a row of a wide sheet with each value written; with none where the cell is blank."""
    given: dict[str, list[str]] = {}
    faults = []
    for column, text in cells.items():
        variable, _, value = column.partition(": ")
        if variable not in book:
            continue
        texts = given.setdefault(variable, [])
        if not value:
            texts += [part.strip() for part in re.split("[|;]", text) if part.strip()]
        elif text.casefold() in _YES:
            texts.append(value)
        elif text.casefold() in _NOT_APPLICABLE:
            texts.append(text)
        elif text.casefold() not in _NO:
            faults.append(Fault(f"{column} {text!r} is neither yes nor no", "Write yes, or leave the cell empty"))
    return [(book[name], text) for name, texts in given.items() for text in dict.fromkeys(texts) or [""]], faults


def _code(variable: Variable, text: str) -> dict[str, str] | Fault:
    """A code from what is written for a value: the value as the codebook spells it, nothing, or not applicable."""
    folded = text.casefold()
    if folded in variable.values:
        return {"variable": variable.name, "value": variable.values[folded], "status": "coded"}
    if not text or folded in _NOT_APPLICABLE:
        return {"variable": variable.name, "value": "", "status": "not-applicable" if text else "nothing"}
    hint = did_you_mean(folded, variable.values)
    fix = f"It takes: {', '.join(variable.values.values())}"
    return Fault(f"{variable.name} {text!r} is not in codebook.csv{hint}", fix)


def _clash(
    code: dict[str, str], place: str, units: dict[tuple[str, ...], dict[str, str]], book: Mapping[str, Variable]
) -> Fault | None:
    """Reason that a code cannot stand beside one that the same coder gave before; else it is added to `units`."""
    earlier = units.setdefault(tuple(code[name] for name in _UNIT), {})
    value, single = code["value"] or "nothing", book[code["variable"].casefold()].single
    others = [other for other in earlier if other == value or single or "nothing" in (value, other)]
    if not others:
        earlier[value] = place
        return None
    again = "twice" if value in others else f"and as {others[0]!r}"
    reason = "; it takes one value" if single and value not in others else ""
    message = f"{code['coder']} coded {code['variable']} of {code['article']!r} as {value!r} {again}{reason}"
    return Fault(message, f"Keep one (the other is {earlier[others[0]]})")
