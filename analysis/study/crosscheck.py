"""A study's files held against each other: what one of them uses, another must know."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Hashable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import tables
from analysis.errors import Problem, did_you_mean
from analysis.paths import inside
from analysis.study.studyfiles import line_of, line_of_text, read_utf8

if TYPE_CHECKING:
    from analysis.study.settings import Settings

Frames = Mapping[str, pd.DataFrame]

#: File and column that hold the id of a row of another file, and that file and its column.
_REFERENCES = (
    ("articles.csv", "outlet", "outlets.csv", "outlet"),
    ("observed.csv", "outlet", "outlets.csv", "outlet"),
    ("polarity.csv", "entry", "actors.csv", "actor"),
    ("polarity.csv", "article", "articles.csv", "article"),
)
#: File, key, and the column that is the same in all rows with that key.
_SAME = (("actors.csv", "actor", "kind"), ("actors.csv", "actor", "name"), ("labels.csv", "set", "referent"))
#: File, key, and the column that tells the keys apart: with the same in it, one of two keys is a slip.
_APART = (("outlets.csv", "outlet", "name"), ("actors.csv", "actor", "name"), ("labels.csv", "set", "referent"))
_HOST = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z0-9-]{2,}")


def check_references(folder: Path, settings: Settings, frames: Frames, damaged: Collection[str] = ()) -> list[Problem]:
    """Everything that the files of a study say of each other and that cannot be.

    Parameters
    ----------
    folder : Path of the study
    settings : Settings, as far as they can be read
    frames : name of a CSV file → its rows, with their lines
    damaged : names of files with problems of their own: rows were left out there, so nothing is missed in them
    """
    problems = contradictions(folder, frames)
    if frames["outlets.csv"].empty and "outlets.csv" not in damaged:
        problems.append(Problem(folder / "outlets.csv", None, "holds no outlet", "Add a row for each outlet"))
    problems += _unknown_ids(folder, frames, damaged)
    problems += _unknown_words(folder, settings, frames)
    raw, _ = read_utf8(folder / "study.toml", "")
    for name, text, entry, message, fix in (*_settings_ids(folder, settings, frames, damaged), *_days(settings)):
        line = line_of_text(raw.decode(), name, text) if text else line_of(raw.decode(), name, entry)
        problems.append(Problem(folder / "study.toml", line, message, fix))
    return problems


def _unknown_ids(folder: Path, frames: Frames, damaged: Collection[str]) -> Iterator[Problem]:
    for name, column, home, key in _REFERENCES:
        known = set() if home in damaged else set(frames[home][key])
        for value, line, more in _strange(frames[name], column, known) if known else ():
            message = f"{key} {value!r} is unknown{did_you_mean(value, known)}{more}"
            yield Problem(folder / name, line, message, f"Add it to {home} or mend its id")


def _unknown_words(folder: Path, settings: Settings, frames: Frames) -> Iterator[Problem]:
    """Languages and sub-events that study.toml does not have."""
    known: dict[str, tuple[str, ...]] = dict.fromkeys(("outlets.csv", "articles.csv"), settings.languages)
    known |= dict.fromkeys(("actors.csv", "labels.csv"), ("*", *tables.LANGUAGES))
    for name, languages in known.items():
        for value, line, more in _strange(frames[name], "language", languages):
            message = f"language {value!r} is unknown{tables.language_hint(str(value))}{more}"
            yield Problem(folder / name, line, message, f"Known: {', '.join(languages)}")
    for value, line, more in _strange(frames["articles.csv"], "subevent", settings.subevents):
        message = f"subevent {value!r} is not in study.toml{did_you_mean(value, settings.subevents)}{more}"
        yield Problem(folder / "articles.csv", line, message, "Mend it, or add it to subevents")


def _strange(rows: pd.DataFrame, column: str, known: Collection[str]) -> Iterator[tuple[Hashable, int, str]]:
    """Values of a column that are not known: each once, with its first line and how many rows more have it."""
    lost = rows[rows[column].notna() & ~rows[column].isin(list(known))]
    for value, lines in lost.groupby(column, sort=False)["line"]:
        more = f" (and in {len(lines) - 1} more rows)" if len(lines) > 1 else ""
        yield value, int(lines.iloc[0]), more


#: A setting that another file or setting contradicts: its name, one of its texts, the number of its table, what is
#: wrong, what to do.
_SettingFault = tuple[str, str, int, str, str]


def _settings_ids(
    folder: Path, settings: Settings, frames: Frames, damaged: Collection[str]
) -> Iterator[_SettingFault]:
    """Ids and files that study.toml names and that do not exist."""
    for setting, named, home, key in (
        ("main_actors", settings.main_actors, "actors.csv", "actor"),
        ("excluded_from_references", settings.excluded_from_references, "outlets.csv", "outlet"),
    ):
        known = set(frames[home][key])
        if home in damaged or (key == "outlet" and not known):
            continue
        for value in (value for value in named if value not in known):
            message = f"{setting} names the unknown {key} {value!r}{did_you_mean(value, known)}"
            yield setting, value, 0, message, f"Use an id of {home}"
    if settings.supplement:
        path = folder / settings.supplement.file
        message = f"supplement names the file {settings.supplement.file!r}, which does not exist"
        if not (path.is_file() and inside(folder, path)):
            yield "supplement", "", 0, message, "Mend its name, or leave the supplement out"


def _days(settings: Settings) -> Iterator[_SettingFault]:
    """Periods and happenings outside the window, and periods that share a day or a name."""
    first, last = settings.window
    for number, period in enumerate(settings.periods):
        if period.end < first or last < period.start:
            message = f"period {period.name!r} lies outside the window, {first} to {last}"
            yield "periods", "", number, message, "Mend its days, or those of the window"
        if period.name in {other.name for other in settings.periods[:number]}:
            yield "periods", "", number, f"{period.name!r} is the name of two periods", "Rename one"
    for number, (before, after) in enumerate(itertools.pairwise(settings.periods), start=1):
        if after.start <= before.end:
            message = f"period {after.name!r} starts on {after.start}, before {before.name!r} ends on {before.end}"
            yield "periods", "", number, message, "Mend its days: one belongs to one period"
    for number, happening in enumerate(settings.happenings):
        if not first <= happening.day <= last:
            message = f"happening {happening.name!r} on {happening.day} lies outside the window, {first} to {last}"
            yield "happenings", "", number, message, "Mend its day, or those of the window"


def contradictions(folder: Path, frames: Frames) -> list[Problem]:
    """Rows whose cells cannot all be meant: each would be read without an error and lose something unseen."""
    checks = (_outlets(frames["outlets.csv"]), _words(frames), _labels(frames["labels.csv"]), _keys(frames))
    rows = itertools.chain(*checks)
    return [Problem(folder / name, int(line), message, fix) for name, line, message, fix in rows]


_RowFault = tuple[str, Any, str, str]


def _outlets(outlets: pd.DataFrame) -> Iterator[_RowFault]:
    for row in outlets.itertuples():
        if row.observed_to < row.observed_from:
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


def _words(frames: Frames) -> Iterator[_RowFault]:
    for name, column in (("actors.csv", "alias"), ("labels.csv", "term")):
        for text, line in frames[name][[column, "line"]].itertuples(index=False):
            if not any(character.isalnum() for character in text):
                message = f"{column} {text!r} holds no letter and no digit"
                yield name, line, message, "Write a word, or delete the row"


def _labels(labels: pd.DataFrame) -> Iterator[_RowFault]:
    meant: dict[tuple[str, str], Any] = {}
    for row in labels.itertuples():
        if ":" in row.set:
            message = f"set {row.set!r} holds a colon"
            yield "labels.csv", row.line, message, "Leave it out: it parts set and label"
        other = meant.setdefault((row.language, row.term.casefold()), row) if row.case == "any" else row
        if (row.set, row.label) != (other.set, other.label):
            message = f"term {row.term!r} of {row.set}:{row.label} is also one of {other.set}:{other.label}"
            yield "labels.csv", row.line, message, f"Keep one of them (the other is line {other.line})"


def _keys(frames: Frames) -> Iterator[_RowFault]:
    """One id of two things, and one thing under two ids."""
    for name, key, value, is_name in (*((*each, True) for each in _APART), *((*each, False) for each in _SAME)):
        by, other = (value, key) if is_name else (key, value)
        first: dict[str, Any] = {}
        for row in frames[name].to_dict("records"):
            before = first.setdefault(row[by], row)
            if row[other] == before[other]:
                continue
            if is_name:
                message = f"{key} {row[key]!r} has the {value} of {before[key]!r}, {row[value]!r}"
                fix = f"If they are one, write {before[key]!r} (line {before['line']}); else tell their {value}s apart"
            else:
                message = f"{key} {row[key]!r} has the {value} {row[value]!r}"
                fix = f"Line {before['line']} says {before[value]!r}: make them the same"
            yield name, row["line"], message, fix
