"""castillo: parse, one library call, print. Everything heavy is imported by the command that needs it."""

import os
import sys
from dataclasses import astuple
from pathlib import Path
from typing import Any

import click

from analysis import data_commands
from analysis.program import (
    DIR,
    FIGURES,
    JOBS,
    PATH,
    POSITIVE,
    STUDY,
    TABLES,
    TRUST,
    Program,
    echo,
    enter_environment,
    load,
    warn_of_features,
)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="castillo-coverage", prog_name="castillo")
def main() -> None:
    """Measure how outlets covered an event, and publish the comparison.

    STUDY is a study's folder, or the name of a folder under data/. Exit status: 0 done; 1 some report failed or verify
    found a difference; 2 the request or a study file is wrong.

    Example: castillo build sample
    """


for _name in ("new", "collect", "annotate", "sheet", "agreement", "validate"):
    main.add_command(getattr(data_commands, _name))


@main.command()
@STUDY
@DIR
@click.option("--only", multiple=True, metavar="GLOB", help="Only reports whose names match; may be given again.")
@JOBS
@click.option("--force", is_flag=True, help="Make the others again, too.")
@FIGURES
@TABLES
@click.option("--kernel", is_flag=True, help="Run notebooks in ordinary Jupyter kernels: slower, the same bytes.")
@click.option("--cell-seconds", default=3600.0, show_default=True, type=POSITIVE, help="Time limit of a cell (s).")
@TRUST
def build(
    study: str, output: Path | None, only: tuple[str, ...], force: bool, figures: Any, tables: Any, **options: Any
) -> None:
    """Make the reports of STUDY that are missing or out of date.

    Example: castillo build --only 'outlet--*' --jobs 2
    """
    from analysis.paths import find_root, find_study, reports_folder
    from analysis.publish.state import nothing_to_do

    root, found = find_root(), find_study(study)
    images = [kind for kind in figures if kind != "svg"]
    if not (force or only or images) and (kept := nothing_to_do(root, found, output or reports_folder(root, found))):
        (folder, fresh, warning), built, failed = kept, 0, 0
        warn_of_features(warning, study)
    else:
        enter_environment()
        from analysis.publish.build import Build

        os.environ["CASTILLO_FIGURES"] = ",".join(images)
        loaded = load(study)
        warn_of_features(loaded.features_warning(), study)
        result = Build(loaded, output=output, echo=echo).run(only, force or bool(images), **options)
        folder, built, fresh, failed = result.folder, *map(len, (result.built, result.fresh, result.failed))
    click.echo(f"{folder}: {built} built, {fresh} fresh, {failed} failed")
    if figures or tables:
        from analysis.publish.exports import write_exports

        for line in write_exports(folder, figures, tables):
            click.echo(line)
    if failed:
        sys.exit(1)


@main.command("list")
@STUDY
@DIR
@TRUST
def list_(study: str, output: Path | None) -> None:
    """Show the reports of STUDY: state and why, seconds it took last, parameters.

    Example: castillo list castillo-2022
    """
    from analysis.publish.build import Build
    from analysis.publish.manifest import unlike_manifest
    from analysis.publish.reports import read_parameters

    loaded = load(study)
    warn_of_features(loaded.features_warning(), study, label="", err=False)
    plan = Build(loaded, output=output)
    if unlike := unlike_manifest(loaded, output):
        click.echo(unlike)
    width = max((len(report.name) for report in plan.reports), default=0)
    for report in plan.reports:
        status, state, given = plan.status(report), plan.states.of(report.name), report.parameters
        words = ": ".join(filter(None, [status.word, ", ".join(status.reasons)]))
        seconds = "" if state["seconds"] is None else f"  {state['seconds']:.1f} s"
        click.echo(f"{report.name:{width}}  {words}{seconds}  (notebook {report.notebook})")
        for name, kind, default, hint in map(astuple, read_parameters(plan.notebooks[report.name])):
            note = f" (default {default!r})" if name in given else ""
            click.echo(f"    {name}: {kind} = {given.get(name, default)!r}{note}  {hint}".rstrip())
        for remark in state["remarks"]:
            click.echo(f"    warning: {remark}")


@main.command()
@STUDY
@DIR
def check(study: str, output: Path | None) -> None:
    """Check the files of STUDY and list every problem: file, line, what to do.

    Example: castillo check data/sample
    """
    from analysis.check import check_study, remarks
    from analysis.paths import find_study
    from analysis.wording import plural

    folder = find_study(study)
    lines = check_study(folder)
    for line in (*lines, *remarks(folder, output)):
        click.echo(line)
    click.echo(f"{folder}: {plural(len(lines), 'problem') if lines else 'no problems'}")
    if lines:
        sys.exit(2)


@main.command()
@STUDY
@DIR
@JOBS
@click.option("--write", is_flag=True, help="Renew the manifest afterwards: what differs is meant.")
@TRUST
def verify(study: str, output: Path | None, jobs: int | None, write: bool) -> None:
    """Build STUDY again from nothing and compare with the manifest.json of its reports, byte for byte.

    Example: castillo verify castillo-2022
    """
    enter_environment()
    from analysis.publish import manifest

    outcome = manifest.verify(load(study), output=output, jobs=jobs, renew=write, echo=echo)
    for line in (*outcome.remarks, *outcome.differences):
        click.echo(line)
    click.echo(f"{len(outcome.differences)} differences" if outcome.differences else "verified: every file is the same")
    if outcome.renewed:
        click.echo(f"{outcome.renewed}: renewed")
    elif outcome.differences:
        sys.exit(1)


@main.command()
@STUDY
@click.option("--output", type=PATH, help="The zip.  [default: STUDY-VERSION.zip]")
@click.option("--reports", type=PATH, help="Folder of the reports.  [default: where build writes them]")
@click.option("--also", multiple=True, metavar="GLOB", help="Untracked files of the study to publish too.")
@click.option("--without-texts", is_flag=True, help="Leave out the study's texts, and lines in context from them.")
@TRUST
def archive(study: str, output: Path | None, **options: Any) -> None:
    """Put STUDY into one zip: reports, features, study files, notebooks, code, lock and manifest.

    It is described as an RO-Crate, its tables as a Frictionless data package. Unpacked anywhere, make reports gives the
    same reports to the byte.

    Example: castillo archive castillo-2022
    """
    enter_environment()
    from analysis.archive import make_archive

    zipped = make_archive(load(study), output=output, **options)
    for path in zipped.left_out:
        click.echo(f"{path} is left out, and the reports were built without it (--also packs what may be published)")
    click.echo(f"{zipped.path}: {zipped.files} files, SHA-256 {zipped.sha256}")


@main.command("new-notebook")
@click.argument("name")
@STUDY
def new_notebook(name: str, study: str) -> None:
    """Write notebooks/NAME.ipynb, an example for STUDY with a finding, a figure and a table.

    Example: castillo new-notebook weekdays castillo-2022
    """
    from analysis.paths import find_root
    from analysis.publish import reports

    path = reports.new_notebook(find_root(), name, study)
    click.echo(f'{path}: written. To build it, add to study.toml:\n[[reports]]\nnotebook = "{path.stem}"')
