"""A study's files held against each other: what one of them uses, another must know."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import tables
from analysis.errors import Problem, did_you_mean
from analysis.study.settings import Settings
from analysis.study.studyfiles import line_of, told_once
from analysis.text.gazetteer import conflicts

Frames = Mapping[str, pd.DataFrame]

#: File, an id, and what must be the same in all rows of the id.
_SAME = (
    *(("outlets.csv", "outlet", "name"), ("actors.csv", "actor", "name"), ("actors.csv", "actor", "kind")),
    *(("labels.csv", "set", "referent"), ("codebook.csv", "variable", "values_per_article")),
)
#: File, an id, and what only one id has: the same of two is a slip.
_OWN = (
    *(("outlets.csv", "outlet", "name"), ("outlets.csv", "outlet", "host")),
    *(("actors.csv", "actor", "name"), ("labels.csv", "set", "referent")),
)
#: A host and perhaps the beginning of a path, as in outlets.csv.
_HOST = r"(?:[a-z0-9_-]+\.)+[a-z0-9-]{2,}(?:/[\w.-]+)*"


def check_references(
    folder: Path, settings: Settings, frames: Frames, coders: Collection[str], damaged: Collection[str] = ()
) -> list[Problem]:
    """Everything that the files of a study say of each other and that cannot be.

    `frames` are the rows of each CSV file with their lines; `coders` have sheets. Of files with problems of their own,
    which are `damaged`, rows were left out: nothing is missed in them.
    """
    toml = (folder / "study.toml").read_text(encoding="utf-8-sig")
    known = {"outlets.csv": set(frames["outlets.csv"]["outlet"]), "actors.csv": set(frames["actors.csv"]["actor"])}
    known = {name: ids for name, ids in known.items() if name not in damaged}
    return [
        *_unknown(folder, settings, frames, known.get("outlets.csv")),
        *_ids(folder, frames),
        *_rows(folder, frames),
        *_words(folder, frames["actors.csv"], frames["labels.csv"]),
        *_coders(folder, coders),
        *_named_by_settings(folder / "study.toml", settings, known, coders, toml),
        *_days(folder / "study.toml", settings, toml),
        *_combined(folder / "study.toml", settings, frames["codebook.csv"], toml),
    ]


def _unknown(folder: Path, settings: Settings, frames: Frames, outlets: Collection[str] | None) -> Iterator[Problem]:
    """Outlets, languages and sub-events that are used and nowhere listed."""
    any_language = ("*", *dict.fromkeys((*settings.languages, *tables.LANGUAGES)))
    used = {
        **{("articles.csv", "outlet"): outlets, ("observed.csv", "outlet"): outlets},
        **{("outlets.csv", "language"): settings.languages, ("articles.csv", "language"): settings.languages},
        **{("actors.csv", "language"): any_language, ("labels.csv", "language"): any_language},
        ("articles.csv", "subevent"): settings.subevents,
    }
    fixes = {"outlet": "Add it to outlets.csv or mend its id", "subevent": "Mend it, or add it to subevents"}
    for (name, column), known in used.items():
        if known is None:
            continue
        values = frames[name].set_index("line")[column].dropna()
        strange = values[~values.isin(list(known))]
        hint = tables.language_hint if column == "language" else lambda value, ids=known: did_you_mean(value, ids)
        fix = fixes.get(column, f"Known: {', '.join(known)}")
        messages = {value: f"{column} {value!r} is unknown{hint(value)}" for value in strange.unique()}
        yield from told_once(folder / name, {line: (messages[value], fix) for line, value in strange.items()})


def _ids(folder: Path, frames: Frames) -> Iterator[Problem]:
    """One id of two things, and one thing under two ids."""
    hosts = frames["outlets.csv"].assign(host=frames["outlets.csv"]["domain"].str.split()).explode("host")
    for name, key, value in _SAME:
        for row, first in _differing(frames[name], key, value):
            message = f"{key} {row[key]!r} has the {value} {row[value]!r}"
            fix = f"Line {first['line']} says {first[value]!r}: make them the same"
            yield Problem(folder / name, row["line"], message, fix)
    for name, key, value in _OWN:
        for row, first in _differing(hosts if value == "host" else frames[name], value, key):
            message = f"{key} {row[key]!r} has the {value} of {first[key]!r}, {row[value]!r}"
            fix = f"If they are one, write {first[key]!r} (line {first['line']}); else tell their {value}s apart"
            yield Problem(folder / name, row["line"], message, fix)


def _differing(rows: pd.DataFrame, same: str, other: str) -> Iterator[tuple[Any, Any]]:
    """Rows that have in one column what an earlier row has, and in another column something else; and that row."""
    rows = rows.dropna(subset=same)
    firsts = rows.drop_duplicates(same).set_index(same, drop=False)
    for _, row in rows[rows[other] != rows[same].map(firsts[other])].iterrows():
        yield row, firsts.loc[row[same]]


def _rows(folder: Path, frames: Frames) -> Iterator[Problem]:
    """Rows that nothing would ever be counted by, each wrong by itself."""
    outlets, actors, labels = frames["outlets.csv"], frames["actors.csv"], frames["labels.csv"]
    is_turned = outlets["observed_to"] < outlets["observed_from"]
    word, hosts = r"[^\W_]", rf"{_HOST}(\s+{_HOST})*"
    exchange, delete = "Exchange them: no day would count as observed", "Write a word, or delete the row"
    write = "Write it as in news.example, in small letters, several with blanks between"
    for name, wrong, message, fix in (
        ("outlets.csv", is_turned, "observed_to lies before observed_from", exchange),
        ("outlets.csv", ~outlets["domain"].fillna("a.bc").str.fullmatch(hosts), "domain {domain!r} is no host", write),
        ("labels.csv", labels["set"].str.contains(":"), "set {set!r} holds a colon", "Leave it out"),
        ("actors.csv", ~actors["alias"].str.contains(word), "alias {alias!r} holds no letter and no digit", delete),
        ("labels.csv", ~labels["term"].str.contains(word), "term {term!r} holds no letter and no digit", delete),
    ):
        for row in frames[name][wrong].to_dict("records"):
            yield Problem(folder / name, row["line"], message.format(**row), fix)


def _coders(folder: Path, coders: Collection[str]) -> Iterator[Problem]:
    """Coders whose names differ in capitals alone: one person's two sheets would pass for two people who agree."""
    firsts: dict[str, str] = {}
    for coder in sorted(coders):
        if (first := firsts.setdefault(coder.casefold(), coder)) != coder:
            message = f"the coder {coder!r} is also written {first!r}"
            yield Problem(folder / "codings", None, message, "Write it as one (a sheet is named after its coder)")


