"""Errors, all in one place. Each keeps the values it speaks of as its `args`, and says what to do."""

import builtins
import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class AnalysisError(Exception):
    """Base of every error this library raises on purpose: `message`, with the values given in its places."""

    message = "{}"
    _is_shown = False

    def __str__(self) -> str:
        return self.message.format(*self.args)  # nothing else is kept: another process can be sent it

    def _render_traceback_(self) -> list[str]:
        """Lines that IPython shows of it: its message, which says what to do; asked again, by %tb, the traceback."""
        if self._is_shown:
            shell = vars(builtins)["get_ipython"]()  # not imported: this is no dependency of what can raise an error
            return list(shell.InteractiveTB.structured_traceback(type(self), self, self.__traceback__))
        self._is_shown = True
        return [f"{type(self).__name__}: {format_error(self)}", "(%tb shows where it was raised)"]


def format_error(error: AnalysisError) -> str:
    """An error's message, after the places that were noted on it (file and line) as it was passed on."""
    return ": ".join([*getattr(error, "__notes__", ()), str(error)])


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
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
    """One thing wrong in a file, or in a line of it."""

    path: Path
    line: int | None
    message: str
    fix: str

    def __str__(self) -> str:
        place = str(self.path) if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.message}. {self.fix}"


class StudyError(AnalysisError):
    """Every problem found in a study's files, not the first."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class StudyNotFound(AnalysisError):
    message = "no study {!r}: neither a folder with a study.toml nor a name under data/. Known here: {}."


class UnknownName(AnalysisError):
    """Given the kind of thing ("outlet"), its name, why that cannot be, and the names that can."""

    def __str__(self) -> str:
        what, name, message, known = self.args
        choices = f"There: {', '.join(known)}." if known else "There is none."
        return f"{what} {name!r} {message}{did_you_mean(name, known)}. {choices}"


class FeaturesMissing(AnalysisError):
    message = "{} does not exist. Run: castillo annotate TEXTS --study {}"


class FeaturesBroken(AnalysisError):
    message = "{}: {}. Run: castillo annotate TEXTS --study {}"


class TableError(AnalysisError):
    message = "table {}, column {!r}: {}"


class TextsError(AnalysisError):
    message = "{}: {}"


class MissingLibrary(AnalysisError):
    message = '{2} needs {0}, which is not installed. Run: pip install ".[{1}]"'


class GazetteerError(AnalysisError):
    def __str__(self) -> str:
        fix = "Keep one, or mark both as surname (yes, or default for the one meant when no full name is near)."
        return f"alias {self.args[0]!r} belongs to {' and '.join(self.args[1])}. {fix}"


class LanguageError(AnalysisError):
    message = "{!r} is no tag of a language{}. Write en, es-PE or another of BCP 47."


class EmptyGroup(AnalysisError):
    message = "the {} {!r} holds no article that can be compared. Check its window and language."


class OverlappingGroups(AnalysisError):
    def __str__(self) -> str:
        (both,) = self.args
        return f"{len(both)} articles are in the group and in its reference, e.g. {', '.join(both[:3])}."


class ParameterError(AnalysisError):
    message = "notebook {!r}, parameter {!r} = {!r}: {}"


class BuildError(AnalysisError):
    """The request to build cannot be carried out."""


class ArchiveError(AnalysisError):
    """Error of an archive that cannot be made, or would not give the same reports again."""
