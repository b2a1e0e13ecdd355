"""A study's files held against each other: what one of them uses, another must know."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import tables
from analysis.errors import Problem, did_you_mean
from analysis.paths import inside
from analysis.study.studyfiles import line_of, read_utf8
from analysis.text.gazetteer import conflicts

if TYPE_CHECKING:
    from analysis.study.settings import Settings

Frames = Mapping[str, pd.DataFrame]
#: File, line, what is wrong, what to do.
Fault = tuple[str, Any, str, str]

#: File, id, and the column that names it: the same in all rows of the id, and with the same, one of two ids is a slip.
_NAMES = (("outlets.csv", "outlet", "name"), ("actors.csv", "actor", "name"), ("labels.csv", "set", "referent"))
_HOST = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z0-9-]{2,}(?:/[\w.-]+)*")


def check_references(
    folder: Path, settings: Settings, frames: Frames, coders: Collection[str], damaged: Collection[str] = ()
) -> list[Problem]:
    """Everything that the files of a study say of each other and that cannot be.

    `frames` are the rows of each CSV file with their lines; `coders` have sheets. Of files with problems of their own,
    which are `damaged`, rows were left out: nothing is missed in them.
    """
    toml = read_utf8(folder / "study.toml", "")[0].decode()
    rows = _outlets(frames["outlets.csv"], damaged), _words(frames), _labels(frames["labels.csv"]), _ids(frames)
    unknown = _unknown_ids(frames, damaged), _unknown_words(settings, frames)
    of_settings = _ids_of_settings(folder, settings, frames, damaged, toml), _days(settings, toml)
    of_codes = _codebook(frames["codebook.csv"]), _codes_of_settings(settings, frames["codebook.csv"], coders, toml)
    faults = itertools.chain(*rows, *unknown, *of_settings, *(of_codes if len(frames["codebook.csv"]) else ()))
    return [Problem(folder / name, line and int(line), message, fix) for name, line, message, fix in faults]


def _outlets(outlets: pd.DataFrame, damaged: Collection[str]) -> Iterator[Fault]:
    if outlets.empty and "outlets.csv" not in damaged:
        yield "outlets.csv", None, "holds no outlet", "Add a row for each outlet"
    for row in outlets[outlets["observed_to"] < outlets["observed_from"]].itertuples():
        message = f"observed_to {row.observed_to:%Y-%m-%d} lies before observed_from {row.observed_from:%Y-%m-%d}"
        yield "outlets.csv", row.line, message, "Exchange them: no day would count as observed"
    owners: dict[str, str] = {}
    for row in outlets.dropna(subset="domain").itertuples():
        for host in row.domain.split():
            if not _HOST.fullmatch(host):
                yield "outlets.csv", row.line, f"domain {host!r} is no host", "Write it as in news.example"
            elif owners.setdefault(host, row.outlet) != row.outlet:
                message = f"domain {host!r} is also that of {owners[host]!r}"
                yield "outlets.csv", row.line, message, "Keep one of them"


def _words(frames: Frames) -> Iterator[Fault]:
    for name, column in (("actors.csv", "alias"), ("labels.csv", "term")):
        rows = frames[name][~frames[name][column].str.contains(r"[^\W_]")]
        for text, line in zip(rows[column], rows["line"], strict=True):
            yield name, line, f"{column} {text!r} holds no letter and no digit", "Write a word, or delete the row"
    for alias, entries in conflicts(actors := frames["actors.csv"]):
        line = actors.loc[actors["alias"] == alias, "line"].max()
        fix = "Keep one, or mark both as surname (yes, or default for the one meant when no full name is near)"
        yield "actors.csv", line, f"alias {alias!r} belongs to {' and '.join(entries)}", fix


def _labels(labels: pd.DataFrame) -> Iterator[Fault]:
    for row in labels[labels["set"].str.contains(":")].itertuples():
        yield "labels.csv", row.line, f"set {row.set!r} holds a colon", "Leave it out: it parts set and label"
    alike = labels["language"] + " " + labels["term"].str.casefold()
    rows = labels.assign(alike=alike, label=labels["set"] + ":" + labels["label"])[labels["case"] == "any"]
    for row, first in _differing(rows, "alike", "label"):
        message = f"term {row['term']!r} of {row['label']} is also one of {first['label']}"
        yield "labels.csv", row["line"], message, f"Keep one of them (the other is line {first['line']})"


def _ids(frames: Frames) -> Iterator[Fault]:
    """One thing under two ids, and one id of two things."""
    for name, key, value in _NAMES:
        for row, first in _differing(frames[name], value, key):
            message = f"{key} {row[key]!r} has the {value} of {first[key]!r}, {row[value]!r}"
            fix = f"If they are one, write {first[key]!r} (line {first['line']}); else tell their {value}s apart"
            yield name, row["line"], message, fix
    for name, key, value in (("actors.csv", "actor", "kind"), *_NAMES):
        for row, first in _differing(frames[name], key, value):
            message = f"{key} {row[key]!r} has the {value} {row[value]!r}"
            yield name, row["line"], message, f"Line {first['line']} says {first[value]!r}: make them the same"


def _differing(rows: pd.DataFrame, same: str, other: str) -> Iterator[tuple[Any, Any]]:
    """Rows that have in one column what an earlier row has, and in another column something else; and that row."""
    firsts = rows.drop_duplicates(same).set_index(same, drop=False)
    for _, row in rows[rows[other] != rows[same].map(firsts[other])].iterrows():
        yield row, firsts.loc[row[same]]


def _unknown_ids(frames: Frames, damaged: Collection[str]) -> Iterator[Fault]:
    known = set() if "outlets.csv" in damaged else set(frames["outlets.csv"]["outlet"])
    for name in ("articles.csv", "observed.csv") if known else ():
        for value, line, more in _strange(frames[name], "outlet", known):
            message = f"outlet {value!r} is unknown{did_you_mean(value, known)}{more}"
            yield name, line, message, "Add it to outlets.csv or mend its id"


def _unknown_words(settings: Settings, frames: Frames) -> Iterator[Fault]:
    """Languages and sub-events that study.toml does not have."""
    any_language = ("*", *dict.fromkeys((*settings.languages, *tables.LANGUAGES)))
    known = dict.fromkeys(("outlets.csv", "articles.csv"), settings.languages)
    for name, languages in (known | dict.fromkeys(("actors.csv", "labels.csv"), any_language)).items():
        for value, line, more in _strange(frames[name], "language", languages):
            message = f"language {value!r} is unknown{tables.language_hint(value)}{more}"
            yield name, line, message, f"Known: {', '.join(languages)}"
    for value, line, more in _strange(frames["articles.csv"], "subevent", settings.subevents):
        message = f"subevent {value!r} is not in study.toml{did_you_mean(value, settings.subevents)}{more}"
        yield "articles.csv", line, message, "Mend it, or add it to subevents"


def _strange(rows: pd.DataFrame, column: str, known: Collection[str]) -> Iterator[tuple[str, int, str]]:
    """Values of a column that are not known: each once, with its first line and how many rows more have it."""
    lost = rows[rows[column].notna() & ~rows[column].isin(list(known))]
    for value, lines in lost.groupby(column, sort=False)["line"]:
        yield str(value), lines.iloc[0], f" (and in {len(lines) - 1} more rows)" if len(lines) > 1 else ""


def _ids_of_settings(
    folder: Path, settings: Settings, frames: Frames, damaged: Collection[str], toml: str
) -> Iterator[Fault]:
    """Ids and files that study.toml names and that do not exist."""
    for setting, home, key in (
        ("main_actors", "actors.csv", "actor"),
        ("excluded_from_references", "outlets.csv", "outlet"),
    ):
        known = set(frames[home][key])
        if home in damaged or (key == "outlet" and not known):
            continue
        for value in (value for value in getattr(settings, setting) if value not in known):
            message = f"{setting} names the unknown {key} {value!r}{did_you_mean(value, known)}"
            yield "study.toml", line_of(toml, setting, value=value), message, f"Use an id of {home}"
    file = settings.supplement.file if settings.supplement else ""
    if file and not ((folder / file).is_file() and inside(folder, folder / file)):
        message = f"supplement names the file {file!r}, which does not exist"
        yield "study.toml", line_of(toml, "supplement"), message, "Mend its name, or leave the supplement out"


def _days(settings: Settings, toml: str) -> Iterator[Fault]:
    """Periods and happenings outside the window, and periods that share a day or a name."""
    first, last = settings.window
    for number, period in enumerate(settings.periods):
        line = line_of(toml, "periods", number)
        if period.end < first or last < period.start:
            message = f"period {period.name!r} lies outside the window, {first} to {last}"
            yield "study.toml", line, message, "Mend its days, or those of the window"
        if period.name in {other.name for other in settings.periods[:number]}:
            yield "study.toml", line, f"{period.name!r} is the name of two periods", "Rename one"
        before = settings.periods[number - 1]
        if number and period.start <= before.end:
            message = f"period {period.name!r} starts on {period.start}, before {before.name!r} ends on {before.end}"
            yield "study.toml", line, message, "Mend its days: one belongs to one period"
    for number, happening in enumerate(settings.happenings):
        if not first <= happening.day <= last:
            message = f"happening {happening.name!r} on {happening.day} lies outside the window, {first} to {last}"
            fix = "Mend its day, or those of the window"
            yield "study.toml", line_of(toml, "happenings", number), message, fix


def _codebook(codebook: pd.DataFrame) -> Iterator[Fault]:
    kinds = codebook.groupby("variable", sort=False).agg({"values_per_article": "nunique", "line": "first"})
    for name, line in kinds.loc[kinds["values_per_article"] > 1, "line"].items():
        yield (
            "codebook.csv",
            line,
            f"variable {name!r} is single in one row and multi in another",
            "Make its rows the same",
        )


def _codes_of_settings(
    settings: Settings, codebook: pd.DataFrame, coders: Collection[str], toml: str
) -> Iterator[Fault]:
    """Coders and values that study.toml names and that are in no sheet, or not in the codebook."""
    for coder in (coder for coder in settings.coders if coder not in coders):
        message = f"coders names {coder!r}, who coded nothing{did_you_mean(coder, coders)}"
        yield "study.toml", line_of(toml, "coders", value=coder), message, f"There: {', '.join(sorted(coders))}"
    known = codebook.groupby("variable")["value"].agg(list).to_dict()
    for number, union in enumerate(settings.combined):
        values = known.get(union.variable, [])
        if union.variable not in known:
            message = f"variable {union.variable!r} is not in codebook.csv{did_you_mean(union.variable, known)}"
        elif strange := [value for value in union.values if value not in values]:
            message = f"{union.variable} has no value {strange[0]!r}{did_you_mean(strange[0], values)}"
        elif union.name in values:
            message = f"{union.variable} has a value of this name"
        else:
            continue
        line = line_of(toml, "combined", number)
        yield "study.toml", line, f"combined {union.name!r}: {message}", "Mend it after codebook.csv"
