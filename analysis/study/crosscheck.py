"""A study's files held against each other: what one of them uses, another must know."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import tables
from analysis.errors import Problem, did_you_mean
from analysis.study.settings import Settings, line_of, line_of_text
from analysis.study.settingvalues import language_hint


def check_references(
    folder: Path, settings: Settings, frames: Mapping[str, pd.DataFrame], damaged: Collection[str] = ()
) -> list[Problem]:
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
    return [
        *problems,
        *_unknown_ids(folder, frames, damaged),
        *_unknown_languages(folder, settings, frames),
        *_unknown_subevents(folder, settings, frames),
        *_settings_ids(folder, settings, frames, damaged),
        *_days(folder, settings),
    ]


def _ids(frames: Mapping[str, pd.DataFrame], name: str, column: str, damaged: Collection[str]) -> set[str]:
    """Ids that a file gives; none where it is damaged or empty, and then nothing is called unknown."""
    return set() if name in damaged else set(frames[name][column])


#: File and column that hold the id of a row of another file, and that file and its column.
_REFERENCES = (
    ("articles.csv", "outlet", "outlets.csv", "outlet"),
    ("observed.csv", "outlet", "outlets.csv", "outlet"),
    ("polarity.csv", "entry", "actors.csv", "actor"),
    ("polarity.csv", "article", "articles.csv", "article"),
)


def _unknown_ids(folder: Path, frames: Mapping[str, pd.DataFrame], damaged: Collection[str]) -> Iterable[Problem]:
    for name, column, home, key in _REFERENCES:
        if known := _ids(frames, home, key, damaged):
            what = "outlet" if key == "outlet" else key
            for value, line, more in _strange(frames[name], column, known):
                message = f"{what} {value!r} is unknown{did_you_mean(value, known)}{more}"
                yield Problem(folder / name, line, message, f"Add it to {home} or mend its id")


def _unknown_languages(folder: Path, settings: Settings, frames: Mapping[str, pd.DataFrame]) -> Iterable[Problem]:
    known = dict.fromkeys(("outlets.csv", "articles.csv"), settings.languages)
    known |= dict.fromkeys(("actors.csv", "labels.csv"), ("*", *tables.LANGUAGES))
    for name, languages in known.items():
        for value, line, more in _strange(frames[name], "language", languages):
            message = f"language {value!r} is unknown{language_hint(str(value))}{more}"
            yield Problem(folder / name, line, message, f"Known: {', '.join(languages)}")


def _unknown_subevents(folder: Path, settings: Settings, frames: Mapping[str, pd.DataFrame]) -> Iterable[Problem]:
    for value, line, more in _strange(frames["articles.csv"], "subevent", settings.subevents):
        message = f"subevent {value!r} is not in study.toml{did_you_mean(value, settings.subevents)}{more}"
        yield Problem(folder / "articles.csv", line, message, "Mend it, or add it to subevents")


def _settings_ids(
    folder: Path, settings: Settings, frames: Mapping[str, pd.DataFrame], damaged: Collection[str]
) -> Iterable[Problem]:
    """Ids that study.toml names."""
    for setting, what, home in (
        ("main_actors", "actor", "actors.csv"),
        ("excluded_from_references", "outlet", "outlets.csv"),
    ):
        named: tuple[str, ...] = getattr(settings, setting)
        if home in damaged or (what == "outlet" and frames[home].empty):
            continue
        known = _ids(frames, home, what, damaged)
        for value in named:
            if value not in known:
                message = f"{setting} names the unknown {what} {value!r}{did_you_mean(value, known)}"
                yield _of_setting(folder, setting, message, f"Use an id of {home}", text=value)
    if settings.supplement is not None and not (folder / settings.supplement.file).is_file():
        message = f"supplement names the file {settings.supplement.file!r}, which does not exist"
        yield _of_setting(folder, "supplement", message, "Mend its name, or leave the supplement out")


def _days(folder: Path, settings: Settings) -> Iterable[Problem]:
    """Periods and happenings that no article can fall into, since they lie outside the window."""
    first, last = settings.window
    for number, period in enumerate(settings.periods):
        if period.end < first or last < period.start:
            message = f"period {period.name!r} lies outside the window, {first} to {last}"
            yield _of_setting(folder, "periods", message, "Mend its days, or those of the window", entry=number)
    for number, happening in enumerate(settings.happenings):
        if not first <= happening.day <= last:
            message = f"happening {happening.name!r} on {happening.day} lies outside the window, {first} to {last}"
            yield _of_setting(folder, "happenings", message, "Mend its day, or those of the window", entry=number)


def _strange(rows: pd.DataFrame, column: str, known: Collection[str]) -> Iterable[tuple[Hashable, int, str]]:
    """Values of a column that are not known: each once, with its first line and how many rows more have it."""
    lost = rows[rows[column].notna() & ~rows[column].isin(list(known))]
    for value, lines in lost.groupby(column, sort=False)["line"]:
        more = f" (and in {len(lines) - 1} more rows)" if len(lines) > 1 else ""
        yield value, int(lines.iloc[0]), more


def _of_setting(folder: Path, name: str, message: str, fix: str, *, text: str = "", entry: int = 0) -> Problem:
    path = folder / "study.toml"
    content = path.read_text(encoding="utf-8-sig")
    line = line_of_text(content, name, text) if text else line_of(content, name, entry)
    return Problem(path, line, message, fix)


def contradictions(folder: Path, frames: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Rows whose cells cannot all be meant: each would be read without an error and lose something unseen."""
    problems = []

    def complain(name: str, line: Any, message: str, fix: str) -> None:
        problems.append(Problem(folder / name, int(line), message, fix))

    for row in frames["outlets.csv"].itertuples():
        if row.observed_to < row.observed_from:
            message = f"observed_to {row.observed_to:%Y-%m-%d} lies before observed_from {row.observed_from:%Y-%m-%d}"
            complain("outlets.csv", row.line, message, "Exchange them: no day would count as observed")
    owners: dict[str, Any] = {}
    for row in frames["outlets.csv"].dropna(subset="domain").itertuples():
        for host in row.domain.split():
            if not _HOST.fullmatch(host):
                complain("outlets.csv", row.line, f"domain {host!r} is no host", "Write it as in news.example")
            elif owners.setdefault(host, row).outlet != row.outlet:
                message = f"domain {host!r} is also that of {owners[host].outlet!r}"
                complain("outlets.csv", row.line, message, "Keep one of them")
    for name, column in (("actors.csv", "alias"), ("labels.csv", "term")):
        for text, line in frames[name][[column, "line"]].itertuples(index=False):
            if not any(character.isalnum() for character in text):
                message = f"{column} {text!r} holds no letter and no digit"
                complain(name, line, message, "Write a word, or delete the row")
    for row in frames["labels.csv"].itertuples():
        if ":" in row.set:
            complain("labels.csv", row.line, f"set {row.set!r} holds a colon", "Leave it out: it parts set and label")
    meant: dict[tuple[str, str], Any] = {}
    for row in frames["labels.csv"][frames["labels.csv"]["case"] == "any"].itertuples():
        other = meant.setdefault((row.language, row.term.casefold()), row)
        if (row.set, row.label) != (other.set, other.label):
            message = f"term {row.term!r} of {row.set}:{row.label} is also one of {other.set}:{other.label}"
            complain("labels.csv", row.line, message, f"Keep one of them (the other is line {other.line})")
    for name, key, told in _APART:
        owner: dict[str, Any] = {}
        for row in frames[name].to_dict("records"):
            before = owner.setdefault(row[told], row)
            if row[key] != before[key]:
                message = f"{key} {row[key]!r} has the {told} of {before[key]!r}, {row[told]!r}"
                fix = f"If they are one, write {before[key]!r} (line {before['line']}); else tell their {told}s apart"
                complain(name, row["line"], message, fix)
    for name, key, told in _SAME:
        first: dict[str, Any] = {}
        for row in frames[name].to_dict("records"):
            before = first.setdefault(row[key], row)
            if row[told] != before[told]:
                message = f"{key} {row[key]!r} has the {told} {row[told]!r}"
                complain(name, row["line"], message, f"Line {before['line']} says {before[told]!r}: make them the same")
    return problems


_HOST = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z0-9-]{2,}")
#: File, key, and the column that is the same in all rows with that key.
_SAME = (("actors.csv", "actor", "kind"), ("actors.csv", "actor", "name"), ("labels.csv", "set", "referent"))
#: File, key, and the column that tells the keys apart: with the same in it, one of two keys is a slip.
_APART = (("outlets.csv", "outlet", "name"), ("actors.csv", "actor", "name"), ("labels.csv", "set", "referent"))
