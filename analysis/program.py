"""The group of commands: what they share, and how an error of one becomes a message and an exit status."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analysis.errors import AnalysisError, format_error

if TYPE_CHECKING:
    from analysis.study import Study

DEFAULT = "castillo-2022"
POSITIVE = click.FloatRange(0, min_open=True)
PATH = click.Path(path_type=Path)
DIR = click.option("--output", type=PATH, help="Folder of the reports.  [default: reports/]")
STUDY = click.argument("study", default=DEFAULT)
#: Commands that go on where they were stopped.
_KEEP = ("annotate", "build", "collect")


def _trust(ctx: click.Context, _: click.Parameter, trusted: bool) -> None:
    """Refuse a project that was only found here, before anything of it is read."""
    if not (trusted or ctx.resilient_parsing):
        from analysis.paths import check_trusted, find_root

        check_trusted(find_root())


TRUST = click.option(
    "--trust",
    is_flag=True,
    envvar="CASTILLO_TRUST",
    expose_value=False,
    callback=_trust,
    help="Run the notebooks of a project other than the installed one.",
)
JOBS = click.option("--jobs", type=click.IntRange(min=1), help="Processes at once.  [default: cores, as memory allows]")


class Program(click.Group):
    """Group of commands; an AnalysisError is its message and exit status 2."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Run the program; what it is asked stands on the command line, where nothing is given here."""
        return super().__call__(*arguments, obj=not arguments, **options)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with the first sentence of each in full, which click would cut off."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.commands[name].get_short_help_str(999)) for name in sorted(self.commands)])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; SIGTERM raises SystemExit, so that every process that was started is ended."""
        with suppress(ValueError):  # not in the main thread: a test
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            return super().invoke(ctx)
        except AnalysisError as error:
            click.echo(f"castillo: {format_error(error)}", err=True)
            raise click.exceptions.Exit(2) from None
        except KeyboardInterrupt:
            kept = "What was finished is kept: the same command goes on from there."
            click.echo(f"castillo: stopped. {kept if ctx.invoked_subcommand in _KEEP else ''}".rstrip(), err=True)
            raise click.exceptions.Exit(1) from None


def _formats(name: str, known: tuple[str, ...], **settings: Any) -> Callable[[Any], Any]:
    """An option whose value is a list of formats, joined by commas."""

    def split(ctx: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...]:
        formats = tuple(value.split(",")) if value else ()
        if unknown := [kind for kind in formats if kind not in known]:
            raise click.BadParameter(f"{unknown[0]!r} is not one of {', '.join(known)}.")
        return formats

    return click.option(name, callback=split, metavar=",".join(known), **settings)


FIGURES = _formats(
    "--figures",
    ("svg", "png", "pdf"),
    is_flag=False,
    flag_value="svg",
    help="Write figures, and their numbers, into figures/. Bare: SVG. PNG and PDF have reports made again.",
)
TABLES = _formats("--tables", ("csv", "tex", "docx"), help="Write tables, as they are shown, into tables/.")


def enter_environment() -> None:
    """Start the program again in the environment of reports; not where somebody's own program calls it."""
    from analysis.publish.environment import start_again

    if click.get_current_context().obj:
        start_again()


def echo(line: str) -> None:
    """Print a line at once, above a bar where there is one."""
    from tqdm import tqdm

    tqdm.write(line)
    sys.stdout.flush()


def load(study: str) -> Study:
    """The study that a command was given; every problem of its files is one error."""
    from analysis.study import load_study

    return load_study(study)


def warn_of_features(warning: str, study: str, *, label: str = "warning: ", err: bool = True) -> None:
    """Print that features are older than what measures them, with what to run, if there is such a warning."""
    if warning:
        click.echo(f"{label}{warning} Run: castillo annotate TEXTS --study {shlex.quote(study)}", err=err)