def _words(folder: Path, actors: pd.DataFrame, labels: pd.DataFrame) -> Iterator[Problem]:
    """Aliases and terms that several things claim."""
    for alias, entries in conflicts(actors):
        fix = "Keep one, or mark both as surname (yes, or default for the one meant when no full name is near)"
        line = int(actors.loc[actors["alias"] == alias, "line"].max())
        yield Problem(folder / "actors.csv", line, f"alias {alias!r} belongs to {' and '.join(entries)}", fix)
    alike = labels["language"] + " " + labels["term"].str.casefold()
    rows = labels.assign(alike=alike, label=labels["set"] + ":" + labels["label"])[labels["case"] == "any"]
    for row, first in _differing(rows, "alike", "label"):
        message = f"term {row['term']!r} of {row['label']} is also one of {first['label']}"
        yield Problem(folder / "labels.csv", row["line"], message, f"Keep one (the other is line {first['line']})")


def _named_by_settings(
    path: Path, settings: Settings, known: Mapping[str, Collection[str]], coders: Collection[str], toml: str
) -> Iterator[Problem]:
    """Ids, coders and files that study.toml names and that do not exist."""
    homes = {"main_actors": "actors.csv", "excluded_from_references": "outlets.csv", "coders": "the sheets of codes"}
    for setting, home in homes.items():
        if (ids := coders if setting == "coders" else known.get(home)) is None:
            continue
        for value in (value for value in getattr(settings, setting) if value not in ids):
            message = f"{setting} names {value!r}, which is not in {home}{did_you_mean(value, ids)}"
            yield Problem(path, line_of(toml, setting), message, "Mend it, or delete it")
    if settings.supplement and not (path.parent / settings.supplement.file).is_file():
        message = f"supplement names the file {settings.supplement.file!r}, which does not exist"
        yield Problem(path, line_of(toml, "supplement"), message, "Mend its name, or leave the supplement out")


def _days(path: Path, settings: Settings, toml: str) -> Iterator[Problem]:
    """Periods and happenings outside the window, and periods that share a day."""
    first, last = settings.window
    dated = [("period", n, period.name, period.start, period.end) for n, period in enumerate(settings.periods)]
    dated += [("happening", n, item.name, item.day, item.day) for n, item in enumerate(settings.happenings)]
    for kind, number, name, start, end in dated:
        if end < first or last < start:
            message = f"{kind} {name!r} lies outside the window, {first} to {last}"
            yield Problem(path, line_of(toml, f"{kind}s", number), message, "Mend its days, or those of the window")
    for number, period in enumerate(settings.periods[1:], start=1):
        if period.start <= (before := settings.periods[number - 1]).end:
            message = f"period {period.name!r} starts on {period.start}, before {before.name!r} ends on {before.end}"
            yield Problem(path, line_of(toml, "periods", number), message, "Mend its days: one belongs to one period")


def _combined(path: Path, settings: Settings, codebook: pd.DataFrame, toml: str) -> Iterator[Problem]:
    """Combined values of variables, or of values, that the codebook does not have."""
    known = codebook.groupby("variable")["value"].agg(list).to_dict()
    for number, union in enumerate(settings.combined if known else ()):
        values = known.get(union.variable, [])
        strange = [value for value in union.values if value not in values]
        if union.variable not in known:
            message = f"variable {union.variable!r} is not in codebook.csv{did_you_mean(union.variable, known)}"
        elif strange:
            message = f"{union.variable} has no value {strange[0]!r}{did_you_mean(strange[0], values)}"
        elif union.name in values:
            message = f"{union.variable} has a value of this name"
        else:
            continue
        line = line_of(toml, "combined", number)
        yield Problem(path, line, f"combined {union.name!r}: {message}", "Mend it after codebook.csv")
