"""What can go wrong, said in one place. Each error stores the values it speaks of and prints what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class AnalysisError(Exception):
    """Base of every error this library raises on purpose."""


def told(error: AnalysisError) -> str:
    """What an error says, after the places that were noted on it (file and line) as it was passed on."""
    return ": ".join([*getattr(error, "__notes__", ()), str(error)])


@contextmanager
def told_if_not_written(path: Path) -> Iterator[None]:
    """Turn what the system says where a file cannot be written into an error that says what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise AnalysisError(f"{path} cannot be written ({reason}). Mend that, or name another folder.") from error


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A suggestion in brackets, or nothing where no known word is like the one that was given."""
    given, words = str(word), list(known)
    longer = [other for other in words if len(given) > 2 and other.startswith(given)]
    close = difflib.get_close_matches(given, words, n=1, cutoff=0.6) or longer
    return f" (did you mean {close[0]!r}?)" if close else ""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one place of a file.

    Parameters
    ----------
    path : Path of the file, as the user would open it
    line : int, 1-based line in the file, or None where the whole file is meant
    message : str, what is wrong, with the value
    fix : str, what to do
    unread : bool, whether the file could not be read because of it
    """

    path: Path
    line: int | None
    message: str
    fix: str
    unread: bool = False

    def __str__(self) -> str:
        place = str(self.path) if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.message}. {self.fix}"


class StudyError(AnalysisError):
    """A study's files are wrong; holds every problem found, not the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class StudyNotFound(AnalysisError):
    """No such study."""

    def __init__(self, study: str, known: Sequence[str]) -> None:
        self.study, self.known = study, tuple(known)
        super().__init__(
            f"no study {study!r}: neither a folder with a study.toml nor a name under data/. "
            f"Known here: {', '.join(known) or 'none'}."
        )


class UnknownOutlet(AnalysisError):
    """An outlet that the study does not have, or not among those that are asked for."""

    def __init__(self, outlet: str, message: str, known: Sequence[str]) -> None:
        self.outlet, self.known = outlet, tuple(known)
        super().__init__(f"outlet {outlet!r} {message}{did_you_mean(outlet, known)}. {_choices(known)}")


def _choices(known: Sequence[str]) -> str:
    return f"There: {', '.join(known)}." if known else "There is none."


class FeaturesMissing(AnalysisError):
    """A study has no features yet, or they lack a table."""

    def __init__(self, path: Path, study: str) -> None:
        self.path, self.study = path, study
        super().__init__(f"{path} does not exist. Run: castillo annotate TEXTS --study {study}")


class FeaturesBroken(AnalysisError):
    """A file of features cannot be read, or does not belong to the study's files."""

    def __init__(self, path: Path, message: str, study: str) -> None:
        self.path, self.study = path, study
        super().__init__(f"{path}: {message}. Run: castillo annotate TEXTS --study {study}")


class TableError(AnalysisError):
    """A table does not have the shape its schema promises."""

    def __init__(self, table: str, column: str, message: str) -> None:
        self.table, self.column = table, column
        super().__init__(f"table {table}, column {column!r}: {message}")


class TextsError(AnalysisError):
    """A file of texts as a whole cannot be read; single bad rows are set aside instead."""

    def __init__(self, path: Path, message: str) -> None:
        self.path = path
        super().__init__(f"{path}: {message}")


class MissingLibrary(AnalysisError):
    """A library that only some of the work needs is not installed."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        self.library, self.extra = library, extra
        super().__init__(f'{purpose} needs {library}, which is not installed. Run: pip install ".[{extra}]"')


class GazetteerError(AnalysisError):
    """An alias table contradicts itself."""

    def __init__(self, alias: str, entries: Sequence[str]) -> None:
        self.alias, self.entries = alias, tuple(entries)
        super().__init__(
            f"alias {alias!r} belongs to {' and '.join(entries)}. "
            "Keep one, or mark both as surname (yes, or default for the one meant when no full name is near)."
        )


class UnknownLanguage(AnalysisError):
    """A language that the study does not have."""

    def __init__(self, language: str, known: Sequence[str]) -> None:
        self.language, self.known = language, tuple(known)
        hint = did_you_mean(language, known)
        super().__init__(f"language {language!r} is none of the study's{hint}. {_choices(known)}")


class LanguageError(AnalysisError):
    """No rules for a language."""

    def __init__(self, language: str, known: Sequence[str]) -> None:
        self.language, self.known = language, tuple(known)
        super().__init__(f"no rules for language {language!r}. Known: {', '.join(known)}.")


class GroupError(AnalysisError):
    """The two sides of a comparison do not allow it."""


class EmptyGroup(GroupError):
    """One side of a comparison holds no article."""

    def __init__(self, side: str, name: str) -> None:
        self.side, self.name = side, name
        super().__init__(f"the {side} {name!r} holds no article that can be compared. Check its window and language.")


class OverlappingGroups(GroupError):
    """Articles stand on both sides of a comparison."""

    def __init__(self, articles: Sequence[str]) -> None:
        self.articles = tuple(articles)
        shown = ", ".join(self.articles[:3])
        super().__init__(f"{len(self.articles)} articles are in the group and in its reference, e.g. {shown}.")


class MixedLanguages(GroupError):
    """Words of several languages were to be compared."""

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)
        super().__init__(f"words are compared within one language, got {', '.join(languages)}. Choose one.")


class ParameterError(AnalysisError):
    """A notebook parameter does not exist, or its value does not fit."""

    def __init__(self, notebook: str, parameter: str, value: object, message: str) -> None:
        self.notebook, self.parameter, self.value = notebook, parameter, value
        super().__init__(f"notebook {notebook!r}, parameter {parameter!r} = {value!r}: {message}")


class BuildError(AnalysisError):
    """The request to build cannot be carried out."""


class ArchiveError(AnalysisError):
    """An archive cannot be made, or would not give the same reports again."""
